"""A database the tests of a module share, and connections of each role to it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import psycopg
import pytest

from pipelines.postgres import DatabaseUrls, Role
from pipelines.tables.database import Database

Connect = Callable[[Role], psycopg.Connection[Any]]


@pytest.fixture
def connect(module_database: DatabaseUrls) -> Iterator[Connect]:
    """Open autocommit connections as any role; closed at the end of the test."""
    with ExitStack() as stack:
        yield lambda role: stack.enter_context(psycopg.connect(module_database.of(role), autocommit=True))


@pytest.fixture
def pipeline(connect: Connect) -> Database:
    return Database(connect(Role.PIPELINE), "test-run")


@pytest.fixture
def owner(connect: Connect) -> psycopg.Connection[Any]:
    return connect(Role.OWNER)
