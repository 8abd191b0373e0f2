"""Closes that are late or provisional: asked for again at intervals, never waited for inside a run."""

import json
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

import dagster as dg
from psycopg import Connection

from pipelines.automation.jobs import PRIORITY_TAG, SCHEDULED_PRIORITY, materialize_job
from pipelines.calc.factors import FACTORS
from pipelines.launch import Launch
from pipelines.postgres import Role, connect
from pipelines.sessions import close_of, latest_session, offset, utc_now
from pipelines.settings import Settings, settings
from pipelines.sources.universe import SHORT_INTEREST_UNIVERSE
from pipelines.timetable import NEW_YORK, at
from sql import query

LATE_TAG: Final = "sigmasight/late_closes"
RECENT: Final = 5
"""Sessions looked back on: for provisional closes, and for closes that show a symbol is still quoted."""
_COMMON: Final = sorted({f.proxy for f in FACTORS if f.proxy} | set(SHORT_INTEREST_UNIVERSE))
UNDER_WAY: Final = (
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
)


@dataclass(frozen=True)
class Unsettled:
    """Closes that are missing from the latest session, and sessions whose closes are provisional."""

    missing: tuple[str, ...]
    provisional: tuple[date, ...]


@dataclass(frozen=True)
class Asked:
    """How often the closes of a session have been asked for again, and when last (ISO)."""

    session: str = ""
    times: int = 0
    last: str = ""


def unsettled(connection: Connection[Any], now: datetime, settle: timedelta) -> Unsettled:
    """Find the closes that have to be asked for again.

    settle: a close is final when it was fetched this long after the session's close.
    """
    latest = latest_session(now)
    recent = [offset(latest, -back) for back in range(RECENT)]
    final = [(day, close_of(day) + settle) for day in recent if close_of(day) + settle <= now]
    params = {
        "sessions": [day for day, _ in final],
        "final_at": [instant for _, instant in final],
        "is_latest": [day == latest for day, _ in final],
        "since": offset(latest, -RECENT),
        "common": _COMMON,
    }
    rows = connection.execute(query("daily/unsettled"), params).fetchall()
    missing = tuple(symbol for _, symbol, is_missing in rows if is_missing)
    return Unsettled(missing, tuple(sorted({day for day, _, is_missing in rows if not is_missing})))


def first_ask(session: date, now: Settings) -> datetime:
    """Return when closes are first asked for again: after they settle, and after the daily run for them."""
    settle = timedelta(minutes=now.settle_minutes)
    scheduled = at(session, now.market_time)
    return max(close_of(session), scheduled) + settle


def ask_again(found: Unsettled, asked: Asked, now: datetime, chosen: Settings) -> Launch | str:
    """Return the run that asks for closes again, or why there is none at this instant."""
    latest = latest_session(now)
    if now < first_ask(latest, chosen):
        return f"closes of {latest} are asked for again from {first_ask(latest, chosen).astimezone(NEW_YORK):%H:%M}"
    if not found.missing and not found.provisional:
        return f"all closes of {latest} are settled"
    described = _described(found)
    if asked.times >= chosen.ask_again_limit:
        return f"{described} after asking {asked.times} times: look at the price source"
    wait = timedelta(minutes=chosen.ask_again_minutes)
    if asked.last and now < datetime.fromisoformat(asked.last) + wait:
        return f"{described}; asking again in {wait.seconds // 60} minutes"
    start = min((*found.provisional, latest))
    return Launch(start, latest, "daily", strict=False, now=now)


def _described(found: Unsettled) -> str:
    parts = []
    if found.missing:
        names = ", ".join(found.missing[:20]) + (" …" if len(found.missing) > 20 else "")
        parts.append(f"{len(found.missing)} closes are missing ({names})")
    if found.provisional:
        parts.append(f"closes of {', '.join(map(str, found.provisional))} are provisional")
    return " and ".join(parts)


def tick(
    connection: Connection[Any], cursor: str | None, now: datetime, chosen: Settings
) -> tuple[dg.RunRequest | dg.SkipReason, str]:
    """Evaluate the sensor at an instant; returns what it asks for and its new cursor."""
    latest = latest_session(now).isoformat()
    asked = Asked(**json.loads(cursor)) if cursor else Asked(latest)
    if asked.session != latest:
        asked = Asked(latest)
    found = unsettled(connection, now, timedelta(minutes=chosen.settle_minutes))
    launch = ask_again(found, asked, now, chosen)
    if isinstance(launch, str):
        return dg.SkipReason(launch), json.dumps(asdict(asked))
    asked = Asked(latest, asked.times + 1, now.isoformat())
    request = dg.RunRequest(
        run_key=f"closes-{latest}-{asked.times}",
        run_config=launch.run_config(),
        tags=launch.tags() | {LATE_TAG: latest, PRIORITY_TAG: str(SCHEDULED_PRIORITY)},
    )
    return request, json.dumps(asdict(asked))


@dg.sensor(
    job=materialize_job,
    description="Asks again for closes that are missing or provisional, at intervals, up to a limit; then says which.",
    minimum_interval_seconds=60,
    default_status=dg.DefaultSensorStatus.RUNNING,
)
def late_closes(context: dg.SensorEvaluationContext) -> dg.RunRequest | dg.SkipReason:
    """Ask again for closes that are missing, or were fetched too soon after the close; then recompute."""
    now = utc_now()
    under_way = dg.RunsFilter(tags={LATE_TAG: latest_session(now).isoformat()}, statuses=list(UNDER_WAY))
    if context.instance.get_run_ids(under_way, limit=1):
        return dg.SkipReason("the last ask is still under way")
    with connect(Role.PIPELINE, autocommit=True) as connection:
        answer, cursor = tick(connection, context.cursor, now, settings())
    context.update_cursor(cursor)
    return answer
