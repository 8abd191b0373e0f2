"""Lots, alone and in groups."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from api.schemas.common import Answer, Model, Next
from api.schemas.portfolio import PRICE_RETURN_ONLY

PositionType = Literal["LONG", "SHORT", "LC", "SC", "LP", "SP"]


class TagOnPosition(Model):
    """A tag that a lot carries."""

    id: Annotated[int, Field(description="Identity of the tag.", examples=[3])]
    name: Annotated[str, Field(description="Name, unique per owner.", examples=["momentum"])]
    color: Annotated[str, Field(description="Colour as #RRGGBB.", examples=["#FF5733"])]


class Lot(Model):
    """What a lot is."""

    id: Annotated[int, Field(description="Identity of the lot.", examples=[12])]
    symbol: Annotated[
        str, Field(description="Stock or private symbol, or compact OCC option symbol.", examples=["AAPL"])
    ]
    underlying: Annotated[
        str | None, Field(description="Symbol of an option's underlying; else null.", examples=[None])
    ]
    name: Annotated[
        str | None, Field(description="What the user calls it; null if not given.", examples=["Apple"])
    ]
    asset_class: Annotated[
        Literal["PUBLIC", "OPTION", "PRIVATE"],
        Field(description="PUBLIC, OPTION or PRIVATE.", examples=["PUBLIC"]),
    ]
    position_type: Annotated[
        PositionType,
        Field(description="LONG, SHORT, or LC, SC, LP, SP: long or short call or put.", examples=["LONG"]),
    ]
    quantity: Annotated[
        float, Field(description="Shares or contracts, signed: negative is short.", examples=[1000.0])
    ]
    multiplier: Annotated[
        float,
        Field(
            description="Units of the priced thing per unit of quantity: 1, or 100 for options.",
            examples=[1.0],
        ),
    ]
    entry_price: Annotated[float, Field(description="USD per unit.", examples=[150.0])]
    entry_date: Annotated[
        date, Field(description="Takes effect on the first session on or after it.", examples=["2024-01-15"])
    ]
    exit_date: Annotated[date | None, Field(description="Like entry_date; null while held.", examples=[None])]
    option_type: Annotated[
        Literal["call", "put"] | None, Field(description="call or put; else null.", examples=[None])
    ]
    strike: Annotated[float | None, Field(description="USD; null unless an option.", examples=[None])]
    expiry: Annotated[
        date | None,
        Field(
            description="Takes effect on the last session on or before it; null unless an option.",
            examples=[None],
        ),
    ]
    sector: Annotated[
        str | None,
        Field(
            description="Sector of the stock or the underlying; null when unknown or private.",
            examples=["Technology"],
        ),
    ]
    tags: Annotated[
        list[TagOnPosition], Field(description="Tags of the lot, by name.", examples=[["momentum", "tech"]])
    ]


class PositionGreeks(Model):
    """Sensitivities of a whole lot, signed for its direction, by the model `mock`."""

    delta: Annotated[float | None, Field(description="Units of the underlying.", examples=[600.0])]
    gamma: Annotated[float | None, Field(description="Units of the underlying per USD.", examples=[20.0])]
    theta: Annotated[float | None, Field(description="USD per day.", examples=[-500.0])]
    vega: Annotated[float | None, Field(description="USD per volatility point.", examples=[300.0])]
    delta_adjusted_value: Annotated[
        float | None,
        Field(
            description="USD, delta × underlying price for options, market value for the rest; "
            "null without an underlying price.",
            examples=[152500.0],
        ),
    ]


class Valued(Model):
    """What a lot was worth on a session: held at its close, or ended on it."""

    price: Annotated[
        float, Field(description="USD per unit the value or the exit was taken at.", examples=[152.5])
    ]
    price_date: Annotated[
        date | None,
        Field(description="Date of that price; null when it is the entry price.", examples=["2026-01-30"]),
    ]
    is_stale: Annotated[bool, Field(description="The price is 1 to 5 sessions old.", examples=[False])]
    is_unpriced: Annotated[
        bool,
        Field(
            description="The price is older than 5 sessions, or there is none since entry.", examples=[False]
        ),
    ]
    is_open: Annotated[
        bool, Field(description="Held at the close; false on the exit session.", examples=[True])
    ]
    market_value: Annotated[
        float, Field(description="USD at the close, signed; 0 on the exit session.", examples=[152500.0])
    ]
    daily_pnl: Annotated[
        float, Field(description=f"USD P&L of the session. {PRICE_RETURN_ONLY}", examples=[-1250.5])
    ]
    unrealized_pnl: Annotated[
        float, Field(description="USD, market value less cost; 0 on the exit session.", examples=[2500.0])
    ]


class Position(Lot, Valued, PositionGreeks):
    """A lot on a session: held at its close, or ended on it."""

    cost_basis: Annotated[
        float,
        Field(
            description="USD, market value less unrealized P&L, signed; 0 on the exit session.",
            examples=[150000.0],
        ),
    ]
    weight: Annotated[
        float | None,
        Field(
            description="Market value / net asset value, fraction; null unless that is positive.",
            examples=[0.047],
        ),
    ]


class Figures(Model):
    """What a group of lots adds up to."""

    position_count: Annotated[int, Field(description="Lots held at the close.", examples=[50])]
    market_value: Annotated[
        float, Field(description="USD, sum of the market values: net exposure.", examples=[152500.0])
    ]
    long_exposure: Annotated[
        float, Field(description="USD, sum of the positive market values.", examples=[2700000.0])
    ]
    short_exposure: Annotated[
        float,
        Field(description="USD, sum of the negative market values, not above 0.", examples=[-1700000.0]),
    ]
    gross_exposure: Annotated[
        float, Field(description="USD, long less short exposure.", examples=[4400000.0])
    ]
    delta_adjusted_value: Annotated[
        float | None,
        Field(
            description="USD, sum of the delta-adjusted values; null when one is unknown.",
            examples=[152500.0],
        ),
    ]
    weight: Annotated[
        float | None,
        Field(
            description="Sum of the weights, fraction of net asset value; null unless that is positive.",
            examples=[0.047],
        ),
    ]
    daily_pnl: Annotated[
        float, Field(description=f"USD P&L of the session. {PRICE_RETURN_ONLY}", examples=[-1250.5])
    ]
    unrealized_pnl: Annotated[
        float, Field(description="USD, sum of market values less costs.", examples=[2500.0])
    ]


class Group(Figures):
    """Lots with the same type, sector or tag."""

    key: Annotated[
        str | None,
        Field(
            description="Type, sector or tag name; null: the sector is unknown, or private.",
            examples=["Technology"],
        ),
    ]
    position_ids: Annotated[
        list[int], Field(description="Identities of the lots, ascending.", examples=[[12, 14]])
    ]


class Positions(Answer):
    """A page of lots."""

    items: Annotated[list[Position], Field(description="Lots, by id.")]
    next: Next
    totals: Annotated[Figures, Field(description="What all chosen lots add up to, those of other pages too.")]


class GroupedPositions(Answer):
    """Lots in groups: for tags, the groups + untagged − overlap are the totals; else the groups alone are."""

    group_by: Annotated[
        Literal["type", "tag", "sector"], Field(description="What the groups are by.", examples=["sector"])
    ]
    groups: Annotated[list[Group], Field(description="Groups, by key; the null key last.")]
    untagged: Annotated[Figures | None, Field(description="Lots without a tag; null unless by tag.")]
    overlap: Annotated[
        Figures | None,
        Field(description="What lots with several tags count too often; null unless by tag."),
    ]
    totals: Annotated[Figures, Field(description="What all chosen lots add up to, each once.")]
