"""Requested runs: one run for each request, and an answer to each."""

from datetime import date

import dagster as dg
import psycopg
import pytest

from pipelines.automation.requests import REQUEST_TAG, failed_requests, pending, requested_runs
from pipelines.definitions import defs
from pipelines.sessions import offset
from tests.automation.desk import Desk, new_york

DAY = date(2024, 7, 2)
NOW = new_york(DAY, 18)
REACH = 10


@pytest.fixture
def firm(desk: Desk) -> Desk:
    """Two books that nobody has computed yet."""
    desk.vendor.publish(DAY)
    desk.upload("new", offset(DAY, -2), DAY)
    desk.upload("old", offset(DAY, -20), DAY)
    return desk


def answers(desk: Desk, request: int) -> list[tuple[str, str | None]]:
    rows = desk.rows(
        "select status, error from analytics.runs where request_id = %s order by started_at", request
    )
    return [(str(status), error) for status, error in rows]


def asked(desk: Desk) -> list[dg.RunRequest]:
    return list(requested_runs(desk.pipeline, NOW, REACH))


def test_a_request_that_is_seen_twice_is_one_run(firm: Desk) -> None:
    request = firm.request("upload", [1])
    first, second = asked(firm), asked(firm)
    assert [r.run_key for r in first] == [r.run_key for r in second] == [f"request-{request}"]
    firm.all(iter(first + second))
    assert answers(firm, request) == [("succeeded", None)]
    assert asked(firm) == []


@pytest.mark.parametrize(
    ("kind", "portfolios", "start"),
    [
        ("upload", [2], offset(DAY, -19)),
        ("daily", None, offset(DAY, -1)),
        ("recalculate", [1], offset(DAY, -1)),
    ],
    ids=["an upload's whole history", "a daily update without the long history", "recalculate"],
)
def test_the_range_of_a_request(firm: Desk, kind: str, portfolios: list[int] | None, start: date) -> None:
    firm.request(kind, portfolios)
    (request,) = asked(firm)
    assert request.tags["dagster/asset_partition_range_start"] == start.isoformat()
    assert request.tags["dagster/asset_partition_range_end"] == DAY.isoformat()


def test_an_upload_that_is_complete_already_has_succeeded(firm: Desk) -> None:
    firm.request("upload", [1])
    firm.all(iter(asked(firm)))
    again = firm.request("upload", [1])
    assert asked(firm) == []
    assert answers(firm, again) == [("succeeded", None)]


def test_a_daily_update_fetches_anew_even_if_nothing_is_missing(firm: Desk) -> None:
    firm.request("daily")
    firm.all(iter(asked(firm)))
    firm.request("daily")
    assert [r.tags["dagster/asset_partition_range_start"] for r in asked(firm)] == [DAY.isoformat()]


def test_a_request_for_the_future_says_why_it_cannot_be(firm: Desk) -> None:
    request = firm.request("recalculate", start=offset(DAY, 1))
    assert asked(firm) == []
    assert answers(firm, request) == [("failed", "there is no closed session from 2024-07-03 to 2024-07-02")]


def test_a_question_why_says_from_when_to_when(firm: Desk) -> None:
    with pytest.raises(psycopg.errors.CheckViolation):
        firm.request("why", [1])
    assert pending(firm.pipeline) == []


def test_a_failed_run_answers_with_its_reason(firm: Desk) -> None:
    request = firm.request("recalculate", [2], start=DAY)
    (run,) = asked(firm)
    with pytest.raises(AssertionError, match="are missing"):
        firm.execute(run)
    (status, error), *more = answers(firm, request)
    assert (status, more) == ("failed", [])
    assert error == (
        f"portfolio 2: sessions {offset(DAY, -19)} to {offset(DAY, -1)} are missing."
        " Start the range at the first missing session or limit it to other portfolios"
    )


def test_a_run_that_died_before_its_record_is_answered_by_the_failure_sensor(firm: Desk) -> None:
    request = firm.request("upload", [1])
    run = firm.instance.create_run_for_job(
        defs.resolve_job_def("materialize"), tags={REQUEST_TAG: str(request)}
    )
    firm.instance.report_run_failed(run, "the process was killed")
    event = firm.instance.all_logs(run.run_id, of_type=dg.DagsterEventType.RUN_FAILURE)[0].get_dagster_event()
    context = dg.build_run_status_sensor_context(
        "failed_requests", event, firm.instance, run
    ).for_run_failure()
    failed_requests(context)
    assert answers(firm, request) == [("failed", "the process was killed")]
    assert asked(firm) == []  # it is made again in a while
