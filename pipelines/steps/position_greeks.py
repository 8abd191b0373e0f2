"""position_greeks: sensitivities of every lot, by the requirements' table."""

from collections.abc import Iterator

import numpy as np

from pipelines.calc import greeks
from pipelines.calc.splits import in_entry_shares
from pipelines.calc.types import Columns
from pipelines.sessions import sessions
from pipelines.steps.lot_hash import lot_hashes
from pipelines.steps.prices_window import carried_windows
from pipelines.steps.splits import read_book_splits
from pipelines.steps.stored import lot_rows, read_lots
from pipelines.steps.work import Work, portfolio_slices, session_index_of
from pipelines.tables.spec import date, integer, money
from pipelines.tables.specs import POSITION_GREEKS, POSITION_PNL
from pipelines.tables.store import Batch

_VALUES = (date("session"), integer("position_id"), integer("portfolio_id"), money("market_value"))


def position_greeks(work: Work) -> Iterator[Batch]:
    """Rows of position_greeks, chunk by chunk."""
    work = work.requiring(POSITION_PNL)
    book = work.book
    lots, hashes = book.lots, lot_hashes(book.lots)
    chunks = work.chunks(max(len(lots), book.column_count))
    splits = read_book_splits(work.database, work.known_at.prices.splits, book)
    for window in carried_windows(work.database, work.known_at.prices, book, chunks):
        start, end = int(window.ix[0]), int(window.ix[-1])
        rows = read_lots(work, POSITION_PNL.name, _VALUES, start, end)
        lot = lot_rows(book, rows["position_id"])
        row = session_index_of(rows) - start + 1
        held = in_entry_shares(lots, splits, window.close, window.close_date, sessions())
        column = held.lots.underlying_column[lot]
        underlying = np.where(column >= 0, held.close[row, column], np.nan)
        ended = lots.last_ix[lot] == session_index_of(rows)
        market_value = rows.pop("market_value")
        found = greeks.position_greeks(
            lots.type_code[lot], lots.quantity[lot], lots.multiplier[lot], ended, underlying, market_value
        )
        stored: Columns = {
            **rows,
            "model": np.full(len(lot), greeks.MODEL),
            "delta": found.delta,
            "gamma": found.gamma,
            "theta": found.theta,
            "vega": found.vega,
            "underlying_price": underlying,
            "delta_adjusted_value": found.delta_adjusted_value,
        }
        inputs = {"lot": hashes[lot], "underlying_price": underlying, "market_value": market_value}
        yield Batch(POSITION_GREEKS, portfolio_slices(work.plan, start, end, rows, inputs), stored)
