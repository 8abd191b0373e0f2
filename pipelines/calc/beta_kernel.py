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
"""Assets that go together: of 8 factors, what is kept of their blocks fills a fifth of a megabyte."""


@njit(inline="always", error_model="numpy")
def _add(
    value: float, x: FloatArray, row: int, asset: int, shared: FloatArray, sums: FloatArray
) -> None:  # pragma: no cover
    """Add a pair of returns to n, Σy, Σyy in shared[asset] (3,) and, by factor, Σx, Σxx, Σxy in sums[asset] (3, G)."""
    if np.isnan(value) or np.isnan(x[row, 0]):
        return
    shared[asset, 0] += 1.0
    shared[asset, 1] += value
    shared[asset, 2] += value * value
    for factor in range(x.shape[1]):
        other = x[row, factor]
        sums[asset, 0, factor] += other
        sums[asset, 1, factor] += other * other
        sums[asset, 2, factor] += other * value


@njit(inline="always", error_model="numpy")
def _estimate(
    at: int,
    place: int,
    asset: int,
    tail: int,
    shared: FloatArray,
    sums: FloatArray,
    shared_tails: FloatArray,
    tails: FloatArray,
    beta: FloatArray,
    r_squared: FloatArray,
    std_error: FloatArray,
) -> float:  # pragma: no cover
    """Write beta, r_squared and std_error by factor to [at, place], of the sums of a prefix and a suffix; n."""
    n = shared[asset, 0] + shared_tails[asset, tail, 0]
    sum_y = shared[asset, 1] + shared_tails[asset, tail, 1]
    sum_yy = shared[asset, 2] + shared_tails[asset, tail, 2]
    mean_y = sum_y / n
    s_yy = sum_yy - sum_y * mean_y
    is_flat, is_scarce = s_yy <= VARIANCE_RESOLUTION * sum_yy, n < MIN_OBSERVATIONS
    s_yy = 0.0 if is_flat else s_yy
    for factor in range(sums.shape[2]):
        sum_x = sums[asset, 0, factor] + tails[asset, tail, 0, factor]
        sum_xx = sums[asset, 1, factor] + tails[asset, tail, 1, factor]
        sum_xy = sums[asset, 2, factor] + tails[asset, tail, 2, factor]
        s_xy = 0.0 if is_flat else sum_xy - sum_x * mean_y
        s_xx = sum_xx - sum_x * (sum_x / n)
        s_xx = np.nan if is_scarce or s_xx <= sum_xx * VARIANCE_RESOLUTION else s_xx
        slope = s_xy / s_xx
        explained = slope * s_xy
        error = s_yy - explained
        error = 0.0 if error < 0.0 else error  # noqa: FURB136 - NaN stays NaN
        fit = explained / s_yy
        beta[at, place, factor] = slope
        r_squared[at, place, factor] = 1.0 if fit > 1.0 else fit  # noqa: FURB136
        std_error[at, place, factor] = np.sqrt(error / (s_xx * (n - 2.0)))
    return float(n)


@njit(cache=True, error_model="numpy", parallel=True)
def regress(
    x: FloatArray,
    y: FloatArray,
    first_out: int,
    beta: FloatArray,
    r_squared: FloatArray,
    std_error: FloatArray,
    n_obs: IntArray,
) -> None:  # pragma: no cover
    """Write beta, r_squared, std_error (n_out, N, G) and n_obs (n_out, N) of assets on factors that have the same gaps.

    x: (R, G), y: (N, R), aligned to blocks; first_out: row of the first output.
    """
    n_rows, n_factors = x.shape
    n_assets, n_out = y.shape[0], beta.shape[0]
    for tile in prange((n_assets + TILE - 1) // TILE):
        first = tile * TILE
        count = min(TILE, n_assets - first)
        shared, sums = np.empty((TILE, 3)), np.empty((TILE, 3, n_factors))
        shared_tails = np.zeros((TILE, WINDOW + 1, 3))
        tails = np.zeros((TILE, WINDOW + 1, 3, n_factors))
        for start in range(0, n_rows, WINDOW):
            shared[:] = 0.0
            sums[:] = 0.0
            for offset in range(WINDOW):
                at = start + offset - first_out
                for asset in range(count):
                    _add(y[first + asset, start + offset], x, start + offset, asset, shared, sums)
                    if 0 <= at < n_out:
                        place = first + asset
                        n_obs[at, place] = int(
                            _estimate(
                                at, place, asset, offset + 1, shared, sums, shared_tails, tails,
                                beta, r_squared, std_error,
                            )
                        )  # fmt: skip
            # The suffixes of this block, for the windows that end in the next.
            shared[:] = 0.0
            sums[:] = 0.0
            for offset in range(WINDOW - 1, -1, -1):
                for asset in range(count):
                    _add(y[first + asset, start + offset], x, start + offset, asset, shared, sums)
                    for term in range(3):
                        shared_tails[asset, offset, term] = shared[asset, term]
                        for factor in range(n_factors):
                            tails[asset, offset, term, factor] = sums[asset, term, factor]
