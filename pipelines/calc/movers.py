"""The lots that moved a portfolio most on a session."""

import numpy as np

from pipelines.calc.segments import run_lengths
from pipelines.calc.types import IntArray


def largest(amounts: IntArray, starts: IntArray, count: int) -> IntArray:
    """Rows of the largest positive amounts of each run, the largest first, shape (R, count); −1 where there are fewer.

    amounts: int64 money (n,), NULL_MONEY counts as none.   starts: first row of each run (R,). Of equal amounts the
    earlier row comes first. For the largest losses negate the amounts.
    """
    found: IntArray = np.full((len(starts), count), -1)
    lengths = run_lengths(starts, len(amounts))
    filled = np.flatnonzero(lengths)
    if not len(filled):
        return found
    first, runs = starts[filled], np.repeat(np.arange(len(filled)), lengths[filled])
    left = amounts[first[0] :].copy()
    for place in range(count):
        best = np.maximum.reduceat(left, first - first[0])
        rows = np.flatnonzero((left == best[runs]) & (left > 0))
        earliest = np.flatnonzero(np.diff(runs[rows], prepend=-1))
        if not len(earliest):
            break
        chosen = rows[earliest]
        found[filled[runs[chosen]], place] = chosen + first[0]
        left[chosen] = 0
    return found
