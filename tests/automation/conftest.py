"""A desk for each test, empty or a copy of one that the module has prepared."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import pytest

from pipelines.postgres import DatabaseUrls
from tests.automation.desk import Desk, Vendor, open_desk
from tests.conftest import use
from tests.postgres_server import PostgresServer

FIRST_CLOSE = date(2023, 5, 1)


@contextmanager
def _desk(urls: DatabaseUrls, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    vendor = Vendor(folder / "prices.csv", FIRST_CLOSE)
    use(urls, monkeypatch)
    monkeypatch.setenv("SIGMASIGHT_PRICE_SOURCE", "file")
    monkeypatch.setenv("SIGMASIGHT_PRICE_FILE", str(vendor.path))
    with open_desk(urls, vendor) as opened:
        yield opened


@pytest.fixture
def desk(database: DatabaseUrls, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """A desk without books, whose vendor has published nothing yet."""
    with _desk(database, tmp_path, monkeypatch) as opened:
        yield opened


@pytest.fixture(scope="module")
def prepared(
    request: pytest.FixtureRequest, postgres_server: PostgresServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[DatabaseUrls]:
    """What the module's function `prepare` makes of an empty desk: a database to copy."""
    folder = tmp_path_factory.mktemp("prepared")
    with postgres_server.fresh_database() as urls:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("SIGMASIGHT_HOME", str(folder / "home"))
            with _desk(urls, folder, patch) as opened:
                request.module.prepare(opened)
        yield urls


@pytest.fixture
def prepared_desk(
    postgres_server: PostgresServer,
    prepared: DatabaseUrls,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Desk]:
    """A desk of the test's own with what the module has prepared; its vendor has published nothing yet."""
    with (
        postgres_server.fresh_database(like=prepared) as urls,
        _desk(urls, tmp_path, monkeypatch) as opened,
    ):
        yield opened
