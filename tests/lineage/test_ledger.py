"""The ledger: its sums are the differences of what is stored, between any two instants."""

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.sessions import offset
from tests.lineage.edits import EDITS, Edit
from tests.steps.book_case import FIRST, LAST, SESSIONS, BookCase, Lot, Portfolio
from tests.steps.memory_prices import MemoryPrices, random_walks
from tests.steps.test_equalities import histories, modest
from tests.steps.test_splits import SPLIT, store_split
from tests.steps.world import World

Stored = dict[tuple[date, int], tuple[Decimal, Decimal]]


def now(world: World) -> datetime:
    found: datetime = world.rows("select max(committed_at) from analytics.commits")[0][0]
    return found


def stored(world: World, instant: datetime) -> Stored:
    rows = world.rows(
        "select session, portfolio_id, net_asset_value, daily_pnl from analytics.snapshots_at(%s)", [instant]
    )
    return {(session, portfolio): (nav, pnl) for session, portfolio, nav, pnl in rows}


def entered(world: World, start: datetime, end: datetime) -> Stored:
    rows = world.rows(
        "select r.session, r.portfolio_id, sum(r.net_asset_value_change), sum(r.daily_pnl_change)"
        " from analytics.restatements r join analytics.commits c on c.commit_id = r.commit_id"
        " where c.committed_at > %s and c.committed_at <= %s group by 1, 2",
        [start, end],
    )
    return {(session, portfolio): (nav, pnl) for session, portfolio, nav, pnl in rows}


@pytest.mark.long
@modest
@given(histories(), st.lists(st.sampled_from(EDITS), min_size=1, max_size=4), st.data())
def test_its_sums_are_the_differences_of_what_is_stored(
    world: World, history: tuple[BookCase, MemoryPrices], edits: list[Edit], data: st.DataObject
) -> None:
    world.start(*history).run(FIRST, LAST)
    instants = [now(world)]
    for edit in edits:
        edit(world)
        start = data.draw(st.sampled_from(SESSIONS))
        world.run(start, data.draw(st.sampled_from([day for day in SESSIONS if day >= start])))
        instants.append(now(world))
    nothing = (Decimal(0), Decimal(0))
    for number, first in enumerate(instants):
        for last in instants[number:]:
            before, after, changes = stored(world, first), stored(world, last), entered(world, first, last)
            assert changes.keys() <= before.keys()
            for key, (nav, pnl) in before.items():
                moved_nav, moved_pnl = changes.get(key, nothing)
                assert after[key] == (nav + moved_nav, pnl + moved_pnl)


CASE = BookCase(
    (Portfolio(), Portfolio()),
    (Lot(), Lot("BBB", portfolio=2), Lot("ACME", private=True, multiplier=Decimal(10))),
    marks=((1, "ACME", date(2024, 1, 4), Decimal(60)),),
    flows=((1, date(2024, 1, 4), Decimal(1000)),),
)
DAY = date(2024, 1, 5)


def restate(world: World) -> None:
    world.source = world.source.restated({("AAA", DAY): 77.5})


def edit(statement: str) -> Callable[[World], None]:
    return lambda world: world.edit_book(statement)


NEXT = date(2024, 1, 8)
ENTRY = date(2023, 12, 20)
FLOW = date(2024, 1, 4)


@pytest.mark.parametrize(
    ("change", "causes", "first", "last"),
    [
        # One other close moves its session's P&L and the next one's; all that is of the book stays moved.
        (restate, ["prices"], DAY, NEXT),
        (edit("update book.portfolios set initial_equity = 1 where id = 1"), ["terms"], SESSIONS[1], LAST),
        (edit("update book.cash_flows set amount = amount + 1"), ["flows"], FLOW, LAST),
        (edit("update book.positions set quantity = quantity + 1 where id = 1"), ["positions"], ENTRY, LAST),
        (edit("update book.positions set multiplier = 100 where id = 3"), ["multipliers"], ENTRY, LAST),
        (edit("update book.private_marks set price = price + 1"), ["marks"], FLOW, LAST),
        # Like one other close.
        (
            edit("insert into book.price_overrides values (1, 'AAA', '2024-01-05', 77.5)"),
            ["overrides"],
            DAY,
            NEXT,
        ),
        (lambda world: store_split(world, 2.0), ["splits"], SPLIT, LAST),
    ],
    ids=["price", "equity", "flow", "lot", "multiplier", "mark", "override", "split"],
)
def test_the_cause_is_what_was_changed(
    world: World, change: Callable[[World], None], causes: list[str], first: date, last: date
) -> None:
    world.start(CASE, random_walks(CASE.instruments)).run(FIRST, LAST)
    change(world)
    world.run(FIRST, LAST)
    rows = world.rows(
        "select portfolio_id, causes, min(session), max(session) from analytics.restatements group by 1, 2"
    )
    assert rows == [(1, causes, first, last)]


def test_a_split_is_a_cause_of_lots_entered_before_it_and_once(world: World) -> None:
    """AAA is split when portfolio 1 holds it; the lot of portfolio 2 is bought in new shares, on the day."""
    late = BookCase((Portfolio(), Portfolio()), (Lot(), Lot(portfolio=2, entry=SPLIT)))
    world.start(late, random_walks(late.instruments)).run(FIRST, LAST)
    store_split(world, 2.0)
    restate(world)  # a close that both hold, after the split
    world.run(FIRST, LAST)
    found = world.rows(
        "select portfolio_id, causes, min(session), max(session) from analytics.restatements"
        " group by 1, 2 order by 1, 3"
    )
    before = offset(DAY, -1)
    assert found == [
        (1, ["splits"], SPLIT, before),
        (1, ["splits", "prices"], DAY, LAST),
        (2, ["prices"], DAY, NEXT),
    ]
    entered = world.rows("select max(commit_id) from analytics.restatements")
    edit("update book.portfolios set initial_equity = initial_equity + 1 where id = 1")(world)
    world.run(FIRST, LAST)
    again = world.rows(
        "select distinct causes from analytics.restatements where commit_id > %s", list(entered[0])
    )
    assert again == [(["terms"],)]


def test_a_row_put_right_is_entered_as_such(world: World) -> None:
    from pipelines.sessions import session_index
    from pipelines.steps.chain import run_step
    from pipelines.steps.plan import Request

    world.start(CASE, random_walks(CASE.instruments)).run(FIRST, LAST)
    world.owner.execute(
        "update analytics.snapshots set net_asset_value = 1 where portfolio_id = 1 and session = %s", [DAY]
    )
    with world.opened(DAY, DAY) as run:
        request = Request(session_index(DAY), session_index(DAY), cascade=False, compare_rows=True)
        run_step(run.database, "snapshots", request, run.input_instant())
    assert world.rows("select session, old_net_asset_value, causes from analytics.restatements") == [
        (DAY, Decimal(1), ["rows"])
    ]


def test_a_run_that_changes_nothing_enters_nothing(world: World) -> None:
    world.start(CASE, random_walks(CASE.instruments)).run(FIRST, LAST)
    world.run(FIRST, LAST)
    assert world.rows("select * from analytics.restatements") == []
