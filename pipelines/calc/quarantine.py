"""Closes that would value a lot beyond belief: treated as missing for that lot alone.

The limit depends on the lot (its units), so the carried price matrix of a symbol, shared by all books, cannot
know it. A lot that meets such a close gets a column of its own, in which its last usable close is carried on.
"""

from dataclasses import dataclass

import numpy as np

from pipelines.calc.lots import Lots
from pipelines.calc.types import BoolArray, DateArray, FloatArray, IntArray
from pipelines.calc.valuation import usable


@dataclass(frozen=True)
class LastUsable:
    """By lot, (L,): the latest usable close ≤ the session of row 0, USD, and its date (NaN, NaT = none)."""

    close: FloatArray
    date: DateArray


@dataclass(frozen=True)
class Marks:
    """Price columns, every lot's usable. `blocked`: rows × columns whose own close was set aside."""

    close: FloatArray
    date: DateArray
    blocked: BoolArray
    column: IntArray


def quarantined(lots: Lots, close: FloatArray) -> BoolArray:
    """Say which lots' closes on one session (close: USD, (S,), carried) are not usable: shape (L,).

    For these, on row 0 of a chunk, the caller finds the `LastUsable` closes.
    """
    own = np.append(close, np.nan)[lots.price_column]
    unusable: BoolArray = ~np.isnan(own) & ~usable(lots.quantity, lots.multiplier, own)
    return unusable


def usable_marks(lots: Lots, close: FloatArray, date: DateArray, before: LastUsable | None) -> Marks:
    """Price columns in which no lot meets an unusable close [DESIGN §3, money: 1e11 quarantine].

    close, date: (R, S), carried.   before: needed where row 0 itself is quarantined, else the entry price
    serves. Returns columns 0..S−1 as given, one more per lot that meets an unusable close, and last an empty
    one, which is column −1. `column`: (L,), the column of each lot.
    """
    no_close, no_date = np.full((len(close), 1), np.nan), np.full((len(date), 1), np.datetime64("NaT", "D"))
    # The largest close of the rows decides: rarely anything more has to be done.
    largest = np.append(np.fmax.reduce(close, axis=0), np.nan)[lots.price_column]
    suspects = np.flatnonzero(~np.isnan(largest) & ~usable(lots.quantity, lots.multiplier, largest))
    own_close, own_date, own_blocked = _own_columns(lots, suspects, close, date, before)
    column = lots.price_column.copy()
    column[suspects] = close.shape[1] + np.arange(len(suspects))
    return Marks(
        close=np.concatenate([close, own_close, no_close], axis=1),
        date=np.concatenate([date, own_date, no_date], axis=1),
        blocked=np.concatenate(
            [np.zeros(close.shape, bool), own_blocked, np.zeros(no_close.shape, bool)], axis=1
        ),
        column=column,
    )


def _own_columns(
    lots: Lots, suspects: IntArray, close: FloatArray, date: DateArray, before: LastUsable | None
) -> tuple[FloatArray, DateArray, BoolArray]:
    """Carry the suspects' last usable close over the others: closes, dates, blocked flags, (R, n) each."""
    own_close, own_date = close[:, lots.price_column[suspects]], date[:, lots.price_column[suspects]]
    blocked = ~np.isnan(own_close) & ~usable(lots.quantity[suspects], lots.multiplier[suspects], own_close)
    last_close: FloatArray = np.full(len(suspects), np.nan)
    last_date: DateArray = np.full(len(suspects), np.datetime64("NaT", "D"))
    if before is not None:
        last_close, last_date = before.close[suspects], before.date[suspects]
    for row, is_blocked in enumerate(blocked):
        last_close = own_close[row] = np.where(is_blocked, last_close, own_close[row])
        last_date = own_date[row] = np.where(is_blocked, last_date, own_date[row])
    return own_close, own_date, blocked
