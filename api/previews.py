"""Changes that are shown first, and made when they are confirmed."""

from collections.abc import Sequence
from datetime import date
from typing import Protocol

from fastapi import Request, Response

from api.intake.differences import Change
from api.schemas.entries import Withdrawn
from api.schemas.writes import LotChange, Preview, Uploaded
from api.writing import follow


class Planned(Protocol):
    """What would be changed."""

    @property
    def confirm(self) -> str:
        """The token of exactly this."""

    @property
    def first_session(self) -> date | None:
        """The first session whose figures may change."""

    @property
    def changes(self) -> Sequence[Change]:
        """Lot by lot."""


def preview(portfolio_id: int, planned: Planned, warnings: Sequence[str] = ()) -> Preview:
    """Return what would be changed, and the token to confirm it with."""
    return Preview(
        portfolio_id=portfolio_id,
        confirm=planned.confirm,
        first_session=planned.first_session,
        changes=[LotChange.model_validate(one.told()) for one in planned.changes],
        warnings=list(warnings),
    )


def previewed_or_done(request: Request, answer: Preview | Uploaded | Withdrawn) -> Response:
    """Answer 200 with a preview, 202 with what was done and where its run can be followed."""
    body = answer.model_dump_json()
    if isinstance(answer, Preview):
        return Response(body, 200, media_type="application/json")
    response = Response(body, 202, media_type="application/json")
    follow(response, request, answer.request_id)
    return response
