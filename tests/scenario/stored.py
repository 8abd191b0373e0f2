"""Running the chain on the user's files, and asking the database what it stored."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import pandas as pd
import psycopg
from psycopg.rows import dict_row

from api.intake.flows import record_flows
from api.intake.import_positions import import_portfolio
from api.intake.marks import record_marks
from api.intake.users import add_user
from pipelines.postgres.credentials import DatabaseUrls
from pipelines.sessions import session_index
from pipelines.sources.file import FilePrices
from pipelines.steps.chain import STEPS, run_step
from pipelines.steps.fetch import fetch_prices, fetch_securities, fetch_short_interest
from pipelines.steps.plan import Request
from pipelines.tables.run import RunRecord, open_run
from pipelines.tables.specs import DERIVED
from tests.scenario.world import FLOWS, INCEPTION, MACRO, MARKS, SECOND

TODAY = date(2022, 6, 30)


def take_in(urls: DatabaseUrls) -> None:
    """Bring the books in, as the commands do."""
    with psycopg.connect(urls.intake) as connection:
        add_user(connection, "user", "correct horse", rounds=4)
        import_portfolio(
            connection, "user", "Macro", "macro.csv", MACRO.encode(), TODAY, Decimal(1_000_000), INCEPTION
        )
        import_portfolio(connection, "user", "Second", "second.csv", SECOND.encode(), TODAY)
        record_marks(connection, MARKS.encode(), TODAY)
        record_flows(connection, FLOWS.encode(), TODAY)


def materialize(urls: DatabaseUrls, price_file: Path, start: date, end: date) -> tuple[int, int]:
    """Run every step over a range; returns the numbers of market rows and of derived rows written."""
    request, source = Request(session_index(start), session_index(end)), FilePrices(price_file)
    with (
        psycopg.connect(urls.pipeline, autocommit=True) as connection,
        open_run(connection, RunRecord(str(uuid4()), "backfill", start, end)) as run,
    ):
        fetched = derived = 0
        for step in (fetch_prices, fetch_securities, fetch_short_interest):
            with run.database.transaction():
                fetched += step(run.database, source, request).written
        known_at = run.input_instant()
        for name in STEPS:
            result = run_step(run.database, name, request, known_at)
            assert not result.left_out
            derived += sum(table.rows_inserted + table.rows_superseded for table in result.written.values())
        return fetched, derived


def dump(url: str) -> dict[str, list[tuple[Any, ...]]]:
    """Every derived row as stored, by table, in key order, without its commit."""
    with psycopg.connect(url) as connection:
        return {
            spec.name: connection.execute(
                f"select {', '.join(spec.column_names)} from {spec.qualified} order by {', '.join(spec.key)}"
            ).fetchall()
            for spec in DERIVED
        }


@dataclass(frozen=True)
class Stored:
    """What the reader role sees."""

    connection: psycopg.Connection[dict[str, Any]]

    def one(self, statement: str, *params: object) -> dict[str, Any]:
        rows = self.all(statement, *params)
        assert len(rows) == 1, f"{len(rows)} rows"
        return rows[0]

    def all(self, statement: str, *params: object) -> list[dict[str, Any]]:
        return self.connection.execute(statement, params).fetchall()

    def frame(self, statement: str, *params: object) -> pd.DataFrame:
        return pd.DataFrame(self.all(statement, *params))

    def lot(self, symbol: str, day: str, portfolio: str = "Macro") -> list[dict[str, Any]]:
        """Rows of a symbol's lots on a session, in the order of the file."""
        return self.all(
            "select o.*, g.delta, g.gamma, g.theta, g.vega, g.underlying_price, g.delta_adjusted_value"
            " from analytics.position_pnl o join analytics.position_greeks g"
            " using (session, portfolio_id, position_id)"
            " join book.positions b on b.id = o.position_id join book.portfolios p on p.id = o.portfolio_id"
            " where b.symbol = %s and o.session = %s and p.name = %s order by o.position_id",
            symbol,
            day,
            portfolio,
        )

    def snapshot(self, day: str, portfolio: str = "Macro") -> dict[str, Any]:
        return self.one(
            "select s.*, r.capital_flow, r.opening_equity from analytics.snapshots s"
            " join analytics.rolled_equity r using (session, portfolio_id)"
            " join book.portfolios p on p.id = s.portfolio_id where s.session = %s and p.name = %s",
            day,
            portfolio,
        )

    def returns(self) -> pd.DataFrame:
        """Simple returns of the stored closes by session and symbol; NaN unless both closes are there."""
        prices = self.frame("select session, symbol, close from market.prices")
        wide = prices.pivot_table(index="session", columns="symbol", values="close")
        return wide / wide.shift(1) - 1

    def portfolio(self, table: str, portfolio: str = "Macro") -> pd.DataFrame:
        """A portfolio's rows of a table, by session; null is NaN."""
        found = self.frame(
            f"select t.* from analytics.{table} t join book.portfolios p on p.id = t.portfolio_id"
            " where p.name = %s order by t.session",
            portfolio,
        )
        return found.set_index("session").replace({None: np.nan})


def connect(urls: DatabaseUrls) -> psycopg.Connection[dict[str, Any]]:
    return psycopg.connect(urls.reader, row_factory=dict_row, autocommit=True)
