"""The stored accounts against the oracle's: every amount of every lot, session and portfolio."""

from datetime import date
from decimal import Decimal
from fractions import Fraction

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
        assert stored == _as_snapshot(key, expected, case), key
    for key, found in _returns(world).items():
        _check_returns(found, _chained(key, expected))


def _positions(world: World) -> dict[Key, dict[int, LotRow]]:
    found: dict[Key, dict[int, LotRow]] = {}
    for session, portfolio, position, *row in world.rows(
        "select session, portfolio_id, position_id, is_open, is_stale, is_unpriced, market_value, daily_pnl,"
        " unrealized_pnl"
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
        " unpriced_positions, unrealized_pnl, issuer_gross_exposure, long_positions, short_positions,"
        " lc_positions, sc_positions, lp_positions, sp_positions from analytics.snapshots"
    )
    return {(session, portfolio): tuple(cells) for session, portfolio, *cells in rows}


def _returns(world: World) -> dict[Key, tuple[float | None, float | None]]:
    rows = world.rows("select session, portfolio_id, mtd_return, ytd_return from analytics.snapshots")
    return {(session, portfolio): (mtd, ytd) for session, portfolio, mtd, ytd in rows}


def _chained(key: Key, days: dict[Key, Day]) -> tuple[Fraction | None, Fraction | None]:
    """Month's and year's returns chained as fractions; None once one is missing or there is nothing left."""
    session, portfolio = key
    past = [(on, day) for (on, p), day in sorted(days.items()) if p == portfolio and on <= session]
    month = [day for on, day in past if (on.year, on.month) == (session.year, session.month)]
    year = [day for on, day in past if on.year == session.year]
    return _chain(month), _chain(year)


def _chain(days: list[Day]) -> Fraction | None:
    growth = Fraction(1)
    for day in days:
        if day.opening <= 0 or day.daily_pnl <= -day.opening:
            return None
        growth *= 1 + Fraction(day.daily_pnl) / Fraction(day.opening)
    return growth - 1


def _check_returns(
    found: tuple[float | None, float | None], expected: tuple[Fraction | None, Fraction | None]
) -> None:
    for one, other in zip(found, expected, strict=True):
        assert (one is None) == (other is None)
        if one is not None and other is not None:
            assert abs(Fraction(one) - other) <= Fraction(1, 10**12) * (1 + abs(other))


def _issuer_gross(day: Day, case: BookCase) -> Decimal:
    by_issuer: dict[tuple[bool, str], Decimal] = {}
    for number, row in day.lots.items():
        lot = case.lots[number - 1]  # an option's symbol is its underlying's
        issuer = (lot.private, lot.symbol)
        by_issuer[issuer] = by_issuer.get(issuer, Decimal(0)) + row.market_value
    return sum((abs(value) for value in by_issuer.values()), Decimal(0))


def _by_type(day: Day, case: BookCase) -> list[int]:
    sides = [
        (case.lots[number - 1].quantity > 0, case.lots[number - 1].option_type)
        for number, row in day.lots.items()
        if row.is_open
    ]
    return [sides.count((is_long, right)) for right in (None, "call", "put") for is_long in (True, False)]


def _as_snapshot(key: Key, days: dict[Key, Day], case: BookCase) -> tuple[object, ...]:
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
        sum(row.unrealized_pnl for row in day.lots.values()),
        _issuer_gross(day, case),
        *_by_type(day, case),
    )
