"""What has changed since it was computed is stale, and only that: nothing is called broken."""

from collections.abc import Callable, Iterator
from datetime import date

import psycopg
import pytest

from pipelines.postgres.credentials import DatabaseUrls
from pipelines.sources.simulated import SimulatedPrices
from pipelines.steps.chain import STEPS
from pipelines.verify import Proof, Scope
from tests.verify import world
from tests.verify.world import Restated, prove, run


@pytest.fixture(scope="module")
def current(module_database: DatabaseUrls) -> DatabaseUrls:
    world.fill_book(module_database)
    run(module_database)
    return module_database


def edit_book(statement: str) -> Callable[[DatabaseUrls], None]:
    def edit(urls: DatabaseUrls) -> None:
        with psycopg.connect(urls.intake) as connection:
            connection.execute("select analytics.begin_commit(null, 'edit')")
            assert connection.execute(statement).rowcount > 0

    return edit


def restate(urls: DatabaseUrls) -> None:
    run(urls, Restated("XOM", "2021-06-01", 61.5), date(2021, 6, 1), date(2021, 6, 1), steps=())


def as_by_older_code(urls: DatabaseUrls) -> None:
    with psycopg.connect(urls.owner) as connection:
        connection.execute("update analytics.slices set code_version = '0' where asset = 'snapshots'")


def first(proof: Proof, table: str, portfolio_id: int | None) -> date | None:
    found = [
        f.session for f in proof.stale if (f.table, f.portfolio_id) == (table, portfolio_id) and f.session
    ]
    return min(found, default=None)


CHANGES: dict[str, tuple[Callable[[DatabaseUrls], None], str, int | None, date]] = {
    "price restated": (restate, "position_pnl", 1, date(2021, 6, 1)),
    "price restated, its betas": (restate, "factor_betas", None, date(2021, 6, 1)),
    "quantity edited": (
        edit_book("update book.positions set quantity = 900 where id = 1"),
        "position_pnl",
        1,
        date(2021, 4, 1),
    ),
    "position added": (
        edit_book(
            "insert into book.positions (portfolio_id, symbol, asset_class, position_type, quantity, entry_price,"
            " entry_date, multiplier) values (2, 'MSFT', 'PUBLIC', 'LONG', 10, 250, '2021-06-01', 1)"
        ),
        "position_pnl",
        2,
        date(2021, 6, 1),
    ),
    "position removed": (
        edit_book("delete from book.positions where id = 8"),
        "position_pnl",
        1,
        date(2021, 4, 1),
    ),
    "mark added": (
        edit_book("insert into book.private_marks values (1, 'ACME', '2021-06-01', 44)"),
        "position_pnl",
        1,
        date(2021, 6, 1),
    ),
    "close overridden": (
        edit_book("insert into book.price_overrides values (1, 'XOM', '2021-06-01', 44)"),
        "position_pnl",
        1,
        date(2021, 6, 1),
    ),
    "flow added": (
        edit_book("insert into book.cash_flows values (2, '2021-06-05', 500)"),
        "rolled_equity",
        2,
        date(2021, 6, 7),
    ),
    "initial equity edited": (
        edit_book("update book.portfolios set initial_equity = 1000001 where id = 1"),
        "rolled_equity",
        1,
        date(2021, 4, 1),
    ),
    "older code": (as_by_older_code, "snapshots", 1, date(2021, 4, 1)),
}


@pytest.fixture
def changed(current: DatabaseUrls) -> Iterator[DatabaseUrls]:
    """The shared database, brought up to date again after the test."""
    yield current
    with psycopg.connect(current.intake) as connection:
        connection.execute("select analytics.begin_commit(null, 'undo')")
        connection.execute("delete from book.private_marks where price = 44")
        connection.execute("delete from book.price_overrides where price = 44")
        connection.execute("delete from book.cash_flows where amount = 500")
        connection.execute("delete from book.positions where portfolio_id = 2 and symbol = 'MSFT'")
    run(current)
    assert prove(current).exit_code == 0


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_a_change_makes_stale_and_nothing_broken(
    changed: DatabaseUrls, change: tuple[Callable[[DatabaseUrls], None], str, int | None, date]
) -> None:
    act, table, portfolio_id, since = change
    act(changed)
    proof = prove(changed)
    assert proof.broken == []
    assert proof.exit_code == 2
    assert first(proof, table, portfolio_id) == since


