"""The array types and the two missing values of the formulas."""

from typing import Any, Final

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]
DateArray = npt.NDArray[np.datetime64]

MONEY_SCALE: Final = 10_000
"""Money is int64 in ten-thousandths of a dollar."""

NULL_MONEY: Final = int(np.iinfo(np.int64).min)
"""A missing amount of money: what NaN is to floats and NaT to dates."""

Columns = dict[str, npt.NDArray[Any]]
"""A table slice: equally long arrays by column name. Text is 'U', where the empty string is null."""
