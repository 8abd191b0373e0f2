"""One process that works on the books at random: what desks, schedules and users do at the same time."""

import random
import sys
import uuid
from collections.abc import Callable
from datetime import date

import psycopg

from pipelines.postgres.credentials import DatabaseUrls
from pipelines.sessions import session_at, session_index
from pipelines.steps.chain import STEPS, run_step
from pipelines.steps.fetch import fetch_prices, fetch_securities, fetch_short_interest
from pipelines.steps.plan import Request
from pipelines.tables.database import LockedError
from pipelines.tables.run import RunRecord, open_run
from tests.verify.world import END, MAIN, SECOND, START, Restated

PORTFOLIOS = (MAIN, SECOND)
SYMBOLS = ("AAPL", "MSFT", "XOM")


class Worker:
    """Does one operation after the other; says each on standard output when it has been committed."""

    def __init__(self, urls: DatabaseUrls, seed: int) -> None:
        self.urls = urls
        self.random = random.Random(seed)  # noqa: S311

    def work(self, operations: int) -> None:
        """Do so many operations."""
        chosen: list[Callable[[], None]] = [
            self.backfill,
            self.recalculate,
            self.daily,
            self.flow,
            self.lot,
            self.equity,
        ]
        for _ in range(operations):
            one = self.random.choice(chosen)
            one()
            print(one.__name__, flush=True)

    def backfill(self) -> None:
        """Fetch a range anew, with a close that the vendor restates, and go on to the latest stored session."""
        start, end = self._range()
        restated = Restated(self.random.choice(SYMBOLS), str(self._day()), 100 + self.random.randrange(100))
        self._run(
            "backfill", start, end, self.random.choice([None, (MAIN,), (SECOND,), PORTFOLIOS]), restated
        )

    def recalculate(self) -> None:
        """Recompute one portfolio from a session on."""
        start, end = self._range()
        self._run("recalculate", start, end, (self.random.choice(PORTFOLIOS),))

    def daily(self) -> None:
        """Compute the last session of all."""
        self._run("daily", END, END, None)

    def flow(self) -> None:
        """Book a deposit or a withdrawal."""
        amount = self.random.randrange(-500, 1000)
        self._edit(
            "insert into book.cash_flows values (%s, %s, %s) on conflict (portfolio_id, flow_date) do update "
            "set amount = excluded.amount",
            self.random.choice(PORTFOLIOS),
            self._day(),
            amount or 1,
        )

    def lot(self) -> None:
        """Correct the quantity of a lot."""
        self._edit(
            "update book.positions set quantity = sign(quantity) * %s where id = "
            "(select id from book.positions where asset_class = 'PUBLIC' order by random() limit 1)",
            self.random.randrange(1, 500),
        )

    def equity(self) -> None:
        """Correct what a portfolio started with."""
        self._edit(
            "update book.portfolios set initial_equity = %s where id = %s",
            100_000 + self.random.randrange(1_000_000),
            self.random.choice(PORTFOLIOS),
        )

    def _range(self) -> tuple[date, date]:
        first, last = sorted([self._day(), self._day()])
        return first, last

    def _day(self) -> date:
        return session_at(self.random.randint(session_index(START), session_index(END)))

    def _edit(self, statement: str, *params: object) -> None:
        with psycopg.connect(self.urls.intake) as connection:
            connection.execute("select analytics.begin_commit(null, 'edit')")
            connection.execute(statement, params)

    def _run(
        self,
        kind: str,
        start: date,
        end: date,
        portfolios: tuple[int, ...] | None,
        source: Restated | None = None,
    ) -> None:
        """One run as the assets make it; asked again while another holds the lock."""
        request = Request(session_index(start), session_index(end), portfolios, strict=False)
        record = RunRecord(uuid.uuid4().hex, kind, start, end, portfolios)
        with psycopg.connect(self.urls.pipeline, autocommit=True) as connection:
            while True:
                try:
                    with open_run(connection, record, timeout_seconds=2) as run:
                        for fetch in (fetch_prices, fetch_securities, fetch_short_interest) if source else ():
                            with run.database.transaction():
                                fetch(run.database, source, request)
                        known_at = run.input_instant()
                        for name in STEPS:
                            run_step(run.database, name, request, known_at)
                    return
                except LockedError:
                    continue


if __name__ == "__main__":
    owner, intake, pipeline, seed, operations = sys.argv[1:]
    urls = DatabaseUrls(owner=owner, intake=intake, pipeline=pipeline, reader="", dagster="")
    Worker(urls, int(seed)).work(int(operations))
