"""The whole way, as a desk with a key goes it: backfill, quarantine, verify; and the key is nowhere to be found."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import dagster as dg
import psycopg
import pytest
from psycopg.sql import SQL, Identifier

from pipelines.automation import watch
from pipelines.postgres import DatabaseUrls, Role
from tests.cli.conftest import Command, Done, typed
from tests.steps.book_case import insert
from tests.vendors import faults
from tests.vendors.desk import CASE, LAST, OPTION, START
from tests.vendors.market import Market
from tests.vendors.polygon_api import PolygonApi
from tests.vendors.server import Server, serving
from tests.vendors.yahoo_api import YahooApi

pytestmark = pytest.mark.long

__all__ = ["typed"]
KEY = "pk-a-key-that-nobody-may-ever-see"
BACKFILL = ("backfill", "--start", START.isoformat(), "--end", LAST.isoformat())


@dataclass
class Office:
    """A book in a database, and both vendors."""

    urls: DatabaseUrls
    typed: Command
    polygon: Server
    api: PolygonApi
    said: list[str]

    def type(self, *arguments: str) -> Done:
        done = self.typed(*arguments)
        self.said += [done.stdout, done.stderr]
        return done

    def rows(self, query: str) -> list[tuple[object, ...]]:
        with psycopg.connect(self.urls.owner) as connection:
            return connection.execute(query).fetchall()  # type: ignore[arg-type]

    def nav(self) -> list[tuple[object, ...]]:
        return self.rows("select session, net_asset_value from analytics.snapshots order by 1")


@pytest.fixture
def office(
    database: DatabaseUrls, typed: Command, quotes: Market, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Office]:
    with psycopg.connect(database.intake, autocommit=True) as intake:
        insert(intake, CASE)
    api = PolygonApi(quotes, key=KEY)
    with serving(api) as polygon, serving(YahooApi(quotes, funds={"SPY"})) as yahoo:
        monkeypatch.setenv("SIGMASIGHT_PRICE_SOURCE", "polygon")
        monkeypatch.setenv("POLYGON_API_KEY", KEY)
        monkeypatch.setenv("SIGMASIGHT_POLYGON_URL", polygon.url)
        monkeypatch.setenv("SIGMASIGHT_POLYGON_CALLS_PER_MINUTE", "0")
        monkeypatch.setenv("SIGMASIGHT_YAHOO_URL", yahoo.url)
        yield Office(database, typed, polygon, api, [])


def failing_checks() -> tuple[dict[str, str], list[str]]:
    """Checks of the prices that fail now, and the alerts that all failing checks are good for."""
    with dg.DagsterInstance.get() as instance:
        records = instance.event_log_storage.get_event_records(
            dg.EventRecordsFilter(dg.DagsterEventType.ASSET_CHECK_EVALUATION), limit=1000, ascending=True
        )
        alerts, _ = watch.failing_checks(instance, watch.Seen(0, 0.0))
    latest = {}
    for record in records:
        event = record.event_log_entry.get_dagster_event()
        assert event is not None
        evaluation = event.asset_check_evaluation_data
        latest[evaluation.check_name] = evaluation
    failing = {name: str(found.description) for name, found in latest.items() if not found.passed}
    return failing, [alert.title for alert in alerts]


def everything_stored(url: str) -> Iterator[str]:
    """Every row of every table of a database, as text."""
    with psycopg.connect(url) as connection:
        tables = connection.execute(
            "select schemaname, tablename from pg_tables where schemaname not in ('pg_catalog', 'information_schema')"
        ).fetchall()
        for table in tables:
            for (row,) in connection.execute(SQL("select t::text from {} t").format(Identifier(*table))):
                yield str(row)


def test_a_desk_with_a_key(
    office: Office, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    caplog.set_level("DEBUG")
    monkeypatch.setenv("POLYGON_API_KEY", "another-key-nobody-may-see")
    refused = office.type(*BACKFILL)
    assert refused.returncode == 1
    assert "the key in POLYGON_API_KEY is not accepted" in refused.stderr
    monkeypatch.setenv("POLYGON_API_KEY", KEY)
    office.polygon.faults.add(faults.Fault(faults.status(500, KEY.encode()), path="/v2/aggs"))
    filled = office.type(*BACKFILL)
    assert filled.returncode == 0, filled.stderr
    assert office.type("verify").returncode == 0
    sectors = office.rows("select symbol, sector, reason, source from market.securities order by 1")
    assert sectors == [(s, "Technology", None, "yfinance") for s in ("AAPL", "ACME")]
    nav = office.nav()
    assert len(nav) == 17

    office.api.market.split("ACME", LAST, 4.0, told=False)
    assert office.type(*BACKFILL).returncode == 0
    assert office.nav() == nav
    assert failing_checks() == (
        {"nothing_in_quarantine": "ACME: 1 × split_like, 2024-01-12 to 2024-01-12"},
        [],
    )
    listed = office.type("quarantine", "list").stdout
    assert f"ACME  {LAST}  close" in listed
    assert "split_like (polygon)" in listed
    accepted = office.type("quarantine", "accept", "--symbol", "ACME", "--split", "4:1")
    assert "accepted: 1 closes and 1 splits; 2 stored rows changed" in accepted.stdout, accepted.stderr
    assert f"recomputed {LAST} to {LAST}" in accepted.stdout
    assert abs(float(office.nav()[-1][1]) - float(nav[-1][1])) < 0.01 * 4 * 540  # type: ignore[arg-type]
    assert office.type("verify").returncode == 0
    assert office.type("quarantine", "list").stdout == "nothing is in quarantine\n"
    again = office.type("quarantine", "reject", "7")
    assert "nothing in quarantine waits for a decision: 7" in again.stderr
    checks = office.type("quarantine", "accept")
    assert "name what to decide on" in checks.stderr
    assert OPTION in {row[0] for row in office.rows("select distinct symbol from market.prices")}
    _nothing_secret(office, caplog, tmp_path)


def _nothing_secret(office: Office, caplog: pytest.LogCaptureFixture, home: Path) -> None:
    """Neither key is in what was said, logged, stored in either database, or written to a file."""
    files = [path for path in home.rglob("*") if path.is_file() and not path.is_socket()]
    texts = [caplog.text, *office.said, *everything_stored(office.urls.owner)]
    texts += everything_stored(office.urls.of(Role.DAGSTER))
    texts += [path.read_bytes().decode("latin-1") for path in files]
    assert len(texts) > 1000
    found = [text[:200] for text in texts if KEY in text or "another-key-nobody-may-see" in text]
    assert found == []
