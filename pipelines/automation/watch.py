"""What somebody should be told of: failed runs, failing checks, portfolios without today's snapshot."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Any, Final

import dagster as dg
from psycopg import Connection

from pipelines.automation.late import unsettled
from pipelines.automation.outbox import Alert
from pipelines.sessions import is_session
from pipelines.settings import Settings
from pipelines.timetable import NEW_YORK
from sql import query

TOLD_ELSEWHERE: Final = ("nothing_in_quarantine", "held_symbols_are_priced")
"""Checks of the prices whose failures `quarantined` and `at_deadline` tell of."""
MOST_READ: Final = 200
"""Runs and check evaluations read in one tick."""
_ONCE_A_DAY: Final = 24 * 60
_MARGIN: Final = timedelta(minutes=5)
"""Failures are read this far back, for clocks that differ; their ids keep one from being told twice."""


@dataclass(frozen=True)
class Seen:
    """Through where the instance has been read: the last check evaluation, the last failure, runs at that instant."""

    event_id: int
    runs_until: float
    run_ids: tuple[str, ...] = ()
    quarantined_until: str = ""


def start(instance: dg.DagsterInstance, now: datetime) -> Seen:
    """Begin at an instant: what happened before is no news."""
    newest = instance.event_log_storage.get_maximum_record_id() or 0
    _, seen = failed_runs(instance, Seen(newest, now.timestamp(), quarantined_until=now.isoformat()))
    return seen


def failed_runs(instance: dg.DagsterInstance, seen: Seen) -> tuple[list[Alert], Seen]:
    """Runs that failed for good since last read; one that Dagster tries again is not there yet."""
    after = datetime.fromtimestamp(seen.runs_until, UTC) - _MARGIN
    chosen = dg.RunsFilter(statuses=[dg.DagsterRunStatus.FAILURE], updated_after=after)
    records = instance.get_run_records(chosen, limit=MOST_READ, order_by="update_timestamp", ascending=True)
    new = [record for record in records if record.dagster_run.run_id not in seen.run_ids]
    alerts = [
        _failed_run(instance, record.dagster_run)
        for record in new
        if record.dagster_run.tags.get("dagster/will_retry") != "true"
    ]
    until = max([seen.runs_until, *(record.update_timestamp.timestamp() for record in new)])
    ids = (*seen.run_ids, *(record.dagster_run.run_id for record in new))
    return alerts, replace(seen, runs_until=until, run_ids=ids[-2 * MOST_READ :])


def _failed_run(instance: dg.DagsterInstance, run: dg.DagsterRun) -> Alert:
    step, reason = _reason(instance, run.run_id)
    sessions = [run.tags.get(f"dagster/asset_partition_range_{end}") for end in ("start", "end")]
    covered = f" for sessions {sessions[0]} to {sessions[1]}" if all(sessions) else ""
    digest = blake2b(f"{step}{reason}".encode(), digest_size=6).hexdigest()
    return Alert(
        key=f"run-{run.job_name}-{digest}",
        kind="run_failed",
        title=f"{run.job_name} failed{f' in {step}' if step else ''}{covered}",
        text=reason,
        session=sessions[1],
        run_id=run.run_id,
    )


def _reason(instance: dg.DagsterInstance, run_id: str) -> tuple[str, str]:
    """The first step that failed and why; else what the run says of its failure."""
    for entry in instance.all_logs(run_id, of_type=dg.DagsterEventType.STEP_FAILURE):
        event = entry.get_dagster_event()
        data = event.step_failure_data
        told = data.user_failure_data.description if data.user_failure_data else None
        error = data.error
        message = told or ((error.cause or error).message if error else event.message)
        return str(event.step_key), str(message).strip()
    for entry in instance.all_logs(run_id, of_type=dg.DagsterEventType.RUN_FAILURE):
        return "", str(entry.get_dagster_event().message).strip()
    return "", "no reason was recorded"


def failing_checks(instance: dg.DagsterInstance, seen: Seen) -> tuple[list[Alert], Seen]:
    """Asset checks that failed since last read; of one check the latest evaluation counts."""
    found = instance.event_log_storage.get_event_records(
        dg.EventRecordsFilter(dg.DagsterEventType.ASSET_CHECK_EVALUATION, after_cursor=seen.event_id),
        limit=MOST_READ,
        ascending=True,
    )
    latest: dict[str, tuple[Any, str]] = {}
    for record in found:
        evaluation = record.event_log_entry.get_dagster_event().asset_check_evaluation_data
        name = f"{evaluation.asset_key.to_user_string()}:{evaluation.check_name}"
        latest[name] = (evaluation, record.event_log_entry.run_id)
    failing = {name: told for name, told in latest.items() if not told[0].passed}
    # Alerts of their own tell of these once, and not again with every run: `quarantined` and `at_deadline`.
    alerts = [
        _failing_check(n, *told) for n, told in failing.items() if told[0].check_name not in TOLD_ELSEWHERE
    ]
    return alerts, replace(seen, event_id=max([seen.event_id, *(r.storage_id for r in found)]))


def _failing_check(name: str, evaluation: Any, run_id: str) -> Alert:
    asset, check = name.split(":", 1)
    figures = "; ".join(f"{key}: {entry.value}" for key, entry in sorted(evaluation.metadata.items()))
    text = "\n".join(part for part in (evaluation.description, figures) if part) or "see the run"
    return Alert(
        key=f"check-{name}",
        kind="check_failed",
        title=f"check {check} of {asset} fails",
        text=text,
        severity="warning" if evaluation.severity is dg.AssetCheckSeverity.WARN else "error",
        run_id=run_id,
    )


def quarantined(connection: Connection[Any], since: str, now: datetime) -> tuple[list[Alert], str]:
    """What vendors told since an instant (ISO; '': now) and is not believed, in one alert; and the newest instant."""
    if not since:
        return [], now.isoformat()
    rows = connection.execute(query("alerts/quarantined"), {"since": since}).fetchall()
    if not rows:
        return [], since
    lines = [
        f"{symbol}: {count} × {reason}, {first} to {last}" for symbol, reason, count, first, last, _ in rows
    ]
    newest = max(row[-1] for row in rows).isoformat()
    names = ", ".join(dict.fromkeys(row[0] for row in rows))
    alert = Alert(
        key=f"quarantine-{newest}",
        kind="quarantined",
        title=f"held back until somebody has looked: prices of {names}"[:200],
        text="\n".join(lines[:50])
        + "\nValues stay on the last accepted prices. `sigmasight quarantine list`",
        severity="warning",
    )
    return [alert], newest


def at_deadline(connection: Connection[Any], now: datetime, chosen: Settings) -> Iterator[Alert]:
    """After the deadline of a session: portfolios without its snapshot, and closes that never came."""
    day = now.astimezone(NEW_YORK).date()
    if not is_session(day) or now < datetime.combine(day, chosen.alert_deadline, NEW_YORK):
        return
    session = day.isoformat()
    missing = connection.execute(query("alerts/without_snapshot"), {"session": day}).fetchall()
    if missing:
        names = ", ".join(f"{name} ({portfolio})" for portfolio, name in missing[:20])
        more = f" and {len(missing) - 20} more" if len(missing) > 20 else ""
        yield Alert(
            key=f"no-snapshot-{session}",
            kind="no_snapshot",
            title=f"{len(missing)} portfolios have no snapshot of {session}",
            text=f"{names}{more}. `sigmasight status` shows why, and the next scheduled runs",
            session=session,
            cooldown_minutes=_ONCE_A_DAY,
        )
    late = unsettled(connection, now, timedelta(minutes=chosen.settle_minutes)).missing
    if late:
        yield Alert(
            key=f"closes-missing-{session}",
            kind="closes_missing",
            title=f"{len(late)} closes of {session} are missing",
            text=f"{', '.join(late[:50])}: the last ones are carried, flagged as stale. Look at the price source",
            severity="warning",
            session=session,
            cooldown_minutes=_ONCE_A_DAY,
        )
