"""Daily P&L in one compiled pass over days and lots: each number is written once, nothing else is stored."""

import numpy as np
from numba import njit, prange

from pipelines.calc.types import FloatArray, IntArray


@njit(cache=True, error_model="numpy", parallel=True)
def fused(
    raw: FloatArray, column: IntArray, units: FloatArray, entry_price: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Value, its change since the session before, and value less cost, (T × L,) each; raw: (T + 1, S)."""
    n_days, n_lots = raw.shape[0] - 1, len(column)
    filled = raw.copy()
    for row in range(1, n_days + 1):
        for symbol in range(raw.shape[1]):
            if np.isnan(filled[row, symbol]):
                filled[row, symbol] = filled[row - 1, symbol]
    size = n_days * n_lots
    value, change, gain = np.empty(size), np.empty(size), np.empty(size)
    for row in prange(n_days):
        for lot in range(n_lots):
            place, symbol = row * n_lots + lot, column[lot]
            today = filled[row + 1, symbol] * units[lot]
            value[place] = today
            change[place] = today - filled[row, symbol] * units[lot]
            gain[place] = today - entry_price[lot] * units[lot]
    return value, change, gain
