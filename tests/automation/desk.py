"""A desk on a simulated clock: books, a price file that a vendor fills, and every tick of the automation."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any, LiteralString

import dagster as dg
import numpy as np
import psycopg

from api.intake.import_positions import import_portfolio
from api.intake.users import add_user
from pipelines.automation import lagging, late, stale
from pipelines.automation.requests import requested_runs
from pipelines.automation.schedules import day_schedules
from pipelines.calc.factors import FACTORS
from pipelines.postgres import DatabaseUrls
from pipelines.sessions import offset, session_range
from pipelines.settings import settings
from pipelines.timetable import NEW_YORK
from tests import jobs

HELD = ("AAPL", "MSFT", "XOM", "KO")
JOBS = ("daily_market_data", "daily_risk_metrics", "daily_snapshots")
SYMBOLS = (*HELD, *sorted(factor.proxy for factor in FACTORS if factor.proxy))


def new_york(day: date, hour: int, minute: int = 0) -> datetime:
    """An instant by New York's clock."""
    return datetime.combine(day, time(hour, minute), NEW_YORK).astimezone(UTC)


class Vendor:
    """The price file. Closes are a fixed function of symbol and session; what is published is up to the test."""

    def __init__(self, path: Path, first: date) -> None:
        self.path, self.first = path, first
        self.published: dict[str, date] = {}

    def publish(self, through: date, symbols: Iterable[str] = SYMBOLS) -> None:
        """Give out the closes of some symbols through a session."""
        self.published |= dict.fromkeys(symbols, through)
        lines = ["symbol,date,close"]
        for symbol, last in self.published.items():
            lines += [
                f"{symbol},{day},{self.close(symbol, day)}"
                for day in session_range(self.first, last).tolist()
            ]
        self.path.write_text("\n".join(lines) + "\n", encoding="utf-8")

    @staticmethod
    def close(symbol: str, day: date) -> float:
        """USD, cents."""
        seed = SYMBOLS.index(symbol)
        return round(100.0 + 10 * seed + 5 * float(np.sin(day.toordinal() * (0.3 + 0.07 * seed))), 2)


@dataclass
class Desk:
    """Executes at once, in this process, what the ticks ask for."""

    urls: DatabaseUrls
    vendor: Vendor
    instance: dg.DagsterInstance
    pipeline: psycopg.Connection[Any]
    intake: psycopg.Connection[Any]
    keys: set[str] = field(default_factory=set)
    skipped: list[str] = field(default_factory=list)
    ran: list[tuple[str, str]] = field(default_factory=list)
    """Job and run key of each run, in order."""
    cursor: str | None = None
    stale_cursor: str | None = None
    checks: bool = False
    """Whether its runs check what they have stored."""

    def upload(self, name: str, inception: date, today: date, request: bool = False) -> int:
        """Import a book with one long and one short, held from the session after inception."""
        entry = offset(inception, 1)
        lots = [("AAPL", 100), ("XOM", -50)]
        rows = [
            f"{symbol},{quantity},{self.vendor.close(symbol, entry)},{entry}" for symbol, quantity in lots
        ]
        data = "\n".join(["ticker,quantity,entry_price,entry_date", *rows, ""]).encode()
        made = import_portfolio(
            self.intake, "desk", name, f"{name}.csv", data, today, equity=None, inception=inception
        )
        if request:
            self.request("upload", [made.portfolio_id])
        return made.portfolio_id

    def request(self, kind: str, portfolios: list[int] | None = None, start: date | None = None) -> int:
        """Insert a run request, as the API does."""
        row = self.intake.execute(
            "insert into book.run_requests (kind, portfolio_ids, start_session) values (%s, %s, %s) returning id",
            [kind, portfolios, start],
        ).fetchone()
        assert row is not None
        return int(row[0])

    def schedules(self, now: datetime) -> None:
        """Evaluate the schedules whose time it is."""
        for schedule in day_schedules():
            minute, hour = str(schedule.cron_schedule).split()[:2]
            local = now.astimezone(NEW_YORK)
            if (local.hour, local.minute) == (int(hour), int(minute)) and local.weekday() < 5:
                context = dg.build_schedule_context(
                    self.instance, scheduled_execution_time=now.astimezone(NEW_YORK)
                )
                answer = schedule(context)
                if isinstance(answer, dg.SkipReason):
                    self.skipped.append(f"{schedule.name}: {answer.skip_message}")
                else:
                    self.execute(answer, schedule.job_name)

    def sensors(self, now: datetime) -> None:
        """Evaluate the sensors that start runs."""
        self.all(requested_runs(self.pipeline, now, settings().catch_up_sessions))
        answer, self.cursor = late.tick(self.pipeline, self.cursor, now, settings())
        if isinstance(answer, dg.RunRequest):
            self.execute(answer)
        self.all(lagging.catch_up_requests(self.pipeline, now, settings()))
        self.recompute(now)

    def recompute(self, now: datetime) -> dg.SensorResult:
        """Evaluate the sensor of what is stale, and run what it asks for."""
        found = stale.tick(self.pipeline, self.stale_cursor, now)
        self.stale_cursor = found.cursor
        self.all(iter(found.run_requests or []))
        return found

    def all(self, requests: Iterator[dg.RunRequest]) -> None:
        """Run what a sensor asks for."""
        for request in list(requests):
            self.execute(request, request.job_name or "materialize")

    def execute(self, request: Any, job: str = "materialize") -> None:
        """Make one run of a request, once for its run key, as the daemon does."""
        if request.run_key in self.keys:
            return
        self.keys.add(request.run_key)
        quiet = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
        result = jobs.job(job, checks=self.checks).execute_in_process(
            run_config=request.run_config | quiet,
            tags=request.tags,
            instance=self.instance,
            raise_on_error=False,
        )
        self.ran.append((job, request.run_key))
        assert result.success, [
            event.step_failure_data.error for event in result.all_events if event.is_step_failure
        ]

    def rows(self, statement: LiteralString, *params: object) -> list[tuple[Any, ...]]:
        return self.pipeline.execute(statement, params).fetchall()

    def run_day(self, day: date, until: time = time(18, 0)) -> None:
        """Every tick of an afternoon, ten minutes apart."""
        now, end = new_york(day, 15, 50), datetime.combine(day, until, NEW_YORK)
        while now <= end:
            self.schedules(now)
            self.sensors(now)
            now += timedelta(minutes=10)


