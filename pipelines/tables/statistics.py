"""What the planner knows of tables that a run has filled: it reads them a moment later."""

from collections.abc import Mapping
from typing import Final

from pipelines.tables.database import Database
from pipelines.tables.specs import BY_NAME
from pipelines.tables.store import Written

_FEW_ROWS: Final = 1_000
"""So few new rows change nothing for the planner."""


def refresh_statistics(database: Database, written: Mapping[str, Written]) -> None:
    """Let the planner know of what has been stored, by table, where that is much."""
    slices = sum(counts.new + counts.changed for counts in written.values())
    rows = {BY_NAME[table].qualified: counts.rows_inserted for table, counts in written.items()}
    for table, count in {**rows, "analytics.slices": slices}.items():
        if count > _FEW_ROWS:
            database.run("store/refresh_statistics", {"table": table, "written": count})
