"""Asking why a figure changed: the parts are computed by a run of their own."""

from typing import Any

from fastapi import APIRouter, Response
from psycopg import Connection

from api.errors import invalid, not_found
from api.intake.requests import RunRequest, answer_requested
from api.openapi import problems
from api.routers.triggers import limit_requests
from api.schemas.writes import Requested, Why
from api.writing import User, Writes
from pipelines.sessions import FIRST_PARTITION, session_on_or_before
from sql import query

router = APIRouter(tags=["lineage"])


@router.post(
    "/lineage/why",
    status_code=202,
    operation_id="requestWhy",
    summary="Have a change taken apart",
    responses=problems(404, 429),
)
async def request_why(response: Response, writes: Writes, body: Why) -> Requested:
    """Have the change of a snapshot's figures taken apart into causes; `GET /lineage/why` answers then.

    Asking for the same while it is queued or running returns the same request.
    """
    if body.known_from > body.known_to:
        raise invalid("from", "after_end", f"from {body.known_from.isoformat()} is after to")
    if not FIRST_PARTITION <= body.session <= writes.latest_session:
        raise invalid("session", "no_session", f"there is no closed session on {body.session} or before it")
    session = session_on_or_before(body.session)

    def work(connection: Connection[Any], user: User) -> int:
        limit_requests(writes.request, user)
        params = {"user_id": user.id, "portfolio_id": body.portfolio_id, "known_to": body.known_to}
        row = connection.execute(query("intake/own_portfolio"), params).fetchone()
        if row is None:
            raise not_found("there is no such portfolio", "portfolio_not_found")
        if row[1]:
            raise invalid("to", "future", f"to {body.known_to.isoformat()} is in the future")
        asked = RunRequest(
            "why", (int(row[0]),), session, session, known_from=body.known_from, known_to=body.known_to
        )
        return answer_requested(connection, asked, user.id)

    request_id = await writes.write(work)
    response.headers["Location"] = writes.request.app.url_path_for("get_run", request_id=str(request_id))
    return Requested(request_id=request_id)
