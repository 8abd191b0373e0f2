"""Daily returns of what drives the simulated market: the market itself, styles and sectors.

All are independent of each other and without drift; growth comes from each security's own (see `stocks`).
"""

from functools import cache
from typing import Final

import numpy as np

from pipelines.calc.types import FloatArray
from pipelines.sources.simulation.streams import DAYS_PER_YEAR, daily_normals, reverting

MARKET_VOLATILITY: Final = 0.155
STYLE_VOLATILITY: Final = {
    "momentum": 0.075,
    "value": 0.065,
    "growth": 0.065,
    "quality": 0.045,
    "size": 0.080,
    "low_volatility": 0.060,
    "short_interest": 0.070,
}
SECTOR_VOLATILITY: Final = 0.10

SECTORS: Final = (
    "Communication Services",
    "Consumer Discretionary",
    "Consumer Staples",
    "Energy",
    "Financials",
    "Health Care",
    "Industrials",
    "Information Technology",
    "Materials",
    "Real Estate",
    "Utilities",
)

CALM_HALF_LIFE: Final = 45.0
CALM_SPREAD: Final = 0.35
"""Half-life in days and standard deviation of the log of the market's volatility around its mean."""


def _market() -> FloatArray:
    """Market returns with calm and nervous stretches, never beyond ±10 % a day."""
    phi = 0.5 ** (1.0 / CALM_HALF_LIFE)
    shocks = daily_normals("factor", "nervousness") * (CALM_SPREAD * (1.0 - phi * phi) ** 0.5)
    nervousness = np.exp(reverting(shocks, CALM_HALF_LIFE) - CALM_SPREAD**2)
    moves = daily_normals("factor", "market") * (MARKET_VOLATILITY / DAYS_PER_YEAR**0.5) * nervousness
    bounded: FloatArray = np.clip(moves, -0.10, 0.10)
    return bounded


@cache
def factor_returns() -> dict[str, FloatArray]:
    """Daily returns by factor, as fractions, on the grid: market, the styles, and `sector:` + its name."""
    paths = {"market": _market()}
    volatility = dict(STYLE_VOLATILITY) | {f"sector:{sector}": SECTOR_VOLATILITY for sector in SECTORS}
    for factor, annual in volatility.items():
        paths[factor] = daily_normals("factor", factor) * (annual / DAYS_PER_YEAR**0.5)
    for path in paths.values():
        path.flags.writeable = False
    return paths


def factor_volatility(factor: str) -> float:
    """Annual volatility of a factor of `factor_returns`."""
    if factor == "market":
        return MARKET_VOLATILITY
    return STYLE_VOLATILITY.get(factor, SECTOR_VOLATILITY)
