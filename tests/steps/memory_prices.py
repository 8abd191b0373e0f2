"""A price source in memory: random walks by symbol, with whatever gaps and restatements a test asks for."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from zlib import crc32

import numpy as np

from pipelines.calc.factors import FACTORS
from pipelines.calc.types import Columns
from pipelines.sessions import session_range
from pipelines.sources.protocol import empty_prices, empty_securities, empty_short_interest
from pipelines.sources.universe import SHORT_INTEREST_UNIVERSE

PROXIES = tuple(factor.proxy for factor in FACTORS if factor.proxy)
UNIVERSE = tuple(sorted(SHORT_INTEREST_UNIVERSE)[:10])
"""The source knows these of the universe: enough for the short-interest factor, and quick."""

START = date(2023, 6, 1)
END = date(2024, 6, 28)


class MemoryPrices:
    """Closes (cents, so that every value is a whole number of ten-thousandths) by symbol and session."""

    name = "memory"

    def __init__(self, closes: dict[str, dict[date, float]], note: str = "") -> None:
        self.closes = closes
        self.note = note

    def __repr__(self) -> str:
        return f"<random walks{self.note}>"

    def prices(self, symbols: Sequence[str], start: date, end: date) -> Columns:
        rows = [
            (symbol, day, close)
            for symbol in sorted(set(symbols) & self.closes.keys())
            for day, close in self.closes[symbol].items()
            if start <= day <= end
        ]
        if not rows:
            return empty_prices()
        symbol, day, close = zip(*rows, strict=True)
        nothing = np.full(len(rows), np.nan)
        return {
            "symbol": np.array(symbol),
            "session": np.array(day, dtype="datetime64[D]"),
            "close": np.array(close, dtype=np.float64),
            "open": nothing,
            "high": nothing,
            "low": nothing,
            "volume": nothing,
        }

    def securities(self, symbols: Sequence[str]) -> Columns:
        known = sorted(set(symbols) & self.closes.keys())
        if not known:
            return empty_securities()
        named = np.array(known)
        return {
            "symbol": named,
            "name": np.char.add("Société ", named),
            "sector": np.full(len(known), "Énergie"),
            "industry": np.full(len(known), ""),
        }

    def short_interest(self, symbols: Sequence[str], start: date, end: date) -> Columns:
        settled = [day for day in (date(2023, 8, 15), date(2023, 12, 15)) if start <= day <= end]
        rows = [(symbol, day) for symbol in sorted(set(symbols) & set(UNIVERSE)) for day in settled]
        if not rows:
            return empty_short_interest()
        symbol, day = zip(*rows, strict=True)
        settlement = np.array(day, dtype="datetime64[D]")
        return {
            "symbol": np.array(symbol),
            "settlement_date": settlement,
            "published_at": (settlement + 8).astype("datetime64[us]") + np.timedelta64(21, "h"),
            "days_to_cover": np.array([crc32(f"{s}{d}".encode()) % 997 / 100 for s, d in rows]),
        }

    def without(self, gaps: Iterable[tuple[str, date, date]]) -> "MemoryPrices":
        """Return the source with closes of symbols missing between two days, both included."""
        closes = {symbol: dict(days) for symbol, days in self.closes.items()}
        gone = list(gaps)
        for symbol, first, last in gone:
            for day in [day for day in closes.get(symbol, {}) if first <= day <= last]:
                del closes[symbol][day]
        return MemoryPrices(closes, f"{self.note} without {gone}")

    def restated(self, changes: Mapping[tuple[str, date], float]) -> "MemoryPrices":
        """Return the source with some closes replaced or added."""
        closes = {symbol: dict(days) for symbol, days in self.closes.items()}
        for (symbol, day), close in changes.items():
            closes.setdefault(symbol, {})[day] = close
        return MemoryPrices(closes, f"{self.note} with {dict(changes)}")


def random_walks(symbols: Iterable[str], seed: int = 0) -> MemoryPrices:
    """Random walks in cents of some symbols, of the factor proxies and of part of the universe."""
    days = session_range(START, END).tolist()
    closes = {}
    for symbol in sorted({*symbols, *PROXIES, *UNIVERSE}):
        random = np.random.default_rng([seed, crc32(symbol.encode())])
        level = random.uniform(2.0, 5.5) + np.cumsum(random.normal(0.0, 0.02, len(days)))
        closes[symbol] = dict(
            zip(days, np.maximum(np.rint(np.exp(level) * 100) / 100, 0.01).tolist(), strict=True)
        )
    return MemoryPrices(closes)
