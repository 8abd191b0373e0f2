"""Marks: what a user says a private holding is worth, from a date on."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from psycopg import Connection

from api.intake.ledger import LedgerResult, Portfolio, record
from api.intake.prices import KEY, price_key, refuse_value, write_prices
from pipelines.sources.csv_errors import ErrorList
from pipelines.sources.csv_file import MAX_BYTES
from pipelines.sources.ledger_csv import LedgerFileError, MarkRow, read_marks
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
    read = read_marks(data, today, errors, max_bytes=max_bytes)
    return record(connection, read, owner, errors, KEY, price_key, write_marks)


def write_marks(
    connection: Connection[Any], marks: Sequence[tuple[Portfolio, MarkRow]], errors: ErrorList
) -> tuple[int, int]:
    """Write marks of portfolios and return how many were added and corrected.

    Raises the list's exception with what is in it, not_private and value_too_large; then nothing is written.
    """
    _check_holdings(connection, marks, errors)
    errors.raise_if_any()
    return write_prices(connection, "marks", marks)


def _check_holdings(
    connection: Connection[Any], marks: Sequence[tuple[Portfolio, MarkRow]], errors: ErrorList
) -> None:
    """Refuse marks for anything but a private position, and those that make a lot worth 1e11 USD."""
    wanted = {"portfolio_ids": sorted({portfolio.id for portfolio, _ in marks})}
    units = {(id_, symbol): n for id_, symbol, n in connection.execute(query("book/private_units"), wanted)}
    for portfolio, row in marks:
        held = units.get((portfolio.id, row.symbol))
        if held is None:
            message = f"portfolio {row.portfolio!r} has no PRIVATE position {row.symbol}"
            errors.add(row.row, "symbol", "not_private", message)
        else:
            refuse_value(row, held, errors)
