"""Replacing 12.6 M rows of P&L as a run does, beside bare binary COPY of the same rows into an identical indexed table.

In turns, on one server: all of it new; the same again; 1 % of the slices (session × portfolio) changed, every row of
them; 1 % of the rows changed, scattered over all slices. Making the rows is not timed: the commit is.
`uv run python -m benchmarks.store`
"""

import argparse
import resource
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from statistics import median
from uuid import uuid4

import numpy as np
import psycopg

from benchmarks.bare_copy import bare_copy
from benchmarks.harness import free_space, gigabytes, own_home, report
from benchmarks.rivals import pnl
from pipelines.calc.pnl import position_pnl
from pipelines.calc.prices import carry
from pipelines.calc.types import BoolArray, Columns
from pipelines.sessions import sessions
from pipelines.steps.work import split
from pipelines.tables.database import Database
from pipelines.tables.digest import DIGEST_TYPE
from pipelines.tables.manifest import Slices
from pipelines.tables.specs import POSITION_PNL
from pipelines.tables.store import Batch, Written, prepare, replace

BYTES_PER_ROW = 1_000
"""Disk: the rows, the same rows again in a bare table and as a file, history, and the log of all of it."""
SHARE = 0.01
"""Of slices, or of rows, that change."""
ROWS_OF_A_PORTFOLIO = pnl.LOTS_EACH * pnl.SESSIONS
EMPTY = "truncate analytics.position_pnl, analytics.position_pnl_history, analytics.slices, analytics.slices_history"


@dataclass
class Timed:
    """Seconds of several runs of one thing, and what the last one did."""

    seconds: list[float] = field(default_factory=list)
    did: str = ""

    def against(self, bare: "Timed") -> str:
        """Median and range, and the ratio to bare COPY."""
        middle = f"{median(self.seconds):.2f} s ({min(self.seconds):.2f}–{max(self.seconds):.2f})"
        return f"{middle}: {median(self.seconds) / median(bare.seconds):.2f}× bare COPY; {self.did}"


