"""Which sessions of which portfolios the day's jobs cover, and which portfolios need a run of their own."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from typing import Any, Final

from psycopg import Connection

from pipelines.launch import Launch
from pipelines.sessions import index_on_or_before, session_at, session_index
from sql import query

ATTEMPTS: Final = 5
"""Runs made of a request as long as each is interrupted; then it has failed."""


@dataclass(frozen=True)
class Progress:
    """The last session stored of one portfolio in one asset, or its inception; as a session index."""

    portfolio_id: int
    asset: str
    last_ix: int
    requested: bool


def read_progress(connection: Connection[Any], assets: Sequence[str]) -> list[Progress]:
    """How far each portfolio has come in each asset, ascending by portfolio."""
    params = {"assets": list(assets), "attempts": ATTEMPTS}
    rows = connection.execute(query("daily/progress"), params).fetchall()
    return [
        Progress(portfolio, asset, int(index_on_or_before(last)), requested)
        for portfolio, asset, last, requested in rows
    ]


def daily_range(progress: Iterable[Progress], latest: date, reach: int) -> tuple[date, date]:
    """The sessions a daily run covers: those that are missing, and the latest one in any case.

    A portfolio more than `reach` sessions behind, and further than the one that has come farthest, does not make
    the run longer: the run leaves it out, and `lagging` finds it.
    """
    latest_ix = session_index(latest)
    behind = [latest_ix - last_ix for last_ix in _by_portfolio(progress).values()]
    within = max(reach, min(behind, default=0))
    length = max((sessions for sessions in behind if sessions <= within), default=1)
    return session_at(latest_ix - max(length, 1) + 1), latest


def lagging(progress: Sequence[Progress], due: Mapping[str, date], now: datetime) -> list[Launch]:
    """Runs for portfolios that lack a session that was due, and that no request is about to bring up.

    due: asset → the last session whose daily run should be over. Portfolios with the same first missing session
    share a run.
    """
    due_ix = {asset: session_index(session) for asset, session in due.items()}
    behind = [row for row in progress if row.last_ix < due_ix[row.asset] and not row.requested]
    first = sorted((last_ix + 1, portfolio) for portfolio, last_ix in _by_portfolio(behind).items())
    everybody = len(first) == len(_by_portfolio(progress))
    launches = []
    for start, group in groupby(first, key=lambda pair: pair[0]):
        portfolios = tuple(portfolio for _, portfolio in group)
        chosen = None if everybody and len(portfolios) == len(first) else portfolios
        launches.append(Launch(session_at(start), max(due.values()), "daily", chosen, strict=False, now=now))
    return launches


def _by_portfolio(progress: Iterable[Progress]) -> dict[int, int]:
    """The session each portfolio is complete through: the least of its assets."""
    complete: dict[int, int] = {}
    for row in progress:
        complete[row.portfolio_id] = min(complete.get(row.portfolio_id, row.last_ix), row.last_ix)
    return complete
