"""Retention: what is old moves to the archive, and nobody notices."""

from datetime import UTC, date, datetime
from typing import Any

import dagster as dg
import pytest

from pipelines.automation.retention import NOW_TAG, archive, retention_schedule
from pipelines.definitions import defs
from pipelines.launch import Launch
from pipelines.sessions import offset
from pipelines.tables.run import RunRecord, open_run
from tests.automation.desk import Desk, complete, new_york

DAY = date(2024, 7, 2)
FIRST = offset(DAY, -9)
CUT = offset(DAY, -4)
NOW = new_york(DAY, 20)
KEPT_DAYS = (DAY - CUT).days


def prepare(desk: Desk) -> None:
    """A book of ten sessions."""
    desk.vendor.publish(DAY)
    desk.upload("book", offset(FIRST, -1), DAY)
    materialize(desk, FIRST, DAY)


@pytest.fixture
def firm(prepared_desk: Desk) -> Desk:
    """That book."""
    prepared_desk.vendor.publish(DAY)
    return prepared_desk


def materialize(desk: Desk, start: date, end: date) -> None:
    launch = Launch(start, end, "backfill")
    desk.execute(
        dg.RunRequest(run_key=str(len(desk.ran)), run_config=launch.run_config(), tags=launch.tags())
    )


def snapshots(desk: Desk, source: str = "analytics.snapshots") -> list[tuple[Any, ...]]:
    return desk.rows(f"select * from {source} order by session, portfolio_id")


def manifest(desk: Desk) -> list[tuple[Any, ...]]:
    return desk.rows("select * from analytics.slices order by asset, session, portfolio_id")


def test_old_snapshots_move_as_they_are(firm: Desk) -> None:
    before, entries = snapshots(firm), manifest(firm)
    done = archive(firm.pipeline, NOW, KEPT_DAYS)
    assert (done.before, done.rows, done.first, done.last) == (CUT, 5, FIRST, offset(CUT, -1))
    assert [row[0] for row in snapshots(firm, "only analytics.snapshots")] == [row[0] for row in before[5:]]
    assert snapshots(firm, "analytics.snapshots_archive") == before[:5]
    assert snapshots(firm) == before
    assert manifest(firm) == entries
    assert complete(firm, FIRST, DAY) == []
    assert archive(firm.pipeline, NOW, KEPT_DAYS).rows == 0


def test_a_past_instant_shows_what_it_showed(firm: Desk) -> None:
    instant = datetime.now(UTC)
    at = f"analytics.snapshots_at('{instant.isoformat()}')"
    before = snapshots(firm, at)
    assert len(before) == 10
    archive(firm.pipeline, NOW, KEPT_DAYS)
    assert snapshots(firm, at) == before
    _correct(firm)
    assert snapshots(firm, at) == before
    assert snapshots(firm) != before


def _correct(firm: Desk) -> None:
    """A price of an archived session is restated."""
    close = firm.vendor.close

    def corrected(symbol: str, day: date) -> float:
        return round(close(symbol, day) + (1.0 if (symbol, day) == ("AAPL", offset(FIRST, 1)) else 0.0), 2)

    firm.vendor.close = corrected  # type: ignore[method-assign]
    firm.vendor.publish(DAY)
    materialize(firm, offset(FIRST, 1), offset(FIRST, 1))


def test_recomputing_an_archived_session_with_the_same_inputs_changes_nothing(firm: Desk) -> None:
    archive(firm.pipeline, NOW, KEPT_DAYS)
    before, entries = snapshots(firm, "analytics.snapshots_archive"), manifest(firm)
    materialize(firm, FIRST, DAY)
    assert snapshots(firm, "analytics.snapshots_archive") == before
    assert manifest(firm) == entries


def test_a_correction_of_an_archived_session_is_stored_once(firm: Desk) -> None:
    archive(firm.pipeline, NOW, KEPT_DAYS)
    _correct(firm)
    # 100 AAPL × 1.00 up on the second session, and down again on the third.
    daily = {row[0]: row[1] for row in firm.rows("select session, daily_pnl from analytics.snapshots")}
    was = firm.rows("select session, daily_pnl from analytics.snapshots_history")
    changes = {day: daily[day] - pnl for day, pnl in was}
    second, third = offset(FIRST, 1), offset(FIRST, 2)
    assert (changes[second], changes[third]) == (100, -100)
    assert complete(firm, FIRST, DAY) == []
    assert archive(firm.pipeline, NOW, KEPT_DAYS).rows == len(changes)
    assert complete(firm, FIRST, DAY) == []


def test_the_job_archives_by_the_setting_and_leaves_a_record(
    firm: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIGMASIGHT_SNAPSHOT_RETENTION_DAYS", str(KEPT_DAYS))
    context = dg.build_schedule_context(firm.instance, scheduled_execution_time=NOW)
    request = retention_schedule()(context)
    assert isinstance(request, dg.RunRequest)
    assert request.tags[NOW_TAG] == NOW.isoformat()
    firm.execute(request, "retention")
    assert len(snapshots(firm, "analytics.snapshots_archive")) == 5
    kept = firm.rows("select status, start_session, end_session from analytics.runs where kind = 'retention'")
    assert kept == [("succeeded", FIRST, offset(CUT, -1))]
    assert defs.resolve_job_def("retention").tags["dagster/max_retries"] == "2"


def test_it_waits_for_the_run_lock(firm: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    import psycopg

    monkeypatch.setattr("pipelines.tables.run.LOCK_TIMEOUT_SECONDS", 0.2)
    with (
        psycopg.connect(firm.urls.pipeline, autocommit=True) as other,
        open_run(other, RunRecord("other", "daily", DAY, DAY)),
        pytest.raises(Exception, match="run lock"),
    ):
        archive(firm.pipeline, NOW, KEPT_DAYS)
    assert snapshots(firm, "analytics.snapshots_archive") == []
