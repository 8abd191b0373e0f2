"""What is stale is known without recomputing it, and recomputing that alone is a rebuild of everything."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

import sql
from pipelines.sessions import session_index, session_range
from pipelines.steps.plan import Request
from pipelines.steps.stale import declare
from pipelines.tables import specs
from pipelines.tables.database import Database
from pipelines.verify import Scope, verify
from tests.steps.book_case import FIRST, LAST, SESSIONS, BookCase
from tests.steps.long_short import LONG_SHORT, PRICES
from tests.steps.memory_prices import MemoryPrices
from tests.steps.test_equalities import assert_same, check_mirror, histories, modest
from tests.steps.world import World, fetch

Cells = set[tuple[str, int, date]]
Edit = tuple[str, list[object]]


def predicted(world: World) -> Cells:
    """Every stored cell that the log calls stale."""
    found = world.rows(
        "select r.asset, coalesce(r.portfolio_id, 0), s.session"
        " from analytics.stale_slices(null, '-infinity', 'infinity') r join analytics.slices s"
        " on s.asset = r.asset and s.portfolio_id is not distinct from r.portfolio_id"
        " and s.session between r.first_session and r.last_session"
    )
    return set(found)


def cells(world: World) -> dict[tuple[str, int, date], tuple[object, ...]]:
    """Input hash and output digest of every stored cell."""
    rows = world.rows(
        "select asset, coalesce(portfolio_id, 0), session, input_hash, output_digest, code_version"
        " from analytics.slices where asset <> 'prices'"
    )
    return {row[:3]: row[3:] for row in rows}


def store_prices(world: World, source: MemoryPrices, start: date, end: date) -> None:
    """Fetch a range anew and compute nothing."""
    world.source = source
    with world.opened(start, end) as run:
        fetch(run, source, Request(session_index(start), session_index(end)))


def recompute_stale(world: World) -> Cells:
    """Run what is stale; returns the cells it looked at."""
    before = predicted(world)
    results = world.run(FIRST, LAST, stale_only=True)
    looked = sum(w.changed + w.unchanged + w.new for r in results.values() for w in r.written.values())
    assert looked <= len(before)
    return before


def stale_by_recomputation(world: World) -> Cells:
    """Every cell that `verify` calls stale, having recomputed them all."""
    with psycopg.connect(world.urls.reader) as connection:
        proof = verify(connection, Scope())
    found = set()
    for finding in proof.stale:
        if finding.check == "recomputation" and finding.session is not None:
            days = session_range(finding.session, finding.last_session or finding.session).tolist()
            found |= {(finding.table, finding.portfolio_id or 0, day) for day in days}
    return found


def rebuilt(world: World, case: BookCase) -> dict[tuple[str, int, date], tuple[object, ...]]:
    """The book as it is now, from scratch, in the same database: every row of the results is forgotten."""
    world.owner.execute("truncate analytics.slices, analytics.stale_ranges")
    for spec in specs.DERIVED:
        world.owner.execute(f"truncate {spec.qualified}")
    world.run(FIRST, LAST)
    return cells(world)


def test_what_was_just_computed_is_not_stale(world: World) -> None:
    world.start(LONG_SHORT, PRICES).run(FIRST, LAST)
    assert predicted(world) == set()


def test_the_next_session_makes_no_older_one_stale(world: World) -> None:
    world.start(LONG_SHORT, PRICES).run(FIRST, SESSIONS[9])
    for day in SESSIONS[10:13]:
        store_prices(world, PRICES, day, day)
        assert predicted(world) == set()
        world.run(day, day)
        assert predicted(world) == set()


def test_a_restated_price_reaches_its_holders_from_its_session_on(world: World) -> None:
    """AAA is held by portfolio 1 alone, and no factor is made of it."""
    world.start(LONG_SHORT, PRICES).run(FIRST, LAST)
    store_prices(world, PRICES.restated({("AAA", SESSIONS[5]): 77.0}), SESSIONS[5], SESSIONS[5])
    found = predicted(world)
    later = SESSIONS[5:]
    own = {spec.name for spec in specs.DERIVED if spec.by_portfolio}
    assert found == {(asset, 1, day) for asset in own for day in later} | {
        ("factor_betas", 0, day) for day in later
    }
    before = cells(world)
    results = world.run(FIRST, LAST, stale_only=True)
    after = cells(world)
    assert {cell for cell in after if after[cell] != before[cell]} <= found
    assert {name: result.portfolios for name, result in results.items()} == {
        name: set() if name == "factor_betas" else {1} for name in results
    }
    assert predicted(world) == set()
    assert after == rebuilt(world, LONG_SHORT)


def test_a_restated_proxy_reaches_every_portfolio_s_risk_and_nobody_s_equity(world: World) -> None:
    world.start(LONG_SHORT, PRICES).run(FIRST, LAST)
    store_prices(world, PRICES.restated({("MTUM", SESSIONS[5]): 77.0}), SESSIONS[5], SESSIONS[5])
    assert {asset for asset, _, _ in predicted(world)} == {
        "factor_returns",
        "factor_betas",
        "factor_covariance",
        "factor_exposures",
        "risk_metrics",
    }
    assert {day for asset, _, day in predicted(world) if asset == "factor_returns"} == set(SESSIONS[5:7])
    world.run(FIRST, LAST, stale_only=True)
    after = cells(world)
    assert predicted(world) == set()
    assert after == rebuilt(world, LONG_SHORT)


def test_a_partial_run_leaves_stale_what_it_did_not_reach(world: World) -> None:
    world.start(LONG_SHORT, PRICES).run(FIRST, LAST)
    store_prices(world, PRICES.restated({("AAA", SESSIONS[3]): 77.0}), SESSIONS[3], SESSIONS[3])
    world.run(SESSIONS[8], LAST)  # starts after the change: nothing is settled
    assert ("snapshots", 1, SESSIONS[3]) in predicted(world)
    assert ("snapshots", 1, LAST) in predicted(world)
    world.run(SESSIONS[3], SESSIONS[8], cascade=False)
    assert {day for _, portfolio, day in predicted(world) if portfolio == 1} == set(SESSIONS[9:])
    world.run(SESSIONS[9], LAST, steps=["risk_metrics"])  # what it is computed from is stale itself
    assert ("risk_metrics", 1, LAST) in predicted(world)
    world.run(FIRST, LAST, stale_only=True)
    assert predicted(world) == set()
    after = cells(world)
    assert after == rebuilt(world, LONG_SHORT)


def test_a_run_of_what_is_stale_looks_at_nothing_else(world: World) -> None:
    """Neither at sessions between two that are stale, nor at one of the firm's that was never computed."""
    world.start(LONG_SHORT, PRICES).run(FIRST, SESSIONS[9])
    world.run(SESSIONS[12], SESSIONS[12])  # the portfolios are left out: they lack two sessions
    for day in (SESSIONS[2], SESSIONS[7]):
        store_prices(world, world.source.restated({("MTUM", day): 77.0}), day, day)
    said, before = predicted(world), cells(world)
    assert {day for asset, _, day in said if asset == "factor_returns"} == {SESSIONS[n] for n in (2, 3, 7, 8)}
    results = world.run(FIRST, SESSIONS[12], stale_only=True)
    looked = {
        name: written.changed + written.unchanged + written.new
        for result in results.values()
        for name, written in result.written.items()
    }
    assert looked == Counter(asset for asset, _, _ in said)
    assert cells(world).keys() == before.keys()
    assert predicted(world) == set()


