"""A history that was computed with multiplier 1 for options: examined without writing, and reconciled after repair."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date as Date  # noqa: N812 - `date` is the column
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

import numpy as np
import psycopg

from pipelines.calc.types import MONEY_SCALE, Columns
from pipelines.lineage.deviation import Deviation, corrected_multiplier, measure
from pipelines.lineage.scratch import Scratch
from pipelines.sessions import session_index
from pipelines.steps.book import read_book
from pipelines.steps.known_at import KnownAt
from pipelines.tables.database import Database
from pipelines.tables.spec import date, integer, money, number

ASSETS: Final = (
    "position_pnl",
    "rolled_equity",
    "position_greeks",
    "factor_exposures",
    "risk_metrics",
    "snapshots",
)
"""What depends on a multiplier, and is computed anew; no price is fetched."""

_ROWS: Final = (
    date("session"),
    integer("position_id"),
    number("price"),
    money("market_value"),
    money("daily_pnl"),
)
_VALUES: Final = (date("session"), money("net_asset_value"))


@dataclass(frozen=True)
class Examined:
    """A portfolio's stored history, and what it is with the right multipliers. Values are of the last session.

    to_correct: lots whose multiplier is 1 in the book, too. old_value, new_value: net asset value.
    """

    portfolio_id: int
    first: Date
    last: Date
    to_correct: tuple[int, ...]
    deviation: Deviation
    old_value: int
    new_value: int
    values_agree: bool

    @property
    def needs_repair(self) -> bool:
        """Whether anything deviates."""
        return self.deviation.deviating > 0 or bool(self.deviation.unexplained)

    @property
    def is_explained(self) -> bool:
        """Whether the multiplier explains every deviation, of rows and of net asset values."""
        return not self.deviation.unexplained and self.values_agree


@dataclass(frozen=True)
class Reconciled:
    """A repaired portfolio: USD. entered: what the ledger says its last value changed by; restated: ledger rows."""

    examined: Examined
    balance: Decimal
    entered: Decimal
    restated: int

    @property
    def agrees(self) -> bool:
        """Whether balance and ledger are what the dry run announced."""
        change = self.examined.new_value - self.examined.old_value
        return (
            self.balance == Decimal(self.examined.new_value) / MONEY_SCALE
            and self.entered == Decimal(change) / MONEY_SCALE
        )


def examine(
    connection: psycopg.Connection[Any], portfolios: Sequence[int] | None = None
) -> tuple[datetime, list[Examined]]:
    """Examine the portfolios that hold or held options (None: all of them); returns the instant they were read at.

    connection: the pipeline's, autocommit. Nothing is stored: what is computed ends with the transaction.
    """
    database = Database(connection, run_id="")
    with connection.transaction(force_rollback=True):
        instant: datetime = database.rows("api/settle")[0][0]
        given = {"portfolios": None if portfolios is None else list(portfolios)}
        scratch = Scratch(database)
        found = [
            _examine(database, scratch, portfolio, first, last, KnownAt.of(instant))
            for portfolio, first, last in database.rows("repair/portfolios", given)
        ]
    return instant, found


def _examine(
    database: Database, scratch: Scratch, portfolio_id: int, first: Date, last: Date, known_at: KnownAt
) -> Examined:
    book = read_book(database, known_at, [portfolio_id])
    multiplier = corrected_multiplier(book.lots)
    to_correct = book.lots.position_id[multiplier != book.lots.multiplier]
    right = replace(book, lots=replace(book.lots, multiplier=multiplier))
    params = {"portfolio_id": portfolio_id}
    stored = database.columns(_ROWS, "repair/rows", params)
    values = database.columns(_VALUES, "repair/values", params)
    computed = scratch.position_pnl(portfolio_id, session_index(last), known_at, right)
    snapshots = scratch.snapshots(portfolio_id, session_index(first), session_index(last), known_at, right)
    return Examined(
        portfolio_id,
        first,
        last,
        tuple(to_correct.tolist()),
        measure(right.lots, stored, computed),
        int(values["net_asset_value"][-1]),
        int(snapshots["net_asset_value"][-1]),
        _values_agree(values, snapshots, stored, computed),
    )


def _values_agree(values: Columns, snapshots: Columns, stored: Columns, computed: Columns) -> bool:
    """Whether each session's net asset value deviates by the P&L that deviates up to it."""
    same = np.array_equal(values["session"], snapshots["session"])
    if not same or len(stored["session"]) != len(computed["session"]):
        return False
    deviation = np.zeros(len(values["session"]), dtype=np.int64)
    at = np.searchsorted(values["session"], stored["session"])
    np.add.at(deviation, at, computed["daily_pnl"] - stored["daily_pnl"])
    moved = snapshots["net_asset_value"] - values["net_asset_value"]
    return bool((moved == np.add.accumulate(deviation)).all())


def reconcile(connection: psycopg.Connection[Any], examined: Examined, since: datetime) -> Reconciled:
    """Compare a repaired portfolio with what was announced. connection: any reader's."""
    database = Database(connection, run_id="")
    params = {"portfolio_id": examined.portfolio_id, "session": examined.last, "since": since}
    ((balance, entered, restated),) = database.rows("repair/reconciliation", params)
    return Reconciled(examined, balance, entered, restated)
