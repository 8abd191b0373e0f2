"""When the day's jobs run. Knows the calendar and the settings, not Dagster."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from pipelines.sessions import (
    close_of,
    is_session,
    latest_session,
    offset,
    session_index,
    session_on_or_after,
)
from pipelines.settings import Settings

NEW_YORK: Final = ZoneInfo("America/New_York")
GRACE: Final = timedelta(minutes=15)
"""What a daily run may take, retries apart, before its session counts as due."""


def at(day: date, when: time) -> datetime:
    """Return an instant (UTC) by New York's clock."""
    return datetime.combine(day, when, NEW_YORK).astimezone(UTC)


def due_session(now: datetime, when: time) -> date:
    """The last session whose daily run, at `when`, should be over."""
    latest = latest_session(now)
    return latest if now >= at(latest, when) + GRACE else offset(latest, -1)


@dataclass(frozen=True, slots=True)
class Morning:
    """What a morning page is about, at an instant."""

    latest: date
    due: date
    """The last session that every portfolio should have."""
    not_due: int
    """Sessions from that one to the latest."""
    since: datetime
    """When the latest session's day began (UTC): what changed of older ones since then was restated."""
    age_hours: float
    """Since the latest session closed."""
    next_runs: list[tuple[str, datetime]]


def morning(now: datetime, chosen: Settings) -> Morning:
    """Return what the morning page of an instant is about."""
    latest, due = latest_session(now), due_session(now, chosen.snapshots_time)
    return Morning(
        latest=latest,
        due=due,
        not_due=session_index(latest) - session_index(due),
        since=at(latest, time(0)),
        age_hours=round((now - close_of(latest)).total_seconds() / 3600, 1),
        next_runs=next_runs(now, chosen),
    )


def next_runs(now: datetime, chosen: Settings) -> list[tuple[str, datetime]]:
    """The next run of each of the day's jobs after an instant, soonest first."""
    times = {
        "daily_market_data": chosen.market_time,
        "daily_risk_metrics": chosen.risk_time,
        "daily_snapshots": chosen.snapshots_time,
    }
    return sorted(((job, _next(now, when)) for job, when in times.items()), key=lambda pair: pair[1])


def _next(now: datetime, when: time) -> datetime:
    today = now.astimezone(NEW_YORK).date()
    if is_session(today) and now < at(today, when):
        return at(today, when)
    return at(session_on_or_after(date.fromordinal(today.toordinal() + 1)), when)