def test_an_edit_during_a_run_is_stale_after_it(world: World) -> None:
    world.start(LONG_SHORT, PRICES).run(FIRST, SESSIONS[9])
    request = Request(session_index(SESSIONS[10]), session_index(LAST))
    from pipelines.steps.chain import STEPS, run_step

    with world.opened(SESSIONS[10], LAST) as run:
        fetch(run, world.source, request)
        known_at = run.input_instant()
        world.edit_book("update book.positions set quantity = quantity * 2 where id = 1")
        for step in STEPS:
            run_step(run.database, step, request, known_at)
    assert ("position_pnl", 1, LAST) in predicted(world)
    assert ("position_pnl", 1, SESSIONS[5]) in predicted(world)
    assert not {cell for cell in predicted(world) if cell[1] == 2}
    world.run(FIRST, LAST, stale_only=True)
    assert predicted(world) == set()


def test_other_code_and_another_setting_are_stale(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.start(LONG_SHORT, PRICES).run(FIRST, LAST)
    database = Database(world.pipeline, "code")
    declare(database, 0.0)
    assert predicted(world) == set()
    declare(database, 0.05)
    assert {asset for asset, _, _ in predicted(world)} == {"risk_metrics"}
    world.run(FIRST, LAST, stale_only=True)
    newer = tuple(
        replace(spec, code_version="next") if spec.name == "factor_betas" else spec for spec in specs.DERIVED
    )
    monkeypatch.setattr("pipelines.steps.reach.DERIVED", newer)
    declare(database, 0.05)
    assert {asset for asset, _, _ in predicted(world)} == {"factor_betas", "factor_exposures", "risk_metrics"}
    monkeypatch.undo()
    declare(database, 0.0)
    world.run(FIRST, LAST, stale_only=True)
    assert predicted(world) == set()


NAMELESS: list[tuple[str, Callable[[World], None]]] = [
    ("a name", lambda world: world.edit_book("update book.positions set name = 'x'")),
    ("a portfolio's name", lambda world: world.edit_book("update book.portfolios set name = name || 'x'")),
    ("a tag", lambda world: world.edit_book("insert into book.tags (owner_id, name) values (1, 't')")),
]


@pytest.mark.parametrize("edit", [act for _, act in NAMELESS], ids=[name for name, _ in NAMELESS])
def test_what_is_no_input_makes_nothing_stale(world: World, edit: Callable[[World], None]) -> None:
    world.start(LONG_SHORT, PRICES).run(FIRST, LAST)
    edit(world)
    assert predicted(world) == set()


def test_a_database_that_logged_nothing_so_far_is_doubted_once(world: World) -> None:
    world.start(LONG_SHORT, PRICES).run(FIRST, LAST)
    world.owner.execute("truncate analytics.stale_ranges")
    with world.owner.transaction():
        assert world.rows(sql.query("stale/any_slice")) == [(True,)]
        world.owner.execute(sql.query("stale/doubt_everything"))
    assert predicted(world) == cells(world).keys()
    world.run(FIRST, LAST)
    assert predicted(world) == set()


def test_the_log_is_empty_outside_of_transactions(world: World) -> None:
    world.start(LONG_SHORT, PRICES).run(FIRST, LAST)
    assert world.rows("select * from analytics.changes") == []
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        world.intake.execute("delete from analytics.stale_ranges")


DAY = st.sampled_from([day + timedelta(days=back) for day in SESSIONS for back in (0, -14)])
EDITS = st.one_of(
    st.tuples(
        st.just("update book.positions set quantity = -quantity, position_type = case position_type"
                " when 'LONG' then 'SHORT' when 'SHORT' then 'LONG' when 'LC' then 'SC' when 'SC' then 'LC'"
                " when 'LP' then 'SP' else 'LP' end where id %% 3 = %s"),
        st.tuples(st.integers(0, 2)),
    ),
    st.tuples(
        st.just("update book.positions set exit_date = least(greatest(entry_date, %s), expiry) where id %% 2 = 0"),
        st.tuples(DAY),
    ),
    st.tuples(st.just("delete from book.positions where id = %s"), st.tuples(st.integers(1, 8))),
    st.tuples(
        st.just("insert into book.positions (portfolio_id, symbol, asset_class, position_type, quantity,"
                " entry_price, entry_date, multiplier) values (1, 'BBB', 'PUBLIC', 'LONG', 10, 33.5, %s, 1)"),
        st.tuples(DAY),
    ),
    st.tuples(
        st.just("insert into book.private_marks values (1, 'ACME', %s, 44) on conflict do nothing"), st.tuples(DAY)
    ),
    st.tuples(
        st.just("insert into book.price_overrides values (1, 'AAA', %s, 71) on conflict (portfolio_id, symbol, session)"
                " do update set price = book.price_overrides.price + 1"),
        st.tuples(st.sampled_from(SESSIONS)),
    ),
    st.tuples(
        st.just("insert into book.cash_flows values (1, %s, 500) on conflict (portfolio_id, flow_date)"
                " do update set amount = book.cash_flows.amount + 1 where book.cash_flows.amount <> -1"),
        st.tuples(DAY),
    ),
    st.tuples(
        st.just("update book.portfolios set initial_equity = initial_equity + %s where id = 1"),
        st.tuples(st.sampled_from([Decimal(1), Decimal("-0.5")])),
    ),
)  # fmt: skip
CLOSES = st.dictionaries(
    st.tuples(st.sampled_from(["AAA", "BBB", "CCC", "SPY", "MTUM", "AAPL"]), st.sampled_from(SESSIONS)),
    st.sampled_from([12.5, 123.45, 3e8]),
    max_size=3,
)


@modest
@given(histories(), st.lists(st.one_of(EDITS, CLOSES), min_size=1, max_size=3))
def test_changed_is_in_recomputed_is_in_predicted_and_gives_what_a_rebuild_gives(
    world: World, history: tuple[BookCase, MemoryPrices], changes: list[Edit | dict[tuple[str, date], float]]
) -> None:
    case, source = history
    world.start(case, source).run(FIRST, LAST)
    assert predicted(world) == set()
    before = cells(world)
    for change in changes:
        if isinstance(change, dict):
            source = source.restated(change)
            for _, day in change:
                store_prices(world, source, day, day)
        else:
            world.edit_book(*change)
    assert stale_by_recomputation(world) <= predicted(world)
    said = recompute_stale(world)
    assert predicted(world) == set()
    after, tables = cells(world), world.tables()
    assert {cell for cell in after if after[cell] != before.get(cell)} <= said
    check_mirror(world)
    assert rebuilt(world, case) == after
    assert_same(world.tables(), tables)
