"""Position files become portfolios: all or nothing, once."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import date
from decimal import Decimal

import psycopg
import pytest

from api.intake.errors import ConflictError, IntakeError, NotFoundError
from api.intake.import_positions import ImportResult, import_portfolio
from api.intake.terms import LOOKBACK_SESSIONS
from pipelines.sessions import FIRST_PARTITION, offset, session_range
from pipelines.sources.positions_csv import PositionFileError

from .conftest import Book

SAMPLE = b"""ticker,quantity,entry_price,entry_date,tags
AAPL,1000,150.00,2024-01-15,"momentum,tech"
MSFT,-500,380.00,2024-01-20,"hedge,tech"
AAPL240119C00150000,10,5.50,2024-01-10,"hedge,options"
"""
GROSS_COST = 1000 * 150 + 500 * 380 + 10 * 100 * Decimal("5.5")
HEADER = b"ticker,quantity,entry_price,entry_date,tags,asset_class,exit_date,exit_price,multiplier,name\n"


def run(
    book: Book, data: bytes = SAMPLE, name: str = "Main", owner: str = "ann", **options: object
) -> ImportResult:
    with book.intake() as connection:
        return import_portfolio(connection, owner, name, "book.csv", data, book.today, **options)  # type: ignore[arg-type]


def test_the_sample_of_the_requirements(book: Book) -> None:
    result = run(book)
    assert result == ImportResult(
        portfolio_id=result.portfolio_id,
        positions=3,
        created=True,
        initial_equity=GROSS_COST,
        inception_date=date(2024, 1, 9),  # the session before 2024-01-10, a Wednesday
        warnings=(),
    )
    portfolios = book.ask(
        "select name, initial_equity, inception_date, equity_balance, equity_as_of, username "
        "from book.portfolios p join book.users u on u.id = owner_id"
    )
    assert portfolios == [("Main", GROSS_COST, date(2024, 1, 9), GROSS_COST, date(2024, 1, 9), "ann")]
    lots = book.ask(
        "select symbol, asset_class, position_type, quantity, entry_price, entry_date, multiplier, underlying, "
        "option_type, strike, expiry from book.positions order by id"
    )
    assert lots == [
        ("AAPL", "PUBLIC", "LONG", 1000, 150, date(2024, 1, 15), 1, None, None, None, None),
        ("MSFT", "PUBLIC", "SHORT", -500, 380, date(2024, 1, 20), 1, None, None, None, None),
        ("AAPL240119C00150000", "OPTION", "LC", 10, Decimal("5.5"), date(2024, 1, 10), 100, "AAPL", "call", 150,
         date(2024, 1, 19)),
    ]  # fmt: skip
    tags = book.ask(
        "select p.symbol, string_agg(t.name, ',' order by t.name) from book.position_tags "
        "join book.positions p on p.id = position_id join book.tags t on t.id = tag_id group by p.id order by p.id"
    )
    assert [names for _, names in tags] == ["momentum,tech", "hedge,tech", "hedge,options"]
    uploads = book.ask("select file_name, row_count, octet_length(sha256), uploaded_by from book.uploads")
    assert uploads == [("book.csv", 3, 32, None)]


def test_one_import_is_one_commit_of_the_intake_and_leaves_no_history(book: Book) -> None:
    run(book)
    (commit,) = book.ask(
        "select commit_id, actor, action, run_id, committed_at is not null from analytics.commits"
    )
    assert commit[1:] == ("sigmasight_intake", "import", None, True)
    for table in ("portfolios", "positions", "tags", "position_tags"):
        assert book.ask(f"select distinct commit_id from book.{table}") == [(commit[0],)]
        assert book.ask(f"select count(*) from book.{table}_history") == [(0,)]


def test_optional_columns_are_stored_exactly(book: Book) -> None:
    run(book, HEADER + b"ACME_B,-1.25,0.333333333333333333,2024-01-02,,PRIVATE,2024-02-01,0,7.5,Acme B\n")
    assert book.ask(
        "select symbol, asset_class, position_type, quantity, entry_price, exit_date, exit_price, multiplier, name "
        "from book.positions"
    ) == [
        ("ACME_B", "PRIVATE", "SHORT", Decimal("-1.25"), Decimal("0.333333333333333333"), date(2024, 2, 1), 0,
         Decimal("7.5"), "Acme B"),
    ]  # fmt: skip


def test_lots_keep_the_order_of_the_file(book: Book) -> None:
    symbols = [f"S{(i * 7919) % 1000}" for i in range(3000)]
    run(book, HEADER + b"".join(b"%s,1,1,2024-01-02,t\n" % s.encode() for s in symbols))
    assert [s for (s,) in book.ask("select symbol from book.positions order by id")] == symbols


@pytest.mark.parametrize(
    ("quantity", "multiplier", "price", "equity"),
    [
        ("-10", "100", "5.5", "5500"),
        ("3", "1", "0.00005", "0.0002"),  # 0.00015 is a tie: half to even
        ("5", "1", "0.00005", "0.0002"),  # 0.00025 likewise
        ("0.1", "0.1", "0.1", "0.001"),
    ],
)
def test_default_equity_is_the_gross_entry_cost(
    book: Book, quantity: str, multiplier: str, price: str, equity: str
) -> None:
    data = HEADER + f"SPY,{quantity},{price},2024-01-02,,,,,{multiplier}\n".encode()
    assert run(book, data).initial_equity == Decimal(equity)


def test_given_terms_hold(book: Book) -> None:
    result = run(book, equity=Decimal("3000000.5"), inception=date(2024, 1, 14))
    assert result.initial_equity == Decimal("3000000.5")
    assert result.inception_date == date(2024, 1, 12)  # a Sunday rolls back to Friday
    assert book.ask("select initial_equity, inception_date from book.portfolios") == [
        (Decimal("3000000.5"), date(2024, 1, 12))
    ]


def test_default_inception_is_before_the_session_an_entry_takes_effect_on(book: Book) -> None:
    # Saturday 2024-01-13 takes effect on Tuesday 2024-01-16, after Martin Luther King's day.
    assert run(book, HEADER + b"SPY,1,1,2024-01-13\n").inception_date == date(2024, 1, 12)


def test_the_earliest_inception(book: Book) -> None:
    earliest = offset(FIRST_PARTITION, LOOKBACK_SESSIONS)
    assert len(session_range(FIRST_PARTITION, earliest)) == 61 + 1
    data = HEADER + b"SPY,1,1,2012-05-01\n"
    assert run(book, data, inception=earliest).inception_date == earliest
    for options in ({"inception": offset(earliest, -1)}, {"inception": date(1999, 1, 1)}, {}):
        with pytest.raises(IntakeError, match=str(earliest)) as error:
            run(book, data, name="Other", **options)
        assert (error.value.code, error.value.field) == ("inception_too_early", "inception")


def test_the_very_first_day_of_the_calendar_has_no_session_before(book: Book) -> None:
    with pytest.raises(IntakeError, match="too early"):
        run(book, HEADER + b"SPY,1,1,2010-01-04\n")


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"inception": date(2024, 3, 16)}, "inception_in_future"),
        ({"equity": Decimal("NaN")}, "invalid_equity"),
        ({"equity": Decimal("Infinity")}, "invalid_equity"),
        ({"equity": Decimal("1e15")}, "invalid_equity"),
        ({"equity": Decimal("1.00001")}, "invalid_equity"),
        ({"name": " \n"}, "invalid_name"),
        ({"name": "=cmd"}, "invalid_name"),
        ({"name": "n" * 201}, "invalid_name"),
        ({"name": "a\u202eb"}, "invalid_name"),
    ],
)
def test_impossible_options_are_refused(book: Book, options: dict[str, object], code: str) -> None:
    before = book.contents()
    with pytest.raises(IntakeError) as error:
        run(book, **options)  # type: ignore[arg-type]
    assert error.value.code == code
    assert book.contents() == before


def test_a_book_beyond_the_range_of_money_is_refused(book: Book) -> None:
    # 10,001 lots of 99,999,999,999 USD are more than 1e15
    data = b"ticker,quantity,entry_price,entry_date\n" + b"SPY,99999999999,1,2024-01-02\n" * 10_001
    with pytest.raises(IntakeError, match="gross entry cost"):
        run(book, data)


def test_warnings_say_what_is_legal_but_odd(book: Book) -> None:
    data = b"ticker,quantity,entry_price,entry_date,exit_date,Sector\n" + (
        b"SPY,1,1,2024-01-02,2024-02-09,x\n"  # left on the session of inception: never held after it
        b"SPY,1,1,2024-01-02,2024-02-10,x\n"  # a Saturday: leaves on Monday
        b"AAPL240119C00150000,1,1,2024-01-02,,x\n"
    )
    result = run(book, data, inception=date(2024, 2, 9), equity=Decimal(0))
    unknown, equity, gone = result.warnings
    assert "'Sector'" in unknown
    assert "not positive" in equity
    assert gone.startswith("2 lots")
    assert gone.endswith("rows 2, 4")


def test_the_same_again_changes_nothing(book: Book) -> None:
    first = run(book, equity=Decimal(10), inception=date(2024, 1, 9))
    before, commits = book.contents(), book.commits()
    again = run(book, equity=Decimal("10.00"), inception=date(2024, 1, 9))
    assert (again.portfolio_id, again.created, again.positions) == (first.portfolio_id, False, 3)
    assert (again.initial_equity, again.inception_date) == (first.initial_equity, first.inception_date)
    assert (book.contents(), book.commits()) == (before, commits)


@pytest.mark.parametrize(
    "other",
    [
        {"data": SAMPLE + b"SPY,1,1,2024-01-02\n"},
        {"data": SAMPLE.replace(b"\n", b"\r\n")},
        {"equity": GROSS_COST},
        {"inception": date(2024, 1, 9)},
    ],
    ids=["another row", "other bytes", "equity given", "inception given"],
)
def test_another_file_or_other_options_under_the_same_name_are_refused(
    book: Book, other: dict[str, object]
) -> None:
    first = run(book)
    before, commits = book.contents(), book.commits()
    with pytest.raises(ConflictError, match=f"id {first.portfolio_id}") as error:
        run(book, **other)  # type: ignore[arg-type]
    assert error.value.code == "portfolio_exists"
    assert (book.contents(), book.commits()) == (before, commits)


def test_names_are_unique_per_owner_and_kept_with_single_blanks(book: Book) -> None:
    first, second = run(book, name="  Main   book "), run(book, name="Main book", owner="bob")
    assert first.portfolio_id != second.portfolio_id
    assert not run(book, name="Main book").created
    assert book.ask("select distinct name from book.portfolios") == [("Main book",)]


def test_tags_are_made_once_per_owner(book: Book) -> None:
    run(book)
    run(book, name="Second")
    run(book, owner="bob")
    tags = book.ask(
        "select username, t.name from book.tags t join book.users u on u.id = owner_id order by 1, 2"
    )
    assert tags == [
        (user, tag) for user in ("ann", "bob") for tag in ("hedge", "momentum", "options", "tech")
    ]
    foreign = "select count(*) from book.position_tags x join book.positions l on l.id = x.position_id \
        join book.portfolios p on p.id = l.portfolio_id join book.tags t on t.id = x.tag_id \
        where t.owner_id <> p.owner_id"
    assert book.ask(foreign) == [(0,)]


def test_an_unknown_owner_is_refused(book: Book) -> None:
    with pytest.raises(NotFoundError, match="'carl'") as error:
        run(book, owner="carl")
    assert error.value.code == "unknown_user"


def test_a_bad_row_keeps_the_good_ones_out(book: Book) -> None:
    before = book.contents()
    with pytest.raises(PositionFileError):
        run(book, SAMPLE + b"SPY,0,1,2024-01-02\n")
    assert book.contents() == before
    assert book.commits() == []


def test_the_callers_transaction_decides(book: Book) -> None:
    before = book.contents()
    with book.intake() as connection:
        connection.execute("select 1")
        import_portfolio(connection, "ann", "Main", "book.csv", SAMPLE, book.today)
        connection.rollback()
    assert book.contents() == before


def wait_until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


class Paused:
    """Holds imports of ann's book between its lots and its tags: another transaction is just making that tag."""

    def __init__(self, book: Book) -> None:
        self._url = book.urls.intake
        self._other = psycopg.connect(self._url)
        self._other.execute("select analytics.begin_commit(null, 'tags')")
        self._other.execute(
            "insert into book.tags (owner_id, name) select id, 'hedge' from book.users where username = 'ann'"
        )

    def __enter__(self) -> "Paused":
        return self

    def __exit__(self, *error: object) -> None:
        self.release()

    def waiting(self) -> list[int]:
        """Process ids of intake sessions that wait for a lock; a role sees, and may end, its own sessions."""
        text = (
            "select pid from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
        )
        with psycopg.connect(self._url) as connection:
            return [int(pid) for (pid,) in connection.execute(text)]

    def kill(self, pid: int) -> None:
        with psycopg.connect(self._url) as connection:
            connection.execute("select pg_terminate_backend(%s)", (pid,))

    def release(self) -> None:
        self._other.close()


