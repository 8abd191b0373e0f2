"""A connection on which statements are prepared once, and then only asked.

The way psycopg's cursors take from a statement to its rows costs this process three times what the rest of a read does.
Here psycopg connects, converts values and names errors; statements go to its libpq, and what comes is awaited where the
event loop says that something has come.
"""

import asyncio
from collections.abc import Sequence
from typing import Any

import psycopg
from psycopg import AsyncConnection
from psycopg.adapt import PyFormat, Transformer
from psycopg.pq import ExecStatus
from psycopg.pq.abc import PGresult

from api.reads.statements import Statement

Row = tuple[Any, ...]


class Asking:
    """Asks statements on a connection that nobody else uses, one after the other.

    is_usable: false once the server has hung up, or a question was given up before its answer came.
    """

    def __init__(self, connection: AsyncConnection[Any]) -> None:
        self.connection = connection
        self.is_usable = True
        self._libpq = connection.pgconn
        self._transformer = Transformer(connection)
        self._names: dict[bytes, bytes] = {}
        self._result: PGresult | None = None
        self._answered: asyncio.Future[PGresult | None] | None = None
        self._loop = asyncio.get_running_loop()
        self._socket = self._libpq.socket
        self._loop.add_reader(self._socket, self._read)

    def leave(self) -> None:
        """Wait for nothing on the connection any more."""
        if self.is_usable:
            self.is_usable = False
            self._loop.remove_reader(self._socket)

    async def row(self, statement: Statement, values: Sequence[Any]) -> Row | None:
        """Return the first row of a statement, or None. What PostgreSQL refuses is the psycopg.Error of its code."""
        name = self._names.get(statement.text)
        if name is None:
            name = str(len(self._names)).encode()
            # Without types PostgreSQL finds them by what the values are compared with: one plan, whatever is null.
            self._libpq.send_prepare(name, statement.text)
            await self._answer()
            self._names[statement.text] = name
        given = self._transformer.dump_sequence(values, [PyFormat.TEXT] * len(values))
        self._libpq.send_query_prepared(name, given)
        result = await self._answer()
        if result is None or not result.ntuples:
            return None
        self._transformer.set_pgresult(result)
        return self._transformer.load_row(0, tuple)

    async def _answer(self) -> PGresult | None:
        """What the server says to what was given to libpq."""
        self._result, self._answered = None, self._loop.create_future()
        try:
            if self._libpq.flush():
                await self._sent()
            result = await self._answered
        except BaseException:
            # Its answer may still come, and must not be taken for another question's.
            self.leave()
            raise
        finally:
            self._answered = None
        if result is not None and result.status not in (ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK):
            raise psycopg.errors.error_from_result(result)
        return result

    async def _sent(self) -> None:
        """Wait until a statement larger than the socket takes at once has left."""
        while self._libpq.flush():
            writable: asyncio.Future[None] = self._loop.create_future()
            self._loop.add_writer(self._socket, _wake, writable)
            try:
                await writable
            finally:
                self._loop.remove_writer(self._socket)

    def _read(self) -> None:
        """Take in what has come: part of an answer, its end, or that the server has hung up."""
        try:
            self._libpq.consume_input()
            while not self._libpq.is_busy():
                result = self._libpq.get_result()
                if result is None:
                    break
                self._result = result
            else:
                return
        except psycopg.Error as error:
            self.leave()
            if self._answered is not None and not self._answered.done():
                self._answered.set_exception(error)
            return
        if self._answered is not None and not self._answered.done():
            self._answered.set_result(self._result)


def _wake(waiting: "asyncio.Future[None]") -> None:
    if not waiting.done():
        waiting.set_result(None)
