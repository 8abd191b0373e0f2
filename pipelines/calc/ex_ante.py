"""Ex-ante risk: what today's holdings would have earned over the last 60 sessions."""

from dataclasses import dataclass
from math import sqrt
from typing import Final

import numpy as np
import numpy.typing as npt

from pipelines.calc.moments import mean_and_std
from pipelines.calc.risk import NAV_NOT_POSITIVE, TOO_FEW_OBSERVATIONS, VAR_QUANTILE
from pipelines.calc.rolling import MIN_OBSERVATIONS, TRADING_DAYS, WINDOW
from pipelines.calc.segments import run_lengths, sum_money
from pipelines.calc.types import NULL_MONEY, FloatArray, IntArray
from pipelines.calc.valuation import to_money

TILE_RUNS: Final = 512
"""Portfolios × sessions worked on at once: their P&L series stay in the processor's cache."""


@dataclass(frozen=True)
class ExAnteRisk:
    """By run, shape (R,); NaN or NULL_MONEY = null.

    volatility: annual, fraction of NAV.   var_95: int64 money, positive = loss.   n_obs: sessions used.
    coverage: part of Σ|delta-adjusted value| that is in, NaN when that is 0.   reason: '' = complete.
    """

    ex_ante_volatility: FloatArray
    ex_ante_var_95: IntArray
    n_obs: IntArray
    ex_ante_coverage: FloatArray
    reason: npt.NDArray[np.str_]


def ex_ante(
    returns: FloatArray,
    n_out: int,
    delta_adjusted: IntArray,
    column: IntArray,
    starts: IntArray,
    run_session: IntArray,
    nav: IntArray,
) -> ExAnteRisk:
    """Risk of today's holdings by the last 60 sessions' returns [PRD A.2 parametric; DESIGN §3, ex ante].

    P&L_s = Σ_i delta_adjusted_value_i × r_{i,s}, summed in row order
    ex_ante_volatility = std(P&L, ddof 1) × √252 / NAV;   ex_ante_var_95 = 1.6448… × std(P&L)

    Left out (see coverage): privates and what else has no column, unknown delta-adjusted values, and
    instruments with fewer than 20 returns in the window. Sessions on which an instrument that is in has no
    return are left out; fewer than 20 left → null, 'too_few_observations'. NAV ≤ 0 → null,
    'nav_not_positive'. Without any holding (Σ|delta-adjusted value| = 0, none unknown) the risk is 0.

    returns: simple daily, fractions, (W, S), NaN = missing; the last row is the last of the n_out sessions,
    and up to 59 rows before the first of them are lookback.
    delta_adjusted: int64 money (n,), rows in runs.   column: (n,), of the instrument (an option's underlying)
    in returns, −1 = none.   starts: (R,), as in `segments`.   run_session: (R,), 0 … n_out − 1.   nav: (R,).
    """
    windows, n_returns = _windows(returns, n_out)
    lengths = run_lengths(starts, len(column))
    row_session = np.repeat(run_session, lengths)
    unknown = delta_adjusted == NULL_MONEY
    gross = np.where(unknown, 0, np.abs(delta_adjusted))
    included = (gross > 0) & (n_returns[column, row_session] >= MIN_OBSERVATIONS)
    amount = np.where(included, delta_adjusted, 0).astype(np.float64)
    # What is left out is 0 × the column of zeros.
    window = np.where(included, column, len(windows) - 1) * n_out + row_session
    std, n_obs = _pnl_std(windows.reshape(-1, WINDOW), amount, window, starts, lengths)

    total, covered = sum_money(gross, starts), sum_money(np.where(included, gross, 0), starts)
    nothing_in = (covered == 0) & ((total > 0) | (sum_money(unknown.astype(np.int64), starts) > 0))
    n_obs = np.where(nothing_in, 0, n_obs)
    std = np.where((nav > 0) & (n_obs >= MIN_OBSERVATIONS), std, np.nan)
    return ExAnteRisk(
        ex_ante_volatility=std * sqrt(TRADING_DAYS) / np.where(nav > 0, nav, 1),
        ex_ante_var_95=to_money(VAR_QUANTILE * std),
        n_obs=n_obs,
        ex_ante_coverage=np.where(total > 0, covered / np.maximum(total, 1), np.nan),
        reason=np.select([nav <= 0, n_obs < MIN_OBSERVATIONS], [NAV_NOT_POSITIVE, TOO_FEW_OBSERVATIONS], ""),
    )


def _windows(returns: FloatArray, n_out: int) -> tuple[FloatArray, IntArray]:
    """Lay out the 60 returns ending at each session, (S + 1, n_out, 60), and count them, (S + 1, n_out).

    The last column is zeros and counts 0: nothing is included by it.
    """
    needed = WINDOW - 1 + n_out
    given = returns[max(len(returns) - needed, 0) :]
    padded = np.full((returns.shape[1] + 1, needed), np.nan)
    padded[:-1, needed - len(given) :] = given.T
    padded[-1] = 0.0
    windows = np.ascontiguousarray(np.lib.stride_tricks.sliding_window_view(padded, WINDOW, axis=1))
    n_returns = (~np.isnan(windows)).sum(axis=2)
    n_returns[-1] = 0
    return windows, n_returns


def _pnl_std(
    windows: FloatArray, amount: FloatArray, window: IntArray, starts: IntArray, lengths: IntArray
) -> tuple[FloatArray, IntArray]:
    """Sample deviation of the runs' P&L series (money), and the sessions in it, tile by tile: (R,) each.

    windows: (n_windows, 60).   amount, window: (n,), the row of `windows` each amount earns.
    """
    std, n_obs = np.empty(len(starts)), np.empty(len(starts), dtype=np.int64)
    for tile in range(0, len(starts), TILE_RUNS):
        # The longest runs first, so that those with a k-th row are always the first ones.
        runs = tile + np.argsort(-lengths[tile : tile + TILE_RUNS], kind="stable")
        series = _pnl_series(windows, amount, window, starts[runs], lengths[runs])
        _, std[runs], n_obs[runs] = mean_and_std(np.ascontiguousarray(series.T))
    return std, n_obs


def _pnl_series(
    windows: FloatArray, amount: FloatArray, window: IntArray, starts: IntArray, lengths: IntArray
) -> FloatArray:
    """P&L by run and session, money, (R, 60), rows added in order; the runs from longest to shortest."""
    series = np.zeros((len(starts), WINDOW))
    earned = np.empty_like(series)
    for place in range(int(lengths.max(initial=0))):
        n_runs = int(np.searchsorted(-lengths, -place))
        row = starts[:n_runs] + place
        np.take(windows, window[row], axis=0, out=earned[:n_runs], mode="clip")
        earned[:n_runs] *= amount[row, np.newaxis]
        series[:n_runs] += earned[:n_runs]
    return series
