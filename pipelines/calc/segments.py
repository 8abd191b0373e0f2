"""Runs of rows that belong together, and their sums.

A run is the rows of one (session, portfolio), consecutive. `starts` holds the first row of each run, not
descending: a run ends where the next one starts, so that a run without rows (an empty book) can have its
place.
"""

from typing import TypeVar

import numpy as np

from pipelines.calc.types import NULL_MONEY, DateArray, FloatArray, IntArray

Numbers = TypeVar("Numbers", IntArray, FloatArray)


def run_starts(session: DateArray, portfolio_id: IntArray) -> IntArray:
    """First row of each run of equal (session, portfolio_id); rows sorted by both, shape (n,)."""
    changes = (session[1:] != session[:-1]) | (portfolio_id[1:] != portfolio_id[:-1])
    return np.flatnonzero(np.append(len(session) > 0, changes))


def run_lengths(starts: IntArray, n_rows: int) -> IntArray:
    """Rows in each run."""
    return np.diff(np.append(starts, n_rows))


def sum_money(amounts: IntArray, starts: IntArray) -> IntArray:
    """Exact integer sum of each run, NULL_MONEY left out; for counts too. 0 without rows."""
    return _reduce(np.where(amounts == NULL_MONEY, 0, amounts), starts)


def sum_floats(terms: FloatArray, starts: IntArray) -> FloatArray:
    """Sum of each run in row order; NaN terms are left out. 0.0 without rows.

    Each run is one contiguous one-dimensional reduction: its bits depend on its own terms alone.
    """
    return _reduce(np.where(np.isnan(terms), 0.0, terms), starts)


def _reduce(terms: Numbers, starts: IntArray) -> Numbers:
    sums = np.zeros(len(starts), dtype=terms.dtype)
    filled = np.flatnonzero(run_lengths(starts, len(terms)))
    if len(filled):
        sums[filled] = np.add.reduceat(np.ascontiguousarray(terms), starts[filled])
    return sums
