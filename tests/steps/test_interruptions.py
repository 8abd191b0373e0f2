"""A history in the making: killed at any statement, watched all the while, its book edited under it."""

import multiprocessing
import os
import random
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest

from pipelines.postgres import DatabaseUrls
from pipelines.sessions import session_index
from pipelines.steps.chain import STEPS, run_step
from pipelines.steps.plan import Request
from pipelines.tables.database import Database
from tests.steps.book_case import FIRST, LAST, SESSIONS
from tests.steps.long_short import LONG_SHORT, PRICES
from tests.steps.test_equalities import assert_same, check_mirror
from tests.steps.world import World, fetch, open_world

pytestmark = pytest.mark.long


def test_a_book_edit_during_a_run_is_not_seen_by_its_later_assets(world: World) -> None:
    world.start(LONG_SHORT, PRICES).run(FIRST, LAST)
    expected = world.tables()
    world.start(LONG_SHORT, PRICES)
    request = Request(session_index(FIRST), session_index(LAST))
    with world.opened(FIRST, LAST) as run:
        fetch(run, world.source, request)
        for number, step in enumerate(STEPS):
            run_step(run.database, step, request, run.input_instant())
            world.edit_book(
                "update book.positions set quantity = quantity + sign(quantity) where not asset_class = 'PRIVATE'"
            )
            world.edit_book("update book.cash_flows set amount = amount + 1")
            world.edit_book(
                "insert into book.private_marks values (2, 'ACME', '2024-01-02', %s)"
                " on conflict (portfolio_id, symbol, mark_date) do update set price = excluded.price",
                [number + 1],
            )
    assert_same(world.tables(), expected)
    world.run(FIRST, LAST)
    assert world.tables()["position_pnl"] != expected["position_pnl"]


@contextmanager
def polling(world: World) -> Iterator[list[tuple[Any, ...]]]:
    """Watch, from a connection of its own and in single statements, for balances that are not the latest closing."""
    query = (
        "select p.id, p.equity_balance, p.equity_as_of, r.session, r.closing_equity from book.portfolios p"
        " left join lateral (select * from analytics.rolled_equity r where r.portfolio_id = p.id"
        " order by session desc limit 1) r on true"
        " where (p.equity_balance, p.equity_as_of)"
        " <> (coalesce(r.closing_equity, p.initial_equity), coalesce(r.session, p.inception_date))"
    )
    wrong: list[tuple[Any, ...]] = []
    ended = threading.Event()
    polls = 0

    def watch() -> None:
        nonlocal polls
        with psycopg.connect(world.urls.reader, autocommit=True) as reader:
            while not ended.is_set() or polls < 10:
                wrong.extend(reader.execute(query).fetchall())
                polls += 1

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield wrong
    finally:
        ended.set()
        thread.join()


def test_the_equity_balance_is_the_latest_closing_at_every_moment(world: World) -> None:
    world.start(LONG_SHORT, PRICES)
    with polling(world) as wrong:
        world.run(FIRST, SESSIONS[9])
        world.run(SESSIONS[10], LAST)
        world.source = PRICES.restated({("AAA", SESSIONS[3]): 77.0})
        world.run(SESSIONS[3], SESSIONS[3], [1])
    assert not wrong
    check_mirror(world)


def test_runs_killed_at_any_statement_leave_whole_slices_and_are_completed_by_the_next(world: World) -> None:
    """A process of its own is killed at random statements; whatever it leaves, the next run makes whole."""
    world.start(LONG_SHORT, PRICES)
    request = Request(session_index(FIRST), session_index(LAST))
    with world.opened(FIRST, LAST) as run:
        fetch(run, world.source, request)
        for step in STEPS:
            run_step(run.database, step, request, run.input_instant())
        statements = run.database.statements
    expected = world.tables()
    chosen = random.Random(7)  # noqa: S311
    for _ in range(5):
        world.start(LONG_SHORT, PRICES)
        assert _run_and_die(world, chosen.randrange(20, statements)) == -signal.SIGKILL
        _check_whole_slices(world)
        check_mirror(world)
        world.run(FIRST, LAST)
        assert_same(world.tables(), expected)
        assert world.rows("select status, count(*) from analytics.runs group by 1 order by 1") == [
            ("failed", 1),
            ("succeeded", 1),
        ]


def _run_and_die(world: World, after: int) -> int | None:
    """Run in a process that is killed before its statement number `after`; its exit code."""
    process = multiprocessing.get_context("fork").Process(target=_dying_run, args=(world.urls, after))
    process.start()
    process.join(60)
    return process.exitcode


def _dying_run(urls: DatabaseUrls, after: int) -> None:
    with open_world(urls) as world, pytest.MonkeyPatch.context() as patch:

        def count(self: Database, name: str, value: object) -> None:
            object.__setattr__(self, name, value)
            if name == "statements" and value == after:
                os.kill(os.getpid(), signal.SIGKILL)

        patch.setattr(Database, "__setattr__", count)
        world.source = PRICES
        world.run(FIRST, LAST)


def _check_whole_slices(world: World) -> None:
    """Every slice has the rows its manifest entry counts, no row is without an entry, every commit an instant."""
    for spec in (
        "position_pnl",
        "rolled_equity",
        "position_greeks",
        "factor_exposures",
        "risk_metrics",
        "snapshots",
    ):
        assert not world.rows(
            f"select * from (select session, portfolio_id, count(*) as rows from analytics.{spec} group by 1, 2) t"
            " full join (select * from analytics.slices where asset = %s) s using (session, portfolio_id)"
            " where coalesce(t.rows, 0) is distinct from s.row_count",
            [spec],
        ), spec
    assert not world.rows("select * from analytics.commits where committed_at is null")
    counts = (
        "select asset, portfolio_id, count(*) from analytics.slices where asset <> 'prices' group by 1, 2"
    )
    sessions = {(asset, portfolio): n for asset, portfolio, n in world.rows(counts)}
    assert all(n in (len(SESSIONS), len(SESSIONS) - 1, len(SESSIONS) - 3) for n in sessions.values()), (
        sessions
    )
