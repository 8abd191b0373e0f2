"""Around every request: its id, the headers every answer has, its line in the log, and how much it may send."""

import logging
import re
import secrets
import time
from collections.abc import Callable, Iterable
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import bug_response
from api.logs import LOGGER, log_fields

REQUEST_ID: Final = "X-Request-ID"
_REQUEST_ID: Final = REQUEST_ID.lower().encode("ascii")

Header = tuple[bytes, bytes]

_GIVEN_ID: Final = re.compile(rb"[A-Za-z0-9._-]{1,64}")
_NO_CONTENT: Final = b"default-src 'none'; frame-ancestors 'none'"
_DOCUMENTATION: Final = (
    b"default-src 'self'; script-src 'self' 'unsafe-inline' https://cdn.jsdelivr.net; "
    b"style-src 'self' 'unsafe-inline' https://cdn.jsdelivr.net; img-src 'self' data: https://fastapi.tiangolo.com; "
    b"frame-ancestors 'none'"
)
"""The page at /docs takes Swagger's script and style from where the framework says."""

_HEADERS: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
"""Of every answer, and set nowhere else: added as they are sent."""
_CACHE_CONTROL: Final = b"cache-control"
_HSTS: Final = (b"strict-transport-security", b"max-age=31536000")
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
                message["headers"] = _with_headers(message["headers"], scope, request_id)
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


def _with_headers(headers: Iterable[Header], scope: Scope, request_id: str) -> list[Header]:
    policy = _DOCUMENTATION if scope["path"] == "/docs" else _NO_CONTENT
    found = [
        *headers,
        *_HEADERS,
        (b"content-security-policy", policy),
        (_REQUEST_ID, request_id.encode("ascii")),
    ]
    if all(name != _CACHE_CONTROL for name, _ in found):
        found.append((_CACHE_CONTROL, b"no-store"))
    if scope["scheme"] == "https":
        found.append(_HSTS)
    return found


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
    log_fields(_log, "request", fields)
