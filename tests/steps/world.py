"""One database with a book and a price source in it, and everything a test does to them."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import uuid4

import psycopg

from pipelines.postgres import DatabaseUrls
from pipelines.sessions import session_index
from pipelines.sources.protocol import PriceSource
from pipelines.steps.chain import STEPS, StepResult, run_step
from pipelines.steps.fetch import fetch_prices, fetch_securities, fetch_short_interest
from pipelines.steps.plan import Request
from pipelines.tables.run import Run, RunRecord, open_run
from pipelines.tables.specs import DERIVED
from tests.emptying import empty
from tests.steps.book_case import BookCase, insert
from tests.steps.memory_prices import MemoryPrices


@dataclass
class World:
    """Connections of one database: as its owner, the intake and the pipeline."""

    urls: DatabaseUrls
    owner: psycopg.Connection[Any]
    intake: psycopg.Connection[Any]
    pipeline: psycopg.Connection[Any]
    source: MemoryPrices = field(default_factory=lambda: MemoryPrices({}))

    def start(self, case: BookCase, source: MemoryPrices) -> "World":
        """Empty the database, as fresh as it was, and store a book in it."""
        empty(self.owner)
        insert(self.intake, case)
        self.source = source
        return self

    @contextmanager
    def opened(self, start: date, end: date) -> Iterator[Run]:
        with open_run(self.pipeline, RunRecord(str(uuid4()), "test", start, end), 5) as run:
            yield run

    def run(
        self,
        start: date,
        end: date,
        portfolios: Sequence[int] | None = None,
        *,
        cascade: bool = True,
        strict: bool = False,
        steps: Sequence[str] = tuple(STEPS),
        stale_only: bool = False,
    ) -> dict[str, StepResult]:
        """One run of the whole chain over a range, as the assets do it."""
        chosen = None if portfolios is None else tuple(portfolios)
        request = Request(
            session_index(start), session_index(end), chosen, cascade, strict, stale_only=stale_only
        )
        with self.opened(start, end) as run:
            fetch(run, self.source, request)
            return {step: run_step(run.database, step, request, run.input_instant()) for step in steps}

    def rows(self, query: str, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        return self.owner.execute(query, params or None).fetchall()

    def tables(self, where: str = "true") -> dict[str, list[str]]:
        """Every derived table, and the manifest, as the text of their rows: equal text is equal bits."""
        found = {}
        for spec in DERIVED:
            names = ", ".join(spec.column_names)
            found[spec.name] = self.dump(f"select {names} from {spec.qualified} where {where}")
        found["slices"] = self.dump(
            "select asset, session, portfolio_id, encode(input_hash, 'hex'), code_version,"
            f" encode(output_digest, 'hex'), row_count from analytics.slices where asset <> 'prices' and {where}"
        )
        return found

    def dump(self, query: str) -> list[str]:
        with self.owner.cursor() as cursor, cursor.copy(f"copy ({query}) to stdout") as copy:
            return sorted(b"".join(bytes(part) for part in copy).decode().splitlines())

    def edit_book(self, statement: str, params: Sequence[Any] = ()) -> None:
        """One commit of the intake."""
        with self.intake.transaction():
            self.intake.execute("select analytics.begin_commit(null, 'edit')")
            self.intake.execute(statement, params or None)


def fetch(run: Run, source: PriceSource, request: Request) -> None:
    """The three market steps."""
    for step in (fetch_prices, fetch_securities, fetch_short_interest):
        with run.database.transaction():
            step(run.database, source, request)


@contextmanager
def open_world(urls: DatabaseUrls) -> Iterator[World]:
    """Log in as each of the roles."""
    with (
        psycopg.connect(urls.owner, autocommit=True) as owner,
        psycopg.connect(urls.intake, autocommit=True) as intake,
        psycopg.connect(urls.pipeline, autocommit=True) as pipeline,
    ):
        yield World(urls, owner, intake, pipeline)
