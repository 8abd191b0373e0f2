"""Rolled equity: how NAV moves from one session to the next."""

import numpy as np

from pipelines.calc.types import BoolArray, FloatArray, IntArray


def roll(opening: IntArray | int, daily_pnl: IntArray, capital_flow: IntArray) -> tuple[IntArray, IntArray]:
    """Roll equity forward: closing = opening + P&L + flow, opening_t = closing_{t−1} [REM 4.2; DESIGN §3].

    opening: the closing equity before the first session (initial equity at inception), a scalar or shape
    (P,). daily_pnl, capital_flow: shape (T,) or (P, T), consecutive sessions; a flow > 0 is a deposit, at the
    close. All int64 money. Returns opening and closing, shaped like daily_pnl.
    """
    change = np.add.accumulate(daily_pnl + capital_flow, axis=-1)
    closing = np.asarray(opening, dtype=np.int64)[..., np.newaxis] + change
    return closing - daily_pnl - capital_flow, closing


def daily_return(daily_pnl: IntArray, opening_equity: IntArray) -> FloatArray:
    """Portfolio return, a fraction: daily_pnl_t / opening_equity_t; NaN when opening ≤ 0 [DESIGN §3]."""
    positive = opening_equity > 0
    return np.where(positive, daily_pnl / np.where(positive, opening_equity, 1), np.nan)


def period_to_date(daily_pnl: IntArray, period: IntArray) -> IntArray:
    """P&L since the first session of each period (month, year), int64 money [PRD 3.1; DESIGN §3, MTD].

    daily_pnl: shape (..., T).   period: shape (T,), not descending, one number per month or year; each period
    that is asked for starts within the T sessions.
    """
    total = np.add.accumulate(daily_pnl, axis=-1)
    first = np.searchsorted(period, period, side="left")
    return total - total[..., first] + daily_pnl[..., first]


def chained_return(daily_return: FloatArray, stored: BoolArray, period: IntArray) -> FloatArray:
    """Return since the first session of each period, time-weighted, a fraction: Π (1 + r_t) − 1 [DESIGN §3, returns].

    daily_return: shape (..., T), NaN = none.   stored: likewise, whether the portfolio has the session at all.
    period: as in period_to_date. A plain product in session order, not exp Σ ln(1 + r): one rounding a session, and
    the bits depend on the period's own sessions alone. From a session without a return, or with one of −1 or less,
    the chain is broken, NaN, until the period ends.
    """
    growth = np.where(stored, np.where(daily_return > -1.0, 1.0 + daily_return, np.nan), 1.0)
    chained = np.empty_like(growth)
    firsts = np.flatnonzero(np.append(len(period) > 0, np.diff(period) != 0)).tolist()
    for first, end in zip(firsts, [*firsts[1:], len(period)], strict=True):
        np.multiply.accumulate(growth[..., first:end], axis=-1, out=chained[..., first:end])
    return chained - 1.0
