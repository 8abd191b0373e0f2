"""Which closes a run asks a source for that is no vendor."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from pipelines.calc.types import Columns
from pipelines.sessions import offset, session_index, session_range
from pipelines.steps.fetch import fetch_prices, missing_prices
from pipelines.steps.fetched import Fetched
from pipelines.steps.plan import Request
from tests.steps.book_case import FIRST, LAST, SESSIONS, BookCase, Lot, Portfolio
from tests.steps.memory_prices import END, PROXIES, START, UNIVERSE, MemoryPrices
from tests.steps.world import World

DAYS: list[date] = session_range(START, END).tolist()
SYMBOLS = ("AAA", *PROXIES, *UNIVERSE)
CLOSES = MemoryPrices({symbol: dict.fromkeys(DAYS, 50.0) for symbol in SYMBOLS})
BOOK = BookCase((Portfolio(),), (Lot("AAA", Decimal(10), Decimal(50), date(2023, 12, 1)),))

MIDDLE = SESSIONS[5], SESSIONS[7]
HOLES = [("AAA", SESSIONS[2]), ("AAA", SESSIONS[-2]), ("SPY", SESSIONS[-1])]
"""Not stored: before and after the range that is run."""


class Watched(MemoryPrices):
    """Notes the calls: symbols, and first and last day."""

    def __init__(self) -> None:
        super().__init__(CLOSES.closes)
        self.calls: list[tuple[list[str], date, date]] = []

    def prices(self, symbols: Sequence[str], start: date, end: date) -> Columns:
        self.calls.append((list(symbols), start, end))
        return super().prices(symbols, start, end)


def with_holes(world: World) -> None:
    world.start(BOOK, CLOSES.without([(symbol, day, day) for symbol, day in HOLES])).run(
        FIRST, LAST, steps=()
    )


def ask(world: World, stale_only: bool = False) -> tuple[Fetched, Watched]:
    source = Watched()
    request = Request(*(session_index(day) for day in MIDDLE), stale_only=stale_only)
    with world.opened(*MIDDLE) as run, run.database.transaction():
        return fetch_prices(run.database, source, request), source


def test_a_range_is_asked_anew_and_what_is_missing_before_it(world: World) -> None:
    with_holes(world)
    fetched, source = ask(world)
    stored = world.rows("select symbol, session from market.prices")
    # What is missing after the range, no session of the run looks at.
    assert [hole in stored for hole in HOLES] == [True, False, False]
    assert fetched.written == 1
    asked = {(tuple(names), start, end) for names, start, end in source.calls}
    assert (("AAA",), SESSIONS[2], MIDDLE[1]) in asked
    others = next(names for names, start, end in asked if (start, end) == MIDDLE)
    assert set(PROXIES) | set(UNIVERSE) == set(others)


def test_what_is_stale_is_recomputed_from_stored_closes_and_asks_for_missing_ones_alone(world: World) -> None:
    with_holes(world)
    fetched, source = ask(world, stale_only=True)
    assert fetched.written == 1
    known = [call for call in source.calls if set(call[0]) & set(SYMBOLS)]
    assert known == [(["AAA"], SESSIONS[2], SESSIONS[2])]


def test_a_dry_run_names_what_is_missing_and_asks_nobody(world: World) -> None:
    with_holes(world)
    source = Watched()
    request = Request(session_index(FIRST), session_index(LAST))
    with world.opened(FIRST, LAST) as run:
        found = missing_prices(run.database, source, request)
    assert source.calls == []
    assert {symbol: found.missing.get(symbol) for symbol in SYMBOLS if symbol in found.missing} == {
        "AAA": 2,
        "SPY": 1,
    }


def test_the_day_after_asks_for_one_session_of_each_symbol(world: World) -> None:
    world.start(BOOK, CLOSES).run(FIRST, LAST, steps=())
    day = offset(LAST, 1)
    source = Watched()
    with world.opened(day, day) as run, run.database.transaction():
        fetched = fetch_prices(run.database, source, Request(session_index(day), session_index(day)))
    assert fetched.written == len(SYMBOLS)
    known = [
        (set(names) & set(SYMBOLS), start, end)
        for names, start, end in source.calls
        if set(names) & set(SYMBOLS)
    ]
    assert known == [(set(SYMBOLS), day, day)]
