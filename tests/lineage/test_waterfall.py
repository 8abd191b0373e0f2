"""Changes taken apart: the parts sum to the change exactly, and each is what its input alone does."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.lineage.scratch import Scratch
from pipelines.lineage.slices import NoSuchSliceError
from pipelines.lineage.waterfall import METRICS, Waterfall, compute
from pipelines.sessions import session_index
from pipelines.steps.known_at import KnownAt
from pipelines.tables.database import Database
from tests.lineage.edits import EDITS, Edit, of_price
from tests.lineage.test_ledger import now
from tests.steps.book_case import FIRST, LAST, SESSIONS, BookCase, Lot, Portfolio
from tests.steps.memory_prices import MemoryPrices, random_walks
from tests.steps.test_equalities import histories, modest
from tests.steps.world import World

pytestmark = pytest.mark.long


def explain(world: World, day: date, start: datetime, end: datetime, portfolio: int = 1) -> Waterfall:
    database = Database(world.pipeline, run_id="")
    with database.transaction():
        return compute(database, portfolio, day, start, end)


def check_sums(found: Waterfall) -> None:
    for metric in METRICS:
        total = sum(part.amounts[metric] for part in found.parts)
        assert found.value_from[metric] + total == found.value_to[metric], metric


@modest
@given(histories(), st.lists(st.sampled_from(EDITS), min_size=1, max_size=5, unique_by=repr), st.data())
def test_the_parts_sum_to_the_change_and_name_what_was_changed(
    world: World, history: tuple[BookCase, MemoryPrices], edits: list[Edit], data: st.DataObject
) -> None:
    world.start(*history).run(FIRST, LAST)
    instants = [now(world)]
    for edit in edits:
        edit(world)
        world.run(FIRST, LAST)
        instants.append(now(world))
    ends = sorted(data.draw(st.lists(st.sampled_from(instants), min_size=2, max_size=2)))
    portfolio = data.draw(st.integers(1, len(history[0].portfolios)))
    day = data.draw(st.sampled_from(SESSIONS[6:]))
    found = explain(world, day, *ends, portfolio)
    check_sums(found)
    made = {edit.cause for edit in edits} - {"prices"}
    moved = {part.cause for part in found.parts if any(part.amounts.values())}
    # All is recomputed, by one code: what is stored differs from the recomputation nowhere.
    assert moved <= made | {"first_seen", "restated"}
    assert not ({"code", "history"} & moved)


CASE = BookCase(
    (Portfolio(), Portfolio()),
    (
        Lot(),
        Lot("BBB", quantity=Decimal(-10), portfolio=2),
        Lot("AAA", option_type="call", strike=Decimal(50), expiry=date(2024, 3, 15), quantity=Decimal(2)),
        Lot("ACME", private=True),
    ),
    marks=((1, "ACME", date(2024, 1, 4), Decimal(60)),),
    flows=((1, date(2024, 1, 4), Decimal(1000)),),
)
DAY = date(2024, 1, 5)


def amounts(found: Waterfall, metric: str) -> dict[tuple[str, str | None], Decimal]:
    moved = {(part.cause, part.symbol): part.amounts[metric] for part in found.parts}
    return {key: Decimal(amount) / 10_000 for key, amount in moved.items() if amount}


def test_every_cause_by_its_arithmetic(world: World) -> None:
    source = random_walks(CASE.instruments).restated({("AAA", DAY): 80.0, ("AAA240315C00050000", DAY): 3.0})
    world.start(CASE, source.without([("AAA", DAY, DAY)])).run(FIRST, LAST)
    (yesterday,) = world.rows(
        "select close from market.prices where symbol = 'AAA' and session = '2024-01-04'"
    )[0]
    start = now(world)
    world.edit_book(
        "update book.portfolios set initial_equity = initial_equity + 500, name = name || '!' where id = 1"
    )
    world.edit_book("update book.cash_flows set amount = 1250")
    world.edit_book("update book.positions set quantity = 150 where id = 1")
    world.edit_book("update book.positions set multiplier = 100 where id = 3")
    world.edit_book("update book.private_marks set price = 61")
    world.edit_book("insert into book.price_overrides values (1, 'AAA', %s, 90)", [DAY])
    world.source = source.restated({("AAA240315C00050000", DAY): 3.5})
    world.run(FIRST, LAST)
    found = explain(world, DAY, start, now(world))
    check_sums(found)
    entry = Decimal("50.25")
    assert amounts(found, "net_asset_value") == {
        ("terms", None): 500,
        ("flows", None): 250,
        # 50 more shares, at the close known then: yesterday's
        ("positions", None): 50 * (Decimal(str(yesterday)) - entry),
        # two contracts of 100 instead of 1, at 3.00
        ("multipliers", None): 2 * 99 * (3 - entry),
        ("marks", None): 100 * 1,
        # 150 shares now, at 90 instead of yesterday's close: that it was 80 is seen later, and is no cause any more
        ("overrides", None): 150 * (90 - Decimal(str(yesterday))),
        ("restated", "AAA240315C00050000"): 2 * 100 * Decimal("0.5"),
    }
    assert [part.cause for part in found.parts] == [
        "history", "terms", "flows", "positions", "multipliers", "marks", "overrides", "first_seen",
        "restated",
    ]  # fmt: skip
    # Short and long, cash and net: the identities of a snapshot hold of every part.
    for part in found.parts:
        moved = part.amounts
        assert moved["net_exposure"] == moved["long_exposure"] + moved["short_exposure"]
        assert moved["net_asset_value"] == moved["cash"] + moved["net_exposure"]
    assert explain(world, DAY, start, now(world), 2).parts == ()


def test_a_mixture_of_one_instant_is_that_instant(world: World) -> None:
    world.start(CASE, random_walks(CASE.instruments)).run(FIRST, LAST)
    start = now(world)
    for edit in EDITS:
        edit(world)
    world.run(FIRST, LAST)
    database, ix = Database(world.pipeline, run_id=""), session_index(LAST)
    for instant in (start, now(world)):
        stored = world.rows(
            "select net_asset_value, daily_pnl, cash, delta_net_exposure from analytics.snapshots_at(%s)"
            " where session = %s and portfolio_id = 1", [instant, LAST],
        )[0]  # fmt: skip
        with database.transaction():
            scratch = Scratch(database)
            scratch.position_pnl(1, ix, KnownAt.of(instant))
            rows = scratch.snapshots(1, ix, ix, KnownAt.of(instant))
        names = ("net_asset_value", "daily_pnl", "cash", "delta_net_exposure")
        assert tuple(Decimal(int(rows[name][0])) / 10_000 for name in names) == stored
    assert world.rows("select to_regclass('pg_temp.position_pnl')") == [(None,)]


def test_other_code_comes_first(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A formula that values every lot a cent higher: its part is the new code on the old inputs − the stored value."""
    from dataclasses import replace

    from pipelines.calc import pnl
    from pipelines.steps import position_pnl as step
    from pipelines.tables import specs

    world.start(CASE, random_walks(CASE.instruments)).run(FIRST, LAST)
    start = now(world)
    original = pnl.position_pnl

    def dearer(*args: Any, **kwargs: Any) -> Any:
        rows = original(*args, **kwargs)
        held = (rows["session"] == np.datetime64("2024-01-03")) & (rows["position_id"] == 1)
        return rows | {"daily_pnl": rows["daily_pnl"] + np.where(held, 100, 0)}

    monkeypatch.setattr(step.pnl, "position_pnl", dearer)
    newer = replace(specs.POSITION_PNL, code_version="2")
    monkeypatch.setattr(step, "POSITION_PNL", newer)
    world.edit_book("update book.cash_flows set amount = 1250")
    world.run(FIRST, LAST)
    found = explain(world, DAY, start, now(world))
    check_sums(found)
    assert amounts(found, "net_asset_value") == {("code", None): Decimal("0.01"), ("flows", None): 250}
    causes = world.rows("select distinct causes from analytics.restatements where session = %s", [DAY])
    assert causes == [(["code", "flows"],)]


