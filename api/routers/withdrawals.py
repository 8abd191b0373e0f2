"""Withdrawing a wrong upload."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response
from psycopg import Connection

from api.intake import withdraw as withdrawals
from api.openapi import problems
from api.parameters import Id
from api.previews import preview, previewed_or_done
from api.schemas.entries import Withdraw, Withdrawn
from api.schemas.writes import Preview
from api.writing import User, Writes

router = APIRouter(tags=["intake"])


@router.post(
    "/portfolio/uploads/{upload_id}/withdraw",
    status_code=202,
    operation_id="withdrawUpload",
    summary="Withdraw an upload",
    responses={
        **problems(404, 409),
        200: {"model": Preview, "description": "What it would change; nothing was written."},
    },
    response_model=Withdrawn,
)
async def withdraw(
    request: Request,
    writes: Writes,
    upload_id: Annotated[Id, Path(description="Identity of the upload.")],
    body: Withdraw | None = None,
) -> Response:
    """Undo what an upload did: its lots are voided, those it changed or removed are as they were before.

    First the answer (200) is what would change; the same again with its `confirm` does it (202). Tags stay as they
    are. 409 when lots of it were changed since.
    """
    confirm = None if body is None else body.confirm
    latest = writes.latest_session

    def work(connection: Connection[Any], user: User) -> Preview | Withdrawn:
        withdrawal = withdrawals.prepare(connection, user.id, upload_id)
        if confirm is None:
            return preview(withdrawal.held.id, withdrawal)
        return Withdrawn(
            portfolio_id=withdrawal.held.id,
            changes=len(withdrawal.changes),
            first_session=withdrawal.first_session,
            request_id=withdrawals.apply(connection, withdrawal, confirm, latest),
        )

    return previewed_or_done(request, await writes.write(work))
