"""What was asked before is answered without understanding it anew.

A read is understood and checked once for each spelling and token. Asked again, it is answered from memory while the
database's generation stands and no session closes; else from the database, by the question as it was understood.
"""

import time

import psycopg
from psycopg_pool import PoolTimeout
from starlette.types import ASGIApp, Receive, Scope, Send

from api.errors import ProblemError
from api.reads.answer import Reader
from api.reads.memory import Key, Memory, Remembered
from api.reads.response import respond


class Remembering:
    """ASGI middleware around the routes. They leave a `Remembered` in the request's state."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        memory: Memory | None = scope["app"].state.memory if scope["type"] == "http" else None
        if memory is None or scope["method"] != "GET":
            await self._app(scope, receive, send)
            return
        headers = dict(reversed(scope["headers"]))
        key: Key = (scope["path"], scope["query_string"], headers.get(b"authorization", b""))
        found = memory.find(key, time.time())
        current = None if found is None else await self._current(scope, found)
        if current is None:
            await self._app(scope, receive, send)
            current = scope["state"].get("remembered")
            if current is not None:
                memory.keep(key, current)
            return
        if current is not found:
            memory.keep(key, current)
        scope["route"] = current.route
        scope["state"]["user_id"] = current.reading.caller.user_id
        if_none_match = headers.get(b"if-none-match")
        response = respond(current.answer, None if if_none_match is None else if_none_match.decode("latin-1"))
        await response(scope, receive, send)

    async def _current(self, scope: Scope, found: Remembered) -> Remembered | None:
        """The question with an answer that is one now; None where the routes have to say what is wrong."""
        state = scope["app"].state
        reader = Reader(state.database, state.changes, state.now())
        if reader.is_current(found.answer.generation, found.answer.next_close):
            return found
        try:
            answer = await found.reading.answer(reader)
        except (ProblemError, psycopg.Error, PoolTimeout):
            return None
        scope["state"]["statements"] = answer.statements
        return Remembered(found.reading, answer, found.route, found.expires_at)
