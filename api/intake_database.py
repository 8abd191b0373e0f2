"""The intake role's connections: whoever writes what a user gave, in a worker thread, in one transaction."""

from collections.abc import Callable
from typing import Any, Final, TypeVar

import anyio
from anyio.to_thread import run_sync
from psycopg import Connection
from psycopg_pool import ConnectionPool

STATEMENT_TIMEOUT_MS: Final = 60_000
LOCK_TIMEOUT_MS: Final = 10_000
"""A run holds the rows of portfolios for moments; whoever waits longer is told to try again."""
MAX_CONNECTIONS: Final = 4
_CONNECT_TIMEOUT_SECONDS: Final = 5.0

T = TypeVar("T")
Work = Callable[[Connection[Any]], T]


class IntakeDatabase:
    """A pool of the intake's connections. The work is the code of the command line, which is not asynchronous."""

    def __init__(self, url: str, changed: Callable[[], None]) -> None:
        self._changed = changed
        options = {"statement_timeout": STATEMENT_TIMEOUT_MS, "lock_timeout": LOCK_TIMEOUT_MS}
        self._pool: ConnectionPool[Connection[Any]] = ConnectionPool(
            url,
            kwargs={
                "options": " ".join(f"-c {name}={value}" for name, value in options.items()),
                "application_name": "sigmasight-api-intake",
            },
            check=ConnectionPool.check_connection,
            min_size=0,
            max_size=MAX_CONNECTIONS,
            timeout=_CONNECT_TIMEOUT_SECONDS,
            open=False,
        )
        self._threads = anyio.CapacityLimiter(MAX_CONNECTIONS)

    async def open(self) -> None:
        """Allow connections; none is made before it is needed."""
        await run_sync(self._pool.open)

    async def close(self) -> None:
        """Close all connections."""
        await run_sync(self._pool.close)

    async def write(self, work: Work[T]) -> T:
        """Do all of `work` in one transaction: what it raises undoes all of it."""
        try:
            return await run_sync(self._write, work, limiter=self._threads)
        finally:
            # Who has written reads what was written, without waiting to be told of it.
            self._changed()

    def _write(self, work: Work[T]) -> T:
        with self._pool.connection() as connection, connection.transaction():
            return work(connection)
