"""The eight factors: their definition and their returns."""

from math import fsum
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from pipelines.calc.types import FloatArray, IntArray

MIN_SHORT_INTEREST_MEMBERS: Final = 9
"""Three in each tercile; with fewer the short interest factor is null. [DESIGN §3]"""


class Factor(NamedTuple):
    """A factor and the fund whose return it is (None: a return of our own)."""

    code: str
    name: str
    proxy: str | None


FACTORS: Final = (
    Factor("market", "Market Beta", "SPY"),
    Factor("momentum", "Momentum", "MTUM"),
    Factor("value", "Value", "VTV"),
    Factor("growth", "Growth", "VUG"),
    Factor("quality", "Quality", "QUAL"),
    Factor("size", "Size", "IWM"),
    Factor("low_volatility", "Low Volatility", "SPLV"),
    Factor("short_interest", "Short Interest", None),
)
"""In this order wherever factors are an axis. [PRD 3.3]"""

FACTOR_CODES: Final = tuple(factor.code for factor in FACTORS)


def short_interest_return(
    days_to_cover: FloatArray, returns: FloatArray, symbols: npt.NDArray[np.str_]
) -> tuple[FloatArray, IntArray]:
    """Return of the short interest factor: top minus bottom tercile by days-to-cover [PRD A.2, 8th factor].

    mean(returns of the ⌊n/3⌋ most shorted) − mean(returns of the ⌊n/3⌋ least shorted), equal weights; members
    are ordered by (days to cover, symbol) and n counts those with both numbers [DESIGN §3].

    days_to_cover: days, as published before each session, (T, M).   returns: fractions, (T, M).   NaN =
    missing. symbols: (M,), ascending.
    Returns factor_return (T,), NaN with n < MIN_SHORT_INTEREST_MEMBERS, and n_members (T,).
    Raises ValueError when the symbols are not ascending.
    """
    if (symbols[1:] <= symbols[:-1]).any():
        raise ValueError("symbols are not ascending")
    is_member = ~np.isnan(days_to_cover) & ~np.isnan(returns)
    factor_return = np.full(len(returns), np.nan)
    for row, members in enumerate(is_member):
        tercile = int(members.sum()) // 3
        if 3 * tercile < MIN_SHORT_INTEREST_MEMBERS:
            continue
        ranked = returns[row, members][np.argsort(days_to_cover[row, members], kind="stable")].tolist()
        factor_return[row] = (fsum(ranked[-tercile:]) - fsum(ranked[:tercile])) / tercile
    return factor_return, is_member.sum(axis=1).astype(np.int64)
