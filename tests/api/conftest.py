"""The API on a real database: two users' books on simulated prices, computed through the whole chain once a worker."""

import logging
import uuid
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import psycopg
import pytest
from starlette.testclient import TestClient

from api.app import create_app
from api.intake.flows import record_flows
from api.intake.import_positions import import_portfolio
from api.intake.marks import record_marks
from api.intake.users import add_user
from pipelines.postgres import DatabaseUrls
from pipelines.sessions import session_index
from pipelines.settings import Settings
from pipelines.sources.simulated import SimulatedPrices
from pipelines.steps.chain import STEPS, run_step
from pipelines.steps.fetch import fetch_prices, fetch_securities, fetch_short_interest
from pipelines.steps.plan import Request
from pipelines.steps.stale import declare
from pipelines.tables.run import RunRecord, open_run
from tests.api.caller import PASSWORD, Caller, login
from tests.api.desk import Desk
from tests.conftest import use
from tests.intake.conftest import Book
from tests.postgres_server import PostgresServer

logging.getLogger("sigmasight.api").addHandler(logging.NullHandler())

INCEPTION = date(2024, 1, 2)
LATEST = date(2024, 5, 14)  # a Tuesday
NOW = datetime(2024, 5, 15, 12, 0, tzinfo=UTC)  # Wednesday before the open: Tuesday is the latest session
KEY = "a key for tests that is longer than thirty-two bytes"

MAIN = b"""ticker,quantity,entry_price,entry_date,tags,asset_class,exit_date,exit_price
AAPL,1000,150.00,2024-01-15,"momentum,tech",,,
MSFT,-500,380.00,2024-01-20,"hedge,tech",,,
XOM,700,100.00,2024-01-02,,,,
JPM,300,150.00,2024-01-02,value,,2024-03-16,151.50
NVDA,200,60.00,2024-01-10,tech,,,
AAPL240816C00150000,10,15.50,2024-02-12,"hedge,options",,,
MSFT240816P00380000,-5,12.00,2024-02-12,options,,,
AAPL240216C00150000,5,9.50,2024-01-17,options,,,
ACME,1000,50.00,2024-01-02,private,PRIVATE,,
GAPS,100,20.00,2024-01-05,,,,
HOLE,50,30.00,2024-01-05,,,,
"""
OTHER = b"""ticker,quantity,entry_price,entry_date,tags
KO,1000,60.00,2024-01-03,income
PEP,-300,160.00,2024-01-03,
"""
MARKS = b"portfolio,symbol,date,price\nMain,ACME,2024-04-01,60\n"
FLOWS = b"portfolio,date,amount\nMain,2024-03-01,50000\n"

LAST_PRICE = {"GAPS": np.datetime64("2024-05-10"), "HOLE": np.datetime64("2024-04-30")}


class Gappy(SimulatedPrices):
    """Simulated prices without the last sessions of two symbols: GAPS becomes stale, HOLE unpriced."""

    def prices(self, symbols, start, end):  # type: ignore[no-untyped-def]
        found = super().prices(symbols, start, end)
        keep = np.ones(len(found["symbol"]), dtype=bool)
        for symbol, last in LAST_PRICE.items():
            keep &= (found["symbol"] != symbol) | (found["session"] <= last)
        return {name: values[keep] for name, values in found.items()}


def materialize(urls: DatabaseUrls, start: date, end: date, request_id: int | None = None) -> None:
    """Run the chain of all assets over a range."""
    with psycopg.connect(urls.pipeline, autocommit=True) as connection:
        request = Request(session_index(start), session_index(end))
        record = RunRecord(str(uuid.uuid4()), "backfill", start, end, request_id=request_id)
        with open_run(connection, record) as run:
            declare(run.database)
            for fetch in (fetch_prices, fetch_securities, fetch_short_interest):
                with run.database.transaction():
                    fetch(run.database, Gappy(), request)
            known_at = run.input_instant()
            for step in STEPS:
                run_step(run.database, step, request, known_at)


