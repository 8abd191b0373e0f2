"""Loading rows by COPY, into a table or beside it: temporary tables of a transaction, compared with what is stored."""

from typing import Final, LiteralString

import numpy as np
from psycopg.sql import SQL, Composed, Identifier

import sql
from pipelines.calc.types import Columns
from pipelines.tables.database import Database
from pipelines.tables.spec import TableSpec, integer
from sql import compose

STAGED_ROWS: Final = "staged_rows"
STAGED_SLICES: Final = "staged_slices"


def insert(database: Database, spec: TableSpec, data: Columns, commit: int) -> int:
    """Load rows straight into a table, under a commit; returns how many."""
    count = len(data["session"])
    if count:
        columns = (*spec.columns, integer("commit_id"))
        target = copy_target(compose.table(spec.schema, spec.name), tuple(c.name for c in columns))
        database.copy_in(target, columns, {**data, "commit_id": np.full(count, commit, dtype=np.int64)})
    return count


def copy_target(table: Identifier, columns: tuple[str, ...]) -> Composed:
    """COPY into columns of a table."""
    return SQL(sql.query("store/copy_in")).format(table=table, columns=compose.names(columns))


def create(database: Database, name: LiteralString, staging: str) -> None:
    """Create a temporary table by `sql/queries/<name>.sql`."""
    database.execute(SQL(sql.query(name)).format(staging=Identifier(staging)))


def analyze(database: Database, staging: str) -> None:
    """Let the planner know what a temporary table holds."""
    database.execute(SQL(sql.query("store/analyze")).format(staging=Identifier(staging)))


def drop(database: Database, staging: str) -> None:
    """Drop a temporary table."""
    database.execute(SQL(sql.query("store/drop")).format(staging=Identifier(staging)))
