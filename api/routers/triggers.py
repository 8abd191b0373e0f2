"""Asking for runs: an administrator's. The runs themselves are the pipeline's."""

import math
from typing import Any, Final

from fastapi import APIRouter, Request, Response
from psycopg import Connection

from api.errors import ProblemError, invalid
from api.intake.requests import RunRequest, check_portfolios, trigger
from api.openapi import problems
from api.parameters import IdempotencyKey
from api.rate_limit import RateLimit
from api.reads.question import in_order
from api.schemas.writes import DailyUpdate, Recalculation, Requested
from api.writing import User, Writes, Writing, follow
from pipelines.sessions import FIRST_PARTITION, session_range

MAX_TRIGGERS: Final = 30
WINDOW_SECONDS: Final = 300.0
"""Requests of one user in the window."""

router = APIRouter(tags=["runs"])


@router.post(
    "/admin/daily-update",
    status_code=202,
    operation_id="requestDailyUpdate",
    summary="Update all portfolios to a session",
    responses=problems(403, 409, 429),
)
async def daily_update(
    response: Response, writes: Writes, body: DailyUpdate | None = None, key: IdempotencyKey = None
) -> Requested:
    """Fetch the session's prices and compute what is missing up to it, for all portfolios."""
    session = None if body is None else body.session
    if session is not None:
        if session > writes.today:
            raise invalid("session", "future", f"{session} is in the future")
        if session < FIRST_PARTITION:
            raise invalid("session", "too_early", f"history starts on {FIRST_PARTITION}")
    return await _request(response, writes, RunRequest("daily", end=session), key)


@router.post(
    "/admin/recalculate",
    status_code=202,
    operation_id="requestRecalculation",
    summary="Compute a range anew",
    responses=problems(403, 409, 429),
)
async def recalculate(
    response: Response, writes: Writes, body: Recalculation, key: IdempotencyKey = None
) -> Requested:
    """Fetch a range's prices anew and compute it, and what follows from it, for some portfolios or all."""
    in_order(body.start, body.end)
    if body.end > writes.today:
        raise invalid("end", "future", f"end {body.end} is in the future")
    if not len(session_range(max(body.start, FIRST_PARTITION), min(body.end, writes.latest_session))):
        raise invalid("start", "no_session", "there is no closed session in the range")
    ids = None if body.portfolio_ids is None else tuple(body.portfolio_ids)
    return await _request(response, writes, RunRequest("recalculate", ids, body.start, body.end), key)


async def _request(response: Response, writes: Writing, asked: RunRequest, key: str | None) -> Requested:
    def work(connection: Connection[Any], user: User) -> int:
        limit_requests(writes.request, user)
        check_portfolios(connection, asked.portfolio_ids or ())
        return trigger(connection, asked, user.id, key)

    request_id = await writes.write_as_admin(work)
    follow(response, writes.request, request_id)
    return Requested(request_id=request_id)


def limit_requests(request: Request, user: User) -> None:
    """Refuse a user who asks for too many runs (429)."""
    limit: RateLimit = request.app.state.triggers
    wait = limit.attempt(user.id)
    if wait > 0.0:
        seconds = str(math.ceil(wait))
        detail = f"too many requests for runs; try again in {seconds} s"
        raise ProblemError(429, detail, headers={"Retry-After": seconds})
