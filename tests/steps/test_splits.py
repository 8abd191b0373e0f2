"""A split in the middle of a history: no number moves, whatever is computed when."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

from pipelines.sessions import offset
from tests.steps.book_case import FIRST, LAST, BookCase, Lot, Portfolio
from tests.steps.memory_prices import MemoryPrices, random_walks
from tests.steps.world import World

SPLIT = date(2024, 1, 3)
OPTION = Lot(
    quantity=Decimal(5), entry=date(2023, 12, 21), entry_price=Decimal("2.5"), multiplier=Decimal(100)
)
CASE = BookCase(
    (Portfolio(inception=FIRST),),
    (
        Lot(entry=date(2023, 12, 1)),  # inherited
        Lot(quantity=Decimal(-40)),
        Lot(entry=date(2024, 1, 8)),  # after the split
        replace(OPTION, option_type="call", strike=Decimal(50), expiry=date(2024, 1, 10)),
        replace(OPTION, option_type="put", strike=Decimal("87.5"), expiry=date(2024, 2, 16)),
    ),
)
QUIET = ("AAA",)


def source(ratio: float) -> MemoryPrices:
    walks = random_walks({"AAA", *CASE.instruments})
    closes = {day: close / (ratio if day >= SPLIT else 1.0) for day, close in walks.closes["AAA"].items()}
    return MemoryPrices({**walks.closes, "AAA": closes})


def store_split(world: World, ratio: float) -> None:
    with world.pipeline.transaction():
        world.pipeline.execute("select analytics.begin_commit(null, 'test')")
        world.pipeline.execute(
            "insert into market.splits select 'AAA', %s, 1, %s, 'test',"
            " nullif(current_setting('sigmasight.commit_id', true), '')::bigint",
            [SPLIT, ratio],
        )


def case(ratio: float) -> BookCase:
    """The book with the third lot, bought after the split, in new shares."""
    third = replace(CASE.lots[2], entry_price=CASE.lots[2].entry_price / Decimal(ratio))
    third = replace(third, quantity=third.quantity * Decimal(ratio))
    return replace(CASE, lots=(*CASE.lots[:2], third, *CASE.lots[3:]))


def figures(world: World) -> dict[str, list[str]]:
    """What a portfolio is worth and risks, and every beta."""
    keep = ("rolled_equity", "factor_betas", "factor_returns", "factor_exposures", "risk_metrics")
    tables = world.tables()
    return {name: tables[name] for name in keep} | {
        "lots": world.dump(
            "select session, position_id, market_value, daily_pnl, unrealized_pnl from analytics.position_pnl"
        ),
        "snapshots": world.dump(
            "select session, net_asset_value, gross_exposure, delta_net_exposure from analytics.snapshots"
        ),
    }


def test_no_number_moves_for_a_split(world: World) -> None:
    """4 is a power of two, so that old and new shares are the same bits."""
    world.start(case(1.0), source(1.0)).run(offset(FIRST, 1), LAST)
    unsplit = figures(world)
    world.start(case(4.0), source(4.0))
    store_split(world, 4.0)
    world.run(offset(FIRST, 1), LAST)
    assert figures(world) == unsplit


def test_ranges_do_not_matter(world: World) -> None:
    world.start(case(4.0), source(4.0))
    store_split(world, 4.0)
    world.run(offset(FIRST, 1), LAST)
    whole = world.tables()
    world.start(case(4.0), source(4.0))
    store_split(world, 4.0)
    day = offset(FIRST, 1)
    while day <= LAST:
        world.run(day, day)
        day = offset(day, 1)
    assert world.tables() == whole


def test_without_the_split_the_nav_falls(world: World) -> None:
    """The same closes without the row in market.splits: what the table is for."""
    world.start(case(4.0), source(4.0)).run(offset(FIRST, 1), LAST)
    wrong = figures(world)
    world.start(case(4.0), source(4.0))
    store_split(world, 4.0)
    world.run(offset(FIRST, 1), LAST)
    assert figures(world)["rolled_equity"] != wrong["rolled_equity"]
