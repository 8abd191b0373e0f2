"""The reader role's connections: every statement is one REPEATABLE READ, READ ONLY transaction with a time limit."""

from collections.abc import Mapping
from typing import Any, Final

import psycopg
from psycopg import AsyncConnection, AsyncRawCursor
from psycopg_pool import AsyncConnectionPool

from api.reads.statements import Statement

STATEMENT_TIMEOUT_MS: Final = 5_000
"""A statement that takes longer is ended by PostgreSQL: an answer nobody waits for any more."""
MAX_CONNECTIONS: Final = 8
_CONNECT_TIMEOUT_SECONDS: Final = 5.0

Row = tuple[Any, ...]


class Database:
    """A pool of the reader's connections. Opens without waiting: the API answers while PostgreSQL is away."""

    def __init__(self, url: str, *, statement_timeout_ms: int = STATEMENT_TIMEOUT_MS) -> None:
        options = {
            "statement_timeout": statement_timeout_ms,
            "default_transaction_isolation": r"repeatable\ read",
            "default_transaction_read_only": "on",
            # A handful of statements, each prepared once: planning them again costs more than running them.
            "plan_cache_mode": "force_generic_plan",
        }
        self._pool: AsyncConnectionPool[AsyncConnection[Any]] = AsyncConnectionPool(
            url,
            kwargs={
                "autocommit": True,
                "prepare_threshold": 0,
                "cursor_factory": AsyncRawCursor,
                "options": " ".join(f"-c {name}={value}" for name, value in options.items()),
                "application_name": "sigmasight-api",
            },
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

    async def row(self, statement: Statement, params: Mapping[str, Any]) -> Row | None:
        """Return the first row of a statement, or None.

        A connection that PostgreSQL has meanwhile closed is replaced and the statement sent again, once: it only
        reads.
        """
        values = [params[name] for name in statement.names]
        try:
            return await self._row(statement, values)
        except psycopg.errors.QueryCanceled:
            raise
        except psycopg.OperationalError:
            await self._pool.check()
            return await self._row(statement, values)

    async def _row(self, statement: Statement, values: list[Any]) -> Row | None:
        async with self._pool.connection() as connection:
            cursor = await connection.execute(statement.text, values)
            found: Row | None = await cursor.fetchone()
            return found
