"""What earlier assets of the chain stored, read back as arrays aligned with the plan."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from pipelines.calc.factors import FACTOR_CODES
from pipelines.calc.types import Columns, FloatArray, IntArray
from pipelines.errors import SigmaSightError
from pipelines.sessions import sessions
from pipelines.steps.book import Book
from pipelines.steps.upstream import STORED
from pipelines.steps.work import Work, bounds, planned_rows, session_index_of
from pipelines.tables.digest import slice_code
from pipelines.tables.spec import Column, date, flag, integer, money, number, text
from pipelines.tables.specs import FACTOR_BETAS, FACTOR_WIDTH, POSITION_GREEKS, POSITION_PNL, SYMBOL_WIDTH
from pipelines.tables.wire import ascii_bytes

_ROW = (date("session"), integer("position_id"), integer("portfolio_id"))
_QUERIES = {POSITION_PNL.name: "analytics/values", POSITION_GREEKS.name: "analytics/greeks"}
_OF_LOTS = {
    POSITION_PNL.name: (
        date("price_date", nullable=True),
        flag("is_open"),
        flag("is_stale"),
        flag("is_unpriced"),
        money("market_value"),
        money("daily_pnl"),
        money("unrealized_pnl"),
    ),
    POSITION_GREEKS.name: (
        money("delta_adjusted_value", nullable=True),
        number("delta"),
        number("gamma"),
        number("theta"),
        number("vega"),
    ),
}
_BETAS: Final = (
    date("session"),
    text("symbol", SYMBOL_WIDTH),
    text("factor", FACTOR_WIDTH),
    number("beta", nullable=True),
)
KEPT: Final = {table: (*_ROW, *columns) for table, columns in _OF_LOTS.items()} | {FACTOR_BETAS.name: _BETAS}
"""What later steps read of large tables: kept for them when it has been stored."""

FACTOR_OF: Final = np.argsort(np.array(FACTOR_CODES))
"""Places in FACTOR_CODES of the factors in the order of the tables' keys."""
_FACTORS: Final = np.array(FACTOR_CODES)[FACTOR_OF].astype(np.bytes_)

_EQUITY = (
    date("session"),
    integer("portfolio_id"),
    money("opening_equity"),
    money("daily_pnl"),
    money("closing_equity"),
)


class BookChangedError(SigmaSightError):
    """Stored positions are not those of the book any more."""


@dataclass(frozen=True)
class Holdings:
    """Rows of lots between two sessions, and where each planned slice of them starts.

    ix, portfolio: session index and row of the plan by slice (R,); starts: first row of each slice (R,), which
    may be empty; codes: ascending slice codes (R,).
    """

    rows: Columns
    ix: IntArray
    portfolio: IntArray
    codes: IntArray
    row_codes: IntArray
    starts: IntArray


def read_holdings(work: Work, start: int, end: int, names: Sequence[str]) -> Holdings:
    """Read columns of the planned portfolios' lots: of their values, their Greeks, or both."""
    tables = {
        table: (*_ROW, *(column for column in columns if column.name in names))
        for table, columns in _OF_LOTS.items()
        if any(column.name in names for column in columns)
    }
    # Both are in the order of their key: no join, and no table is looked at outside of the range.
    parts = [read_lots(work, table, columns, start, end) for table, columns in tables.items()]
    if any(not _same_lots(parts[0], part) for part in parts[1:]):
        raise BookChangedError(
            "position_greeks are not of the lots of position_pnl: materialize position_greeks first"
        )
    rows: Columns = {name: values for part in parts for name, values in part.items()}
    ix, portfolio = work.plan.slice_grid(start, end)
    codes = slice_code(sessions()[ix], work.plan.portfolio_id[portfolio])
    row_codes = slice_code(rows["session"], rows["portfolio_id"])
    return Holdings(rows, ix, portfolio, codes, row_codes, np.searchsorted(row_codes, codes))


