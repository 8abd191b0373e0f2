"""A vendor who changes its mind: closes, splits and short interest, told late or told otherwise."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from zlib import crc32

import numpy as np

from pipelines.calc.types import Columns
from pipelines.sessions import session_range
from pipelines.sources.protocol import empty_short_interest
from pipelines.tables.database import Database
from pipelines.tables.specs import SPLITS
from pipelines.tables.upsert import upsert
from tests.steps.memory_prices import UNIVERSE, MemoryPrices, random_walks

SESSIONS: list[date] = session_range(date(2023, 12, 18), date(2024, 5, 31)).tolist()
"""Sessions a history may come to: more than the 60 and the 90 of the windows."""
STOCKS = ("AAA", "BBB", "CCC")
CALL, PUT = "AAA240105C00050000", "CCC240419P00087500"
TOLD = (*STOCKS, "SPY", "MTUM", "AAPL", "ABBV", CALL, PUT)
"""Symbols whose closes are restated: of lots, underlyings, factor proxies and members of the universe."""
SETTLEMENTS = tuple(date(2023 + n // 12, n % 12 + 1, 15) for n in range(7, 17))
LATE = (("BBB", 20, 45), ("AAA", 9, 11), ("VTV", 12, 14), (PUT, 0, 40))
"""Symbol, first and last session (by index) of the closes that the vendor does not have at first."""


@cache
def walks() -> MemoryPrices:
    """Random walks of every symbol, all closes told."""
    return random_walks([*STOCKS, CALL, PUT])


def _first_told() -> dict[str, dict[date, float]]:
    late = {(symbol, day) for symbol, first, last in LATE for day in SESSIONS[first : last + 1]}
    return {
        symbol: {day: close for day, close in days.items() if (symbol, day) not in late}
        for symbol, days in walks().closes.items()
    }


def _first_settled() -> dict[tuple[str, date], float]:
    return {
        (symbol, day): crc32(f"{symbol}{day}".encode()) % 997 / 100
        for symbol in UNIVERSE
        for day in SETTLEMENTS
    }


@dataclass
class Vendor:
    """What is said now: closes by symbol and session, days to cover by symbol and settlement, ratios of splits."""

    closes: dict[str, dict[date, float]] = field(default_factory=_first_told)
    days_to_cover: dict[tuple[str, date], float] = field(default_factory=_first_settled)
    ratios: dict[tuple[str, date], float] = field(default_factory=dict)
    name: str = "memory"

    def prices(self, symbols: Sequence[str], start: date, end: date) -> Columns:
        return MemoryPrices(self.closes).prices(symbols, start, end)

    def securities(self, symbols: Sequence[str]) -> Columns:
        return MemoryPrices(self.closes).securities(symbols)

    def short_interest(self, symbols: Sequence[str], start: date, end: date) -> Columns:
        wanted = set(symbols)
        rows = [
            (symbol, day, cover)
            for (symbol, day), cover in sorted(self.days_to_cover.items())
            if symbol in wanted and start <= day <= end
        ]
        if not rows:
            return empty_short_interest()
        symbol, day, cover = zip(*rows, strict=True)
        settlement = np.array(day, dtype="datetime64[D]")
        return {
            "symbol": np.array(symbol),
            "settlement_date": settlement,
            "published_at": (settlement + 8).astype("datetime64[us]") + np.timedelta64(21, "h"),
            "days_to_cover": np.array(cover),
        }

    def store_splits(self, database: Database) -> None:
        """Store the splits told so far, as the fetch of a vendor does."""
        if self.ratios:
            symbol, day = zip(*self.ratios, strict=True)
            rows: Columns = {
                "symbol": np.array(symbol),
                "execution_date": np.array(day, dtype="datetime64[D]"),
                "split_from": np.ones(len(symbol)),
                "split_to": np.array(list(self.ratios.values())),
                "source": np.full(len(symbol), self.name),
            }
            with database.transaction():
                upsert(database, SPLITS, rows)
