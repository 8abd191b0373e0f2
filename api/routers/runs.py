"""Following a requested run."""

from typing import Annotated

from fastapi import APIRouter, Path, Request
from fastapi.responses import Response

from api.database import Database
from api.errors import not_found
from api.intake.requests import ATTEMPTS
from api.parameters import Id
from api.reads.statements import statement
from api.schemas.writes import RunState
from api.security import Caller

router = APIRouter(tags=["runs"])


@router.get(
    "/admin/runs/{request_id}",
    operation_id="getRun",
    summary="How a requested run stands",
    response_model=RunState,
)
async def get_run(
    request: Request, caller: Caller, request_id: Annotated[Id, Path(description="Identity of the request.")]
) -> Response:
    """One's own requests; an administrator's are everybody's."""
    database: Database = request.app.state.database
    params = {"user_id": caller.user_id, "request_id": request_id, "attempts": ATTEMPTS}
    row = await database.row(statement("api/run_request"), params)
    if row is None:
        raise not_found("there is no such request", "request_not_found")
    return Response(row[0], media_type="application/json")
