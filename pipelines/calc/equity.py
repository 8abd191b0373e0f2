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


def chained_return(
    opening: IntArray, daily_pnl: IntArray, closing: IntArray, stored: BoolArray, period: IntArray
) -> FloatArray:
    """Return since the first session of each period, time-weighted, a fraction: Π (1 + r_t) − 1 [DESIGN §3, returns].

    With E_t = opening_t + daily_pnl_t, 1 + r_t is E_t / opening_t, and without a flow E_t is opening_{t+1}: what
    cancels is left out, and Π = E_T / opening_first × Π over earlier sessions with a flow of E_t / closing_t, in
    session order. So its bits depend on the period's own sessions alone, and P&L that moves from one session to the
    next (a close that is restated) changes no later figure by a rounding, as the plain product would.

    opening, daily_pnl, closing: int64 money, shape (..., T).   stored: likewise, whether the portfolio has the session
    at all.   period: as in period_to_date. From a session without a return (opening ≤ 0), or with one of −1 or less
    (E ≤ 0), the chain is broken, NaN, until the period ends.
    """
    earned, chained = opening + daily_pnl, np.empty(opening.shape)
    firsts = np.flatnonzero(np.append(len(period) > 0, np.diff(period) != 0)).tolist()
    for first, end in zip(firsts, [*firsts[1:], len(period)], strict=True):
        own = (..., slice(first, end))
        chained[own] = _chain(opening[own], earned[own], closing[own], stored[own])
    return chained


def _chain(opening: IntArray, earned: IntArray, closing: IntArray, stored: BoolArray) -> FloatArray:
    """Return of each session since the first stored one, (..., T). earned: equity before the session's flow."""
    start = np.argmax(stored, axis=-1)[..., np.newaxis]
    link = np.ones(opening.shape)
    with np.errstate(divide="ignore", invalid="ignore"):
        link[..., 1:] = np.where(stored & (closing != earned), earned / closing, 1.0)[..., :-1]
        growth = earned / np.take_along_axis(opening, start, axis=-1) * np.multiply.accumulate(link, axis=-1)
    broken = np.logical_or.accumulate(stored & ((opening <= 0) | (earned <= 0)), axis=-1)
    return np.where(broken, np.nan, growth - 1.0)
