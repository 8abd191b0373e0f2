"""Users' mark, price-override and cash-flow files: CSV bytes → typed rows.

Marks and overrides: `portfolio,symbol,date,price`. Flows: `portfolio,date,amount`. The portfolio is a name or an id;
which that is, only the book knows: errors go to the caller's list, which adds its own and raises them together.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final, TypeVar

from pipelines.instruments import AssetClass, InstrumentError, parse_instrument
from pipelines.sessions import is_session
from pipelines.sources.csv_cells import CellReader
from pipelines.sources.csv_errors import CsvFileError, ErrorList
from pipelines.sources.csv_file import MAX_BYTES, Column, Row, read_table

RowT = TypeVar("RowT")

MAX_PORTFOLIO_NAME: Final = 200
MONEY_DECIMALS: Final = 4

MARK_COLUMNS: Final = (
    Column("portfolio", required=True),
    Column("symbol", required=True, aliases=("ticker",)),
    Column("date", required=True, aliases=("mark_date",)),
    Column("price", required=True, aliases=("mark",)),
)
OVERRIDE_COLUMNS: Final = (
    Column("portfolio", required=True),
    Column("symbol", required=True, aliases=("ticker",)),
    Column("date", required=True, aliases=("session",)),
    Column("price", required=True, aliases=("close",)),
)
FLOW_COLUMNS: Final = (
    Column("portfolio", required=True),
    Column("date", required=True, aliases=("flow_date",)),
    Column("amount", required=True),
)


class LedgerFileError(CsvFileError):
    """A mark, price-override or cash-flow file that was refused; nothing of it was used."""


@dataclass(frozen=True, slots=True)
class PriceRow:
    """What a symbol is worth to one portfolio by its user's word, USD per unit."""

    row: int
    portfolio: str
    symbol: str
    day: date
    price: Decimal


@dataclass(frozen=True, slots=True)
class MarkRow(PriceRow):
    """The user's valuation of a private holding from a date on."""


@dataclass(frozen=True, slots=True)
class OverrideRow(PriceRow):
    """What a listed symbol was worth at a session's close, raw."""


@dataclass(frozen=True, slots=True)
class FlowRow:
    """A deposit (positive) or withdrawal, USD."""

    row: int
    portfolio: str
    flow_date: date
    amount: Decimal


def read_marks(
    data: bytes, today: date, errors: ErrorList, *, max_bytes: int = MAX_BYTES
) -> tuple[list[MarkRow], tuple[str, ...]]:
    """Return the readable marks in the file's order, and the columns that were not understood."""
    return _readable(data, MARK_COLUMNS, read_mark, today, errors, max_bytes)


def read_overrides(
    data: bytes, today: date, errors: ErrorList, *, max_bytes: int = MAX_BYTES
) -> tuple[list[OverrideRow], tuple[str, ...]]:
    """Return the readable price overrides in the file's order, and the columns that were not understood."""
    return _readable(data, OVERRIDE_COLUMNS, read_override, today, errors, max_bytes)


def read_flows(
    data: bytes, today: date, errors: ErrorList, *, max_bytes: int = MAX_BYTES
) -> tuple[list[FlowRow], tuple[str, ...]]:
    """Return the readable flows in the file's order, and the columns that were not understood."""
    return _readable(data, FLOW_COLUMNS, read_flow, today, errors, max_bytes)


def _readable(
    data: bytes,
    columns: Sequence[Column],
    read: Callable[[Row, date, ErrorList], RowT | None],
    today: date,
    errors: ErrorList,
    max_bytes: int,
) -> tuple[list[RowT], tuple[str, ...]]:
    table = read_table(data, columns, errors, max_bytes)
    rows = [found for row in table.rows if (found := read(row, today, errors)) is not None]
    return rows, table.unknown_columns


def read_mark(row: Row, today: date, errors: ErrorList) -> MarkRow | None:
    """Read one row; None (and the reasons in the list) if anything is wrong with it."""
    cells = CellReader(row, errors, frozenset(column.name for column in MARK_COLUMNS))
    portfolio = cells.text("portfolio", MAX_PORTFOLIO_NAME)
    symbol = _symbol(cells, AssetClass.PRIVATE)
    mark_date = cells.day("date", today)
    price = _price(cells)
    if portfolio and symbol and mark_date and price is not None:
        return MarkRow(row.line, portfolio, symbol, mark_date, price)
    return None


def read_override(row: Row, today: date, errors: ErrorList) -> OverrideRow | None:
    """Read one row; None (and the reasons in the list) if anything is wrong with it."""
    cells = CellReader(row, errors, frozenset(column.name for column in OVERRIDE_COLUMNS))
    portfolio = cells.text("portfolio", MAX_PORTFOLIO_NAME)
    symbol = _symbol(cells)
    session = cells.day("date", today)
    price = _price(cells)
    if session and not is_session(session):
        cells.error("date", "not_a_session", f"{session} is no NYSE session: there is no close to override")
    elif portfolio and symbol and session and price is not None:
        return OverrideRow(row.line, portfolio, symbol, session, price)
    return None


def _price(cells: CellReader) -> Decimal | None:
    price = cells.number("price")
    if price is not None and price < 0:
        cells.error("price", "negative", "price must not be negative")
        return None
    return price


def _symbol(cells: CellReader, asset_class: AssetClass | None = None) -> str | None:
    cell = cells.raw("symbol")
    if cell is None:
        return None
    try:
        return parse_instrument(cell[:100], asset_class).symbol
    except InstrumentError as error:
        code = "not_private" if error.code == "asset_class_conflict" else error.code
        cells.error("symbol", code, error.message)
        return None


def read_flow(row: Row, today: date, errors: ErrorList) -> FlowRow | None:
    """Read one row; None (and the reasons in the list) if anything is wrong with it."""
    cells = CellReader(row, errors, frozenset(column.name for column in FLOW_COLUMNS))
    portfolio = cells.text("portfolio", MAX_PORTFOLIO_NAME)
    flow_date = cells.day("date", today)
    amount = cells.number("amount", max_decimals=MONEY_DECIMALS)
    if amount == 0:
        cells.error("amount", "zero_amount", "amount is zero")
    elif portfolio and flow_date and amount is not None:
        return FlowRow(row.line, portfolio, flow_date, amount)
    return None
