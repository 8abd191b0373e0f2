"""What the intake takes and answers."""

from datetime import date
from typing import Annotated, Literal

from pydantic import AfterValidator, AwareDatetime, ConfigDict, Field, StringConstraints

from api.parameters import Day, Instant, WholeId
from api.schemas.common import Model

MAX_TAG_IDS = 50

TagName = Annotated[
    str,
    StringConstraints(min_length=1, max_length=64),
    Field(description="Name, unique per owner; no comma.", examples=["momentum"]),
]
TagColor = Annotated[
    str,
    StringConstraints(pattern=r"^#[0-9A-Fa-f]{6}$"),
    Field(description="Colour as #RRGGBB.", examples=["#FF5733"]),
]


class NewTag(Model):
    """A tag to add."""

    name: TagName
    color: TagColor = "#808080"


class TagChange(Model):
    """What to change of a tag; what is left out stays."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"minProperties": 1})

    name: TagName | None = Field(
        default=None, description="New name; null or absent: it stays.", examples=["Main portfolio"]
    )
    color: TagColor | None = Field(
        default=None, description="New colour; null or absent: it stays.", examples=["#FF5733"]
    )


class StoredTag(Model):
    """A tag as it now is."""

    id: Annotated[int, Field(description="Identity of the tag.", examples=[3])]
    name: TagName
    color: TagColor
    position_count: Annotated[int, Field(description="Lots that carry it, in all portfolios.", examples=[2])]


class TagIds(Model):
    """The tags a lot is to have, and no others."""

    tag_ids: Annotated[
        list[WholeId],
        Field(
            max_length=MAX_TAG_IDS, description="Identities of your tags; empty: no tags.", examples=[[1, 2]]
        ),
    ]


class TaggedPosition(Model):
    """A lot's tags as they now are."""

    position_id: Annotated[int, Field(description="Identity of the lot.", examples=[12])]
    items: Annotated[list[StoredTag], Field(description="Its tags, by name.")]


class Uploaded(Model):
    """An accepted file: the portfolio, and the run that computes its history."""

    portfolio_id: Annotated[int, Field(description="Portfolio the file filled.", examples=[1])]
    request_id: Annotated[
        int,
        Field(description="Request of the run: follow it at /api/v1/admin/runs/{request_id}.", examples=[7]),
    ]
    created: Annotated[bool, Field(description="Whether the portfolio is new.", examples=[True])]
    changes: Annotated[
        int, Field(description="Lots added, changed or removed; 0: the file changed nothing.", examples=[3])
    ]
    positions: Annotated[int, Field(description="Lots in the portfolio.", examples=[50])]
    warnings: Annotated[list[str], Field(description="What is legal and probably not meant.", examples=[[]])]


class LotTerms(Model):
    """What a lot is, as a file says it."""

    symbol: Annotated[
        str, Field(description="Stock or private symbol, or compact OCC option symbol.", examples=["AAPL"])
    ]
    asset_class: Annotated[str, Field(description="PUBLIC, OPTION or PRIVATE.", examples=["PUBLIC"])]
    quantity: Annotated[
        float, Field(description="Shares or contracts, signed: negative is short.", examples=[1000.0])
    ]
    entry_price: Annotated[float, Field(description="USD per unit.", examples=[150.0])]
    entry_date: Annotated[
        date, Field(description="Takes effect on the first session on or after it.", examples=["2024-01-15"])
    ]
    exit_date: Annotated[date | None, Field(description="Like entry_date; null while held.", examples=[None])]
    exit_price: Annotated[
        float | None, Field(description="USD per unit; null: the session's price.", examples=[None])
    ]
    multiplier: Annotated[
        float, Field(description="Units of the priced thing per unit of quantity.", examples=[1.0])
    ]
    name: Annotated[
        str | None, Field(description="What the user calls it; null if not given.", examples=["Apple"])
    ]
    tags: Annotated[
        list[str], Field(description="Names of its tags, sorted.", examples=[["momentum", "tech"]])
    ]


class LotChange(Model):
    """One lot that a file changes."""

    kind: Annotated[
        Literal["trade", "correction", "removed", "label", "restored"],
        Field(
            description="trade: a new lot or an exit. correction: meant otherwise from the beginning, history is "
            "restated. removed: voided, kept in history. label: name or tags, no number changes. "
            "restored: a lot that was removed is back.",
            examples=["trade"],
        ),
    ]
    position_id: Annotated[
        int | None, Field(description="Identity of the lot; null for a new one.", examples=[12])
    ]
    row: Annotated[int | None, Field(description="Line of the file; null for a removed lot.", examples=[2])]
    symbol: Annotated[str, Field(description="Its symbol.", examples=["AAPL"])]
    first_session: Annotated[
        date | None,
        Field(
            description="First session whose figures may change; null for a label.", examples=["2026-01-30"]
        ),
    ]
    before: Annotated[LotTerms | None, Field(description="The lot as it is; null for a new one.")]
    after: Annotated[
        LotTerms | None, Field(description="The lot as the file has it; null for a removed one.")
    ]


