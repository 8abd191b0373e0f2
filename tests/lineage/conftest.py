"""A database that the tests of a module use one after the other."""

from collections.abc import Iterator

import pytest

from tests.cli.conftest import typed
from tests.postgres_server import PostgresServer
from tests.steps.world import World, open_world


@pytest.fixture(scope="module")
def world(postgres_server: PostgresServer) -> Iterator[World]:
    """Worlds, as the steps' tests have them; each test starts it anew."""
    with postgres_server.fresh_database() as urls, open_world(urls) as opened:
        yield opened


__all__ = ["typed", "world"]
