"""Closes as known at an instant, as matrices: sessions down, symbols across."""

from collections.abc import Callable
from typing import TypeVar

import numpy as np

from pipelines.calc.types import BoolArray, DateArray, FloatArray, IntArray
from pipelines.sessions import session_at, sessions
from pipelines.steps.known_at import Instant, PricesAt
from pipelines.tables.database import Database
from pipelines.tables.spec import date, number, text
from pipelines.tables.specs import SYMBOL_WIDTH

_CLOSES = (date("session"), text("symbol", SYMBOL_WIDTH), number("close"))
Numbers = TypeVar("Numbers", FloatArray, IntArray)
_Read = Callable[[np.ndarray, int, int], FloatArray]


def as_known(
    known_at: PricesAt,
    symbols: np.ndarray,
    read: Callable[[Instant, IntArray], Numbers],
    is_missing: Callable[[Numbers], BoolArray],
) -> Numbers:
    """What is read of symbols (n,), shape (…, n): those known later completed or replaced by what is known then.

    read: gets an instant and which of the symbols.
    """
    found = read(known_at.at, np.arange(len(symbols)))
    later, replaced = known_later(known_at, symbols)
    if len(later):
        then, at = read(known_at.then, later), found[..., later]
        found[..., later] = np.where(replaced | is_missing(at), then, at)
    return found


def read_closes(
    database: Database, known_at: PricesAt, symbols: np.ndarray, start_ix: int, end_ix: int
) -> FloatArray:
    """Closes as known, shape (T, S), NaN where there is none; `symbols` ascending."""

    def read(at: Instant, which: IntArray) -> FloatArray:
        return _closes_at(database, at, symbols[which], start_ix, end_ix)

    return as_known(known_at, symbols, read, np.isnan)


def known_later(known_at: PricesAt, symbols: np.ndarray) -> tuple[IntArray, BoolArray]:
    """Columns of the symbols that are known at the later instant, and which of them altogether: (n,) each."""
    if not (known_at.first_seen or known_at.replaced):
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.bool_)
    replaced = np.isin(symbols, sorted(known_at.replaced))
    later = np.flatnonzero(replaced | np.isin(symbols, sorted(known_at.first_seen)))
    return later, replaced[later]


def _closes_at(
    database: Database, known_at: Instant, symbols: np.ndarray, start_ix: int, end_ix: int
) -> FloatArray:
    raw = np.full((end_ix - start_ix + 1, len(symbols)), np.nan)
    if len(symbols):
        params = {"known_at": known_at, "symbols": symbols.tolist()}
        params |= {"start": session_at(start_ix), "end": session_at(end_ix)}
        found = database.columns(_CLOSES, "market/closes", params)
        row = np.searchsorted(sessions(), found["session"]) - start_ix
        raw[row, np.searchsorted(symbols, found["symbol"])] = found["close"]
    return raw


def read_closes_once(
    database: Database, known_at: PricesAt, symbols: np.ndarray, start_ix: int, end_ix: int
) -> FloatArray:
    """`read_closes` for windows that several steps of a run look at: what one has read is there for the others."""

    def read(names: np.ndarray, first: int, last: int) -> FloatArray:
        return read_closes(database, known_at, names, first, last)

    kept = database.once(known_at.at, ("closes", known_at), ClosesRead)
    return kept.between(read, symbols, start_ix, end_ix)


class ClosesRead:
    """The closes that a run has read, a matrix of consecutive sessions that grows with the windows asked for.

    For one thread: the one that reads ahead, or the run's own where there is none.
    """

    def __init__(self) -> None:
        self._symbols = np.zeros(0, dtype="U1")
        self._start_ix = 0
        self._closes: FloatArray = np.zeros((0, 0))

    def between(self, read: _Read, symbols: np.ndarray, start_ix: int, end_ix: int) -> FloatArray:
        """Closes of symbols (ascending) from one session to another, (T, S); `read` gets what is not there yet."""
        last = self._start_ix + len(self._closes) - 1
        if not self._closes.size or start_ix > last + 1 or end_ix < self._start_ix - 1:
            self._symbols, self._start_ix = symbols, start_ix
            self._closes = read(symbols, start_ix, end_ix)
        else:
            self._grow(read, symbols, start_ix, end_ix)
        rows = slice(start_ix - self._start_ix, end_ix - self._start_ix + 1)
        closes: FloatArray = self._closes[rows][:, np.searchsorted(self._symbols, symbols)]
        return closes

    def _grow(self, read: _Read, symbols: np.ndarray, start_ix: int, end_ix: int) -> None:
        last = self._start_ix + len(self._closes) - 1
        others = np.setdiff1d(symbols, self._symbols)
        if len(others):
            known = np.concatenate([self._symbols, others])
            order = np.argsort(known)
            self._closes = np.hstack([self._closes, read(others, self._start_ix, last)])[:, order]
            self._symbols = known[order]
        earlier = [read(self._symbols, start_ix, self._start_ix - 1)] if start_ix < self._start_ix else []
        later = [read(self._symbols, last + 1, end_ix)] if end_ix > last else []
        if earlier or later:
            self._closes = np.concatenate([*earlier, self._closes, *later])
            self._start_ix = min(self._start_ix, start_ix)


def read_prior(
    database: Database, known_at: PricesAt, symbols: np.ndarray, before_ix: int
) -> tuple[FloatArray, DateArray]:
    """The last close before a session and its date, shape (S,); NaN and NaT where there is none."""
    key = "prior", known_at, before_ix, tuple(symbols.tolist())
    return database.once(known_at.at, key, lambda: _read_prior(database, known_at, symbols, before_ix))


def _read_prior(
    database: Database, known_at: PricesAt, symbols: np.ndarray, before_ix: int
) -> tuple[FloatArray, DateArray]:
    close, day = _prior_at(database, known_at.at, symbols, before_ix)
    later, replaced = known_later(known_at, symbols)
    if len(later):
        then, then_day = _prior_at(database, known_at.then, symbols[later], before_ix)
        newer = replaced | np.isnat(day[later]) | (then_day > day[later])
        close[later] = np.where(newer, then, close[later])
        day[later] = np.where(newer, then_day, day[later])
    return close, day


def _prior_at(
    database: Database, known_at: Instant, symbols: np.ndarray, before_ix: int
) -> tuple[FloatArray, DateArray]:
    close = np.full(len(symbols), np.nan)
    day = np.full(len(symbols), np.datetime64("NaT", "D"))
    if len(symbols):
        params = {"known_at": known_at, "symbols": symbols.tolist(), "before": session_at(before_ix)}
        found = database.columns(_CLOSES, "market/prior_closes", params)
        column = np.searchsorted(symbols, found["symbol"])
        close[column], day[column] = found["close"], found["session"]
    return close, day
