"""Retention: old snapshots move to the archive, row by row as they are."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import uuid4

import dagster as dg
from psycopg import Connection

from pipelines.automation.jobs import CATCH_UP_PRIORITY, PRIORITY_TAG
from pipelines.automation.nightly import nightly
from pipelines.postgres import Role, connect
from pipelines.sessions import utc_now
from pipelines.settings import settings
from pipelines.tables.run import RunRecord, open_run
from pipelines.timetable import NEW_YORK
from sql import query

NOW_TAG: Final = "sigmasight/now"
"""Instant a scheduled run takes as now; a run started by hand takes the clock."""


@dataclass(frozen=True)
class Archived:
    """Rows moved to the archive, of sessions before `before`, and the sessions they are of."""

    before: date
    rows: int = 0
    first: date | None = None
    last: date | None = None


def archive(connection: Connection[Any], now: datetime, days: int, run_id: str | None = None) -> Archived:
    """Move snapshots older than some days to the archive, under the run lock; LockedError if it is taken.

    What every reader sees stays the same: the archive is part of `analytics.snapshots`. A session that is
    recomputed later is stored there anew, and archived again by the next call.
    """
    before = now.astimezone(NEW_YORK).date() - timedelta(days=days)
    rows, first, last = _old(connection, before)
    if not rows:
        return Archived(before)
    record = RunRecord(run_id or str(uuid4()), "retention", first, last)
    with open_run(connection, record) as run, run.database.transaction():
        moved = run.database.run("retention/archive", {"before": before})
    return Archived(before, moved, first, last)


def _old(connection: Connection[Any], before: date) -> tuple[int, Any, Any]:
    found = connection.execute(query("retention/old"), {"before": before}).fetchall()[0]
    return found[0], found[1], found[2]


@dg.op(
    description="Moves snapshots older than SIGMASIGHT_SNAPSHOT_RETENTION_DAYS to analytics.snapshots_archive."
)
def archive_snapshots(context: dg.OpExecutionContext) -> None:
    """Archive under the run's own id."""
    told = context.run.tags.get(NOW_TAG)
    now = datetime.fromisoformat(told) if told else utc_now()
    with connect(Role.PIPELINE, autocommit=True) as connection:
        done = archive(connection, now, settings().snapshot_retention_days, context.run_id)
    context.log.info(f"{done.rows} snapshots of sessions before {done.before} moved to the archive")
    context.add_output_metadata({"rows": done.rows, "before": done.before.isoformat()})


@dg.job(
    name="retention",
    executor_def=dg.in_process_executor,
    description="Old snapshots move to the archive; every read still sees them.",
    tags={"dagster/max_runtime": "600", "dagster/max_retries": "2", PRIORITY_TAG: str(CATCH_UP_PRIORITY)},
)
def retention_job() -> None:
    """Archive old snapshots."""
    archive_snapshots()


def retention_schedule() -> dg.ScheduleDefinition:
    """Every night, at the time of the settings."""
    return nightly(
        retention_job,
        settings().retention_time,
        "Moves old snapshots to the archive.",
        lambda now: {NOW_TAG: now.isoformat()},
    )
