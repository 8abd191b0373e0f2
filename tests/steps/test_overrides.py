"""Price overrides by hand: what a portfolio says a close was is its lots' price, and nobody else's."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from pipelines.sessions import offset
from pipelines.tables.specs import SNAPSHOTS
from tests.steps.book_case import FIRST, LAST, BookCase, Lot, Portfolio
from tests.steps.memory_prices import MemoryPrices, random_walks
from tests.steps.test_splits import store_split
from tests.steps.world import World

DAY, NEXT, THIRD = date(2024, 1, 4), date(2024, 1, 5), date(2024, 1, 8)
EXPIRY = date(2024, 1, 10)
CALL = Lot(
    quantity=Decimal(5),
    entry=date(2023, 12, 21),
    entry_price=Decimal("2.5"),
    multiplier=Decimal(100),
    option_type="call",
    strike=Decimal(50),
    expiry=EXPIRY,
)
CASE = BookCase(
    (Portfolio(), Portfolio()),
    (Lot(), Lot(quantity=Decimal(-40)), CALL, Lot(portfolio=2)),
)
CLOSES = {offset(DAY, -1): 98.0, DAY: 100.0, NEXT: 101.0, THIRD: 103.0, EXPIRY: 60.0}


def source() -> MemoryPrices:
    return random_walks(CASE.instruments).restated({("AAA", day): close for day, close in CLOSES.items()})


def override(world: World, symbol: str, day: date, price: str, portfolio: int = 1) -> None:
    world.edit_book(
        "insert into book.price_overrides values (%s, %s, %s, %s)", [portfolio, symbol, day, Decimal(price)]
    )


def pnl(world: World, position: int, day: date) -> Any:
    (found,) = world.rows(
        "select price, price_date, is_stale, is_unpriced, market_value, daily_pnl from analytics.position_pnl"
        " where position_id = %s and session = %s", [position, day],
    )  # fmt: skip
    return found


def fresh(price: float, day: date, market_value: int, daily_pnl: int) -> tuple[Any, ...]:
    return price, day, False, False, Decimal(market_value), Decimal(daily_pnl)


def test_every_lot_of_the_symbol_is_valued_at_it_and_the_next_close_takes_over(world: World) -> None:
    world.start(CASE, source()).run(FIRST, LAST)
    assert pnl(world, 1, DAY) == fresh(100.0, DAY, 100 * 100, 100 * (100 - 98))
    override(world, "AAA", DAY, "90")
    world.run(FIRST, LAST)
    for position, quantity in ((1, 100), (2, -40)):
        assert pnl(world, position, DAY) == fresh(90.0, DAY, quantity * 90, quantity * (90 - 98))
        assert pnl(world, position, NEXT) == fresh(101.0, NEXT, quantity * 101, quantity * (101 - 90))
        assert pnl(world, position, THIRD) == fresh(103.0, THIRD, quantity * 103, quantity * (103 - 101))
    # The other portfolio's lot of the same symbol.
    assert pnl(world, 4, DAY) == fresh(100.0, DAY, 100 * 100, 100 * (100 - 98))


def test_it_moves_its_own_portfolio_and_no_beta_no_price_and_no_option_on_it(world: World) -> None:
    world.start(CASE, source()).run(FIRST, LAST)
    before = world.tables()
    prices = world.dump("select * from market.prices")
    options = "select * from analytics.position_greeks where position_id = 3"
    values = "select * from analytics.position_pnl where position_id in (3, 4)"
    unmoved = [world.dump(one) for one in (options, values)]
    override(world, "AAA", DAY, "90")
    override(world, "AAA", EXPIRY, "1")  # would be worth nothing at this
    world.run(FIRST, LAST)
    after = world.tables()
    for name in ("factor_returns", "factor_betas", "factor_covariance"):
        assert after[name] == before[name]
    assert world.dump("select * from market.prices") == prices
    assert [world.dump(one) for one in (options, values)] == unmoved
    moved = {
        line.split("\t")[1]
        for name in ("rolled_equity", "snapshots", "risk_metrics", "factor_exposures")
        for line in set(after[name]) ^ set(before[name])
    }
    assert moved == {"1"}
    # At expiry: 5 contracts of 100 at the market's 60 − 50.
    assert pnl(world, 3, EXPIRY)[:5] == (10.0, EXPIRY, False, False, Decimal(5 * 100 * 10))


def test_what_has_no_close_is_priced_carried_and_grows_old_as_by_a_close(world: World) -> None:
    gone = source().without([("AAA", date.min, date.max)])
    world.start(CASE, gone).run(FIRST, LAST)
    assert pnl(world, 1, NEXT) == (50.25, None, False, True, Decimal(5025), Decimal(0))
    override(world, "AAA", DAY, "90")
    world.run(FIRST, LAST)
    before = offset(DAY, -1)
    assert pnl(world, 1, before) == (50.25, None, False, True, Decimal(5025), Decimal(0))
    # 100 × (90 − 50.25)
    assert pnl(world, 1, DAY) == (90.0, DAY, False, False, Decimal(9000), Decimal(3975))
    assert pnl(world, 1, NEXT) == (90.0, DAY, True, False, Decimal(9000), Decimal(0))
    assert pnl(world, 1, offset(DAY, 5))[2:4] == (True, False)
    assert pnl(world, 1, offset(DAY, 6))[:4] == (90.0, DAY, False, True)
    assert pnl(world, 4, DAY)[:4] == (50.25, None, False, True)


def test_an_option_is_overridden_by_its_own_symbol(world: World) -> None:
    world.start(CASE, source()).run(FIRST, LAST)
    before = pnl(world, 3, offset(DAY, -1))
    override(world, CALL.instrument, DAY, "7.5")
    world.run(FIRST, LAST)
    worth = 5 * 100 * Decimal("7.5")
    assert pnl(world, 3, DAY) == (7.5, DAY, False, False, worth, worth - before[4])
    # Its delta is of the market's price of the underlying: 0.6 × 5 × 100 × 100.
    delta = (
        "select underlying_price, delta_adjusted_value from analytics.position_greeks"
        " where position_id = 3 and session = %s"
    )
    assert world.rows(delta, [DAY]) == [(100.0, Decimal(30000))]


def test_one_from_long_before_is_carried_like_the_closes_of_then(world: World) -> None:
    """Of an inherited lot: value at inception and after it, until a close comes."""
    case = BookCase((Portfolio(),), (Lot(entry=date(2023, 8, 1)),))
    halted = source().without([("AAA", date(2023, 10, 16), offset(DAY, -1))])
    for last_close, expected in ((date(2023, 10, 17), "90"), (date(2023, 10, 3), None)):
        world.start(case, halted)
        override(world, "AAA", last_close, "90")
        world.run(FIRST, LAST)
        closes = {day: close for day, close in halted.closes["AAA"].items() if day < date(2023, 10, 16)}
        price = Decimal(expected or str(closes[max(closes)]))
        assert pnl(world, 1, offset(FIRST, 1))[4:] == (100 * price, Decimal(0))
        assert pnl(world, 1, DAY) == (100.0, DAY, False, False, Decimal(10_000), 100 * (100 - price))


def test_it_is_raw_of_its_session_when_shares_are_split(world: World) -> None:
    """4:1 from 2024-01-03: a lot of 100 old shares at 25 a new one is worth 100 × 4 × 25, of new ones 100 × 25."""
    case = BookCase((Portfolio(),), (Lot(), Lot(entry=date(2024, 1, 3), entry_price=Decimal("12.5"))))
    world.start(case, source())
    store_split(world, 4.0)
    override(world, "AAA", date(2024, 1, 2), "96")
    override(world, "AAA", DAY, "25")
    world.run(FIRST, LAST)
    assert pnl(world, 1, date(2024, 1, 2))[4] == 100 * 96
    assert [pnl(world, position, DAY)[4] for position in (1, 2)] == [100 * 4 * 25, 100 * 25]


def test_an_exit_price_wins_and_a_price_beyond_belief_is_set_aside(world: World) -> None:
    leaving = replace(Lot(), exit=DAY, exit_price=Decimal("95.5"))
    world.start(BookCase((Portfolio(),), (leaving, Lot())), source())
    override(world, "AAA", DAY, "90")
    override(world, "AAA", NEXT, "2000000000")  # × 100 shares: 2e11 USD
    world.run(FIRST, LAST)
    assert pnl(world, 1, DAY) == (95.5, DAY, False, False, Decimal(0), 100 * (Decimal("95.5") - 98))
    assert pnl(world, 2, NEXT) == (90.0, DAY, False, True, Decimal(9000), Decimal(0))
    # And from the middle of the carried spell.
    stored = world.tables()
    world.run(THIRD, LAST)
    assert world.tables() == stored


@pytest.mark.parametrize(
    ("statement", "sources"),
    [
        ("delete from book.price_overrides", '["memory"]'),
        ("update book.price_overrides set price = 100", '["memory", "override"]'),
    ],
)
def test_taken_back_everything_is_as_it_was_and_both_stay_known(
    world: World, statement: str, sources: str
) -> None:
    """An override that equals the market's close changes no figure, and still is where the price is from."""
    world.start(CASE, source()).run(FIRST, LAST)
    before, figures, instant = world.tables(), snapshot_figures(world), now(world)
    override(world, "AAA", DAY, "90")
    world.run(FIRST, LAST)
    assert world.tables() != before
    overridden = now(world)
    known = "select market_value from analytics.position_pnl_at(%s) where position_id = 1 and session = %s"
    assert world.rows(known, [instant, DAY]) == [(Decimal(10_000),)]
    world.edit_book(statement)
    world.run(FIRST, LAST)
    after = world.tables()
    of_sources = {"snapshots", "slices"} if "override" in sources else set()
    for name in before.keys() - of_sources:
        assert after[name] == before[name], name
    assert snapshot_figures(world) == figures
    stored = "select price_sources from analytics.snapshots where portfolio_id = 1 and session = %s"
    assert world.rows(stored, [DAY]) == [(sources,)]
    assert world.rows(known, [overridden, DAY]) == [(Decimal(9_000),)]
    at = "select price::int from book.price_overrides_at(%s)"
    assert [world.rows(at, [when]) for when in (instant, overridden)] == [[], [(90,)]]


def snapshot_figures(world: World) -> list[str]:
    names = ", ".join(name for name in SNAPSHOTS.column_names if name != "price_sources")
    return world.dump(f"select {names} from analytics.snapshots")


def now(world: World) -> Any:
    return world.rows("select max(committed_at) from analytics.commits")[0][0]
