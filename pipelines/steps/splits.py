"""Splits as the steps need them: by price column and session."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from pipelines.calc.splits import Splits
from pipelines.sessions import index_on_or_after
from pipelines.steps.book import Book
from pipelines.tables.database import Database
from pipelines.tables.spec import date, number, text
from pipelines.tables.specs import SYMBOL_WIDTH

_SPLITS = (text("symbol", SYMBOL_WIDTH), date("execution_date"), number("split_from"), number("split_to"))


def read_splits(database: Database, known_at: Any, symbols: np.ndarray) -> Splits:
    """Read the splits of symbols (ascending); a column is a position among them."""
    named: Sequence[str] = symbols.tolist()
    found = database.columns(_SPLITS, "market/splits", {"known_at": known_at, "symbols": named})
    return Splits(
        np.searchsorted(symbols, found["symbol"]).astype(np.int64),
        np.asarray(index_on_or_after(found["execution_date"]), dtype=np.int64),
        found["split_to"] / found["split_from"],
    )


def read_book_splits(database: Database, known_at: Any, book: Book) -> Splits:
    """Read the splits of a book's price columns, those with overrides included."""
    return book.overrides.with_splits(read_splits(database, known_at, book.symbols))
