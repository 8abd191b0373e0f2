"""The fastest rolling betas we know of: running sums, a pair of returns added and a pair removed at each session.

Assets are shared out among the processors, the factors are the inner loop (one vector). Every number depends, in its
last bits, on where the range began: which is why it is not what the project uses.
"""

import numpy as np
from numba import njit, prange

from pipelines.calc.types import FloatArray


@njit(cache=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"}, parallel=True)
def betas(y: FloatArray, x: FloatArray, window: int, least: int, n_out: int) -> FloatArray:
    """Beta (N, F, n_out) of assets y (N, W) on factors x (F, W); W = n_out + window − 1."""
    n_assets, n_rows = y.shape
    n_factors = x.shape[0]
    beta = np.empty((n_assets, n_factors, n_out))
    for asset in prange(n_assets):
        for factor in range(n_factors):
            n, sx, sy, sxx, sxy = 0.0, 0.0, 0.0, 0.0, 0.0
            for row in range(n_rows):
                a, b = y[asset, row], x[factor, row]
                if not (np.isnan(a) or np.isnan(b)):
                    n += 1.0
                    sx += b
                    sy += a
                    sxx += b * b
                    sxy += a * b
                at = row - window + 1
                if at >= 0:
                    found = (sxy - sx * sy / n) / (sxx - sx * sx / n)
                    beta[asset, factor, at] = found if n >= least else np.nan
                    a, b = y[asset, at], x[factor, at]
                    if not (np.isnan(a) or np.isnan(b)):
                        n -= 1.0
                        sx -= b
                        sy -= a
                        sxx -= b * b
                        sxy -= a * b
    return beta


@njit(cache=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"}, parallel=True)
def estimates(
    y: FloatArray, x: FloatArray, window: int, least: int, n_out: int
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Beta, r_squared, std_error, n_obs (N, F, n_out) of assets y (N, W) on factors x (F, W)."""
    n_assets, n_rows = y.shape
    n_factors = x.shape[0]
    shape = (n_assets, n_factors, n_out)
    beta, r_squared, std_error, n_obs = np.empty(shape), np.empty(shape), np.empty(shape), np.empty(shape)
    for asset in prange(n_assets):
        for factor in range(n_factors):
            n, sx, sy, sxx, sxy, syy = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
            for row in range(n_rows):
                a, b = y[asset, row], x[factor, row]
                if not (np.isnan(a) or np.isnan(b)):
                    n += 1.0
                    sx += b
                    sy += a
                    sxx += b * b
                    sxy += a * b
                    syy += a * a
                at = row - window + 1
                if at >= 0:
                    dxx, dxy, dyy = sxx - sx * sx / n, sxy - sx * sy / n, syy - sy * sy / n
                    dxx = dxx if n >= least else np.nan
                    slope = dxy / dxx
                    beta[asset, factor, at] = slope
                    r_squared[asset, factor, at] = slope * dxy / dyy
                    std_error[asset, factor, at] = np.sqrt((dyy - slope * dxy) / (n - 2.0) / dxx)
                    n_obs[asset, factor, at] = n
                    a, b = y[asset, at], x[factor, at]
                    if not (np.isnan(a) or np.isnan(b)):
                        n -= 1.0
                        sx -= b
                        sy -= a
                        sxx -= b * b
                        sxy -= a * b
                        syy -= a * a
    return beta, r_squared, std_error, n_obs
