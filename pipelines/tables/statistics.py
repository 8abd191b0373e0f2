"""What the planner knows of tables that a run has filled: it reads them a moment later."""

from collections.abc import Mapping
from typing import Final

from pipelines.tables.database import Database
from pipelines.tables.specs import BY_NAME
from pipelines.tables.store import Written

MANIFEST: Final = "analytics.slices"
_FEW_ROWS: Final = 1_000
"""So few new rows change nothing for the planner."""


def stored_rows(written: Mapping[str, Written]) -> dict[str, int]:
    """Return how many rows a step has stored, by qualified name of the table, the manifest's entries included."""
    rows = {BY_NAME[table].qualified: counts.rows_inserted for table, counts in written.items()}
    return {**rows, MANIFEST: sum(counts.new + counts.changed for counts in written.values())}


def refresh_statistics(database: Database, rows: Mapping[str, int]) -> None:
    """Let the planner know of rows that have been stored, by qualified name of the table, where they are many."""
    for table, count in rows.items():
        if count > _FEW_ROWS:
            database.run("store/refresh_statistics", {"table": table, "written": count})
