"""Marks: what a user says a private holding is worth, from a date on."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from psycopg import Connection

from api.intake.ledger import LedgerResult, refuse_duplicates, resolve_portfolios, write_changes
from pipelines.sources.csv_errors import ErrorList
from pipelines.sources.csv_file import MAX_BYTES, column_warnings
from pipelines.sources.ledger_csv import LedgerFileError, MarkRow, read_marks
from pipelines.sources.positions_csv import MAX_VALUE, lot_value
from sql import query


def record_marks(
    connection: Connection[Any],
    data: bytes,
    today: date,
    owner: str | None = None,
    *,
    max_bytes: int = MAX_BYTES,
) -> LedgerResult:
    """Record a mark file `portfolio,symbol,date,price` in one transaction; a changed price is a correction.

    Raises LedgerFileError with every error: those of the cells, unknown_portfolio, ambiguous_portfolio,
    not_private, value_too_large, duplicate_row; NotFoundError (unknown_user).
    """
    errors = ErrorList(LedgerFileError)
    rows, unknown_columns = read_marks(data, today, errors, max_bytes=max_bytes)
    with connection.transaction():
        portfolios = resolve_portfolios(connection, rows, owner, errors)
        marks = [(portfolios[row.portfolio].id, row) for row in rows if row.portfolio in portfolios]
        refuse_duplicates(
            [(row.row, (id_, row.symbol, row.mark_date)) for id_, row in marks],
            "portfolio, symbol and date",
            errors,
        )
        added, corrected = write_marks(connection, marks, errors)
    return LedgerResult(added, corrected, len(marks) - added - corrected, column_warnings(unknown_columns))


def write_marks(
    connection: Connection[Any], marks: Sequence[tuple[int, MarkRow]], errors: ErrorList
) -> tuple[int, int]:
    """Write marks of portfolios (by id) and return how many were added and corrected.

    Raises the list's exception with what is in it, not_private and value_too_large; then nothing is written.
    """
    _check_holdings(connection, marks, errors)
    errors.raise_if_any()
    columns: dict[str, list[Any]] = {
        "portfolio_ids": [id_ for id_, _ in marks],
        "symbols": [row.symbol for _, row in marks],
        "dates": [row.mark_date for _, row in marks],
        "prices": [row.price for _, row in marks],
    }
    return write_changes(connection, "marks", columns, "marks")


def _check_holdings(
    connection: Connection[Any], marks: Sequence[tuple[int, MarkRow]], errors: ErrorList
) -> None:
    """Refuse marks for anything but a private position, and those that make a lot worth 1e11 USD."""
    wanted = {"portfolio_ids": sorted({id_ for id_, _ in marks})}
    units = {(id_, symbol): n for id_, symbol, n in connection.execute(query("book/private_units"), wanted)}
    for id_, row in marks:
        held = units.get((id_, row.symbol))
        if held is None:
            message = f"portfolio {row.portfolio!r} has no PRIVATE position {row.symbol}"
            errors.add(row.row, "symbol", "not_private", message)
        elif lot_value(held, Decimal(1), row.price) >= MAX_VALUE:
            message = f"at {row.price} a lot of {row.symbol} is worth {MAX_VALUE:,.0f} USD or more"
            errors.add(row.row, "price", "value_too_large", message)
