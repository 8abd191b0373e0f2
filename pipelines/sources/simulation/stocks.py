"""Simulated paths of stocks and ETFs, each over the whole grid."""

from functools import lru_cache
from typing import Final

import numpy as np

from pipelines.calc.types import FloatArray
from pipelines.sources.simulation.bars import Bars, around, round_to_tick
from pipelines.sources.simulation.factors import factor_returns
from pipelines.sources.simulation.profiles import Profile, profile
from pipelines.sources.simulation.streams import DAYS_PER_YEAR, daily_normals, generator, grid, reverting

ANCHOR: Final = np.datetime64("2024-01-02", "D")
"""The day on which the close is the profile's price level."""

GROWTH: Final = 0.05
"""Annual drift of the log of every price; the rest of a path is moves that cancel in the long run."""

OWN_HALF_LIFE: Final = 780.0
"""Days in which a security's own mispricing halves: keeps levels plausible over the whole horizon."""

LARGEST_FALL: Final = -0.40
LARGEST_RISE: Final = 0.60


def _returns(security: Profile) -> FloatArray:
    """Return simple daily returns: Σ loading × factor return + own part + drift, as fractions."""
    own_daily = security.own_volatility / DAYS_PER_YEAR**0.5
    own_level = reverting(daily_normals("own", security.symbol) * own_daily, OWN_HALF_LIFE)
    returns = np.diff(own_level, prepend=0.0)
    returns += (GROWTH + security.volatility**2 / 2) / DAYS_PER_YEAR
    factors = factor_returns()
    for factor, loading in security.loadings.items():
        returns += loading * factors[factor]
    bounded: FloatArray = np.clip(returns, LARGEST_FALL, LARGEST_RISE)
    return bounded


@lru_cache(maxsize=256)
def close_path(symbol: str) -> FloatArray:
    """Return the closes of a stock or ETF over the grid, USD, whole cents; read-only."""
    security = profile(symbol)
    growth = np.multiply.accumulate(1.0 + _returns(security))
    anchor = int(np.searchsorted(grid(), ANCHOR))
    closes = round_to_tick(growth * (security.price_level / growth[anchor]))
    closes.flags.writeable = False
    return closes


def bars(symbol: str, days: slice) -> Bars:
    """Daily bars around `close_path` on some days of the grid: low ≤ open, close ≤ high; volume grows with the move."""
    path = close_path(symbol)
    close = path[days]
    draws = generator("bars", symbol).random((4, len(path)))[:, days]
    daily = profile(symbol).volatility / DAYS_PER_YEAR**0.5
    before = path[np.maximum(np.arange(len(path))[days] - 1, 0)]
    opens = round_to_tick(before + (close - before) * draws[0])
    activity = 0.6 + 0.4 * draws[3] + 0.3 * np.abs(close / before - 1.0) / daily
    volume = _usual_turnover(symbol) / close * activity
    return around(opens, close, daily * draws[1], daily * draws[2], volume)


def _usual_turnover(symbol: str) -> float:
    """USD a day, between 20 million and 2 billion."""
    return float(2e7 * 100.0 ** generator("turnover", symbol).random())
