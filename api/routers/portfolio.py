"""A portfolio as a whole."""

from datetime import date
from typing import Annotated, Final

from fastapi import APIRouter, Query
from fastapi.responses import Response

from api.errors import invalid
from api.parameters import Day, Limit
from api.reads.cursor import MAX_LENGTH
from api.reads.question import Asked
from api.schemas.portfolio import Portfolio, PortfolioHistory

MAX_SESSIONS: Final = 1000
DEFAULT_SESSIONS: Final = 252

router = APIRouter(tags=["portfolio"])

Start = Annotated[Day | None, Query(description="First date of the range. Default: inception.")]
End = Annotated[Day | None, Query(description="Last date of the range. Default: as_of.")]
Cursor = Annotated[
    str | None, Query(max_length=MAX_LENGTH, description="What the page before returned as `next`.")
]


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
    if start is not None and end is not None and start > end:
        raise invalid("start", "after_end", f"start {start} is after end {end}")
    after = asked.turn_page(cursor, date.fromisoformat)
    params = {"start": start, "end": end, "after": after, "limit": limit}
    return await asked.answer("api/portfolio_history", params)
