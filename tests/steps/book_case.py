"""Books as a test writes them down, and the strategy for any of them."""

from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Any

import psycopg
from hypothesis import strategies as st

from pipelines.sessions import session_range

FIRST, LAST = date(2023, 12, 18), date(2024, 1, 12)
"""What the strategies' books live through: Christmas, New Year and a year's end in it."""

SESSIONS: list[date] = session_range(FIRST, LAST).tolist()
DAYS = [date.fromordinal(n) for n in range(date(2023, 11, 20).toordinal(), date(2024, 1, 20).toordinal())]
STOCKS = ("AAA", "BBB", "CCC", "SPY")
PRIVATES = ("ACME", "ORBIT")


@dataclass(frozen=True)
class Portfolio:
    initial_equity: Decimal = Decimal(1_000_000)
    inception: date = FIRST


@dataclass(frozen=True)
class Lot:
    """A lot; type, OCC symbol and the rest of its row follow from these. portfolio counts from 1."""

    symbol: str = "AAA"
    quantity: Decimal = Decimal(100)
    entry_price: Decimal = Decimal("50.25")
    entry: date = date(2023, 12, 20)
    exit: date | None = None
    exit_price: Decimal | None = None
    multiplier: Decimal = Decimal(1)
    option_type: str | None = None
    strike: Decimal | None = None
    expiry: date | None = None
    private: bool = False
    portfolio: int = 1

    @property
    def is_option(self) -> bool:
        return self.option_type is not None

    @property
    def instrument(self) -> str:
        """The symbol of its own price: an option's is its OCC symbol."""
        if self.option_type is None or self.expiry is None or self.strike is None:
            return self.symbol
        side = self.option_type[0].upper()
        return f"{self.symbol}{self.expiry:%y%m%d}{side}{int(self.strike * 1000):08d}"

    @property
    def position_type(self) -> str:
        long = self.quantity > 0
        if self.option_type is None:
            return "LONG" if long else "SHORT"
        return ("L" if long else "S") + self.option_type[0].upper()


@dataclass(frozen=True)
class BookCase:
    """A whole book. marks: (portfolio, symbol, date, price); flows: (portfolio, date, amount).

    overrides: (portfolio, symbol, session, price).
    """

    portfolios: tuple[Portfolio, ...] = (Portfolio(),)
    lots: tuple[Lot, ...] = ()
    marks: tuple[tuple[int, str, date, Decimal], ...] = ()
    flows: tuple[tuple[int, date, Decimal], ...] = field(default=())
    overrides: tuple[tuple[int, str, date, Decimal], ...] = ()

    @property
    def instruments(self) -> set[str]:
        """Every public symbol with a price."""
        public = [lot for lot in self.lots if not lot.private]
        return {lot.instrument for lot in public} | {lot.symbol for lot in public}


def insert(intake: psycopg.Connection[Any], case: BookCase) -> None:
    """Store a book in an empty database in one commit: ids count from 1 in the order given."""
    with intake.transaction():
        intake.execute("select analytics.begin_commit(null, 'test')")
        intake.execute("insert into book.users (username, password_hash) values ('owner', 'x')")
        for number, portfolio in enumerate(case.portfolios, start=1):
            intake.execute(
                "insert into book.portfolios (owner_id, name, initial_equity, inception_date)"
                " values (1, %s, %s, %s)",
                [f"book {number}", portfolio.initial_equity, portfolio.inception],
            )
        for lot in case.lots:
            insert_lot(intake, lot)
        with intake.cursor() as cursor:
            cursor.executemany("insert into book.private_marks values (%s, %s, %s, %s)", case.marks)
            cursor.executemany("insert into book.cash_flows values (%s, %s, %s)", case.flows)
            cursor.executemany("insert into book.price_overrides values (%s, %s, %s, %s)", case.overrides)


def insert_lot(intake: psycopg.Connection[Any], lot: Lot) -> None:
    """Store one lot; inside a transaction that has begun its commit."""
    kind = "PRIVATE" if lot.private else "OPTION" if lot.is_option else "PUBLIC"
    intake.execute(
        "insert into book.positions (portfolio_id, symbol, asset_class, position_type, quantity, entry_price,"
        " entry_date, exit_date, exit_price, multiplier, underlying, option_type, strike, expiry)"
        " values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
        [
            *(
                lot.portfolio,
                lot.instrument,
                kind,
                lot.position_type,
                lot.quantity,
                lot.entry_price,
                lot.entry,
            ),
            *(lot.exit, lot.exit_price, lot.multiplier, lot.symbol if lot.is_option else None),
            *(lot.option_type, lot.strike, lot.expiry),
        ],
    )


