"""Worlds: a database each, emptied between the examples of a test."""

from collections.abc import Iterator

import pytest

from tests.postgres_server import PostgresServer
from tests.steps.world import World, open_world


@pytest.fixture(scope="module")
def world(postgres_server: PostgresServer) -> Iterator[World]:
    """A database that the tests of a module use one after the other; each starts it anew."""
    with postgres_server.fresh_database() as urls, open_world(urls) as opened:
        yield opened
