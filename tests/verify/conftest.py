"""A computed database that the tests of a module share: what one alters is rolled back."""

from collections.abc import Iterator

import psycopg
import pytest

from pipelines.postgres.credentials import DatabaseUrls
from pipelines.tables.database import Database
from tests.verify import world


@pytest.fixture(scope="module")
def computed(module_database: DatabaseUrls) -> DatabaseUrls:
    world.fill_book(module_database)
    world.run(module_database)
    return module_database


@pytest.fixture
def owner(computed: DatabaseUrls) -> Iterator[Database]:
    """A connection of the owner, who may do anything; what it does is undone."""
    with psycopg.connect(computed.owner) as connection:
        yield Database(connection, "tamperer")
        connection.rollback()
