"""What marks and price overrides have in common: a user's price of a symbol on a day, for one portfolio."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Final, Literal

from psycopg import Connection

from api.intake.ledger import Portfolio, write_changes
from pipelines.sources.csv_errors import ErrorList
from pipelines.sources.ledger_csv import PriceRow
from pipelines.sources.positions_csv import MAX_VALUE, lot_value

KEY: Final = "portfolio, symbol and date"
"""What there is one price for, in words."""


def price_key(row: PriceRow) -> tuple[str, date]:
    """Return what a portfolio has one price for."""
    return row.symbol, row.day


def write_prices(
    connection: Connection[Any],
    table: Literal["marks", "overrides"],
    prices: Sequence[tuple[Portfolio, PriceRow]],
) -> tuple[int, int]:
    """Write the prices that are new or differ and return how many were added and corrected."""
    columns: dict[str, list[Any]] = {
        "portfolio_ids": [portfolio.id for portfolio, _ in prices],
        "symbols": [row.symbol for _, row in prices],
        "dates": [row.day for _, row in prices],
        "prices": [row.price for _, row in prices],
    }
    return write_changes(connection, table, columns, table)


def refuse_value(row: PriceRow, units: Decimal, errors: ErrorList) -> None:
    """Add value_too_large if the price makes a lot of so many units worth 1e11 USD or more."""
    if lot_value(units, Decimal(1), row.price) >= MAX_VALUE:
        message = f"at {row.price} a lot of {row.symbol} is worth {MAX_VALUE:,.0f} USD or more"
        errors.add(row.row, "price", "value_too_large", message)
