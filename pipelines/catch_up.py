"""What is missing: the sessions that bring portfolios up to the latest one."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from psycopg import Connection

from pipelines.launch import Launch, run
from pipelines.sessions import session_at, session_index
from pipelines.tables.specs import DERIVED
from sql import query

BY_PORTFOLIO = tuple(spec.name for spec in DERIVED if spec.by_portfolio)


def missing_range(
    connection: Connection[Any],
    latest: date,
    portfolios: Sequence[int] | None = None,
    assets: Sequence[str] = BY_PORTFOLIO,
) -> tuple[date, date] | None:
    """The sessions from the first one that some portfolio misses in some asset to the latest; None if complete."""
    params = {"assets": list(assets), "portfolios": None if portfolios is None else list(portfolios)}
    last_complete = connection.execute(query("requests/first_missing"), params).fetchall()[0][0]
    if last_complete is None or last_complete >= latest:
        return None
    return session_at(session_index(last_complete) + 1), latest


def catch_up(connection: Connection[Any], latest: date) -> tuple[date, date] | None:
    """Materialize what is missing; returns the range, or None if nothing was."""
    found = missing_range(connection, latest)
    if found is not None:
        run(Launch(*found, kind="daily", strict=False))
    return found
