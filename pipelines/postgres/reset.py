"""Throwing all data away."""

import psycopg

from pipelines.errors import DatabaseError
from pipelines.postgres.backup import refuse_when_in_use
from pipelines.postgres.credentials import DatabaseUrls
from sql import migrate, query

_LOCK_TIMEOUT = "-c lock_timeout=10s"


def reset(urls: DatabaseUrls) -> None:
    """Empty the main database and Dagster's, then migrate. DatabaseError when others are connected."""
    try:
        with (
            psycopg.connect(urls.owner, options=_LOCK_TIMEOUT) as main,
            psycopg.connect(urls.dagster, options=_LOCK_TIMEOUT) as dagster,
        ):
            for connection in (main, dagster):
                refuse_when_in_use(connection, connection.info.dbname)
            main.execute(query("server/drop_schemas"))
            dagster.execute(query("server/clear_dagster"))
    except psycopg.Error as error:
        raise DatabaseError(f"the database was not reset: {' '.join(str(error).split())}") from None
    migrate.upgrade(urls.owner)
