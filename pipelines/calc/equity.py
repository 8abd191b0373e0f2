"""Rolled equity: how NAV moves from one session to the next."""

import numpy as np

from pipelines.calc.types import FloatArray, IntArray


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
