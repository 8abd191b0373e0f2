"""Small books and markets, written as one would write them down.

January 2024, in which most tests happen: 1 and 15 are holidays, 6/7, 13/14, 20/21, 27/28 weekends.
"""

from dataclasses import dataclass
from datetime import date
from math import nan
from typing import Any

import numpy as np

from pipelines.calc.lots import Lots, timeline, type_codes
from pipelines.calc.pnl import position_pnl
from pipelines.calc.prices import carry
from pipelines.calc.quarantine import LastUsable
from pipelines.calc.types import Columns, DateArray, FloatArray, IntArray
from pipelines.sessions import index_on_or_after, sessions

Closes = dict[str, dict[str, float]]
"""Closes by symbol and ISO date."""


@dataclass(frozen=True)
class Lot:
    type: str = "LONG"
    quantity: float = 1000.0
    entry: str = "2024-01-09"
    entry_price: float = 150.0
    exit: str = "NaT"
    exit_price: float = nan
    symbol: str = "A"
    multiplier: float = 1.0
    expiry: str = "NaT"
    strike: float = nan
    underlying: str | None = None
    private: bool = False
    inception: str = "2024-01-05"
    portfolio: int = 1


@dataclass(frozen=True)
class Market:
    """Carried closes of consecutive sessions; row 0 is the session before session_ix[0]."""

    symbols: list[str]
    session_ix: IntArray
    close: FloatArray
    date: DateArray


def days(values: list[str]) -> DateArray:
    return np.array(values, dtype="datetime64[D]")


def make_lots(specs: list[Lot], symbols: list[str]) -> Lots:
    """Lots in the order given, position ids from 1; portfolios must not descend."""

    def floats(name: str) -> FloatArray:
        return np.array([getattr(spec, name) for spec in specs], dtype=np.float64)

    def column(symbol: str | None) -> int:
        return symbols.index(symbol) if symbol in symbols else -1

    entry = days([spec.entry for spec in specs])
    placed = timeline(
        sessions(),
        entry,
        days([spec.exit for spec in specs]),
        days([spec.expiry for spec in specs]),
        days([spec.inception for spec in specs]),
    )
    return Lots(
        position_id=np.arange(1, len(specs) + 1),
        portfolio_id=np.array([spec.portfolio for spec in specs], dtype=np.int64),
        price_column=np.array([column(spec.symbol) for spec in specs], dtype=np.int64),
        underlying_column=np.array([column(spec.underlying) for spec in specs], dtype=np.int64),
        type_code=type_codes(np.array([spec.type for spec in specs])),
        is_private=np.array([spec.private for spec in specs], dtype=bool),
        quantity=floats("quantity"),
        multiplier=floats("multiplier"),
        entry_price=floats("entry_price"),
        exit_price=floats("exit_price"),
        strike=floats("strike"),
        entry_date=entry,
        **vars(placed),
    )


def make_market(closes: Closes, start: str, end: str) -> Market:
    """Closes as known on the sessions from start to end, and on the one before."""
    symbols = sorted(closes)
    first, last = int(index_on_or_after(start)), int(index_on_or_after(end))
    rows = sessions()[first - 1 : last + 1]
    raw = np.full((len(rows), len(symbols)), nan)
    raw_date = np.full(raw.shape, np.datetime64("NaT", "D"))
    prior, prior_date = np.full(len(symbols), nan), np.full(len(symbols), np.datetime64("NaT", "D"))
    for column, symbol in enumerate(symbols):
        for day, close in sorted(closes[symbol].items()):
            row = int(np.searchsorted(rows, np.datetime64(day, "D")))
            if np.datetime64(day, "D") < rows[0]:
                prior[column], prior_date[column] = close, np.datetime64(day, "D")
            elif row < len(rows):
                raw[row, column], raw_date[row, column] = close, np.datetime64(day, "D")
    close, close_date = carry(raw, raw_date, prior, prior_date)
    return Market(symbols, np.arange(first, last + 1), close, close_date)


def pnl_columns(
    specs: list[Lot], closes: Closes, start: str, end: str, before: LastUsable | None = None
) -> Columns:
    market = make_market(closes, start, end)
    lots = make_lots(specs, market.symbols)
    return position_pnl(lots, market.session_ix, market.close, market.date, sessions(), before)


def pnl_rows(specs: list[Lot], closes: Closes, start: str, end: str, **others: Any) -> list[dict[str, Any]]:
    """Rows as dictionaries: money in dollars, sessions as ISO text, price_date None where there is none."""
    columns = pnl_columns(specs, closes, start, end, **others)
    rows = [
        dict(zip(columns, row, strict=True))
        for row in zip(*(c.tolist() for c in columns.values()), strict=True)
    ]
    for row in rows:
        for name, cell in row.items():
            if isinstance(cell, date):
                row[name] = cell.isoformat()
        for name in ("market_value", "daily_pnl", "unrealized_pnl"):
            row[name] /= 10_000
    return rows


def the(rows: list[dict[str, Any]], *names: str) -> list[tuple[Any, ...]]:
    """The named columns of rows."""
    return [tuple(row[name] for name in names) for row in rows]
