"""Roles, databases and database-level grants: what must be there before the migrations.

Made of statements, so that whoever may not run them can be shown them. Grants on schemas and tables belong to
the migrations.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Any, LiteralString

import psycopg
from psycopg import sql as compose

from pipelines.postgres.credentials import Role
from sql import query

Connection = psycopg.Connection[Any]

_MAY_CONNECT: Mapping[Role, LiteralString] = {
    Role.INTAKE: "connect, temporary",
    Role.PIPELINE: "connect, temporary",
    Role.READER: "connect",
}


def statement(name: str, /, **parts: str | compose.Composable) -> compose.Composed:
    """Compose a statement of `queries/server`; plain strings are identifiers."""
    ready = {key: compose.Identifier(part) if isinstance(part, str) else part for key, part in parts.items()}
    return compose.SQL(query(f"server/{name}")).format(**ready)


def run(connection: Connection, statements: Iterable[compose.Composed]) -> None:
    """Run statements in order."""
    for each in statements:
        connection.execute(each)


def existing_roles(connection: Connection) -> set[Role]:
    """Which of our roles the server has."""
    rows = connection.execute(query("server/roles"), [[role.value for role in Role]])
    return {Role(name) for (name,) in rows}


def logins(
    connection: Connection, passwords: Mapping[Role, str], existing: Collection[Role]
) -> list[compose.Composed]:
    """Statements that create roles, or give existing ones their passwords (as SCRAM verifiers)."""
    statements = []
    for role, password in passwords.items():
        name = role.value.encode()
        verifier = connection.pgconn.encrypt_password(password.encode(), name, b"scram-sha-256").decode()
        action = "alter_role" if role in existing else "create_role"
        statements.append(statement(action, role=role.value, password=compose.Literal(verifier)))
    if Role.READER in passwords:
        statements.append(statement("read_only_by_default", role=Role.READER.value))
    return statements


def database_grants(database: str) -> list[compose.Composed]:
    """Statements that let only our roles into the main database, and only writers make temporary tables."""
    grants = [
        statement("grant_database", database=database, role=role.value, privileges=compose.SQL(privileges))
        for role, privileges in _MAY_CONNECT.items()
    ]
    return [statement("close_database", database=database), *grants]


def database_owner(connection: Connection, database: str) -> str | None:
    """Owner of a database; None when there is no such database."""
    row = connection.execute(query("server/database_owner"), [database]).fetchone()
    return None if row is None else str(row[0])


def create_database(connection: Connection, database: str, owner: str) -> None:
    """Create a database unless it exists (autocommit connection)."""
    if database_owner(connection, database) is None:
        connection.execute(statement("create_database", database=database, owner=owner))


def close_advisory_locks(connection: Connection) -> None:
    """Keep the reader from taking advisory locks in the connected database (superuser only)."""
    connection.execute(query("server/close_advisory_locks"))
