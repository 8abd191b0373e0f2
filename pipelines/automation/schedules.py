"""The schedules of the day: weekdays in New York, skipped with a reason when the exchange is closed."""

from collections.abc import Sequence
from datetime import date, datetime, time
from typing import Any

import dagster as dg
from psycopg import Connection

from pipelines.automation.closures import closure
from pipelines.automation.daily import daily_range, read_progress
from pipelines.automation.jobs import (
    MARKET_ASSETS,
    RISK_ASSETS,
    SNAPSHOT_ASSETS,
    market_job,
    risk_job,
    snapshots_job,
)
from pipelines.catch_up import BY_PORTFOLIO
from pipelines.launch import Launch
from pipelines.postgres import Role, connect
from pipelines.sessions import close_of, is_session
from pipelines.settings import settings
from pipelines.timetable import NEW_YORK


def plan_day(connection: Connection[Any], assets: Sequence[str], now: datetime, reach: int) -> Launch | str:
    """Return what a daily job runs at an instant, or why it does not.

    assets: the job's own, of which each portfolio's missing sessions decide the range.
    """
    day = now.astimezone(NEW_YORK).date()
    if not is_session(day):
        return closure(day)
    if now < close_of(day):
        return f"session {day} closes at {close_of(day).astimezone(NEW_YORK):%H:%M}, after this schedule"
    own = [asset for asset in assets if asset in BY_PORTFOLIO]
    start, end = daily_range(read_progress(connection, own), day, reach)
    return Launch(start, end, "daily", strict=False, now=now)


def run_key(job: str, session: date) -> str:
    """One run of a job for a session, however often its tick is evaluated."""
    return f"{job}-{session}"


def _schedule(job: Any, at: time, assets: Sequence[str], description: str) -> dg.ScheduleDefinition:
    @dg.schedule(
        name=job.name,
        job=job,
        cron_schedule=f"{at.minute} {at.hour} * * 1-5",
        execution_timezone=NEW_YORK.key,
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description=description,
    )
    def scheduled(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        now = context.scheduled_execution_time
        with connect(Role.PIPELINE, autocommit=True) as connection:
            launch = plan_day(connection, assets, now, settings().catch_up_sessions)
        if isinstance(launch, str):
            return dg.SkipReason(launch)
        return dg.RunRequest(
            run_key=run_key(job.name, launch.end), run_config=launch.run_config(), tags=launch.tags()
        )

    return scheduled


def day_schedules() -> list[dg.ScheduleDefinition]:
    """The three schedules, at the times of the settings."""
    now = settings()
    return [
        _schedule(market_job, now.market_time, MARKET_ASSETS, "Prices, position P&L and rolled equity."),
        _schedule(risk_job, now.risk_time, RISK_ASSETS, "Greeks, betas, exposures and risk metrics."),
        _schedule(snapshots_job, now.snapshots_time, SNAPSHOT_ASSETS, "Snapshots."),
    ]
