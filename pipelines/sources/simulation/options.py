"""Simulated listed options: Black–Scholes on the simulated underlying, at the underlying's own volatility."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from pipelines.calc.types import FloatArray
from pipelines.instruments import InstrumentError, OptionContract, OptionType, parse_option
from pipelines.sessions import HORIZON, session_on_or_before
from pipelines.sources.simulation.bars import Bars, around, round_to_tick
from pipelines.sources.simulation.black_scholes import black_scholes
from pipelines.sources.simulation.profiles import has_price, profile
from pipelines.sources.simulation.stocks import close_path
from pipelines.sources.simulation.streams import generator, grid

RATE: Final = 0.03
LISTED_DAYS: Final = 1096
"""Calendar days before its expiry from which an option trades: three years, the longest that are listed."""


def listed(symbol: str) -> OptionContract | None:
    """Terms of an option by its symbol as stored (AAPL240119C00150000); None for anything else."""
    try:
        contract = parse_option(symbol)
    except InstrumentError:
        return None
    return contract if contract.symbol == symbol else None


@dataclass(frozen=True, slots=True)
class OptionPath:
    """Bars of an option over its whole life; `first` is the grid position of the first of them."""

    first: int
    bars: Bars


def option_path(option: OptionContract) -> OptionPath | None:
    """Prices from `LISTED_DAYS` before expiry to the expiry session; None without a price of the underlying.

    The option expires at the close of the last session on or before its expiry date, at its intrinsic value,
    but like every quoted price not below one cent.
    """
    if not has_price(option.underlying) or not HORIZON[0] <= option.expiry <= HORIZON[1]:
        return None
    days = grid()
    expiry = np.datetime64(session_on_or_before(option.expiry), "D")
    first = int(np.searchsorted(days, expiry - LISTED_DAYS))
    last = int(np.searchsorted(days, expiry))
    life = days[first : last + 1]
    years = (expiry - life).astype(np.float64) / 365.0
    underlying = np.ascontiguousarray(close_path(option.underlying)[first : last + 1])
    volatility = profile(option.underlying).volatility
    is_call = option.option_type is OptionType.CALL
    close = round_to_tick(black_scholes(is_call, underlying, float(option.strike), years, RATE, volatility))
    return OptionPath(first, _bars(option.symbol, close))


def _bars(symbol: str, close: FloatArray) -> Bars:
    """Bars around the closes; options move more within a day than between closes."""
    draws = generator("option", symbol).random((4, len(close)))
    opens = round_to_tick(close * (0.95 + 0.1 * draws[0]))
    return around(opens, close, 0.05 * draws[1], 0.05 * draws[2], 1.0 + 2000.0 * draws[3])
