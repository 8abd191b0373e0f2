"""Daily bars, and how they are put around closes."""

from dataclasses import dataclass

import numpy as np

from pipelines.calc.types import FloatArray


@dataclass(frozen=True, slots=True)
class Bars:
    """Open, high, low, close (USD) and volume, one value per day of a path."""

    open: FloatArray
    high: FloatArray
    low: FloatArray
    close: FloatArray
    volume: FloatArray


def round_to_tick(prices: FloatArray) -> FloatArray:
    """Round to whole cents, and never below one."""
    ticks: FloatArray = np.maximum(np.rint(prices * 100.0), 1.0) / 100.0
    return ticks


def around(
    opens: FloatArray, close: FloatArray, rise: FloatArray, fall: FloatArray, volume: FloatArray
) -> Bars:
    """Bars with low ≤ open, close ≤ high and a volume of at least 1.

    rise, fall: how far the day went beyond open and close, as fractions ≥ 0, fall < 1.
    """
    top = np.maximum(opens, close)
    bottom = np.minimum(opens, close)
    high = np.maximum(round_to_tick(top * (1.0 + rise)), top)
    low = np.minimum(round_to_tick(bottom * (1.0 - fall)), bottom)
    return Bars(opens, high, low, close, np.maximum(np.rint(volume), 1.0))