def test_what_was_not_recomputed_is_history(world: World) -> None:
    """A close restated before the range of the run: the run's P&L makes up for it, and the waterfall says so."""
    world.start(CASE, random_walks(CASE.instruments)).run(FIRST, LAST)
    start = now(world)
    of_price("AAA", date(2024, 1, 4), 99.0)(world)
    with world.opened(DAY, DAY) as run:  # prices alone
        from pipelines.steps.fetch import fetch_prices
        from pipelines.steps.plan import Request

        with run.database.transaction():
            ix = session_index(date(2024, 1, 4))
            fetch_prices(run.database, world.source, Request(ix, ix))
    world.edit_book("update book.cash_flows set amount = 1250")
    world.run(date(2024, 1, 4), LAST, steps=["rolled_equity"])
    world.run(date(2024, 1, 4), LAST, steps=["snapshots"])
    found = explain(world, date(2024, 1, 4), start, now(world))
    check_sums(found)
    moved = amounts(found, "net_asset_value")
    assert moved["history", None] == -moved["restated", "AAA"]
    assert moved["flows", None] == 250


def test_nothing_is_taken_apart_before_it_was_stored(world: World) -> None:
    before = now(world.start(CASE, random_walks(CASE.instruments)))
    world.run(FIRST, LAST)
    with pytest.raises(NoSuchSliceError, match="as known at"):
        explain(world, DAY, before, now(world))
