"""System versions: what a past instant shows never changes."""

import threading
from datetime import datetime
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from pipelines.postgres import DatabaseUrls, Role
from tests.tables.conftest import Connect


@pytest.fixture(autouse=True)
def _one_portfolio(owner: psycopg.Connection[Any], connect: Connect) -> None:
    owner.execute(
        "truncate book.users, book.portfolios, book.portfolios_history, book.positions, book.positions_history,"
        " book.tags, book.tags_history, book.position_tags, book.position_tags_history, book.private_marks,"
        " book.private_marks_history, book.cash_flows, book.cash_flows_history, analytics.commits"
        " restart identity cascade"
    )
    intake = connect(Role.INTAKE)
    with intake.transaction():
        intake.execute("select analytics.begin_commit(null, 'start')")
        intake.execute("insert into book.users (username, password_hash) values ('owner', 'x')")
        intake.execute(
            "insert into book.portfolios (owner_id, name, initial_equity, inception_date)"
            " values (1, 'main', 1000, '2024-01-02'), (1, 'second', 5, '2024-01-02')"
        )


@pytest.fixture
def intake(connect: Connect) -> psycopg.Connection[Any]:
    return connect(Role.INTAKE)


def commit(connection: psycopg.Connection[Any], *statements: str) -> int:
    """One commit of some statements; its id."""
    with connection.transaction():
        (found,) = connection.execute("select analytics.begin_commit(null, 'test')").fetchall()[0]
        for statement in statements:
            connection.execute(statement)
    return int(found)


def settled(connection: psycopg.Connection[Any]) -> datetime:
    (found,) = connection.execute("select analytics.settled_instant()").fetchall()[0]
    assert isinstance(found, datetime)
    return found


def test_instants_ascend_in_order_of_visibility_under_concurrent_writers(
    module_database: DatabaseUrls, owner: psycopg.Connection[Any]
) -> None:
    """While writers commit, a reader looks: an instant, once settled, is never joined by an earlier commit."""
    ended, seen = threading.Event(), []

    def write(number: int) -> None:
        with psycopg.connect(module_database.intake, autocommit=True) as connection:
            for turn in range(25):
                commit(
                    connection,
                    f"insert into book.private_marks values (1, 'W{number}', date '2024-01-01' + {turn}, 1)",
                )

    def read() -> None:
        query = (
            "select array_agg(commit_id order by commit_id) from analytics.commits where committed_at <= %s"
        )
        with psycopg.connect(module_database.reader, autocommit=True) as connection:
            while not ended.is_set():
                instant = settled(connection)
                seen.append((instant, connection.execute(query, [instant]).fetchall()[0][0]))

    reader = threading.Thread(target=read)
    writers = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for thread in (reader, *writers):
        thread.start()
    for thread in writers:
        thread.join()
    ended.set()
    reader.join()
    rows = owner.execute("select committed_at from analytics.commits order by committed_at").fetchall()
    instants = [instant for (instant,) in rows]
    assert len(set(instants)) == len(instants) == 101
    assert None not in instants
    assert len({instant for instant, _ in seen}) > 3
    final = "select array_agg(commit_id order by commit_id) from analytics.commits where committed_at <= %s"
    for instant, known in seen:
        assert owner.execute(final, [instant]).fetchall()[0][0] == known


def test_a_commit_that_began_earlier_and_ends_later_is_later(
    connect: Connect, owner: psycopg.Connection[Any]
) -> None:
    """Stamped when it began it would appear retroactively."""
    slow, quick = connect(Role.INTAKE), connect(Role.INTAKE)
    with slow.transaction():
        slow.execute("select analytics.begin_commit(null, 'slow')")
        slow.execute("insert into book.cash_flows values (1, '2024-01-02', 5)")
        commit(quick, "insert into book.cash_flows values (1, '2024-01-03', 6)")
        instant = settled(quick)
    shown = owner.execute("select amount from book.cash_flows_at(%s)", [instant]).fetchall()
    assert shown == [(Decimal(6),)]
    order = owner.execute("select action from analytics.commits order by committed_at").fetchall()
    assert order == [("start",), ("test",), ("slow",)]


