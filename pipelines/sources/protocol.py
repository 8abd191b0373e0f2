"""What every source of market data offers, whoever the vendor is.

A source answers with `Columns`, ordered by symbol and then by date, without duplicates. A symbol that it does
not know has no rows: unknown is unpriced, not an error. Prices are raw, in USD per unit of the underlying
(options too: the multiplier belongs to the position).
"""

from collections.abc import Sequence
from datetime import date
from typing import Protocol

import numpy as np

from pipelines.calc.types import Columns

PRICE_FIELDS = ("open", "high", "low", "close", "volume")


class PriceSource(Protocol):
    """Daily prices, descriptions and short interest of public instruments."""

    @property
    def name(self) -> str:
        """The word stored beside every row: simulated, file, polygon, yfinance."""
        ...

    def prices(self, symbols: Sequence[str], start: date, end: date) -> Columns:
        """Daily bars of the sessions from start to end, both included.

        symbols: stocks, ETFs and options in compact OCC form, any order; repeats count once.
        Returns symbol ('U'), session (datetime64[D]) and float64 open, high, low, close, volume. A close is
        positive and finite; the others are NaN where the source has none. No close, no row.
        Raises SourceError when the source as a whole cannot answer.
        """
        ...

    def securities(self, symbols: Sequence[str]) -> Columns:
        """Describe the symbols that the source knows: symbol, name, sector, industry ('U', '' unknown)."""
        ...

    def short_interest(self, symbols: Sequence[str], start: date, end: date) -> Columns:
        """Short interest of the settlement dates from start to end, both included.

        Returns symbol ('U'), settlement_date (datetime64[D]), published_at (datetime64[us], UTC) and
        days_to_cover (float64, short shares ÷ average daily volume). Rows are chosen by settlement, so a late
        one may have been published only after `end`: who must not know the future compares `published_at`.
        """
        ...


def empty_prices() -> Columns:
    """Prices of nothing, with the right types."""
    return {
        "symbol": np.empty(0, dtype="U1"),
        "session": np.empty(0, dtype="datetime64[D]"),
        **{field: np.empty(0) for field in PRICE_FIELDS},
    }


def empty_securities() -> Columns:
    """Descriptions of nothing, with the right types."""
    return {field: np.empty(0, dtype="U1") for field in ("symbol", "name", "sector", "industry")}


def empty_short_interest() -> Columns:
    """Short interest of nothing, with the right types."""
    return {
        "symbol": np.empty(0, dtype="U1"),
        "settlement_date": np.empty(0, dtype="datetime64[D]"),
        "published_at": np.empty(0, dtype="datetime64[us]"),
        "days_to_cover": np.empty(0),
    }
