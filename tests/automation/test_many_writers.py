"""Many writers: one at a time, and who had to wait is tried again."""

from datetime import date
from pathlib import Path

import dagster as dg
import psycopg
import pytest
import yaml  # type: ignore[import-untyped]
from dagster._core.events import RunFailureReason
from dagster._core.execution.retries import auto_reexecution_should_retry_run

from pipelines.automation.daily import ATTEMPTS
from pipelines.automation.requests import REQUEST_TAG, failed_requests, requested_runs
from pipelines.automation.schedules import day_schedules
from pipelines.definitions import defs
from pipelines.sessions import offset
from pipelines.tables.run import RunRecord, open_run
from sql import query
from tests.automation.desk import JOBS, Desk, new_york

DAY = date(2024, 7, 2)
NOW = new_york(DAY, 16)
ROOT = Path(__file__).parents[2]


def blocked(desk: Desk, job: str, request: dg.RunRequest, monkeypatch: pytest.MonkeyPatch) -> dg.DagsterRun:
    """Make a run while another one holds the lock; it fails, and has written nothing."""
    monkeypatch.setattr("pipelines.tables.run.LOCK_TIMEOUT_SECONDS", 0.2)
    desk.vendor.publish(DAY)
    desk.upload("book", offset(DAY, -1), DAY)
    with (
        psycopg.connect(desk.urls.pipeline, autocommit=True) as other,
        open_run(other, RunRecord("other", "backfill", DAY, DAY)),
    ):
        with pytest.raises(AssertionError):
            desk.execute(request, job)
        assert desk.rows("select run_id from analytics.runs") == [("other",)]
        assert desk.rows("select count(*) from analytics.slices") == [(0,)]
    (failure,) = desk.instance.all_logs(
        desk.instance.get_runs(limit=1)[0].run_id, of_type=dg.DagsterEventType.RUN_FAILURE
    )
    assert "run lock" in str(failure.get_dagster_event().job_failure_data.error)
    return desk.instance.get_runs(limit=1)[0]


def test_a_scheduled_run_that_never_got_the_lock_is_tried_again_by_dagster(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    (market, *_) = day_schedules()
    request = market(dg.build_schedule_context(desk.instance, scheduled_execution_time=NOW))
    assert isinstance(request, dg.RunRequest)
    run = blocked(desk, market.job_name, request, monkeypatch)
    assert run.tags["dagster/max_retries"] == "3"
    desk.keys.clear()
    desk.execute(request, market.job_name)


def test_a_requested_run_that_never_got_the_lock_is_made_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = desk.request("daily")

    def ask() -> list[dg.RunRequest]:
        return list(requested_runs(desk.pipeline, NOW, 10))

    (request,) = ask()
    run = blocked(desk, "materialize", request, monkeypatch)
    # The ephemeral instance keeps no tags of a run in process; the daemon's has them.
    desk.instance.add_run_tags(run.run_id, {REQUEST_TAG: str(number)})
    event = desk.instance.all_logs(run.run_id, of_type=dg.DagsterEventType.RUN_FAILURE)[0].get_dagster_event()
    tagged = desk.instance.get_runs(limit=1)[0]
    failed_requests(
        dg.build_run_status_sensor_context("failed_requests", event, desk.instance, tagged).for_run_failure()
    )
    assert ask() == []  # in a while
    desk.pipeline.execute("update analytics.runs set ended_at = ended_at - interval '21 seconds'")
    (again,) = ask()
    assert again.run_key == f"request-{number}-1"
    desk.execute(again)
    assert ask() == []
    stored = "select status, interrupted from analytics.runs where request_id = %s order by started_at"
    assert desk.rows(stored, number) == [("failed", True), ("succeeded", False)]


def test_a_request_that_is_interrupted_again_and_again_has_failed(desk: Desk) -> None:
    number = desk.request("daily")
    for attempt in range(ATTEMPTS):
        desk.pipeline.execute("update analytics.runs set ended_at = ended_at - interval '1 hour'")
        assert len(list(requested_runs(desk.pipeline, NOW, 10))) == 1
        params = {"run_id": str(attempt), "request_id": number, "error": "killed"}
        desk.pipeline.execute(query("requests/failed"), params)
    desk.pipeline.execute("update analytics.runs set ended_at = ended_at - interval '1 hour'")
    assert list(requested_runs(desk.pipeline, NOW, 10)) == []


def test_a_step_that_failed_is_tried_again_in_the_jobs_of_the_day(desk: Desk) -> None:
    for job in JOBS:
        definition = defs.resolve_job_def(job)
        run = desk.instance.create_run_for_job(definition, tags=dict(definition.tags))
        desk.instance.report_run_failed(run)
        failed = desk.instance.get_run_by_id(run.run_id)
        assert failed is not None
        assert auto_reexecution_should_retry_run(desk.instance, failed, RunFailureReason.STEP_FAILURE)


def test_the_queue_lets_one_run_at_a_time_write() -> None:
    instance = yaml.safe_load((ROOT / "dagster.yaml").read_text(encoding="utf-8"))
    assert instance["concurrency"]["runs"]["max_concurrent_runs"] == 1
    assert instance["run_monitoring"]["enabled"] is True
    assert instance["run_retries"]["enabled"] is True
    assert instance["run_retries"]["retry_on_asset_or_op_failure"] is False


def test_two_runs_of_one_process_take_turns(desk: Desk) -> None:
    """The lock is the database's: a run outside of the queue waits for one within, and comes after it."""
    with psycopg.connect(desk.urls.pipeline, autocommit=True) as other:
        with open_run(desk.pipeline, RunRecord("first", "daily", DAY, DAY)):
            holders = (
                "select count(*) from pg_locks l join pg_database d on d.oid = l.database "
                "where locktype = 'advisory' and granted and objid = 7426002 and datname = current_database()"
            )
            assert other.execute(holders).fetchone() == (1,)
        with open_run(other, RunRecord("second", "daily", DAY, DAY)):
            pass
    ended = desk.rows("select run_id, status from analytics.runs order by started_at")
    assert ended == [("first", "succeeded"), ("second", "succeeded")]
