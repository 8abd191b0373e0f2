"""Simulated short interest: settled twice a month, published eight sessions later, after the close."""

from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np

from pipelines.calc.types import DateArray, FloatArray
from pipelines.sessions import HORIZON, index_on_or_before, sessions
from pipelines.sources.simulation.profiles import profile
from pipelines.sources.simulation.streams import daily_normals, reverting

PUBLICATION_LAG: Final = 8
PUBLICATION_TIME: Final = np.timedelta64(22, "h")
"""UTC: after the close in New York, summer and winter."""

HALF_LIFE: Final = 12.0
SPREAD: Final = 0.20
"""Half-life in settlements and standard deviation of the log of days to cover around its mean."""


@dataclass(frozen=True, slots=True)
class Settlements:
    """Settlement dates over the horizon, ascending, and the instants of their publication (UTC)."""

    settled: DateArray
    published: DateArray


@cache
def settlements() -> Settlements:
    """Return the 15th and the last day of each month, each rolled back to a session."""
    months = np.arange(np.datetime64(HORIZON[0], "M"), np.datetime64(HORIZON[1], "M") + 1)
    middle = months.astype("datetime64[D]") + 14
    end = (months + 1).astype("datetime64[D]") - 1
    days = sessions()
    positions = np.sort(index_on_or_before(np.concatenate((middle, end))))
    positions = positions[positions + PUBLICATION_LAG < len(days)]
    published = days[positions + PUBLICATION_LAG].astype("datetime64[us]") + PUBLICATION_TIME
    return Settlements(days[positions], published)


def days_to_cover(symbol: str) -> FloatArray:
    """Days to cover at each of `settlements`, > 0, two decimals."""
    phi = 0.5 ** (1.0 / HALF_LIFE)
    shocks = daily_normals("short_interest", symbol) * (SPREAD * (1.0 - phi * phi) ** 0.5)
    level = np.exp(reverting(shocks[: len(settlements().settled)], HALF_LIFE))
    rounded: FloatArray = np.maximum(np.rint(100.0 * profile(symbol).days_to_cover * level), 1.0) / 100.0
    return rounded
