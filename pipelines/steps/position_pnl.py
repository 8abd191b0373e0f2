"""position_pnl: market value, daily and unrealized P&L of every lot."""

from collections.abc import Iterator

import numpy as np

from pipelines.calc import pnl
from pipelines.calc.quarantine import LastUsable, quarantined
from pipelines.calc.splits import InEntryShares, Splits, in_entry_shares, shares_between
from pipelines.calc.types import NULL_MONEY, Columns, DateArray, FloatArray, IntArray
from pipelines.calc.valuation import usable, value
from pipelines.sessions import index_on_or_after, session_at, sessions
from pipelines.steps.closes import read_closes
from pipelines.steps.lot_hash import lot_hashes
from pipelines.steps.prices_window import carried_windows
from pipelines.steps.splits import read_book_splits
from pipelines.steps.work import Work, planned_rows, portfolio_slices
from pipelines.tables.spec import integer, money
from pipelines.tables.specs import POSITION_PNL
from pipelines.tables.store import Batch

_RECORDED = (integer("position_id"), money("market_value"), money("cost"))


def position_pnl(work: Work) -> Iterator[Batch]:
    """Rows of position_pnl, chunk by chunk."""
    book = work.book
    hashes = lot_hashes(book.lots)
    chunks = work.chunks(max(len(book.lots), book.column_count))
    recorded = _recorded_values(work, chunks[0][0]) if chunks else None
    splits = read_book_splits(work.database, work.known_at.prices.splits, book)
    for window in carried_windows(work.database, work.known_at.prices, book, chunks):
        held = in_entry_shares(book.lots, splits, window.close, window.close_date, sessions())
        before = _last_usable(work, held, splits, int(window.ix[0]))
        rows = pnl.position_pnl(
            held.lots, window.ix, held.close, held.close_date, sessions(), before, recorded
        )
        recorded = None
        rows = planned_rows(work.plan, rows)
        lot = rows.pop("lot_row")
        start, end = int(window.ix[0]), int(window.ix[-1])
        slices = portfolio_slices(work.plan, start, end, rows, _inputs(lot, hashes, rows))
        yield Batch(POSITION_PNL, slices, rows)


def _inputs(lot: np.ndarray, hashes: np.ndarray, rows: Columns) -> dict[str, np.ndarray]:
    """What a row is a function of: the lot, its price, and its value on the session before."""
    return {
        "lot": hashes[lot],
        "price": rows["price"],
        "price_date": rows["price_date"].astype(np.int64),
        "flags": rows["is_stale"].astype(np.uint8) + 2 * rows["is_unpriced"].astype(np.uint8),
        "value_before": rows["market_value"] - rows["daily_pnl"],
    }


def _recorded_values(work: Work, start: int) -> IntArray:
    """Value of each lot as stored on the session before the first, (L,); NULL_MONEY where none of this lot is.

    The P&L goes on from what the closing equity was made of: a close that came late, or was restated without
    recomputing its session, is made up for and not lost.
    """
    plan, lots = work.plan, work.book.lots
    recorded: IntArray = np.full(len(lots), NULL_MONEY)
    going_on = plan.portfolio_id[plan.inception_ix < start - 1]
    if len(going_on):
        params = {"before": session_at(start - 1), "portfolios": going_on.tolist()}
        found = work.stored(_RECORDED, "analytics/values_before", params)
        _, lot, row = np.intersect1d(
            lots.position_id, found["position_id"], assume_unique=True, return_indices=True
        )
        cost = value(lots.quantity[lot], lots.multiplier[lot], lots.entry_price[lot])
        # With another cost the lot has been edited since, and what is stored is of another one.
        same = cost == found["cost"][row]
        recorded[lot[same]] = found["market_value"][row[same]]
    return recorded


def _last_usable(work: Work, held: InEntryShares, splits: Splits, first_ix: int) -> LastUsable | None:
    """The last believable closes of lots whose latest one, before the window, is not."""
    lots = held.lots
    affected = np.flatnonzero(quarantined(lots, held.close[0]))
    if not len(affected):
        return None
    close, day = np.full(len(lots), np.nan), np.full(len(lots), np.datetime64("NaT", "D"))
    for lot in affected.tolist():
        price, price_date = _own_closes(work, lot, splits, first_ix)
        good = np.flatnonzero(usable(lots.quantity[lot : lot + 1], lots.multiplier[lot : lot + 1], price))
        if len(good):
            close[lot], day[lot] = price[good[-1]], price_date[good[-1]]
    return LastUsable(close, day)


def _own_closes(work: Work, lot: int, splits: Splits, before_ix: int) -> tuple[FloatArray, DateArray]:
    """Closes of a lot since its entry, or marks of a private, before a session: price and date, oldest first."""
    book = work.book
    column, first_ix = int(book.lots.price_column[lot]), int(book.lots.entry_ix[lot])
    market = int(book.market_column[lot])
    if market < 0:
        marks = book.marks
        own = (marks.column == column) & (index_on_or_after(marks.mark_date) < before_ix)
        return marks.price[own], marks.mark_date[own]
    if first_ix >= before_ix:
        return np.zeros(0), np.zeros(0, dtype="datetime64[D]")
    symbol = book.symbols[market : market + 1]
    raw = read_closes(work.database, work.known_at.prices, symbol, first_ix, before_ix - 1)
    raw = book.overrides.alone(column).put_in(raw, first_ix)[:, 0]
    shares = shares_between(splits, np.array(column), np.array(first_ix), np.arange(first_ix, before_ix))
    return raw * shares, sessions()[first_ix:before_ix]
