"""`sigmasight backfill` and `sigmasight up`."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import psycopg
import pytest

from pipelines.postgres import DatabaseUrls
from pipelines.sessions import latest_session, utc_now
from tests.cli.conftest import Command
from tests.steps.book_case import BookCase, Lot, Portfolio, insert

CASE = BookCase(
    (Portfolio(inception=date(2024, 1, 2)), Portfolio(inception=date(2024, 1, 2))),
    (Lot("AAPL", entry=date(2024, 1, 3)), Lot("MSFT", entry=date(2024, 1, 3), portfolio=2)),
)


@pytest.fixture
def owner(database: DatabaseUrls) -> Iterator[psycopg.Connection[Any]]:
    """A database with a book of two portfolios."""
    with (
        psycopg.connect(database.owner, autocommit=True) as connection,
        psycopg.connect(database.intake, autocommit=True) as intake,
    ):
        insert(intake, CASE)
        yield connection


def sessions(owner: psycopg.Connection[Any]) -> dict[int, list[str]]:
    """Sessions with a snapshot, by portfolio."""
    query = (
        "select portfolio_id, array_agg(session::text order by session) from analytics.snapshots group by 1"
    )
    return dict(owner.execute(query).fetchall())


@pytest.mark.long
def test_backfill_materializes_the_sessions_between_two_days(
    typed: Command, owner: psycopg.Connection[Any]
) -> None:
    """6 and 7 January are a weekend: neither end needs to be a session."""
    done = typed("backfill", "--start", "2024-01-03", "--end", "2024-01-07", "--portfolio", "2")
    assert done.returncode == 0, done.stderr
    assert "materialized 3 sessions, 2024-01-03 to 2024-01-05" in done.stdout
    assert sessions(owner) == {2: ["2024-01-03", "2024-01-04", "2024-01-05"]}
    done = typed("backfill", "--start", "2024-01-03", "--end", "2024-01-03")
    assert done.returncode == 0, done.stderr
    assert sessions(owner) == {1: ["2024-01-03"], 2: ["2024-01-03", "2024-01-04", "2024-01-05"]}
    hole = typed("backfill", "--start", "2024-01-05", "--end", "2024-01-05")
    assert hole.returncode == 1
    assert "portfolio 1: sessions 2024-01-04 to 2024-01-04 are missing" in hole.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (
            ["--start", "2024-01-06", "--end", "2024-01-07"],
            1,
            "there is no session from 2024-01-06 to 2024-01-07",
        ),
        (
            ["--start", "2024-01-05", "--end", "2024-01-03"],
            1,
            "there is no session from 2024-01-05 to 2024-01-03",
        ),
        (["--start", "2035-01-03", "--end", "2035-01-05"], 1, "session 2035-01-05 has not closed yet"),
        (["--start", "2014-12-30", "--end", "2015-01-05"], 1, "2015-01-02"),
        (["--start", "2024-01-03", "--end", "2024-01-05", "--portfolio", "9"], 1, "there is no portfolio 9"),
        (["--start", "2024-01-03"], 2, "--end"),
        (["--start", "3 January", "--end", "2024-01-05"], 2, "3 January"),
        (["--start", "2024-01-03", "--end", "2024-01-05", "--portfolio", "main"], 2, "--portfolio"),
    ],
)
def test_backfill_refuses_what_it_cannot_do(
    typed: Command, owner: psycopg.Connection[Any], arguments: list[str], code: int, said: str
) -> None:
    done = typed("backfill", *arguments)
    assert done.returncode == code
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert sessions(owner) == {}


@pytest.mark.long
def test_up_shows_a_whole_history_and_starts_where_it_was(typed: Command, database: DatabaseUrls) -> None:
    """On an external database, as it is to the tests, demo data comes only with --demo."""
    empty = typed("up", "--no-serve")
    assert empty.returncode == 0, empty.stderr
    assert "No portfolio has a snapshot yet" in empty.stdout
    first = typed("up", "--no-serve", "--demo")
    assert first.returncode == 0, first.stderr
    for heading in (
        "Net asset value",
        "P&L year",
        "Gross",
        "Market Beta",
        "Short Interest",
        "Sharpe ratio",
        "VaR 95",
    ):
        assert heading in first.stdout
    with psycopg.connect(database.owner) as owner:
        latest = latest_session(utc_now())
        assert owner.execute("select distinct equity_as_of from book.portfolios").fetchall() == [(latest,)]
        commits = owner.execute("select count(*) from analytics.commits").fetchall()
        owner.commit()
        again = typed("up", "--no-serve", "--demo")
        assert again.returncode == 0, again.stderr
        assert "everything is up to date" in again.stdout
        assert owner.execute("select count(*) from analytics.commits").fetchall() == commits
