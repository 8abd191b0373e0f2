"""A long backfill is many short ones, and goes on where it was interrupted."""

from dataclasses import replace
from datetime import date
from typing import Any

import psycopg
import pytest

from pipelines import backfill, launch
from pipelines.backfill import chunks, resume_at
from pipelines.launch import Launch, RunFailedError
from pipelines.postgres import DatabaseUrls
from pipelines.sessions import session_range
from tests.steps.book_case import BookCase, Lot, Portfolio, insert

pytestmark = pytest.mark.long

DAYS = session_range(date(2024, 1, 2), date(2024, 1, 12)).tolist()


@pytest.mark.parametrize("size", [1, 3, 8, 9, 100])
def test_chunks_are_the_range(size: int) -> None:
    parts = chunks(DAYS[0], DAYS[-1], size)
    assert [day for start, end in parts for day in session_range(start, end).tolist()] == DAYS
    assert all(len(session_range(*part)) == size for part in parts[:-1])


PARTS = chunks(DAYS[0], DAYS[-1], 3)


@pytest.mark.parametrize(
    ("last", "at"),
    [
        (None, 0),
        ((*PARTS[0], "succeeded"), 1),
        ((*PARTS[1], "failed"), 1),
        ((*PARTS[1], "running"), 1),
        ((*PARTS[-1], "succeeded"), 0),
        ((DAYS[0], DAYS[-1], "failed"), 0),
    ],
    ids=["never", "after the first", "in the second", "killed in the second", "complete", "another range"],
)
def test_resume_at(last: tuple[date, date, str] | None, at: int) -> None:
    assert resume_at(PARTS, last) == at


def test_one_that_fails_in_the_middle_goes_on_there(
    database: DatabaseUrls, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = BookCase((Portfolio(inception=DAYS[0]),), (Lot("AAPL", entry=DAYS[1]),))
    asked, said = Launch(DAYS[1], DAYS[-1], "backfill"), list[str]()
    with (
        psycopg.connect(database.intake, autocommit=True) as intake,
        psycopg.connect(database.pipeline, autocommit=True) as pipeline,
    ):
        insert(intake, case)
        launch.run(replace(asked, kind="whole"))
        expected = _snapshots(pipeline)
        monkeypatch.setattr(backfill, "CHUNK_SESSIONS", 3)
        monkeypatch.setattr(chunks, "__defaults__", (3,))
        ran = _fail_at(monkeypatch, 2)
        with pytest.raises(RunFailedError):
            backfill.backfill(pipeline, asked, said.append)
        assert ran == chunks(*(asked.start, asked.end), 3)[:1]
        ran = _fail_at(monkeypatch, None)
        runs = backfill.backfill(pipeline, asked, said.append)
        assert ran == chunks(asked.start, asked.end, 3)[1:]
        assert len(runs) == len(ran)
        assert any("going on with part 2 of 3" in line for line in said)
        assert any("left" in line for line in said)
        assert _snapshots(pipeline) == expected
        assert (
            pipeline.execute("select * from analytics.stale_slices(null, '-infinity', 'infinity')").fetchall()
            == []
        )


def _fail_at(monkeypatch: pytest.MonkeyPatch, number: int | None) -> list[tuple[date, date]]:
    """Let the run of a part fail; returns the ranges that were run."""
    ran: list[tuple[date, date]] = []

    def run(asked: Launch) -> str:
        if len(ran) + 1 == number:
            raise RunFailedError("killed")
        ran.append((asked.start, asked.end))
        return launch.run(asked)

    monkeypatch.setattr(backfill, "run", run)
    return ran


def _snapshots(connection: psycopg.Connection[Any]) -> list[tuple[Any, ...]]:
    return connection.execute(
        "select session, net_asset_value, daily_pnl from analytics.snapshots order by 1"
    ).fetchall()
