"""The book as arrays: lots placed on the calendar, their price columns, private marks and overrides of closes."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pipelines.calc import lots as calc_lots
from pipelines.calc.lots import Lots
from pipelines.calc.types import Columns, FloatArray, IntArray
from pipelines.sessions import sessions
from pipelines.steps.known_at import Instant, KnownAt
from pipelines.steps.overrides import Overrides, place
from pipelines.tables.database import Database
from pipelines.tables.spec import date, integer, number, text
from pipelines.tables.specs import SYMBOL_WIDTH

_PORTFOLIO_INCEPTION = (integer("portfolio_id"), date("inception_date"))
POSITION_COLUMNS = (
    integer("position_id"),
    integer("portfolio_id"),
    text("symbol", SYMBOL_WIDTH),
    text("position_type", 8),
    text("asset_class", 8),
    number("quantity"),
    number("multiplier"),
    number("entry_price"),
    date("entry_date"),
    number("exit_price"),
    date("exit_date"),
    number("strike"),
    date("expiry"),
    text("underlying", SYMBOL_WIDTH),
)
"""A lot as `book/positions` returns it."""
_MARKS = (integer("portfolio_id"), text("symbol", SYMBOL_WIDTH), date("mark_date"), number("price"))
OVERRIDES = (integer("portfolio_id"), text("symbol", SYMBOL_WIDTH), date("session"), number("price"))
"""A price override as `book/overrides` returns it."""


@dataclass(frozen=True)
class Marks:
    """Private marks, ascending by (column, date): shape (n,) each; column is a price column of the book."""

    column: IntArray
    mark_date: np.ndarray
    price: np.ndarray


@dataclass(frozen=True)
class Book:
    """Lots whose price columns are `symbols` (public, ascending), then the private instruments, then the overridden.

    symbol: each lot's own, (L,).
    market_column: column of the closes of a lot's own symbol, whether overridden or not; −1 for privates.
    factor_column: column of the symbol whose beta a lot has (its own, or its underlying's); −1 for privates.
    """

    lots: Lots
    symbol: np.ndarray
    symbols: np.ndarray
    private_count: int
    marks: Marks
    overrides: Overrides
    market_column: IntArray
    factor_column: IntArray

    @property
    def column_count(self) -> int:
        """Number of price columns, public, private and overridden."""
        return len(self.symbols) + self.private_count + len(self.overrides.base)


def read_book(database: Database, known_at: KnownAt, portfolios: Sequence[int] | None) -> Book:
    """Read the lots of some portfolios (None: all) as known at the instants of what they are made of."""
    if None in known_at.of_book:
        return _read_book(database, known_at, portfolios)
    wanted = (
        None if portfolios is None or _are_all(database, known_at.terms, portfolios) else tuple(portfolios)
    )
    return database.once(known_at.of_book, ("book", wanted), lambda: _read_book(database, known_at, wanted))


def _are_all(database: Database, terms_at: Instant, portfolios: Sequence[int]) -> bool:
    """Whether these are all the portfolios there are: then their book is the firm's, and read once for both."""

    def read() -> set[int]:
        found = database.columns(
            _PORTFOLIO_INCEPTION, "book/portfolios", {"known_at": terms_at, "portfolios": None}
        )
        return set(found["portfolio_id"].tolist())

    return database.once(terms_at, "portfolios", read) <= set(portfolios)


def _read_book(database: Database, known_at: KnownAt, portfolios: Sequence[int] | None) -> Book:
    ids = {"portfolios": None if portfolios is None else list(portfolios)}
    inception = database.columns(_PORTFOLIO_INCEPTION, "book/portfolios", {"known_at": known_at.terms, **ids})
    positions = database.columns(POSITION_COLUMNS, "book/positions", {"known_at": known_at.positions, **ids})
    marks = database.columns(_MARKS, "book/marks", {"known_at": known_at.marks, **ids})
    overrides = database.columns(OVERRIDES, "book/overrides", {"known_at": known_at.overrides, **ids})
    if known_at.multipliers != known_at.positions:
        others = database.columns(
            POSITION_COLUMNS, "book/positions", {"known_at": known_at.multipliers, **ids}
        )
        positions["multiplier"] = _multipliers(positions, others)
    by_portfolio = np.searchsorted(inception["portfolio_id"], positions["portfolio_id"])
    return make_book(positions, inception["inception_date"][by_portfolio], marks, overrides)


def _multipliers(positions: Columns, others: Columns) -> FloatArray:
    """Multipliers of the others, (n,), for the positions that are among them; its own for one that is not."""
    multiplier: FloatArray = positions["multiplier"].copy()
    _, at, other = np.intersect1d(positions["position_id"], others["position_id"], return_indices=True)
    multiplier[at] = others["multiplier"][other]
    return multiplier


def make_book(positions: Columns, inception_date: np.ndarray, marks: Columns, overrides: Columns) -> Book:
    """Place positions on the calendar and give each its price columns."""
    private = positions["asset_class"] == "PRIVATE"
    option = positions["asset_class"] == "OPTION"
    symbols = np.unique(np.concatenate([positions["symbol"][~private], positions["underlying"][option]]))
    own_key = _own_key(positions)
    privates = np.unique(own_key[private])
    market_column = np.where(private, -1, np.searchsorted(symbols, positions["symbol"]))
    column = market_column.copy()
    column[private] = len(symbols) + np.searchsorted(privates, own_key[private])
    given = {"key": _own_key(overrides), **overrides}
    placed, price_column = place(given, own_key, column, ~private, len(symbols) + len(privates))
    underlying_column = np.where(option, np.searchsorted(symbols, positions["underlying"]), -1)
    timeline = calc_lots.timeline(
        sessions(), positions["entry_date"], positions["exit_date"], positions["expiry"], inception_date
    )
    lots = Lots(
        **{name: positions[name] for name in ("position_id", "portfolio_id", "quantity", "multiplier")},
        **{name: positions[name] for name in ("entry_price", "exit_price", "strike", "entry_date")},
        price_column=price_column,
        underlying_column=underlying_column,
        type_code=calc_lots.type_codes(positions["position_type"]),
        is_private=private,
        first_ix=timeline.first_ix,
        last_ix=timeline.last_ix,
        entry_ix=timeline.entry_ix,
        exit_ix=timeline.exit_ix,
        expiry_ix=timeline.expiry_ix,
        inherited=timeline.inherited,
    )
    factor_column = np.where(option, underlying_column, market_column)
    own_marks = _marks(marks, privates, len(symbols))
    return Book(
        lots, positions["symbol"], symbols, len(privates), own_marks, placed, market_column, factor_column
    )


def _own_key(rows: Columns) -> np.ndarray:
    """A symbol within a portfolio: two books may mark one name, or override one close, differently."""
    return np.char.add(np.char.add(rows["portfolio_id"].astype(np.str_), ":"), rows["symbol"])


def _marks(marks: Columns, privates: np.ndarray, first_column: int) -> Marks:
    key = _own_key(marks)
    held = np.isin(key, privates)
    column = first_column + np.searchsorted(privates, key[held])
    mark_date, price = marks["mark_date"][held], marks["price"][held]
    order = np.lexsort((mark_date, column))
    return Marks(column[order], mark_date[order], price[order])
