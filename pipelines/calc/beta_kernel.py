"""The rolling regressions of `betas`, compiled: the same additions in the same order, hence the same bits.

One pass over the returns in blocks of WINDOW sessions: the sums of a window are the suffix of one block and the prefix
of the next [van Herk]. A tile of neighbouring assets goes through the sessions together: the suffixes of a block stay
in the processor's cache, and what is written lies side by side. Tiles are shared out among the processors. Importing
and loading it takes about a second: for little there is to do, numpy is faster.
"""

from typing import Final

import numpy as np
from numba import njit, prange

from pipelines.calc.rolling import MIN_OBSERVATIONS, VARIANCE_RESOLUTION, WINDOW
from pipelines.calc.types import FloatArray, IntArray

TILE: Final = 16
"""Assets that go together: of 8 factors, what is kept of their blocks fills a third of a megabyte."""


@njit(inline="always", error_model="numpy")
def _add(
    value: float, present: FloatArray, known: FloatArray, row: int, asset: int, sums: FloatArray
) -> None:  # pragma: no cover
    """Add an asset's return, with each factor's, to n, Σy, Σyy, Σx, Σxx, Σxy by factor in sums[asset] (6, F).

    A factor's missing return adds zeros, which leave the bits of a sum alone.
    """
    if np.isnan(value):
        return
    square = value * value
    for factor in range(known.shape[1]):
        one, other = present[row, factor], known[row, factor]
        sums[asset, 0, factor] += one
        sums[asset, 1, factor] += one * value
        sums[asset, 2, factor] += one * square
        sums[asset, 3, factor] += other
        sums[asset, 4, factor] += other * other
        sums[asset, 5, factor] += other * value


@njit(inline="always", error_model="numpy")
def _estimate(
    at: int,
    place: int,
    asset: int,
    tail: int,
    sums: FloatArray,
    tails: FloatArray,
    beta: FloatArray,
    r_squared: FloatArray,
    std_error: FloatArray,
    n_obs: IntArray,
) -> None:  # pragma: no cover
    """Write beta, r_squared, std_error and n by factor to [at, place], of the sums of a prefix and a suffix."""
    for factor in range(sums.shape[2]):
        n = sums[asset, 0, factor] + tails[asset, tail, 0, factor]
        sum_y = sums[asset, 1, factor] + tails[asset, tail, 1, factor]
        sum_yy = sums[asset, 2, factor] + tails[asset, tail, 2, factor]
        sum_x = sums[asset, 3, factor] + tails[asset, tail, 3, factor]
        sum_xx = sums[asset, 4, factor] + tails[asset, tail, 4, factor]
        sum_xy = sums[asset, 5, factor] + tails[asset, tail, 5, factor]
        mean_y = sum_y / n
        s_yy = sum_yy - sum_y * mean_y
        is_flat = s_yy <= VARIANCE_RESOLUTION * sum_yy
        s_yy = 0.0 if is_flat else s_yy
        s_xy = 0.0 if is_flat else sum_xy - sum_x * mean_y
        s_xx = sum_xx - sum_x * (sum_x / n)
        s_xx = np.nan if n < MIN_OBSERVATIONS or s_xx <= sum_xx * VARIANCE_RESOLUTION else s_xx
        slope = s_xy / s_xx
        explained = slope * s_xy
        error = s_yy - explained
        error = 0.0 if error < 0.0 else error  # noqa: FURB136 - NaN stays NaN
        fit = explained / s_yy
        beta[at, place, factor] = slope
        r_squared[at, place, factor] = 1.0 if fit > 1.0 else fit  # noqa: FURB136
        std_error[at, place, factor] = np.sqrt(error / (s_xx * (n - 2.0)))
        n_obs[at, place, factor] = int(n)


@njit(cache=True, error_model="numpy", parallel=True)
def regress(
    present: FloatArray,
    known: FloatArray,
    y: FloatArray,
    first_out: int,
    beta: FloatArray,
    r_squared: FloatArray,
    std_error: FloatArray,
    n_obs: IntArray,
) -> None:  # pragma: no cover
    """Write beta, r_squared, std_error and n_obs, (n_out, N, F) each, of assets on factors.

    known: factor returns, 0 where missing, present: 1 where not, (R, F) each; y: (N, R). Both aligned to blocks;
    first_out: row of the first output.
    """
    n_rows, n_factors = known.shape
    n_assets, n_out = y.shape[0], beta.shape[0]
    for tile in prange((n_assets + TILE - 1) // TILE):
        first = tile * TILE
        count = min(TILE, n_assets - first)
        sums, tails = np.empty((TILE, 6, n_factors)), np.zeros((TILE, WINDOW + 1, 6, n_factors))
        for start in range(0, n_rows, WINDOW):
            sums[:] = 0.0
            for offset in range(WINDOW):
                row, at = start + offset, start + offset - first_out
                for asset in range(count):
                    place = first + asset
                    _add(y[place, row], present, known, row, asset, sums)
                    if 0 <= at < n_out:
                        tail = offset + 1
                        _estimate(at, place, asset, tail, sums, tails, beta, r_squared, std_error, n_obs)
            # The suffixes of this block, for the windows that end in the next.
            sums[:] = 0.0
            for offset in range(WINDOW - 1, -1, -1):
                for asset in range(count):
                    _add(y[first + asset, start + offset], present, known, start + offset, asset, sums)
                    for term in range(6):
                        for factor in range(n_factors):
                            tails[asset, offset, term, factor] = sums[asset, term, factor]