class Preview(Model):
    """What a file would change. Nothing was written."""

    portfolio_id: Annotated[int, Field(description="Portfolio compared with.", examples=[1])]
    confirm: Annotated[
        str,
        Field(
            description="Send the same file again with this to make exactly these changes.",
            examples=["0000000000000000000000000000000000000000000000000000000000000000"],
        ),
    ]
    first_session: Annotated[
        date | None,
        Field(
            description="First session to be computed anew; null when only labels change.",
            examples=["2026-01-30"],
        ),
    ]
    changes: Annotated[list[LotChange], Field(description="Every lot that would change.")]
    warnings: Annotated[list[str], Field(description="What is legal and probably not meant.", examples=[[]])]


class Requested(Model):
    """A run that was asked for."""

    request_id: Annotated[
        int,
        Field(description="Request of the run: follow it at /api/v1/admin/runs/{request_id}.", examples=[7]),
    ]


class DailyUpdate(Model):
    """A daily update to ask for."""

    session: Annotated[
        Day | None,
        Field(
            description="Session to update to, NYSE; a day that is none means the session before. "
            "Null or absent: the latest closed one when the run starts.",
            examples=["2026-01-30"],
        ),
    ] = None


def _once(ids: list[int] | None) -> list[int] | None:
    if ids is not None and len(set(ids)) != len(ids):
        raise ValueError("name each portfolio once")
    return ids


class Recalculation(Model):
    """A range to compute anew."""

    portfolio_ids: Annotated[
        list[WholeId] | None,
        Field(
            min_length=1,
            max_length=1000,
            description="Portfolios to limit it to; null or absent: all.",
            json_schema_extra={"uniqueItems": True},
            examples=[[1]],
        ),
        AfterValidator(_once),
    ] = None
    start: Annotated[Day, Field(description="First date of the range.", examples=["2026-01-02"])]
    end: Annotated[Day, Field(description="Last date of the range.", examples=["2026-01-30"])]


class Why(Model):
    """A change to take apart: of a snapshot's figures, from what was known at one instant to another."""

    portfolio_id: Annotated[
        WholeId | None, Field(description="Portfolio; null or absent: the user's first.", examples=[1])
    ] = None
    session: Annotated[Day, Field(description="Session of the figures.", examples=["2026-01-30"])]
    known_from: Annotated[
        Instant,
        Field(alias="from", description="Known then as it was before.", examples=["2026-01-30T21:30:00Z"]),
    ]
    known_to: Annotated[
        Instant,
        Field(alias="to", description="Known then as it is after.", examples=["2026-02-01T21:30:00Z"]),
    ]


class LeftOut(Model):
    """A portfolio that a run could not compute."""

    portfolio_id: Annotated[int, Field(description="Portfolio left out.", examples=[1])]
    reason: Annotated[
        str, Field(description="Why, in words.", examples=["sessions 2026-01-28 to 2026-01-29 are missing"])
    ]


class RunState(Model):
    """How a requested run stands."""

    request_id: Annotated[int, Field(description="Identity of the request.", examples=[7])]
    kind: Annotated[
        Literal["upload", "daily", "recalculate", "why"],
        Field(description="upload: anything a user gave of a book.", examples=["upload"]),
    ]
    portfolio_ids: Annotated[
        list[int] | None, Field(description="Portfolios it is limited to; null: all of them.", examples=[[1]])
    ]
    start_session: Annotated[
        date | None,
        Field(
            description="First session; null while queued: the first one missing.", examples=["2024-01-16"]
        ),
    ]
    end_session: Annotated[
        date | None,
        Field(description="Last session; null while queued: the latest one.", examples=["2026-01-30"]),
    ]
    requested_at: Annotated[
        AwareDatetime, Field(description="Instant (UTC) of the request.", examples=["2026-01-30T21:30:00Z"])
    ]
    status: Annotated[
        Literal["queued", "running", "succeeded", "failed"],
        Field(
            description="queued until a run takes it, and again when one was interrupted and is made anew; "
            "then how the newest run stands.",
            examples=["succeeded"],
        ),
    ]
    run_id: Annotated[
        str | None,
        Field(
            description="Identity of the run; null while queued.",
            examples=["5f0a8a5e-6a6f-4b6e-9d4f-0d7a3f7f1c55"],
        ),
    ]
    started_at: Annotated[
        AwareDatetime | None,
        Field(description="Instant (UTC); null while queued.", examples=["2026-01-30T21:30:04Z"]),
    ]
    ended_at: Annotated[
        AwareDatetime | None,
        Field(description="Instant (UTC); null before it has ended.", examples=["2026-01-30T21:32:10Z"]),
    ]
    error: Annotated[str | None, Field(description="Why it failed; null otherwise.", examples=[None])]
    left_out: Annotated[
        list[LeftOut], Field(description="Your portfolios that the run could not compute, with the reason.")
    ]
