"""Where closes came from: the source of each close of the book's symbols, as a number."""

import numpy as np

from pipelines.calc.types import BoolArray, IntArray
from pipelines.sessions import sessions
from pipelines.steps.closes import as_known
from pipelines.steps.known_at import Instant
from pipelines.steps.work import Work, bounds, session_dates
from pipelines.tables.database import Params
from pipelines.tables.spec import date, text
from pipelines.tables.specs import SOURCE_WIDTH, SYMBOL_WIDTH

_SOURCES = (date("session"), text("symbol", SYMBOL_WIDTH), text("source", SOURCE_WIDTH))


class CloseSources:
    """Sources of closes as a step knows them. Those of a range of sessions are read at once, older ones singly.

    names: of the sources by number, the first of which stands for no close.
    """

    def __init__(self, work: Work, start_ix: int, end_ix: int) -> None:
        self.names = [""]
        self._database, self._known_at = work.database, work.known_at.prices
        self._symbols = work.book.symbols
        self._start_ix, self._end_ix = start_ix, end_ix
        self._grid = as_known(self._known_at, self._symbols, self._in_range, _is_none)

    def of(self, column: IntArray, ix: IntArray) -> IntArray:
        """Number of the source of closes by column of the book's symbols and session index, (n,); ix ≤ end."""
        found: IntArray = np.zeros(len(column), dtype=np.int64)
        inside = ix >= self._start_ix
        found[inside] = self._grid[ix[inside] - self._start_ix, column[inside]]
        if not inside.all():
            older, inverse = np.unique(
                np.column_stack([column[~inside], ix[~inside]]), axis=0, return_inverse=True
            )
            found[~inside] = self._older(older[:, 0], older[:, 1])[inverse.ravel()]
        return found

    def _in_range(self, known_at: Instant, columns: IntArray) -> IntArray:
        """Those of the range as known at one instant, (T, n)."""
        symbols = self._symbols[columns]
        grid: IntArray = np.zeros((self._end_ix - self._start_ix + 1, len(symbols)), dtype=np.int64)
        params = bounds(self._start_ix, self._end_ix) | {"symbols": symbols.tolist(), "known_at": known_at}
        session, column, source = self._read("market/sources", params, symbols)
        grid[session - self._start_ix, column] = source
        return grid

    def _older(self, column: IntArray, ix: IntArray) -> IntArray:
        def read(known_at: Instant, which: IntArray) -> IntArray:
            return self._older_at(known_at, column[which], ix[which])

        return as_known(self._known_at, self._symbols[column], read, _is_none)

    def _older_at(self, known_at: Instant, column: IntArray, ix: IntArray) -> IntArray:
        params = {"symbols": self._symbols[column].tolist(), "sessions": session_dates(ix)}
        session, found, source = self._read(
            "market/older_sources", params | {"known_at": known_at}, self._symbols
        )
        grid = {
            (one, day): number
            for one, day, number in zip(found.tolist(), session.tolist(), source.tolist(), strict=True)
        }
        asked = zip(column.tolist(), ix.tolist(), strict=True)
        return np.array([grid.get(key, 0) for key in asked], dtype=np.int64)

    def _read(self, query: str, params: Params, symbols: np.ndarray) -> tuple[IntArray, IntArray, IntArray]:
        """Session index, column and source of each row of a query."""
        rows = self._database.columns(_SOURCES, query, params)
        names, inverse = np.unique(rows["source"], return_inverse=True)
        self.names += [name for name in names.tolist() if name not in self.names]
        number = np.array([self.names.index(name) for name in names.tolist()], dtype=np.int64)
        session = np.searchsorted(sessions(), rows["session"])
        return session, np.searchsorted(symbols, rows["symbol"]), number[inverse]


def _is_none(source: IntArray) -> BoolArray:
    none: BoolArray = source == 0
    return none
