"""What marks, price overrides and cash flows have in common: which portfolio a row means, and what it changes."""

import re
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol, TypeVar

from psycopg import Connection

from api.intake.users import user_id
from pipelines.sources.csv_errors import ErrorList
from pipelines.sources.csv_file import column_warnings
from sql import query

_ID = re.compile(r"[1-9][0-9]{0,17}")


class LedgerRow(Protocol):
    """A row of a file that names a portfolio."""

    @property
    def row(self) -> int:
        """Line of the file."""

    @property
    def portfolio(self) -> str:
        """Name or id."""


RowT = TypeVar("RowT", bound=LedgerRow)


@dataclass(frozen=True, slots=True)
class Portfolio:
    """A portfolio that rows of a file mean."""

    id: int
    name: str
    owner: str
    inception_date: date


@dataclass(frozen=True, slots=True)
class LedgerResult:
    """How many rows were new, corrected an earlier value, or were there already."""

    added: int
    corrected: int
    unchanged: int
    warnings: tuple[str, ...]

    def __str__(self) -> str:
        """Say it in words."""
        return f"{self.added} added, {self.corrected} corrected, {self.unchanged} unchanged"


Write = Callable[[Connection[Any], Sequence[tuple[Portfolio, RowT]], ErrorList], tuple[int, int]]
"""Writes rows and returns how many were added and corrected, or raises the list's exception with what it adds."""


def record(
    connection: Connection[Any],
    read: tuple[Sequence[RowT], tuple[str, ...]],
    owner: str | None,
    errors: ErrorList,
    named: str,
    key: Callable[[RowT], tuple[Hashable, ...]],
    write: Write[RowT],
) -> LedgerResult:
    """Record what was read of a file, rows and unknown columns, in one transaction.

    key: what no two rows of a portfolio share; `named` says what it is, the portfolio included.

    Raises the list's exception with what is in it, unknown_portfolio, ambiguous_portfolio, duplicate_row and what
    `write` adds; NotFoundError (unknown_user). Nothing is written then.
    """
    rows, unknown_columns = read
    with connection.transaction():
        portfolios = resolve_portfolios(connection, rows, owner, errors)
        entries = [(portfolios[row.portfolio], row) for row in rows if row.portfolio in portfolios]
        refuse_duplicates([(row.row, (portfolio.id, *key(row))) for portfolio, row in entries], named, errors)
        added, corrected = write(connection, entries, errors)
    unchanged = len(entries) - added - corrected
    return LedgerResult(added, corrected, unchanged, column_warnings(unknown_columns))


def resolve_portfolios(
    connection: Connection[Any], rows: Sequence[LedgerRow], owner: str | None, errors: ErrorList
) -> dict[str, Portfolio]:
    """Return the portfolio each text means, by name or id; an owner limits the search to its portfolios.

    Adds to the errors: unknown_portfolio, ambiguous_portfolio. Raises NotFoundError (unknown_user).
    """
    owner_id = None if owner is None else user_id(connection, owner)
    texts = list(dict.fromkeys(row.portfolio for row in rows))
    wanted = {"names": texts, "ids": [i for i in map(_as_id, texts) if i is not None], "owner_id": owner_id}
    meant: dict[str, list[Portfolio]] = {text: [] for text in texts}
    for portfolio in [Portfolio(*row) for row in connection.execute(query("book/find_portfolios"), wanted)]:
        for text in meant.keys() & {portfolio.name, str(portfolio.id)}:
            meant[text].append(portfolio)
    for row in rows:
        if len(meant[row.portfolio]) != 1:
            errors.add(row.row, "portfolio", *_why_not_one(row.portfolio, meant[row.portfolio]))
    return {text: candidates[0] for text, candidates in meant.items() if len(candidates) == 1}


def _as_id(text: str) -> int | None:
    return int(text) if _ID.fullmatch(text) else None


def _why_not_one(text: str, candidates: Sequence[Portfolio]) -> tuple[str, str]:
    if not candidates:
        return "unknown_portfolio", f"there is no portfolio {text!r}"
    which = ", ".join(f"id {p.id} ({p.owner}: {p.name})" for p in candidates)
    return "ambiguous_portfolio", f"{text!r} may be {which}; give the id or the owner"


def refuse_duplicates(keyed: Sequence[tuple[int, Hashable]], what: str, errors: ErrorList) -> None:
    """Add duplicate_row for each row whose key an earlier row of the file has."""
    first: dict[Hashable, int] = {}
    for row, key in keyed:
        if (earlier := first.setdefault(key, row)) != row:
            errors.add(row, None, "duplicate_row", f"the same {what} as in row {earlier}")


def write_changes(
    connection: Connection[Any], table: str, columns: Mapping[str, Sequence[object]], action: str
) -> tuple[int, int]:
    """Write the rows that are new or differ and return how many were added and corrected.

    table: `marks`, `overrides` or `flows`: of its queries `changed_*` finds the rows to write, `put_*` writes them.
    A file that changes nothing begins no commit.
    """
    changes = connection.execute(query(f"book/changed_{table}"), columns).fetchall()
    if changes:
        connection.execute(query("store/begin_commit"), {"run_id": None, "action": action})
        *values, _ = zip(*changes, strict=True)
        connection.execute(query(f"book/put_{table}"), dict(zip(columns, map(list, values), strict=True)))
    corrected = sum(is_correction for *_, is_correction in changes)
    return len(changes) - corrected, corrected
