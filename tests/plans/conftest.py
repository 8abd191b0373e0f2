"""A database like a firm's, once a worker."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from api.intake.users import add_user
from pipelines.postgres import DatabaseUrls
from tests.api.caller import PASSWORD
from tests.plans.firm import BIG, create
from tests.postgres_server import PostgresServer

Owner = psycopg.Connection[Any]


@pytest.fixture(scope="module")
def firm(postgres_server: PostgresServer) -> Iterator[DatabaseUrls]:
    """The books; nothing is stored of them yet."""
    with postgres_server.fresh_database() as urls:
        with psycopg.connect(urls.intake) as intake:
            add_user(intake, "ann", PASSWORD, rounds=4)
            add_user(intake, "root", PASSWORD, role="admin", rounds=4)
        with psycopg.connect(urls.owner) as owner:
            create(owner)
        yield urls


@pytest.fixture(scope="module")
def owner(firm: DatabaseUrls) -> Iterator[Owner]:
    with psycopg.connect(firm.owner, autocommit=True) as connection:
        yield connection


def big_tables(owner: Owner) -> set[str]:
    """The tables that no question may read from end to end; the calendar does not grow."""
    found = owner.execute(
        "select c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace"
        " where n.nspname in ('book', 'market', 'analytics') and c.relkind = 'r' and c.reltuples >= %s"
        " and c.relname <> 'sessions'",
        [BIG],
    )
    return {name for (name,) in found}
