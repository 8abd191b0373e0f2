"""The secondary sample book: $1M, and what the main one lacks.

Some stocks and shorts, two private holdings with marks, a lot that was sold, an option that expired, and a
deposit.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from pipelines.samples.book import (
    FLOW_COLUMNS,
    MARK_COLUMNS,
    Lot,
    SampleBook,
    positions_csv,
    table_csv,
)
from pipelines.samples.market import (
    OPTION_MULTIPLIER,
    close_on,
    listed_strike,
    monthly_expiries,
    occ_symbol,
)
from pipelines.sessions import offset

EQUITY: Final = 1_000_000
NAME: Final = "Secondary Portfolio"
HISTORY: Final = 130
DEPOSIT: Final = 100_000
DEPOSIT_AGE: Final = 55

STOCKS: Final = (
    ("GOOGL", 140_000, 130, ("core", "tech")),
    ("KO", 90_000, 130, ("income", "staples")),
    ("JNJ", 90_000, 118, ("quality", "healthcare")),
    ("BRK.B", 110_000, 118, ("core", "financials")),
    ("VTV", 120_000, 101, ("value", "fund")),
    ("INTC", -70_000, 110, ("short", "tech")),
    ("SNAP", -40_000, 84, ("short", "growth")),
)
"""Symbol, signed USD at entry, sessions since entry, tags."""

SOLD: Final = ("CRM", 80_000, 120, 47, ("growth", "tech"))
"""Symbol, USD at entry, sessions since entry and since the sale, tags."""

EXPIRED: Final = ("GOOGL", 5, 1.04, 100, ("growth", "options"))
"""Underlying of a bought call, contracts, strike ÷ close at entry, sessions since entry, tags."""

PRIVATES: Final = (
    ("NORTHWIND_A", "Northwind Robotics, series A", 20_000, 4.00, (4.00, 4.20, 4.60)),
    ("HELIOS-B", "Helios Storage, series B", 5_000, 12.50, (12.50, 11.75, 13.10)),
)
"""Symbol, name, shares, entry price, and the marks, the first at inception."""

MARK_AGES: Final = (130, 86, 23)
"""Sessions since each mark."""


def secondary_book(latest: date) -> SampleBook:
    """Return the book of demo_user_2 as of a latest session; raises NotSessionError for any other day."""
    lots = [
        *(_stock(latest, *stock) for stock in STOCKS),
        _sold(latest),
        _expired(latest),
        *_privates(latest),
    ]
    return SampleBook(
        owner="demo_user_2",
        name=NAME,
        initial_equity=Decimal(EQUITY),
        inception=offset(latest, -HISTORY),
        positions_csv=positions_csv(lots, optional=True),
        marks_csv=table_csv(MARK_COLUMNS, _marks(latest)),
        flows_csv=table_csv(FLOW_COLUMNS, [(NAME, offset(latest, -DEPOSIT_AGE), DEPOSIT)]),
    )


def _stock(latest: date, symbol: str, dollars: int, age: int, tags: tuple[str, ...]) -> Lot:
    entered = offset(latest, -age)
    price = close_on(symbol, entered)
    return Lot(symbol, round(dollars / price), price, entered, tags)


def _sold(latest: date) -> Lot:
    """Return a long that was sold a little above the close of its last day."""
    symbol, dollars, age, sold_age, tags = SOLD
    entered, sold = offset(latest, -age), offset(latest, -sold_age)
    price = close_on(symbol, entered)
    exit_price = round(close_on(symbol, sold) * 1.002, 2)
    return Lot(symbol, round(dollars / price), price, entered, tags, exit_date=sold, exit_price=exit_price)


def _expired(latest: date) -> Lot:
    """Return a call that ran out at least a month before the latest session."""
    underlying, contracts, moneyness, age, tags = EXPIRED
    entered = offset(latest, -age)
    expiry = monthly_expiries(entered + timedelta(days=25), 1)[0]
    strike = listed_strike(close_on(underlying, entered) * moneyness)
    symbol = occ_symbol(underlying, expiry, "C", strike)
    return Lot(symbol, contracts, close_on(symbol, entered), entered, tags, multiplier=OPTION_MULTIPLIER)


def _privates(latest: date) -> Sequence[Lot]:
    inception = offset(latest, -HISTORY)
    return [
        Lot(symbol, shares, price, inception, ("private",), asset_class="PRIVATE", name=name)
        for symbol, name, shares, price, _ in PRIVATES
    ]


def _marks(latest: date) -> Sequence[Sequence[object]]:
    return [
        (NAME, symbol, offset(latest, -age), price)
        for symbol, _, _, _, marks in PRIVATES
        for age, price in zip(MARK_AGES, marks, strict=True)
    ]
