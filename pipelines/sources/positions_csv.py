"""A user's position file: CSV bytes → typed lots, or every error at once.

`ticker,quantity,entry_price,entry_date,tags` and the optional columns `asset_class, exit_date, exit_price,
multiplier, name`; tags are comma-separated in one quoted cell. An empty optional cell is absent. Header names
ignore case, and `_`, `-` and blanks are the same in them. Columns we do not know are reported, never guessed.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Context, Decimal, Inexact, Overflow
from typing import Final

from pipelines.instruments import (
    DEFAULT_MULTIPLIER,
    AssetClass,
    Instrument,
    InstrumentError,
    PositionType,
    parse_instrument,
    position_type,
)
from pipelines.sessions import HORIZON, session_on_or_after, session_on_or_before
from pipelines.sources.csv_cells import CellReader
from pipelines.sources.csv_errors import CsvFileError, ErrorList, RowError
from pipelines.sources.csv_file import MAX_BYTES, Column, Row, column_warnings, read_table

__all__ = [
    "MAX_VALUE",
    "ParsedPositions",
    "PositionFileError",
    "PositionRow",
    "RowError",
    "gross_entry_cost",
    "lot_value",
    "parse_positions",
    "read_lot",
]

COLUMNS: Final = (
    # csvticker: how the requirements' sample header reads when copied from the document.
    Column("ticker", required=True, aliases=("symbol", "security", "instrument", "csvticker")),
    Column("quantity", required=True, aliases=("qty", "shares", "units", "contracts")),
    Column(
        "entry_price",
        required=True,
        aliases=("price", "cost", "unit_cost", "avg_cost", "average_cost", "cost_price", "purchase_price"),
    ),
    Column(
        "entry_date",
        required=True,
        aliases=("date", "trade_date", "purchase_date", "open_date", "date_acquired"),
    ),
    Column("tags", aliases=("tag", "labels")),
    Column("asset_class", aliases=("class",)),
    Column("exit_date", aliases=("close_date", "sale_date", "sell_date")),
    Column("exit_price", aliases=("sale_price", "sell_price")),
    Column("multiplier", aliases=("contract_multiplier", "contract_size")),
    Column("name", aliases=("description", "security_name", "company")),
)
_REQUIRED = frozenset(column.name for column in COLUMNS if column.required)

ASSET_CLASSES: Final = {
    "PUBLIC": AssetClass.PUBLIC,
    "STOCK": AssetClass.PUBLIC,
    "EQUITY": AssetClass.PUBLIC,
    "ETF": AssetClass.PUBLIC,
    "OPTION": AssetClass.OPTION,
    "OPTIONS": AssetClass.OPTION,
    "PRIVATE": AssetClass.PRIVATE,
}
MAX_VALUE: Final = Decimal("1e11")
"""USD; a lot's value must stay below it (money is int64 ten-thousandths, and sums of lots must fit)."""
MAX_TAGS: Final = 50
MAX_TAG_LENGTH: Final = 64
MAX_NAME_LENGTH: Final = 200

# Wide enough for the product of any three numbers a cell can hold; traps rather than rounds.
_EXACT = Context(prec=120, traps=[Inexact, Overflow])


class PositionFileError(CsvFileError):
    """A position file that was refused; nothing of it was used."""


@dataclass(frozen=True, slots=True)
class PositionRow:
    """One lot. Prices in USD per unit of the priced thing; quantity signed; `row` its line in the file."""

    row: int
    instrument: Instrument
    position_type: PositionType
    quantity: Decimal
    entry_price: Decimal
    entry_date: date
    exit_date: date | None
    exit_price: Decimal | None
    multiplier: Decimal
    tags: tuple[str, ...]
    name: str | None


