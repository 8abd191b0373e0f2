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

from api.intake.ledger import LedgerResult, Portfolio, record
from api.intake.prices import KEY, price_key, refuse_value, write_prices
from pipelines.sessions import session_on_or_after, session_on_or_before
from pipelines.sources.csv_errors import ErrorList
from pipelines.sources.csv_file import MAX_BYTES
from pipelines.sources.ledger_csv import LedgerFileError, OverrideRow, read_overrides
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
    read = read_overrides(data, today, errors, max_bytes=max_bytes)
    return record(connection, read, owner, errors, KEY, price_key, write_overrides)


def write_overrides(
    connection: Connection[Any], overrides: Sequence[tuple[Portfolio, OverrideRow]], errors: ErrorList
) -> tuple[int, int]:
    """Write price overrides of portfolios and return how many were added and corrected.

    Raises the list's exception with what is in it, not_listed, not_held and value_too_large; then nothing is written.
    """
    _check_holdings(connection, overrides, errors)
    errors.raise_if_any()
    return write_prices(connection, "overrides", overrides)


def _check_holdings(
    connection: Connection[Any], overrides: Sequence[tuple[Portfolio, OverrideRow]], errors: ErrorList
) -> None:
    """Refuse overrides that would value nothing, and those that make a lot worth 1e11 USD."""
    wanted = {"portfolio_ids": sorted({portfolio.id for portfolio, _ in overrides})}
    lots: dict[tuple[int, str], list[_Lot]] = {}
    for lot in [_Lot(*row) for row in connection.execute(query("book/listed_lots"), wanted)]:
        lots.setdefault((lot.portfolio_id, lot.symbol), []).append(lot)
    for portfolio, row in overrides:
        of_symbol = lots.get((portfolio.id, row.symbol), [])
        held = [lot for lot in of_symbol if lot.is_valued_at_close(row.day)]
        if not of_symbol:
            message = f"portfolio {row.portfolio!r} has no stock or option position {row.symbol}"
            errors.add(row.row, "symbol", "not_listed", message)
        elif not held:
            message = (
                f"no lot of {row.symbol} in portfolio {row.portfolio!r} is valued at the close of {row.day}: "
                "it is not held then, leaves at its exit price, or expires"
            )
            errors.add(row.row, "date", "not_held", message)
        else:
            refuse_value(row, max(lot.units for lot in held), errors)
