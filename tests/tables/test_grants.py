"""Who may do what: every role logs in as itself, switches its read-only default off, and can do no more."""

from typing import Any

import psycopg
import pytest
from psycopg.errors import InsufficientPrivilege

from pipelines.postgres import DatabaseUrls, Role
from tests.tables.conftest import Connect

ROLES = (Role.INTAKE, Role.PIPELINE, Role.READER)
VERBS = ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER")
VERSIONED = {
    "portfolios",
    "positions",
    "tags",
    "position_tags",
    "private_marks",
    "cash_flows",
    "price_overrides",
}
READABLE_BOOK = VERSIONED | {f"{name}_history" for name in VERSIONED} | {"uploads", "run_requests"}
READERS_BOOK = READABLE_BOOK | {"withdrawals"}
EQUITY = {"equity_balance", "equity_as_of"}


def may(role: Role, schema: str, table: str, column: str, verb: str) -> bool:
    """Say what DESIGN §1 allows: one writer per schema, readers read, nobody reads a password."""
    if schema == "public":
        return role is Role.READER and (table, verb) == ("alembic_version", "SELECT")
    if verb == "SELECT":
        if schema == "book":
            readable = READABLE_BOOK if role is Role.PIPELINE else READERS_BOOK
            return table in readable or (table == "users" and column != "password_hash")
        return True
    if role is Role.INTAKE and schema == "book" and verb in ("INSERT", "UPDATE", "DELETE"):
        return intake_may(table, column, verb)
    if role is Role.PIPELINE and verb in ("INSERT", "UPDATE", "DELETE"):
        if (schema, table) == ("book", "portfolios"):
            return verb == "UPDATE" and column in EQUITY
        return schema in ("market", "analytics") and table not in ("commits", "sessions")
    return False


def intake_may(table: str, column: str, verb: str) -> bool:
    """The intake writes the book: never its past, the equity columns, ids of what exists, or what is insert-only."""
    if table in ("uploads", "run_requests", "withdrawals"):
        return verb == "INSERT"
    if table == "users":
        return verb == "INSERT" or (verb == "UPDATE" and column != "id")
    if table == "portfolios" and verb == "UPDATE":
        return column in ("owner_id", "name", "initial_equity", "inception_date")
    return table in VERSIONED


def granted(owner: psycopg.Connection[Any], role: Role) -> set[tuple[str, str, str, str]]:
    """All (schema, table, column, verb) a role has; column '' for verbs that have none."""
    rows = owner.execute(
        "select n.nspname, c.relname, a.attname, v.verb from pg_class c join pg_namespace n on n.oid = c.relnamespace"
        " join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped"
        " cross join unnest(%s::text[]) v (verb) where n.nspname in ('book', 'market', 'analytics', 'public')"
        " and c.relkind in ('r', 'v', 'm', 'p') and case when v.verb in ('DELETE', 'TRUNCATE', 'TRIGGER')"
        " then has_table_privilege(%s, c.oid, v.verb) else has_column_privilege(%s, c.oid, a.attnum, v.verb) end",
        [list(VERBS), role.value, role.value],
    )
    return {tuple(row) for row in rows}


def columns(owner: psycopg.Connection[Any]) -> list[tuple[str, str, str]]:
    rows = owner.execute(
        "select table_schema, table_name, column_name from information_schema.columns"
        " where table_schema in ('book', 'market', 'analytics', 'public') order by ordinal_position"
    )
    return [(schema, table, column) for schema, table, column in rows]


@pytest.mark.parametrize("role", ROLES)
def test_grants_on_every_column_are_those_of_the_design_and_no_more(
    owner: psycopg.Connection[Any], role: Role
) -> None:
    all_columns = columns(owner)
    assert len(all_columns) > 300
    expected = {
        (schema, table, column, verb)
        for schema, table, column in all_columns
        for verb in VERBS
        if may(role, schema, table, column, verb)
    }
    if role is Role.READER:  # readiness tells whether the migrations are current
        expected.add(("public", "alembic_version", "version_num", "SELECT"))
    assert granted(owner, role) == expected


