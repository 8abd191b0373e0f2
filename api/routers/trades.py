"""Recording single trades."""

import json
from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Path, Response
from pydantic import BaseModel

from api.intake import trades
from api.openapi import problems
from api.parameters import Id, IdempotencyKey
from api.reads.question import PortfolioId
from api.schemas.entries import Exit, NewLot, Traded
from api.writing import Writes, Writing, follow

router = APIRouter(tags=["intake"])


@router.post(
    "/positions",
    status_code=202,
    operation_id="openPosition",
    summary="Record the opening of a lot",
    responses=problems(404),
)
async def open_position(
    response: Response,
    writes: Writes,
    body: NewLot,
    portfolio_id: PortfolioId = None,
    key: IdempotencyKey = None,
) -> Traded:
    """Add one lot, by the rules of a position file, and ask for the run that computes it.

    The same request again adds another lot, which is legal; with the same Idempotency-Key it adds none.
    """
    asked = _asked(writes, key, "open", portfolio_id or writes.caller.portfolio_id, body)
    cells = body.model_dump(exclude={"symbol", "tags"}) | {
        "ticker": body.symbol,
        "tags": ",".join(body.tags),
    }
    trade = await writes.write(
        lambda connection, _: trades.open_lot(
            connection, asked, portfolio_id or writes.caller.portfolio_id, cells
        )
    )
    return _told(response, writes, trade)


@router.post(
    "/positions/{position_id}/exit",
    status_code=202,
    operation_id="closePosition",
    summary="Record the exit of a lot, or of a part of it",
    responses=problems(404, 409),
)
async def close_position(
    response: Response,
    writes: Writes,
    position_id: Annotated[Id, Path(description="Identity of the lot.")],
    body: Exit,
    key: IdempotencyKey = None,
) -> Traded:
    """End a lot that is held. A part becomes a lot of its own: same entry, and the exit; the rest keeps the id.

    Figures by lot are restated from the entry on, while their sums stay; the lot as it was is in history. 409 when it
    had ended before.
    """
    asked = _asked(writes, key, "exit", position_id, body)
    trade = await writes.write(
        lambda connection, _: trades.close_lot(
            connection, asked, position_id, body.exit_date, body.exit_price, body.quantity
        )
    )
    return _told(response, writes, trade)


def _asked(writes: Writing, key: str | None, what: str, of: int | None, body: BaseModel) -> trades.Asked:
    content = json.dumps([what, of, body.model_dump(mode="json")], sort_keys=True)
    return trades.Asked(writes.caller.user_id, writes.today, writes.latest_session, key, content)


def _told(response: Response, writes: Writing, trade: trades.Trade) -> Traded:
    follow(response, writes.request, trade.request_id)
    return Traded.model_validate(asdict(trade) | {"warnings": list(trade.warnings)})
