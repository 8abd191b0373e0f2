"""Recording single cash flows, private marks and price overrides.

PUT: what is recorded for a day is one value, however often sent.
"""

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Path, Response

from api.intake import entries
from api.openapi import problems
from api.parameters import Day, Id, Symbol
from api.reads.question import PortfolioId
from api.schemas.entries import Flow, Mark, PriceOverride, Recorded
from api.writing import Writes, Writing, follow

router = APIRouter(tags=["intake"], responses=problems(404))

FlowDay = Annotated[
    Day, Path(description="Lands at the close of the first session on or after it.", examples=["2026-01-30"])
]
MarkDay = Annotated[Day, Path(description="Valid from this date on.", examples=["2026-01-30"])]
Private = Annotated[Symbol, Path(description="Symbol of a PRIVATE lot of the portfolio.", examples=["ACME"])]
CloseDay = Annotated[Day, Path(description="Session whose close it is.", examples=["2026-01-30"])]
Listed = Annotated[
    Symbol, Path(description="Symbol of a stock or option (OCC) lot of the portfolio.", examples=["AAPL"])
]

FLOW, MARK = "/portfolio/flows/{date}", "/portfolio/marks/{symbol}/{date}"
OVERRIDE = "/portfolio/price-overrides/{symbol}/{date}"


@router.put(FLOW, status_code=202, operation_id="putFlow", summary="Record a day's cash flow")
async def put_flow(
    response: Response, writes: Writes, date: FlowDay, body: Flow, portfolio_id: PortfolioId = None
) -> Recorded:
    """Record the net of a day's deposits and withdrawals; another amount for the day is a correction."""
    place = _place(writes, portfolio_id)
    entry = await writes.write(lambda connection, _: entries.put_flow(connection, place, date, body.amount))
    return _told(response, writes, entry)


@router.delete(FLOW, status_code=202, operation_id="deleteFlow", summary="Take back a day's cash flow")
async def delete_flow(
    response: Response, writes: Writes, date: FlowDay, portfolio_id: PortfolioId = None
) -> Recorded:
    """Remove what was recorded for the day; it stays in history."""
    place = _place(writes, portfolio_id)
    entry = await writes.write(lambda connection, _: entries.delete_flow(connection, place, date))
    return _told(response, writes, entry)


@router.put(MARK, status_code=202, operation_id="putMark", summary="Record a private mark")
async def put_mark(
    response: Response,
    writes: Writes,
    symbol: Private,
    date: MarkDay,
    body: Mark,
    portfolio_id: PortfolioId = None,
) -> Recorded:
    """Record what a private holding is worth from a day on; another price for the day is a correction."""
    place = _place(writes, portfolio_id)
    entry = await writes.write(
        lambda connection, _: entries.put_mark(connection, place, symbol, date, body.price)
    )
    return _told(response, writes, entry)


@router.delete(MARK, status_code=202, operation_id="deleteMark", summary="Take back a private mark")
async def delete_mark(
    response: Response, writes: Writes, symbol: Private, date: MarkDay, portfolio_id: PortfolioId = None
) -> Recorded:
    """Remove what was recorded for the day; it stays in history."""
    place = _place(writes, portfolio_id)
    entry = await writes.write(lambda connection, _: entries.delete_mark(connection, place, symbol, date))
    return _told(response, writes, entry)


@router.put(OVERRIDE, status_code=202, operation_id="putPriceOverride", summary="Override a close")
async def put_override(
    response: Response,
    writes: Writes,
    symbol: Listed,
    date: CloseDay,
    body: PriceOverride,
    portfolio_id: PortfolioId = None,
) -> Recorded:
    """Record what a symbol was worth at a session's close, where the market's close is wrong or missing.

    For the P&L and value of this portfolio's lots in the symbol; carried on to later sessions without a close of
    their own. Betas and returns of instruments, the underlying's price of Greeks and intrinsic value at expiry stay
    the market's. Another price for the session is a correction.
    """
    place = _place(writes, portfolio_id)
    entry = await writes.write(
        lambda connection, _: entries.put_override(connection, place, symbol, date, body.price)
    )
    return _told(response, writes, entry)


@router.delete(
    OVERRIDE, status_code=202, operation_id="deletePriceOverride", summary="Take back an override of a close"
)
async def delete_override(
    response: Response, writes: Writes, symbol: Listed, date: CloseDay, portfolio_id: PortfolioId = None
) -> Recorded:
    """Remove what was recorded for the session: the market's close counts again; the override stays in history."""
    place = _place(writes, portfolio_id)
    entry = await writes.write(lambda connection, _: entries.delete_override(connection, place, symbol, date))
    return _told(response, writes, entry)


def _place(writes: Writing, portfolio_id: Id | None) -> entries.Place:
    caller = writes.caller
    return entries.Place(
        caller.user_id, portfolio_id or caller.portfolio_id, writes.today, writes.latest_session
    )


def _told(response: Response, writes: Writing, entry: entries.Entry) -> Recorded:
    follow(response, writes.request, entry.request_id)
    return Recorded.model_validate(asdict(entry))
