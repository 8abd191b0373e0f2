"""What every step works with: the database, the plan and the instants its inputs are known at."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from pipelines.calc.types import Columns, IntArray
from pipelines.sessions import index_on_or_before, session_at, sessions
from pipelines.steps.book import Book, read_book
from pipelines.steps.known_at import KnownAt
from pipelines.steps.plan import Plan
from pipelines.steps.upstream import STORED, Upstream
from pipelines.tables.database import Database, Params
from pipelines.tables.digest import DigestArray, hash_runs, slice_code
from pipelines.tables.manifest import Slices
from pipelines.tables.spec import Column, TableSpec, integer
from pipelines.tables.store import Batch

CELLS_PER_CHUNK = 1_000_000
"""Sessions × lots held in memory at a time."""

_COVERAGE = (integer("portfolio_id"), integer("slices"))


@dataclass(frozen=True)
class Work:
    """One asset's share of a run. left_out: portfolio id → why this asset could not compute it.

    given_book: lots to use instead of the book's, such as corrected ones.
    """

    database: Database
    plan: Plan
    known_at: KnownAt
    risk_free_rate: float = 0.0
    upstream: Upstream = STORED
    left_out: dict[int, str] = field(default_factory=dict)
    given_book: Book | None = None

    def reading(self, database: Database) -> "Work":
        """The same share, read through another connection; who is left out of one is left out of both."""
        return replace(self, database=database)

    def stored(self, columns: Sequence[Column], name: str, params: Params) -> Columns:
        """Rows of what earlier steps stored: `sql/queries/<name>.sql` of the tables this work reads."""
        return self.database.composed_columns(columns, self.upstream.statement(name), params)

    @cached_property
    def book(self) -> Book:
        """The lots of the planned portfolios."""
        if self.given_book is not None:
            return self.given_book
        return read_book(self.database, self.known_at, self.plan.portfolio_id.tolist())

    @cached_property
    def whole_book(self) -> Book:
        """The lots of all portfolios: the tables of the whole firm look at these."""
        return read_book(self.database, self.known_at, None)

    def requiring(self, *upstream: TableSpec) -> "Work":
        """Leave out the portfolios that lack a slice of an upstream table, and say so."""
        work = self
        for spec in upstream:
            work = work._requiring(spec)
        return work

    def _requiring(self, spec: TableSpec) -> "Work":
        plan = self.plan
        if not len(plan.portfolio_id):
            return self
        params = {
            "asset": spec.name,
            "portfolios": plan.portfolio_id.tolist(),
            "first": session_dates(plan.first_ix),
            "last": session_dates(plan.last_ix),
        }
        found = self.stored(_COVERAGE, "analytics/coverage", params)
        stored = np.zeros(len(plan.portfolio_id), dtype=np.int64)
        stored[np.searchsorted(plan.portfolio_id, found["portfolio_id"])] = found["slices"]
        missing = plan.last_ix - plan.first_ix + 1 - stored
        reasons = {
            int(
                plan.portfolio_id[p]
            ): f"{missing[p]} sessions of {spec.name} are missing: materialize it first"
            for p in np.flatnonzero(missing)
        }
        self.left_out.update(reasons)
        return replace(self, plan=plan.take(missing == 0)) if reasons else self

    def chunks(self, width: int) -> list[tuple[int, int]]:
        """Consecutive ranges of session indexes (both ends included) of bounded sessions × width."""
        plan = self.plan
        if not len(plan.portfolio_id):
            return []
        return split(int(plan.first_ix.min()), int(plan.last_ix.max()), width)

    def session_chunks(self, width: int) -> list[tuple[int, int]]:
        """Chunks of the sessions of tables that are not by portfolio."""
        return split(self.plan.start_ix, self.plan.end_ix, width)


Step = Callable[[Work], Iterator[Batch]]
"""Reads, calculates and yields batches in session order."""


def split(start_ix: int, end_ix: int, width: int) -> list[tuple[int, int]]:
    """Split a range of session indexes so that a part has at most CELLS_PER_CHUNK sessions × width cells."""
    height = max(1, CELLS_PER_CHUNK // max(width, 1))
    return [(at, min(at + height - 1, end_ix)) for at in range(start_ix, end_ix + 1, height)]


def session_dates(ix: Any) -> list[Any]:
    """Sessions as dates, for a query."""
    found: list[Any] = sessions()[ix].tolist()
    return found


def bounds(start_ix: int, end_ix: int) -> dict[str, Any]:
    """Query parameters of a range of sessions."""
    return {"start": session_at(start_ix), "end": session_at(end_ix)}


def session_index_of(data: Columns) -> IntArray:
    """Session index of each row."""
    found: IntArray = index_on_or_before(data["session"])
    return found


def planned_rows(plan: Plan, data: Columns) -> Columns:
    """The rows whose session and portfolio are planned."""
    keep = plan.covers(session_index_of(data), data["portfolio_id"])
    return data if keep.all() else {name: values[keep] for name, values in data.items()}


def portfolio_slices(plan: Plan, start_ix: int, end_ix: int, rows: Columns, inputs: dict[str, Any]) -> Slices:
    """Slices by portfolio of a chunk, hashed from the inputs of their rows (parallel to `rows`)."""
    ix, portfolio = plan.slice_grid(start_ix, end_ix)
    session, portfolio_id = sessions()[ix], plan.portfolio_id[portfolio]
    row_codes = slice_code(rows["session"], rows["portfolio_id"])
    return Slices(session, portfolio_id, hash_inputs(slice_code(session, portfolio_id), row_codes, inputs))


def session_slices(session: np.ndarray, row_session: np.ndarray, inputs: dict[str, Any]) -> Slices:
    """Slices by session, hashed from the inputs of their rows."""
    nobody = np.zeros(len(session), dtype=np.int64)
    codes, row_codes = (
        slice_code(session, nobody),
        slice_code(row_session, np.zeros(len(row_session), dtype=np.int64)),
    )
    return Slices(session, nobody, hash_inputs(codes, row_codes, inputs))


def hash_inputs(codes: IntArray, row_codes: IntArray, inputs: dict[str, Any]) -> DigestArray:
    """Hash of the input rows of each slice; `row_codes` ascending, inputs (n, …) each, NaN in one form."""
    fields, arrays = [], []
    for name, values in inputs.items():
        array = np.where(np.isnan(values), np.nan, values + 0.0) if values.dtype.kind == "f" else values
        fields.append((name, array.dtype.newbyteorder("<"), array.shape[1:]))
        arrays.append(array)
    records = np.empty(len(row_codes), dtype=np.dtype(fields))
    for (name, *_), array in zip(fields, arrays, strict=True):
        records[name] = array
    return hash_runs(
        records, np.searchsorted(row_codes, codes, "left"), np.searchsorted(row_codes, codes, "right")
    )
