"""The reader role's connections: every statement is one REPEATABLE READ, READ ONLY transaction with a time limit."""

import asyncio
from collections.abc import Mapping
from typing import Any, Final

import psycopg
from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from api.asking import Asking, Row
from api.reads.statements import Statement

STATEMENT_TIMEOUT_MS: Final = 5_000
"""A statement that takes longer is ended by PostgreSQL: an answer nobody waits for any more."""
MAX_CONNECTIONS: Final = 8
_CONNECT_TIMEOUT_SECONDS: Final = 5.0


class Database:
    """The reader's connections. Opens without waiting: the API answers while PostgreSQL is away.

    The pool connects, also again; what it has connected is kept here, since its handing over costs as much as a read.
    """

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
                "options": " ".join(f"-c {name}={value}" for name, value in options.items()),
                "application_name": "sigmasight-api",
            },
            min_size=1,
            max_size=MAX_CONNECTIONS,
            timeout=_CONNECT_TIMEOUT_SECONDS,
            open=False,
        )
        self._turns = asyncio.Semaphore(MAX_CONNECTIONS)
        self._waiting = 0
        self._idle: list[Asking] = []

    async def open(self) -> None:
        """Start connecting."""
        await self._pool.open(wait=False)

    async def close(self) -> None:
        """Close all connections."""
        for asking in self._idle:
            asking.leave()
            await self._pool.putconn(asking.connection)
        await self._pool.close()

    def statistics(self) -> dict[str, int]:
        """Return how many connections there are (pool_size), are idle (pool_available), and are waited for."""
        found = self._pool.get_stats()
        return {
            "pool_size": found.get("pool_size", 0),
            "pool_available": found.get("pool_available", 0) + len(self._idle),
            "requests_waiting": found.get("requests_waiting", 0) + self._waiting,
        }

    async def row(self, statement: Statement, params: Mapping[str, Any]) -> Row | None:
        """Return the first row of a statement, or None.

        A connection that PostgreSQL has meanwhile closed is replaced and the statement sent again, once: it only
        reads. PoolTimeout if no connection is to be had in time.
        """
        values = [params[name] for name in statement.names]
        try:
            return await self._row(statement, values)
        except psycopg.errors.QueryCanceled:
            raise
        except psycopg.OperationalError:
            await self._hang_up()
            await self._pool.check()
            return await self._row(statement, values)

    async def _row(self, statement: Statement, values: list[Any]) -> Row | None:
        if self._turns.locked():
            await self._wait()
        else:
            await self._turns.acquire()
        try:
            asking = self._idle.pop() if self._idle else Asking(await self._pool.getconn())
            try:
                return await asking.row(statement, values)
            finally:
                if asking.is_usable:
                    self._idle.append(asking)
                else:
                    await self._discard(asking)
        finally:
            self._turns.release()

    async def _wait(self) -> None:
        self._waiting += 1
        try:
            async with asyncio.timeout(_CONNECT_TIMEOUT_SECONDS):
                await self._turns.acquire()
        except TimeoutError:
            raise PoolTimeout(f"no connection within {_CONNECT_TIMEOUT_SECONDS} s") from None
        finally:
            self._waiting -= 1

    async def _hang_up(self) -> None:
        """Close the connections nobody uses: where one has been lost the others may be."""
        idle, self._idle = self._idle, []
        for asking in idle:
            await self._discard(asking)

    async def _discard(self, asking: Asking) -> None:
        """Close a connection; the pool makes another one."""
        asking.leave()
        await asking.connection.close()
        await self._pool.putconn(asking.connection)
