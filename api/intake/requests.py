"""Asking for runs. A sensor makes one run of each request; nothing here computes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

from psycopg import Connection

from api.intake.errors import ConflictError, IntakeError
from sql import query

Kind = Literal["upload", "daily", "recalculate", "why"]


@dataclass(frozen=True, slots=True)
class RunRequest:
    """What to materialize. No portfolios: all; no start: the first session missing; no end: the latest.

    why: the change of a portfolio's figures of a session, from what was known at one instant to another, instead.
    """

    kind: Kind
    portfolio_ids: tuple[int, ...] | None = None
    start: date | None = None
    end: date | None = None
    known_from: datetime | None = None
    known_to: datetime | None = None

    def params(self) -> dict[str, Any]:
        """Return the columns of `book.run_requests`."""
        return {
            "kind": self.kind,
            "portfolio_ids": None if self.portfolio_ids is None else sorted(set(self.portfolio_ids)),
            "start": self.start,
            "end": self.end,
            "known_from": self.known_from,
            "known_to": self.known_to,
        }


def request_run(
    connection: Connection[Any], request: RunRequest, requested_by: int, idempotency_key: str | None = None
) -> int:
    """Ask for a run and return the request's id."""
    params = request.params() | {"requested_by": requested_by, "key": idempotency_key}
    return int(_one(connection, "intake/insert_request", params)[0])


def trigger(
    connection: Connection[Any], request: RunRequest, requested_by: int, idempotency_key: str | None
) -> int:
    """Ask for a run, once: the same key of the same user returns the first request's id.

    Raises IntakeError (idempotency_key_reused) when the key was another request's, ConflictError (already_requested)
    when an equal request is queued or running.
    """
    connection.execute(query("intake/lock_triggers"))
    if idempotency_key is not None:
        params = request.params() | {"requested_by": requested_by, "key": idempotency_key}
        found = connection.execute(query("intake/request_of_key"), params).fetchone()
        if found is not None:
            request_id, is_same = found
            if not is_same:
                message = f"this key was given with another request ({request_id}) before"
                raise IntakeError("idempotency_key_reused", message, "Idempotency-Key")
            return int(request_id)
    pending = connection.execute(query("intake/equal_request"), request.params()).fetchone()
    if pending is not None:
        raise ConflictError(
            "already_requested", f"request {pending[0]} asks for the same and is {pending[1]}"
        )
    return request_run(connection, request, requested_by, idempotency_key)


def answer_requested(connection: Connection[Any], asked: RunRequest, requested_by: int) -> int:
    """Return the request that answers a question: an equal one that is queued or running, else a new one."""
    connection.execute(query("intake/lock_triggers"))
    pending = connection.execute(query("intake/equal_request"), asked.params()).fetchone()
    return request_run(connection, asked, requested_by) if pending is None else int(pending[0])


def history_requested(connection: Connection[Any], portfolio_id: int, requested_by: int) -> int:
    """Return the request that materializes a portfolio's history: the newest, unless that failed, else a new one."""
    found = connection.execute(query("intake/newest_upload"), {"portfolio_id": portfolio_id}).fetchone()
    if found is not None and found[1] != "failed":
        return int(found[0])
    return request_run(connection, RunRequest("upload", (portfolio_id,)), requested_by)


def check_portfolios(connection: Connection[Any], portfolio_ids: Sequence[int]) -> None:
    """Refuse ids of no portfolio; IntakeError (unknown_portfolio)."""
    missing = _one(connection, "intake/missing_portfolios", {"portfolio_ids": list(portfolio_ids)})[0]
    if missing:
        message = f"there is no portfolio {', '.join(map(str, missing))}"
        raise IntakeError("unknown_portfolio", message, "portfolio_ids")


def _one(connection: Connection[Any], name: str, params: dict[str, Any]) -> tuple[Any, ...]:
    """Return the row of a statement that always has one."""
    row: tuple[Any, ...] = connection.execute(query(name), params).fetchall()[0]
    return row
