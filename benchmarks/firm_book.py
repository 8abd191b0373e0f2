"""A firm's books, loaded in bulk: portfolios of 50 lots each over about 2,000 symbols."""

import datetime as dt
from dataclasses import dataclass

import numpy as np
import psycopg

from pipelines.sessions import session_at, session_index
from pipelines.sources.simulation.stocks import close_path
from pipelines.sources.simulation.streams import grid

N_STOCKS, N_CONTRACTS = 1_500, 500
LONGS, SHORTS, OPTIONS = 28, 12, 10
LOTS = LONGS + SHORTS + OPTIONS
LAST_SESSION = dt.date(2024, 12, 30)
"""Of the backfill; the session after it is the firm's day."""

COPY_PORTFOLIOS = "copy book.portfolios (owner_id, name, initial_equity, inception_date) from stdin"
COPY_POSITIONS = (
    "copy book.positions (portfolio_id, symbol, asset_class, position_type, quantity, entry_price, entry_date,"
    " exit_date, multiplier, underlying, option_type, strike, expiry) from stdin"
)


@dataclass(frozen=True)
class Contract:
    """A listed option."""

    symbol: str
    underlying: str
    option_type: str
    strike: int
    expiry: dt.date


def first_session(sessions: int) -> dt.date:
    """Start of a history of so many sessions."""
    return session_at(session_index(LAST_SESSION) - sessions + 1)


def seed(intake_url: str, portfolios: int, sessions: int) -> None:
    """Write the books: 28 stocks, 12 shorts, 10 options each; a fifth bought, a tenth sold within the history."""
    inception = session_at(session_index(first_session(sessions)) - 1)
    random = np.random.default_rng(2024)
    stocks = [f"S{number:04d}" for number in range(N_STOCKS)]
    at = int(np.searchsorted(grid(), np.datetime64(inception)))
    price = {symbol: round(float(close_path(symbol)[at]), 2) for symbol in stocks}
    contracts = [
        _contract(symbol, price[symbol], number) for number, symbol in enumerate(stocks[:N_CONTRACTS])
    ]
    with psycopg.connect(intake_url) as connection, connection.cursor() as cursor:
        owner = cursor.execute(
            "insert into book.users (username, password_hash) values ('firm', '-') returning id"
        ).fetchall()[0][0]
        cursor.execute("select analytics.begin_commit(null, 'benchmark')")
        with cursor.copy(COPY_PORTFOLIOS) as copy:
            for number in range(portfolios):
                copy.write_row((owner, f"book {number:05d}", 5_000_000, inception))
        ids = [row[0] for row in cursor.execute("select id from book.portfolios order by id").fetchall()]
        with cursor.copy(COPY_POSITIONS) as copy:
            for portfolio_id in ids:
                chosen = random.choice(N_STOCKS, LONGS + SHORTS, replace=False)
                for place, number in enumerate(chosen.tolist()):
                    quantity = int(random.integers(100, 2_000)) * (1 if place < LONGS else -1)
                    kind = "LONG" if place < LONGS else "SHORT"
                    symbol = stocks[number]
                    entry, leaving = _dates(random, inception, sessions)
                    terms = (kind, quantity, price[symbol], entry, leaving, 1)
                    copy.write_row((portfolio_id, symbol, "PUBLIC", *terms, None, None, None, None))
                for number in random.choice(N_CONTRACTS, OPTIONS, replace=False).tolist():
                    _write_option(
                        copy, portfolio_id, contracts[number], int(random.choice((-10, -5, 5, 10))), inception
                    )


def _dates(random: np.random.Generator, inception: dt.date, sessions: int) -> tuple[dt.date, dt.date | None]:
    """Entry and exit of a lot."""
    at = session_index(inception)
    half = max(sessions // 2, 1)
    entry = at + int(random.integers(1, half + 1)) if random.random() < 0.2 else at
    leaving = at + half + int(random.integers(1, half + 1)) if random.random() < 0.1 else None
    return session_at(entry), None if leaving is None else session_at(leaving)


def _contract(underlying: str, price: float, number: int) -> Contract:
    """At the money; every fourth expires before the history ends."""
    expiry = dt.date(2024, 11, 15) if number % 4 == 0 else dt.date(2026, 1, 16)
    strike, right = max(round(price), 1), "C" if number % 2 else "P"
    symbol = f"{underlying}{expiry:%y%m%d}{right}{strike * 1000:08d}"
    return Contract(symbol, underlying, "call" if right == "C" else "put", strike, expiry)


def _write_option(
    copy: psycopg.Copy, portfolio_id: int, contract: Contract, quantity: int, inception: dt.date
) -> None:
    kind = ("L" if quantity > 0 else "S") + contract.option_type[0].upper()
    terms = (contract.underlying, contract.option_type, contract.strike, contract.expiry)
    copy.write_row((portfolio_id, contract.symbol, "OPTION", kind, quantity, 5, inception, None, 100, *terms))
