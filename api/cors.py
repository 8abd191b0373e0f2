"""Which pages of other origins a browser may let use the API: none, unless the settings name them."""

from collections.abc import Callable
from typing import Final

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

METHODS: Final = ("GET", "POST", "PUT", "DELETE")
REQUEST_HEADERS: Final = ("Authorization", "Content-Type", "Idempotency-Key", "If-None-Match", "X-Request-ID")
ANSWER_HEADERS: Final = ("ETag", "Location", "Retry-After", "X-Request-ID")


class Cors:
    """ASGI middleware: the framework's, once there are settings and they name origins."""

    def __init__(self, app: ASGIApp, origins: Callable[[], list[str]]) -> None:
        self._app = app
        self._origins = origins
        self._chosen: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if self._chosen is None:
            self._chosen = self._choose()
        await self._chosen(scope, receive, send)

    def _choose(self) -> ASGIApp:
        origins = self._origins()
        if not origins:
            return self._app
        return CORSMiddleware(
            self._app,
            allow_origins=origins,
            allow_methods=METHODS,
            allow_headers=REQUEST_HEADERS,
            expose_headers=ANSWER_HEADERS,
        )