@pytest.mark.parametrize("role", ROLES)
def test_a_role_that_logs_in_is_refused_what_it_was_not_granted(
    connect: Connect, owner: psycopg.Connection[Any], role: Role
) -> None:
    """By trying: one statement for each table and verb, with the read-only default switched off first."""
    connection = connect(role)
    connection.execute("set default_transaction_read_only = off")
    whole = granted(owner, role)
    tables = sorted({(schema, table) for schema, table, _ in columns(owner)})
    for schema, table in tables:
        own = [column for s, t, column in columns(owner) if (s, t) == (schema, table)]
        for verb, statement in {
            "INSERT": f'insert into {schema}.{table} ("{own[0]}") overriding system value select null where false',
            "DELETE": f"delete from {schema}.{table} where false",
            "TRUNCATE": f"truncate {schema}.{table}",
            **{f"UPDATE {c}": f'update {schema}.{table} set "{c}" = default where false' for c in own},
        }.items():
            column = verb.partition(" ")[2] or own[0]
            if (schema, table, column, verb.split()[0]) not in whole:
                with pytest.raises(psycopg.Error) as refused:
                    connection.execute(statement)
                assert isinstance(refused.value, InsufficientPrivilege), (statement, refused.value)


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize(
    "statement",
    [
        "select password_hash from book.users",
        "select * from book.users",
        "update analytics.commits set committed_at = now()",
        "insert into analytics.commits (actor, action) values ('me', 'forged')",
        "delete from analytics.commits",
        "insert into market.sessions values ('2036-01-02', 1, now())",
        "create table book.mine (n int)",
        "create table public.mine (n int)",
        "create schema mine",
        "alter table book.positions disable trigger version",
        "drop table book.positions",
        "set role sigmasight",
        "set session authorization sigmasight",
        "create role mine",
        "copy book.tags to program 'cat'",
        "select pg_read_file('/etc/passwd')",
    ],
)
def test_nobody_may(connect: Connect, role: Role, statement: str) -> None:
    connection = connect(role)
    connection.execute("set default_transaction_read_only = off")
    with pytest.raises(InsufficientPrivilege):
        connection.execute(statement)


@pytest.mark.parametrize(
    "statement",
    [
        "create temporary table mine (n int)",
        "select analytics.begin_commit(null, 'reader')",
        "select pg_advisory_lock(7426002)",
        "select pg_advisory_lock_shared(1)",
        "select pg_try_advisory_lock(7426002)",
        "select pg_advisory_xact_lock(7426001)",
        "select pg_try_advisory_xact_lock(1, 2)",
        "lock table book.positions in access exclusive mode",
        "select 1 from book.portfolios for update",
        "call analytics.system_version('book.users')",
    ],
)
def test_the_reader_may_not(connect: Connect, statement: str) -> None:
    reader = connect(Role.READER)
    reader.execute("set default_transaction_read_only = off")
    with pytest.raises(InsufficientPrivilege), reader.transaction():
        reader.execute(statement)


def test_the_reader_reads_only_by_default_and_can_log_a_user_in(connect: Connect) -> None:
    intake, reader = connect(Role.INTAKE), connect(Role.READER)
    intake.execute("insert into book.users (username, password_hash, role) values ('ann', 'secret', 'admin')")
    assert reader.execute("show default_transaction_read_only").fetchall() == [("on",)]
    assert reader.execute("select password_hash, role from book.login('ann')").fetchall() == [
        ("secret", "admin")
    ]
    assert reader.execute("select 1 from book.login('ANN')").fetchall() == []
    for role in (Role.INTAKE, Role.PIPELINE):
        with pytest.raises(InsufficientPrivilege):
            connect(role).execute("select * from book.login('ann')")


@pytest.mark.parametrize("role", ROLES)
def test_dagster_s_role_and_the_main_database_s_know_nothing_of_each_other(
    module_database: DatabaseUrls, connect: Connect, role: Role
) -> None:
    main = connect(role).info.dbname
    with pytest.raises(psycopg.OperationalError, match="permission denied"):
        psycopg.connect(module_database.dagster, dbname=main)


def test_security_definer_functions_pin_their_search_path(owner: psycopg.Connection[Any]) -> None:
    rows = owner.execute(
        "select oid::regprocedure::text, proconfig from pg_proc where prosecdef"
        " and pronamespace::regnamespace::text in ('book', 'market', 'analytics')"
    ).fetchall()
    assert rows
    assert [name for name, config in rows if "search_path=pg_catalog, pg_temp" not in (config or [])] == []
