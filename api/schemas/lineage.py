"""Where a number comes from: slices, runs, versions of lots, price rows."""

from datetime import date
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from api.reads.chain import Asset
from api.schemas.common import Answer, Model


class SliceRun(Model):
    """The run that made a slice."""

    run_id: Annotated[
        str, Field(description="Dagster run id.", examples=["0f9d1c3a-5d1f-4c43-9c6e-2f6f0a1b2c3d"])
    ]
    kind: Annotated[str | None, Field(description="Why it ran.", examples=["daily", "backfill"])]
    started_at: Annotated[
        AwareDatetime | None, Field(description="Instant (UTC).", examples=["2026-01-30T21:30:00Z"])
    ]
    input_instant: Annotated[
        AwareDatetime | None,
        Field(
            description="The book and the market were read as known at this instant (UTC).",
            examples=["2026-01-30T21:30:00Z"],
        ),
    ]
    url: Annotated[
        str,
        Field(description="The run in the Dagster UI.", examples=["http://127.0.0.1:3000/runs/0f9d1c"]),
    ]


class SliceLink(Model):
    """One slice of a table: its rows of a session, of the portfolio where the table is by portfolio."""

    asset: Annotated[Asset, Field(description="Table.", examples=["snapshots"])]
    session: Annotated[date, Field(description="NYSE session.", examples=["2026-01-30"])]
    portfolio_id: Annotated[
        int | None, Field(description="Null where the table is of the whole firm.", examples=[1])
    ]
    materialized_at: Annotated[
        AwareDatetime,
        Field(
            description="Instant (UTC) the rows were last established from these inputs.",
            examples=["2026-01-30T21:30:00Z"],
        ),
    ]
    committed_at: Annotated[
        AwareDatetime,
        Field(
            description="Instant (UTC) since which this version of the slice is visible.",
            examples=["2026-01-30T21:30:00Z"],
        ),
    ]
    code_version: Annotated[str, Field(description="Version of the formula.", examples=["1"])]
    input_hash: Annotated[
        str,
        Field(
            description="BLAKE2b-128 of all inputs, hex.",
            pattern="^[0-9a-f]{32}$",
            examples=["00112233445566778899aabbccddeeff"],
        ),
    ]
    output_digest: Annotated[
        str,
        Field(
            description="BLAKE2b-128 of the rows, hex.",
            pattern="^[0-9a-f]{32}$",
            examples=["00112233445566778899aabbccddeeff"],
        ),
    ]
    row_count: Annotated[int, Field(description="Rows of the slice.", examples=[1])]
    inputs: Annotated[
        list[Asset],
        Field(description="Tables it was computed from.", examples=[["position_pnl", "rolled_equity"]]),
    ]
    run: Annotated[SliceRun, Field(description="The run that made it.")]
    url: Annotated[
        str,
        Field(
            description="The asset's partition in the Dagster UI.",
            examples=["http://127.0.0.1:3000/assets/snapshots?partition=2026-01-30"],
        ),
    ]


class PositionVersion(Model):
    """A lot as the run read it."""

    position_id: Annotated[int, Field(description="Identity of the lot.", examples=[17])]
    symbol: Annotated[
        str, Field(description="Stock or private symbol, or compact OCC option symbol.", examples=["AAPL"])
    ]
    position_type: Annotated[str, Field(description="LONG, SHORT, LC, SC, LP or SP.", examples=["LONG"])]
    quantity: Annotated[float, Field(description="Shares or contracts, signed.", examples=[1000.0])]
    multiplier: Annotated[
        float, Field(description="Units of the underlying per share or contract.", examples=[1.0])
    ]
    entry_price: Annotated[float, Field(description="USD per unit of the underlying.", examples=[150.0])]
    entry_date: Annotated[
        date, Field(description="Takes effect on the first session on or after it.", examples=["2024-01-16"])
    ]
    exit_date: Annotated[date | None, Field(description="Null while held.", examples=["2024-04-08"])]
    exit_price: Annotated[
        float | None, Field(description="USD per unit; null: the price of the session.", examples=[170.0])
    ]
    commit_id: Annotated[int, Field(description="Commit that wrote this version.", examples=[42])]
    known_since: Annotated[
        AwareDatetime, Field(description="Instant (UTC) of that commit.", examples=["2026-01-30T21:30:00Z"])
    ]


class PriceUsed(Model):
    """A price that a lot's numbers of the session were computed with."""

    position_id: Annotated[int, Field(description="Identity of the lot.", examples=[17])]
    use: Annotated[
        Literal["value", "value_before", "underlying"],
        Field(
            description="The value at the close, the value on the session before, or the underlying's price of Greeks.",
            examples=["value"],
        ),
    ]
    kind: Annotated[
        Literal["close", "override", "mark", "entry_price", "exit_price"],
        Field(
            description="A close of the market, a price override of the portfolio or a mark, or the lot's own entry or "
            "exit price where there is none.",
            examples=["close"],
        ),
    ]
    symbol: Annotated[str, Field(description="Instrument the price is of.", examples=["AAPL"])]
    session: Annotated[
        date | None, Field(description="Date of the price; null for an entry price.", examples=["2026-01-30"])
    ]
    price: Annotated[float, Field(description="USD per unit.", examples=[182.5])]
    source: Annotated[
        str | None, Field(description="Price source; null where users gave the price.", examples=["polygon"])
    ]
    commit_id: Annotated[
        int | None,
        Field(description="Commit that wrote the row; null for the lot's own price.", examples=[42]),
    ]
    known_since: Annotated[
        AwareDatetime | None,
        Field(description="Instant (UTC) of that commit.", examples=["2026-01-30T21:30:00Z"]),
    ]