@dataclass(frozen=True)
class Rows:
    """The firm's rows by chunks of sessions; `changed_slices`, `changed_rows`: whether these have been changed."""

    book: pnl.Given
    changed_slices: bool = False
    changed_rows: bool = False

    def batches(self) -> Iterator[Batch]:
        """The batches of a run, in chunks of sessions as a run takes them."""
        no_date = np.datetime64("NaT", "D")
        date = np.where(np.isnan(self.book.raw), no_date, self.book.days[:, np.newaxis])
        before = np.full(pnl.SYMBOLS, np.nan), np.full(pnl.SYMBOLS, no_date)
        close, close_date = carry(self.book.raw, date, *before)
        for start, end in split(0, pnl.SESSIONS - 1, len(self.book.lots)):
            rows, ix = slice(start, end + 2), pnl.FIRST_IX + np.arange(start, end + 1)
            data = position_pnl(self.book.lots, ix, close[rows], close_date[rows], sessions())
            del data["lot_row"]
            yield self._batch(data, start)

    def _batch(self, data: Columns, start: int) -> Batch:
        random = np.random.default_rng(start)
        starts = np.arange(0, len(data["session"]), pnl.LOTS_EACH)
        of_slices = random.random(len(starts)) < SHARE
        of_rows = random.random(len(data["session"])) < SHARE
        touched = np.zeros(len(starts), dtype=np.int64)
        if self.changed_slices:
            data["daily_pnl"] = data["daily_pnl"] + np.repeat(of_slices, pnl.LOTS_EACH)
            touched += of_slices
        if self.changed_rows:
            data["daily_pnl"] = data["daily_pnl"] + 2 * of_rows
            touched += 2 * _any_of(of_rows)
        # What changes the rows of a slice changes what it is computed from, too.
        inputs = np.zeros((len(starts), 2), dtype=np.int64)
        inputs[:, 1] = touched
        hashes = inputs.view(DIGEST_TYPE).reshape(-1)
        return Batch(
            POSITION_PNL, Slices(data["session"][starts], data["portfolio_id"][starts], hashes), data
        )

    def expected(self) -> tuple[int, int]:
        """Slices and rows that the latest change has changed."""
        slices = rows = 0
        for start, end in split(0, pnl.SESSIONS - 1, len(self.book.lots)):
            random = np.random.default_rng(start)
            count = (end - start + 1) * len(self.book.lots)
            of_slices = random.random(count // pnl.LOTS_EACH) < SHARE
            of_rows = random.random(count) < SHARE
            slices += int((_any_of(of_rows) if self.changed_rows else of_slices).sum())
            rows += int(of_rows.sum() if self.changed_rows else of_slices.sum() * pnl.LOTS_EACH)
        return slices, rows


def _any_of(rows: BoolArray) -> BoolArray:
    """Whether any row of each slice is."""
    return np.asarray(rows.reshape(-1, pnl.LOTS_EACH).any(axis=1))


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rows", type=int, default=12_600_000, help=f"In steps of {ROWS_OF_A_PORTFOLIO:,}.")
    options.add_argument("--runs", type=int, default=3)
    asked = options.parse_args()
    portfolios = max(asked.rows // ROWS_OF_A_PORTFOLIO, 1)
    rows = portfolios * ROWS_OF_A_PORTFOLIO
    free_space(rows * BYTES_PER_ROW)
    book = pnl.given(portfolios)
    changed, both = Rows(book, changed_slices=True), Rows(book, changed_slices=True, changed_rows=True)
    bare, new, same, by_slice, scattered = (Timed() for _ in range(5))
    with own_home() as urls:
        for _ in range(asked.runs):
            _tidy(urls.owner, EMPTY)
            measure(urls.pipeline, Rows(book), new, lambda did: did.rows_inserted == rows)
            copied = bare_copy(urls.owner, [POSITION_PNL.qualified])
            bare.seconds.append(copied.seconds)
            for timed, state in ((same, None), (by_slice, changed), (scattered, both)):
                _tidy(urls.owner)
                measure(urls.pipeline, state or Rows(book), timed, _expecting(state))
        report(
            f"store: {rows:,} rows of {portfolios * pnl.SESSIONS:,} slices",
            [
                (
                    "bare COPY",
                    f"{median(bare.seconds):.2f} s ({min(bare.seconds):.2f}–{max(bare.seconds):.2f})",
                ),
                ("new", new.against(bare)),
                ("again, nothing changed", same.against(bare)),
                ("1 % of the slices changed", by_slice.against(bare)),
                ("1 % of the rows changed, scattered", scattered.against(bare)),
                ("rows", f"{copied.rows:,}, {gigabytes(copied.bytes)} as binary COPY"),
                ("peak memory of the process", gigabytes(_peak_bytes())),
            ],
        )


def _expecting(state: Rows | None) -> Callable[[Written], bool]:
    slices, rows = state.expected() if state else (0, 0)
    return lambda did: (did.changed, did.rows_inserted, did.rows_superseded) == (slices, rows, rows)


def measure(url: str, state: Rows, timed: Timed, is_right: Callable[[Written], bool]) -> None:
    """Make the stored rows those of the state, in one transaction; SystemExit if other rows were written."""
    written, making = Written(), 0.0
    with psycopg.connect(url, autocommit=True) as connection:
        database = Database(connection, str(uuid4()))
        started = time.perf_counter()
        with database.transaction():
            batches = state.batches()
            while True:
                before = time.perf_counter()
                batch = next(batches, None)
                making += time.perf_counter() - before
                if batch is None:
                    break
                written.add(replace(database, prepare(batch)))
        timed.seconds.append(time.perf_counter() - started - making)
    if not is_right(written):
        raise SystemExit(f"other rows were written than had changed: {written}")
    timed.did = (
        f"{written.new + written.changed:,} slices and {written.rows_inserted:,} rows written, "
        f"{database.statements:,} statements"
    )


def _tidy(url: str, statement: str = "") -> None:
    """Leave no dead rows and old statistics to the next measurement; not timed."""
    with psycopg.connect(url, autocommit=True) as connection:
        if statement:
            connection.execute(statement)
        connection.execute("vacuum (analyze) analytics.position_pnl, analytics.slices")


def _peak_bytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


if __name__ == "__main__":
    main()
