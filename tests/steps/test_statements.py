"""How many statements a run sends: as many for any number of portfolios and lots, and so many for each chunk."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from itertools import pairwise
from typing import Any

import psycopg
import pytest

from pipelines.sessions import session_index
from pipelines.steps import work
from pipelines.steps.chain import STEPS, run_step
from pipelines.steps.plan import Request
from pipelines.tables import statistics
from tests.steps.book_case import FIRST, SESSIONS, BookCase, Lot, Portfolio
from tests.steps.long_short import PRICES, D
from tests.steps.world import World, fetch


@pytest.fixture(autouse=True)
def _statistics_of_any_load(monkeypatch: pytest.MonkeyPatch) -> None:
    """Much or little: what is loaded has its statistics refreshed, which is a statement for each table."""
    monkeypatch.setattr(statistics, "_FEW_ROWS", 0)


def book(portfolios: int, lots: int) -> BookCase:
    """Portfolios of as many lots of the same three symbols each."""
    symbols = ("AAA", "BBB", "CCC")
    return BookCase(
        tuple(Portfolio() for _ in range(portfolios)),
        tuple(
            Lot(symbols[number % 3], D(10 + number), D(50), date(2023, 12, 1), portfolio=portfolio + 1)
            for portfolio in range(portfolios)
            for number in range(lots)
        ),
    )


@contextmanager
def counted() -> Iterator[list[str]]:
    """Whatever is sent to the server meanwhile, on any connection."""
    sent: list[str] = []
    execute, copy = psycopg.Cursor.execute, psycopg.Cursor.copy

    def counted_execute(self: Any, query: Any, *args: Any, **kwargs: Any) -> Any:
        sent.append(str(query))
        return execute(self, query, *args, **kwargs)

    def counted_copy(self: Any, statement: Any, *args: Any, **kwargs: Any) -> Any:
        sent.append(str(statement))
        return copy(self, statement, *args, **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(psycopg.Cursor, "execute", counted_execute)
        patch.setattr(psycopg.Cursor, "copy", counted_copy)
        yield sent


def statements(world: World, end: date) -> int:
    """Statements that the steps of a run send from FIRST to a session."""
    return len(sent_by_run(world, FIRST, end))


def sent_by_run(world: World, start: date, end: date) -> list[str]:
    request = Request(session_index(start), session_index(end))
    with world.opened(start, end) as run:
        fetch(run, world.source, request)
        known_at = run.input_instant()
        with counted() as sent:
            for step in STEPS:
                run_step(run.database, step, request, known_at)
    return sent


def first_again_restated(world: World, case: BookCase) -> tuple[int, int, int]:
    """Statements of a first run, of the same again, and of one after every close has become another."""
    world.start(case, PRICES)
    first, again = statements(world, SESSIONS[-1]), statements(world, SESSIONS[-1])
    world.edit_book("update book.positions set quantity = quantity + 1")
    return first, again, statements(world, SESSIONS[-1])


def test_a_run_sends_as_many_statements_for_any_number_of_portfolios_and_lots(world: World) -> None:
    few = first_again_restated(world, book(2, 3))
    assert first_again_restated(world, book(25, 8)) == few
    assert few[1] < few[0], "what has not changed is not written"


def test_a_run_sends_as_many_statements_for_any_number_of_sessions_of_a_chunk(world: World) -> None:
    found = []
    for end in (SESSIONS[4], SESSIONS[-1]):
        world.start(book(2, 3), PRICES)
        found.append(statements(world, end))
    assert found[0] == found[1]


def test_each_more_chunk_sends_as_many_more(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Chunks of one session of lots and of symbols alike."""
    monkeypatch.setattr(work, "CELLS_PER_CHUNK", 1)
    found = []
    for end in SESSIONS[4:8]:
        world.start(book(2, 3), PRICES)
        found.append(statements(world, end))
    more = [after - before for before, after in pairwise(found)]
    assert len(set(more)) == 1, found
    assert 0 < more[0] <= 150


def test_a_day_reads_its_plan_its_book_and_each_close_once(world: World) -> None:
    world.start(book(2, 3), PRICES).run(FIRST, SESSIONS[-2])
    sent = sent_by_run(world, SESSIONS[-1], SESSIONS[-1])
    for once in ("as stored_last", "from book.positions_at"):
        assert len([statement for statement in sent if once in statement]) == 1, once
    # Of the lots: ten sessions back, and the day. Then the symbols of the factors of these eleven, and all of them of
    # what a window of 60 returns needs before.
    assert len([statement for statement in sent if "select session, symbol, close" in statement]) == 4


def test_a_statement_for_each_portfolio_is_noticed(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def one_by_one(task: Any) -> Any:
        for portfolio in task.plan.portfolio_id.tolist():
            task.database.rows("stale/position_exists", {"position": portfolio})
        return unchanged["position_pnl"](task)

    unchanged = dict(STEPS)
    monkeypatch.setitem(STEPS, "position_pnl", one_by_one)
    assert first_again_restated(world, book(2, 3)) != first_again_restated(world, book(3, 3))
