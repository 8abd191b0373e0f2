"""Where a stored number comes from."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import Response

from api.parameters import Day, Id
from api.reads.chain import DAGSTER_ASSET, INPUTS, Asset, upstream
from api.reads.lineage import LineageQuestion
from api.reads.question import KnownAt, PortfolioId
from api.schemas.lineage import Lineage
from api.security import Caller

router = APIRouter(tags=["lineage"])

Session = Annotated[
    Day,
    Path(
        description="Session of the number; a day that is no session is answered for the session before.",
        examples=["2026-01-30"],
    ),
]
LotId = Annotated[Id | None, Query(description="Only what this lot's numbers are made of.")]


async def _about(
    request: Request,
    caller: Caller,
    session: Session,
    portfolio_id: PortfolioId = None,
    position_id: LotId = None,
    known_at: KnownAt = None,
) -> LineageQuestion:
    """A question about the portfolio, or about a lot, which then decides the portfolio."""
    if position_id is None:
        return LineageQuestion(request, caller, portfolio_id, session, known_at)
    return LineageQuestion(
        request, caller, None, session, known_at, position_id=position_id, of_portfolio=portfolio_id
    )


@router.get(
    "/lineage/{asset}/{session}",
    operation_id="getLineage",
    summary="Where the numbers of a session come from",
    response_model=Lineage,
)
async def lineage(
    asked: Annotated[LineageQuestion, Depends(_about)],
    asset: Annotated[Asset, Path(description="Table of the number.", examples=["snapshots"])],
) -> Response:
    """The slice of a table with all slices it was computed from, down to the price rows and versions of lots.

    Each slice says which run made it, when, by which code, and from which inputs.
    """
    chain = upstream(asset)
    params: dict[str, Any] = {
        "asset": asset,
        "assets": chain,
        "inputs": [",".join(INPUTS[one]) for one in chain],
        "dagster_assets": [DAGSTER_ASSET.get(one, one) for one in chain],
        "ui": asked.request.app.state.ui_url,
    }
    return await asked.answer("api/lineage", params)
