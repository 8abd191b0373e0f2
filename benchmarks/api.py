"""Reads of the API against its framework answering a constant, and against the driver alone: in one run.

1,000 portfolios of 50 lots. One server process, the load generator beside it. A cached read is of what the caller has
already (If-None-Match, 304). Reads from the database take no answer from memory; "never asked before" is without any
memory of questions either.     `uv run python -m benchmarks.api`
"""

import argparse
import asyncio
import datetime as dt
import random
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import median

import psycopg
from psycopg import AsyncRawCursor
from psycopg_pool import AsyncConnectionPool

from api.reads.statements import reading
from api.tokens import Principal, issue
from benchmarks.api_load import CONNECTIONS, Load, get, load, tags_of
from benchmarks.api_servers import NOW, served
from benchmarks.firm_book import COPY_PORTFOLIOS, COPY_POSITIONS, LAST_SESSION, first_session
from benchmarks.harness import own_home, report
from pipelines.postgres.credentials import DatabaseUrls
from pipelines.sessions import session_at, session_index
from pipelines.settings import settings
from pipelines.sources.simulated import SimulatedPrices
from pipelines.steps.chain import STEPS, run_step
from pipelines.steps.fetch import fetch_prices, fetch_securities, fetch_short_interest
from pipelines.steps.plan import Request
from pipelines.tables.run import RunRecord, open_run

PARAMS = {"user_id": 1, "position_id": None, "as_of": None, "known_at": None, "now": NOW}
LOTS, SYMBOLS = 50, 500
FROM_DATABASE = (
    "/portfolio",
    "/portfolio/history",
    "/positions",
    "/risk/metrics",
    "/risk/greeks?view=portfolio",
    "/risk/factors",
)
TURNS = 5
"""Of each load, with one of the constant before each."""


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--portfolios", type=int, default=1000)
    options.add_argument("--sessions", type=int, default=5)
    options.add_argument("--seconds", type=float, default=8.0)
    asked = options.parse_args()
    with own_home() as urls:
        seed(urls.intake, asked.portfolios, asked.sessions)
        materialize(urls, asked.sessions)
        with psycopg.connect(urls.owner) as connection:
            ids = [row[0] for row in connection.execute("select id from book.portfolios order by id")]
            connection.commit()
            connection.autocommit = True
            connection.execute("vacuum analyze")
        measure(urls, ids, asked.seconds)


def seed(intake_url: str, portfolios: int, sessions: int) -> None:
    """Write the books: 50 stocks each, every third short, of 500 symbols."""
    inception = session_at(session_index(first_session(sessions)) - 1)
    with psycopg.connect(intake_url) as connection, connection.cursor() as cursor:
        cursor.execute("insert into book.users (username, password_hash) values ('firm', '-')")
        cursor.execute("select analytics.begin_commit(null, 'benchmark')")
        with cursor.copy(COPY_PORTFOLIOS) as copy:
            for number in range(portfolios):
                copy.write_row((1, f"book {number:05d}", 5_000_000, inception))
        ids = [row[0] for row in cursor.execute("select id from book.portfolios order by id").fetchall()]
        with cursor.copy(COPY_POSITIONS) as copy:
            for portfolio_id in ids:
                for number in random.sample(range(SYMBOLS), LOTS):
                    kind, quantity = ("SHORT", -100) if number % 3 == 0 else ("LONG", 100)
                    lot = (f"S{number:04d}", "PUBLIC", kind, quantity, 100, inception, None, 1)
                    copy.write_row((portfolio_id, *lot, None, None, None, None))


def materialize(urls: DatabaseUrls, sessions: int) -> None:
    """Compute the books' history in this process."""
    start = first_session(sessions)
    with psycopg.connect(urls.pipeline, autocommit=True) as connection:
        request = Request(session_index(start), session_index(LAST_SESSION))
        with open_run(connection, RunRecord(str(uuid.uuid4()), "backfill", start, LAST_SESSION)) as run:
            for fetch in (fetch_prices, fetch_securities, fetch_short_interest):
                with run.database.transaction():
                    fetch(run.database, SimulatedPrices(), request)
            known_at = run.input_instant()
            for step in STEPS:
                run_step(run.database, step, request, known_at)


