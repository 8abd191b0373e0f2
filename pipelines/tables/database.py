"""One connection of the pipeline: queries in, columns out, commits and the run lock."""

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, LiteralString, TypeVar

import psycopg
from psycopg.abc import PQGen
from psycopg.conninfo import make_conninfo
from psycopg.pq import TransactionStatus
from psycopg.sql import SQL, Composed

import sql
from pipelines.calc.types import Columns
from pipelines.errors import SigmaSightError
from pipelines.tables import wire
from pipelines.tables.ahead import ahead
from pipelines.tables.kept import KeptRows
from pipelines.tables.spec import Column
from sql import compose

Params = Mapping[str, Any]
T = TypeVar("T")


def _everything(copy: psycopg.Copy) -> PQGen[bytearray]:
    """Gather what a COPY sends, one message a row, in one wait: psycopg's own iteration waits for each row."""
    gathered = bytearray()
    while block := (yield from copy._read_gen()):  # noqa: SLF001 - psycopg is pinned, and a test holds this
        gathered += block
    return gathered


class LockedError(SigmaSightError):
    """Another run holds the lock: try again."""


class Database:
    """What the asset steps read and write through. Not thread-safe: one per run."""

    def __init__(self, connection: psycopg.Connection[Any], run_id: str, *, rehearsing: bool = False) -> None:
        self.connection = connection
        self.run_id = run_id
        self.rehearsing = rehearsing
        """Whether all of it is rolled back: then nothing is locked or changed but what has to be."""
        self.statements = 0
        self.kept: dict[str, KeptRows] = {}
        """Rows that this run has stored, by table, for its later steps."""
        self._found: dict[Hashable, Any] = {}

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """One transaction: all of it, or nothing."""
        with self.connection.transaction():
            yield

    @contextmanager
    def beside(self) -> Iterator["Database"]:
        """A second connection of the same role, for another thread to read what has been committed."""
        info = self.connection.info
        address = make_conninfo("", **info.get_parameters(), password=info.password or None)
        with psycopg.connect(address, autocommit=True) as connection:
            connection.execute(sql.query("run/read_only"))
            reader = Database(connection, self.run_id)
            reader.kept, reader._found = self.kept, self._found
            yield reader

    @property
    def is_in_transaction(self) -> bool:
        """Whether a transaction is open, so that others do not see all that this one sees."""
        return self.connection.info.transaction_status is not TransactionStatus.IDLE

    def once(self, known_at: Hashable, key: Hashable, read: Callable[[], T]) -> T:
        """What this run has read before as known at an instant; None is now, which may still change: read anew."""
        if known_at is None:
            return read()
        if (known_at, key) not in self._found:
            self._found[known_at, key] = read()
        found: T = self._found[known_at, key]
        return found

    def execute(self, statement: LiteralString | SQL | Composed, params: Params | None = None) -> int:
        """Run a statement; returns the number of rows it touched."""
        self.statements += 1
        return self.connection.execute(statement, params).rowcount

    def run(self, name: str, params: Params | None = None) -> int:
        """Run `sql/queries/<name>.sql`."""
        return self.execute(sql.query(name), params)

    def rows(self, name: str, params: Params | None = None) -> list[tuple[Any, ...]]:
        """All rows of a small query."""
        self.statements += 1
        return self.connection.execute(sql.query(name), params).fetchall()

    def composed_rows(self, statement: Composed, params: Params | None = None) -> list[tuple[Any, ...]]:
        """All rows of a small composed statement."""
        self.statements += 1
        return self.connection.execute(statement, params).fetchall()

    def columns(self, columns: Sequence[Column], name: str, params: Params | None = None) -> Columns:
        """Rows of a query as arrays, shape (n,) each, in the query's order."""
        return self.composed_columns(columns, SQL(sql.query(name)), params)

    def composed_columns(
        self, columns: Sequence[Column], select: SQL | Composed, params: Params | None = None
    ) -> Columns:
        """Rows of a composed statement as arrays, shape (n,) each."""
        self.statements += 1
        with (
            self.connection.cursor() as cursor,
            cursor.copy(compose.copy_out(columns, select), params) as copy,
        ):
            payload = self.connection.wait(_everything(copy))
        return wire.decode(columns, payload)

    def copy_in(self, target: Composed, columns: Sequence[Column], data: Columns) -> None:
        """Load rows by binary COPY."""
        self.statements += 1
        blocks = wire.encode(columns, data)
        if len(data[columns[0].name]) > wire.BLOCK_ROWS:
            blocks = ahead(blocks)  # the server takes one in while the next is made
        with self.connection.cursor() as cursor, cursor.copy(target) as copy:
            for block in blocks:
                copy.write(block)

    def begin_commit(self, action: str) -> int:
        """Return the commit id of the current transaction."""
        found: int = self.rows("store/begin_commit", {"run_id": self.run_id, "action": action})[0][0]
        return found
