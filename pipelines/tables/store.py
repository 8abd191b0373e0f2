"""Replacing slices: unchanged ones are known by their digest, changed rows leave their old version behind.

Slices that are new, or had no rows, are loaded straight into the table. Changed ones are staged and compared row by
row, so that an unchanged row keeps its commit. Nothing is written, not even a commit, when nothing changed.
"""

from dataclasses import dataclass
from typing import Final, LiteralString

import numpy as np
import numpy.typing as npt
from psycopg.sql import SQL, Composed, Identifier

import sql
from pipelines.calc.types import BoolArray, Columns, IntArray
from pipelines.tables.database import Database
from pipelines.tables.digest import DIGEST_TYPE, DigestArray, row_codes, slice_digests, sort_by_key
from pipelines.tables.manifest import Slices, read_stored
from pipelines.tables.spec import TableSpec, date, digest, integer
from sql import compose

_SLICE_COLUMNS: Final = (date("session"), integer("portfolio_id"))
_MANIFEST_COLUMNS: Final = (
    *_SLICE_COLUMNS,
    digest("input_hash"),
    digest("output_digest"),
    integer("row_count"),
)
_STAGED_ROWS: Final = "staged_rows"
_STAGED_SLICES: Final = "staged_slices"


@dataclass(frozen=True)
class Batch:
    """Rows of one table for some slices, all of them: a slice without rows is stored as empty."""

    spec: TableSpec
    slices: Slices
    data: Columns


@dataclass(frozen=True)
class Prepared:
    """A batch in the order of its key, and what each slice of it comes to."""

    batch: Batch
    digests: DigestArray
    counts: IntArray


def prepare(batch: Batch) -> Prepared:
    """Order and hash the rows of a batch; ValueError for rows outside of its slices."""
    data = sort_by_key(batch.spec, batch.data)
    return Prepared(
        Batch(batch.spec, batch.slices, data), *slice_digests(batch.spec, data, batch.slices.codes)
    )


@dataclass
class Written:
    """Count of what a replacement did, by slices and rows."""

    new: int = 0
    changed: int = 0
    unchanged: int = 0
    rows_inserted: int = 0
    rows_superseded: int = 0

    def add(self, other: "Written") -> None:
        """Add another count to this one."""
        self.new += other.new
        self.changed += other.changed
        self.unchanged += other.unchanged
        self.rows_inserted += other.rows_inserted
        self.rows_superseded += other.rows_superseded


def replace(database: Database, prepared: Prepared, *, compare_rows: bool = False) -> Written:
    """Make the stored rows of the batch's slices equal to the batch; call inside a transaction.

    compare_rows: look at the stored rows even where the manifest says that they are the same.
    """
    spec, slices, data = prepared.batch.spec, prepared.batch.slices, prepared.batch.data
    digests, counts = prepared.digests, prepared.counts
    if not len(slices):
        return Written()
    stored = read_stored(database, spec, slices)
    same_output = stored.known & (stored.output_digest == digests)
    same = same_output & stored.same_code & (stored.input_hash == slices.input_hash)
    changed = stored.known & ~same_output
    new = ~stored.known
    written = Written(int(new.sum()), int(changed.sum()), int(same_output.sum()))
    if same.all() and not compare_rows:
        return written
    commit = database.begin_commit(spec.name)
    empty = new | (changed & (stored.row_count == 0))
    if empty.any() and _has_orphans(database, spec, slices.take(empty)):
        # Nothing says where such rows are from: they make way, and the slices are established anew.
        written.rows_superseded += _clear(database, spec, slices.take(empty), commit)
    if compare_rows:
        changed |= stored.known
    if empty.any():
        written.rows_inserted += _insert(database, spec, _rows_of(spec, data, slices, empty), commit)
    filled = changed & ~empty
    if filled.any():
        rows = _rows_of(spec, data, slices, filled)
        superseded, inserted = _merge(database, spec, slices.take(filled), rows, commit)
        written.rows_superseded += superseded
        written.rows_inserted += inserted
    # Rows that were put right name this commit, so their slices must, too.
    recorded = changed | ~same if written.rows_inserted or written.rows_superseded else ~same
    superseding = bool((stored.known & recorded).any())
    _record(database, spec, slices, digests, counts, recorded, commit, superseding=superseding)
    return written


