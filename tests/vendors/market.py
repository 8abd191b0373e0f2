"""What the vendors' test servers know: raw closes in cents by symbol and session, splits, descriptions."""

from dataclasses import dataclass, field
from datetime import date
from zlib import crc32

import numpy as np

from pipelines.calc.factors import FACTORS
from pipelines.sessions import session_range
from pipelines.sources.universe import SHORT_INTEREST_UNIVERSE

PROXIES = tuple(factor.proxy for factor in FACTORS if factor.proxy)


@dataclass(frozen=True)
class Split:
    """`to` shares for `before` from a date on."""

    ticker: str
    day: date
    before: float
    to: float


@dataclass
class Market:
    """Raw closes by vendor's ticker. Volume is a function of both, so that no two bars are alike."""

    closes: dict[str, dict[date, float]] = field(default_factory=dict)
    splits: list[Split] = field(default_factory=list)
    sectors: dict[str, tuple[str, str]] = field(default_factory=dict)
    renamed: dict[str, str] = field(default_factory=dict)

    def bar(self, ticker: str, day: date) -> dict[str, float]:
        close = self.closes[ticker][day]
        volume = 1_000_000 + crc32(f"{ticker}{day}".encode()) % 100_000
        return {
            "o": close,
            "h": round(close * 1.01, 4),
            "l": round(close * 0.99, 4),
            "c": close,
            "v": float(volume),
        }

    def split(self, ticker: str, day: date, to: float, before: float = 1.0, *, told: bool = True) -> None:
        """Split a ticker: its closes from the day on fall; `told`: the vendor lists it."""
        for session, close in self.closes[ticker].items():
            if session >= day:
                self.closes[ticker][session] = round(close * before / to, 4)
        if told:
            self.splits.append(Split(ticker, day, before, to))

    def adjusted(self, ticker: str, day: date) -> float:
        """A close as Yahoo gives it: divided by every split after its day."""
        ratio = 1.0
        for split in self.splits:
            if split.ticker == ticker and split.day > day:
                ratio *= split.to / split.before
        return self.closes[ticker][day] / ratio


def walk(ticker: str, start: date, end: date) -> dict[date, float]:
    """A random walk in cents, the same whatever range is asked for."""
    days = session_range(date(2015, 1, 2), end).tolist()
    random = np.random.default_rng(crc32(ticker.encode()))
    level = random.uniform(3.5, 5.5) + np.cumsum(random.normal(0.0, 0.004, len(days)))
    return {
        day: round(float(np.exp(value)), 2) for day, value in zip(days, level, strict=True) if day >= start
    }


def market(start: date, end: date, *more: str) -> Market:
    """The factor proxies, the short-interest universe, and more tickers."""
    tickers = sorted({*PROXIES, *SHORT_INTEREST_UNIVERSE, *more})
    return Market({ticker: walk(ticker, start, end) for ticker in tickers})
