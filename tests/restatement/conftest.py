"""Two databases: of a history, and of its clean rebuilds. Each is emptied between the examples of a test."""

from collections.abc import Iterator

import pytest

from tests.postgres_server import PostgresServer
from tests.steps.world import World, open_world


@pytest.fixture(scope="module")
def world(postgres_server: PostgresServer) -> Iterator[World]:
    with postgres_server.fresh_database() as urls, open_world(urls) as opened:
        yield opened


@pytest.fixture(scope="module")
def clean(postgres_server: PostgresServer) -> Iterator[World]:
    with postgres_server.fresh_database() as urls, open_world(urls) as opened:
        yield opened
