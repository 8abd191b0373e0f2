"""Asking for runs. A sensor makes one run of each request; nothing here computes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, Literal

from psycopg import Connection

from api.intake.errors import ConflictError, IntakeError
from api.intake.held import Held
from pipelines.sessions import offset
from sql import query

ATTEMPTS: Final = 5
"""Runs that the pipeline makes of a request as long as each is interrupted; then it has failed."""

Kind = Literal["upload", "daily", "recalculate", "why"]


@dataclass(frozen=True, slots=True)
class RunRequest:
    """What to materialize. No portfolios: all; no start: the first session missing; no end: the latest.

    position_ids, digest: the lots of the trade that asks for it, and the SHA-256 of what was asked.
    why: the change of a portfolio's figures of a session, from what was known at one instant to another, instead.
    """

    kind: Kind
    portfolio_ids: tuple[int, ...] | None = None
    start: date | None = None
    end: date | None = None
    position_ids: tuple[int, ...] | None = None
    digest: bytes | None = None
    known_from: datetime | None = None
    known_to: datetime | None = None

    def params(self) -> dict[str, Any]:
        """Return the columns of `book.run_requests`."""
        return {
            "kind": self.kind,
            "portfolio_ids": None if self.portfolio_ids is None else sorted(set(self.portfolio_ids)),
            "start": self.start,
            "end": self.end,
            "position_ids": None if self.position_ids is None else list(self.position_ids),
            "digest": self.digest,
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
    pending = _pending(connection, request)
    if pending is not None:
        raise ConflictError(
            "already_requested", f"request {pending[0]} asks for the same and is {pending[1]}"
        )
    return request_run(connection, request, requested_by, idempotency_key)


def answer_requested(connection: Connection[Any], asked: RunRequest, requested_by: int) -> int:
    """Return the request that answers a question: an equal one that is queued or running, else a new one."""
    connection.execute(query("intake/lock_triggers"))
    pending = _pending(connection, asked)
    return request_run(connection, asked, requested_by) if pending is None else int(pending[0])


def _pending(connection: Connection[Any], asked: RunRequest) -> tuple[int, str] | None:
    """Return an equal request that is queued or running, and which of the two."""
    return connection.execute(
        query("intake/equal_request"), asked.params() | {"attempts": ATTEMPTS}
    ).fetchone()


def history_requested(connection: Connection[Any], portfolio_id: int, requested_by: int) -> int:
    """Return the request that materializes a portfolio's history: the newest, unless that failed, else a new one.

    The new one goes back to where the failed ones wanted to begin: what they left undone is not only what is missing.
    """
    found = connection.execute(
        query("intake/newest_upload"), {"portfolio_id": portfolio_id, "attempts": ATTEMPTS}
    ).fetchone()
    if found is not None and found[1] != "failed":
        return int(found[0])
    undone_from = None if found is None else found[2]
    return request_run(connection, RunRequest("upload", (portfolio_id,), undone_from), requested_by)


def request_changes(
    connection: Connection[Any],
    held: Held,
    first: date | None,
    latest: date,
    key: str | None = None,
    digest: bytes | None = None,
    position_ids: Sequence[int] | None = None,
) -> int:
    """Ask for the run that computes what a change of a portfolio restates, and return the request's id.

    first: the first session whose figures may change, None if no number does. latest: the last closed session.
    """
    if first is None:
        return history_requested(connection, held.id, held.owner_id)
    # A history that has not come that far goes on from where it is.
    start = min(first, offset(held.equity_as_of, 1))
    lots = None if position_ids is None else tuple(position_ids)
    asked = RunRequest(
        "upload", (held.id,), start if start <= latest else None, position_ids=lots, digest=digest
    )
    return request_run(connection, asked, held.owner_id, key)


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