class Lineage(Answer):
    """What the numbers of a slice were made of. `reason` not_materialized: there is no such slice."""

    asset: Annotated[Asset, Field(description="Table asked about.", examples=["snapshots"])]
    position_id: Annotated[
        int | None, Field(description="Lot asked about; null: all of the portfolio.", examples=[17])
    ]
    slices: Annotated[
        list[SliceLink],
        Field(
            description="The slice, then what it was computed from; the equity of the session before last, of which "
            "rolled_equity goes on."
        ),
    ]
    positions: Annotated[list[PositionVersion], Field(description="Lots with a row on the session.")]
    prices: Annotated[
        list[PriceUsed],
        Field(
            description="Prices of these lots. Windows of returns (betas, risk) are in the slices' input hashes only."
        ),
    ]


Metric = Literal[
    "net_asset_value",
    "daily_pnl",
    "cash",
    "long_exposure",
    "short_exposure",
    "gross_exposure",
    "net_exposure",
    "mtd_pnl",
    "ytd_pnl",
    "cumulative_pnl",
]

Cause = Literal[
    "code",
    "history",
    "terms",
    "flows",
    "positions",
    "multipliers",
    "marks",
    "overrides",
    "splits",
    "first_seen",
    "restated",
]


class WaterfallPart(Model):
    """What one cause changed the figure by."""

    cause: Annotated[
        Cause,
        Field(
            description="code: the formula; history: earlier sessions stored from other inputs than the run's; terms: "
            "initial equity and inception; flows, positions, multipliers, marks, overrides (of closes): of the book; "
            "splits; first_seen: closes that were missing; restated: closes that were other ones.",
            examples=["restated"],
        ),
    ]
    symbol: Annotated[
        str | None,
        Field(description="Instrument whose closes changed; null for other causes.", examples=["AAPL"]),
    ]
    amount: Annotated[float, Field(description="USD.", examples=[125.0])]


class WhyRequest(Model):
    """How to ask for a change to be taken apart."""

    method: Annotated[Literal["POST"], Field(description="HTTP method.")]
    path: Annotated[str, Field(description="Path.", examples=["/api/v1/lineage/why"])]
    body: Annotated[
        dict[str, str | int],
        Field(
            description="JSON body: portfolio_id, session, from, to.",
            examples=[
                {
                    "portfolio_id": 1,
                    "session": "2026-01-30",
                    "from": "2026-01-30T21:30:00Z",
                    "to": "2026-02-01T21:30:00Z",
                }
            ],
        ),
    ]


class Computed(Model):
    """The run that took a change apart."""

    run_id: Annotated[
        str, Field(description="Dagster run id.", examples=["0f9d1c3a-5d1f-4c43-9c6e-2f6f0a1b2c3d"])
    ]
    computed_at: Annotated[
        AwareDatetime, Field(description="Instant (UTC).", examples=["2026-01-30T21:30:00Z"])
    ]
    url: Annotated[
        str, Field(description="The run in the Dagster UI.", examples=["http://127.0.0.1:3000/runs/0f9d1c"])
    ]


class Waterfall(Answer):
    """A change taken apart; `known_at` is `to`.

    `reason`: not_stored_then (the figure was not stored at `from`), not_computed (see `request`), not_materialized.
    """

    metric: Annotated[Metric, Field(description="Figure of a snapshot, USD.", examples=["net_asset_value"])]
    known_from: Annotated[
        AwareDatetime, Field(description="As asked for by `from`.", examples=["2026-01-30T21:30:00Z"])
    ]
    value_from: Annotated[float | None, Field(description="USD, as known at `from`.", examples=[3000000.0])]
    value_to: Annotated[float | None, Field(description="USD, as known at `to`.", examples=[3000125.0])]
    change: Annotated[float | None, Field(description="USD, value_to less value_from.", examples=[125.0])]
    parts: Annotated[
        list[WaterfallPart] | None,
        Field(description="In the order of substitution, without those that are 0; null if not computed."),
    ]
    residual: Annotated[
        float | None,
        Field(description="USD, the change less all parts: 0, always; null if not computed.", examples=[0.0]),
    ]
    computed: Annotated[
        Computed | None,
        Field(description="Null if not computed, and where there is no change to take apart."),
    ]
    request: Annotated[WhyRequest | None, Field(description="How to ask for it, if it is not computed.")]
