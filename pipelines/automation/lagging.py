"""Portfolios that the daily runs left behind: late uploads, failed ones, long histories. Nobody is lost."""

from collections.abc import Iterator
from datetime import date, datetime
from hashlib import blake2b
from typing import Any

import dagster as dg
from psycopg import Connection

from pipelines.automation.daily import lagging, read_progress
from pipelines.automation.jobs import (
    CATCH_UP_PRIORITY,
    MARKET_ASSETS,
    PRIORITY_TAG,
    RISK_ASSETS,
    SNAPSHOT_ASSETS,
    materialize_job,
)
from pipelines.catch_up import BY_PORTFOLIO
from pipelines.launch import Launch
from pipelines.postgres import Role, connect
from pipelines.sessions import utc_now
from pipelines.settings import Settings, settings
from pipelines.timetable import due_session


def due_sessions(now: datetime, chosen: Settings) -> dict[str, date]:
    """The last session whose daily run should be over, by asset."""
    times = (
        (chosen.market_time, MARKET_ASSETS),
        (chosen.risk_time, RISK_ASSETS),
        (chosen.snapshots_time, SNAPSHOT_ASSETS),
    )
    return {
        asset: due_session(now, when) for when, assets in times for asset in assets if asset in BY_PORTFOLIO
    }


def catch_up_requests(
    connection: Connection[Any], now: datetime, chosen: Settings
) -> Iterator[dg.RunRequest]:
    """One run for each first missing session; the same state asks only once."""
    due = due_sessions(now, chosen)
    for launch in lagging(read_progress(connection, list(due)), due, now):
        yield dg.RunRequest(
            run_key=_key(launch),
            run_config=launch.run_config(),
            tags=launch.tags() | {PRIORITY_TAG: str(CATCH_UP_PRIORITY)},
        )


def _key(launch: Launch) -> str:
    portfolios = blake2b(str(launch.portfolio_ids).encode(), digest_size=8).hexdigest()
    return f"catch-up-{launch.start}-{launch.end}-{portfolios}"


@dg.sensor(
    job=materialize_job,
    description="Brings up portfolios that lack a session that was due: uploads without a request, failed ones.",
    minimum_interval_seconds=60,
    default_status=dg.DefaultSensorStatus.RUNNING,
)
def lagging_portfolios() -> Iterator[dg.RunRequest]:
    """Bring up portfolios that lack a session that was due, one run for each first missing session."""
    with connect(Role.PIPELINE, autocommit=True) as connection:
        yield from catch_up_requests(connection, utc_now(), settings())