@dataclass
class Firm:
    """Whose portfolios are asked about, by which token, and how long each load lasts."""

    ids: list[int]
    token: str
    seconds: float
    constant: int
    """Port of the constant's server."""
    constants: list[float] = field(default_factory=list)
    """Its rates."""

    def request(self, path: str, chosen: int, etag: str | None = None) -> bytes:
        """One read of one portfolio."""
        known = f"If-None-Match: {etag}\r\n" if etag else ""
        joined = "&" if "?" in path else "?"
        return get(
            f"/api/v1{path}{joined}portfolio_id={chosen}", f"Authorization: Bearer {self.token}\r\n{known}"
        )

    def beside(self, name: str, port: int, path: str, etags: dict[int, str] | None = None) -> tuple[str, str]:
        """A load of reads of any of the portfolios, in turns with one of the constant."""

        def read() -> bytes:
            chosen = random.choice(self.ids)
            return self.request(path, chosen, etags[chosen] if etags else None)

        return name, self.turns(lambda seconds: asyncio.run(load(port, read, seconds)))

    def turns(self, measure: Callable[[float], Load]) -> str:
        """Shares of the constant's rate, each of a load and the one of the constant just before it."""
        share, seconds, latencies = [], self.seconds / TURNS, []
        rates = []
        for _ in range(TURNS):
            constant = asyncio.run(load(self.constant, lambda: get("/constant"), seconds))
            loaded = measure(seconds)
            share.append(loaded.rate / constant.rate)
            rates.append(loaded.rate)
            latencies += loaded.latencies
            self.constants.append(constant.rate)
        whole = Load(self.seconds, latencies)
        middle, late = whole.percentile(50), whole.percentile(99)
        spread = f"{median(share):.0%} ({min(share):.0%}–{max(share):.0%}) of the constant"
        return f"{median(rates):.0f}/s, {spread}; median {middle:.1f} ms, p99 {late:.1f} ms ({late / middle:.1f}×)"

    def tags(self, port: int, path: str) -> dict[int, str]:
        """The entity tag of each portfolio's answer: each is asked for once."""
        return asyncio.run(tags_of(port, {chosen: self.request(path, chosen) for chosen in self.ids}))


def measure(urls: DatabaseUrls, ids: list[int], seconds: float) -> None:
    """Load each server in turns with the constant one: the machine may change meanwhile."""
    token = issue(settings().jwt_key(), Principal(1, ids[0]), dt.datetime.now(dt.UTC))
    found: list[tuple[str, str]] = []
    with served("constant") as constant:
        firm = Firm(ids, token, seconds, constant)
        with served("sigmasight") as port:
            etags = firm.tags(port, "/portfolio")
            found.append(firm.beside("`/portfolio`, 304", port, "/portfolio", etags))
            found.append(firm.beside("`/portfolio`, nothing changed since", port, "/portfolio"))
        with served("asking") as port:
            for path in FROM_DATABASE:
                firm.tags(port, path)
                found.append(firm.beside(f"`{path}`, read from the database", port, path))
        with served("outdated") as port:
            firm.tags(port, "/portfolio")
            found.append(firm.beside("`/portfolio`, a commit before every question", port, "/portfolio"))
        with served("forgetful") as port:
            found.append(firm.beside("`/portfolio`, never asked before", port, "/portfolio"))
        alone = firm.turns(lambda seconds: asyncio.run(drive(urls.reader, ids, seconds)))
    found.append(("driver alone, the statement of `/portfolio`", alone))
    rates = f"{median(firm.constants):.0f}/s ({min(firm.constants):.0f}–{max(firm.constants):.0f})"
    report(
        f"API: {len(ids)} portfolios, {CONNECTIONS} requests in flight",
        [("framework, a constant", rates), *found],
    )


async def drive(url: str, ids: list[int], seconds: float) -> Load:
    """The statement of `/portfolio` by the bare driver, as many at once as the API's pool has connections."""
    found = Load(seconds)
    deadline = time.perf_counter() + seconds
    options = {"options": "-c plan_cache_mode=force_generic_plan", "autocommit": True, "prepare_threshold": 0}
    asked = reading("api/portfolio", past=False)

    async def one(pool: AsyncConnectionPool) -> None:
        async with pool.connection() as connection:
            while (started := time.perf_counter()) < deadline:
                values = [
                    random.choice(ids) if name == "portfolio_id" else PARAMS[name] for name in asked.names
                ]
                await (await connection.execute(asked.text, values)).fetchone()
                found.latencies.append(time.perf_counter() - started)

    options["cursor_factory"] = AsyncRawCursor
    async with AsyncConnectionPool(url, kwargs=options, min_size=8, max_size=8, open=False) as pool:
        await asyncio.gather(*(one(pool) for _ in range(8)))
    return found


if __name__ == "__main__":
    main()
