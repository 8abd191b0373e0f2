"""The book as arrays: lots placed on the calendar, their price columns, private marks and flows."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pipelines.calc import lots as calc_lots
from pipelines.calc.lots import Lots
from pipelines.calc.types import Columns, FloatArray, IntArray
from pipelines.sessions import sessions
from pipelines.steps.known_at import KnownAt
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


@dataclass(frozen=True)
class Marks:
    """Private marks, ascending by (column, date): shape (n,) each; column is a price column of the book."""

    column: IntArray
    mark_date: np.ndarray
    price: np.ndarray


@dataclass(frozen=True)
class Book:
    """Lots whose price columns are `symbols` (public, ascending) followed by the private instruments.

    factor_column: column of the symbol whose beta a lot has (its own, or its underlying's); −1 for privates.
    """

    lots: Lots
    symbols: np.ndarray
    private_count: int
    marks: Marks
    factor_column: IntArray

    @property
    def column_count(self) -> int:
        """Number of price columns, public and private."""
        return len(self.symbols) + self.private_count


def read_book(database: Database, known_at: KnownAt, portfolios: Sequence[int] | None) -> Book:
    """Read the lots of some portfolios (None: all) as known at the instants of terms, positions and marks."""
    ids = {"portfolios": None if portfolios is None else list(portfolios)}
    inception = database.columns(_PORTFOLIO_INCEPTION, "book/portfolios", {"known_at": known_at.terms, **ids})
    positions = database.columns(POSITION_COLUMNS, "book/positions", {"known_at": known_at.positions, **ids})
    marks = database.columns(_MARKS, "book/marks", {"known_at": known_at.marks, **ids})
    if known_at.multipliers != known_at.positions:
        others = database.columns(
            POSITION_COLUMNS, "book/positions", {"known_at": known_at.multipliers, **ids}
        )
        positions["multiplier"] = _multipliers(positions, others)
    by_portfolio = np.searchsorted(inception["portfolio_id"], positions["portfolio_id"])
    return make_book(positions, inception["inception_date"][by_portfolio], marks)


def _multipliers(positions: Columns, others: Columns) -> FloatArray:
    """Multipliers of the others, (n,), for the positions that are among them; its own for one that is not."""
    multiplier: FloatArray = positions["multiplier"].copy()
    _, at, other = np.intersect1d(positions["position_id"], others["position_id"], return_indices=True)
    multiplier[at] = others["multiplier"][other]
    return multiplier


def make_book(positions: Columns, inception_date: np.ndarray, marks: Columns) -> Book:
    """Place positions on the calendar and give each its price columns."""
    private = positions["asset_class"] == "PRIVATE"
    option = positions["asset_class"] == "OPTION"
    symbols = np.unique(np.concatenate([positions["symbol"][~private], positions["underlying"][option]]))
    own_private = _private_key(positions["portfolio_id"], positions["symbol"])
    privates = np.unique(own_private[private])
    price_column = np.searchsorted(symbols, positions["symbol"])
    price_column[private] = len(symbols) + np.searchsorted(privates, own_private[private])
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
    factor_column = np.where(option, underlying_column, np.where(private, -1, price_column))
    return Book(lots, symbols, len(privates), _marks(marks, privates, len(symbols)), factor_column)


def _private_key(portfolio_id: IntArray, symbol: np.ndarray) -> np.ndarray:
    """A private instrument is a symbol within a portfolio: two books may mark one name differently."""
    return np.char.add(np.char.add(portfolio_id.astype(np.str_), ":"), symbol)


def _marks(marks: Columns, privates: np.ndarray, first_column: int) -> Marks:
    key = _private_key(marks["portfolio_id"], marks["symbol"])
    held = np.isin(key, privates)
    column = first_column + np.searchsorted(privates, key[held])
    mark_date, price = marks["mark_date"][held], marks["price"][held]
    order = np.lexsort((mark_date, column))
    return Marks(column[order], mark_date[order], price[order])