def upsert(database: Database, spec: TableSpec, data: Columns) -> Columns:
    """Insert rows and replace those that differ, by key; rows that are not given stay. Inside a transaction.

    Returns the rows that were written.
    """
    data = sort_by_key(spec, data)  # so they lie in the table, and are found together
    if spec.key[0] == "session" and len(data["session"]) and not _has_any(database, spec, data["session"]):
        _insert(database, spec, data, database.begin_commit(spec.name))
        return data
    table, rows = compose.table(spec.schema, spec.name), Identifier(_STAGED_ROWS)
    names = compose.names(spec.column_names)
    database.execute(SQL(sql.query("store/stage")).format(staging=rows, columns=names, table=table))
    database.copy_in(_copy_target(rows, spec.column_names), spec.columns, data)
    parts = {
        "table": table,
        "history": compose.table(spec.schema, spec.name, "_history"),
        "rows": rows,
        "columns": names,
        "same_key": compose.equal(spec.key, "t", "s"),
        "same_values": compose.matching([n for n in spec.column_names if n not in spec.key], "t", "s"),
    }
    database.execute(SQL(sql.query("store/drop_same")).format(**parts))
    written = database.composed_columns(spec.columns, SQL(sql.query("store/staged")).format(**parts))
    if len(written[spec.key[0]]):
        commit = {"commit": database.begin_commit(spec.name)}
        database.execute(SQL(sql.query("store/supersede_by_key")).format(**parts), commit)
        database.execute(SQL(sql.query("store/insert_staged")).format(**parts), commit)
    _drop(database, _STAGED_ROWS)
    return written


def record_sessions(database: Database, spec: TableSpec, data: Columns) -> None:
    """Write the manifest entries of a table by session whose rows were upserted: `data` is all of these sessions."""
    data = sort_by_key(spec, data)
    session = np.unique(data["session"])
    if len(session):
        slices = Slices(
            session, np.zeros(len(session), dtype=np.int64), np.zeros(len(session), dtype=DIGEST_TYPE)
        )
        digests, counts = slice_digests(spec, data, slices.codes)
        commit = database.begin_commit(spec.name)
        everything = np.ones(len(session), dtype=np.bool_)
        # What a vendor said is its own input.
        named = Slices(session, slices.portfolio_id, digests)
        _record(database, spec, named, digests, counts, everything, commit)


def _has_any(database: Database, spec: TableSpec, session: npt.NDArray[np.datetime64]) -> bool:
    """Whether the table holds a row between the first and the last of some sessions."""
    statement = SQL(sql.query("store/any_of_sessions")).format(table=compose.table(spec.schema, spec.name))
    params = {"start": session.min().item(), "end": session.max().item()}
    return bool(database.composed_rows(statement, params)[0][0])


def _rows_of(spec: TableSpec, data: Columns, slices: Slices, mask: BoolArray) -> Columns:
    """Rows that belong to the masked slices."""
    if mask.all():
        return data
    wanted = mask[np.searchsorted(slices.codes, row_codes(spec, data))]
    return {name: values[wanted] for name, values in data.items()}


def _insert(database: Database, spec: TableSpec, data: Columns, commit: int) -> int:
    count = len(data["session"])
    if count:
        columns = (*spec.columns, integer("commit_id"))
        target = _copy_target(compose.table(spec.schema, spec.name), tuple(c.name for c in columns))
        database.copy_in(target, columns, {**data, "commit_id": np.full(count, commit, dtype=np.int64)})
    return count


def _copy_target(table: Identifier, columns: tuple[str, ...]) -> Composed:
    return SQL(sql.query("store/copy_in")).format(table=table, columns=compose.names(columns))


