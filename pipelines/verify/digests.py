"""Stored rows against their slices' digests, read back in chunks."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date as Date  # noqa: N812 - `date` is the column
from typing import Any, Final

import numpy as np
from psycopg.sql import NULL, SQL, Composed, Identifier

import sql
from pipelines.calc.types import BoolArray, Columns, IntArray
from pipelines.tables.database import Database
from pipelines.tables.digest import row_codes, slice_code, slice_digests, sort_by_key
from pipelines.tables.spec import TableSpec, date, integer
from pipelines.tables.wire import null_mask
from pipelines.verify.entries import Entries, code_at, readable
from pipelines.verify.findings import Finding, Scope
from sql import compose

ROWS_PER_CHUNK: Final = 500_000

_COUNTS = (date("session"), integer("row_count"))
_COMMIT = integer("commit_id")
_PAST = (date("session"), integer("portfolio_id"), _COMMIT)


@dataclass
class Digests:
    """What reading a table back showed. altered: slice code → what is wrong with its rows."""

    entries: Entries
    rows: int = 0
    altered: dict[int, str] = field(default_factory=dict)
    foreign: list[Finding] = field(default_factory=list)

    @property
    def altered_codes(self) -> IntArray:
        """Codes of the altered slices, ascending."""
        return np.array(sorted(self.altered), dtype=np.int64)


def prove(database: Database, entries: Entries, scope: Scope) -> Digests:
    """Compare the rows of a table with its entries: digests, counts, commits."""
    spec = entries.spec
    found = Digests(entries, foreign=_foreign(database, spec, scope))
    commits: list[tuple[IntArray, IntArray]] = []
    for start, end in _chunks(database, entries, scope):
        data = read_rows(database, spec, start, end)
        found.rows += len(data["session"])
        codes = row_codes(spec, data)
        found.altered |= _compare(entries, data, codes, start, end)
        at, known = entries.find(codes)
        if len(entries):
            other = known & (entries.commit_id[at] != data["commit_id"])
            commits.append((codes[other], data["commit_id"][other]))
    for code in _uncommitted(database, spec, commits, scope):
        found.altered.setdefault(code, "its rows name a commit that never established the slice")
    return found


def read_rows(database: Database, spec: TableSpec, start: Date, end: Date) -> Columns:
    """Rows of a range of sessions in key order, with commit_id; without those that hold foreign values."""
    statement = SQL(sql.query("verify/rows")).format(
        columns=compose.names(spec.column_names), table=_table(spec), foreign=compose.foreign(spec.columns)
    )
    rows = database.composed_columns((*spec.columns, _COMMIT), statement, {"start": start, "end": end})
    return sort_by_key(spec, rows)


def _table(spec: TableSpec) -> Identifier:
    return compose.table(spec.schema, spec.name)


def _chunks(database: Database, entries: Entries, scope: Scope) -> Iterator[tuple[Date, Date]]:
    """Ranges of sessions with rows or entries, of a bounded number of rows each."""
    statement = SQL(sql.query("verify/row_counts")).format(table=_table(entries.spec))
    params = scope.params()
    counts = database.composed_columns(_COUNTS, statement, {"start": params["start"], "end": params["end"]})
    days = np.unique(np.concatenate([counts["session"], entries.session]))
    rows = np.zeros(len(days), dtype=np.int64)
    rows[np.searchsorted(days, counts["session"])] = counts["row_count"]
    chunk = np.add.accumulate(rows) // ROWS_PER_CHUNK
    firsts = np.flatnonzero(np.append(len(days) > 0, np.diff(chunk) > 0))
    for first, last in zip(firsts.tolist(), np.append(firsts, len(days))[1:].tolist(), strict=True):
        yield days[first].item(), days[last - 1].item()


def _compare(entries: Entries, data: Columns, codes: IntArray, start: Date, end: Date) -> dict[int, str]:
    low, high = np.searchsorted(entries.session, [np.datetime64(start), np.datetime64(end) + 1])
    inside = slice(int(low), int(high))
    expected = entries.codes[inside]
    every = np.union1d(expected, codes)
    digests, counts = slice_digests(entries.spec, data, every)
    at = np.searchsorted(every, expected)
    miscounted = counts[at] != entries.row_count[inside]
    redigested = digests[at] != entries.output_digest[inside]
    for version, lacking in entries.spec.lacking:
        older = entries.code_version[inside] == version
        if older.any():
            digests, _ = slice_digests(entries.spec.of_code(version), data, every)
            redigested[older] = (digests[at] != entries.output_digest[inside])[older]
            # What did not exist then is null: whoever fills it in leaves the digest as it is.
            filled = np.isin(expected, codes[_any_filled(entries.spec, data, lacking)])
            redigested |= older & filled
    altered = {
        int(code): "the stored rows have another digest than their slice" for code in expected[redigested]
    }
    for row in np.flatnonzero(miscounted).tolist():
        count = int(entries.row_count[inside][row])
        altered[int(expected[row])] = f"the slice says {count} rows, {int(counts[at[row]])} are stored"
    orphans = np.setdiff1d(codes, expected)
    return altered | {int(code): "there are rows and no slice" for code in orphans}


def _any_filled(spec: TableSpec, data: Columns, names: tuple[str, ...]) -> BoolArray:
    """Whether a row has a value in any of some columns, (n,)."""
    filled = np.zeros(len(data["session"]), dtype=np.bool_)
    for name in names:
        filled |= ~null_mask(spec.column(name), data[name])
    return filled


def _uncommitted(
    database: Database, spec: TableSpec, pairs: list[tuple[IntArray, IntArray]], scope: Scope
) -> set[int]:
    """Slices with rows of a commit that established neither the slice nor an earlier version of it."""
    found = {
        pair for codes, commits in pairs for pair in set(zip(codes.tolist(), commits.tolist(), strict=True))
    }
    if not found:
        return set()
    past = database.columns(_PAST, "verify/past_commits", scope.params() | {"asset": spec.name})
    codes = slice_code(past["session"], past["portfolio_id"])
    return {code for code, _ in found - set(zip(codes.tolist(), past["commit_id"].tolist(), strict=True))}


def _foreign(database: Database, spec: TableSpec, scope: Scope) -> list[Finding]:
    keys = [name for name in spec.key if name not in ("session", "portfolio_id")]
    no_key: Composed | SQL = SQL("null")
    statement = SQL(sql.query("verify/foreign_rows")).format(
        table=_table(spec),
        foreign=compose.foreign(spec.columns),
        portfolio_id=Identifier("portfolio_id") if spec.by_portfolio else NULL,
        key=compose.names(keys) if keys else no_key,
    )
    rows: list[tuple[Any, ...]] = database.composed_rows(statement, scope.params())
    return [
        Finding(
            "broken",
            "digest",
            spec.name,
            readable(session),
            portfolio_id,
            item or None,
            "the row holds a value that is never written",
        )
        for session, portfolio_id, item in rows
    ]


def findings(found: Digests, named: dict[int, tuple[str, str]]) -> Iterator[Finding]:
    """One finding for each altered slice; named: slice code → the row that differs and how."""
    for code, detail in sorted(found.altered.items()):
        session, portfolio_id = code_at(code)
        item, difference = named.get(code, ("", ""))
        text = f"{detail}: {difference}" if difference else detail
        yield Finding("broken", "digest", found.entries.spec.name, session, portfolio_id, item or None, text)
