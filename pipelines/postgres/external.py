"""An external PostgreSQL, given by its owner's URL: checked, and completed where the owner may."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql as compose

from pipelines.errors import DatabaseError
from pipelines.postgres import credentials, provision
from pipelines.postgres.credentials import DAGSTER_DATABASE, Role

MINIMUM_VERSION = 15

Connection = psycopg.Connection[Any]


def prepare(home: Path, owner_url: str, given: Mapping[Role, str | None]) -> None:
    """Check the server's version and make sure that each role can log in.

    Roles without a URL of their own are created with generated passwords, and the Dagster database. What is
    not permitted is refused: DatabaseError then holds the SQL to run, after which the same command works.
    """
    roles: list[Role] = [role for role in Role if role is not Role.OWNER and not given.get(role)]
    with connect(owner_url) as connection:
        check_version(connection)
        if not roles:
            return
        passwords = _store_passwords(home, owner_url, roles)
        missing = set(roles) - provision.existing_roles(connection)
        if missing:
            _create_roles(connection, {role: passwords[role] for role in roles if role in missing})
        if Role.DAGSTER in roles:
            _create_dagster_database(connection)
        refused = [role for role in roles if not _can_log_in(home, owner_url, role, passwords[role])]
        if refused:
            wanted = {role: passwords[role] for role in refused}
            statements = provision.logins(connection, wanted, existing=refused)
            variables = ", ".join(role.variable for role in refused)
            raise _must_be_run(
                connection, f"their passwords are not known here (else set {variables})", statements
            )


def connect(url: str) -> Connection:
    """Connect with autocommit; DatabaseError when the server cannot be reached or refuses."""
    try:
        return psycopg.connect(url, autocommit=True, connect_timeout=10)
    except psycopg.OperationalError as error:
        raise DatabaseError(f"PostgreSQL cannot be reached: {_in_one_line(error)}") from None


def check_version(connection: Connection) -> None:
    """Raise DatabaseError below PostgreSQL 15."""
    if connection.info.server_version < MINIMUM_VERSION * 10_000:
        found = connection.info.parameter_status("server_version")
        raise DatabaseError(f"PostgreSQL {MINIMUM_VERSION} or later is needed, this server is {found}")


def _store_passwords(home: Path, owner_url: str, roles: Iterable[Role]) -> dict[str, str]:
    """Passwords of the roles, generated once; kept before they are used, so that none is ever lost."""
    key = credentials.server_key(owner_url)
    known = credentials.read(home).get(key, {})
    fresh = {role.value: credentials.new_password() for role in roles if role.value not in known}
    if fresh:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        credentials.write(home, key, known | fresh)
    return known | fresh


def _create_roles(connection: Connection, passwords: Mapping[Role, str]) -> None:
    statements = provision.logins(connection, passwords, existing=set())
    statements += provision.database_grants(connection.info.dbname)
    try:
        with connection.transaction():
            provision.run(connection, statements)
            if _is_superuser(connection):
                provision.close_advisory_locks(connection)
    except psycopg.errors.InsufficientPrivilege as error:
        if Role.DAGSTER in passwords and provision.database_owner(connection, DAGSTER_DATABASE) is None:
            statements.append(_dagster_database())
        raise _must_be_run(connection, _in_one_line(error), statements) from None


def _create_dagster_database(connection: Connection) -> None:
    owner = provision.database_owner(connection, DAGSTER_DATABASE)
    if owner == Role.DAGSTER:
        return
    if owner is not None:
        raise DatabaseError(
            f"the database {DAGSTER_DATABASE} belongs to {owner}: set {Role.DAGSTER.variable}"
        )
    borrow = not _is_superuser(connection)  # only a member of a role may create a database for it
    try:
        if borrow:
            connection.execute(provision.statement("grant_role", role=Role.DAGSTER.value))
        connection.execute(_dagster_database())
        if borrow:
            connection.execute(provision.statement("revoke_role", role=Role.DAGSTER.value))
    except psycopg.errors.InsufficientPrivilege as error:
        raise _must_be_run(connection, _in_one_line(error), [_dagster_database()]) from None


def _dagster_database() -> compose.Composed:
    return provision.statement("create_database", database=DAGSTER_DATABASE, owner=Role.DAGSTER.value)


def _can_log_in(home: Path, owner_url: str, role: Role, password: str) -> bool:
    try:
        psycopg.connect(credentials.role_url(home, owner_url, role, password), connect_timeout=10).close()
    except psycopg.OperationalError:
        return False
    return True


def _must_be_run(connection: Connection, why: str, statements: Iterable[compose.Composed]) -> DatabaseError:
    lines = "\n".join(each.as_string(connection).strip() + ";" for each in statements)
    return DatabaseError(f"the roles cannot be completed: {why}. Have an administrator run:\n{lines}")


def _is_superuser(connection: Connection) -> bool:
    return connection.info.parameter_status("is_superuser") == "on"


def _in_one_line(error: psycopg.Error) -> str:
    return " ".join(str(error).split())
