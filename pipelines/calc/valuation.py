"""The one valuation of a lot, and the limit beyond which a price is not believed."""

from typing import Final

import numpy as np
import numpy.typing as npt

from pipelines.calc.lots import LC, SC
from pipelines.calc.types import MONEY_SCALE, NULL_MONEY, BoolArray, FloatArray, IntArray

VALUE_LIMIT: Final = 1e11
"""USD. Below it every value is an exact integer in float64 too, and thousands of them sum within int64."""


def _units(quantity: FloatArray, multiplier: FloatArray, price: FloatArray) -> FloatArray:
    with np.errstate(over="ignore", invalid="ignore"):
        return np.rint(quantity * multiplier * price * MONEY_SCALE)


def usable(quantity: FloatArray, multiplier: FloatArray, price: FloatArray) -> BoolArray:
    """Say which prices (USD per unit) value their lot below VALUE_LIMIT; NaN does not [DESIGN §3, money]."""
    return np.abs(_units(quantity, multiplier, price)) < VALUE_LIMIT * MONEY_SCALE


def value(quantity: FloatArray, multiplier: FloatArray, price: FloatArray) -> IntArray:
    """Value of lots: quantity × multiplier × price, in int64 ten-thousandths of a dollar.

    rint(quantity × multiplier × price × 10⁴)                  [REM 4.1; PRD 3.1; DESIGN §3, value, money]

    quantity: signed units, so a short is worth less than nothing.   multiplier: 1 for stocks, 100 for listed
    options.   price: USD per unit of the underlying.   Shapes broadcast. NULL_MONEY where a price is NaN or
    not usable: a value of VALUE_LIMIT or more is never computed.
    """
    units = _units(quantity, multiplier, price)
    return to_money(np.where(np.abs(units) < VALUE_LIMIT * MONEY_SCALE, units, np.nan))


def to_money(units: FloatArray) -> IntArray:
    """Ten-thousandths of a dollar as int64 money, half to even; NULL_MONEY where NaN or beyond int64."""
    known = np.abs(units) < -float(NULL_MONEY)
    amount: IntArray = np.rint(np.where(known, units, 0.0)).astype(np.int64)
    amount[~known] = NULL_MONEY
    return amount


def intrinsic(
    type_code: npt.NDArray[np.int8], strike: FloatArray, underlying_price: FloatArray
) -> FloatArray:
    """Intrinsic value of options, USD per unit of the underlying: max(S − K, 0) calls, max(K − S, 0) puts.

    Never negative: the direction of a lot is in its quantity. NaN without an underlying price.
    """
    is_call = (type_code == LC) | (type_code == SC)
    return np.maximum(np.where(is_call, underlying_price - strike, strike - underlying_price), 0.0)
