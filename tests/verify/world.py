"""Two small books with every kind of lot, computed over some 80 sessions on simulated prices."""

import uuid
from collections.abc import Sequence
from datetime import date

import psycopg

from pipelines.calc.types import Columns
from pipelines.postgres.credentials import DatabaseUrls
from pipelines.sessions import session_index
from pipelines.sources.simulated import SimulatedPrices
from pipelines.steps.chain import STEPS, run_step
from pipelines.steps.fetch import fetch_prices, fetch_securities, fetch_short_interest
from pipelines.steps.plan import Request
from pipelines.tables.run import RunRecord, open_run
from pipelines.verify import Proof, Scope, verify

INCEPTION = date(2021, 3, 31)
START, END = date(2021, 4, 1), date(2021, 7, 27)
MAIN, SECOND = 1, 2

_LOT = """insert into book.positions (portfolio_id, symbol, asset_class, position_type, quantity, entry_price,
    entry_date, exit_date, exit_price, multiplier, underlying, option_type, strike, expiry)
    values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"""


def stock(
    symbol: str, quantity: float, price: float, entry: str, *end: object, kind: str = "PUBLIC"
) -> tuple:
    exit_date, exit_price = (*end, None, None)[:2]
    side = "LONG" if quantity > 0 else "SHORT"
    return (symbol, kind, side, quantity, price, entry, exit_date, exit_price, 1, None, None, None, None)


def option(
    kind: str, quantity: float, price: float, entry: str, strike: float, expiry: str, *end: object
) -> tuple:
    exit_date, exit_price = (*end, None, None)[:2]
    right = "call" if kind in ("LC", "SC") else "put"
    day = date.fromisoformat(expiry)
    symbol = f"AAPL{day:%y%m%d}{right[0].upper()}{int(strike * 1000):08d}"
    return (
        symbol,
        "OPTION",
        kind,
        quantity,
        price,
        entry,
        exit_date,
        exit_price,
        100,
        "AAPL",
        right,
        strike,
        expiry,
    )


LOTS = {
    MAIN: [
        stock("AAPL", 1000, 120, "2021-03-01"),  # inherited
        stock(
            "MSFT", -500, 230, "2021-03-31", "2021-06-05"
        ),  # inherited on the day; exit on a Saturday at the close
        stock("XOM", 700, 55, "2021-04-24", "2021-07-01", 58.25),  # entered on a Saturday; exit at a price
        stock("JPM", 10, 150, "2021-05-03", "2021-05-03", 151),  # in and out in one session
        stock("NOPRICE", 100, 10, "2021-04-15"),  # no price anywhere: unpriced
        stock("ACME", 100, 50, "2021-03-15", kind="PRIVATE"),  # inherited, marked
        stock("BETA", 10.5, 20.3333, "2021-05-10", "2021-07-12", kind="PRIVATE"),
        option(
            "LC", 10, 5.5, "2021-03-15", 1, "2021-06-19"
        ),  # inherited; expires on a Saturday, in the money
        option("SC", -5, 2.25, "2021-04-12", 9000, "2021-05-21"),  # expires worthless
        option("LP", 7, 3.1, "2021-05-03", 9000, "2021-07-16"),
        option("SP", -3, 4.2, "2021-04-07", 1, "2021-09-17", "2021-06-30", 0.5),  # closed early
    ],
    SECOND: [stock("AAPL", -200, 125, "2021-04-30"), stock("XOM", 300, 60, "2021-05-05")],
}
MARKS = [("2021-03-20", 52), ("2021-05-01", 60.5), ("2021-06-15", 41)]
# At inception, so of an inherited lot; of one the market has no close of; of an option.
OVERRIDES = [
    (MAIN, "MSFT", "2021-03-31", 231),
    (MAIN, "NOPRICE", "2021-07-01", 11.5),
    (MAIN, "AAPL210716P09000000", "2021-05-04", 3.5),
]
FLOWS = [(MAIN, "2021-05-01", 50_000), (MAIN, "2021-06-15", -20_000), (SECOND, "2021-06-01", 1_000)]


def fill_book(urls: DatabaseUrls) -> None:
    with psycopg.connect(urls.owner) as connection:
        connection.execute("insert into book.users (username, password_hash) values ('a', 'x')")
    with psycopg.connect(urls.intake) as connection:
        connection.execute("select analytics.begin_commit(null, 'import')")
        connection.execute(
            "insert into book.portfolios (owner_id, name, initial_equity, inception_date)"
            " values (1, 'main', 1000000, %s), (1, 'second', 100000, '2021-04-29')",
            [INCEPTION],
        )
        for portfolio, lots in LOTS.items():
            for lot in lots:
                connection.execute(_LOT, (portfolio, *lot))
        for day, price in MARKS:
            connection.execute("insert into book.private_marks values (1, 'ACME', %s, %s)", [day, price])
        for flow in FLOWS:
            connection.execute("insert into book.cash_flows values (%s, %s, %s)", flow)
        for override in OVERRIDES:
            connection.execute("insert into book.price_overrides values (%s, %s, %s, %s)", override)


class Restated:
    """The simulated market, where one close is another."""

    def __init__(self, symbol: str, session: str, close: float) -> None:
        self._market, self._which, self._close = SimulatedPrices(), (symbol, session), close
        self.name = self._market.name
        self.securities, self.short_interest = self._market.securities, self._market.short_interest

    def prices(self, symbols: Sequence[str], start: date, end: date) -> Columns:
        found = self._market.prices(symbols, start, end)
        symbol, session = self._which
        at = (found["symbol"] == symbol) & (found["session"].astype(str) == session)
        found["close"][at] = self._close
        return found


def run(
    urls: DatabaseUrls,
    source: object = None,
    start: date = START,
    end: date = END,
    steps: Sequence[str] = tuple(STEPS),
    *,
    fetch: bool = True,
    cascade: bool = True,
    risk_free_rate: float = 0.0,
) -> None:
    """One run of the pipeline, or of some of its steps."""
    request = Request(session_index(start), session_index(end), cascade=cascade)
    market = source or SimulatedPrices()
    with (
        psycopg.connect(urls.pipeline, autocommit=True) as connection,
        open_run(connection, RunRecord(uuid.uuid4().hex, "backfill", start, end)) as one,
    ):
        for step in (fetch_prices, fetch_securities, fetch_short_interest) if fetch else ():
            with one.database.transaction():
                step(one.database, market, request)
        known_at = one.input_instant()
        for name in steps:
            result = run_step(one.database, name, request, known_at, risk_free_rate)
            one.leave_out(result.left_out)


def prove(urls: DatabaseUrls, scope: Scope | None = None, risk_free_rate: float = 0.0) -> Proof:
    with psycopg.connect(urls.reader) as connection:
        return verify(connection, scope or Scope(), risk_free_rate)
