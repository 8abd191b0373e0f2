"""From the vendor's bars to rows: dated by New York's midnight, each once, refused where they make no sense."""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from functools import cache
from math import isfinite
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np

from pipelines.calc.types import Columns, IntArray
from pipelines.sessions import session_at, sessions
from pipelines.sources.protocol import PRICE_FIELDS
from pipelines.sources.vendor import (
    CONTRADICTS,
    NO_CLOSE,
    NOT_A_SESSION,
    RAW,
    WRONG_DATE,
    Refusal,
    empty_bars,
)

NEW_YORK: Final = ZoneInfo("America/New_York")


@cache
def _midnights() -> IntArray:
    """Epoch milliseconds of each session's midnight in New York."""
    days = sessions().tolist()
    return np.array([int(datetime(d.year, d.month, d.day, tzinfo=NEW_YORK).timestamp()) * 1000 for d in days])


def session_of(timestamp: int) -> tuple[date, str]:
    """The session that a daily bar's epoch milliseconds name, and '' or why they name none (then the local date)."""
    ix = int(np.searchsorted(_midnights(), timestamp))
    if ix < len(_midnights()) and _midnights()[ix] == timestamp:
        return session_at(ix), ""
    local = datetime.fromtimestamp(timestamp / 1000, UTC).astimezone(NEW_YORK)
    is_midnight = (local.hour, local.minute, local.second, local.microsecond) == (0, 0, 0, 0)
    return local.date(), NOT_A_SESSION if is_midnight else WRONG_DATE


class Bars:
    """Rows of one answer, as they are gathered."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.refused: list[Refusal] = []
        self._rows: dict[tuple[str, date], tuple[float, ...]] = {}
        self._contradicted: set[tuple[str, date]] = set()

    def add(self, symbol: str, day: date, reason: str, bar: Any) -> None:
        """Take a bar in, or note why not. `bar` has open, high, low, close and volume, each a number or None."""
        numbers = tuple(_number(getattr(bar, name)) for name in PRICE_FIELDS)
        close = numbers[PRICE_FIELDS.index("close")]
        if not reason and not close > 0:
            reason = NO_CLOSE
        if reason:
            self.refused.append(Refusal(symbol, day, close, reason))
            return
        key = (symbol, day)
        known = self._rows.setdefault(key, numbers)
        if known[3] != close and key not in self._contradicted:
            self._contradicted.add(key)
            self.refused.append(Refusal(symbol, day, close, CONTRADICTS))

    def columns(self) -> Columns:
        """Rows by symbol and session. A session told twice with different closes has none."""
        rows = sorted((key, numbers) for key, numbers in self._rows.items() if key not in self._contradicted)
        if not rows:
            return empty_bars()
        values = np.array([numbers for _, numbers in rows])
        return {
            "symbol": np.array([symbol for (symbol, _), _ in rows]),
            "session": np.array([day for (_, day), _ in rows], dtype="datetime64[D]"),
            **{name: values[:, at] for at, name in enumerate(PRICE_FIELDS)},
            "source": np.full(len(rows), self.source),
            "adjustment": np.full(len(rows), RAW),
        }


def add_daily(bars: Bars, symbol: str, found: Iterable[Any], wanted: Sequence[date]) -> None:
    """Add a symbol's daily bars; those of other sessions than the wanted ones are passed over."""
    days = set(wanted)
    for bar in found:
        if not isinstance(bar.timestamp, int | float):
            bars.refused.append(Refusal(symbol, wanted[0], _number(bar.close), WRONG_DATE))
            continue
        day, reason = session_of(int(bar.timestamp))
        if reason or day in days:
            bars.add(symbol, day, reason, bar)


def add_grouped(bars: Bars, symbol_of: dict[str, str], found: Iterable[Any], session: date) -> None:
    """Add a session's bars of all tickers; `symbol_of` the wanted ones.

    Here a timestamp is of the day's end, and only its date in New York counts.
    """
    for bar in found:
        symbol = symbol_of.get(bar.ticker or "")
        if symbol is None:
            continue
        stamp = bar.timestamp
        is_right = (
            stamp is None or datetime.fromtimestamp(stamp / 1000, UTC).astimezone(NEW_YORK).date() == session
        )
        bars.add(symbol, session, "" if is_right else WRONG_DATE, bar)


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) and isfinite(value) else float("nan")
