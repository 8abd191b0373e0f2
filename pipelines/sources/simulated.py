"""The price source that needs no vendor: deterministic in symbol and date, bit for bit, whatever is asked.

Stocks and ETFs follow factors (`simulation.factors`) through their loadings; any well-formed stock symbol has
prices, except those that begin with NOPRICE. Options follow their underlying. Every row says `simulated`.
"""

from collections.abc import Sequence
from datetime import date
from typing import Final

import numpy as np

from pipelines.calc.types import Columns, FloatArray, IntArray
from pipelines.sessions import session_range
from pipelines.sources.protocol import (
    PRICE_FIELDS,
    empty_prices,
    empty_securities,
    empty_short_interest,
)
from pipelines.sources.simulation import options, stocks
from pipelines.sources.simulation.bars import Bars
from pipelines.sources.simulation.profiles import has_price, profile
from pipelines.sources.simulation.short_interest import days_to_cover, settlements
from pipelines.sources.simulation.streams import grid


class SimulatedPrices:
    """A `PriceSource` over the whole horizon of `pipelines.sessions`, the future included."""

    name: Final = "simulated"

    def prices(self, symbols: Sequence[str], start: date, end: date) -> Columns:
        """Daily bars; see `PriceSource.prices`."""
        positions = np.searchsorted(grid(), session_range(start, end))
        if not len(positions):
            return empty_prices()
        names: list[str] = []
        taken: list[IntArray] = []
        parts: dict[str, list[FloatArray]] = {field: [] for field in PRICE_FIELDS}
        for symbol in sorted(set(symbols)):  # options come right after their underlying, whose path is cached
            found = _path(symbol, slice(int(positions[0]), int(positions[-1]) + 1))
            if found is None:
                continue
            first, bars = found
            inside = positions[(positions >= first) & (positions < first + len(bars.close))]
            names.append(symbol)
            taken.append(inside)
            for field, part in parts.items():
                part.append(getattr(bars, field)[inside - first])
        if not names:
            return empty_prices()
        return {
            "symbol": np.repeat(np.array(names), [len(inside) for inside in taken]),
            "session": grid()[np.concatenate(taken)],
            **{field: np.concatenate(part) for field, part in parts.items()},
        }

    def securities(self, symbols: Sequence[str]) -> Columns:
        """Describe stocks and ETFs; see `PriceSource.securities`."""
        found = [profile(symbol) for symbol in _stocks(symbols)]
        if not found:
            return empty_securities()
        return {
            field: np.array([getattr(security, field) for security in found])
            for field in ("symbol", "name", "sector", "industry")
        }

    def short_interest(self, symbols: Sequence[str], start: date, end: date) -> Columns:
        """Short interest of stocks and ETFs; see `PriceSource.short_interest`."""
        dates = settlements()
        inside = (dates.settled >= np.datetime64(start, "D")) & (dates.settled <= np.datetime64(end, "D"))
        known = _stocks(symbols)
        if not known or not inside.any():
            return empty_short_interest()
        return {
            "symbol": np.repeat(np.array(known), int(inside.sum())),
            "settlement_date": np.tile(dates.settled[inside], len(known)),
            "published_at": np.tile(dates.published[inside], len(known)),
            "days_to_cover": np.concatenate([days_to_cover(symbol)[inside] for symbol in known]),
        }


def _stocks(symbols: Sequence[str]) -> list[str]:
    """Stocks and ETFs with a profile, ascending. An option's symbol is too long to be one."""
    return sorted(symbol for symbol in set(symbols) if has_price(symbol))


def _path(symbol: str, days: slice) -> tuple[int, Bars] | None:
    """Path of a symbol on some days of the grid at least, and the position of its first day; None without prices."""
    option = options.listed(symbol)
    if option is not None:
        found = options.option_path(option)
        return None if found is None else (found.first, found.bars)
    return (days.start, stocks.bars(symbol, days)) if has_price(symbol) else None
