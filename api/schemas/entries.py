"""What is recorded one by one: trades, cash flows, marks, price overrides; and uploads, with their withdrawal."""

from datetime import date
from typing import Annotated, Literal

from pydantic import AwareDatetime, ConfigDict, Field, StringConstraints

from api.parameters import Day, Number
from api.schemas.common import Answer, Model, Next

MAX_TAGS = 50

RequestId = Annotated[
    int,
    Field(description="Request of the run: follow it at /api/v1/admin/runs/{request_id}.", examples=[7]),
]
ChangedFrom = Annotated[
    date | None,
    Field(
        description="First session whose figures it may change; null when none does.", examples=["2026-01-30"]
    ),
]
_Text = Annotated[str, StringConstraints(min_length=1, max_length=200)]
_TagName = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern="^[^,]+$")]


class NewLot(Model):
    """A lot that was opened; the same terms and rules as a row of a position file."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "symbol": "AAPL",
                    "quantity": 100,
                    "entry_price": 231.5,
                    "entry_date": "2026-01-29",
                    "tags": ["momentum", "tech"],
                }
            ]
        },
    )

    symbol: Annotated[
        str,
        StringConstraints(min_length=1, max_length=100),
        Field(description="Stock or private symbol, or OCC option symbol.", examples=["AAPL"]),
    ]
    quantity: Annotated[
        Number, Field(description="Shares or contracts, signed: negative is short; not 0.", examples=[100])
    ]
    entry_price: Annotated[Number, Field(description="USD per unit, positive.", examples=[231.5])]
    entry_date: Annotated[
        Day,
        Field(description="Takes effect on the first session on or after it.", examples=["2026-01-29"]),
    ]
    exit_date: Annotated[
        Day | None, Field(description="Like entry_date; null or absent while held.", examples=["2026-01-30"])
    ] = None
    exit_price: Annotated[
        Number | None,
        Field(description="USD per unit; null or absent: the price of the exit session.", examples=[233.1]),
    ] = None
    multiplier: Annotated[
        Number | None,
        Field(
            description="Units of the priced thing per unit of quantity. Default: 100 for options, else 1.",
            examples=[1],
        ),
    ] = None
    asset_class: Annotated[
        Literal["PUBLIC", "OPTION", "PRIVATE"] | None,
        Field(description="Default: OPTION for an OCC symbol, else PUBLIC.", examples=["PUBLIC"]),
    ] = None
    name: Annotated[_Text | None, Field(description="What you call it.", examples=["Apple"])] = None
    tags: Annotated[
        list[_TagName],
        Field(
            max_length=MAX_TAGS,
            description="Names of its tags, without commas; new ones are added.",
            examples=[["momentum", "tech"]],
        ),
    ] = []  # noqa: RUF012 - pydantic copies defaults


class Exit(Model):
    """The end of a lot, or of a part of it."""

    exit_date: Annotated[
        Day, Field(description="Takes effect on the first session on or after it.", examples=["2026-01-30"])
    ]
    exit_price: Annotated[
        Number | None,
        Field(
            description="USD per unit, not negative; null or absent: the price of the exit session.",
            examples=[233.1],
        ),
    ] = None
    quantity: Annotated[
        Number | None,
        Field(
            description="Shares or contracts that leave, without sign; null or absent: all of the lot.",
            examples=[40],
        ),
    ] = None


class Traded(Model):
    """A recorded trade."""

    portfolio_id: Annotated[int, Field(description="Portfolio of the lot.", examples=[1])]
    position_id: Annotated[
        int,
        Field(description="The lot that was opened, or that ended: of a part a new lot.", examples=[57]),
    ]
    remaining_position_id: Annotated[
        int | None,
        Field(
            description="The lot that a part was taken of, with what is left; null otherwise.", examples=[12]
        ),
    ]
    first_session: ChangedFrom
    request_id: RequestId
    warnings: Annotated[list[str], Field(description="What is legal and probably not meant.", examples=[[]])]


class Flow(Model):
    """The net of a day's deposits and withdrawals."""

    amount: Annotated[
        Number,
        Field(
            description="USD, positive is a deposit; not 0, at most four decimals. "
            "Replaces what was recorded for the day.",
            examples=[50000],
        ),
    ]


class Mark(Model):
    """What a private holding is worth."""

    price: Annotated[
        Number,
        Field(
            description="USD per unit, not negative, valid until the next mark. "
            "Replaces what was recorded for the day.",
            examples=[61.25],
        ),
    ]


class PriceOverride(Model):
    """What a listed symbol was worth at a session's close."""

    price: Annotated[
        Number,
        Field(
            description="USD per unit, not negative, as a close of the session: per share as of then, whatever was "
            "split since. Replaces what was recorded for the session.",
            examples=[182.5],
        ),
    ]


class Recorded(Model):
    """What became of an entry."""

    portfolio_id: Annotated[int, Field(description="Portfolio it is of.", examples=[1])]
    outcome: Annotated[
        Literal["added", "corrected", "unchanged", "removed"],
        Field(description="corrected: another value of the day was replaced.", examples=["added"]),
    ]
    first_session: ChangedFrom
    request_id: RequestId


class Withdraw(Model):
    """Withdrawing an upload: without `confirm` only shown."""

    confirm: Annotated[
        Annotated[str, StringConstraints(pattern="^[0-9a-f]{64}$")] | None,
        Field(description="The token of the preview whose changes are to be made.", examples=["0" * 64]),
    ] = None


class Withdrawn(Model):
    """A withdrawn upload."""

    portfolio_id: Annotated[int, Field(description="Portfolio it had been to.", examples=[1])]
    changes: Annotated[
        int, Field(description="Lots voided, put back to what they were, or restored.", examples=[3])
    ]
    first_session: ChangedFrom
    request_id: RequestId


class Upload(Model):
    """A file that made a portfolio what it is."""

    id: Annotated[int, Field(description="Identity of the upload.", examples=[4])]
    file_name: Annotated[str, Field(description="Name of the file as given.", examples=["positions.csv"])]
    row_count: Annotated[int, Field(description="Lots in it.", examples=[3])]
    uploaded_at: Annotated[
        AwareDatetime, Field(description="Instant (UTC).", examples=["2026-01-30T14:05:00Z"])
    ]
    withdrawn_at: Annotated[
        AwareDatetime | None,
        Field(description="Instant (UTC) it was withdrawn; null otherwise.", examples=[None]),
    ]


class Uploads(Answer):
    """A page of the accepted files of a portfolio; those that changed nothing are not among them."""

    items: Annotated[list[Upload], Field(description="Uploads, oldest first.")]
    next: Next
