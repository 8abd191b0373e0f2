"""A portfolio as a whole."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query
from fastapi.responses import Response

from api.reads.pages import ItemsAsked, SessionsAsked
from api.reads.question import Asked, End, Start, in_order
from api.schemas.attribution import Attribution
from api.schemas.entries import Uploads
from api.schemas.portfolio import Portfolio, PortfolioHistory

router = APIRouter(tags=["portfolio"])


@router.get(
    "/portfolio", operation_id="getPortfolio", summary="The book at a close", response_model=Portfolio
)
async def portfolio(asked: Asked) -> Response:
    """Net asset value, exposures (notional and delta-adjusted), P&L, positions by type and price coverage."""
    return await asked.answer("api/portfolio")


@router.get(
    "/portfolio/history",
    operation_id="getPortfolioHistory",
    summary="The book session by session",
    response_model=PortfolioHistory,
)
async def history(asked: Asked, page: SessionsAsked) -> Response:
    """The stored sessions from `start` to `end`, oldest first; never one after as_of."""
    return await asked.answer("api/portfolio_history", page.turn(asked))


@router.get(
    "/portfolio/attribution",
    operation_id="getAttribution",
    summary="Where the P&L came from",
    response_model=Attribution,
)
async def attribution(
    asked: Asked,
    by: Annotated[
        Literal["position", "sector", "tag", "type"], Query(description="What the contributions are by.")
    ] = "position",
    start: Start = None,
    end: End = None,
) -> Response:
    """Money contributions of a period that add up to its P&L exactly."""
    in_order(start, end)
    return await asked.answer("api/attribution", {"by": by, "start": start, "end": end})


@router.get(
    "/portfolio/uploads", operation_id="getUploads", summary="Files of a book", response_model=Uploads
)
async def uploads(asked: Asked, page: ItemsAsked) -> Response:
    """The accepted files that made the portfolio what it is, oldest first, whatever as_of."""
    return await asked.answer("api/uploads", page.turn(asked))
