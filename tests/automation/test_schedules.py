"""What the schedules ask for, and when they do not."""

from datetime import date

import dagster as dg
import pytest

from pipelines.automation.jobs import MARKET_ASSETS
from pipelines.automation.lagging import due_sessions
from pipelines.automation.schedules import day_schedules, plan_day
from pipelines.definitions import defs
from pipelines.launch import Launch
from pipelines.settings import settings
from tests.automation.desk import JOBS, Desk, new_york

FRIDAY, THURSDAY = date(2024, 7, 5), date(2024, 7, 3)


@pytest.mark.parametrize(
    ("day", "reason"),
    [
        (date(2024, 7, 4), "2024-07-04 is no NYSE session (July 4th); the next one is 2024-07-05"),
        (date(2025, 1, 9), "2025-01-09 is no NYSE session (special closure); the next one is 2025-01-10"),
        (date(2024, 7, 6), "2024-07-06 is no NYSE session (weekend); the next one is 2024-07-08"),
    ],
    ids=["holiday", "day of mourning", "weekend"],
)
def test_no_run_on_a_day_without_a_session(desk: Desk, day: date, reason: str) -> None:
    assert plan_day(desk.pipeline, MARKET_ASSETS, new_york(day, 16), 10) == reason


def test_no_run_before_the_close(desk: Desk) -> None:
    answer = plan_day(desk.pipeline, MARKET_ASSETS, new_york(FRIDAY, 15, 59), 10)
    assert answer == "session 2024-07-05 closes at 16:00, after this schedule"


def test_the_close_itself_is_not_too_soon(desk: Desk) -> None:
    now = new_york(FRIDAY, 16)
    expected = Launch(FRIDAY, FRIDAY, "daily", strict=False, now=now)
    assert plan_day(desk.pipeline, MARKET_ASSETS, now, 10) == expected


def test_jobs_have_the_required_limits() -> None:
    limits = {
        name: tuple(
            defs.resolve_job_def(name).tags[f"dagster/{tag}"] for tag in ("max_runtime", "max_retries")
        )
        for name in JOBS
    }
    assert limits == dict(zip(JOBS, [("300", "3"), ("600", "2"), ("300", "2")], strict=True))


def test_times_are_settings_of_new_york(monkeypatch: pytest.MonkeyPatch) -> None:
    assert [s.cron_schedule for s in day_schedules()] == ["0 16 * * 1-5", "0 17 * * 1-5", "30 17 * * 1-5"]
    monkeypatch.setenv("SIGMASIGHT_RISK_TIME", "16:45")
    risk = day_schedules()[1]
    assert (risk.cron_schedule, risk.execution_timezone) == ("45 16 * * 1-5", "America/New_York")


def test_a_schedule_asks_for_one_run_of_a_session(desk: Desk) -> None:
    context = dg.build_schedule_context(desk.instance, scheduled_execution_time=new_york(FRIDAY, 16))
    answer = day_schedules()[0](context)
    assert isinstance(answer, dg.RunRequest)
    assert answer.run_key == "daily_market_data-2024-07-05"
    assert answer.tags["dagster/asset_partition_range_start"] == "2024-07-05"


def test_a_session_is_due_when_its_daily_run_should_be_over() -> None:
    due = due_sessions(new_york(FRIDAY, 17, 5), settings())
    assert due["rolled_equity"] == FRIDAY
    assert due["risk_metrics"] == due["snapshots"] == THURSDAY
    assert set(due_sessions(new_york(FRIDAY, 17, 45), settings()).values()) == {FRIDAY}


def test_everything_loads_as_the_daemon_loads_it() -> None:
    repository = defs.get_repository_def()
    assert {job.name for job in repository.get_all_jobs()} >= {"materialize", "retention", *JOBS}
    repository.load_all_definitions()