QUANTITIES = st.sampled_from([Decimal(text) for text in ("1", "-1", "100", "-350", "12.5", "-0.25", "40000")])
ENTRY_PRICES = st.sampled_from([Decimal(text) for text in ("0.01", "5.5", "99.99", "151.25")])
AMOUNTS = st.sampled_from([Decimal(text) for text in ("250000.1234", "-1000", "0.0001", "-2000000")])
EQUITIES = st.sampled_from([Decimal(text) for text in ("1000000", "250000.5", "10", "-5000", "0")])


@st.composite
def lots(draw: st.DrawFn, portfolios: int) -> Lot:
    kind = draw(st.sampled_from(["stock", "stock", "option", "private"]))
    entry = draw(st.sampled_from(DAYS))
    later = st.sampled_from([day for day in DAYS if day >= entry])
    lot = Lot(
        symbol=draw(st.sampled_from(PRIVATES if kind == "private" else STOCKS)),
        quantity=draw(QUANTITIES),
        entry_price=draw(ENTRY_PRICES),
        entry=entry,
        multiplier=draw(st.sampled_from([Decimal(1), Decimal(10), Decimal(100)])),
        private=kind == "private",
        portfolio=draw(st.integers(1, portfolios)),
    )
    if kind == "option":
        option_type = draw(st.sampled_from(["call", "put"]))
        lot = replace(lot, option_type=option_type, strike=Decimal(draw(st.sampled_from(["50", "87.5"]))))
        lot = replace(lot, expiry=draw(later))
    if draw(st.booleans()):
        gone = draw(later)
        price = draw(st.sampled_from([None, Decimal(0), Decimal("7.25")]))
        lot = replace(lot, exit=min(gone, lot.expiry or gone), exit_price=price)
    return lot


@st.composite
def book_cases(draw: st.DrawFn) -> BookCase:
    """Draw up to three portfolios with up to eight lots, marks, flows and price overrides between them."""
    starts = st.sampled_from(SESSIONS[:6])
    portfolios = draw(st.lists(st.builds(Portfolio, EQUITIES, starts), min_size=1, max_size=3))
    who, day = st.integers(1, len(portfolios)), st.sampled_from(DAYS)
    private = st.sampled_from(PRIVATES)
    marks = draw(st.dictionaries(st.tuples(who, private, day), ENTRY_PRICES, max_size=5))
    flows = draw(st.dictionaries(st.tuples(who, day), AMOUNTS, max_size=4))
    held = draw(st.lists(lots(len(portfolios)), max_size=8))
    # Also of what nobody holds, and long before anything; now and then one that nobody can believe.
    listed = st.sampled_from(sorted({lot.instrument for lot in held if not lot.private} | {"AAA"}))
    session = st.sampled_from([date(2023, 8, 1), *SESSIONS])
    price = st.one_of(ENTRY_PRICES, st.sampled_from([Decimal(0), Decimal(300_000_000)]))
    overrides = draw(st.dictionaries(st.tuples(who, listed, session), price, max_size=5))
    return BookCase(
        tuple(portfolios),
        tuple(held),
        tuple((*key, price) for key, price in marks.items()),
        tuple((*key, amount) for key, amount in flows.items()),
        tuple((*key, price) for key, price in overrides.items()),
    )


@st.composite
def gaps(draw: st.DrawFn, case: BookCase) -> list[tuple[str, date, date]]:
    """Draw spells in which an instrument of the book, or a factor proxy, has no price; some never have one."""
    names = sorted(case.instruments | {"MTUM", "AAPL"})
    spell = st.tuples(st.sampled_from(DAYS), st.integers(0, 20))
    found = draw(st.lists(st.tuples(st.sampled_from(names), spell), max_size=6))
    spells = [(s, first, date.fromordinal(first.toordinal() + length)) for s, (first, length) in found]
    unknown = draw(st.lists(st.sampled_from(names), max_size=1))
    return spells + [(symbol, date.min, date.max) for symbol in unknown]