@dataclass(frozen=True, slots=True)
class ParsedPositions:
    """The lots in the file's order, and the columns that were not understood."""

    rows: tuple[PositionRow, ...]
    unknown_columns: tuple[str, ...]

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a user should know although the file was accepted."""
        return column_warnings(self.unknown_columns)


def lot_value(quantity: Decimal, multiplier: Decimal, price: Decimal) -> Decimal:
    """Return quantity × multiplier × price in USD, signed and exact."""
    return _EXACT.multiply(_EXACT.multiply(quantity, multiplier), price)


def gross_entry_cost(rows: Iterable[PositionRow]) -> Decimal:
    """Return Σ |quantity × multiplier × entry price| in USD, exact."""
    total = Decimal(0)
    for row in rows:
        total = _EXACT.add(total, lot_value(row.quantity, row.multiplier, row.entry_price).copy_abs())
    return total


def parse_positions(data: bytes, today: date, *, max_bytes: int = MAX_BYTES) -> ParsedPositions:
    """Read a position file. Dates after `today` are refused.

    Raises PositionFileError with every error of the file.
    """
    errors = ErrorList(PositionFileError)
    table = read_table(data, COLUMNS, errors, max_bytes)
    rows = [read_lot(row, today, errors) for row in table.rows]
    errors.raise_if_any()
    return ParsedPositions(tuple(row for row in rows if row is not None), table.unknown_columns)


@dataclass(frozen=True, slots=True)
class _Draft:
    """The cells of a row as far as each could be read by itself."""

    instrument: Instrument | None
    quantity: Decimal | None
    entry_price: Decimal | None
    entry_date: date | None
    exit_date: date | None
    exit_price: Decimal | None
    multiplier: Decimal | None


def read_lot(row: Row, today: date, errors: ErrorList) -> PositionRow | None:
    """Read one row; None (and the reasons in the list) if anything is wrong with it."""
    before = len(errors)
    cells = CellReader(row, errors, _REQUIRED)
    draft = _read(cells, today)
    tags = _tags(cells)
    name = cells.text("name", MAX_NAME_LENGTH)
    _check_numbers(cells, draft)
    _check_values(cells, draft)
    _check_dates(cells, draft)
    if len(errors) > before or not (
        draft.instrument and draft.quantity and draft.entry_price and draft.entry_date and draft.multiplier
    ):
        return None
    return PositionRow(
        row=row.line,
        instrument=draft.instrument,
        position_type=position_type(draft.instrument, draft.quantity),
        quantity=draft.quantity,
        entry_price=draft.entry_price,
        entry_date=draft.entry_date,
        exit_date=draft.exit_date,
        exit_price=draft.exit_price,
        multiplier=draft.multiplier,
        tags=tags,
        name=name,
    )


def _read(cells: CellReader, today: date) -> _Draft:
    instrument = _instrument(cells)
    multiplier = cells.number("multiplier")
    if multiplier is None and instrument is not None:
        multiplier = DEFAULT_MULTIPLIER[instrument.asset_class]
    return _Draft(
        instrument=instrument,
        quantity=cells.number("quantity"),
        entry_price=cells.number("entry_price"),
        entry_date=cells.day("entry_date", today),
        exit_date=cells.day("exit_date", today),
        exit_price=cells.number("exit_price"),
        multiplier=multiplier,
    )


def _instrument(cells: CellReader) -> Instrument | None:
    given = cells.raw("asset_class")
    asset_class = ASSET_CLASSES.get(given.upper()) if given else None
    if given and asset_class is None:
        message = f"asset_class {given[:40]!r}: use PUBLIC, OPTION or PRIVATE"
        cells.error("asset_class", "unknown_asset_class", message)
    symbol = cells.raw("ticker")
    if symbol is None:
        return None
    if symbol.startswith(("=", "+", "-", "@")):
        cells.error("ticker", "formula", f"ticker {symbol[:40]!r} looks like a spreadsheet formula")
        return None
    try:
        return parse_instrument(symbol[:100], asset_class)
    except InstrumentError as error:
        field = "asset_class" if error.code == "asset_class_conflict" else "ticker"
        cells.error(field, error.code, error.message)
        return None


def _tags(cells: CellReader) -> tuple[str, ...]:
    """Return the tags once each, in the order given."""
    pieces = [piece for piece in (cells.raw("tags") or "").split(",") if piece.strip()]
    if len(pieces) > MAX_TAGS:
        cells.error("tags", "too_many_tags", f"{len(pieces)} tags; at most {MAX_TAGS} are accepted")
        return ()
    cleaned = (cells.clean("tags", piece, MAX_TAG_LENGTH) for piece in pieces)
    return tuple(dict.fromkeys(tag for tag in cleaned if tag))


def _check_numbers(cells: CellReader, draft: _Draft) -> None:
    if draft.quantity == 0:
        cells.error("quantity", "zero_quantity", "quantity is zero")
    if draft.entry_price is not None and draft.entry_price <= 0:
        message = "entry_price must be greater than zero; long or short is the quantity's sign"
        cells.error("entry_price", "not_positive", message)
    if draft.multiplier is not None and draft.multiplier <= 0:
        cells.error("multiplier", "not_positive", "multiplier must be greater than zero")
    if draft.exit_price is not None:
        if draft.exit_price < 0:
            cells.error("exit_price", "negative", "exit_price must not be negative")
        if "exit_date" not in cells.row.cells:
            cells.error("exit_price", "exit_price_without_date", "exit_price is given, exit_date is empty")


def _check_values(cells: CellReader, draft: _Draft) -> None:
    if draft.quantity is None or draft.multiplier is None:
        return
    for field, price in (("entry_price", draft.entry_price), ("exit_price", draft.exit_price)):
        if price is not None and lot_value(draft.quantity, draft.multiplier, price).copy_abs() >= MAX_VALUE:
            message = f"quantity × multiplier × {field} is {MAX_VALUE:,.0f} USD or more"
            cells.error(field, "value_too_large", message)


def _check_dates(cells: CellReader, draft: _Draft) -> None:
    entry, leaving = draft.entry_date, draft.exit_date
    if entry and leaving and leaving < entry:
        message = f"exit_date {leaving} is before entry_date {entry}"
        cells.error("exit_date", "exit_before_entry", message)
    if draft.instrument is None or draft.instrument.contract is None:
        return
    expiry = draft.instrument.contract.expiry
    if expiry > HORIZON[1]:
        message = f"the option expires on {expiry}, after the supported calendar ({HORIZON[1]})"
        cells.error("ticker", "date_out_of_calendar", message)
        return
    # Entries take effect on the first session on or after their date, expiries on the last on or before it.
    if entry and (expiry < HORIZON[0] or session_on_or_after(entry) > session_on_or_before(expiry)):
        message = f"entry_date {entry} takes effect after the option's expiry on {expiry}"
        cells.error("entry_date", "entry_after_expiry", message)
    if leaving and leaving > expiry:
        message = f"exit_date {leaving} is after the option's expiry on {expiry}"
        cells.error("exit_date", "exit_after_expiry", message)
