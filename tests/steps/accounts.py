"""The stored accounts against the oracle's: every amount of every lot, session and portfolio."""

from datetime import date
from decimal import Decimal

from tests.steps.book_case import BookCase
from tests.steps.oracle import Day, LotRow, Oracle
from tests.steps.world import World

Key = tuple[date, int]


def check_accounts(world: World, case: BookCase, end: date) -> None:
    """Compare position P&L, rolled equity and the snapshots of all sessions up to `end`."""
    oracle = Oracle(case, world.source)
    expected: dict[Key, Day] = {}
    for portfolio in range(1, len(case.portfolios) + 1):
        expected |= {(session, portfolio): day for session, day in oracle.days(portfolio, end).items()}
    assert _positions(world) == {key: day.lots for key, day in expected.items() if day.lots}
    assert _equity(world) == {
        key: (day.opening, day.daily_pnl, day.flow, day.closing) for key, day in expected.items()
    }
    for key, stored in _snapshots(world).items():
        assert stored == _as_snapshot(key, expected), key


def _positions(world: World) -> dict[Key, dict[int, LotRow]]:
    found: dict[Key, dict[int, LotRow]] = {}
    for session, portfolio, position, *row in world.rows(
        "select session, portfolio_id, position_id, is_open, is_stale, is_unpriced, market_value, daily_pnl"
        " from analytics.position_pnl"
    ):
        found.setdefault((session, portfolio), {})[position] = LotRow(*row)
    return found


def _equity(world: World) -> dict[Key, tuple[Decimal, ...]]:
    rows = world.rows(
        "select session, portfolio_id, opening_equity, daily_pnl, capital_flow, closing_equity"
        " from analytics.rolled_equity"
    )
    return {(session, portfolio): tuple(amounts) for session, portfolio, *amounts in rows}


def _snapshots(world: World) -> dict[Key, tuple[object, ...]]:
    rows = world.rows(
        "select session, portfolio_id, net_asset_value, cash, long_exposure, short_exposure, gross_exposure,"
        " net_exposure, daily_pnl, mtd_pnl, ytd_pnl, cumulative_pnl, position_count, stale_positions,"
        " unpriced_positions from analytics.snapshots"
    )
    return {(session, portfolio): tuple(cells) for session, portfolio, *cells in rows}


def _as_snapshot(key: Key, days: dict[Key, Day]) -> tuple[object, ...]:
    session, portfolio = key
    day = days[key]
    values = [row.market_value for row in day.lots.values()]
    long, short = sum(v for v in values if v > 0), sum(v for v in values if v < 0)
    past = [(on, other.daily_pnl) for (on, p), other in days.items() if p == portfolio and on <= session]
    open_ = [row for row in day.lots.values() if row.is_open]
    return (
        day.closing,
        day.cash,
        long,
        short,
        long - short,
        long + short,
        day.daily_pnl,
        sum(pnl for on, pnl in past if (on.year, on.month) == (session.year, session.month)),
        sum(pnl for on, pnl in past if on.year == session.year),
        sum(pnl for _, pnl in past),
        len(open_),
        sum(row.is_stale for row in open_),
        sum(row.is_unpriced for row in open_),
    )
