"""Which inputs of a portfolio differ between two instants, and the order in which they are substituted."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

import numpy as np

from pipelines.calc.types import Columns
from pipelines.steps.book import OVERRIDES, POSITION_COLUMNS
from pipelines.steps.closes import read_closes
from pipelines.steps.known_at import KnownAt, PricesAt
from pipelines.steps.plan import TERMS
from pipelines.tables.database import Database
from pipelines.tables.spec import Column, date, money, number, text
from pipelines.tables.specs import SYMBOL_WIDTH

_FLOWS: Final = (date("flow_date"), money("amount"))
_SPLITS: Final = (
    text("symbol", SYMBOL_WIDTH),
    date("execution_date"),
    number("split_from"),
    number("split_to"),
)
_MARKS: Final = (text("symbol", SYMBOL_WIDTH), date("mark_date"), number("price"))


@dataclass(frozen=True)
class Substitution:
    """One cause, and all inputs with it and those before it substituted. symbol: of closes."""

    cause: str
    symbol: str | None
    known_at: KnownAt


def substitutions(
    database: Database, portfolio_id: int, end_ix: int, start: datetime, end: datetime
) -> Iterator[Substitution]:
    """Walk from the inputs known at `start` to those known at `end`, one changed group after the other.

    Order: terms, flows, positions, multipliers, marks, overrides, splits; then by symbol, ascending, closes first seen
    and closes restated. A group that did not change is left out. Closes after the session `end_ix` are not looked at.
    """
    now = KnownAt.of(start)
    for cause in _changed_groups(database, portfolio_id, start, end):
        group: dict[str, Any] = {cause: end}
        now = replace(now, **group)
        # A lot that is new has no other multiplier; those of old ones wait for their turn.
        yield Substitution(cause, None, now)
    now = replace(now, terms=end, flows=end, positions=end, multipliers=end, marks=end, overrides=end)
    prices = PricesAt(start, end, splits=start)
    if _differ(*(database.columns(_SPLITS, "lineage/splits", {"known_at": at}) for at in (start, end))):
        prices = replace(prices, splits=end)
        yield Substitution("splits", None, now.with_prices(prices))
    for symbol, first_seen, restated in _changed_closes(database, portfolio_id, end_ix, start, end):
        if first_seen:
            prices = replace(prices, first_seen=prices.first_seen | {symbol})
            yield Substitution("first_seen", symbol, now.with_prices(prices))
        if restated:
            prices = replace(prices, replaced=prices.replaced | {symbol})
            yield Substitution("restated", symbol, now.with_prices(prices))


def _changed_groups(database: Database, portfolio_id: int, start: datetime, end: datetime) -> Iterator[str]:
    def read(columns: tuple[Column, ...], query: str) -> tuple[Columns, Columns]:
        one, other = (
            database.columns(columns, query, {"known_at": at, "portfolios": [portfolio_id]})
            for at in (start, end)
        )
        return one, other

    groups = (TERMS, "portfolios"), (_FLOWS, "cash_flows"), (_MARKS, "marks"), (OVERRIDES, "overrides")
    terms, flows, marks, overrides = (read(columns, f"book/{query}") for columns, query in groups)
    before, after = read(POSITION_COLUMNS, "book/positions")
    changed = {
        "terms": _differ(*terms),
        "flows": _differ(*flows),
        "positions": _differ(_but_multiplier(before), _but_multiplier(after)),
        "multipliers": _other_multipliers(before, after),
        "marks": _differ(*marks),
        "overrides": _differ(*overrides),
    }
    yield from (cause for cause, has_changed in changed.items() if has_changed)


def _but_multiplier(positions: Columns) -> Columns:
    return {name: values for name, values in positions.items() if name != "multiplier"}


def _other_multipliers(before: Columns, after: Columns) -> bool:
    """Whether a lot that is known at both instants has another multiplier."""
    _, one, other = np.intersect1d(before["position_id"], after["position_id"], return_indices=True)
    return bool((before["multiplier"][one] != after["multiplier"][other]).any())


def _differ(one: Columns, other: Columns) -> bool:
    return any(
        len(values) != len(other[name])
        or not np.array_equal(values, other[name], equal_nan=values.dtype.kind in "fM")
        for name, values in one.items()
    )


def _changed_closes(
    database: Database, portfolio_id: int, end_ix: int, start: datetime, end: datetime
) -> list[tuple[str, bool, bool]]:
    """Symbols of the portfolio, ascending: whether closes were first seen in between, and whether some changed."""
    symbols: set[str] = set()
    for instant in (start, end):
        params = {"known_at": instant, "portfolios": [portfolio_id]}
        held = database.columns(POSITION_COLUMNS, "book/positions", params)
        public = held["asset_class"] != "PRIVATE"
        symbols |= {*held["symbol"][public].tolist(), *held["underlying"][public].tolist()} - {""}
    named = np.array(sorted(symbols), dtype=np.str_)
    old, new = (read_closes(database, PricesAt(instant), named, 0, end_ix) for instant in (start, end))
    first_seen = np.logical_and(np.isnan(old), ~np.isnan(new))
    restated = np.logical_and(~np.isnan(old), np.not_equal(old, new))
    return [
        (symbol, bool(first_seen[:, column].any()), bool(restated[:, column].any()))
        for column, symbol in enumerate(named.tolist())
        if (first_seen | restated)[:, column].any()
    ]
