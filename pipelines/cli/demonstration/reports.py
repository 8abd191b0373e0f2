"""What a client of the REST API is told: the application itself, asked in this process."""

import asyncio
import json
import logging
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from hashlib import sha256
from typing import Any, Final
from urllib.parse import urlencode

from pipelines.errors import SigmaSightError
from pipelines.samples.users import DEMO_USERS

READS: Final = (
    "/portfolio",
    "/portfolio/history",
    "/portfolio/attribution",
    "/positions",
    "/positions?groupBy=tag",
    "/positions?groupBy=sector",
    "/risk/greeks",
    "/risk/metrics",
    "/risk/factors",
    "/risk/factors/covariance",
    "/lineage/restatements",
)
"""What a report is made of, beside where its snapshot comes from."""

Report = dict[str, bytes]
"""Question → body of the answer."""


def questions(portfolios: Iterable[int], days: Iterable[date], known_at: datetime | None) -> list[str]:
    """Every read of each portfolio and session, as known at an instant (None: now)."""
    then = {} if known_at is None else {"known_at": known_at.isoformat()}
    asked = []
    for portfolio in portfolios:
        for day in days:
            reads = [(read, {"as_of": day.isoformat()}) for read in READS]
            for read, params in [*reads, (f"/lineage/snapshots/{day}", {})]:
                given = urlencode({**params, **then, "portfolio_id": portfolio})
                asked.append(f"{read}{'&' if '?' in read else '?'}{given}")
    return asked


def read_report(asked: Sequence[str]) -> Report:
    """Ask the API, as the demonstration's administrator; SigmaSightError for what it refuses."""
    logger = logging.getLogger("sigmasight.api")
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())
    return asyncio.run(_read(asked))


def fingerprint(report: Report) -> str:
    """One hash of all answers, questions included."""
    whole = sha256()
    for question, body in report.items():
        whole.update(f"{question}\n{len(body)}\n".encode() + body)
    return whole.hexdigest()


async def _read(asked: Sequence[str]) -> Report:
    from api.app import PREFIX, create_app

    app = create_app()
    admin = next(user for user in DEMO_USERS if user.role == "admin")
    credentials = json.dumps({"username": admin.username, "password": admin.password}).encode()
    async with app.router.lifespan_context(app):
        login = await _call(app, "POST", f"{PREFIX}/auth/login", credentials)
        token = json.loads(login)["token"]
        return {question: await _call(app, "GET", PREFIX + question, token=token) for question in asked}


async def _call(app: Any, method: str, target: str, body: bytes = b"", token: str | None = None) -> bytes:
    """One request as a server hands it to the application; returns the body of the answer."""
    path, _, query = target.partition("?")
    headers = [(b"host", b"localhost"), (b"content-type", b"application/json")]
    headers += [(b"content-length", str(len(body)).encode())] if body else []
    headers += [(b"authorization", f"Bearer {token}".encode())] if token else []
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "http",
        "path": path, "raw_path": path.encode(), "query_string": query.encode(), "root_path": "", "headers": headers,
        "client": ("127.0.0.1", 0), "server": ("127.0.0.1", 80),
    }  # fmt: skip
    requests = [{"type": "http.request", "body": body, "more_body": False}]
    answers: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return requests.pop() if requests else {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        answers.append(message)

    await app(scope, receive, send)
    found = b"".join(message.get("body", b"") for message in answers)
    if answers[0]["status"] != 200:
        raise SigmaSightError(f"{method} {target} answered {answers[0]['status']}: {found.decode()}")
    return found
