"""The user's files, materialized once for all the tests of this folder."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pipelines.postgres.credentials import DatabaseUrls
from tests.conftest import PostgresServer
from tests.scenario.stored import Stored, connect, materialize, take_in
from tests.scenario.world import closes, history, write_csv


@pytest.fixture(scope="session")
def price_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_csv(tmp_path_factory.mktemp("prices") / "prices.csv", closes())


@pytest.fixture(scope="session")
def scenario(postgres_server: PostgresServer, price_file: Path) -> Iterator[DatabaseUrls]:
    """A database of its own with the books' whole history."""
    with postgres_server.fresh_database() as urls:
        take_in(urls)
        materialize(urls, price_file, history()[0], history()[-1])
        yield urls


@pytest.fixture(scope="session")
def stored(scenario: DatabaseUrls) -> Iterator[Stored]:
    with connect(scenario) as connection:
        yield Stored(connection)
