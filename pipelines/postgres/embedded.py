"""The embedded server as this project needs it: started, with its roles and databases."""

from pathlib import Path

import psycopg

from pipelines.errors import DatabaseError
from pipelines.postgres import credentials, provision, server
from pipelines.postgres.credentials import DAGSTER_DATABASE, DATABASE, SUPERUSER, Role

_KEY = credentials.server_key(None)
_PREPARED = "prepared"
_PREPARED_VERSION = "1"  # raise it when _prepare() does more than before


def start(home: Path) -> bool:
    """Start and prepare the server; returns whether it was started here. Cheap when it runs already."""
    started = server.start(home)
    if not _is_prepared(home):
        with server.lock(home):
            if not _is_prepared(home):
                _prepare(home)
    return started


def superuser_url(home: Path, database: str = "postgres") -> str:
    """URL of the server's superuser, for maintenance only."""
    return credentials.embedded_url(home, SUPERUSER, _passwords(home)[SUPERUSER], database)


def _prepare(home: Path) -> None:
    passwords = _passwords(home)
    try:
        with psycopg.connect(superuser_url(home), autocommit=True) as connection:
            existing = provision.existing_roles(connection)
            logins = provision.logins(connection, {role: passwords[role] for role in Role}, existing)
            provision.run(connection, logins)
            provision.run(connection, [provision.statement("allow_create_database", role=Role.OWNER.value)])
            provision.create_database(connection, DATABASE, Role.OWNER.value)
            provision.create_database(connection, DAGSTER_DATABASE, Role.DAGSTER.value)
            provision.run(connection, provision.database_grants(DATABASE))
            provision.run(connection, [provision.statement("close_database", database=DAGSTER_DATABASE)])
        with psycopg.connect(superuser_url(home, DATABASE)) as connection:
            provision.close_advisory_locks(connection)
    except psycopg.Error as error:
        raise DatabaseError(f"the embedded PostgreSQL cannot be prepared: {error}") from None
    credentials.write(home, _KEY, passwords | {_PREPARED: _PREPARED_VERSION})


def _is_prepared(home: Path) -> bool:
    return _passwords(home).get(_PREPARED) == _PREPARED_VERSION


def _passwords(home: Path) -> dict[str, str]:
    try:
        return credentials.read(home)[_KEY]
    except KeyError:
        raise DatabaseError(
            f"{credentials.file_of(home)} is missing while the server runs: "
            "`sigmasight db stop`, then `sigmasight db start` makes new passwords"
        ) from None
