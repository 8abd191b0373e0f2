"""Realized risk of portfolios, from their daily returns."""

from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist
from typing import Final

import numpy as np
import numpy.typing as npt

from pipelines.calc.moments import mean_and_std
from pipelines.calc.rolling import MIN_OBSERVATIONS, TRADING_DAYS, WINDOW
from pipelines.calc.types import FloatArray, IntArray
from pipelines.calc.valuation import to_money

DRAWDOWN_WINDOW: Final = 90
"""Sessions of the maximum drawdown. [PRD 3.3]"""

VAR_QUANTILE: Final = NormalDist().inv_cdf(0.95)
"""1.6448…: one day, 95 %, normal, mean 0. [PRD 3.3, A.2 parametric]"""

NAV_NOT_POSITIVE: Final = "nav_not_positive"
TOO_FEW_OBSERVATIONS: Final = "too_few_observations"


@dataclass(frozen=True)
class RealizedRisk:
    """Shape (P, n_out) each; NaN or NULL_MONEY = null.

    volatility: annual, fraction.   sharpe_ratio: annual.   max_drawdown: fraction ≤ 0.   var_95: int64 money,
    positive = loss.   n_obs_60, n_obs_90: returns in the windows.   reason: '' = all there is.
    """

    volatility: FloatArray
    sharpe_ratio: FloatArray
    max_drawdown: FloatArray
    var_95: IntArray
    n_obs_60: IntArray
    n_obs_90: IntArray
    reason: npt.NDArray[np.str_]


def realized(returns: FloatArray, nav: IntArray, rf: float = 0.0) -> RealizedRisk:
    """Realized risk of portfolios on the last n_out sessions [PRD 3.3, A.2; DESIGN §3, risk metrics].

    volatility   = std(r, ddof 1) × √252                     last 60 returns
    sharpe_ratio = (mean(r) − rf / 252) / std(r) × √252      null if std = 0
    max_drawdown = min(wealth / peak) − 1 of wealth = Π(1 + r), from 1.0 on, last 90 returns
    var_95       = 1.6448… × std(r) × NAV                    of the session

    returns: daily, fractions, (P, W), NaN = missing; the last column is the last session, and up to 89
    columns before the first of the n_out are lookback.   nav: (P, n_out) int64 money.   rf: annual, fraction.
    Null with fewer than 20 observations ('too_few_observations', if any is) or NAV ≤ 0 ('nav_not_positive').
    """
    n_out = nav.shape[1]
    windows = _windows(returns, n_out)
    mean, std, n_obs_60 = mean_and_std(windows[-WINDOW:])
    n_obs_90 = (~np.isnan(windows)).sum(axis=0)
    solvent = nav > 0
    std = np.where(solvent & (n_obs_60 >= MIN_OBSERVATIONS), std, np.nan)
    drawdown = np.where(solvent & (n_obs_90 >= MIN_OBSERVATIONS), _max_drawdown(windows), np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        sharpe = np.where(std > 0.0, (mean - rf / TRADING_DAYS) / std * sqrt(TRADING_DAYS), np.nan)
    too_few = n_obs_60 < MIN_OBSERVATIONS
    return RealizedRisk(
        volatility=std * sqrt(TRADING_DAYS),
        sharpe_ratio=sharpe,
        max_drawdown=drawdown,
        var_95=to_money(VAR_QUANTILE * std * nav),
        n_obs_60=n_obs_60,
        n_obs_90=n_obs_90,
        reason=np.select([~solvent, too_few], [NAV_NOT_POSITIVE, TOO_FEW_OBSERVATIONS], ""),
    )


def _windows(returns: FloatArray, n_out: int) -> FloatArray:
    """Lay out returns by offset in the drawdown window, oldest first: (90, P, n_out), a view."""
    needed = DRAWDOWN_WINDOW - 1 + n_out
    given = returns[:, max(returns.shape[1] - needed, 0) :]
    padded = np.full((len(returns), needed), np.nan)
    padded[:, needed - given.shape[1] :] = given
    windows = np.lib.stride_tricks.sliding_window_view(padded, DRAWDOWN_WINDOW, axis=1)
    return np.moveaxis(windows, -1, 0)


def _max_drawdown(windows: FloatArray) -> FloatArray:
    """Largest fall of Π(1 + r) below its peak so far, the starting point 1.0 included; fraction ≤ 0."""
    shape = windows.shape[1:]
    wealth, peak, worst = np.ones(shape), np.ones(shape), np.zeros(shape)
    for offset_returns in windows:
        wealth *= np.where(np.isnan(offset_returns), 1.0, 1.0 + offset_returns)
        np.maximum(peak, wealth, out=peak)
        np.minimum(worst, wealth / peak - 1.0, out=worst)
    return worst
