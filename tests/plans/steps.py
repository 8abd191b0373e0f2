"""The statements that a run sends, and their plans at the moment it sends them."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from psycopg import ClientCursor
from psycopg.sql import SQL, Composable, Composed

from pipelines.tables.database import Database, Params
from tests.plans.plan import Plan

_PLANNED = re.compile(r"(--[^\n]*\n|\s)*(select|with|insert|update|delete)\b", re.IGNORECASE)


@contextmanager
def explained() -> Iterator[list[Plan]]:
    """Every statement of `Database` is explained before it is sent; names are the first line of its text."""
    plans: list[Plan] = []
    execute, rows = Database.execute, Database.rows
    composed_rows, composed_columns = Database.composed_rows, Database.composed_columns

    def note(database: Database, statement: Any, params: Params | None) -> None:
        plans.extend(_plan(database.connection, statement, params))

    def noted_execute(self: Database, statement: Any, params: Params | None = None) -> int:
        note(self, statement, params)
        return execute(self, statement, params)

    def noted_rows(self: Database, name: Any, params: Params | None = None) -> list[tuple[Any, ...]]:
        from sql import query

        note(self, query(name), params)
        return rows(self, name, params)

    def noted_composed_rows(self: Database, statement: Composed, params: Params | None = None) -> Any:
        note(self, statement, params)
        return composed_rows(self, statement, params)

    def noted_columns(self: Database, columns: Any, select: Any, params: Params | None = None) -> Any:
        note(self, select, params)
        return composed_columns(self, columns, select, params)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Database, "execute", noted_execute)
        patch.setattr(Database, "rows", noted_rows)
        patch.setattr(Database, "composed_rows", noted_composed_rows)
        patch.setattr(Database, "composed_columns", noted_columns)
        yield plans


def _plan(
    connection: psycopg.Connection[Any], statement: str | Composable, params: Params | None
) -> list[Plan]:
    text = statement if isinstance(statement, str) else statement.as_string(connection)
    if not _PLANNED.match(text):
        return []  # what it makes, locks or sets has no plan
    # With its values in it, as it is planned when it is sent for the first time.
    filled = ClientCursor(connection).mogrify(SQL(text), params) if params else text  # type: ignore[arg-type]
    row = connection.execute(SQL("explain (format json) " + filled)).fetchone()  # type: ignore[arg-type]
    assert row is not None
    return [Plan(text.strip().splitlines()[0], row[0][0]["Plan"])]