@dataclass(frozen=True)
class Filled:
    """A database with books in it, and what was made."""

    urls: DatabaseUrls
    main: int
    other: int
    fresh: int
    """A portfolio nobody has computed yet."""

    def query(self, statement: str, *params: Any) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.urls.owner) as connection:
            return connection.execute(statement, params).fetchall()


def fill(urls: DatabaseUrls) -> Filled:
    """Add users and books, and compute their history."""
    with psycopg.connect(urls.intake) as connection:
        for name, role in (("ann", "user"), ("bob", "user"), ("root", "admin"), ("new", "user")):
            add_user(connection, name, PASSWORD, role=role, rounds=4)
        today = LATEST
        main = import_portfolio(connection, "ann", "Main", "main.csv", MAIN, today, inception=INCEPTION)
        other = import_portfolio(connection, "bob", "Other", "other.csv", OTHER, today, inception=INCEPTION)
        record_marks(connection, MARKS, today)
        record_flows(connection, FLOWS, today)
    materialize(urls, date(2024, 1, 3), LATEST)
    with psycopg.connect(urls.intake) as connection:
        fresh = import_portfolio(connection, "bob", "Fresh", "fresh.csv", OTHER, today)
    return Filled(urls, main.portfolio_id, other.portfolio_id, fresh.portfolio_id)


@pytest.fixture(scope="session")
def original(postgres_server: PostgresServer) -> Iterator[Filled]:
    """The database that those of the tests are copied from."""
    with postgres_server.fresh_database() as urls:
        yield fill(urls)


@pytest.fixture(scope="session")
def filled(postgres_server: PostgresServer, original: Filled) -> Iterator[Filled]:
    """A database that no test changes."""
    with postgres_server.fresh_database(like=original.urls) as urls:
        yield replace(original, urls=urls)


@pytest.fixture
def changeable(
    postgres_server: PostgresServer, original: Filled, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Filled]:
    """A database of the test's own; the settings point at it."""
    with postgres_server.fresh_database(like=original.urls) as urls:
        use(urls, monkeypatch)
        yield replace(original, urls=urls)


def settings_of(urls: DatabaseUrls) -> Settings:
    return Settings(
        database_url=urls.owner,
        reader_url=urls.reader,
        intake_url=urls.intake,
        pipeline_url=urls.pipeline,
        dagster_url=urls.dagster,
        jwt_secret=KEY,
        api_memory_mb=0,
    )  # type: ignore[arg-type]


@pytest.fixture(scope="session")
def client(filled: Filled) -> Iterator[TestClient]:
    """The application on that database, in May 2024."""
    with TestClient(
        create_app(settings_of(filled.urls), now=lambda: NOW), raise_server_exceptions=False
    ) as found:
        yield found


@pytest.fixture(scope="session")
def ann(client: TestClient) -> Caller:
    """Owns the main book."""
    return login(client, "ann")


@pytest.fixture(scope="session")
def bob(client: TestClient) -> Caller:
    """Owns the other book and a fresh one."""
    return login(client, "bob")


@pytest.fixture(scope="session")
def root(client: TestClient) -> Caller:
    """An administrator without a book."""
    return login(client, "root")


@pytest.fixture(scope="session")
def new(client: TestClient) -> Caller:
    """A user without a book."""
    return login(client, "new")


@pytest.fixture(scope="module")
def desk_client(module_database: DatabaseUrls) -> Iterator[TestClient]:
    """The application that also takes what users give, on a database of the module."""
    app = create_app(settings_of(module_database), now=lambda: NOW, intake=True)
    with TestClient(app, raise_server_exceptions=False) as found:
        yield found


@pytest.fixture(scope="module")
def module_book(module_database: DatabaseUrls) -> Iterator[Book]:
    with closing(Book(module_database)) as book:
        yield book


@pytest.fixture
def desk(module_book: Book, desk_client: TestClient) -> Desk:
    """That application, and a book that is empty but for its users."""
    module_book.begin(root="admin")
    return Desk(module_book, desk_client)
