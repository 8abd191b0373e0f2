"""Sums over rolling windows whose bits depend on the window alone.

Running sums, BLAS and numpy's own sums over a matrix round differently with the range, the layout and the
shape they are given. Two ways that do not, both elementwise additions in a fixed order [DESIGN §3, range
independence]: block-anchored sums, O(1) per session, and one addition per offset of the window.
"""

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


def block_window_sums(values: FloatArray, first_out: int, n_out: int) -> FloatArray:
    """Return sums of the WINDOW rows ending at each row first_out … first_out + n_out − 1 [van Herk].

    values: (n_blocks × WINDOW, ...) aligned by `align_to_blocks`, no NaN (a missing term is 0.0);
    overwritten. A window is the suffix of one block and the prefix of the next: each is summed from the
    blocks' common edge outwards, so that a sum is a function of its own 60 terms and of their place on the
    grid.
    """
    blocks = values.reshape(-1, WINDOW, *values.shape[1:])
    prefix = blocks.copy()
    for offset in range(1, WINDOW):
        np.add(prefix[:, offset - 1], prefix[:, offset], out=prefix[:, offset])
    for offset in range(WINDOW - 2, 0, -1):
        np.add(blocks[:, offset + 1], blocks[:, offset], out=blocks[:, offset])
    blocks[:, 0] = 0.0  # A whole block is its prefix.
    start = first_out - (WINDOW - 1)
    sums: FloatArray = prefix.reshape(values.shape)[first_out : first_out + n_out]
    return np.add(sums, values[start : start + n_out], out=sums)
