"""Statements whose shape depends on a table: COPY in and out, and the replacement of slices."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import LiteralString, Protocol

from psycopg.sql import SQL, Composable, Composed, Identifier, Literal

from sql import query


class ColumnLike(Protocol):
    """A column as `pipelines.tables.spec` describes it."""

    @property
    def name(self) -> str:
        """The column's name."""
        ...

    @property
    def kind(self) -> str:
        """The column's kind."""
        ...

    @property
    def nullable(self) -> bool:
        """Whether the column can be null."""
        ...

    @property
    def width(self) -> int:
        """The column's width in bytes, if it is a text."""
        ...


# Every column at a fixed width and never null, so that a whole result parses as one array.
_FIXED_WIDTH: dict[str, LiteralString] = {
    "date": "coalesce({0}, 'infinity'::date)",
    "instant": "{0}",
    "int": "{0}::bigint",
    "int or null": "coalesce({0}::bigint, (-9223372036854775808)::bigint)",
    "money": "coalesce(({0} * 10000)::bigint, (-9223372036854775808)::bigint)",
    "float": "coalesce({0}::double precision, 'NaN'::double precision)",
    "bool": "{0}",
    "text": "coalesce({0}, '') || repeat(chr(1), {1} - octet_length(coalesce({0}, '')))",
    "digest": "{0}",
}


def names(columns: Iterable[str], prefix: str = "") -> Composed:
    """Column names, comma-separated, each after a table alias if given."""
    return SQL(", ").join(Identifier(prefix, name) if prefix else Identifier(name) for name in columns)


def matching(columns: Iterable[str], left: str, right: str) -> Composed:
    """Equality of two aliases in all columns, where null equals null."""
    return SQL(" and ").join(
        SQL("{} is not distinct from {}").format(Identifier(left, name), Identifier(right, name))
        for name in columns
    )


def equal(columns: Iterable[str], left: str, right: str) -> Composed:
    """Equality of two aliases in all columns, none of them null: an index serves it."""
    return SQL(" and ").join(
        SQL("{} = {}").format(Identifier(left, name), Identifier(right, name)) for name in columns
    )


def _kind(column: ColumnLike) -> str:
    return "int or null" if column.kind == "int" and column.nullable else column.kind


def copy_out(columns: Sequence[ColumnLike], select: SQL | Composed) -> Composed:
    """Binary COPY of a query's result with every column at a fixed width."""
    expressions = SQL(", ").join(
        SQL(_FIXED_WIDTH[_kind(column)]).format(Identifier("q", column.name), Literal(column.width))
        for column in columns
    )
    return SQL(query("store/copy_out")).format(expressions=expressions, select=select)


def table(schema: str, name: str, suffix: str = "") -> Identifier:
    """A qualified table name."""
    return Identifier(schema, name + suffix)


def table_at(schema: str, name: str, known_at: datetime) -> Composed:
    """Rows of a system-versioned table as known at an instant."""
    return SQL("{}({})").format(Identifier(schema, f"{name}_at"), Literal(known_at))


# What a writer never writes, by kind of column: it reads as null, or not at all.
_FOREIGN: dict[str, LiteralString] = {
    "date": "not isfinite({0})",
    "int or null": "abs({0}) > 9e14",
    "money": "abs({0}) > 9e14",
    "float": "{0} = 'NaN' or abs({0}) = 'Infinity'",
    "text": "{0} = '' or octet_length({0}) > {1} or {0} ~ '[^ -~]'",
}


def foreign(columns: Iterable[ColumnLike]) -> Composed:
    """Whether a row of slices holds a value no writer writes, such as NaN, which stands for null."""
    conditions: list[Composable] = [SQL("session not in (select d.session from market.sessions d)")]
    for column in columns:
        name = Identifier(column.name)
        if column.name == "portfolio_id":
            conditions.append(SQL("{} not between 1 and 1099511627775").format(name))
        elif _kind(column) in _FOREIGN:
            conditions.append(SQL(_FOREIGN[_kind(column)]).format(name, Literal(column.width)))
    return SQL(" or ").join(conditions)
