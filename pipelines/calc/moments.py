"""Mean and standard deviation over the axis of a window, in a fixed order of additions."""

from typing import Final

import numpy as np

from pipelines.calc.types import FloatArray, IntArray

DEVIATION_RESOLUTION: Final = 1e-24
"""Squared deviations below this part of the squares are the rounding of the mean: the series is constant."""


def mean_and_std(observations: FloatArray) -> tuple[FloatArray, FloatArray, IntArray]:
    """Mean, sample standard deviation (ddof 1) and number of observations, over the first axis.

    observations: (n_offsets, ...), NaN = missing.   Returns three arrays of shape (...); the mean is NaN
    without observations, the deviation with fewer than two; it is exactly 0 where all observations are equal.
    Two passes, one elementwise addition per offset: the bits of a result depend on its own observations
    alone.
    """
    shape = observations.shape[1:]
    total, squares, deviations = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    n_obs = np.zeros(shape, dtype=np.int64)
    for observation in observations:
        missing = np.isnan(observation)
        term = np.where(missing, 0.0, observation)
        total += term
        squares += term * term
        n_obs += ~missing
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = total / n_obs
        for observation in observations:
            deviation = observation - mean
            deviations += np.where(np.isnan(deviation), 0.0, deviation * deviation)
        deviations[deviations <= DEVIATION_RESOLUTION * squares] = 0.0
        std = np.where(n_obs > 1, np.sqrt(deviations / (n_obs - 1)), np.nan)
    return mean, std, n_obs
