"""Where a period's P&L came from."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from api.schemas.common import Answer, Model
from api.schemas.portfolio import PRICE_RETURN_ONLY


class Contribution(Model):
    """What one lot, sector, type or tag earned."""

    key: Annotated[
        str | None,
        Field(
            description="Lot id, sector, type or tag name; null: the sector is unknown, or private.",
            examples=["Technology"],
        ),
    ]
    label: Annotated[
        str | None, Field(description="Symbol of the lot, else the key.", examples=["Technology"])
    ]
    pnl: Annotated[float, Field(description="USD, sum of the daily P&L of the period.", examples=[9100.5])]
    position_count: Annotated[int, Field(description="Lots with a P&L in the period.", examples=[12])]


class Attribution(Answer):
    """Contributions to a period's P&L: for tags, groups + untagged − overlap are the total; else the groups alone."""

    by: Annotated[
        Literal["position", "sector", "tag", "type"],
        Field(description="What the contributions are by.", examples=["sector"]),
    ]
    start: Annotated[date, Field(description="First date of the period.", examples=["2026-01-02"])]
    end: Annotated[
        date, Field(description="Last date of the period, not after session.", examples=["2026-01-30"])
    ]
    price_return_only: Annotated[Literal[True], Field(description=PRICE_RETURN_ONLY)]
    groups: Annotated[list[Contribution], Field(description="Contributions; tags are those of now.")]
    untagged_pnl: Annotated[
        float | None, Field(description="USD of lots without a tag; null unless by tag.", examples=[None])
    ]
    overlap_pnl: Annotated[
        float | None,
        Field(
            description="USD that lots with several tags count too often; null unless by tag.",
            examples=[None],
        ),
    ]
    pnl: Annotated[float, Field(description="USD, the portfolio's P&L of the period.", examples=[18300.25])]
