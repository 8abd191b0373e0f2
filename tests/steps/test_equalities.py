"""Whatever way a history is computed, it is the same history: equality to the bit over all derived tables."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from pipelines.steps import work
from pipelines.steps.chain import STEPS
from tests.steps.accounts import check_accounts
from tests.steps.book_case import FIRST, LAST, SESSIONS, BookCase, book_cases, gaps
from tests.steps.memory_prices import MemoryPrices, random_walks
from tests.steps.world import World

modest = settings(
    max_examples=6,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate, Phase.shrink],
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
    ],
)
TABLES = dict[str, list[str]]


@st.composite
def histories(draw: st.DrawFn) -> tuple[BookCase, MemoryPrices]:
    """Draw a book and its prices: cents, with gaps, and now and then one that nobody can believe."""
    case = draw(book_cases())
    source = random_walks(case.instruments).without(draw(gaps(case)))
    beyond = draw(st.lists(st.tuples(st.sampled_from(["AAA", "CCC"]), st.sampled_from(SESSIONS)), max_size=2))
    return case, source.restated(dict.fromkeys(beyond, 3e8))


def whole(world: World, case: BookCase, source: MemoryPrices) -> TABLES:
    """The history from scratch in one range."""
    world.start(case, source).run(FIRST, LAST)
    return world.tables()


def assert_same(found: TABLES, expected: TABLES) -> None:
    for name, rows in expected.items():
        assert found[name] == rows, name


@modest
@given(histories())
def test_the_accounts_are_those_of_plain_decimal_arithmetic(
    world: World, history: tuple[BookCase, MemoryPrices]
) -> None:
    case, source = history
    world.start(case, source).run(FIRST, LAST)
    check_accounts(world, case, LAST)


@pytest.mark.long
@modest
@given(histories(), st.sets(st.sampled_from(SESSIONS[1:]), max_size=4))
def test_any_ranges_one_after_the_other_are_one_range(
    world: World, history: tuple[BookCase, MemoryPrices], cuts: set[date]
) -> None:
    expected = whole(world, *history)
    world.start(*history)
    edges = [FIRST, *sorted(cuts)]
    for start, following in zip(edges, [*edges[1:], None], strict=True):
        end = LAST if following is None else SESSIONS[SESSIONS.index(following) - 1]
        world.run(start, end)
    assert_same(world.tables(), expected)


@pytest.mark.long
@modest
@given(histories(), st.integers(20, 500))
def test_any_chunks_are_one_chunk(world: World, history: tuple[BookCase, MemoryPrices], cells: int) -> None:
    expected = whole(world, *history)
    world.start(*history)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(work, "CELLS_PER_CHUNK", cells)
        world.run(FIRST, LAST)
    assert_same(world.tables(), expected)


@pytest.mark.long
@modest
@given(histories(), st.data())
def test_portfolios_one_by_one_are_all_at_once(
    world: World, history: tuple[BookCase, MemoryPrices], data: st.DataObject
) -> None:
    expected = whole(world, *history)
    world.start(*history)
    for portfolio in data.draw(st.permutations(range(1, len(history[0].portfolios) + 1))):
        world.run(FIRST, LAST, [portfolio])
    assert_same(world.tables(), expected)


@modest
@given(histories(), st.tuples(st.sampled_from(SESSIONS), st.sampled_from(SESSIONS)))
def test_recomputing_any_range_with_unchanged_inputs_writes_nothing(
    world: World, history: tuple[BookCase, MemoryPrices], ends: tuple[date, date]
) -> None:
    world.start(*history).run(FIRST, LAST)
    before = everything(world)
    world.run(min(ends), max(ends))
    world.run(FIRST, LAST)
    assert everything(world) == before


def everything(world: World) -> dict[str, list[str]]:
    """All rows of all tables, commits, instants and history included, but the record of runs."""
    names = world.rows(
        "select format('%I.%I', schemaname, tablename) from pg_tables"
        " where schemaname in ('book', 'market', 'analytics') and tablename <> 'runs'"
    )
    return {name: world.dump(f"select * from {name}") for (name,) in names}


@pytest.mark.long
@modest
@given(histories(), st.data())
def test_a_restated_price_moves_only_what_follows_from_it(
    world: World, history: tuple[BookCase, MemoryPrices], data: st.DataObject
) -> None:
    case, source = history
    world.start(case, source).run(FIRST, LAST)
    before, balances = world.tables(), _balances(world)
    symbol = data.draw(
        st.sampled_from(sorted({lot.symbol for lot in case.lots} - {"SPY", "AAPL"}) or ["AAA"])
    )
    session = data.draw(st.sampled_from(SESSIONS))
    world.source = source.restated({(symbol, session): 123.45})
    world.run(session, session)
    after = world.tables()
    holders = {lot.portfolio for lot in case.lots if symbol in (lot.symbol, lot.instrument)}
    for portfolio in range(1, len(case.portfolios) + 1):
        if portfolio not in holders:
            assert _of(after, portfolio) == _of(before, portfolio)
            assert _balances(world)[portfolio] == balances[portfolio]
    check_mirror(world)
    rebuilt = whole(world, case, world.source)
    assert_same(after, rebuilt)


def _of(tables: TABLES, portfolio: int) -> TABLES:
    column = {"position_pnl": 2, "position_greeks": 2, "slices": 2}
    by_portfolio = ("position_pnl", "rolled_equity", "position_greeks", "factor_exposures")
    return {
        name: [row for row in tables[name] if row.split("\t")[column.get(name, 1)] == str(portfolio)]
        for name in (*by_portfolio, "risk_metrics", "snapshots", "slices")
    }


def _balances(world: World) -> dict[int, tuple[Decimal, date]]:
    rows = world.rows("select id, equity_balance, equity_as_of from book.portfolios")
    return {portfolio: (balance, as_of) for portfolio, balance, as_of in rows}


def check_mirror(world: World) -> None:
    """The balance of every portfolio is its latest closing, or what it started with."""
    assert not world.rows(
        "select p.id from book.portfolios p left join lateral (select * from analytics.rolled_equity r"
        " where r.portfolio_id = p.id order by session desc limit 1) r on true"
        " where (p.equity_balance, p.equity_as_of)"
        " <> (coalesce(r.closing_equity, p.initial_equity), coalesce(r.session, p.inception_date))"
    )


@pytest.mark.long
@modest
@given(histories())
def test_steps_that_find_what_others_stored_in_the_tables_alone(
    world: World, history: tuple[BookCase, MemoryPrices]
) -> None:
    """In a run of its own a step finds nothing kept by the one before."""
    case, source = history
    expected = whole(world, case, source)
    world.start(case, source)
    for step in STEPS:
        world.run(FIRST, LAST, steps=[step])
    assert_same(world.tables(), expected)
