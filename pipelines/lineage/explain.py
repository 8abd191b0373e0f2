"""A waterfall computed once by a run of its own, and kept for whoever asks."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import psycopg

from pipelines.calc.types import MONEY_SCALE
from pipelines.lineage.slices import StoredSlice, read_slice
from pipelines.lineage.waterfall import METRICS, Waterfall, compute
from pipelines.tables.database import Database
from pipelines.tables.run import RunRecord, open_run
from pipelines.tables.specs import SNAPSHOTS


@dataclass(frozen=True)
class Question:
    """Why a portfolio's snapshot of a session changed from what was known at one instant to another."""

    portfolio_id: int
    session: date
    known_from: datetime
    known_to: datetime


def explain(
    connection: psycopg.Connection[Any], question: Question, run_id: str, request_id: int | None = None
) -> bool:
    """Take the change apart and store it, as a run that holds the lock; False if it is stored already.

    connection: the pipeline's, autocommit. Raises NoSuchSliceError when nothing was stored then; the run says so.
    """
    day, whose = question.session, (question.portfolio_id,)
    with (
        open_run(connection, RunRecord(run_id, "why", day, day, whose, request_id)) as run,
        run.database.transaction(),
    ):
        ends = [
            read_slice(run.database, SNAPSHOTS, day, question.portfolio_id, instant)
            for instant in (question.known_from, question.known_to)
        ]
        if is_stored(run.database, *ends):
            return False
        found = compute(run.database, question.portfolio_id, day, question.known_from, question.known_to)
        store(run.database, found)
        return True


def is_stored(database: Database, start: StoredSlice, end: StoredSlice) -> bool:
    """Whether the change between two versions of a snapshot has been taken apart."""
    return bool(database.rows("lineage/stored_waterfall", _key(start, end))[0][0])


def store(database: Database, found: Waterfall) -> None:
    """Store a waterfall, without the parts that are 0, in the transaction that computed it."""
    key = _key(found.start, found.end)
    # What is answered changes without any figure having: a commit tells those who keep answers.
    database.begin_commit("why")
    values = {
        "metrics": list(METRICS),
        "values_from": [_usd(found.value_from[metric]) for metric in METRICS],
        "values_to": [_usd(found.value_to[metric]) for metric in METRICS],
    }
    database.run("lineage/insert_waterfall", key | values | {"run_id": database.run_id})
    rows = list(_rows(found))
    names = ("metrics", "places", "causes", "symbols", "amounts")
    columns: dict[str, Any] = {name: [row[at] for row in rows] for at, name in enumerate(names)}
    database.run("lineage/insert_parts", key | columns)


def _rows(found: Waterfall) -> Iterator[tuple[str, int, str, str | None, Decimal]]:
    for metric in METRICS:
        for place, part in enumerate(found.parts):
            if part.amounts[metric]:
                yield metric, place, part.cause, part.symbol, _usd(part.amounts[metric])


def _usd(amount: int) -> Decimal:
    return Decimal(amount) / MONEY_SCALE


def _key(start: StoredSlice, end: StoredSlice) -> dict[str, Any]:
    return {
        "session": start.session,
        "portfolio_id": start.portfolio_id,
        "from_commit": start.commit_id,
        "to_commit": end.commit_id,
    }


@dataclass(frozen=True)
class Told:
    """A figure's change and its parts (cause, symbol, amount), USD."""

    question: Question
    value_from: Decimal
    value_to: Decimal
    parts: tuple[tuple[str, str | None, Decimal], ...]

    @property
    def residual(self) -> Decimal:
        """What the parts leave unexplained: 0."""
        return self.value_to - self.value_from - sum((amount for *_, amount in self.parts), Decimal(0))

    def lines(self) -> Iterator[str]:
        """The change as a table."""
        yield f"  {'known at ' + self.question.known_from.isoformat():<44}{self.value_from:>22,.4f}"
        for cause, symbol, amount in self.parts:
            yield f"    {cause.replace('_', ' ') + (f' {symbol}' if symbol else ''):<42}{amount:>+22,.4f}"
        yield f"  {'known at ' + self.question.known_to.isoformat():<44}{self.value_to:>22,.4f}"
        yield f"  {'residual':<44}{self.residual:>22,.4f}"


def read_parts(connection: psycopg.Connection[Any], question: Question, metric: str) -> Told | None:
    """Read a stored waterfall; None if the change has not been taken apart. NoSuchSliceError if there is none."""
    database = Database(connection, run_id="")
    with database.transaction():
        start, end = (
            read_slice(database, SNAPSHOTS, question.session, question.portfolio_id, instant)
            for instant in (question.known_from, question.known_to)
        )
        if not is_stored(database, start, end):
            return None
        key = _key(start, end) | {"metric": metric}
        ((value_from, value_to),) = database.rows("lineage/waterfall", key)
        parts = tuple(
            (cause, symbol, amount) for cause, symbol, amount in database.rows("lineage/parts", key)
        )
        return Told(question, value_from, value_to, parts)
