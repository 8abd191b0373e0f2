"""Splits: what a share of yesterday is in shares of today.

A user's quantity and entry price are of the shares of the entry date and stay so. A close is of the shares of its own
session. So a lot is valued in shares of its entry: every close it meets is multiplied by the splits between the two.
Where no split lies between, the factor is exactly 1.0 and every number is what it would be without this module.
"""

from dataclasses import dataclass, replace

import numpy as np

from pipelines.calc.lots import Lots
from pipelines.calc.types import BoolArray, DateArray, FloatArray, IntArray


@dataclass(frozen=True)
class Splits:
    """Splits by price column, (n,) each, ascending by (column, ix).

    ix: session index from which prices are of the new shares.   ratio: new shares for one old share.
    """

    column: IntArray
    ix: IntArray
    ratio: FloatArray

    def __len__(self) -> int:
        """Return the number of splits."""
        return len(self.column)


def shares_between(splits: Splits, column: IntArray, after_ix: IntArray, until_ix: IntArray) -> FloatArray:
    """Shares that one share of session `after_ix` has become by `until_ix`; shapes broadcast.

    Product of the ratios of the column's splits s with after_ix < s ≤ until_ix, in order of date; its inverse where
    until_ix is the earlier one; 1.0 without any. A column of −1 has no splits.
    """
    column, after_ix, until_ix = np.broadcast_arrays(column, after_ix, until_ix)
    forward: FloatArray = np.ones(column.shape)
    backward: FloatArray = np.ones(column.shape)
    for split_column, ix, ratio in zip(splits.column, splits.ix, splits.ratio, strict=True):
        here = column == split_column
        forward[here & (after_ix < ix) & (ix <= until_ix)] *= ratio
        backward[here & (until_ix < ix) & (ix <= after_ix)] *= ratio
    return forward / backward


def step_ratios(splits: Splits, start_ix: int, height: int, width: int) -> FloatArray | None:
    """Product of the ratios that take effect on each session, (T, S); None when there is none at all."""
    inside = (splits.ix >= start_ix) & (splits.ix < start_ix + height)
    if not inside.any():
        return None
    steps: FloatArray = np.ones((height, width))
    for column, ix, ratio in zip(splits.column[inside], splits.ix[inside], splits.ratio[inside], strict=True):
        steps[ix - start_ix, column] *= ratio
    return steps


@dataclass(frozen=True)
class InEntryShares:
    """Lots and carried closes (T, S + more columns) in which every close a lot meets is per share of its entry.

    Lots that meet a split have columns of their own, after the given ones; the others are untouched.
    """

    lots: Lots
    close: FloatArray
    close_date: DateArray


def in_entry_shares(
    lots: Lots, splits: Splits, close: FloatArray, close_date: DateArray, sessions: DateArray
) -> InEntryShares:
    """Restate closes in shares of each lot's entry, so that quantity × multiplier × price is the value as ever.

    price = close × shares that one share of the entry has become by the close's date.  [DESIGN §3, splits]
    close, close_date: carried closes, USD, and the dates they are of, (T, S). An underlying's close from before the
    entry counts, too: it is divided by the splits until then. An exit price is of the shares of the exit session.
    """
    which = np.flatnonzero(_affected(lots, splits))
    if not len(which):
        return InEntryShares(lots, close, close_date)
    some, width = lots.take(which), close.shape[1]
    wide, dates, columns = [close], [close_date], {}
    for name in ("price_column", "underlying_column"):
        column = getattr(some, name)
        price, day = close[:, column], close_date[:, column]
        day_ix = np.searchsorted(
            sessions, day, side="left"
        )  # NaT sorts last: its price is NaN whatever the factor
        wide.append(price * shares_between(splits, column, some.entry_ix, day_ix))
        dates.append(day)
        given = getattr(lots, name).copy()
        given[which] = np.where(column >= 0, width + np.arange(len(which)), column)
        columns[name] = given
        width += len(which)
    exit_price = lots.exit_price.copy()
    exit_price[which] *= shares_between(splits, some.price_column, some.entry_ix, some.exit_ix)
    restated = replace(lots, exit_price=exit_price, **columns)
    return InEntryShares(restated, np.concatenate(wide, axis=1), np.concatenate(dates, axis=1))


def _affected(lots: Lots, splits: Splits) -> BoolArray:
    """Which lots meet a split: of their own price while they are held, or of their underlying's at any time.

    A lot more than need be costs two columns and changes nothing: its factors are 1.0.
    """
    met: BoolArray = np.zeros(len(lots), dtype=np.bool_)
    for column, ix in zip(splits.column, splits.ix, strict=True):
        met |= (lots.price_column == column) & (lots.entry_ix < ix) & (ix <= lots.last_ix)
        met |= (lots.underlying_column == column) & (ix <= lots.last_ix)
    return met & ~lots.is_private
