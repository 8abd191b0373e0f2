"""Where a stored number comes from."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import Response

from api.parameters import Day, Id, Instant
from api.reads.chain import DAGSTER_ASSET, INPUTS, Asset, upstream
from api.reads.lineage import of_portfolio, since
from api.reads.pages import RestatementsAsked
from api.reads.question import Asked, KnownAt, PortfolioId, Question
from api.schemas.lineage import Lineage, Metric, Waterfall
from api.schemas.restatements import Restatements
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
) -> Question:
    """A question about the portfolio, or about a lot, which then decides the portfolio."""
    if position_id is None:
        return Question(request, caller, portfolio_id, session, known_at)
    check = None if portfolio_id is None else of_portfolio(portfolio_id)
    return Question(request, caller, None, session, known_at, position_id, check=check)


@router.get(
    "/lineage/{asset}/{session}",
    operation_id="getLineage",
    summary="Where the numbers of a session come from",
    response_model=Lineage,
)
async def lineage(
    asked: Annotated[Question, Depends(_about)],
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


@router.get(
    "/lineage/restatements",
    operation_id="getRestatements",
    summary="What was restated",
    response_model=Restatements,
)
async def restatements(asked: Asked, page: RestatementsAsked) -> Response:
    """The sessions whose figures a run replaced: old, new, their difference, the run, and what had changed."""
    params = page.turn(asked)
    return await asked.answer("api/restatements", {**params, "ui": asked.request.app.state.ui_url})


@router.get(
    "/lineage/why",
    operation_id="getWhy",
    summary="Why a figure changed",
    response_model=Waterfall,
)
async def why(
    request: Request,
    caller: Caller,
    metric: Annotated[Metric, Query(description="Figure of a snapshot, USD.", examples=["net_asset_value"])],
    session: Annotated[
        Day,
        Query(
            description="Session of the figure; a day that is no session is answered for the session before.",
            examples=["2026-01-30"],
        ),
    ],
    known_from: Annotated[
        Instant,
        Query(alias="from", description="Instant at which the figure was known as it was before."),
    ],
    known_to: Annotated[
        Instant | None,
        Query(
            alias="to",
            description="Instant at which it was known as it is after. Default: the newest commit.",
        ),
    ] = None,
    portfolio_id: PortfolioId = None,
) -> Response:
    """The change of a figure, taken apart into causes: `change` is the sum of the parts, to the ten-thousandth.

    Causes were substituted one at a time, in the order of `parts`: code (new code on the old inputs − the stored
    value), initial equity and inception, flows, positions, multipliers, marks, price overrides, splits, and by symbol
    closes first seen and closes restated. It is computed when asked for, by `POST /lineage/why`; until then `reason`
    is not_computed.
    """
    asked = Question(request, caller, portfolio_id, session, known_to, check=since(known_from))
    params = {
        "metric": metric,
        "known_from": known_from,
        "ui": request.app.state.ui_url,
    }
    return await asked.answer("api/why", params)
