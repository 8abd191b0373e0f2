"""What a restated price or an edited book made stale: recomputed by itself, that and no more."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from typing import Any, Final

import dagster as dg
from psycopg import Connection

from pipelines.automation.daily import ATTEMPTS
from pipelines.automation.jobs import CATCH_UP_PRIORITY, PRIORITY_TAG, materialize_job
from pipelines.automation.late import UNDER_WAY
from pipelines.checks.stale import STALE_CHECK, step_of
from pipelines.launch import Launch
from pipelines.postgres import Role, connect
from pipelines.sessions import latest_session, utc_now
from pipelines.settings import settings
from pipelines.steps.stale import declare
from pipelines.tables.database import Database
from sql import query

STALE_TAG: Final = "sigmasight/stale"

_TAGS: Final = {
    STALE_TAG: "true",
    PRIORITY_TAG: str(CATCH_UP_PRIORITY),
    # One that never got the lock has left no record, so Dagster tries it again.
    "dagster/max_retries": "3",
    "dagster/retry_on_asset_or_op_failure": "false",
}


@dataclass(frozen=True)
class StaleSlices:
    """Slices of one asset and portfolio (0: the whole firm) that are stale, and when their inputs last changed."""

    asset: str
    portfolio_id: int
    first: date
    last: date
    cells: int
    changed_at: datetime


@dataclass(frozen=True)
class Told:
    """What the sensor has done. asked: key of the last run; shown: asset → stale slices, as its check shows."""

    asked: str = ""
    shown: dict[str, int] = field(default_factory=dict)


def recomputation(stale: Sequence[StaleSlices], now: datetime) -> Launch | None:
    """The run that recomputes what is stale, of the portfolios that are; None if nothing is.

    Its range names no session that has not closed by this clock; it recomputes all that is stale.
    """
    latest = latest_session(now)
    stale = [slices for slices in stale if slices.first <= latest]
    if not stale:
        return None
    portfolios = tuple(sorted({slices.portfolio_id for slices in stale} - {0}))
    first, last = min(slices.first for slices in stale), max(slices.last for slices in stale)
    return Launch(first, min(last, latest), "stale", portfolios, strict=False, stale_only=True, now=now)


def run_key(stale: Sequence[StaleSlices], failed: int) -> str:
    """One run for a state of things, and one more each time it failed."""
    changed_at = max(slices.changed_at for slices in stale)
    first = min(slices.first for slices in stale)
    return f"stale-{changed_at:%Y%m%d-%H%M%S.%f}-{first}{f'-{failed}' if failed else ''}"


def read_waiting(connection: Connection[Any]) -> list[StaleSlices]:
    """What is stale."""
    return [StaleSlices(*row) for row in connection.execute(query("stale/waiting")).fetchall()]


def tick(
    connection: Connection[Any], cursor: str | None, now: datetime, *, under_way: bool = False
) -> dg.SensorResult:
    """Evaluate the sensor at an instant: one run for what is stale, unless something goes before it.

    A state that stays stale though its run has ended is shown by the assets' checks, and asks for no other run.
    """
    told = Told(**json.loads(cursor)) if cursor else Told()
    declare(Database(connection, ""), settings().risk_free_rate)
    busy = connection.execute(query("stale/busy"), {"attempts": ATTEMPTS}).fetchall()[0][0]
    if busy or under_way:
        return dg.SensorResult(skip_reason=busy or "the last recomputation is under way", cursor=cursor)
    stale = read_waiting(connection)
    launch = recomputation(stale, now)
    if launch is None:
        return _result(Told(told.asked), told, skip="nothing is stale")
    since = max(slices.changed_at for slices in stale)
    failed = connection.execute(query("stale/failed_runs"), {"since": since}).fetchall()[0][0]
    key = run_key(stale, failed)
    if key == told.asked or failed >= ATTEMPTS:
        cells = Counter[str]()
        for slices in stale:
            cells[step_of(slices.asset)] += slices.cells
        why = f"{sum(cells.values())} slices stay stale: see the last run and what it left out"
        return _result(Told(told.asked, dict(cells)), told, skip=why)
    tags = launch.tags() | _TAGS
    request = dg.RunRequest(run_key=key, run_config=launch.run_config(), tags=tags)
    return _result(Told(key, told.shown), told, request=request)


def _result(
    new: Told, old: Told, *, skip: str | None = None, request: dg.RunRequest | None = None
) -> dg.SensorResult:
    """What a tick asks for; checks whose state is another than they show are evaluated anew."""
    events = [
        dg.AssetCheckEvaluation(
            asset_key=dg.AssetKey(asset),
            check_name=STALE_CHECK,
            passed=asset not in new.shown,
            severity=dg.AssetCheckSeverity.WARN,
            metadata={"stale slices": new.shown.get(asset, 0)},
        )
        for asset in sorted(new.shown.keys() | old.shown.keys())
        if new.shown.get(asset) != old.shown.get(asset)
    ]
    return dg.SensorResult(
        run_requests=[request] if request else [],
        skip_reason=skip,
        cursor=json.dumps(asdict(new)),
        asset_events=events,
    )


@dg.sensor(
    job=materialize_job,
    description="Recomputes what a restated price, an edited book or other code made stale: that and no more.",
    minimum_interval_seconds=60,
    default_status=dg.DefaultSensorStatus.RUNNING,
)
def stale_sessions(context: dg.SensorEvaluationContext) -> dg.SensorResult:
    """Ask for one run that recomputes what is stale."""
    asked = dg.RunsFilter(tags={STALE_TAG: "true"}, statuses=list(UNDER_WAY))
    under_way = bool(context.instance.get_run_ids(asked, limit=1))
    with connect(Role.PIPELINE, autocommit=True) as connection:
        return tick(connection, context.cursor, utc_now(), under_way=under_way)
