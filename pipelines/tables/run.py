"""One run of the pipeline: its lock, its record and the instant its inputs are known at."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import psycopg

from pipelines.tables.database import Database, LockedError

LOCK_TIMEOUT_SECONDS = 60
_REHEARSAL_LOCK_TIMEOUT_MS = 500
"""Shorter than the server takes to look for deadlocks: a dry run gives way before a real one is chosen to."""


@dataclass(frozen=True)
class RunRecord:
    """What `analytics.runs` says of a run when it starts."""

    run_id: str
    kind: str
    start: date
    end: date
    portfolios: tuple[int, ...] | None = None
    request_id: int | None = None


class Run:
    """A run that holds the lock."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.error: str | None = None

    def input_instant(self) -> datetime:
        """The instant the book and the market are read at: fixed on first use, for the whole run."""
        with self.database.transaction():
            found: datetime = self.database.rows("run/input_instant", {"run_id": self.database.run_id})[0][0]
        return found

    def prices_fetched(self) -> None:
        """Record that the closes of the run's range have been fetched, whether or not any was new."""
        with self.database.transaction():
            self.database.run("run/prices_fetched", {"run_id": self.database.run_id})

    def leave_out(self, portfolios: dict[int, str]) -> None:
        """Record portfolios that were left out, with the reason."""
        if portfolios:
            params = {"run_id": self.database.run_id, "left_out": json.dumps(portfolios)}
            with self.database.transaction():
                self.database.run("run/left_out", params)


@contextmanager
def open_run(
    connection: psycopg.Connection[Any], record: RunRecord, timeout_seconds: float | None = None
) -> Iterator[Run]:
    """Take the run lock, record the run, and record how it ended.

    Raises LockedError when another run holds the lock for longer than the timeout: nothing was written, and the
    same call may be made again.
    """
    database = Database(connection, record.run_id)
    run = Run(database)
    with _locked(database, LOCK_TIMEOUT_SECONDS if timeout_seconds is None else timeout_seconds):
        try:
            _start(database, record)
            yield run
        except BaseException as error:
            run.error = run.error or f"{type(error).__name__}: {error}"
            raise
        finally:
            if not connection.closed:
                _end(database, run.error)


@contextmanager
def rehearse_run(connection: psycopg.Connection[Any], record: RunRecord) -> Iterator[Run]:
    """A run in one transaction that is rolled back, without the run lock: no row of it is left anywhere.

    It waits for nobody: where a real run holds rows that it would write, it fails at once. (A real run that comes to
    rows it has written waits until it has ended.)
    """
    with connection.transaction(force_rollback=True):
        database = Database(connection, record.run_id, rehearsing=True)
        database.run("run/lock_timeout", {"timeout": f"{_REHEARSAL_LOCK_TIMEOUT_MS}ms"})
        database.run("run/start_rehearsal", _params(record))
        yield Run(database)


@contextmanager
def _locked(database: Database, timeout_seconds: float) -> Iterator[None]:
    try:
        with database.transaction():
            database.run("run/lock_timeout", {"timeout": f"{max(int(timeout_seconds * 1000), 1)}ms"})
            database.run("run/lock")
    except psycopg.errors.LockNotAvailable as error:
        raise LockedError(
            f"another run has held the run lock for {timeout_seconds:.0f} s; try again when it has ended"
        ) from error
    try:
        yield
    finally:
        if not database.connection.closed:
            _unlock(database)


def _unlock(database: Database) -> None:
    try:
        with database.transaction():
            database.run("run/unlock")
    except BaseException:
        database.connection.close()  # gives the lock back, too
        raise


def _start(database: Database, record: RunRecord) -> None:
    with database.transaction():
        database.run("run/abandon", {"run_id": record.run_id})
        database.run("run/start", _params(record))


def _params(record: RunRecord) -> dict[str, Any]:
    return {
        "run_id": record.run_id,
        "request_id": record.request_id,
        "kind": record.kind,
        "start": record.start,
        "end": record.end,
        "portfolios": None if record.portfolios is None else list(record.portfolios),
    }


def _end(database: Database, error: str | None) -> None:
    database.connection.rollback()
    with database.transaction():
        status = "failed" if error else "succeeded"
        database.run("run/end", {"run_id": database.run_id, "status": status, "error": error})
