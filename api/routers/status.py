"""The morning page, as `sigmasight status` shows it."""

from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import Response

from api.database import Database
from api.errors import ProblemError
from api.openapi import problems
from api.reads.statements import statement
from api.schemas.status import Status
from api.security import Caller, unauthenticated
from pipelines.sessions import utc_now
from pipelines.timetable import morning

RUNS_SHOWN: Final = 5

router = APIRouter(tags=["runs"])


@router.get(
    "/admin/status",
    operation_id="getStatus",
    summary="The morning page",
    response_model=Status,
    responses=problems(403),
)
async def get_status(request: Request, caller: Caller) -> Response:
    """The latest session and its age, each portfolio, what is missing or was restated, and what runs next.

    An administrator's: it names all portfolios.
    """
    database: Database = request.app.state.database
    now = request.app.state.now() or utc_now()
    page = morning(now, request.app.state.settings)
    params = {
        "user_id": caller.user_id,
        "now": now,
        "latest": page.latest,
        "due": page.due,
        "not_due": page.not_due,
        "since": page.since,
        "age_hours": page.age_hours,
        "jobs": [job for job, _ in page.next_runs],
        "times": [at for _, at in page.next_runs],
        "portfolios": None,
        "limit": RUNS_SHOWN,
    }
    row = await database.row(statement("api/status"), params)
    if row is None:
        raise unauthenticated("the token's user is no more", "invalid_token")
    if row[1] is None:
        raise ProblemError(403, "only an administrator may see all portfolios")
    return Response(row[1], media_type="application/json")
