"""A person's decision on what is held back: it becomes a recorded restatement, or is forgotten."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

import numpy as np

from pipelines.calc.types import Columns
from pipelines.errors import SigmaSightError
from pipelines.sources.protocol import PRICE_FIELDS
from pipelines.sources.vendor import RAW
from pipelines.steps.bars import store_bars
from pipelines.tables.database import Database
from pipelines.tables.specs import SPLITS
from pipelines.tables.upsert import upsert

OPERATOR: Final = "operator"
_COLUMNS: Final = (
    *(
        "id",
        "kind",
        "symbol",
        "day",
        *PRICE_FIELDS,
        "split_from",
        "split_to",
        "source",
        "reason",
        "is_session",
    ),
)


class NothingPendingError(SigmaSightError):
    """None of what was named waits for a decision."""


class NotAcceptableError(SigmaSightError):
    """Something named is no price of a session."""


@dataclass(frozen=True)
class Decision:
    """What was decided on: rows, by kind; the first day that it changes; how many stored rows it changed."""

    closes: int
    splits: int
    first_day: date | None
    written: int


@dataclass(frozen=True)
class OwnSplit:
    """A split that the vendor does not tell: `to` shares for `before` from a day on."""

    symbol: str
    day: date
    before: float
    to: float

    def row(self) -> dict[str, Any]:
        """The split as one that is told."""
        told = {"split_from": self.before, "split_to": self.to, "source": OPERATOR}
        return {"symbol": self.symbol, "day": self.day, **told}


@dataclass
class _Chosen:
    rows: list[dict[str, Any]] = field(default_factory=list)

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [row for row in self.rows if row["kind"] == kind]


def accept(
    database: Database, ids: Sequence[int], symbols: Sequence[str], split: OwnSplit | None = None
) -> Decision:
    """Put what is held back to use, all of it in one commit; of one day's closes the last told counts.

    split: a split to record beside it. Inside a transaction. Raises NothingPendingError, and NotAcceptableError for
    bars that are of no session or have no price: these can only be rejected.
    """
    chosen = _chosen(database, ids, symbols)
    wrong = [
        row for row in chosen.of("close") if not row["is_session"] or not row["close"] or row["close"] <= 0
    ]
    if wrong:
        named = ", ".join(f"{row['id']} ({row['reason']})" for row in wrong)
        raise NotAcceptableError(f"no price of a session: {named}. Reject these")
    closes = _prices(chosen.of("close"))
    written = store_bars(database, closes)
    own = (
        []
        if split is None
        else [{**vars(split), "split_from": split.before, "split_to": split.to, "source": OPERATOR}]
    )
    splits = _splits([*chosen.of("split"), *own])
    written_splits = upsert(database, SPLITS, splits)
    days, symbols_told = closes["session"].tolist(), closes["symbol"].tolist()
    fetched = {"session": days, "symbol": symbols_told, "source": closes["source"].tolist()}
    same = {"outcome": ["bar"] * len(days), "adjustment": [RAW] * len(days)}
    database.run("market/put_fetches", fetched | same)
    _decide(database, chosen, "accepted")
    first = [*written["session"].tolist(), *written_splits["execution_date"].tolist()]
    count = len(written["session"]) + len(written_splits["symbol"])
    return Decision(len(chosen.of("close")), len(splits["symbol"]), min(first, default=None), count)


def first_day(database: Database, symbol: str) -> date:
    """The first day of a symbol's closes that wait; NothingPendingError without any."""
    rows = _chosen(database, (), (symbol,)).of("close")
    if not rows:
        raise NothingPendingError(f"no close of {symbol} waits for a decision")
    day: date = min(row["day"] for row in rows)
    return day


def reject(database: Database, ids: Sequence[int], symbols: Sequence[str]) -> Decision:
    """Forget what is held back: the same told again is no news. Inside a transaction."""
    chosen = _chosen(database, ids, symbols)
    _decide(database, chosen, "rejected")
    return Decision(len(chosen.of("close")), len(chosen.of("split")), None, 0)


def _chosen(database: Database, ids: Sequence[int], symbols: Sequence[str]) -> _Chosen:
    found = database.rows("quarantine/chosen", {"ids": list(ids), "symbols": list(symbols)})
    chosen = _Chosen([dict(zip(_COLUMNS, row, strict=True)) for row in found])
    missing = set(ids) - {row["id"] for row in chosen.rows}
    if missing or not chosen.rows:
        named = ", ".join([*map(str, sorted(missing)), *([] if chosen.rows else symbols)])
        raise NothingPendingError(f"nothing in quarantine waits for a decision: {named}")
    return chosen


def _decide(database: Database, chosen: _Chosen, status: str) -> None:
    database.run("quarantine/decide", {"ids": [row["id"] for row in chosen.rows], "status": status})


def _prices(rows: list[dict[str, Any]]) -> Columns:
    last = {(row["symbol"], row["day"]): row for row in rows}.values()
    numbers = {
        name: np.array([_number(row[name]) for row in last], dtype=np.float64) for name in PRICE_FIELDS
    }
    return {
        "session": np.array([row["day"] for row in last], dtype="datetime64[D]"),
        "symbol": np.array([row["symbol"] for row in last], dtype="U"),
        **numbers,
        "source": np.array([row["source"] for row in last], dtype="U"),
    }


def _splits(rows: list[dict[str, Any]]) -> Columns:
    last = {(row["symbol"], row["day"]): row for row in rows}.values()
    return {
        "symbol": np.array([row["symbol"] for row in last], dtype="U"),
        "execution_date": np.array([row["day"] for row in last], dtype="datetime64[D]"),
        "split_from": np.array([row["split_from"] for row in last], dtype=np.float64),
        "split_to": np.array([row["split_to"] for row in last], dtype=np.float64),
        "source": np.array([row["source"] for row in last], dtype="U"),
    }


def _number(value: float | None) -> float:
    return float("nan") if value is None else value
