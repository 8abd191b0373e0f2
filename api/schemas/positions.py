"""Lots, alone and in groups."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from api.schemas.common import Answer, Model, Next
from api.schemas.portfolio import PRICE_RETURN_ONLY

PositionType = Literal["LONG", "SHORT", "LC", "SC", "LP", "SP"]


class TagOnPosition(Model):
    """A tag that a lot carries."""

    id: Annotated[int, Field(description="Identity of the tag.")]
    name: Annotated[str, Field(description="Name, unique per owner.")]
    color: Annotated[str, Field(description="Colour as #RRGGBB.", examples=["#FF5733"])]


class Lot(Model):
    """What a lot is."""

    id: Annotated[int, Field(description="Identity of the lot.")]
    symbol: Annotated[str, Field(description="Stock or private symbol, or compact OCC option symbol.")]
    underlying: Annotated[str | None, Field(description="Symbol of an option's underlying; else null.")]
    name: Annotated[str | None, Field(description="What the user calls it; null if not given.")]
    asset_class: Annotated[
        Literal["PUBLIC", "OPTION", "PRIVATE"], Field(description="PUBLIC, OPTION or PRIVATE.")
    ]
    position_type: Annotated[
        PositionType, Field(description="LONG, SHORT, or LC, SC, LP, SP: long or short call or put.")
    ]
    quantity: Annotated[float, Field(description="Shares or contracts, signed: negative is short.")]
    multiplier: Annotated[
        float, Field(description="Units of the priced thing per unit of quantity: 1, or 100 for options.")
    ]
    entry_price: Annotated[float, Field(description="USD per unit.")]
    entry_date: Annotated[date, Field(description="Takes effect on the first session on or after it.")]
    exit_date: Annotated[date | None, Field(description="Like entry_date; null while held.")]
    option_type: Annotated[Literal["call", "put"] | None, Field(description="call or put; else null.")]
    strike: Annotated[float | None, Field(description="USD; null unless an option.")]
    expiry: Annotated[
        date | None,
        Field(description="Takes effect on the last session on or before it; null unless an option."),
    ]
    sector: Annotated[
        str | None, Field(description="Sector of the stock or the underlying; null when unknown or private.")
    ]
    tags: Annotated[list[TagOnPosition], Field(description="Tags of the lot, by name.")]


class PositionGreeks(Model):
    """Sensitivities of a whole lot, signed for its direction, by the model `mock`."""

    delta: Annotated[float | None, Field(description="Units of the underlying.")]
    gamma: Annotated[float | None, Field(description="Units of the underlying per USD.")]
    theta: Annotated[float | None, Field(description="USD per day.")]
    vega: Annotated[float | None, Field(description="USD per volatility point.")]
    delta_adjusted_value: Annotated[
        float | None,
        Field(
            description="USD, delta × underlying price for options, market value for the rest; "
            "null without an underlying price."
        ),
    ]


class Position(Lot, PositionGreeks):
    """A lot on a session: held at its close, or ended on it."""

    price: Annotated[float, Field(description="USD per unit the value or the exit was taken at.")]
    price_date: Annotated[
        date | None, Field(description="Date of that price; null when it is the entry price.")
    ]
    is_stale: Annotated[bool, Field(description="The price is 1 to 5 sessions old.")]
    is_unpriced: Annotated[
        bool, Field(description="The price is older than 5 sessions, or there is none since entry.")
    ]
    is_open: Annotated[bool, Field(description="Held at the close; false on the exit session.")]
    market_value: Annotated[float, Field(description="USD at the close, signed; 0 on the exit session.")]
    cost_basis: Annotated[
        float, Field(description="USD, market value less unrealized P&L, signed; 0 on the exit session.")
    ]
    weight: Annotated[
        float | None,
        Field(description="Market value / net asset value, fraction; null unless that is positive."),
    ]
    daily_pnl: Annotated[float, Field(description=f"USD P&L of the session. {PRICE_RETURN_ONLY}")]
    unrealized_pnl: Annotated[float, Field(description="USD, market value less cost; 0 on the exit session.")]


class Figures(Model):
    """What a group of lots adds up to."""

    position_count: Annotated[int, Field(description="Lots held at the close.")]
    market_value: Annotated[float, Field(description="USD, sum of the market values: net exposure.")]
    long_exposure: Annotated[float, Field(description="USD, sum of the positive market values.")]
    short_exposure: Annotated[
        float, Field(description="USD, sum of the negative market values, not above 0.")
    ]
    gross_exposure: Annotated[float, Field(description="USD, long less short exposure.")]
    delta_adjusted_value: Annotated[
        float | None, Field(description="USD, sum of the delta-adjusted values; null when one is unknown.")
    ]
    weight: Annotated[
        float | None,
        Field(description="Sum of the weights, fraction of net asset value; null unless that is positive."),
    ]
    daily_pnl: Annotated[float, Field(description=f"USD P&L of the session. {PRICE_RETURN_ONLY}")]
    unrealized_pnl: Annotated[float, Field(description="USD, sum of market values less costs.")]


class Group(Figures):
    """Lots with the same type, sector or tag."""

    key: Annotated[
        str | None, Field(description="Type, sector or tag name; null: the sector is unknown, or private.")
    ]
    position_ids: Annotated[list[int], Field(description="Identities of the lots, ascending.")]


class Positions(Answer):
    """A page of lots."""

    items: Annotated[list[Position], Field(description="Lots, by id.")]
    next: Next
    totals: Annotated[Figures, Field(description="What all chosen lots add up to, those of other pages too.")]


class GroupedPositions(Answer):
    """Lots in groups: for tags, the groups + untagged − overlap are the totals; else the groups alone are."""

    group_by: Annotated[Literal["type", "tag", "sector"], Field(description="What the groups are by.")]
    groups: Annotated[list[Group], Field(description="Groups, by key; the null key last.")]
    untagged: Annotated[Figures | None, Field(description="Lots without a tag; null unless by tag.")]
    overlap: Annotated[
        Figures | None,
        Field(description="What lots with several tags count too often; null unless by tag."),
    ]
    totals: Annotated[Figures, Field(description="What all chosen lots add up to, each once.")]


class PositionDetail(Answer, Lot, PositionGreeks):
    """One lot on a session. `reason` is not_held, and the figures null, when it was not held on it."""

    exit_price: Annotated[
        float | None, Field(description="USD per unit; null: the price of the exit session is used.")
    ]
    price: Annotated[float | None, Field(description="USD per unit the value or the exit was taken at.")]
    price_date: Annotated[
        date | None, Field(description="Date of that price; null when it is the entry price.")
    ]
    is_stale: Annotated[bool | None, Field(description="The price is 1 to 5 sessions old.")]
    is_unpriced: Annotated[
        bool | None, Field(description="The price is older than 5 sessions, or there is none since entry.")
    ]
    is_open: Annotated[bool, Field(description="Held at the close of the session.")]
    market_value: Annotated[float | None, Field(description="USD at the close, signed.")]
    cost_basis: Annotated[float | None, Field(description="USD, market value less unrealized P&L, signed.")]
    weight: Annotated[
        float | None,
        Field(description="Market value / net asset value, fraction; null unless that is positive."),
    ]
    daily_pnl: Annotated[float | None, Field(description=f"USD P&L of the session. {PRICE_RETURN_ONLY}")]
    unrealized_pnl: Annotated[float | None, Field(description="USD, market value less cost.")]


class SessionOfPosition(PositionGreeks):
    """One session of a lot."""

    session: Annotated[date, Field(description="NYSE session.")]
    price: Annotated[float, Field(description="USD per unit the value or the exit was taken at.")]
    price_date: Annotated[
        date | None, Field(description="Date of that price; null when it is the entry price.")
    ]
    is_stale: Annotated[bool, Field(description="The price is 1 to 5 sessions old.")]
    is_unpriced: Annotated[
        bool, Field(description="The price is older than 5 sessions, or there is none since entry.")
    ]
    is_open: Annotated[bool, Field(description="Held at the close; false on the exit session.")]
    market_value: Annotated[float, Field(description="USD at the close, signed; 0 on the exit session.")]
    daily_pnl: Annotated[float, Field(description=f"USD P&L of the session. {PRICE_RETURN_ONLY}")]
    unrealized_pnl: Annotated[float, Field(description="USD, market value less cost.")]


class PositionHistory(Answer):
    """A lot session by session, oldest first."""

    position_id: Annotated[int, Field(description="Identity of the lot.")]
    start: Annotated[date, Field(description="First date of the range.")]
    end: Annotated[date, Field(description="Last date of the range, not after session.")]
    price_return_only: Annotated[Literal[True], Field(description=PRICE_RETURN_ONLY)]
    items: Annotated[list[SessionOfPosition], Field(description="Sessions the lot was held on, ascending.")]
    next: Next


class PositionTags(Answer):
    """The tags of a lot."""

    position_id: Annotated[int, Field(description="Identity of the lot.")]
    items: Annotated[list[TagOnPosition], Field(description="Tags, by name.")]
