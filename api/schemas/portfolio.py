"""A portfolio at the close of a session, and its history."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from api.schemas.common import Answer, Model, Next

MAX_MOVERS = 5
PRICE_RETURN_ONLY = "Price return only: without dividends, borrow costs and fees."


class Figures(Model):
    """The book at the close of a session, as analytics.snapshots has it."""

    net_asset_value: Annotated[
        float | None,
        Field(description="USD, closing equity: long plus short exposure plus cash.", examples=[3219000.5]),
    ]
    cash: Annotated[
        float | None,
        Field(
            description="USD, net asset value less net exposure; negative when borrowed.",
            examples=[812345.25],
        ),
    ]
    long_exposure: Annotated[
        float | None, Field(description="USD, sum of the positive market values.", examples=[2700000.0])
    ]
    short_exposure: Annotated[
        float | None,
        Field(description="USD, sum of the negative market values, not above 0.", examples=[-1700000.0]),
    ]
    gross_exposure: Annotated[
        float | None, Field(description="USD, long less short exposure.", examples=[4400000.0])
    ]
    net_exposure: Annotated[
        float | None, Field(description="USD, long plus short exposure.", examples=[1000000.0])
    ]
    delta_long_exposure: Annotated[
        float | None,
        Field(
            description="USD, sum of the positive delta-adjusted values (options: delta × underlying price); "
            "null when one is unknown.",
            examples=[2600000.0],
        ),
    ]
    delta_short_exposure: Annotated[
        float | None,
        Field(
            description="USD, sum of the negative delta-adjusted values, not above 0; null when one is unknown.",
            examples=[-1610000.0],
        ),
    ]
    delta_gross_exposure: Annotated[
        float | None, Field(description="USD, delta-adjusted long less short exposure.", examples=[4210000.0])
    ]
    delta_net_exposure: Annotated[
        float | None, Field(description="USD, delta-adjusted long plus short exposure.", examples=[990000.0])
    ]
    daily_pnl: Annotated[
        float | None, Field(description=f"USD P&L of the session. {PRICE_RETURN_ONLY}", examples=[-1250.5])
    ]
    mtd_pnl: Annotated[
        float | None,
        Field(
            description="USD P&L from the first session of the month, or since inception.",
            examples=[18300.25],
        ),
    ]
    ytd_pnl: Annotated[
        float | None,
        Field(
            description="USD P&L from the first session of the year, or since inception.", examples=[18300.25]
        ),
    ]
    cumulative_pnl: Annotated[
        float | None, Field(description="USD P&L since inception.", examples=[219000.5])
    ]
    daily_return: Annotated[
        float | None,
        Field(
            description="Daily P&L / opening equity, fraction (0.01 is 1 %); null if that is not positive.",
            examples=[-0.0042],
        ),
    ]
    position_count: Annotated[int | None, Field(description="Lots held at the close.", examples=[50])]


class Coverage(Model):
    """How well the lots held at the close are priced: the three add up to position_count."""

    priced: Annotated[
        int, Field(description="Lots with a price of the session, or a valid private mark.", examples=[49])
    ]
    stale: Annotated[int, Field(description="Lots with a price 1 to 5 sessions old.", examples=[1])]
    unpriced: Annotated[
        int, Field(description="Lots with an older price, or none since entry.", examples=[0])
    ]


class PositionsByType(Model):
    """Lots held at the close, by type."""

    LONG: Annotated[int, Field(description="Long stocks, ETFs and privates, lots.", examples=[20])]
    SHORT: Annotated[int, Field(description="Short stocks, ETFs and privates, lots.", examples=[15])]
    LC: Annotated[int, Field(description="Long calls, lots.", examples=[4])]
    SC: Annotated[int, Field(description="Short calls, lots.", examples=[5])]
    LP: Annotated[int, Field(description="Long puts, lots.", examples=[3])]
    SP: Annotated[int, Field(description="Short puts, lots.", examples=[3])]


class Mover(Model):
    """A lot and what it earned on the session."""

    id: Annotated[int, Field(description="Identity of the lot.", examples=[12])]
    symbol: Annotated[
        str, Field(description="Stock or private symbol, or compact OCC option symbol.", examples=["AAPL"])
    ]
    position_type: Annotated[
        Literal["LONG", "SHORT", "LC", "SC", "LP", "SP"],
        Field(description="LONG, SHORT, or LC, SC, LP, SP: long or short call or put.", examples=["LONG"]),
    ]
    daily_pnl: Annotated[
        float, Field(description=f"USD P&L of the session. {PRICE_RETURN_ONLY}", examples=[-1250.5])
    ]


class TopMovers(Model):
    """The lots that moved the book most on the session, those that ended on it among them."""

    gains: Annotated[
        list[Mover],
        Field(max_length=MAX_MOVERS, description="Lots with the largest positive P&L, largest first."),
    ]
    losses: Annotated[
        list[Mover],
        Field(max_length=MAX_MOVERS, description="Lots with the largest negative P&L, largest first."),
    ]


class Portfolio(Answer, Figures):
    """The risk picture of a book at the close of a session."""

    name: Annotated[str, Field(description="Name of the portfolio.", examples=["Main portfolio"])]
    inception_date: Annotated[
        date,
        Field(
            description="Session at whose close initial_equity was the net asset value.",
            examples=["2024-01-12"],
        ),
    ]
    initial_equity: Annotated[
        float, Field(description="USD, net asset value at inception.", examples=[3000000.0])
    ]
    equity_balance: Annotated[
        float,
        Field(
            description="USD, closing equity of the latest session stored (equity_as_of), whatever as_of.",
            examples=[3219000.5],
        ),
    ]
    equity_as_of: Annotated[
        date,
        Field(
            description="Latest session stored, or inception_date before the first.", examples=["2026-01-30"]
        ),
    ]
    mtd_return: Annotated[
        float | None,
        Field(
            description="Daily returns of the month chained (time-weighted, flows do not count), fraction; "
            "null if one is missing, or is -1 or less.",
            examples=[0.0057],
        ),
    ]
    ytd_return: Annotated[
        float | None,
        Field(
            description="Daily returns of the year chained, fraction; null if one is missing, or is -1 or less.",
            examples=[0.0057],
        ),
    ]
    leverage: Annotated[
        float | None,
        Field(description="Gross exposure / net asset value; null unless that is positive.", examples=[1.37]),
    ]
    issuer_gross_exposure: Annotated[
        float | None,
        Field(
            description="USD, sum over issuers of the absolute net market value of all lots on them, options with "
            "their underlying: gross exposure after netting by issuer.",
            examples=[4100000.0],
        ),
    ]
    delta_issuer_gross_exposure: Annotated[
        float | None,
        Field(
            description="USD, the same of the delta-adjusted values, which sets a hedge against what it hedges; "
            "null when one is unknown.",
            examples=[3900000.0],
        ),
    ]
    issuer_leverage: Annotated[
        float | None,
        Field(
            description="Gross exposure netted by issuer / net asset value; null unless that is positive.",
            examples=[1.27],
        ),
    ]
    unrealized_pnl: Annotated[
        float | None,
        Field(
            description=f"USD, market values less entry costs of the lots held. {PRICE_RETURN_ONLY}",
            examples=[2500.0],
        ),
    ]
    top_movers: Annotated[
        TopMovers | None,
        Field(
            description="Lots that earned and lost most on the session. Null in a session that an earlier version "
            "stored, until it is recomputed."
        ),
    ]
    positions_by_type: Annotated[
        PositionsByType | None, Field(description="Lots held at the close, by type.")
    ]
    coverage: Annotated[Coverage | None, Field(description="How well those lots are priced.")]
    price_sources: Annotated[
        list[str] | None,
        Field(
            description="Sources of the prices of the lots held, without private marks; override: a close that the "
            "portfolio overrides. Null in a session that an earlier version stored, until it is recomputed.",
            examples=[["polygon"]],
        ),
    ]
    simulated_prices: Annotated[
        bool | None,
        Field(
            description="Whether a price is simulated: then these are no market figures. Null where the sources are.",
            examples=[False],
        ),
    ]
    price_return_only: Annotated[Literal[True], Field(description=PRICE_RETURN_ONLY)]


class SessionFigures(Figures):
    """One session of a portfolio's history."""

    session: Annotated[date, Field(description="NYSE session.", examples=["2026-01-02"])]
    stale_positions: Annotated[int, Field(description="Lots with a price 1 to 5 sessions old.", examples=[1])]
    unpriced_positions: Annotated[
        int, Field(description="Lots with an older price, or none since entry.", examples=[0])
    ]
    reason: Annotated[
        str | None,
        Field(
            description="Why a figure is null: opening_not_positive or no_underlying_price; else null.",
            examples=[None],
        ),
    ]


class PortfolioHistory(Answer):
    """A portfolio session by session, oldest first."""

    start: Annotated[date, Field(description="First date of the range.", examples=["2026-01-02"])]
    end: Annotated[
        date, Field(description="Last date of the range, not after session.", examples=["2026-01-30"])
    ]
    price_return_only: Annotated[Literal[True], Field(description=PRICE_RETURN_ONLY)]
    items: Annotated[list[SessionFigures], Field(description="Stored sessions of the range, ascending.")]
    next: Next
