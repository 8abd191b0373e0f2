"""A change of a stored figure taken apart into causes whose parts sum to it exactly."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from pipelines.calc.types import Columns
from pipelines.lineage.changed_inputs import Substitution, substitutions
from pipelines.lineage.scratch import Scratch
from pipelines.lineage.slices import StoredSlice, read_rows, read_slice
from pipelines.sessions import session_index
from pipelines.steps.known_at import KnownAt
from pipelines.tables.database import Database
from pipelines.tables.specs import SNAPSHOTS

METRICS: Final = (
    "net_asset_value",
    "daily_pnl",
    "cash",
    "long_exposure",
    "short_exposure",
    "gross_exposure",
    "net_exposure",
    "mtd_pnl",
    "ytd_pnl",
    "cumulative_pnl",
)
"""Money of a snapshot that is never null: what can be taken apart."""

Figures = dict[str, int]
"""int64 ten-thousandths of a dollar by metric."""


@dataclass(frozen=True)
class Part:
    """What a cause changed each metric by. symbol: of closes first seen or restated."""

    cause: str
    symbol: str | None
    amounts: Figures


@dataclass(frozen=True)
class Waterfall:
    """The change of a snapshot between two of its versions. Σ parts = value_to − value_from, to the ten-thousandth."""

    start: StoredSlice
    end: StoredSlice
    value_from: Figures
    value_to: Figures
    parts: tuple[Part, ...]


def take_apart(
    stored: tuple[Figures, Figures],
    inputs: Iterable[Substitution],
    evaluate: Callable[[KnownAt], Figures],
    start: KnownAt,
    by_code: bool,
) -> tuple[Part, ...]:
    """Walk from the stored figures to the stored figures, each changed input a step.

    A step's part is evaluate(with it) − evaluate(without it). What lies between the recomputation and what is stored,
    at the end less at the start, comes first: new code on the old inputs − the stored value, where the end is of the
    new code. It is `code` if code versions differ, else `history`: earlier sessions stored from other inputs.
    """
    first, last, parts = None, None, []
    for step in inputs:
        if last is None:
            first = last = evaluate(start)
        found = evaluate(step.known_at)
        parts.append(Part(step.cause, step.symbol, {name: found[name] - last[name] for name in METRICS}))
        last = found
    value_from, value_to = stored
    # Without a changed input both recomputations are the same one, which cancels.
    explained = {name: 0 if first is None or last is None else last[name] - first[name] for name in METRICS}
    rest = {name: value_to[name] - value_from[name] - explained[name] for name in METRICS}
    return (Part("code" if by_code else "history", None, rest), *parts)


def compute(
    database: Database, portfolio_id: int, session: date, known_from: datetime, known_to: datetime
) -> Waterfall:
    """Take apart how a portfolio's snapshot as known at one instant became what is known at a later one.

    Inside of a transaction; stores nothing. Raises NoSuchSliceError when it was not stored at either instant.
    """
    start, end = (
        read_slice(database, SNAPSHOTS, session, portfolio_id, instant) for instant in (known_from, known_to)
    )
    value_from, value_to = (
        _figures(read_rows(database, one, instant)) for one, instant in ((start, known_from), (end, known_to))
    )
    if start.commit_id == end.commit_id:
        return Waterfall(start, end, value_from, value_to, ())
    ix, scratch = session_index(session), Scratch(database)

    def evaluate(known_at: KnownAt) -> Figures:
        scratch.position_pnl(portfolio_id, ix, known_at)
        return _figures(scratch.snapshots(portfolio_id, ix, ix, known_at))

    parts = take_apart(
        (value_from, value_to),
        substitutions(database, portfolio_id, ix, start.input_instant, end.input_instant),
        evaluate,
        KnownAt.of(start.input_instant),
        _versions(database, start, known_from) != _versions(database, end, known_to),
    )
    return Waterfall(start, end, value_from, value_to, parts)


def _figures(rows: Columns) -> Figures:
    return {name: int(rows[name][0]) for name in METRICS}


def _versions(database: Database, one: StoredSlice, known_at: datetime) -> set[tuple[str, str]]:
    params = {"known_at": known_at, "portfolio_id": one.portfolio_id, "session": one.session}
    return {(asset, version) for asset, version in database.rows("lineage/code_versions", params)}
