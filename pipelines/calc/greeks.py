"""Position Greeks by the requirement's table."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from pipelines.calc.lots import POSITION_TYPES, is_option
from pipelines.calc.types import BoolArray, FloatArray, IntArray
from pipelines.calc.valuation import value

MODEL: Final = "mock"
GREEKS: Final = ("delta", "gamma", "theta", "vega")

MOCK_GREEKS: Final = {
    "LC": (0.6, 0.02, -0.5, 0.3),
    "SC": (-0.4, -0.02, 0.5, -0.3),
    "LP": (-0.4, 0.02, -0.5, 0.3),
    "SP": (0.3, -0.02, 0.5, -0.3),
}
"""Delta, gamma, theta, vega per unit of the underlying, already signed for direction. [PRD 3.2]"""

_BY_TYPE_CODE: Final = np.array([MOCK_GREEKS.get(name, (0.0,) * len(GREEKS)) for name in POSITION_TYPES])


@dataclass(frozen=True)
class Greeks:
    """Greeks of positions in units of the underlying; delta_adjusted_value in int64 money."""

    delta: FloatArray
    gamma: FloatArray
    theta: FloatArray
    vega: FloatArray
    delta_adjusted_value: IntArray


def position_greeks(
    type_code: npt.NDArray[np.int8],
    quantity: FloatArray,
    multiplier: FloatArray,
    is_expired_or_closed: BoolArray,
    underlying_price: FloatArray,
    market_value: IntArray,
) -> Greeks:
    """Greeks of positions: table × |quantity| × multiplier for options [PRD 3.2; DESIGN §3, Greeks].

    Stocks and privates: delta = quantity, the others 0. Everything is 0 on the exit and the expiry session
    (is_expired_or_closed: `lots.last_ix == session index`).
    delta_adjusted_value: options delta × underlying price, NULL_MONEY without one; others market_value.
    All arrays (n,), quantity signed, underlying_price USD (NaN = none), market_value int64 money.
    """
    alive = ~is_expired_or_closed
    option = is_option(type_code)
    units = np.where(option & alive, np.abs(quantity) * multiplier, 0.0)
    # + 0.0: a short's ended Greeks are 0, not −0.
    delta, gamma, theta, vega = (
        _BY_TYPE_CODE[type_code, greek] * units + 0.0 for greek in range(len(GREEKS))
    )
    delta = np.where(option, delta, np.where(alive, quantity, 0.0))
    # An ended option has delta 0 and is worth 0 × any price, known or not.
    exposure = value(delta, np.ones_like(delta), np.where(alive, underlying_price, 0.0))
    adjusted = np.where(option, exposure, np.where(alive, market_value, 0))
    return Greeks(delta, gamma, theta, vega, adjusted)
