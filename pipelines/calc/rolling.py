"""Sums over rolling windows whose bits depend on the window alone.

Running sums, BLAS and numpy's own sums over a matrix round differently with the range, the layout and the
shape they are given. Two ways that do not, both elementwise additions in a fixed order [DESIGN §3, range
independence]: block-anchored sums, O(1) per session, and one addition per offset of the window.
"""

from math import prod
from typing import Final

import numpy as np

from pipelines.calc.types import FloatArray

WINDOW: Final = 60
"""Sessions of the rolling window. [PRD 3.3, A.2]"""

MIN_OBSERVATIONS: Final = 20
"""Fewer observations in a window give no number. [PRD A.2]"""

TRADING_DAYS: Final = 252
"""Sessions of a year. [PRD A.2: √252]"""

VARIANCE_RESOLUTION: Final = 1e-12
"""A sum of squared deviations below this part of the sum of squares is rounding, not variance (it is the
difference of two sums of 60 rounded terms): it counts as zero."""


class Scratch:
    """Memory used again and again: fresh pages cost more than the arithmetic done on them."""

    def __init__(self) -> None:
        self._buffers: dict[str, FloatArray] = {}

    def array(self, name: str, shape: tuple[int, ...]) -> FloatArray:
        """Return the array of that name, C-contiguous, its contents undefined."""
        size = prod(shape)
        if name not in self._buffers or self._buffers[name].size < size:
            self._buffers[name] = np.empty(size)
        return self._buffers[name][:size].reshape(shape)


def align_to_blocks(rows: FloatArray, first_ix: int, n_out: int) -> tuple[FloatArray, int]:
    """Place the rows of a window on the fixed grid of blocks of WINDOW sessions.

    rows: (W, ...), the last one the last session asked for, row 0 at session index first_ix. Rows beyond the
    WINDOW − 1 before the first of n_out are dropped; missing ones are NaN.
    Returns (n_blocks × WINDOW, ...) C-contiguous, padded with NaN, and the place of the first row of n_out in
    it.
    """
    needed = WINDOW - 1 + n_out
    given = rows[max(len(rows) - needed, 0) :]
    place = (first_ix + len(rows) - needed) % WINDOW
    blocks = np.full((-(-(place + needed) // WINDOW) * WINDOW, *rows.shape[1:]), np.nan)
    blocks[place + needed - len(given) : place + needed] = given
    return blocks, place + WINDOW - 1


def block_window_sums(
    terms: FloatArray, first_out: int, n_out: int, out: FloatArray | None = None
) -> FloatArray:
    """Return sums of the WINDOW rows ending at each row first_out … first_out + n_out − 1 [van Herk].

    terms: (n_blocks × WINDOW, ...) aligned by `align_to_blocks`, C-contiguous, no NaN (a missing term is
    0.0).   out: memory for the work, shaped and laid out like terms, of which the result is a part.
    A window is the suffix of one block and the prefix of the next: each is summed from the blocks' common
    edge outwards, so that a sum is a function of its own 60 terms and of their place on the grid.
    """
    blocks = terms.reshape(len(terms) // WINDOW, WINDOW, prod(terms.shape[1:]))
    sums = np.empty_like(blocks) if out is None else out.reshape(blocks.shape)
    sums[:, 0] = blocks[:, 0]
    for offset in range(1, WINDOW):
        np.add(sums[:, offset - 1], blocks[:, offset], out=sums[:, offset])
    suffix = blocks[:-1, WINDOW - 1].copy()
    for offset in range(WINDOW - 2, -1, -1):
        sums[1:, offset] += suffix
        suffix += blocks[:-1, offset]
    window_sums: FloatArray = sums.reshape(terms.shape)[first_out : first_out + n_out]
    return window_sums
