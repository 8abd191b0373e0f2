"""Whether anything has been committed since: PostgreSQL tells, and is asked now and then whether it still does."""

import asyncio
import logging
from contextlib import AsyncExitStack
from typing import Any, Final

import psycopg
from psycopg import AsyncConnection

from api.logs import LOGGER
from sql import query

CHANNEL: Final = "sigmasight_changes"
HEARTBEAT_SECONDS: Final = 2.0
"""A connection that has died silently, or a proxy that passes no notifications, is found out within this time."""

_log = logging.getLogger(LOGGER)


class Changes:
    """Counts changes of the database while it can be heard.

    `generation` is another number after every commit, and None while nobody listens: what was read under one
    generation is current as long as it stands. A commit of another process is heard about within milliseconds.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._count = 0
        self._is_listening = False
        self._task: asyncio.Task[None] | None = None

    @property
    def generation(self) -> int | None:
        """Names the present state of the database."""
        return self._count if self._is_listening else None

    def changed(self) -> None:
        """Say that something has been committed, without waiting to be told."""
        self._count += 1

    def start(self) -> None:
        """Listen until `stop`."""
        self._task = asyncio.create_task(self._listen_for_ever())

    async def stop(self) -> None:
        """Listen no longer."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _listen_for_ever(self) -> None:
        while True:
            try:
                await self._listen()
            except (psycopg.Error, OSError, TimeoutError) as error:
                _log.debug("not listening: %s", error)
            finally:
                self._is_listening = False
            await asyncio.sleep(HEARTBEAT_SECONDS)

    async def _listen(self) -> None:
        async with AsyncExitStack() as opened:
            connection: AsyncConnection[Any] = await AsyncConnection.connect(
                self._url, autocommit=True, application_name="sigmasight-api-changes"
            )
            opened.push_async_callback(connection.close)
            await connection.execute(query("api/listen"))
            newest = await self._newest(connection)
            self.changed()
            self._is_listening = True
            while True:
                async for _ in connection.notifies(timeout=HEARTBEAT_SECONDS):
                    self.changed()
                before, newest = newest, await self._newest(connection)
                if newest != before:
                    self.changed()

    async def _newest(self, connection: AsyncConnection[Any]) -> object:
        async with asyncio.timeout(HEARTBEAT_SECONDS):
            return await (await connection.execute(query("api/newest"))).fetchone()
