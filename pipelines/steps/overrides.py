"""Price overrides: closes that a user gives for a symbol of one portfolio, in place of the market's or for want of one.

A symbol of a portfolio with overrides has a price column of its own: the symbol's market closes with the overrides put
in. Carrying, quarantine, age and splits then treat it as any column. Only the lots' own price is taken from it: an
underlying's price, for Greeks and at expiry, and all returns are the market's.
"""

from dataclasses import dataclass

import numpy as np

from pipelines.calc.splits import Splits
from pipelines.calc.types import BoolArray, Columns, DateArray, FloatArray, IntArray
from pipelines.sessions import index_on_or_before, sessions


@dataclass(frozen=True)
class Overrides:
    """Columns with overrides, (K,), after all others of a book.

    first: index of the first of them.   base: (K,) column of the symbol's market closes.
    column: (n,) of each override, counted from `first`; ix: its session index; price: USD, raw. Ascending by
    (column, ix).
    """

    first: int
    base: IntArray
    column: IntArray
    ix: IntArray
    price: FloatArray

    def put_in(self, raw: FloatArray, start_ix: int) -> FloatArray:
        """Closes of the own columns, (T, K): those of the market, `raw` (T, S) from `start_ix` on, overrides put in."""
        closes: FloatArray = raw[:, self.base]
        inside = (self.ix >= start_ix) & (self.ix < start_ix + len(raw))
        closes[self.ix[inside] - start_ix, self.column[inside]] = self.price[inside]
        return closes

    def fill_older(self, close: FloatArray, day: DateArray, before_ix: int) -> None:
        """Carry on into own columns without a close, of a row (all columns), what was the latest before a session.

        close, day: of one session, the market's columns complete: theirs is older than `before_ix` where an own
        column has none yet.
        """
        own = slice(self.first, self.first + len(self.base))
        older, older_day = close[self.base], day[self.base]
        past = self.ix < before_ix
        column, given = self.column[past], sessions()[self.ix[past]]
        newer = np.isnat(older_day[column]) | (given >= older_day[column])
        # Ascending dates: of several overrides the last one stays.
        older[column[newer]], older_day[column[newer]] = self.price[past][newer], given[newer]
        missing = np.isnan(close[own])
        close[own], day[own] = (
            np.where(missing, older, close[own]),
            np.where(missing, older_day, day[own]),
        )

    def alone(self, column: int) -> "Overrides":
        """One own column (its index among all columns) of a matrix of nothing but its market closes."""
        mine = self.column == column - self.first
        nothing = np.zeros(1, dtype=np.int64)
        return Overrides(
            1, nothing, np.zeros(int(mine.sum()), dtype=np.int64), self.ix[mine], self.price[mine]
        )

    def with_splits(self, splits: Splits) -> Splits:
        """Splits of all columns: an own column's are those of the symbol."""
        own, of_base = np.nonzero(self.base[:, np.newaxis] == splits.column)
        return Splits(
            np.concatenate([splits.column, self.first + own]),
            np.concatenate([splits.ix, splits.ix[of_base]]),
            np.concatenate([splits.ratio, splits.ratio[of_base]]),
        )


def place(
    given: Columns, key: np.ndarray, column: IntArray, listed: BoolArray, first: int
) -> tuple[Overrides, IntArray]:
    """Give each overridden key a column from `first` on; returns the overrides and each lot's price column, (L,).

    given: key, session, price of every override.   key: (L,) portfolio and symbol of each lot.   column: (L,) its
    column so far.   listed: (L,) whether it has market closes: others are not overridden.
    """
    mine = listed & np.isin(key, given["key"])
    own, lot = np.unique(key[mine], return_index=True)
    kept = np.isin(given["key"], own)
    ix, at = index_on_or_before(given["session"][kept]), np.searchsorted(own, given["key"][kept])
    order = np.lexsort((ix, at))
    overrides = Overrides(first, column[mine][lot], at[order], ix[order], given["price"][kept][order])
    price_column = column.copy()
    price_column[mine] = first + np.searchsorted(own, key[mine])
    return overrides, price_column
