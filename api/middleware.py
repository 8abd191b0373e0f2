"""Around every request: its id, the headers every answer has, its line in the log, and how much it may send."""

import logging
import re
import secrets
import time
from collections.abc import Callable
from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import bug_response
from api.logs import LOGGER

REQUEST_ID: Final = "X-Request-ID"

_GIVEN_ID: Final = re.compile(rb"[A-Za-z0-9._-]{1,64}")
_NO_CONTENT: Final = "default-src 'none'; frame-ancestors 'none'"
_DOCUMENTATION: Final = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' https://cdn.jsdelivr.net; "
    "style-src 'self' 'unsafe-inline' https://cdn.jsdelivr.net; img-src 'self' data: https://fastapi.tiangolo.com; "
    "frame-ancestors 'none'"
)
"""The page at /docs takes Swagger's script and style from where the framework says."""

_HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_HSTS: Final = "max-age=31536000"
_log = logging.getLogger(LOGGER)


class Requests:
    """ASGI middleware: request ids, security headers, access log."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = _request_id(scope)
        scope.setdefault("state", {})["request_id"] = request_id
        started, status = time.perf_counter(), 0

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                _add_headers(MutableHeaders(scope=message), scope, request_id)
            await send(message)

        try:
            await self._app(scope, receive, send_with_headers)
        except Exception as error:  # the last stop of every bug, inside the headers and the log
            response = bug_response(Request(scope), error)
            if status:
                raise
            await response(scope, receive, send_with_headers)
        finally:
            _log_request(scope, request_id, status, time.perf_counter() - started)


class BodyLimit:
    """ASGI middleware: a body of more bytes than its request may have is a 413, announced or not."""

    def __init__(self, app: ASGIApp, max_bytes: Callable[[Scope], int]) -> None:
        self._app = app
        self._max_bytes = max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, counting what is read of its body."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        read, max_bytes = 0, self._max_bytes(scope)

        async def counted() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > max_bytes:
                raise HTTPException(413, f"a body may have at most {max_bytes} bytes here")
            return message

        await self._app(scope, counted, send)


def _request_id(scope: Scope) -> str:
    """The caller's id where it is a harmless text, else a new one."""
    for name, value in scope["headers"]:
        if name == b"x-request-id" and _GIVEN_ID.fullmatch(value):
            return bytes(value).decode("ascii")
    return secrets.token_hex(8)


def _add_headers(headers: MutableHeaders, scope: Scope, request_id: str) -> None:
    headers[REQUEST_ID] = request_id
    for name, value in _HEADERS.items():
        headers[name] = value
    headers["Content-Security-Policy"] = _DOCUMENTATION if scope["path"] == "/docs" else _NO_CONTENT
    headers.setdefault("Cache-Control", "no-store")
    if scope["scheme"] == "https":
        headers["Strict-Transport-Security"] = _HSTS


def _log_request(scope: Scope, request_id: str, status: int, seconds: float) -> None:
    fields = {
        "request_id": request_id,
        "method": scope["method"],
        "path": scope["path"],
        "status": status,
        "milliseconds": round(seconds * 1000, 2),
        "user_id": scope["state"].get("user_id"),
        "statements": scope["state"].get("statements", 0),
    }
    _log.info("request", extra={"fields": fields})
