"""Two weeks on a simulated clock: a holiday, an early close, a missed day, a late source, a late upload."""

from datetime import date

import pytest

from pipelines.sessions import offset, session_range
from tests.automation.desk import JOBS, Desk, complete, new_york
from tests.verify.world import prove

FIRST, LAST = date(2024, 6, 24), date(2024, 7, 8)
MISSED = date(2024, 6, 27)
"""The daemon was down."""
LATE = date(2024, 7, 1)
"""The source gave the day's closes an hour late."""
UPLOAD = date(2024, 7, 2)
"""A book with 200 sessions of history arrives at 15:59."""
EARLY_CLOSE, HOLIDAY = date(2024, 7, 3), date(2024, 7, 4)


@pytest.mark.long
def test_two_weeks_end_with_every_session_complete_exactly_once(desk: Desk) -> None:
    desk.checks = True
    desk.vendor.publish(offset(FIRST, -1))
    desk.upload("first", offset(FIRST, -1), FIRST)
    desk.upload("second", offset(FIRST, -3), FIRST)
    for day in sorted([*session_range(FIRST, LAST).tolist(), HOLIDAY]):
        if day == MISSED:
            continue
        if day == LATE:
            _late_day(desk)
        elif day == UPLOAD:
            _upload_day(desk)
        else:
            desk.vendor.publish(day) if day != HOLIDAY else None
            desk.run_day(day)
    assert complete(desk, offset(FIRST, -2), LAST) == []
    assert prove(desk.urls).findings == []
    closed = "2024-07-04 is no NYSE session (July 4th); the next one is 2024-07-05"
    assert desk.skipped == [f"{job}: {closed}" for job in JOBS]
    days = len(session_range(FIRST, LAST)) - 1
    assert sum(job != "materialize" for job, _ in desk.ran) == 3 * days
    # Beside these: the second book's history, asked for by nobody; the missed day; the late closes, asked for each
    # ten minutes from 16:20; the upload, what its lots made stale of the firm's own tables, and its first day.
    extra = [key for job, key in desk.ran if job == "materialize"]
    assert extra[0].startswith("catch-up-2024-06-20-2024-06-21-")
    assert extra[1:7] == ["closes-2024-06-27-1", *(f"closes-2024-07-01-{ask}" for ask in range(1, 6))]
    assert [key.split("-")[0] for key in extra[7:]] == ["request", "stale", "catch"]


def _late_day(desk: Desk) -> None:
    """At 16:00 there are yesterday's closes only; today's come at 17:00, between two asks."""
    desk.schedules(new_york(LATE, 16))
    for minute in range(10, 60, 10):
        desk.sensors(new_york(LATE, 16, minute))
    stale = "select count(*) from analytics.position_pnl where session = %s and is_stale"
    assert desk.rows(stale, LATE) == [(4,)]
    desk.vendor.publish(LATE)
    desk.sensors(new_york(LATE, 17))
    assert desk.rows(stale, LATE) == [(0,)]
    desk.schedules(new_york(LATE, 17))
    desk.schedules(new_york(LATE, 17, 30))


def _upload_day(desk: Desk) -> None:
    """The upload's run starts at 15:59; at 16:00 it makes nobody's run longer, and it is complete by 16:20."""
    uploaded = desk.upload("long history", offset(UPLOAD, -200), UPLOAD, request=True)
    desk.vendor.publish(UPLOAD)
    desk.schedules(new_york(UPLOAD, 16))
    market = "select start_session, left_out from analytics.runs order by started_at desc limit 1"
    start, left_out = desk.rows(market)[0]
    assert start == UPLOAD
    assert list(left_out) == [str(uploaded)]
    desk.sensors(new_york(UPLOAD, 15, 59))
    desk.sensors(new_york(UPLOAD, 16, 20))
    done = "select max(session) from analytics.rolled_equity where portfolio_id = %s"
    assert desk.rows(done, uploaded) == [(UPLOAD,)]
    desk.run_day(UPLOAD)