def test_an_instant_is_settled_only_when_what_is_being_stamped_is_visible(
    connect: Connect, owner: psycopg.Connection[Any]
) -> None:
    """The writer has its stamp, and so the lock, but is not visible yet: who asks for the instant waits."""
    writer, other = connect(Role.INTAKE), connect(Role.READER)
    found: list[datetime] = []
    thread = threading.Thread(target=lambda: found.append(settled(other)))
    with writer.transaction():
        writer.execute("select analytics.begin_commit(null, 'stamped early')")
        writer.execute("set constraints all immediate")
        thread.start()
        thread.join(0.3)
        assert thread.is_alive()
    thread.join()
    (stamp,) = owner.execute("select max(committed_at) from analytics.commits").fetchall()[0]
    assert found == [stamp]


def test_who_asks_for_the_settled_instant_holds_up_nobody(
    connect: Connect, intake: psycopg.Connection[Any]
) -> None:
    """A reader may keep its transaction open for as long as it likes."""
    reader = connect(Role.READER)
    with reader.transaction():
        instant = settled(reader)
        intake.execute("set lock_timeout = '2s'")
        commit(intake, "insert into book.cash_flows values (1, '2024-01-02', 5)")
        assert settled(intake) > instant


def test_rows_cannot_be_written_after_the_stamp(intake: psycopg.Connection[Any]) -> None:
    with pytest.raises(psycopg.Error, match="begin_commit first"), intake.transaction():
        intake.execute("select analytics.begin_commit(null, 'early')")
        intake.execute("set constraints all immediate")
        intake.execute("insert into book.cash_flows values (1, '2024-01-02', 5)")


@pytest.mark.parametrize(
    "statement",
    [
        "insert into book.cash_flows values (1, '2024-01-02', 5)",
        "update book.portfolios set name = 'new name' where id = 1",
        "delete from book.portfolios where id = 2",
        "insert into book.tags (owner_id, name) values (1, 'growth')",
    ],
)
def test_an_unversioned_write_of_the_book_is_refused(intake: psycopg.Connection[Any], statement: str) -> None:
    with pytest.raises(psycopg.Error, match="begin_commit first"):
        intake.execute(statement)


def test_the_commit_of_another_transaction_does_not_serve(intake: psycopg.Connection[Any]) -> None:
    old = commit(intake)
    with pytest.raises(psycopg.Error, match="begin_commit first"), intake.transaction():
        intake.execute("select set_config('sigmasight.commit_id', %s, true)", [str(old)])
        intake.execute("insert into book.cash_flows values (1, '2024-01-02', 5)")


def test_versioned_rows_are_written_in_read_committed_only(intake: psycopg.Connection[Any]) -> None:
    intake.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    with pytest.raises(psycopg.Error, match="READ COMMITTED"):
        commit(intake)


def test_one_transaction_has_one_commit_and_a_savepoint_can_take_it_back(
    intake: psycopg.Connection[Any], owner: psycopg.Connection[Any]
) -> None:
    with intake.transaction():
        with pytest.raises(ZeroDivisionError), intake.transaction():
            intake.execute("select analytics.begin_commit(null, 'taken back')")
            raise ZeroDivisionError
        first = intake.execute("select analytics.begin_commit(null, 'kept')").fetchall()
        assert intake.execute("select analytics.begin_commit(null, 'again')").fetchall() == first
        intake.execute("insert into book.cash_flows values (1, '2024-01-02', 5)")
    actions = owner.execute("select action from analytics.commits order by committed_at").fetchall()
    assert actions == [("start",), ("kept",)]


