"""What happens to a history when runs are missed, killed, watched, or meet a late vendor or a changed book."""

import multiprocessing
import os
import random
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np
import psycopg
import pytest

from pipelines.postgres import DatabaseUrls
from pipelines.sessions import offset, session_index
from pipelines.steps import work
from pipelines.steps.chain import STEPS, run_step
from pipelines.steps.plan import HoleError, Request
from pipelines.tables.database import Database
from tests.steps.accounts import check_accounts
from tests.steps.book_case import FIRST, LAST, SESSIONS, BookCase, Lot, Portfolio
from tests.steps.memory_prices import MemoryPrices, random_walks
from tests.steps.test_equalities import assert_same, check_mirror, everything
from tests.steps.world import World, fetch, open_world

D = Decimal
LONG_SHORT = BookCase(
    (Portfolio(), Portfolio(D("250000.5"), SESSIONS[2])),
    (
        Lot("AAA", D(1000), D("50.25"), date(2023, 12, 1)),
        Lot("BBB", D(-350), D("99.99"), date(2023, 12, 23)),
        Lot("AAA", D(5), D("2.5"), date(2023, 12, 20), multiplier=D(100), option_type="call",
            strike=D(50), expiry=date(2024, 1, 5)),
        Lot("CCC", D(-7), D("1.5"), date(2023, 12, 20), multiplier=D(10), option_type="put",
            strike=D("87.5"), expiry=date(2024, 1, 6), portfolio=2),
        Lot("ACME", D(100), D(5), date(2023, 12, 27), private=True, portfolio=2),
        Lot("BBB", D(100), D(10), date(2023, 12, 21), exit=date(2024, 1, 1), exit_price=D("12.5"), portfolio=2),
    ),
    ((2, "ACME", date(2023, 12, 31), D("5.5")),),
    ((1, date(2023, 12, 30), D("1000.0001")), (2, date(2024, 1, 3), D(-20))),
)  # fmt: skip
PRICES = random_walks(LONG_SHORT.instruments)


def test_the_history_is_the_same_one_session_at_a_time_as_in_one_range(world: World) -> None:
    """Long enough for realized risk, which needs twenty returns."""
    end = date(2024, 1, 24)
    world.start(LONG_SHORT, PRICES).run(FIRST, end)
    expected = world.tables()
    assert any("\\N" not in row.split("\t")[2:7] for row in expected["risk_metrics"])
    assert any("\\N" not in row for row in expected["factor_betas"])
    assert not [row for row in expected["factor_returns"] if "\\N" in row.split("\t")[2]]
    world.start(LONG_SHORT, PRICES)
    session = FIRST
    while session <= end:
        world.run(session, session, strict=True)
        check_mirror(world)
        session = offset(session, 1)
    assert_same(world.tables(), expected)


@pytest.mark.parametrize("missed", [1, 4])
def test_missed_days_are_caught_up_by_a_later_run(world: World, missed: int) -> None:
    world.start(LONG_SHORT, PRICES).run(FIRST, LAST)
    expected = world.tables()
    last_run = SESSIONS[-2 - missed]
    world.start(LONG_SHORT, PRICES).run(FIRST, last_run)
    world.run(offset(last_run, 1), LAST, strict=True)
    assert_same(world.tables(), expected)


@pytest.mark.parametrize("symbol", ["AAA", "BBB"], ids=["held and under an option", "short"])
def test_a_close_that_comes_late_loses_no_profit_or_loss(world: World, symbol: str) -> None:
    """The vendor has no close on the session of a run; on the next session it has both."""
    gap = SESSIONS[-2]
    world.start(LONG_SHORT, PRICES.without([(symbol, gap, gap)])).run(FIRST, gap)
    world.source = PRICES
    world.run(LAST, LAST, strict=True)
    check_cash_is_explained(world)
    world.run(gap, LAST)  # asked to look again, the run restates the session
    check_accounts(world, LONG_SHORT, LAST)


def check_cash_is_explained(world: World) -> None:
    """Δcash = −Σ cost entered + Σ exit values + Σ intrinsic of yesterday's expiries + flows, on every session.

    On the last session of the test's book nothing is traded, so cash stays what it was.
    """
    rows = world.rows(
        "select portfolio_id, array_agg(cash order by session) from analytics.snapshots"
        " where session >= %s group by 1",
        [SESSIONS[-2]],
    )
    assert len(rows) == 2
    for portfolio, (before, after) in rows:
        assert after == before, f"portfolio {portfolio}"


