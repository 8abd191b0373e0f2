"""What all answers about a portfolio share."""

from datetime import date
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field


class Model(BaseModel):
    """An object of an answer: exactly these members."""

    model_config = ConfigDict(extra="forbid")


class Answer(Model):
    """What every answer about a portfolio says of itself."""

    portfolio_id: Annotated[int, Field(description="Portfolio the answer is about.", examples=[1])]
    as_of: Annotated[
        date, Field(description="Date asked for; by default the latest session.", examples=["2026-01-30"])
    ]
    session: Annotated[
        date | None,
        Field(
            description="NYSE session the figures are of: the latest stored one on or before as_of. "
            "Null when none is stored; then every figure is null, and reason says why.",
            examples=["2026-01-30"],
        ),
    ]
    known_at: Annotated[
        AwareDatetime,
        Field(
            description="Instant (UTC) whose knowledge the answer shows; by default the newest commit's.",
            examples=["2026-01-30T21:41:07Z"],
        ),
    ]
    as_of_is_session: Annotated[
        bool,
        Field(
            description="Whether as_of is a closed session itself; if not, the session before it is meant.",
            examples=[True],
        ),
    ]
    is_behind: Annotated[
        bool,
        Field(
            description="Whether the session meant is not stored yet, so that an older one is answered.",
            examples=[False],
        ),
    ]
    stale: Annotated[
        bool | None,
        Field(
            description="Whether inputs of the session may have changed since it was computed, and it waits to be "
            "recomputed. Null where known_at is given or nothing is stored.",
            examples=[False],
        ),
    ]
    reason: Annotated[
        str | None,
        Field(
            description="Why figures are null: at_inception (history starts on the session after it), "
            "not_materialized (not computed yet), or what the answer itself says; null otherwise.",
            examples=[None],
        ),
    ]


Next = Annotated[
    str | None,
    Field(
        description="Give it as `cursor` for the next page of the same list; null on the last one.",
        examples=[None],
    ),
]
