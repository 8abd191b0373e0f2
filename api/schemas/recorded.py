"""What is recorded of a portfolio one by one: cash flows, private marks, price overrides."""

from datetime import date
from typing import Annotated

from pydantic import Field

from api.schemas.common import Answer, Model, Next


class RecordedFlow(Model):
    """The net of a day's deposits and withdrawals."""

    flow_date: Annotated[
        date,
        Field(description="Lands at the close of the first session on or after it.", examples=["2026-01-30"]),
    ]
    amount: Annotated[float, Field(description="USD, positive is a deposit.", examples=[50000.0])]


class Flows(Answer):
    """A page of the cash flows recorded of a portfolio."""

    items: Annotated[list[RecordedFlow], Field(description="Cash flows, oldest first.")]
    next: Next


class RecordedMark(Model):
    """What a private holding is worth from a day on."""

    symbol: Annotated[str, Field(description="Symbol of a PRIVATE lot of the portfolio.", examples=["ACME"])]
    mark_date: Annotated[
        date, Field(description="Valid from this date until the next mark.", examples=["2026-01-30"])
    ]
    price: Annotated[float, Field(description="USD per unit.", examples=[61.25])]


class Marks(Answer):
    """A page of the private marks recorded of a portfolio."""

    items: Annotated[list[RecordedMark], Field(description="Marks, by symbol, and of each the oldest first.")]
    next: Next


class RecordedOverride(Model):
    """What a listed symbol was worth at a session's close."""

    symbol: Annotated[
        str,
        Field(description="Symbol of a stock or option (OCC) lot of the portfolio.", examples=["AAPL"]),
    ]
    session: Annotated[
        date,
        Field(
            description="NYSE session whose close it is; carried on to later ones without a close of their own.",
            examples=["2026-01-30"],
        ),
    ]
    price: Annotated[
        float,
        Field(
            description="USD per unit, as a close of the session: per share as of then, whatever was split since.",
            examples=[182.5],
        ),
    ]


class PriceOverrides(Answer):
    """A page of the price overrides recorded of a portfolio."""

    items: Annotated[
        list[RecordedOverride], Field(description="Overrides, by symbol, and of each the oldest first.")
    ]
    next: Next