def test_a_restated_price_that_only_one_portfolio_recomputes_loses_nothing_in_the_other(world: World) -> None:
    """Portfolio 2 shares BBB and is not part of the repair: it goes on from what it has stored."""
    case = BookCase(
        (Portfolio(), Portfolio()), (Lot("BBB", portfolio=1), Lot("BBB", D(-350), D("99.99"), portfolio=2))
    )
    day = SESSIONS[-2]
    world.start(case, PRICES).run(FIRST, day)
    world.source = PRICES.restated({("BBB", day): 123.45})
    world.run(day, day, [1])
    world.run(LAST, LAST, strict=True)
    check_cash_is_explained(world)
    world.run(day, LAST)
    check_accounts(world, case, LAST)


def test_a_vendor_s_first_price_of_an_unknown_symbol_is_caught_up(world: World) -> None:
    case = BookCase(lots=(Lot("NEW"),))
    source = random_walks(["NEW"])
    world.start(case, source.without([("NEW", date.min, date.max)])).run(FIRST, SESSIONS[-2])
    assert world.rows("select bool_and(is_unpriced) from analytics.position_pnl") == [(True,)]
    world.source = source
    world.run(LAST, LAST, strict=True)
    nav, unrealized = world.rows(
        "select closing_equity, unrealized_pnl from analytics.rolled_equity join analytics.position_pnl"
        " using (session, portfolio_id) where session = %s",
        [LAST],
    )[0]
    assert unrealized != 0
    assert nav == case.portfolios[0].initial_equity + unrealized


def test_a_mark_that_nobody_can_believe_is_set_aside_in_every_chunk(world: World) -> None:
    """2e9 USD a unit, and 100 units: 2e11 USD. The mark before it stays in force."""
    case = BookCase(
        lots=(Lot("ACME", private=True),),
        marks=(
            (1, "ACME", SESSIONS[3], D("60")),
            (1, "ACME", SESSIONS[6], D(2_000_000_000)),
            (1, "ACME", SESSIONS[12], D("61")),
        ),
    )
    world.start(case, PRICES).run(FIRST, LAST)
    expected = world.tables()
    worth = dict(world.rows("select session, market_value from analytics.position_pnl"))
    assert [worth[SESSIONS[n]] for n in (3, 6, 11, 12)] == [6000, 6000, 6000, 6100]
    world.start(case, PRICES)
    for session in SESSIONS:
        world.run(session, session)
    assert_same(world.tables(), expected)


def test_a_close_from_before_the_book_s_lookback_counts_for_every_portfolio_alike(world: World) -> None:
    """AAA is suspended since September; only portfolio 2, which starts in October, looks that far back."""
    early, late = date(2023, 10, 2), date(2023, 12, 29)
    case = BookCase(
        (Portfolio(inception=late), Portfolio(inception=early)),
        (Lot(entry=date(2023, 6, 5)), Lot(entry=date(2023, 6, 5), portfolio=2)),
    )
    source = PRICES.without([("AAA", date(2023, 9, 5), date.max)])
    world.start(case, source).run(early, LAST)
    expected = world.tables()
    world.start(case, source)
    world.run(early, LAST, [1])
    world.run(early, LAST, [2])
    assert_same(world.tables(), expected)


def test_an_asked_range_after_a_hole_is_refused_by_name(world: World) -> None:
    world.start(LONG_SHORT, PRICES).run(FIRST, SESSIONS[4])
    before = everything(world)
    with pytest.raises(HoleError, match=f"portfolio 1: sessions {SESSIONS[5]} to {SESSIONS[6]} are missing"):
        world.run(SESSIONS[7], SESSIONS[8], strict=True)
    assert everything(world) == before


def test_a_portfolio_behind_a_hole_is_left_out_and_blocks_nobody(world: World) -> None:
    case = BookCase((Portfolio(), Portfolio(inception=SESSIONS[6])), (Lot(), Lot(portfolio=2)))
    world.start(case, PRICES).run(FIRST, SESSIONS[4])
    left_out = world.run(SESSIONS[7], LAST)
    reason = {1: f"sessions {SESSIONS[5]} to {SESSIONS[6]} are missing"}
    assert all(result.left_out == reason for result in left_out.values())
    assert world.rows("select portfolio_id, max(session) from analytics.snapshots group by 1 order by 1") == [
        (1, SESSIONS[4]),
        (2, LAST),
    ]