def read_lots(work: Work, table: str, columns: Sequence[Column], start: int, end: int) -> Columns:
    """Read columns of the planned rows of a table of lots, in the order of its key; some of KEPT's columns."""
    ix, portfolio = work.plan.slice_grid(start, end)
    rows = _kept(work, table, columns, slice_code(sessions()[ix], work.plan.portfolio_id[portfolio]))
    if rows is None:
        params = bounds(start, end) | {"portfolios": work.plan.portfolio_id.tolist()}
        rows = work.stored(columns, _QUERIES[table], params)
    return planned_rows(work.plan, rows)


def _kept(work: Work, table: str, columns: Sequence[Column], codes: IntArray) -> Columns | None:
    """Slices that this run has stored itself; None if it has not stored all of them, or other tables are read."""
    kept = work.database.kept.get(table)
    return None if kept is None or work.upstream is not STORED else kept.of_sessions(columns, codes)


def read_betas(work: Work, symbols: np.ndarray, start: int, end: int) -> FloatArray:
    """Betas to the factors in the order of FACTOR_CODES, (T, S, F), NaN where there is none; `symbols` ascending."""
    days, names = sessions()[start : end + 1], symbols.astype(np.bytes_)
    grid = np.full((len(days), len(names), len(FACTOR_CODES)), np.nan)
    found = _kept(work, FACTOR_BETAS.name, _BETAS, slice_code(days, np.zeros(len(days), dtype=np.int64)))
    if found is None:
        params = bounds(start, end) | {"symbols": symbols.tolist()}
        found = work.stored(_BETAS, "analytics/betas", params)
        found |= {name: ascii_bytes(found[name]) for name in ("symbol", "factor")}
    symbol = found["symbol"]
    if not len(names) or not len(symbol):
        return grid
    # A symbol's rows follow one another: it is looked up once for all of its factors.
    first = np.flatnonzero(np.append(True, symbol[1:] != symbol[:-1]))
    runs = np.diff(np.append(first, len(symbol)))
    column = np.minimum(np.searchsorted(names, symbol[first]), len(names) - 1)
    wanted = np.repeat(names[column] == symbol[first], runs)
    factor = FACTOR_OF[np.searchsorted(_FACTORS, found["factor"])]
    at = session_index_of(found) - start, np.repeat(column, runs), factor
    grid[tuple(index[wanted] for index in at)] = found["beta"][wanted]
    return grid


def _same_lots(one: Columns, other: Columns) -> bool:
    return all(np.array_equal(one[column.name], other[column.name]) for column in _ROW)


def lot_rows(book: Book, position_id: IntArray) -> IntArray:
    """Index into the book's lots of each stored position; BookChangedError if one is not in the book."""
    by_id = np.argsort(book.lots.position_id, kind="stable")
    ordered = book.lots.position_id[by_id]
    at = np.minimum(np.searchsorted(ordered, position_id), max(len(ordered) - 1, 0))
    if len(position_id) and (not len(ordered) or (ordered[at] != position_id).any()):
        raise BookChangedError(
            "the book has changed since position_pnl was computed: materialize position_pnl first"
        )
    return by_id[at]


def read_equity(work: Work, start: int, end: int) -> dict[str, Any]:
    """Opening equity, daily P&L and closing equity, (P, T) each; 0 where a portfolio has no row.

    `stored` (P, T) tells these from true zeros.
    """
    plan = work.plan
    params = bounds(start, end) | {"portfolios": plan.portfolio_id.tolist()}
    found = work.stored(_EQUITY, "analytics/equity", params)
    at = (np.searchsorted(plan.portfolio_id, found["portfolio_id"]), session_index_of(found) - start)
    grids = {}
    for name in ("opening_equity", "daily_pnl", "closing_equity"):
        grid = np.zeros((len(plan.portfolio_id), end - start + 1), dtype=np.int64)
        grid[at] = found[name]
        grids[name] = grid
    stored = np.zeros((len(plan.portfolio_id), end - start + 1), dtype=np.bool_)
    stored[at] = True
    return {**grids, "stored": stored}
