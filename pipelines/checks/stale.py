"""Which of an asset's slices are stale, as a check: sessions whose inputs changed and that were not recomputed."""

from typing import Final

from pipelines.steps.chain import STEPS
from pipelines.steps.stale import read_stale, tables_of
from pipelines.tables.database import Database

STALE_CHECK: Final = "no_session_is_stale"
STATEMENT: Final = "No input of a stored session has changed since it was computed."

Row = tuple[str, str, str, str, str]


def step_of(table: str) -> str:
    """The asset that fills a table."""
    return next(step for step in STEPS if any(spec.name == table for spec in tables_of(step)))


def stale_rows(database: Database, asset: str) -> list[Row]:
    """Table, first session, portfolio, nothing, and through which session: one row by stale portfolio."""
    found = read_stale(database, [spec.name for spec in tables_of(asset)])
    columns = (found[name].tolist() for name in ("asset", "first_session", "portfolio_id", "last_session"))
    return [
        (table, str(first), str(portfolio or ""), "", f"through {last}")
        for table, first, portfolio, last in zip(*columns, strict=True)
    ]
