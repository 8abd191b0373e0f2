"""Rolling factor betas and factor covariance."""

from typing import Final

import numpy as np

from pipelines.calc.rolling import (
    MIN_OBSERVATIONS,
    TRADING_DAYS,
    VARIANCE_RESOLUTION,
    Scratch,
    align_to_blocks,
    block_window_sums,
)
from pipelines.calc.types import FloatArray, IntArray

COMPILED_FROM: Final = 5_000_000
"""Betas at once from which loading the compiled kernel pays."""

TILE_ELEMENTS: Final = 300_000
"""Elements of one intermediate array: a few of them stay in the processor's cache."""


Regressions = tuple[FloatArray, FloatArray, FloatArray, IntArray]
"""beta, r_squared, std_error and n_obs, (n_out, S, F) each."""


def factor_betas(
    asset_returns: FloatArray, factor_returns: FloatArray, first_ix: int, n_out: int
) -> Regressions:
    """Univariate beta of each asset to each factor over the 60 sessions ending at each session.

    beta      = Cov(r_asset, r_factor) / Var(r_factor)             [PRD A.2; DESIGN §3, factor betas]
    r_squared = Cov² / (Var(r_asset) × Var(r_factor))
    std_error = √(Σ residual² / (n − 2) / Σ (r_factor − mean)²)    of the regression with an intercept

    all over the sessions of the window where both returns exist, the factor's variance too.

    asset_returns: (W, S), factor_returns: (W, F): simple daily returns, fractions, NaN = missing; the last
    row is the last session asked for, row 0 that of session index first_ix; the window of the first of the
    n_out last rows reaches 59 rows further back (rows that are not there are missing returns).
    Returns beta, r_squared, std_error (n_out, S, F) and n_obs, int64, likewise. NaN with n_obs < 20 or a
    factor that does not vary; r_squared NaN, beta and std_error 0 for an asset that does not vary.
    A number depends on its own 60 pairs of returns and its session, to the bit.
    """
    x, first_out = align_to_blocks(factor_returns, first_ix, n_out)
    y, _ = align_to_blocks(asset_returns, first_ix, n_out)
    compute = compiled if n_out * y.shape[1] * x.shape[1] >= COMPILED_FROM else vectorised
    return compute(x, y, first_out, n_out)


def compiled(x: FloatArray, y: FloatArray, first_out: int, n_out: int) -> Regressions:
    """Regressions of assets y (R, S) on factors x (R, F), aligned to blocks: `vectorised`, bit for bit."""
    from pipelines.calc.beta_kernel import regress  # loads a compiler

    shape = (n_out, y.shape[1], x.shape[1])
    beta, r_squared, std_error = (np.empty(shape) for _ in range(3))
    n_obs = np.empty(shape, dtype=np.int64)
    missing = np.isnan(x)
    present, known = (~missing).astype(np.float64), np.where(missing, 0.0, x)
    regress(present, known, np.ascontiguousarray(y.T), first_out, beta, r_squared, std_error, n_obs)
    return beta, r_squared, std_error, n_obs


