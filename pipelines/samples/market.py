"""What the sample books need of the simulated market: closes by session and listed options."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Final

from pipelines.calc.types import FloatArray
from pipelines.sessions import session_on_or_before, session_range
from pipelines.sources.simulated import SimulatedPrices

OPTION_MULTIPLIER: Final = 100
SHORTEST_LIFE: Final = timedelta(days=10)
"""An option is not bought for less; so every option of a book is alive on its latest session."""


class Closes:
    """Closes of symbols that have one on every session from start to end, both included."""

    def __init__(self, symbols: Sequence[str], start: date, end: date) -> None:
        self.sessions = session_range(start, end)
        prices = SimulatedPrices().prices(symbols, start, end)
        names = sorted(set(symbols))
        matrix = prices["close"].reshape(len(names), len(self.sessions))
        self._rows: dict[str, FloatArray] = dict(zip(names, matrix, strict=True))

    def __getitem__(self, symbol: str) -> FloatArray:
        """Return the closes of one symbol, oldest first, USD."""
        return self._rows[symbol]


def close_on(symbol: str, session: date) -> float:
    """Close of one symbol on one session, USD."""
    return float(Closes([symbol], session, session)[symbol][0])


def monthly_expiries(after: date, count: int) -> list[date]:
    """Expiry dates of listed monthly options: third Fridays, or the session before where closed.

    The first is more than `SHORTEST_LIFE` after `after`.
    """
    found: list[date] = []
    month = after.replace(day=1)
    while len(found) < count:
        friday = month + timedelta(days=(4 - month.weekday()) % 7 + 14)
        expiry = session_on_or_before(friday)
        if expiry > after + SHORTEST_LIFE:
            found.append(expiry)
        month = (month + timedelta(days=32)).replace(day=1)
    return found


def listed_strike(price: float) -> float:
    """Return the listed strike nearest to a price: steps of 0.5 to 50 USD, wider as the level rises."""
    steps = ((25.0, 0.5), (100.0, 1.0), (250.0, 2.5), (1000.0, 5.0), (5000.0, 10.0))
    step = next((size for below, size in steps if price < below), 50.0)
    return max(round(price / step), 1) * step


def occ_symbol(underlying: str, expiry: date, right: str, strike: float) -> str:
    """Compact OCC symbol; right is C or P."""
    return f"{underlying}{expiry:%y%m%d}{right}{round(strike * 1000):08d}"
