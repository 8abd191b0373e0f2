"""Migrations: bring a database's schema to what this code expects. Alembic is configured here, nowhere else.

Every function takes the owner's libpq URL. All pending migrations run in one transaction: a schema is old or
new, never between.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sql import query

if TYPE_CHECKING:
    from alembic.config import Config
    from alembic.script import ScriptDirectory
    from sqlalchemy import Connection

MIGRATIONS = Path(__file__).parent / "migrations"


def upgrade(url: str, migrations: Path = MIGRATIONS) -> str | None:
    """Run what is pending and return the database's revision; concurrent callers wait for each other."""
    from alembic import command

    with _connection(url) as connection:
        connection.exec_driver_sql(query("server/lock_migrations"))
        if _current(connection) != head(migrations):
            config = _config(migrations)
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
        return _current(connection)


def current(url: str) -> str | None:
    """Revision the database is at; None when it was never migrated."""
    with _connection(url) as connection:
        return _current(connection)


def head(migrations: Path = MIGRATIONS) -> str | None:
    """Revision this code expects."""
    return _scripts(migrations).get_current_head()


def is_current(url: str, migrations: Path = MIGRATIONS) -> bool:
    """Whether the database is at the revision this code expects."""
    return current(url) == head(migrations)


def is_known(revision: str | None, migrations: Path = MIGRATIONS) -> bool:
    """Whether this code has a revision; one of a newer version it has not."""
    return revision in {script.revision for script in _scripts(migrations).walk_revisions()}


def run_script(connection: "Connection", text: str) -> None:
    """Run a script of any statements, for migrations: as it is, without looking for parameters in it."""
    driver = connection.connection.driver_connection
    assert driver is not None  # noqa: S101 - an open connection has one
    driver.execute(text)


def _current(connection: "Connection") -> str | None:
    from alembic.runtime.migration import MigrationContext

    return MigrationContext.configure(connection).get_current_revision()


def _config(migrations: Path) -> "Config":
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(migrations).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def _scripts(migrations: Path) -> "ScriptDirectory":
    from alembic.script import ScriptDirectory

    return ScriptDirectory.from_config(_config(migrations))


@contextmanager
def _connection(url: str) -> Iterator["Connection"]:
    """Open one connection in one transaction, without letting SQLAlchemy interpret the URL."""
    import psycopg
    from sqlalchemy import create_engine
    from sqlalchemy.pool import NullPool

    engine = create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(url), poolclass=NullPool)
    with engine.begin() as connection:
        yield connection
