"""A stored slice recomputed from precisely the inputs its run read, and compared."""

from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Literal

import numpy as np
import psycopg

from pipelines.calc.types import Columns
from pipelines.errors import SigmaSightError
from pipelines.lineage.slices import StoredSlice, plan_of, read_rows, read_slice
from pipelines.sessions import NotSessionError, session_index
from pipelines.steps.chain import STEPS
from pipelines.steps.known_at import Instant, KnownAt
from pipelines.steps.stale import tables_of
from pipelines.steps.upstream import Upstream
from pipelines.steps.work import Work
from pipelines.tables.database import Database
from pipelines.tables.digest import row_codes, slice_digests, sort_by_key
from pipelines.tables.spec import TableSpec
from pipelines.tables.specs import BY_NAME
from pipelines.verify.differences import first_difference

TOLERANCE: Final = 1e-12
"""Relative difference of a float that another build's arithmetic explains."""

Verdict = Literal["equal", "close", "different"]
_STEP_OF: Final = {spec.name: step for step in STEPS for spec in tables_of(step)}


@dataclass(frozen=True)
class Replay:
    """What a replay showed. equal: bit for bit; close: floats within TOLERANCE; details: which columns, or how."""

    stored: StoredSlice
    verdict: Verdict
    rows: int
    same_inputs: bool
    detail: str | None

    @property
    def same_code(self) -> bool:
        """Whether the slice was computed by the version of the formula that is here now."""
        return self.stored.code_version == self.stored.spec.code_version


def replay(
    connection: psycopg.Connection[Any],
    asset: str,
    session: date,
    portfolio_id: int | None,
    risk_free_rate: float = 0.0,
    known_at: Instant = None,
) -> Replay:
    """Replay a slice as stored now, or as known at an instant. The connection must be idle; it needs to read only.

    Raises SigmaSightError for a table that is not computed, and NoSuchSliceError.
    """
    if asset not in _STEP_OF:
        raise SigmaSightError(f"{asset} is not computed; choose one of {', '.join(_STEP_OF)}")
    spec = BY_NAME[asset]
    connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    connection.read_only = True
    database = Database(connection, run_id="")
    with database.transaction():
        own = portfolio_id if spec.by_portfolio else None
        if spec.by_portfolio and own is None:
            raise SigmaSightError(f"{asset} is by portfolio: name one")
        try:
            session_index(session)
        except NotSessionError as error:
            raise SigmaSightError(str(error)) from error
        stored = read_slice(database, spec, session, own, known_at)
        computed, input_hash = _recompute(database, stored, risk_free_rate)
        return _compare(stored, read_rows(database, stored, known_at), computed, input_hash)


def _recompute(database: Database, stored: StoredSlice, risk_free_rate: float) -> tuple[Columns, bytes]:
    """Rows and input hash of the slice, from the book and the market its run read and the tables it found.

    Tables are read as known when the slice became visible: runs take turns, so that is how its run found them.
    """
    ix, known_at = session_index(stored.session), KnownAt.of(stored.input_instant)
    plan = plan_of(database, stored.portfolio_id, ix, ix, known_at.terms)
    work = Work(database, plan, known_at, risk_free_rate, Upstream(at=stored.committed_at))
    (code,) = stored.codes
    with np.errstate(all="ignore"):
        for batch in STEPS[_STEP_OF[stored.spec.name]](work):
            at = np.flatnonzero(batch.slices.codes == code)
            if batch.spec is stored.spec and len(at):
                mine = row_codes(batch.spec, batch.data) == code
                rows = {name: batch.data[name][mine] for name in batch.spec.column_names}
                return sort_by_key(batch.spec, rows), batch.slices.input_hash[at[0]].tobytes()
    reasons = "; ".join(work.left_out.values()) or "its run's inputs give no such slice"
    raise SigmaSightError(f"{stored.spec.name} of {stored.session} cannot be replayed: {reasons}")


def _compare(stored: StoredSlice, rows: Columns, computed: Columns, input_hash: bytes) -> Replay:
    spec = stored.spec.of_code(stored.code_version)
    digest = slice_digests(spec, computed, stored.codes)[0][0].tobytes()
    difference = first_difference(spec, rows, computed)
    same_inputs = input_hash == stored.input_hash
    if digest == stored.output_digest and difference is None:
        return Replay(stored, "equal", len(rows["session"]), same_inputs, None)
    apart = _apart(spec, rows, computed)
    if apart is not None and difference is not None:
        detail = f"within {TOLERANCE:g}, of another build: {', '.join(apart)}"
        return Replay(stored, "close", len(rows["session"]), same_inputs, detail)
    item, how = difference or ("", "the stored rows are not those of their slice's digest")
    return Replay(stored, "different", len(rows["session"]), same_inputs, f"{item} {how}".strip())


def _apart(spec: TableSpec, rows: Columns, computed: Columns) -> list[str] | None:
    """Float columns that differ by no more than TOLERANCE; None if anything else does, or more."""
    if len(rows["session"]) != len(computed["session"]):
        return None
    found = []
    for column in spec.columns:
        one, other = rows[column.name], computed[column.name]
        if column.kind != "float":
            same = (
                (one == other) | (np.isnat(one) & np.isnat(other)) if column.kind == "date" else one == other
            )
            if not same.all():
                return None
            continue
        scale = np.maximum(np.maximum(np.abs(one), np.abs(other)), 1.0)
        near = (np.isnan(one) & np.isnan(other)) | (np.abs(one - other) <= TOLERANCE * scale)
        if not near.all():
            return None
        if not np.array_equal(one, other, equal_nan=True):
            found.append(column.name)
    return found
