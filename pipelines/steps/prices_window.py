"""Closes as matrices: sessions down, price columns across."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from pipelines.calc.prices import carry, simple_returns
from pipelines.calc.splits import step_ratios
from pipelines.calc.types import DateArray, FloatArray, IntArray
from pipelines.sessions import index_on_or_after, sessions
from pipelines.steps.book import Book, Marks
from pipelines.steps.closes import read_closes_once, read_prior
from pipelines.steps.known_at import PricesAt
from pipelines.steps.splits import read_splits
from pipelines.tables.database import Database

_LOOKBACK = 10
"""Sessions before a window searched at once for the last close; older ones are looked up symbol by symbol."""


@dataclass(frozen=True)
class Window:
    """Carried closes of the sessions `ix` (T,) and, in row 0, of the session before: shape (T + 1, S)."""

    ix: IntArray
    close: FloatArray
    close_date: DateArray


class RollingReturns:
    """Returns of symbols (ascending) over windows that move forward: what two windows share is read once."""

    def __init__(self, database: Database, known_at: PricesAt, symbols: np.ndarray) -> None:
        self.symbols = symbols
        self._database = database
        self._known_at = known_at
        self._start_ix = 0
        self._closes = np.empty((0, len(symbols)))
        self._splits = read_splits(database, known_at.splits, symbols)

    def read(self, start_ix: int, end_ix: int) -> FloatArray:
        """Split-adjusted daily returns of consecutive sessions, shape (T, S), NaN where either close is missing."""
        first = start_ix - 1
        kept = self._closes[first - self._start_ix :] if first >= self._start_ix else self._closes[:0]
        if len(kept) < end_ix - first + 1:
            new = read_closes_once(self._database, self._known_at, self.symbols, first + len(kept), end_ix)
            kept = np.concatenate([kept, new])
        self._closes, self._start_ix = kept, first
        closes = kept[1 : end_ix - first + 1]
        return simple_returns(closes, kept[0], step_ratios(self._splits, start_ix, *closes.shape))


def carried_windows(
    database: Database, known_at: PricesAt, book: Book, chunks: Sequence[tuple[int, int]]
) -> Iterator[Window]:
    """Carried closes, marks and overrides of consecutive chunks of sessions (first and last index, both included)."""
    if not chunks:
        return
    symbols, first = book.symbols, chunks[0][0]
    lookback_ix = first - 1 - _LOOKBACK
    close, close_date = _carried(
        book, lookback_ix, read_closes_once(database, known_at, symbols, lookback_ix, first - 1)
    )
    missing = np.isnan(close[-1, : len(symbols)])
    if missing.any():
        older, older_date = read_prior(database, known_at, symbols[missing], lookback_ix)
        close[-1, : len(symbols)][missing], close_date[-1, : len(symbols)][missing] = older, older_date
    last, last_date = close[-1], close_date[-1]
    book.overrides.fill_older(last, last_date, lookback_ix)
    for start, end in chunks:
        raw = read_closes_once(database, known_at, symbols, start, end)
        close, close_date = _carried(book, start, raw, last, last_date)
        yield Window(
            np.arange(start, end + 1),
            np.concatenate([last[np.newaxis], close]),
            np.concatenate([last_date[np.newaxis], close_date]),
        )
        last, last_date = close[-1], close_date[-1]


def _carried(
    book: Book,
    start_ix: int,
    raw: FloatArray,
    prior: FloatArray | None = None,
    prior_date: DateArray | None = None,
) -> tuple[FloatArray, DateArray]:
    """Carry closes, private marks and overrides together; without a prior, marks start from their beginning."""
    height, privates = len(raw), book.private_count
    marked, marked_date, before, before_date = mark_matrix(
        book.marks, len(book.symbols), privates, start_ix, height
    )
    own = book.overrides.put_in(raw, start_ix)
    rows = sessions()[start_ix : start_ix + height, np.newaxis]
    raw_date, own_date = (np.where(np.isnan(one), np.datetime64("NaT", "D"), rows) for one in (raw, own))
    if prior is None or prior_date is None:
        prior, prior_date = (
            np.full(book.column_count, np.nan),
            np.full(book.column_count, np.datetime64("NaT", "D")),
        )
        private = slice(raw.shape[1], raw.shape[1] + privates)
        prior[private], prior_date[private] = before, before_date
    return carry(
        np.hstack([raw, marked, own]), np.hstack([raw_date, marked_date, own_date]), prior, prior_date
    )


def mark_matrix(
    marks: Marks, first_column: int, count: int, start_ix: int, height: int
) -> tuple[FloatArray, DateArray, FloatArray, DateArray]:
    """Marks by the session they take effect, and the latest before the first row; each with its date."""
    price, day = np.full((height, count), np.nan), np.full((height, count), np.datetime64("NaT", "D"))
    before, before_day = np.full(count, np.nan), np.full(count, np.datetime64("NaT", "D"))
    row = index_on_or_after(marks.mark_date) - start_ix
    column = marks.column - first_column
    # Ascending dates: of several marks that take effect together the last one stays.
    inside, earlier = (row >= 0) & (row < height), row < 0
    price[row[inside], column[inside]], day[row[inside], column[inside]] = (
        marks.price[inside],
        marks.mark_date[inside],
    )
    before[column[earlier]], before_day[column[earlier]] = marks.price[earlier], marks.mark_date[earlier]
    return price, day, before, before_day
