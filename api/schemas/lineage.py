"""Where a number comes from: slices, runs, versions of lots, price rows."""

from datetime import date
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from api.reads.chain import Asset
from api.schemas.common import Answer, Model


class SliceRun(Model):
    """The run that made a slice."""

    run_id: Annotated[str, Field(description="Dagster run id.")]
    kind: Annotated[str | None, Field(description="Why it ran.", examples=["daily", "backfill"])]
    started_at: Annotated[AwareDatetime | None, Field(description="Instant (UTC).")]
    input_instant: Annotated[
        AwareDatetime | None,
        Field(description="The book and the market were read as known at this instant (UTC)."),
    ]
    url: Annotated[
        str,
        Field(description="The run in the Dagster UI.", examples=["http://127.0.0.1:3000/runs/0f9d1c"]),
    ]


class SliceLink(Model):
    """One slice of a table: its rows of a session, of the portfolio where the table is by portfolio."""

    asset: Annotated[Asset, Field(description="Table.")]
    session: Annotated[date, Field(description="NYSE session.")]
    portfolio_id: Annotated[int | None, Field(description="Null where the table is of the whole firm.")]
    materialized_at: Annotated[
        AwareDatetime, Field(description="Instant (UTC) the rows were last established from these inputs.")
    ]
    committed_at: Annotated[
        AwareDatetime, Field(description="Instant (UTC) since which this version of the slice is visible.")
    ]
    code_version: Annotated[str, Field(description="Version of the formula.", examples=["1"])]
    input_hash: Annotated[str, Field(description="BLAKE2b-128 of all inputs, hex.", pattern="^[0-9a-f]{32}$")]
    output_digest: Annotated[
        str, Field(description="BLAKE2b-128 of the rows, hex.", pattern="^[0-9a-f]{32}$")
    ]
    row_count: Annotated[int, Field(description="Rows of the slice.")]
    inputs: Annotated[list[Asset], Field(description="Tables it was computed from.")]
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

    position_id: Annotated[int, Field(description="Identity of the lot.")]
    symbol: Annotated[str, Field(description="Stock or private symbol, or compact OCC option symbol.")]
    position_type: Annotated[str, Field(description="LONG, SHORT, LC, SC, LP or SP.")]
    quantity: Annotated[float, Field(description="Units, signed; contracts for options.")]
    multiplier: Annotated[float, Field(description="Units of the underlying per unit.")]
    entry_price: Annotated[float, Field(description="USD per unit of the underlying.")]
    entry_date: Annotated[date, Field(description="Takes effect on the first session on or after it.")]
    exit_date: Annotated[date | None, Field(description="Null while held.")]
    exit_price: Annotated[float | None, Field(description="USD per unit; null: the price of the session.")]
    commit_id: Annotated[int, Field(description="Commit that wrote this version.")]
    known_since: Annotated[AwareDatetime, Field(description="Instant (UTC) of that commit.")]


class PriceUsed(Model):
    """A price that a lot's numbers of the session were computed with."""

    position_id: Annotated[int, Field(description="Identity of the lot.")]
    use: Annotated[
        Literal["value", "value_before", "underlying"],
        Field(
            description="The value at the close, the value on the session before, or the underlying's price of Greeks."
        ),
    ]
    kind: Annotated[
        Literal["close", "mark", "entry_price", "exit_price"],
        Field(description="A close or mark, or the lot's own entry or exit price where there is none."),
    ]
    symbol: Annotated[str, Field(description="Instrument the price is of.")]
    session: Annotated[date | None, Field(description="Date of the price; null for an entry price.")]
    price: Annotated[float, Field(description="USD per unit.")]
    source: Annotated[str | None, Field(description="Price source; null where users gave the price.")]
    commit_id: Annotated[
        int | None, Field(description="Commit that wrote the row; null for the lot's own price.")
    ]
    known_since: Annotated[AwareDatetime | None, Field(description="Instant (UTC) of that commit.")]


class Lineage(Answer):
    """What the numbers of a slice were made of. `reason` not_materialized: there is no such slice."""

    asset: Annotated[Asset, Field(description="Table asked about.")]
    position_id: Annotated[int | None, Field(description="Lot asked about; null: all of the portfolio.")]
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
