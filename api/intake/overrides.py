"""Price overrides: what a user says a listed symbol was worth at a session's close, for one portfolio.

By portfolio, symbol and session, as a price is one for all lots of a symbol: a lot of its own price would make two
lots of the same thing worth different amounts, and would be lost when a lot is split by a partial exit.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from psycopg import Connection

from api.intake.ledger import LedgerResult, refuse_duplicates, resolve_portfolios, write_changes
from pipelines.sessions import session_on_or_after, session_on_or_before
from pipelines.sources.csv_errors import ErrorList
from pipelines.sources.csv_file import MAX_BYTES, column_warnings
from pipelines.sources.ledger_csv import LedgerFileError, OverrideRow, read_overrides
from pipelines.sources.positions_csv import MAX_VALUE, lot_value
from sql import query


@dataclass(frozen=True, slots=True)
class _Lot:
    """A stock or option lot, in priced units, and between which days it is valued at a close."""

    portfolio_id: int
    symbol: str
    units: Decimal
    entry_date: date
    exit_date: date | None
    has_exit_price: bool
    expiry: date | None

    def is_valued_at_close(self, session: date) -> bool:
        """Whether a close of the session is the lot's price: not at an exit price, nor at expiry."""
        if session < self.entry_date or (self.expiry and session >= session_on_or_before(self.expiry)):
            return False
        if self.exit_date is None:
            return True
        leaving = session_on_or_after(self.exit_date)
        return session < leaving or (session == leaving and not self.has_exit_price)


def record_overrides(
    connection: Connection[Any],
    data: bytes,
    today: date,
    owner: str | None = None,
    *,
    max_bytes: int = MAX_BYTES,
) -> LedgerResult:
    """Record an override file `portfolio,symbol,date,price` in one transaction; a changed price is a correction.

    Raises LedgerFileError with every error: those of the cells, unknown_portfolio, ambiguous_portfolio, not_listed,
    not_held, value_too_large, duplicate_row; NotFoundError (unknown_user).
    """
    errors = ErrorList(LedgerFileError)
    rows, unknown_columns = read_overrides(data, today, errors, max_bytes=max_bytes)
    with connection.transaction():
        portfolios = resolve_portfolios(connection, rows, owner, errors)
        overrides = [(portfolios[row.portfolio].id, row) for row in rows if row.portfolio in portfolios]
        refuse_duplicates(
            [(row.row, (id_, row.symbol, row.session)) for id_, row in overrides],
            "portfolio, symbol and date",
            errors,
        )
        added, corrected = write_overrides(connection, overrides, errors)
    unchanged = len(overrides) - added - corrected
    return LedgerResult(added, corrected, unchanged, column_warnings(unknown_columns))


def write_overrides(
    connection: Connection[Any], overrides: Sequence[tuple[int, OverrideRow]], errors: ErrorList
) -> tuple[int, int]:
    """Write price overrides of portfolios (by id) and return how many were added and corrected.

    Raises the list's exception with what is in it, not_listed, not_held and value_too_large; then nothing is written.
    """
    _check_holdings(connection, overrides, errors)
    errors.raise_if_any()
    columns: dict[str, list[Any]] = {
        "portfolio_ids": [id_ for id_, _ in overrides],
        "symbols": [row.symbol for _, row in overrides],
        "dates": [row.session for _, row in overrides],
        "prices": [row.price for _, row in overrides],
    }
    return write_changes(connection, "overrides", columns, "overrides")


def _check_holdings(
    connection: Connection[Any], overrides: Sequence[tuple[int, OverrideRow]], errors: ErrorList
) -> None:
    """Refuse overrides that would value nothing, and those that make a lot worth 1e11 USD."""
    wanted = {"portfolio_ids": sorted({id_ for id_, _ in overrides})}
    lots: dict[tuple[int, str], list[_Lot]] = {}
    for lot in [_Lot(*row) for row in connection.execute(query("book/listed_lots"), wanted)]:
        lots.setdefault((lot.portfolio_id, lot.symbol), []).append(lot)
    for id_, row in overrides:
        of_symbol = lots.get((id_, row.symbol), [])
        held = [lot for lot in of_symbol if lot.is_valued_at_close(row.session)]
        if not of_symbol:
            message = f"portfolio {row.portfolio!r} has no stock or option position {row.symbol}"
            errors.add(row.row, "symbol", "not_listed", message)
        elif not held:
            message = (
                f"no lot of {row.symbol} in portfolio {row.portfolio!r} is valued at the close of {row.session}: "
                "it is not held then, leaves at its exit price, or expires"
            )
            errors.add(row.row, "date", "not_held", message)
        elif lot_value(max(lot.units for lot in held), Decimal(1), row.price) >= MAX_VALUE:
            message = f"at {row.price} a lot of {row.symbol} is worth {MAX_VALUE:,.0f} USD or more"
            errors.add(row.row, "price", "value_too_large", message)
