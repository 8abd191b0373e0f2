"""One stored slice: what the manifest says of it, its rows, and the plan that computes it alone."""

from dataclasses import dataclass, replace
from datetime import date as Date  # noqa: N812 - `date` is the column
from datetime import datetime

import numpy as np
from psycopg.sql import SQL, Composable

import sql
from pipelines.calc.types import Columns, IntArray
from pipelines.errors import SigmaSightError
from pipelines.steps.known_at import Instant
from pipelines.steps.plan import Plan, plan_all
from pipelines.tables.database import Database
from pipelines.tables.digest import slice_code, sort_by_key
from pipelines.tables.spec import TableSpec
from sql import compose


class NoSuchSliceError(SigmaSightError):
    """Nothing is stored where something was asked about."""


@dataclass(frozen=True)
class StoredSlice:
    """A version of a slice. committed_at: since when it is visible; input_instant: what its run read is of then."""

    spec: TableSpec
    session: Date
    portfolio_id: int | None
    run_id: str
    code_version: str
    input_hash: bytes
    output_digest: bytes
    commit_id: int
    committed_at: datetime
    input_instant: datetime

    @property
    def codes(self) -> IntArray:
        """Its slice code, shape (1,)."""
        return slice_code(
            np.array([self.session], dtype="datetime64[D]"),
            np.array([self.portfolio_id or 0], dtype=np.int64),
        )


def read_slice(
    database: Database, spec: TableSpec, session: Date, portfolio_id: int | None, known_at: Instant = None
) -> StoredSlice:
    """Read what the manifest says of a slice; NoSuchSliceError if it has none, or none whose inputs are known."""
    params = {"asset": spec.name, "session": session, "portfolio_id": portfolio_id, "known_at": known_at}
    found = database.rows("lineage/slice", params)
    then = "" if known_at is None else f" as known at {known_at.isoformat()}"
    where = f"{spec.name} of {session}{'' if portfolio_id is None else f', portfolio {portfolio_id}'}{then}"
    if not found:
        raise NoSuchSliceError(f"there is no {where}")
    run_id, code_version, input_hash, digest, commit_id, committed_at, input_instant, _ = found[0]
    if input_instant is None:
        raise NoSuchSliceError(f"{where}: run {run_id} left no record of what it read")
    return StoredSlice(
        spec, session, portfolio_id, run_id, code_version, bytes(input_hash), bytes(digest), commit_id,
        committed_at, input_instant,
    )  # fmt: skip


def read_rows(database: Database, one: StoredSlice, known_at: Instant = None) -> Columns:
    """Rows of a slice as known at an instant, in key order."""
    spec = one.spec
    table: Composable = compose.table(spec.schema, spec.name)
    if known_at is not None:
        table = compose.table_at(spec.schema, spec.name, known_at)
    own = SQL("portfolio_id = {}").format(one.portfolio_id) if spec.by_portfolio else SQL("true")
    statement = SQL(sql.query("lineage/rows")).format(
        columns=compose.names(spec.column_names), table=table, portfolio=own
    )
    return sort_by_key(spec, database.composed_columns(spec.columns, statement, {"session": one.session}))


def plan_of(
    database: Database, portfolio_id: int | None, first: int | None, last: int, terms_at: Instant
) -> Plan:
    """Plan a portfolio's sessions from `first` (None: from inception) to `last`, or those of no portfolio (None)."""
    ids = [] if portfolio_id is None else [portfolio_id]
    plan = plan_all(database, ids, terms_at)
    return replace(
        plan,
        first_ix=plan.first_ix if first is None else np.maximum(plan.first_ix, first),
        last_ix=np.full(len(plan.portfolio_id), last),
        start_ix=last if first is None else first,
        end_ix=last,
    )
