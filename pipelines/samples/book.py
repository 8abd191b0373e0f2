"""A sample book as a user would upload it: the texts of its files."""

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

REQUIRED_COLUMNS: Final = ("ticker", "quantity", "entry_price", "entry_date", "tags")
OPTIONAL_COLUMNS: Final = ("asset_class", "exit_date", "exit_price", "multiplier", "name")
MARK_COLUMNS: Final = ("portfolio", "symbol", "date", "price")
FLOW_COLUMNS: Final = ("portfolio", "date", "amount")


@dataclass(frozen=True, slots=True)
class SampleBook:
    """One portfolio of a demo user.

    inception: the session at whose close initial_equity (USD) was the net asset value. positions_csv: header
    ticker,quantity,entry_price,entry_date,tags, perhaps with the optional columns. marks_csv, flows_csv: with
    a header, '' when the book has none.
    """

    owner: str
    name: str
    initial_equity: Decimal
    inception: date
    positions_csv: str
    marks_csv: str
    flows_csv: str


@dataclass(frozen=True, slots=True)
class Lot:
    """One row of a position CSV. quantity is signed; prices in USD; None and '' are empty cells."""

    ticker: str
    quantity: int
    entry_price: float
    entry_date: date
    tags: tuple[str, ...]
    asset_class: str = ""
    exit_date: date | None = None
    exit_price: float | None = None
    multiplier: int | None = None
    name: str = ""


def positions_csv(lots: Sequence[Lot], *, optional: bool = False) -> str:
    """Return the position CSV of the lots, in their order; with all optional columns, or with none."""
    columns = REQUIRED_COLUMNS + (OPTIONAL_COLUMNS if optional else ())
    return table_csv(columns, ([_cell(getattr(lot, column)) for column in columns] for lot in lots))


def _cell(value: object) -> str:
    if value is None:
        return ""
    return ",".join(value) if isinstance(value, tuple) else str(value)


def table_csv(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return CSV text with a header, lines ending in LF."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return text.getvalue()