def vectorised(x: FloatArray, y: FloatArray, first_out: int, n_out: int) -> Regressions:
    """Regressions of assets y (R, S) on factors x (R, F), aligned to blocks."""
    n_assets, n_factors = y.shape[1], x.shape[1]
    shape = (n_out, n_factors, n_assets)
    beta, r_squared, std_error = (np.empty(shape) for _ in range(3))
    n_obs = np.empty(shape, dtype=np.int64)
    scratch = Scratch()
    out = (beta, r_squared, std_error, n_obs)
    for group in _factors_with_the_same_gaps(x):
        width = max(TILE_ELEMENTS // (len(x) * len(group)), 1)
        for start in range(0, n_assets, width):
            tile = slice(start, start + width)
            for array, result in zip(
                out, _regress(x[:, group], y[:, tile], first_out, n_out, scratch), strict=True
            ):
                array[:, group, tile] = result
    return tuple(array.transpose(0, 2, 1) for array in out)  # type: ignore[return-value]


def _factors_with_the_same_gaps(factor_returns: FloatArray) -> list[list[int]]:
    """Group factors that are missing on the same sessions: they share an asset's sums."""
    groups: dict[bytes, list[int]] = {}
    for factor, missing in enumerate(np.isnan(factor_returns).T):
        groups.setdefault(missing.tobytes(), []).append(factor)
    return list(groups.values())


def _regress(
    x: FloatArray, y: FloatArray, first_out: int, n_out: int, scratch: Scratch
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Beta, r_squared, std_error, n_obs of assets y (R, N) on factors x (R, G): (n_out, G, N) each.

    x, y: aligned to blocks; the factors have the same gaps.
    """
    common = ~np.isnan(y) & ~np.isnan(x[:, :1])
    ones = common.astype(np.float64)[:, np.newaxis]
    asset = np.where(common, y, 0.0)[:, np.newaxis]
    factor = np.where(np.isnan(x), 0.0, x)[:, :, np.newaxis]
    shape = (len(x), x.shape[1], y.shape[1])
    terms = scratch.array("terms", shape)

    def sums(name: str) -> FloatArray:
        return block_window_sums(terms, first_out, n_out, scratch.array(name, shape))

    n, sum_y, sum_yy = (block_window_sums(one, first_out, n_out) for one in (ones, asset, asset * asset))
    np.multiply(factor, ones, out=terms)
    sum_x = sums("x")
    np.multiply(factor * factor, ones, out=terms)
    sum_xx = sums("xx")
    np.multiply(factor, asset, out=terms)
    sum_xy = sums("xy")
    return *_estimates(n, sum_y, sum_yy, sum_x, sum_xx, sum_xy, scratch.array("terms", sum_x.shape)), n


def _estimates(
    n: FloatArray,
    sum_y: FloatArray,
    sum_yy: FloatArray,
    sum_x: FloatArray,
    sum_xx: FloatArray,
    sum_xy: FloatArray,
    work: FloatArray,
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Beta, r_squared and std_error from the sums over the windows; overwrites the sums of x and work.

    In place: most of the time goes into moving the arrays. For y = x all of it is exact, beta 1 and error 0.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        mean_y = sum_y / n
        s_yy = sum_yy - sum_y * mean_y
        sum_xy -= np.multiply(sum_x, mean_y, out=work)
        np.multiply(sum_x, np.divide(sum_x, n, out=work), out=work)
        resolution = np.multiply(sum_xx, VARIANCE_RESOLUTION, out=sum_x)
        s_xx = np.subtract(sum_xx, work, out=sum_xx)
        is_flat = s_yy <= VARIANCE_RESOLUTION * sum_yy
        s_yy[is_flat] = 0.0
        np.copyto(sum_xy, 0.0, where=is_flat)
        np.copyto(s_xx, np.nan, where=(s_xx <= resolution) | (n < MIN_OBSERVATIONS))
        beta = np.divide(sum_xy, s_xx, out=work)
        explained = np.multiply(beta, sum_xy, out=sum_xy)
        error = np.subtract(s_yy, explained, out=sum_x)
        np.maximum(error, 0.0, out=error)
        np.divide(error, np.multiply(s_xx, n - 2.0, out=s_xx), out=error)
        np.sqrt(error, out=error)
        r_squared = np.divide(explained, s_yy, out=explained)
        np.minimum(r_squared, 1.0, out=r_squared)
    return beta, r_squared, error


def factor_covariance(factor_returns: FloatArray, first_ix: int, n_out: int) -> FloatArray:
    """Annualised covariance of the factors over the 60 sessions ending at each session.

    Sample covariance (ddof 1) × 252, pairwise: over the sessions where both returns exist, at least 20, else
    NaN [PRD A.2 factor covariance matrix; DESIGN §3].

    factor_returns: (W, F), first_ix, n_out: as in `factor_betas`.   Returns (n_out, F, F), symmetric to the
    bit.
    """
    x, first_out = align_to_blocks(factor_returns, first_ix, n_out)
    present = ~np.isnan(x)
    known = np.where(present, x, 0.0)
    other = present.astype(np.float64)[:, np.newaxis, :]
    n = block_window_sums(present[:, :, np.newaxis] * other, first_out, n_out)
    sum_a = block_window_sums(known[:, :, np.newaxis] * other, first_out, n_out)
    sum_ab = block_window_sums(known[:, :, np.newaxis] * known[:, np.newaxis, :], first_out, n_out)
    with np.errstate(divide="ignore", invalid="ignore"):
        deviations = sum_ab - sum_a * sum_a.transpose(0, 2, 1) / n
        covariance = deviations / (n - 1.0) * TRADING_DAYS
    # A factor that does not vary: rounding is not covariance.
    squares = np.diagonal(sum_ab, axis1=1, axis2=2)
    flat = np.diagonal(deviations, axis1=1, axis2=2) <= VARIANCE_RESOLUTION * squares
    covariance[flat[:, :, np.newaxis] | flat[:, np.newaxis, :]] = 0.0
    return np.where(n < MIN_OBSERVATIONS, np.nan, covariance)
