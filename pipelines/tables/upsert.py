"""Storing rows by key: those that are given replace the stored ones they differ from, all others stay."""

import numpy as np
import numpy.typing as npt
from psycopg.sql import SQL, Identifier

import sql
from pipelines.calc.types import Columns
from pipelines.tables.database import Database
from pipelines.tables.digest import DIGEST_TYPE, slice_digests, sort_by_key
from pipelines.tables.manifest import Slices
from pipelines.tables.spec import TableSpec
from pipelines.tables.staging import STAGED_ROWS, copy_target, drop, insert
from pipelines.tables.store import record
from sql import compose


def upsert(database: Database, spec: TableSpec, data: Columns) -> Columns:
    """Insert rows and replace those that differ, by key; rows that are not given stay. Inside a transaction.

    Returns the rows that were written.
    """
    data = sort_by_key(spec, data)  # so they lie in the table, and are found together
    if spec.key[0] == "session" and len(data["session"]) and not _has_any(database, spec, data["session"]):
        insert(database, spec, data, database.begin_commit(spec.name))
        return data
    table, rows = compose.table(spec.schema, spec.name), Identifier(STAGED_ROWS)
    names = compose.names(spec.column_names)
    database.execute(SQL(sql.query("store/stage")).format(staging=rows, columns=names, table=table))
    database.copy_in(copy_target(rows, spec.column_names), spec.columns, data)
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
    drop(database, STAGED_ROWS)
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
        record(database, spec, named, digests, counts, everything, commit)


def _has_any(database: Database, spec: TableSpec, session: npt.NDArray[np.datetime64]) -> bool:
    """Whether the table holds a row between the first and the last of some sessions."""
    statement = SQL(sql.query("store/any_of_sessions")).format(table=compose.table(spec.schema, spec.name))
    params = {"start": session.min().item(), "end": session.max().item()}
    return bool(database.composed_rows(statement, params)[0][0])
