"""Equality to the bit: NaN equals NaN, 0.0 does not equal −0.0."""

from typing import Any

import numpy as np

from pipelines.calc.types import Columns


def bits(array: Any) -> tuple[tuple[int, ...], str, bytes]:
    """Shape, type and bytes of an array, whatever its layout."""
    array = np.asarray(array)
    return array.shape, array.dtype.str, array.tobytes()


def assert_same_bits(left: Any, right: Any) -> None:
    assert bits(left) == bits(right)


def assert_same_columns(left: Columns, right: Columns) -> None:
    assert left.keys() == right.keys()
    for name in left:
        assert bits(left[name]) == bits(right[name]), name
