"""Daily P&L of positions: one row per position and session."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pipelines.calc.lots import Lots, is_option
from pipelines.calc.quarantine import LastUsable, Marks, usable_marks
from pipelines.calc.types import NULL_MONEY, BoolArray, Columns, DateArray, FloatArray, IntArray
from pipelines.calc.valuation import intrinsic, usable, value

STALE_SESSIONS = 5
"""A price older than this many sessions is no longer stale but unpriced. [DESIGN §3, price on t]"""

FRESH, STALE, UNPRICED = np.int8(0), np.int8(1), np.int8(2)


class UnvaluableLotError(ValueError):
    """Lots whose own entry or exit price values them beyond the limit; intake refuses such."""

    def __init__(self, position_ids: IntArray) -> None:
        self.position_ids = position_ids
        super().__init__(f"entry or exit value of 1e11 USD or more: positions {position_ids.tolist()}")


@dataclass
class _Grid:
    """Prices and values (int64 money) of lots by session, the one before included: (T + 1, L) each."""

    price: FloatArray
    price_date: DateArray
    age: npt.NDArray[np.int8]
    value: IntArray


def position_pnl(
    lots: Lots,
    session_ix: IntArray,
    close: FloatArray,
    close_date: DateArray,
    sessions: DateArray,
    before: LastUsable | None = None,
    value_before: IntArray | None = None,
) -> Columns:
    """Market value, daily and unrealized P&L of every lot on every session it has a row [REM 4.1; DESIGN §3].

    daily_pnl = value_t − value_{t−1}; on the lot's first session value_t − cost, or, inherited, minus its
    value on the session before. On the exit session value_t is at exit_price (else the price), on an option's
    expiry session at the intrinsic value.   unrealized_pnl = market_value − cost.

    lots: any; those without a row in the range cost nothing.   session_ix: (T,) consecutive session indexes.
    close, close_date: carried USD closes and their dates, (T + 1, S); row 0 is the session before
    session_ix[0].   sessions: all sessions, datetime64[D].   before: only where `quarantine.quarantined` on
    row 0.   value_before: (L,) int64 money, what lots were recorded to be worth on row 0's session: the P&L
    starts from it, whatever the closes have become since; NULL_MONEY = not recorded.
    Returns rows in order (session, portfolio_id, position_id): session, position_id, portfolio_id, price (USD,
    the one the P&L used), price_date (NaT = entry price), is_stale, is_unpriced, is_open (False on the exit
    session, where market_value and unrealized_pnl are 0), market_value, daily_pnl, unrealized_pnl (int64
    money), and lot_row, the index into lots. Whatever chunks the sessions are given in, the rows are the
    same. Raises ValueError for a matrix of another shape, UnvaluableLotError for lots that intake should have
    refused.
    """
    _check(session_ix, close, close_date)
    first, last = (session_ix[0], session_ix[-1]) if len(session_ix) else (0, -1)
    lot_row = np.flatnonzero(
        (lots.first_ix <= last) & (lots.last_ix >= first) & (lots.first_ix <= lots.last_ix)
    )
    held = lots.take(lot_row)
    cost = _cost_basis(held)
    marks = usable_marks(held, close, close_date, _take(before, lot_row))
    age = _age(marks, np.append(first - 1, session_ix), sessions)
    grid = _carried(held, marks, age)
    if value_before is not None:
        recorded = value_before[lot_row]
        grid.value[0] = np.where(recorded == NULL_MONEY, grid.value[0], recorded)
    ending = np.flatnonzero(held.last_ix <= last)
    end_row = held.last_ix[ending] - first + 1
    _expire(grid, held, marks, age, ending, end_row)
    _exit(grid, held, sessions, ending, end_row)

    return _rows(held, grid, _daily_pnl(held, grid, first, cost), session_ix, sessions, cost, lot_row)


def _daily_pnl(lots: Lots, grid: _Grid, first: int, cost: IntArray) -> IntArray:
    """Value less the value of the session before, or less the cost on the first session of a lot: (T, L)."""
    daily = grid.value[1:] - grid.value[:-1]
    starting = np.flatnonzero((lots.first_ix >= first) & ~lots.inherited)
    row = lots.first_ix[starting] - first
    daily[row, starting] = grid.value[row + 1, starting] - cost[starting]
    return daily


def _rows(
    lots: Lots,
    grid: _Grid,
    daily_pnl: IntArray,
    session_ix: IntArray,
    sessions: DateArray,
    cost: IntArray,
    lot_row: IntArray,
) -> Columns:
    """Pick the (session, lot) pairs that exist, in order."""
    session = session_ix[:, np.newaxis]
    exists = (session >= lots.first_ix) & (session <= lots.last_ix)
    row, lot = np.nonzero(exists)
    is_open = session_ix[row] < lots.exit_ix[lot]
    age = grid.age[1:][exists]
    market_value = np.where(is_open, grid.value[1:][exists], 0)
    return {
        "session": sessions[session_ix][row],
        "position_id": lots.position_id[lot],
        "portfolio_id": lots.portfolio_id[lot],
        "price": grid.price[1:][exists],
        "price_date": grid.price_date[1:][exists],
        "is_stale": age == STALE,
        "is_unpriced": age == UNPRICED,
        "is_open": is_open,
        "market_value": market_value,
        "daily_pnl": daily_pnl[exists],
        "unrealized_pnl": np.where(is_open, market_value - cost[lot], 0),
        "lot_row": lot_row[lot],
    }


def _check(session_ix: IntArray, close: FloatArray, close_date: DateArray) -> None:
    if (np.diff(session_ix) != 1).any():
        raise ValueError("session_ix are not consecutive")
    if len(close) != len(session_ix) + 1 or close_date.shape != close.shape:
        raise ValueError(
            f"{len(session_ix)} sessions need one more row of closes: {close.shape}, {close_date.shape}"
        )


def _take(before: LastUsable | None, which: IntArray) -> LastUsable | None:
    return before and LastUsable(before.close[which], before.date[which])


def _cost_basis(lots: Lots) -> IntArray:
    """Cost of lots, int64 money: their value at the entry price."""
    exit_price = np.where(np.isnan(lots.exit_price), lots.entry_price, lots.exit_price)
    valuable = usable(lots.quantity, lots.multiplier, lots.entry_price)
    valuable &= usable(lots.quantity, lots.multiplier, exit_price)
    if not valuable.all():
        raise UnvaluableLotError(lots.position_id[~valuable])
    return value(lots.quantity, lots.multiplier, lots.entry_price)


def _age(marks: Marks, row_ix: IntArray, sessions: DateArray) -> npt.NDArray[np.int8]:
    """FRESH, STALE or UNPRICED by price column and session: 0, 1–5, more sessions old; (T + 1, columns)."""
    close_ix = np.searchsorted(sessions, marks.date, side="right") - 1
    old = row_ix[:, np.newaxis] - close_ix
    age = np.where(old <= 0, FRESH, np.where(old <= STALE_SESSIONS, STALE, UNPRICED))
    return np.where(np.isnat(marks.date) | marks.blocked, UNPRICED, age)


def _carried(lots: Lots, marks: Marks, age: npt.NDArray[np.int8]) -> _Grid:
    """Price every lot by the latest close not before its entry date, else its entry price [DESIGN §3].

    A private's mark counts whatever its date, and has no age.
    """
    date = marks.date[:, marks.column]
    counts = ~np.isnat(date) & ((date >= lots.entry_date) | lots.is_private)
    price = np.where(counts, marks.close[:, marks.column], lots.entry_price)
    flagged = ~lots.is_private | marks.blocked[:, marks.column]
    lot_age = np.where(flagged, np.where(counts, age[:, marks.column], UNPRICED), FRESH)
    price_date = np.where(counts, date, np.datetime64("NaT", "D"))
    return _Grid(price, price_date, lot_age, value(lots.quantity, lots.multiplier, price))


def _expire(
    grid: _Grid, lots: Lots, marks: Marks, age: npt.NDArray[np.int8], ending: IntArray, end_row: IntArray
) -> None:
    """Value options on their expiry session at intrinsic; without an underlying price as before, flagged."""
    expires = (lots.last_ix == lots.expiry_ix)[ending] & is_option(lots.type_code[ending])
    lot, row = ending[expires], end_row[expires]
    column = lots.underlying_column[lot]
    price = intrinsic(lots.type_code[lot], lots.strike[lot], marks.close[row, column])
    known = usable(lots.quantity[lot], lots.multiplier[lot], price)
    grid.age[row, lot] = np.where(known, age[row, column], UNPRICED)
    grid.price[row, lot] = np.where(known, price, grid.price[row, lot])
    grid.price_date[row, lot] = np.where(known, marks.date[row, column], grid.price_date[row, lot])
    grid.value[row, lot] = value(lots.quantity[lot], lots.multiplier[lot], grid.price[row, lot])


def _exit(grid: _Grid, lots: Lots, sessions: DateArray, ending: IntArray, end_row: IntArray) -> None:
    """Value lots on their exit session at the exit price, where one is given; it wins over intrinsic."""
    priced: BoolArray = (lots.last_ix == lots.exit_ix)[ending] & ~np.isnan(lots.exit_price[ending])
    lot, row = ending[priced], end_row[priced]
    grid.age[row, lot] = FRESH
    grid.price[row, lot] = lots.exit_price[lot]
    grid.price_date[row, lot] = sessions[lots.exit_ix[lot]]
    grid.value[row, lot] = value(lots.quantity[lot], lots.multiplier[lot], lots.exit_price[lot])