def test_a_connection_killed_half_way_leaves_nothing(book: Book) -> None:
    before = book.contents()
    with ThreadPoolExecutor(1) as pool, Paused(book) as paused:
        running = pool.submit(run, book)
        wait_until(paused.waiting)
        paused.kill(*paused.waiting())
        with pytest.raises(psycopg.OperationalError):
            running.result(20)
    assert book.contents() == before
    assert book.commits() == []
    assert run(book).created


@pytest.mark.parametrize("same", [True, False], ids=["same file", "other file"])
def test_of_two_imports_at_once_one_wins(book: Book, same: bool) -> None:
    with ThreadPoolExecutor(2) as pool, Paused(book) as paused:
        first: Future[ImportResult] = pool.submit(run, book)
        wait_until(lambda: len(paused.waiting()) == 1)
        second = pool.submit(run, book, SAMPLE if same else SAMPLE.replace(b"1000", b"2000"))
        wait_until(lambda: len(paused.waiting()) == 2)
        paused.release()
        winner = first.result(20)
        assert winner.created
        if same:
            assert second.result(20).portfolio_id == winner.portfolio_id
            assert not second.result().created
        else:
            with pytest.raises(ConflictError):
                second.result(20)
    assert book.ask("select count(*) from book.portfolios") == [(1,)]
    assert book.ask("select count(*) from book.positions") == [(3,)]
    assert book.commits() == ["import"]


def test_many_imports_at_once_of_one_owner_do_not_block_each_other_for_good(book: Book) -> None:
    tags = ["a", "b", "c", "d"]
    start = threading.Barrier(4)

    def one(shift: int) -> bool:
        row = f'SPY,1,1,2024-01-02,"{",".join(tags[shift:] + tags[:shift])}"\n'
        start.wait()
        return run(book, HEADER + row.encode(), name=f"P{shift}").created

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(one, range(4), timeout=60)) == [True] * 4
    assert book.ask("select count(*) from book.tags") == [(4,)]
    assert book.ask("select count(*) from book.position_tags") == [(16,)]