@contextmanager
def open_desk(urls: DatabaseUrls, vendor: Vendor) -> Iterator[Desk]:
    """Log in, and add the user that owns the books unless it is there."""
    with (
        psycopg.connect(urls.pipeline, autocommit=True) as pipeline,
        psycopg.connect(urls.intake, autocommit=True) as intake,
        dg.DagsterInstance.ephemeral() as instance,
    ):
        if not intake.execute("select from book.users").fetchall():
            add_user(intake, "desk", "a long password", rounds=4)
        yield Desk(urls, vendor, instance, pipeline, intake)


def complete(desk: Desk, first: date, last: date) -> list[str]:
    """What is wrong with the stored books between two sessions: nothing missing, nothing twice, every identity."""
    wrong = []
    for name, statement in _WRONG.items():
        wrong += [
            f"{name}: {row}" for row in desk.rows(statement, *(first, last) * statement.count("between"))
        ]
    return wrong


_WRONG: dict[str, LiteralString] = {
    "not exactly once": """
        select p.id, m.session, a.asset, count(s.asset) from book.portfolios p
        cross join market.sessions m
        cross join unnest(array['position_pnl', 'rolled_equity', 'position_greeks', 'factor_exposures',
                                'risk_metrics', 'snapshots']) as a(asset)
        left join analytics.slices s on (s.asset, s.session, s.portfolio_id) = (a.asset, m.session, p.id)
        where m.session between %s and %s and m.session > p.inception_date
        group by 1, 2, 3 having count(s.asset) <> 1""",
    "no snapshot": """
        select p.id, m.session from book.portfolios p cross join market.sessions m
        where m.session between %s and %s and m.session > p.inception_date
        and (select count(*) from analytics.snapshots s where (s.session, s.portfolio_id) = (m.session, p.id)) <> 1""",
    "equity does not roll": """
        select * from (
            select e.*, lag(e.closing_equity, 1, p.initial_equity)
                over (partition by e.portfolio_id order by e.session) as before
            from analytics.rolled_equity e join book.portfolios p on p.id = e.portfolio_id) r
        where r.opening_equity <> r.before
           or r.closing_equity <> r.opening_equity + r.daily_pnl + r.capital_flow""",
    "snapshot disagrees": """
        select s.session, s.portfolio_id from analytics.snapshots s
        join analytics.rolled_equity e using (session, portfolio_id)
        join lateral (select sum(daily_pnl) as pnl, sum(market_value) as value from analytics.position_pnl q
            where (q.session, q.portfolio_id) = (s.session, s.portfolio_id)) q on true
        where s.net_asset_value <> e.closing_equity or s.daily_pnl <> q.pnl or s.cash <> e.closing_equity - q.value""",
    "a close is missing": """
        select q.session, q.position_id, q.price_date from analytics.position_pnl q
        where q.session between %s and %s and q.price_date is distinct from q.session""",
}
