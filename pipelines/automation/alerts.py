"""The sensor that tells somebody."""

import json
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from typing import Any

import dagster as dg
from psycopg import Connection

from pipelines.automation import outbox, watch, webhook
from pipelines.postgres import Role, connect
from pipelines.sessions import utc_now
from pipelines.settings import Settings, settings


def tick(
    instance: dg.DagsterInstance,
    connection: Connection[Any],
    cursor: str | None,
    now: datetime,
    chosen: Settings,
) -> tuple[str, list[str]]:
    """Find what is new, send what is due; returns the new cursor, and complaints about the receiver."""
    if chosen.alert_url is None:
        return cursor or "", []
    seen, box = _load(cursor) if cursor else (watch.start(instance, now), outbox.Outbox())
    runs, seen = watch.failed_runs(instance, seen)
    checks, seen = watch.failing_checks(instance, seen)
    doubts, until = watch.quarantined(connection, seen.quarantined_until, now)
    seen = replace(seen, quarantined_until=until)
    found = [*runs, *checks, *doubts, *watch.at_deadline(connection, now, chosen)]
    box.add(found, now, timedelta(minutes=chosen.alert_cooldown_minutes))
    url = chosen.alert_url.get_secret_value()

    def send(payload: dict[str, Any]) -> str | None:
        return webhook.post(url, webhook.without_secrets(payload, chosen))

    complaints = box.deliver(send, now)
    return json.dumps({"seen": asdict(seen), "outbox": outbox.dump(box)}), complaints


def _load(cursor: str) -> tuple[watch.Seen, outbox.Outbox]:
    stored = json.loads(cursor)
    seen = stored["seen"]
    until = seen.get("quarantined_until", "")
    return watch.Seen(seen["event_id"], seen["runs_until"], tuple(seen["run_ids"]), until), outbox.load(
        stored["outbox"]
    )


@dg.sensor(
    name="alerts",
    description="Tells SIGMASIGHT_ALERT_URL of failed runs, failing checks and missing snapshots.",
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
)
def alerts_sensor(context: dg.SensorEvaluationContext) -> dg.SkipReason:
    """Tell SIGMASIGHT_ALERT_URL of failed runs, failing checks and missing snapshots."""
    chosen = settings()
    if chosen.alert_url is None:
        return dg.SkipReason("SIGMASIGHT_ALERT_URL is not set: nobody is told")
    with connect(Role.PIPELINE, autocommit=True) as connection:
        cursor, complaints = tick(context.instance, connection, context.cursor, utc_now(), chosen)
    context.update_cursor(cursor)
    for complaint in complaints:
        context.log.warning(complaint)
    return dg.SkipReason("; ".join(complaints) or "nothing is waiting to be sent")
