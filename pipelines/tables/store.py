"""Replacing slices: unchanged ones are known by their digest, changed rows leave their old version behind.

Slices that are new, or had no rows, are loaded straight into the table. Changed ones are staged and compared row by
row, so that an unchanged row keeps its commit. Nothing is written, not even a commit, when nothing changed.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from psycopg.sql import SQL, Identifier

import sql
from pipelines.calc.types import BoolArray, Columns, IntArray
from pipelines.tables.database import Database
from pipelines.tables.digest import DigestArray, row_codes, slice_digests, sort_by_key
from pipelines.tables.manifest import Slices, read_stored
from pipelines.tables.spec import TableSpec, date, digest, integer
from pipelines.tables.staging import STAGED_ROWS, STAGED_SLICES, analyze, copy_target, create, drop, insert
from sql import compose

_SLICE_COLUMNS: Final = (date("session"), integer("portfolio_id"))
_MANIFEST_COLUMNS: Final = (
    *_SLICE_COLUMNS,
    digest("input_hash"),
    digest("output_digest"),
    integer("row_count"),
)


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
        written.rows_inserted += insert(database, spec, _rows_of(spec, data, slices, empty), commit)
    filled = changed & ~empty
    if filled.any():
        rows = _rows_of(spec, data, slices, filled)
        superseded, inserted = _merge(database, spec, slices.take(filled), rows, commit)
        written.rows_superseded += superseded
        written.rows_inserted += inserted
    # Rows that were put right name this commit, so their slices must, too.
    recorded = changed | ~same if written.rows_inserted or written.rows_superseded else ~same
    superseding = bool((stored.known & recorded).any())
    record(database, spec, slices, digests, counts, recorded, commit, superseding=superseding)
    return written


def _rows_of(spec: TableSpec, data: Columns, slices: Slices, mask: BoolArray) -> Columns:
    """Rows that belong to the masked slices."""
    if mask.all():
        return data
    wanted = mask[np.searchsorted(slices.codes, row_codes(spec, data))]
    return {name: values[wanted] for name, values in data.items()}


def _merge(
    database: Database, spec: TableSpec, slices: Slices, data: Columns, commit: int
) -> tuple[int, int]:
    """Supersede and insert what differs in slices that exist; rows superseded, rows inserted."""
    table, rows = compose.table(spec.schema, spec.name), Identifier(STAGED_ROWS)
    names = compose.names(spec.column_names)
    _stage_slices(database, slices)
    database.execute(SQL(sql.query("store/stage")).format(staging=rows, columns=names, table=table))
    database.copy_in(copy_target(rows, spec.column_names), spec.columns, data)
    for staged in (STAGED_SLICES, STAGED_ROWS):
        analyze(database, staged)
    values = [name for name in spec.column_names if name not in spec.key]
    parts = {
        "table": table,
        "history": compose.table(spec.schema, spec.name, "_history"),
        "rows": rows,
        "slices": Identifier(STAGED_SLICES),
        "columns": names,
        "same_slice": compose.equal(spec.slice_key, "t", "c"),
        "same_key": compose.equal(spec.key, "t", "s"),
        "same_values": compose.matching(values, "t", "s"),
    }
    superseded = database.execute(SQL(sql.query("store/supersede")).format(**parts), {"commit": commit})
    database.execute(SQL(sql.query("store/drop_stored")).format(**parts))
    inserted = database.execute(SQL(sql.query("store/insert_staged")).format(**parts), {"commit": commit})
    drop(database, STAGED_ROWS)
    drop(database, STAGED_SLICES)
    return superseded, inserted


def _has_orphans(database: Database, spec: TableSpec, slices: Slices) -> bool:
    """Whether rows exist that no manifest entry stands for, such as after its deletion by hand."""
    _stage_slices(database, slices)
    statement = SQL(sql.query("store/any_orphan")).format(
        table=compose.table(spec.schema, spec.name),
        slices=Identifier(STAGED_SLICES),
        same_slice=compose.equal(spec.slice_key, "t", "c"),
    )
    params = {"start": slices.session.min().item(), "end": slices.session.max().item()}
    found = bool(database.connection.execute(statement, params).fetchall()[0][0])
    drop(database, STAGED_SLICES)
    return found


def _clear(database: Database, spec: TableSpec, slices: Slices, commit: int) -> int:
    """Supersede all rows of some slices."""
    _stage_slices(database, slices)
    statement = SQL(sql.query("store/clear")).format(
        table=compose.table(spec.schema, spec.name),
        history=compose.table(spec.schema, spec.name, "_history"),
        columns=compose.names(spec.column_names),
        slices=Identifier(STAGED_SLICES),
        same_slice=compose.equal(spec.slice_key, "t", "c"),
    )
    superseded = database.execute(statement, {"commit": commit})
    drop(database, STAGED_SLICES)
    return superseded


def _stage_slices(database: Database, slices: Slices) -> None:
    create(database, "store/stage_slices", STAGED_SLICES)
    target = copy_target(Identifier(STAGED_SLICES), ("session", "portfolio_id"))
    data = {"session": slices.session, "portfolio_id": slices.portfolio_id}
    database.copy_in(target, _SLICE_COLUMNS, data)


def record(
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
    create(database, "store/stage_manifest", STAGED_SLICES)
    target = copy_target(Identifier(STAGED_SLICES), tuple(entries))
    database.copy_in(target, _MANIFEST_COLUMNS, entries)
    params = {
        "asset": spec.name,
        "run_id": database.run_id,
        "code_version": spec.code_version,
        "commit": commit,
    }
    rows = {"rows": Identifier(STAGED_SLICES)}
    if superseding:
        analyze(database, STAGED_SLICES)
        database.execute(SQL(sql.query("store/supersede_slices")).format(**rows), params)
    database.execute(SQL(sql.query("store/insert_slices")).format(**rows), params)
    drop(database, STAGED_SLICES)
