"""A portfolio as a whole."""

from datetime import date
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Query
from fastapi.responses import Response

from api.parameters import Limit
from api.reads.question import Asked, Cursor, End, Start, in_order
from api.schemas.attribution import Attribution
from api.schemas.entries import Uploads
from api.schemas.portfolio import Portfolio, PortfolioHistory

MAX_SESSIONS: Final = 1000
DEFAULT_SESSIONS: Final = 252
MAX_UPLOADS: Final = 1000
DEFAULT_UPLOADS: Final = 200

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
async def history(
    asked: Asked,
    start: Start = None,
    end: End = None,
    limit: Annotated[
        Limit, Query(ge=1, le=MAX_SESSIONS, description="Sessions in a page.")
    ] = DEFAULT_SESSIONS,
    cursor: Cursor = None,
) -> Response:
    """The stored sessions from `start` to `end`, oldest first; never one after as_of."""
    in_order(start, end)
    after = asked.turn_page(cursor, date.fromisoformat)
    params = {"start": start, "end": end, "after": after, "limit": limit}
    return await asked.answer("api/portfolio_history", params)


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
async def uploads(
    asked: Asked,
    limit: Annotated[Limit, Query(ge=1, le=MAX_UPLOADS, description="Uploads in a page.")] = DEFAULT_UPLOADS,
    cursor: Cursor = None,
) -> Response:
    """The accepted files that made the portfolio what it is, oldest first, whatever as_of."""
    return await asked.answer("api/uploads", {"after": asked.turn_page(cursor, int), "limit": limit})
