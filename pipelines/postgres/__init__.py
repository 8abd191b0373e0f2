"""The database: embedded by default, external by URL.

`database()` makes it usable and returns each role's URL; `connect(role)` logs in as one; `running_database()`
leaves the server as it found it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from pipelines.postgres.credentials import DatabaseUrls, Role

if TYPE_CHECKING:
    import psycopg

__all__ = ["DatabaseUrls", "Role", "connect", "database", "running_database"]


def database() -> DatabaseUrls:
    """Start the embedded server unless it runs (and leave it running), or check the external one.

    Returns the libpq URL of each role. Roles and databases exist then; tables are the migrations' work.
    Raises DatabaseError with what to do.
    """
    start()
    from pipelines.settings import settings

    return settings().urls()


def start() -> bool:
    """Do the work of `database()`; returns whether a server was started here."""
    from pipelines.settings import settings

    now = settings()
    if now.database_url is None:
        from pipelines.postgres import embedded

        return embedded.start(now.home)
    from pipelines.postgres import external

    external.prepare(now.home, now.database_url.get_secret_value(), now.given_urls())
    return False


def stop() -> bool:
    """Stop the embedded server, ending its sessions; returns whether one was running."""
    from pipelines.postgres import server
    from pipelines.settings import settings

    return server.stop(settings().home)


@contextmanager
def running_database() -> Iterator[DatabaseUrls]:
    """Use the database, and stop the server at the end if it was started for this."""
    from pipelines.settings import settings

    started = start()
    try:
        yield settings().urls()
    finally:
        if started:
            stop()


def connect(role: Role, **options: Any) -> "psycopg.Connection[Any]":
    """Log in as a role (the server must run); options are psycopg's. The caller closes the connection."""
    import psycopg

    from pipelines.settings import settings

    return psycopg.connect(settings().urls().of(role), **options)
