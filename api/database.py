"""The reader role's connections: every read is one REPEATABLE READ, READ ONLY transaction with a time limit."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, TypeVar

import psycopg
from psycopg import AsyncConnection, IsolationLevel
from psycopg_pool import AsyncConnectionPool

from api.reads.statements import statement

STATEMENT_TIMEOUT_MS: Final = 5_000
"""A statement that takes longer is ended by PostgreSQL: an answer nobody waits for any more."""
MAX_CONNECTIONS: Final = 8
_CONNECT_TIMEOUT_SECONDS: Final = 5.0

Params = Mapping[str, Any]
T = TypeVar("T")


class Transaction:
    """One read-only transaction: all its statements see the same state. `statements` counts them."""

    def __init__(self, connection: AsyncConnection[Any]) -> None:
        self._connection = connection
        self.statements = 0

    async def row(self, name: str, params: Params | None = None) -> tuple[Any, ...] | None:
        """Return the first row of `sql/queries/<name>.sql`, or None."""
        self.statements += 1
        cursor = await self._connection.execute(statement(name), params)
        found: tuple[Any, ...] | None = await cursor.fetchone()
        return found

    async def settle(self) -> None:
        """Wait for commits being stamped, so that no commit appears at or before the present instant later.

        Ends the transaction: what comes next sees a newer state.
        """
        await self.row("api/settle")
        await self._connection.commit()


class Database:
    """A pool of the reader's connections. Opens without waiting: the API answers while PostgreSQL is away."""

    def __init__(self, url: str, *, statement_timeout_ms: int = STATEMENT_TIMEOUT_MS) -> None:
        options = {
            "statement_timeout": statement_timeout_ms,
            "idle_in_transaction_session_timeout": 2 * statement_timeout_ms,
            "default_transaction_read_only": "on",
            # A handful of statements, each prepared once: planning them again costs more than running them.
            "plan_cache_mode": "force_generic_plan",
        }
        self._pool: AsyncConnectionPool[AsyncConnection[Any]] = AsyncConnectionPool(
            url,
            kwargs={
                "options": " ".join(f"-c {name}={value}" for name, value in options.items()),
                "application_name": "sigmasight-api",
            },
            configure=_make_read_only,
            min_size=1,
            max_size=MAX_CONNECTIONS,
            timeout=_CONNECT_TIMEOUT_SECONDS,
            open=False,
        )

    async def open(self) -> None:
        """Start connecting."""
        await self._pool.open(wait=False)

    async def close(self) -> None:
        """Close all connections."""
        await self._pool.close()

    def statistics(self) -> dict[str, int]:
        """Return what the pool counts."""
        return self._pool.get_stats()

    async def read(self, work: Callable[[Transaction], Awaitable[T]]) -> T:
        """Do all of `work` in one transaction.

        A connection that PostgreSQL has meanwhile closed is replaced and the work done again, once: it only reads.
        """
        try:
            return await self._read(work)
        except psycopg.errors.QueryCanceled:
            raise
        except psycopg.OperationalError:
            await self._pool.check()
            return await self._read(work)

    async def _read(self, work: Callable[[Transaction], Awaitable[T]]) -> T:
        async with self._pool.connection() as connection:
            return await work(Transaction(connection))


async def _make_read_only(connection: AsyncConnection[Any]) -> None:
    await connection.set_isolation_level(IsolationLevel.REPEATABLE_READ)
    await connection.set_read_only(True)
