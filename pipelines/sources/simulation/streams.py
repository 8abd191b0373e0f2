"""The day grid and the random numbers of the simulation.

The grid is all weekdays of the horizon, not all sessions: a holiday's move falls into the next session, and a
session added to or taken from the calendar later changes no other day's price. Every random path is drawn
whole, at this one length, from a generator seeded by its name: no value depends on what else was asked, and
transcendental functions always see the same shape (their last bit may depend on it).
"""

from functools import cache
from hashlib import blake2b
from typing import Final

import numpy as np

from pipelines.calc.types import DateArray, FloatArray
from pipelines.sessions import HORIZON

VERSION: Final = "sigmasight-1"
"""Part of every seed: another version is another market."""

DAYS_PER_YEAR: Final = 261.0
"""Weekdays in a year: what scales annual volatility and drift to the grid."""


@cache
def grid() -> DateArray:
    """All weekdays of the horizon, ascending, datetime64[D]."""
    days = np.arange(np.datetime64(HORIZON[0], "D"), np.datetime64(HORIZON[1], "D") + 1)
    weekdays = days[np.is_busday(days)]
    weekdays.flags.writeable = False
    return weekdays


def generator(*name: str) -> np.random.Generator:
    """Random numbers that depend on the name alone."""
    digest = blake2b("\x1f".join((VERSION, *name)).encode(), digest_size=16).digest()
    return np.random.Generator(np.random.Philox(key=int.from_bytes(digest, "little")))


def daily_normals(*name: str) -> FloatArray:
    """One standard normal number per day of the grid."""
    return generator(*name).standard_normal(len(grid()))


def reverting(shocks: FloatArray, half_life: float) -> FloatArray:
    """Level of a mean-reverting process: x_t = φ·x_{t−1} + shock_t, with x halving in `half_life` days.

    Computed as φ^t · Σ φ^−s·shock_s: sums in a fixed order, no recursion.
    """
    growth = _growth(len(shocks), half_life)
    level: FloatArray = np.add.accumulate(shocks * growth) / growth
    return level


@cache
def _growth(days: int, half_life: float) -> FloatArray:
    """φ^−t of each day."""
    phi = 0.5 ** (1.0 / half_life)
    return np.multiply.accumulate(np.full(days, 1.0 / phi))