def test_a_session_that_some_asset_misses_is_a_hole_too(world: World) -> None:
    """A run that died between rolled equity and the snapshots leaves snapshots to make up for."""
    some = [step for step in STEPS if step not in ("risk_metrics", "snapshots")]
    world.start(LONG_SHORT, PRICES).run(FIRST, SESSIONS[4])
    world.run(SESSIONS[5], SESSIONS[5], steps=some)
    with pytest.raises(HoleError, match=f"{SESSIONS[5]}"):
        world.run(SESSIONS[6], LAST, strict=True)
    world.run(SESSIONS[5], LAST, strict=True)
    found = world.tables()
    world.start(LONG_SHORT, PRICES).run(FIRST, LAST)
    assert_same(found, world.tables())


def test_a_step_whose_inputs_are_not_stored_leaves_the_portfolio_out(world: World) -> None:
    results = world.start(LONG_SHORT, PRICES).run(FIRST, LAST, steps=["rolled_equity", "snapshots"])
    assert set(results["rolled_equity"].left_out) == {1, 2}
    assert "position_pnl are missing" in results["rolled_equity"].left_out[1]
    assert not world.rows("select 1 from analytics.rolled_equity union all select 1 from analytics.snapshots")


def test_greeks_of_a_book_that_has_changed_since_its_pnl_are_refused(world: World) -> None:
    world.start(LONG_SHORT, PRICES).run(FIRST, LAST, steps=["position_pnl"])
    world.edit_book("delete from book.positions where id = 2")
    with pytest.raises(Exception, match="materialize position_pnl first"):
        world.run(FIRST, LAST, steps=["position_greeks"])


def test_a_book_edit_during_a_run_is_not_seen_by_its_later_assets(world: World) -> None:
    world.start(LONG_SHORT, PRICES).run(FIRST, LAST)
    expected = world.tables()
    world.start(LONG_SHORT, PRICES)
    request = Request(session_index(FIRST), session_index(LAST))
    with world.opened(FIRST, LAST) as run:
        fetch(run, world.source, request)
        for number, step in enumerate(STEPS):
            run_step(run.database, step, request, run.input_instant())
            world.edit_book("update book.positions set quantity = quantity + sign(quantity) where not asset_class = 'PRIVATE'")
            world.edit_book("update book.cash_flows set amount = amount + 1")
            world.edit_book("insert into book.private_marks values (2, 'ACME', '2024-01-02', %s)"
                            " on conflict (portfolio_id, symbol, mark_date) do update set price = excluded.price",
                            [number + 1])
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
    for spec in ("position_pnl", "rolled_equity", "position_greeks", "factor_exposures", "risk_metrics", "snapshots"):
        assert not world.rows(
            f"select * from (select session, portfolio_id, count(*) as rows from analytics.{spec} group by 1, 2) t"
            " full join (select * from analytics.slices where asset = %s) s using (session, portfolio_id)"
            " where coalesce(t.rows, 0) is distinct from s.row_count",
            [spec],
        ), spec
    assert not world.rows("select * from analytics.commits where committed_at is null")
    counts = "select asset, portfolio_id, count(*) from analytics.slices where asset <> 'prices' group by 1, 2"
    sessions = dict(((asset, portfolio), n) for asset, portfolio, n in world.rows(counts))
    assert all(n in (len(SESSIONS), len(SESSIONS) - 1, len(SESSIONS) - 3) for n in sessions.values()), sessions


def test_chunks_of_a_quarantined_close_know_the_last_believable_one(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = BookCase(lots=(Lot("AAA", D(40_000)), Lot("AAA", D(1))))
    source = PRICES.restated({("AAA", SESSIONS[n]): 3e8 for n in (4, 5, 6, 7)})
    world.start(case, source).run(FIRST, LAST)
    expected = world.tables()
    check_accounts(world, case, LAST)
    monkeypatch.setattr(work, "CELLS_PER_CHUNK", 1)
    world.start(case, source).run(FIRST, LAST)
    assert_same(world.tables(), expected)


def test_an_empty_book_has_equity_and_no_positions(world: World) -> None:
    world.start(BookCase(), MemoryPrices({})).run(FIRST, LAST)
    assert world.rows("select distinct net_asset_value, cash, position_count, daily_pnl from analytics.snapshots") == [
        (1_000_000, 1_000_000, 0, 0)
    ]
    assert world.rows("select count(*), sum(row_count) from analytics.slices where asset = 'position_pnl'") == [
        (len(SESSIONS) - 1, 0)
    ]
    assert np.isfinite(float(world.rows("select avg(closing_equity) from analytics.rolled_equity")[0][0]))
