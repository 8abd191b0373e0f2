"""The rolling regressions of `betas`, compiled: the same additions in the same order, hence the same bits.

One pass over an asset's returns in blocks of WINDOW sessions: the sums of a window are the suffix of one block and the
prefix of the next [van Herk]. The suffixes of a block, for all factors, stay in the processor's first cache; assets are
shared out among the processors. Importing and loading it takes about a second: for little there is to do, numpy is
faster.
"""

import numpy as np
from numba import njit, prange

from pipelines.calc.rolling import MIN_OBSERVATIONS, VARIANCE_RESOLUTION, WINDOW
from pipelines.calc.types import FloatArray, IntArray


@njit(cache=True, error_model="numpy")
def _add(
    value: float, x: FloatArray, row: int, shared: FloatArray, sums: FloatArray
) -> None:  # pragma: no cover
    """Add a pair of returns to n, Σy, Σyy in shared (3,) and, by factor, Σx, Σxx, Σxy in sums (3, G)."""
    shared[0] += 1.0
    shared[1] += value
    shared[2] += value * value
    for factor in range(x.shape[1]):
        other = x[row, factor]
        sums[0, factor] += other
        sums[1, factor] += other * other
        sums[2, factor] += other * value


@njit(cache=True, error_model="numpy")
def _estimate(
    shared: FloatArray,
    sums: FloatArray,
    shared_tails: FloatArray,
    tails: FloatArray,
    at: int,
    found: FloatArray,
) -> float:  # pragma: no cover
    """Write beta, r_squared and std_error by factor to found (3, G), of the sums of a prefix and a suffix; n."""
    n, sum_y, sum_yy = (
        shared[0] + shared_tails[at, 0],
        shared[1] + shared_tails[at, 1],
        shared[2] + shared_tails[at, 2],
    )
    mean_y = sum_y / n
    s_yy = sum_yy - sum_y * mean_y
    is_flat, is_scarce = s_yy <= VARIANCE_RESOLUTION * sum_yy, n < MIN_OBSERVATIONS
    s_yy = 0.0 if is_flat else s_yy
    for factor in range(sums.shape[1]):
        sum_x = sums[0, factor] + tails[at, 0, factor]
        sum_xx = sums[1, factor] + tails[at, 1, factor]
        sum_xy = sums[2, factor] + tails[at, 2, factor]
        s_xy = 0.0 if is_flat else sum_xy - sum_x * mean_y
        s_xx = sum_xx - sum_x * (sum_x / n)
        s_xx = np.nan if is_scarce or s_xx <= sum_xx * VARIANCE_RESOLUTION else s_xx
        beta = s_xy / s_xx
        explained = beta * s_xy
        error = s_yy - explained
        error = 0.0 if error < 0.0 else error  # noqa: FURB136 - NaN stays NaN
        fit = explained / s_yy
        found[0, factor] = beta
        found[1, factor] = 1.0 if fit > 1.0 else fit  # noqa: FURB136
        found[2, factor] = np.sqrt(error / (s_xx * (n - 2.0)))
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
    columns: IntArray,
) -> None:  # pragma: no cover
    """Write beta, r_squared, std_error, n_obs of assets y on factors x that have the same gaps.

    x: (R, G), y: (N, R), aligned to blocks; first_out: row of the first output; columns (G,): places of the factors
    in the outputs (n_out, N, F).
    """
    n_rows, n_factors = x.shape
    for asset in prange(y.shape[0]):
        shared, sums, found = np.empty(3), np.empty((3, n_factors)), np.empty((3, n_factors))
        shared_tails, tails = np.zeros((WINDOW + 1, 3)), np.zeros((WINDOW + 1, 3, n_factors))
        for start in range(0, n_rows, WINDOW):
            shared[:] = 0.0
            sums[:] = 0.0
            for offset in range(WINDOW):
                row = start + offset
                value = y[asset, row]
                if not (np.isnan(x[row, 0]) or np.isnan(value)):
                    _add(value, x, row, shared, sums)
                at = row - first_out
                if 0 <= at < beta.shape[0]:
                    n = _estimate(shared, sums, shared_tails, tails, offset + 1, found)
                    for factor in range(n_factors):
                        place = columns[factor]
                        beta[at, asset, place] = found[0, factor]
                        r_squared[at, asset, place] = found[1, factor]
                        std_error[at, asset, place] = found[2, factor]
                        n_obs[at, asset, place] = int(n)
            # The suffixes of this block, for the windows that end in the next.
            shared[:] = 0.0
            sums[:] = 0.0
            for offset in range(WINDOW - 1, -1, -1):
                value = y[asset, start + offset]
                if not (np.isnan(x[start + offset, 0]) or np.isnan(value)):
                    _add(value, x, start + offset, shared, sums)
                shared_tails[offset] = shared
                tails[offset] = sums