def _merge(
    database: Database, spec: TableSpec, slices: Slices, data: Columns, commit: int
) -> tuple[int, int]:
    """Supersede and insert what differs in slices that exist; rows superseded, rows inserted."""
    table, rows = compose.table(spec.schema, spec.name), Identifier(_STAGED_ROWS)
    names = compose.names(spec.column_names)
    _stage_slices(database, slices)
    database.execute(SQL(sql.query("store/stage")).format(staging=rows, columns=names, table=table))
    database.copy_in(_copy_target(rows, spec.column_names), spec.columns, data)
    for staged in (_STAGED_SLICES, _STAGED_ROWS):
        _analyze(database, staged)
    values = [name for name in spec.column_names if name not in spec.key]
    parts = {
        "table": table,
        "history": compose.table(spec.schema, spec.name, "_history"),
        "rows": rows,
        "slices": Identifier(_STAGED_SLICES),
        "columns": names,
        "same_slice": compose.equal(spec.slice_key, "t", "c"),
        "same_key": compose.equal(spec.key, "t", "s"),
        "same_values": compose.matching(values, "t", "s"),
    }
    superseded = database.execute(SQL(sql.query("store/supersede")).format(**parts), {"commit": commit})
    database.execute(SQL(sql.query("store/drop_stored")).format(**parts))
    inserted = database.execute(SQL(sql.query("store/insert_staged")).format(**parts), {"commit": commit})
    _drop(database, _STAGED_ROWS)
    _drop(database, _STAGED_SLICES)
    return superseded, inserted


def _has_orphans(database: Database, spec: TableSpec, slices: Slices) -> bool:
    """Whether rows exist that no manifest entry stands for, such as after its deletion by hand."""
    _stage_slices(database, slices)
    statement = SQL(sql.query("store/any_orphan")).format(
        table=compose.table(spec.schema, spec.name),
        slices=Identifier(_STAGED_SLICES),
        same_slice=compose.equal(spec.slice_key, "t", "c"),
    )
    params = {"start": slices.session.min().item(), "end": slices.session.max().item()}
    found = bool(database.connection.execute(statement, params).fetchall()[0][0])
    _drop(database, _STAGED_SLICES)
    return found


def _clear(database: Database, spec: TableSpec, slices: Slices, commit: int) -> int:
    """Supersede all rows of some slices."""
    _stage_slices(database, slices)
    statement = SQL(sql.query("store/clear")).format(
        table=compose.table(spec.schema, spec.name),
        history=compose.table(spec.schema, spec.name, "_history"),
        columns=compose.names(spec.column_names),
        slices=Identifier(_STAGED_SLICES),
        same_slice=compose.equal(spec.slice_key, "t", "c"),
    )
    superseded = database.execute(statement, {"commit": commit})
    _drop(database, _STAGED_SLICES)
    return superseded


def _stage_slices(database: Database, slices: Slices) -> None:
    _create(database, "store/stage_slices", _STAGED_SLICES)
    target = _copy_target(Identifier(_STAGED_SLICES), ("session", "portfolio_id"))
    data = {"session": slices.session, "portfolio_id": slices.portfolio_id}
    database.copy_in(target, _SLICE_COLUMNS, data)


def _create(database: Database, name: LiteralString, staging: str) -> None:
    database.execute(SQL(sql.query(name)).format(staging=Identifier(staging)))


def _analyze(database: Database, staging: str) -> None:
    database.execute(SQL(sql.query("store/analyze")).format(staging=Identifier(staging)))


def _drop(database: Database, staging: str) -> None:
    database.execute(SQL(sql.query("store/drop")).format(staging=Identifier(staging)))


def _record(
    database: Database,
    spec: TableSpec,
    slices: Slices,
    digests: DigestArray,
    counts: IntArray,
    mask: BoolArray,
    commit: int,
    *,
    superseding: bool = True,
) -> None:
    """Write the manifest entries of the masked slices; superseded ones, if there may be any, move to history."""
    entries: Columns = {
        "session": slices.session[mask],
        "portfolio_id": slices.portfolio_id[mask],
        "input_hash": slices.input_hash[mask],
        "output_digest": digests[mask],
        "row_count": counts[mask],
    }
    _create(database, "store/stage_manifest", _STAGED_SLICES)
    target = _copy_target(Identifier(_STAGED_SLICES), tuple(entries))
    database.copy_in(target, _MANIFEST_COLUMNS, entries)
    params = {
        "asset": spec.name,
        "run_id": database.run_id,
        "code_version": spec.code_version,
        "commit": commit,
    }
    rows = {"rows": Identifier(_STAGED_SLICES)}
    if superseding:
        _analyze(database, _STAGED_SLICES)
        database.execute(SQL(sql.query("store/supersede_slices")).format(**rows), params)
    database.execute(SQL(sql.query("store/insert_slices")).format(**rows), params)
    _drop(database, _STAGED_SLICES)
