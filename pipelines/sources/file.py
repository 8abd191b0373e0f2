"""The price source that is a user's own file: CSV or Parquet `symbol,date,close[,open,high,low,volume]`.

The file is read anew at every call and never quarantined: either every row is good, or the read fails and
names each bad one. Rows older than the calendar are left out and counted.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

import numpy as np

from pipelines.calc.types import BoolArray, Columns, FloatArray, IntArray
from pipelines.instruments import normalize_symbol
from pipelines.sessions import sessions
from pipelines.sources.errors import FileRowsError
from pipelines.sources.file_table import read_table
from pipelines.sources.file_values import (
    BEFORE_CALENDAR,
    Problems,
    read_numbers,
    read_sessions,
    read_symbols,
)
from pipelines.sources.protocol import (
    PRICE_FIELDS,
    empty_securities,
    empty_short_interest,
)

REQUIRED: Final = ("symbol", "date", "close")
OPTIONAL: Final = ("open", "high", "low", "volume")


@dataclass(frozen=True, slots=True)
class PriceFile:
    """All of a price file: its prices, ordered by symbol and session, and what was left out.

    extra_columns: columns without meaning here. repeated_rows: rows equal to an earlier one in symbol, date
    and close. rows_before_calendar: rows older than the calendar of sessions.
    """

    prices: Columns
    extra_columns: tuple[str, ...]
    repeated_rows: int
    rows_before_calendar: int


class FilePrices:
    """A `PriceSource` over one file. It knows prices only: no sectors, no short interest."""

    name: Final = "file"

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> PriceFile:
        """Read the whole file.

        Raises FileFormatError when it is no price file at all, FileRowsError when rows are bad.
        """
        return read_price_file(self.path)

    def prices(self, symbols: Sequence[str], start: date, end: date) -> Columns:
        """Daily bars; see `PriceSource.prices`. Raises as `read`, whatever rows are asked for."""
        prices = self.read().prices
        days = prices["session"]
        wanted = _is_one_of(prices["symbol"], symbols)
        wanted &= (days >= np.datetime64(start, "D")) & (days <= np.datetime64(end, "D"))
        return {name: column[wanted] for name, column in prices.items()}

    def securities(self, symbols: Sequence[str]) -> Columns:  # noqa: ARG002
        """Nothing: a price file describes no securities."""
        return empty_securities()

    def short_interest(self, symbols: Sequence[str], start: date, end: date) -> Columns:  # noqa: ARG002
        """Nothing: a price file knows no short interest."""
        return empty_short_interest()


def _is_one_of(column: Any, symbols: Sequence[str]) -> BoolArray:
    """Where an ascending text column holds one of the symbols: by bounds, not by comparing every row."""
    found = np.zeros(len(column), dtype=np.bool_)
    asked = np.array(sorted(set(symbols)), dtype="U")
    if len(asked):
        for first, last in zip(
            np.searchsorted(column, asked, side="left"),
            np.searchsorted(column, asked, side="right"),
            strict=True,
        ):
            found[first:last] = True
    return found


def read_price_file(path: Path) -> PriceFile:
    """Read and check a price file; see `FilePrices.read`."""
    table = read_table(path, REQUIRED, OPTIONAL)
    problems = Problems(table.rows, list(table.problems), len(table.problems))
    symbols, symbol_at = read_symbols(table.columns["symbol"], normalize_symbol, problems)
    session_at = read_sessions(table.columns["date"], problems)
    numbers = {
        name: read_numbers(table.columns[name], name, problems)
        for name in PRICE_FIELDS
        if name in table.columns
    }
    key = symbol_at * len(sessions()) + session_at
    order = np.argsort(np.where(session_at >= 0, key, -1), kind="stable")
    order = order[np.count_nonzero(session_at < 0) :]
    keep, repeated = _first_of_each(key[order], order, numbers["close"], problems)
    if problems.total:
        found = sorted(problems.found, key=lambda problem: (problem.row, problem.field))
        raise FileRowsError(str(path), found, problems.total)
    missing = np.full(len(keep), np.nan)
    prices: Columns = {
        "symbol": symbols[symbol_at[keep]],
        "session": sessions()[session_at[keep]],
        **{name: numbers[name][keep] if name in numbers else missing.copy() for name in PRICE_FIELDS},
    }
    return PriceFile(prices, table.extra, repeated, int(np.count_nonzero(session_at == BEFORE_CALENDAR)))


def _first_of_each(
    key: IntArray, order: IntArray, close: FloatArray, problems: Problems
) -> tuple[IntArray, int]:
    """Of rows of one symbol and date keep the first; a later one with another close is bad.

    key: ascending; order: the rows in that order, rows of one key in the order of the file.
    Returns the rows to keep, in order, and how many were repetitions.
    """
    is_first = np.diff(key, prepend=-1) != 0
    first = order[np.flatnonzero(is_first)[np.add.accumulate(is_first) - 1]]
    first_of = np.empty(len(close), dtype=np.int64)
    first_of[order] = first
    differs = np.zeros(len(close), dtype=np.bool_)
    differs[order] = close[order] != close[first]
    differs &= ~np.isnan(close)
    problems.note(
        differs,
        "close",
        lambda at: (
            "conflicting_duplicate",
            f"{close[at]} contradicts {close[first_of[at]]} of row {problems.rows[first_of[at]]}, "
            "the same symbol and date",
        ),
    )
    return order[is_first], int(np.count_nonzero(~is_first))