def test_another_risk_free_rate_is_stale(current: DatabaseUrls) -> None:
    proof = prove(current, risk_free_rate=0.05)
    assert proof.exit_code == 2
    assert {finding.table for finding in proof.stale} == {"risk_metrics"}


def test_an_interrupted_run_is_stale_where_it_stopped(changed: DatabaseUrls) -> None:
    run(changed, end=date(2021, 7, 28), steps=list(STEPS)[:3])
    proof = prove(changed)
    assert proof.broken == []
    assert {(f.table, f.session) for f in proof.stale if f.portfolio_id == 2} == {
        (table, date(2021, 7, 28)) for table in ("factor_exposures", "risk_metrics", "snapshots")
    }
    run(changed, end=date(2021, 7, 28))


def test_a_period_goes_on_from_a_stale_session(changed: DatabaseUrls) -> None:
    """A run is interrupted once equity is rolled, and the next one starts later: its sums are new, those before not."""
    edit_book("update book.positions set quantity = quantity * 2 where id = 1")(changed)
    run(changed, steps=list(STEPS)[:2])
    run(changed, start=date(2021, 6, 15))
    proof = prove(changed)
    assert proof.broken == []
    assert {(f.session, f.kind) for f in proof.findings if f.check == "period_pnl_accumulates"} == {
        (date(2021, 6, 15), "stale")
    }


def test_the_firm_s_tables_may_be_ahead_of_the_books(database: DatabaseUrls) -> None:
    """A range after a hole leaves the books out, but not the firm's tables; the run that fills it is interrupted."""
    world.fill_book(database)
    run(database, end=date(2021, 5, 5))
    run(database, start=date(2021, 5, 10), end=date(2021, 5, 10))
    assert prove(database).broken == []
    run(database, start=date(2021, 5, 6), end=date(2021, 5, 7), steps=list(STEPS)[:2])
    proof = prove(database)
    assert proof.broken == []
    assert {(f.session, f.portfolio_id) for f in proof.stale if f.table == "factor_returns"} == {
        (date(2021, 5, 6), None)
    }
    run(database, start=date(2021, 5, 6), end=date(2021, 5, 10))
    assert prove(database).findings == []


def test_a_range_is_proven_by_itself(current: DatabaseUrls) -> None:
    proof = prove(current, Scope(date(2021, 5, 20), date(2021, 6, 10)))
    assert proof.findings == []
    # 15 sessions, Memorial Day left out: 6 tables of 2 portfolios and 3 of the firm
    assert proof.recomputed == 15 * (6 * 2 + 3)
    assert proof.slices == proof.recomputed + 15  # and of prices


def test_the_proof_of_nothing(database: DatabaseUrls) -> None:
    proof = prove(database)
    assert (proof.exit_code, proof.rows, proof.slices) == (0, 0, 0)


def test_a_proof_sees_one_instant_and_waits_for_nobody(current: DatabaseUrls) -> None:
    """An open transaction of the writer that has locked everything and altered a row is neither seen nor waited for."""
    with psycopg.connect(current.pipeline) as writer:
        writer.execute("select pg_advisory_lock(7426002)")
        writer.execute("lock table analytics.snapshots in row exclusive mode")
        writer.execute("update analytics.snapshots set cash = cash + 1")
        assert prove(current).exit_code == 0
        writer.rollback()


def test_a_session_at_a_time_is_clean_too(database: DatabaseUrls) -> None:
    world.fill_book(database)
    run(database, end=date(2021, 5, 5))
    for day in (date(2021, 5, 6), date(2021, 5, 7), date(2021, 5, 10)):
        run(database, SimulatedPrices(), day, day)
    assert prove(database).findings == []


@pytest.mark.parametrize(
    "alter",
    [restate, edit_book("update book.portfolios set initial_equity = initial_equity + 1 where id = 1")],
    ids=["price", "equity"],
)
def test_what_goes_on_from_a_stale_row_is_stale(
    changed: DatabaseUrls, alter: Callable[[DatabaseUrls], None]
) -> None:
    """A run that starts after what has changed goes on from what is stored there, and replaces what follows."""
    alter(changed)
    run(changed, Restated("XOM", "2021-06-22", 62.5), start=date(2021, 6, 15))
    proof = prove(changed)
    assert proof.broken == []
    assert proof.exit_code == 2
