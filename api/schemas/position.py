"""One lot: on a session, session by session, and its tags."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from api.schemas.common import Answer, Next
from api.schemas.portfolio import PRICE_RETURN_ONLY
from api.schemas.positions import Lot, PositionGreeks, TagOnPosition, Valued


class PositionDetail(Answer, Lot, PositionGreeks):
    """One lot on a session. `reason` is not_held, and the figures null, when it was not held on it."""

    exit_price: Annotated[
        float | None,
        Field(description="USD per unit; null: the price of the exit session is used.", examples=[None]),
    ]
    price: Annotated[
        float | None, Field(description="USD per unit the value or the exit was taken at.", examples=[152.5])
    ]
    price_date: Annotated[
        date | None,
        Field(description="Date of that price; null when it is the entry price.", examples=["2026-01-30"]),
    ]
    is_stale: Annotated[bool | None, Field(description="The price is 1 to 5 sessions old.", examples=[False])]
    is_unpriced: Annotated[
        bool | None,
        Field(
            description="The price is older than 5 sessions, or there is none since entry.", examples=[False]
        ),
    ]
    is_open: Annotated[bool, Field(description="Held at the close of the session.", examples=[True])]
    market_value: Annotated[float | None, Field(description="USD at the close, signed.", examples=[152500.0])]
    cost_basis: Annotated[
        float | None, Field(description="USD, market value less unrealized P&L, signed.", examples=[150000.0])
    ]
    weight: Annotated[
        float | None,
        Field(
            description="Market value / net asset value, fraction; null unless that is positive.",
            examples=[0.047],
        ),
    ]
    daily_pnl: Annotated[
        float | None, Field(description=f"USD P&L of the session. {PRICE_RETURN_ONLY}", examples=[-1250.5])
    ]
    unrealized_pnl: Annotated[
        float | None, Field(description="USD, market value less cost.", examples=[2500.0])
    ]


class SessionOfPosition(Valued, PositionGreeks):
    """One session of a lot."""

    session: Annotated[date, Field(description="NYSE session.", examples=["2026-01-02"])]


class PositionHistory(Answer):
    """A lot session by session, oldest first."""

    position_id: Annotated[int, Field(description="Identity of the lot.", examples=[12])]
    start: Annotated[date, Field(description="First date of the range.", examples=["2026-01-02"])]
    end: Annotated[
        date, Field(description="Last date of the range, not after session.", examples=["2026-01-30"])
    ]
    price_return_only: Annotated[Literal[True], Field(description=PRICE_RETURN_ONLY)]
    items: Annotated[list[SessionOfPosition], Field(description="Sessions the lot was held on, ascending.")]
    next: Next


class PositionTags(Answer):
    """The tags of a lot."""

    position_id: Annotated[int, Field(description="Identity of the lot.", examples=[12])]
    items: Annotated[list[TagOnPosition], Field(description="Tags, by name.")]
