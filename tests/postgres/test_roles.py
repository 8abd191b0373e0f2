"""What each role may do on the level of the server; what it may do to tables is the migrations' concern."""

import psycopg
import pytest

from pipelines.postgres import DatabaseUrls, Role, connect, credentials

LOCKS = ["select pg_advisory_lock(1)", "select pg_try_advisory_xact_lock_shared(1, 2)"]


def test_each_role_logs_in_as_itself_and_is_no_superuser(bare_database: DatabaseUrls) -> None:
    for role in Role:
        with connect(role) as connection:
            found = connection.execute(
                "select session_user, rolsuper, rolcreaterole, rolreplication, rolbypassrls from pg_roles"
                " where rolname = session_user"
            ).fetchone()
        assert found == (role.value, False, False, False, False)


def test_the_reader_is_read_only_by_default_and_by_rights(bare_database: DatabaseUrls) -> None:
    with connect(Role.READER, autocommit=True) as reader:
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            reader.execute("create table public.x (n int)")
        reader.execute("set default_transaction_read_only = off")
        for statement in ("create table public.x (n int)", "create temporary table x (n int)", *LOCKS):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                reader.execute(statement)


@pytest.mark.parametrize("role", [Role.OWNER, Role.INTAKE, Role.PIPELINE])
def test_writers_may_lock_and_make_temporary_tables(bare_database: DatabaseUrls, role: Role) -> None:
    with connect(role) as writer:
        writer.execute("create temporary table x (n int)")
        for statement in LOCKS:
            writer.execute(statement)


def test_databases_are_closed_to_the_roles_of_the_other(bare_database: DatabaseUrls) -> None:
    main = credentials.url_parts(bare_database.owner)["dbname"]
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        psycopg.connect(credentials.on_database(bare_database.dagster, main))


@pytest.mark.parametrize("role", [Role.INTAKE, Role.PIPELINE, Role.READER, Role.DAGSTER])
def test_no_role_becomes_another(bare_database: DatabaseUrls, role: Role) -> None:
    with connect(role, autocommit=True) as connection:
        for other in Role:
            if other is not role:
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    connection.execute(f"set role {other}")
