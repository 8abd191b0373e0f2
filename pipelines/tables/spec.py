"""What a stored table is to Python: its columns, their kinds, its key and the grain of its slices."""

from dataclasses import dataclass, replace
from typing import Final, Literal

from pipelines.calc.types import NULL_MONEY

Kind = Literal["date", "instant", "int", "money", "float", "bool", "text", "digest"]

NULL_INT: Final = NULL_MONEY
"""A missing whole number."""


@dataclass(frozen=True)
class Column:
    """One column. `width` bounds a text in bytes, so that its canonical form is the same in every batch."""

    name: str
    kind: Kind
    nullable: bool = False
    width: int = 0


@dataclass(frozen=True)
class TableSpec:
    """A table whose rows are replaced slice by slice.

    A slice is one session, and one portfolio where `by_portfolio`. `key` orders the rows within the table and
    identifies a row; `code_version` names the formula: raise it whenever a stored number could change. `lacking`:
    earlier code versions, and the columns that did not exist then: null in their rows, and no part of their digests.
    """

    schema: str
    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    by_portfolio: bool
    code_version: str = "1"
    lacking: tuple[tuple[str, tuple[str, ...]], ...] = ()

    def of_code(self, code_version: str) -> "TableSpec":
        """Return the table as that version of its code wrote it."""
        lacked = dict(self.lacking).get(code_version, ())
        if not lacked:
            return self
        kept = tuple(column for column in self.columns if column.name not in lacked)
        return replace(self, columns=kept, code_version=code_version, lacking=())

    @property
    def qualified(self) -> str:
        """The table's name with its schema."""
        return f"{self.schema}.{self.name}"

    @property
    def slice_key(self) -> tuple[str, ...]:
        """The columns that tell slices apart."""
        return ("session", "portfolio_id") if self.by_portfolio else ("session",)

    @property
    def column_names(self) -> tuple[str, ...]:
        """The names of the columns, in order."""
        return tuple(column.name for column in self.columns)

    def column(self, name: str) -> Column:
        """Return the column of that name."""
        return next(column for column in self.columns if column.name == name)


def date(name: str, *, nullable: bool = False) -> Column:
    """A date: datetime64[D], NaT is null."""
    return Column(name, "date", nullable)


def instant(name: str) -> Column:
    """An instant: datetime64[us] UTC, never null."""
    return Column(name, "instant")


def integer(name: str, *, nullable: bool = False) -> Column:
    """A whole number: int64, NULL_INT is null."""
    return Column(name, "int", nullable)


def money(name: str, *, nullable: bool = False) -> Column:
    """USD: int64 ten-thousandths, NULL_MONEY is null."""
    return Column(name, "money", nullable)


def number(name: str, *, nullable: bool = False) -> Column:
    """A float: float64, NaN is null."""
    return Column(name, "float", nullable)


def flag(name: str) -> Column:
    """A truth value, never null."""
    return Column(name, "bool")


def text(name: str, width: int, *, nullable: bool = False) -> Column:
    """A text of at most `width` bytes; the empty string is null."""
    return Column(name, "text", nullable, width)


def digest(name: str) -> Column:
    """A 16-byte hash, never null: 'V16'."""
    return Column(name, "digest")
