"""Tags."""

from typing import Annotated

from pydantic import Field

from api.schemas.common import Answer, Next
from api.schemas.positions import TagOnPosition


class Tag(TagOnPosition):
    """A tag of a user."""

    position_count: Annotated[int, Field(description="Lots that carry it, in all portfolios.", examples=[2])]


class Tags(Answer):
    """A page of the tags of the portfolio's owner."""

    portfolio_id: Annotated[  # type: ignore[assignment]
        int | None,
        Field(description="Portfolio whose owner's tags these are; null: the caller has none.", examples=[1]),
    ]
    items: Annotated[list[Tag], Field(description="Tags, by id.")]
    next: Next
