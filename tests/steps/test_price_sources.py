"""Where a portfolio's prices came from is stored with its snapshot, and follows when only that changes."""

import json
from datetime import date
from decimal import Decimal

from pipelines.sessions import session_index
from pipelines.steps.chain import STEPS, run_step
from pipelines.steps.plan import Request
from tests.steps.book_case import FIRST, LAST, BookCase, Lot
from tests.steps.book_case import Portfolio as Of
from tests.steps.memory_prices import random_walks
from tests.steps.world import World

GAP, LATER, EXPIRY = date(2023, 12, 28), date(2024, 1, 3), date(2024, 1, 5)
CALL = Lot("CCC", Decimal(5), option_type="call", strike=Decimal(1), expiry=EXPIRY, portfolio=2)
CASE = BookCase(
    portfolios=(Of(), Of()),
    lots=(
        Lot("AAA"),
        Lot("BBB", Decimal(-100), exit=LATER),
        Lot("ACME", private=True),
        Lot("NONE"),
        CALL,
    ),
    overrides=((1, "AAA", LATER, Decimal(50)), (2, "AAA", LATER, Decimal(50))),
)
"""AAA has no close from GAP until its override; NONE has none at all. Portfolio 2 overrides what it does not hold."""


def sources(world: World, portfolio: int) -> dict[date, list[str]]:
    found = world.rows(
        "select session, price_sources from analytics.snapshots where portfolio_id = %s order by session",
        [portfolio],
    )
    return {session: json.loads(names) for session, names in found}


def relabel(world: World, symbol: str, day: date, source: str) -> None:
    """The very close, of another source."""
    with world.pipeline.transaction():
        world.pipeline.execute("select analytics.begin_commit(null, 'test')")
        ((close,),) = world.pipeline.execute(
            "delete from market.prices where symbol = %s and session = %s returning close", [symbol, day]
        ).fetchall()
        world.pipeline.execute(
            "insert into market.prices (session, symbol, close, source, commit_id)"
            " values (%s, %s, %s, %s, analytics.current_commit())",
            [day, symbol, close, source],
        )


def recompute(world: World) -> None:
    """What is stale, without fetching anything."""
    request = Request(session_index(FIRST), session_index(LAST), stale_only=True)
    with world.opened(FIRST, LAST) as run:
        for step in STEPS:
            run_step(run.database, step, request, run.input_instant())


def stale_snapshots(world: World) -> set[tuple[date, int]]:
    return {
        (session, portfolio)
        for portfolio, first, last in world.rows(
            "select portfolio_id, first_session, last_session"
            " from analytics.stale_slices(null, '-infinity', 'infinity') where asset = 'snapshots'"
        )
        for (session,) in world.rows(
            "select session from market.sessions where session between %s and %s", [first, last]
        )
    }


def test_they_are_of_the_closes_used_and_of_nothing_else(world: World) -> None:
    prices = random_walks(CASE.instruments - {"NONE"}).without([("AAA", GAP, date(2024, 1, 2))])
    prices.closes.pop("NONE", None)
    world.start(CASE, prices).run(FIRST, LAST)
    first, second = sources(world, 1), sources(world, 2)
    entry = date(2023, 12, 20)
    assert all(names == [] for day, names in first.items() if day < entry)
    assert all(names == ["memory"] for day, names in first.items() if entry <= day < LATER)
    # BBB is sold, so AAA's override alone is left, and then its own closes.
    assert first[LATER] == ["override"]
    assert all(names == ["memory"] for day, names in first.items() if day > LATER)
    assert all(names == (["memory"] if entry <= day <= EXPIRY else []) for day, names in second.items())

    before = world.tables()
    last_close = date(2023, 12, 27)
    relabel(world, "AAA", last_close, "file")
    relabel(world, CALL.instrument, EXPIRY, "of its own")  # at expiry the underlying's price is used
    relabel(world, "CCC", EXPIRY, "yfinance")
    assert stale_snapshots(world) >= {(last_close, 1), (EXPIRY, 2)}
    recompute(world)
    carried = {day for day in first if last_close <= day < LATER}
    assert sources(world, 1) == first | {day: ["file", "memory"] for day in carried}
    assert sources(world, 2) == second | {EXPIRY: ["yfinance"]}
    assert stale_snapshots(world) == set()

    # Nothing else is another, and what is stored is what all of it gives.
    after = world.tables()
    assert {name for name in before if before[name] != after[name]} == {"snapshots", "slices"}
    world.owner.execute("truncate analytics.snapshots, analytics.slices")
    request = Request(session_index(FIRST), session_index(LAST))
    with world.opened(FIRST, LAST) as run:
        for step in STEPS:
            run_step(run.database, step, request, run.input_instant())
    assert world.tables() == after
