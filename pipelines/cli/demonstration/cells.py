"""The slices of a database, which a run looked at, and which rows it wrote."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from psycopg import Connection
from psycopg.sql import SQL

from pipelines.tables.spec import TableSpec
from pipelines.tables.specs import DERIVED, PRICES, SECURITIES, SHORT_INTEREST, SPLITS
from sql import compose, query

Cell = tuple[str, date, int]
"""A slice: asset, session, portfolio (0: the whole firm)."""
Cells = Mapping[Cell, tuple[Any, ...]]
"""What the manifest says of each: run, commit, input hash, output digest."""

_INPUT_HASH, _OUTPUT_DIGEST = 2, 3

_ALSO: Final = {
    "book.portfolios": "id owner_id name initial_equity inception_date equity_balance equity_as_of",
    "book.positions": "id portfolio_id symbol asset_class position_type quantity entry_price entry_date exit_date "
    "exit_price multiplier underlying option_type strike expiry",
    "book.private_marks": "portfolio_id symbol mark_date price",
    "book.price_overrides": "portfolio_id symbol session price",
    "book.cash_flows": "portfolio_id flow_date amount",
    "analytics.slices": "asset session portfolio_id input_hash code_version output_digest row_count",
}
TABLES: Final = {
    **{spec.qualified: spec.column_names for spec in (PRICES, SECURITIES, SHORT_INTEREST, SPLITS, *DERIVED)},
    **{table: tuple(columns.split()) for table, columns in _ALSO.items()},
}
"""Tables and the columns that say what is known: all but runs, commits and instants."""


@dataclass(frozen=True)
class Content:
    """All rows of a table in one hash."""

    rows: int
    sha256: str


def read_cells(connection: Connection[Any]) -> Cells:
    """Read the manifest of everything that was computed."""
    return {row[:3]: row[3:] for row in connection.execute(query("demonstration/cells")).fetchall()}


def in_cone(cells: Iterable[Cell], impact: str) -> set[Cell]:
    """The stored slices that a cone, as `sigmasight impact --json` prints it, holds."""
    found = set()
    for reached in json.loads(impact)["assets"]:
        first, last = (date.fromisoformat(reached[end]) for end in ("first", "last"))
        portfolios = set(reached["portfolios"]) or {0}
        found |= {
            (asset, day, portfolio)
            for asset, day, portfolio in cells
            if asset == reached["asset"] and first <= day <= last and portfolio in portfolios
        }
    return found


def other_inputs(before: Cells, after: Cells) -> set[Cell]:
    """Slices that are made of other inputs now."""
    return _differing(before, after, _INPUT_HASH)


def other_rows(before: Cells, after: Cells) -> set[Cell]:
    """Slices that have other rows now."""
    return _differing(before, after, _OUTPUT_DIGEST)


def _differing(before: Cells, after: Cells, at: int) -> set[Cell]:
    return {
        cell
        for cell in before.keys() | after.keys()
        if (before[cell][at] if cell in before else None) != (after[cell][at] if cell in after else None)
    }


def rows_since(connection: Connection[Any], since: datetime) -> dict[Cell, tuple[int, int]]:
    """How many rows of each slice were written, and superseded, after an instant."""
    found = {}
    for spec in DERIVED:
        statement = SQL(query("demonstration/rows_since")).format(
            table=compose.table(spec.schema, spec.name),
            history=compose.table(spec.schema, spec.name, "_history"),
            portfolio=_portfolio(spec),
        )
        for session, portfolio, written, superseded in connection.execute(
            statement, {"since": since}
        ).fetchall():
            found[spec.name, session, portfolio] = (written, superseded)
    return found


def _portfolio(spec: TableSpec) -> SQL:
    return SQL("t.portfolio_id") if spec.by_portfolio else SQL("0")


def read_contents(connection: Connection[Any]) -> dict[str, Content]:
    """Rows and hash of every table."""
    found = {}
    for table, columns in TABLES.items():
        schema, name = table.split(".")
        statement = SQL(query("demonstration/digest")).format(
            columns=compose.names(columns), table=compose.table(schema, name)
        )
        found[table] = Content(*connection.execute(statement).fetchall()[0])
    return found


def looked_at(run_id: str) -> dict[str, dict[str, int]]:
    """What Dagster's record of a run says of each table: slices new, changed, unchanged, and rows written."""
    import dagster as dg

    found: dict[str, dict[str, int]] = {}
    with dg.DagsterInstance.get() as instance:
        for entry in instance.all_logs(run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION):
            event = entry.dagster_event
            if event is None or "slices" not in event.step_materialization_data.materialization.metadata:
                continue
            found |= event.step_materialization_data.materialization.metadata["slices"].value  # type: ignore[arg-type]
    return found
