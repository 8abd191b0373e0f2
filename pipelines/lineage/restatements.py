"""The ledger of restatements, read: which figures a run replaced, by how much, and what had changed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import psycopg

from sql import query


@dataclass(frozen=True)
class Restatement:
    """One entry: a session of a portfolio whose snapshot was replaced. Amounts are USD, changes new − old."""

    session: date
    portfolio_id: int
    old_net_asset_value: Decimal
    new_net_asset_value: Decimal
    net_asset_value_change: Decimal
    old_daily_pnl: Decimal
    new_daily_pnl: Decimal
    daily_pnl_change: Decimal
    run_id: str
    causes: list[str]
    committed_at: datetime


def read_restatements(
    connection: psycopg.Connection[Any],
    portfolios: Sequence[int] | None = None,
    session: date | None = None,
    since: datetime | None = None,
) -> list[Restatement]:
    """Read entries, oldest first; of some portfolios, of one session, of what became visible after an instant."""
    params = {
        "portfolios": None if portfolios is None else list(portfolios),
        "session": session,
        "since": since,
    }
    return [Restatement(*row) for row in connection.execute(query("ledger/read"), params).fetchall()]
