"""What becomes of a history when runs are missed, a vendor is late, or sessions are missing."""

from datetime import date

import numpy as np
import pytest

from pipelines.sessions import offset
from pipelines.steps import work
from pipelines.steps.chain import STEPS
from pipelines.steps.plan import HoleError
from tests.steps.accounts import check_accounts
from tests.steps.book_case import FIRST, LAST, SESSIONS, BookCase, Lot, Portfolio
from tests.steps.long_short import LONG_SHORT, PRICES, D
from tests.steps.memory_prices import MemoryPrices, random_walks
from tests.steps.test_equalities import assert_same, check_mirror, everything
from tests.steps.world import World


@pytest.mark.long
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
    assert world.rows(
        "select distinct net_asset_value, cash, position_count, daily_pnl from analytics.snapshots"
    ) == [(1_000_000, 1_000_000, 0, 0)]
    assert world.rows(
        "select count(*), sum(row_count) from analytics.slices where asset = 'position_pnl'"
    ) == [(len(SESSIONS) - 1, 0)]
    assert np.isfinite(float(world.rows("select avg(closing_equity) from analytics.rolled_equity")[0][0]))