def test_an_update_that_changes_nothing_keeps_the_commit(
    intake: psycopg.Connection[Any], owner: psycopg.Connection[Any]
) -> None:
    first = commit(intake, "insert into book.cash_flows values (1, '2024-01-02', 5), (1, '2024-01-03', 6)")
    second = commit(
        intake,
        "update book.cash_flows set amount = 5.0000",
        "update book.cash_flows set commit_id = 1 where amount = 5",
    )
    rows = owner.execute(
        "select flow_date::text, amount, commit_id from book.cash_flows order by 1"
    ).fetchall()
    assert rows == [("2024-01-02", 5, first), ("2024-01-03", 5, second)]
    past = owner.execute(
        "select flow_date::text, amount, commit_id, superseded_by from book.cash_flows_history"
    )
    assert past.fetchall() == [("2024-01-03", 6, first, second)]


def test_a_row_changed_twice_in_one_commit_leaves_one_version(
    intake: psycopg.Connection[Any], owner: psycopg.Connection[Any]
) -> None:
    commit(intake, "insert into book.cash_flows values (1, '2024-01-02', 5)")
    commit(
        intake,
        "update book.cash_flows set amount = 6",
        "delete from book.cash_flows",
        "insert into book.cash_flows values (1, '2024-01-02', 7)",
        "update book.cash_flows set amount = 8",
    )
    assert owner.execute("select amount from book.cash_flows_history").fetchall() == [(5,)]
    assert owner.execute("select amount from book.cash_flows").fetchall() == [(8,)]


def test_the_pipeline_s_equity_columns_leave_no_version(
    connect: Connect, owner: psycopg.Connection[Any]
) -> None:
    before = owner.execute("select commit_id from book.portfolios").fetchall()
    connect(Role.PIPELINE).execute(
        "update book.portfolios set equity_balance = 1, equity_as_of = '2024-02-01'"
    )
    assert owner.execute("select commit_id from book.portfolios").fetchall() == before
    assert owner.execute("select 1 from book.portfolios_history").fetchall() == []


Op = tuple[str, str, int]
operations = st.lists(
    st.lists(
        st.tuples(
            st.sampled_from(["put", "put", "remove", "rename"]), st.sampled_from("ABC"), st.integers(1, 3)
        ),
        max_size=4,
    ),
    min_size=1,
    max_size=8,
)


def apply(connection: psycopg.Connection[Any], model: dict[str, int], operation: Op) -> None:
    """Do an operation to the marks in the database and to their model."""
    what, symbol, price = operation
    if what == "put":
        connection.execute(
            "insert into book.private_marks values (1, %s, '2024-01-02', %s)"
            " on conflict (portfolio_id, symbol, mark_date) do update set price = excluded.price",
            [symbol, price],
        )
        model[symbol] = price
    elif what == "remove":
        connection.execute("delete from book.private_marks where symbol = %s", [symbol])
        model.pop(symbol, None)
    elif symbol in model and f"{symbol}{price}" not in model:
        connection.execute(
            "update book.private_marks set symbol = %s where symbol = %s", [f"{symbol}{price}", symbol]
        )
        model[f"{symbol}{price}"] = model.pop(symbol)


def marks(connection: psycopg.Connection[Any], instant: datetime | None) -> dict[str, int]:
    rows = connection.execute("select symbol, price from book.private_marks_at(%s)", [instant]).fetchall()
    assert len({symbol for symbol, _ in rows}) == len(rows)
    return {symbol: int(price) for symbol, price in rows}


@settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate, Phase.shrink],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(operations)
def test_every_past_instant_shows_what_was_true_then(connect: Connect, commits: list[list[Op]]) -> None:
    """Commits of any edits, against a dict per commit: after each commit, all instants before it still show theirs."""
    connection = connect(Role.INTAKE)
    model: dict[str, int] = {}
    commit(connection, "delete from book.private_marks")
    past: list[tuple[datetime, dict[str, int]]] = []
    for operations_of_commit in commits:
        past.append((settled(connection), dict(model)))
        with connection.transaction():
            connection.execute("select analytics.begin_commit(null, 'edit')")
            for operation in operations_of_commit:
                apply(connection, model, operation)
        assert marks(connection, None) == model
        for instant, expected in past:
            assert marks(connection, instant) == expected
    connection.close()
