"""The morning page."""

from datetime import date
from decimal import Decimal
from io import StringIO
from typing import Any

import psycopg
import pytest
from rich.console import Console

from pipelines.cli.status import print_status, read_status
from pipelines.sessions import offset
from pipelines.settings import settings
from pipelines.timetable import next_runs
from sql import query
from tests.automation.desk import JOBS, SYMBOLS, Desk, new_york

pytestmark = pytest.mark.long

DAY = date(2024, 7, 2)
NEXT = offset(DAY, 1)
MORNING = new_york(date(2024, 7, 4), 9)


@pytest.fixture
def firm(desk: Desk) -> Desk:
    """Two books complete through a session; on the next one a close is missing, and a book cannot be computed."""
    desk.vendor.publish(DAY)
    desk.upload("first", offset(DAY, -2), DAY)
    desk.run_day(DAY)
    desk.vendor.publish(NEXT, [symbol for symbol in SYMBOLS if symbol != "XOM"])
    desk.schedules(new_york(NEXT, 16))
    desk.schedules(new_york(NEXT, 17))
    desk.schedules(new_york(NEXT, 17, 30))
    desk.upload("late", offset(DAY, -2), NEXT)
    return desk


def page(desk: Desk) -> dict[str, Any]:
    with psycopg.connect(desk.urls.reader) as reader:
        return read_status(reader, MORNING, settings())


def test_the_page_says_what_a_morning_asks(firm: Desk) -> None:
    found = page(firm)
    assert (found["latest_session"], found["due_session"], found["age_hours"]) == (NEXT, NEXT, 20.0)
    first, late = found["portfolios"]
    stored = firm.rows(
        "select net_asset_value, daily_pnl from analytics.snapshots where session = %s and portfolio_id = 1",
        NEXT,
    )
    assert (first["net_asset_value"], first["daily_pnl"]) == stored[0]
    assert (first["sessions_behind"], first["stale"], first["unpriced"]) == (0, ["XOM"], [])
    assert (late["session"], late["sessions_behind"]) == (None, 3)
    assert not found["is_complete"]
    assert [run["job"] for run in found["next_runs"]] == list(JOBS)
    assert found["next_runs"][0]["at"] == new_york(date(2024, 7, 5), 16)


def test_a_restated_session_is_named_with_what_it_changed(firm: Desk) -> None:
    # The commits are of the real clock, so the question is asked by it, too.
    since = firm.rows("select max(committed_at) from analytics.commits")[0][0]
    params = {"latest": NEXT, "since": since, "portfolios": None}
    restated = query("status/restated")
    assert firm.pipeline.execute(restated, params).fetchall() == []
    with firm.intake.transaction():
        firm.intake.execute("select analytics.begin_commit(null, 'edit')")
        firm.intake.execute("insert into book.cash_flows values (1, %s, 1234.5)", [DAY])
    firm.request("recalculate", [1], DAY)
    firm.sensors(MORNING)
    # The flow of the session before moved its NAV; the latest session is not history yet.
    assert firm.pipeline.execute(restated, params).fetchall() == [(1, 1, DAY, DAY, Decimal("1234.5"))]


def test_the_page_reads_in_a_terminal(firm: Desk) -> None:
    out = StringIO()
    print_status(page(firm), Console(file=out, width=100, highlight=False))
    text = out.getvalue()
    assert "1 of 2 portfolios are complete through 2024-07-03" in text
    assert "late is 3 sessions behind: no run has covered it yet" in text
    assert "XOM" in text
    assert "Next: daily_market_data Fri 05 Jul 16:00 New York" in text


@pytest.mark.parametrize(
    ("now", "jobs"),
    [
        (
            new_york(DAY, 15),
            [("daily_market_data", DAY), ("daily_risk_metrics", DAY), ("daily_snapshots", DAY)],
        ),
        (
            new_york(DAY, 16, 30),
            [("daily_risk_metrics", DAY), ("daily_snapshots", DAY), ("daily_market_data", NEXT)],
        ),
        (
            new_york(date(2024, 7, 6), 12),
            [(job, date(2024, 7, 8)) for job in JOBS],
        ),
    ],
    ids=["before", "between", "weekend"],
)
def test_next_runs(now: Any, jobs: list[tuple[str, date]]) -> None:
    assert [(job, at.date()) for job, at in next_runs(now, settings())] == jobs
