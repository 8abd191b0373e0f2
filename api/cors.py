"""Which pages of other origins a browser may let use the API: none, unless the settings name them."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Final

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from api.errors import ProblemError, problem_response

METHODS: Final = ("GET", "POST", "PUT", "DELETE")
REQUEST_HEADERS: Final = ("Authorization", "Content-Type", "Idempotency-Key", "If-None-Match", "X-Request-ID")
ANSWER_HEADERS: Final = ("ETag", "Location", "Retry-After", "X-Request-ID")


class _Refusing(CORSMiddleware):
    """The framework's, but what it refuses is refused in the one shape of all errors."""

    def preflight_response(self, request_headers: Headers) -> Response:
        """Answer the question a browser asks before it lets a page make a request."""
        response = super().preflight_response(request_headers)
        if response.status_code < HTTPStatus.BAD_REQUEST:
            return response
        detail = bytes(response.body).decode()
        # What a browser reads of the answer stays; it never shows the page the rest.
        kept = {
            name: value
            for name, value in response.headers.items()
            if name.startswith("access-control") or name == "vary"
        }
        return _Preflight(ProblemError(403, detail, code="cors_refused", headers=kept))


class _Preflight(Response):
    """A problem whose path is known when it is sent."""

    def __init__(self, error: ProblemError) -> None:
        super().__init__(status_code=error.status)
        self._error = error

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        await problem_response(Request(scope), self._error)(scope, receive, send)


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
        return _Refusing(
            self._app,
            allow_origins=origins,
            allow_methods=METHODS,
            allow_headers=REQUEST_HEADERS,
            expose_headers=ANSWER_HEADERS,
        )
