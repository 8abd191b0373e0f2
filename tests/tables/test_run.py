"""The run lock, the record of a run and its input instant."""

import json
import threading
from contextlib import suppress
from datetime import date
from typing import Any

import psycopg
import pytest

from pipelines.postgres import Role
from pipelines.tables.database import Database, LockedError
from pipelines.tables.run import RunRecord, open_run
from tests.tables.conftest import Connect

START, END = date(2024, 1, 2), date(2024, 1, 5)


def record(name: str) -> RunRecord:
    return RunRecord(name, "backfill", START, END, (2, 1), 7)


@pytest.fixture(autouse=True)
def _no_runs(owner: psycopg.Connection[Any]) -> None:
    owner.execute("truncate analytics.runs")


def runs(owner: psycopg.Connection[Any]) -> dict[str, tuple[str, str | None]]:
    rows = owner.execute("select run_id, status, error from analytics.runs").fetchall()
    return {name: (status, error) for name, status, error in rows}


def test_a_run_is_recorded_while_it_runs_and_when_it_has_ended(
    connect: Connect, owner: psycopg.Connection[Any]
) -> None:
    query = (
        "select request_id, kind, start_session, end_session, portfolio_ids, status, error, input_instant,"
        " ended_at is null, started_at <= clock_timestamp(), left_out from analytics.runs"
    )
    with open_run(connect(Role.PIPELINE), record("one")) as run:
        assert owner.execute(query).fetchall() == [
            (7, "backfill", START, END, [2, 1], "running", None, None, True, True, {})
        ]
        run.leave_out({1: "a hole"})
        run.leave_out({})
        run.leave_out({2: "another", 1: "the same hole"})
    (ended,) = owner.execute(query + " where ended_at >= started_at").fetchall()
    assert ended[5:7] == ("succeeded", None)
    assert ended[10] == json.loads('{"1": "the same hole", "2": "another"}')


def test_a_failure_is_recorded_and_raised(connect: Connect, owner: psycopg.Connection[Any]) -> None:
    connection = connect(Role.PIPELINE)
    with pytest.raises(ZeroDivisionError), open_run(connection, record("one")):
        raise ZeroDivisionError("no price")
    with open_run(connection, record("two")) as run:
        run.error = "said by an asset"
    assert runs(owner) == {
        "one": ("failed", "ZeroDivisionError: no price"),
        "two": ("failed", "said by an asset"),
    }


def test_a_failure_within_a_transaction_rolls_it_back(
    connect: Connect, owner: psycopg.Connection[Any]
) -> None:
    with (
        pytest.raises(psycopg.Error),
        open_run(connect(Role.PIPELINE), record("one")) as run,
        run.database.transaction(),
    ):
        run.database.begin_commit("something")
        run.database.execute("select 1 / 0")
    assert runs(owner)["one"][0] == "failed"
    assert owner.execute("select 1 from analytics.commits where run_id = 'one'").fetchall() == []


@pytest.mark.parametrize("timeout", [0, 0.2])
def test_only_one_run_at_a_time(connect: Connect, owner: psycopg.Connection[Any], timeout: float) -> None:
    with open_run(connect(Role.PIPELINE), record("one")):
        second = connect(Role.PIPELINE)
        with pytest.raises(LockedError, match="try again"), open_run(second, record("two"), timeout):
            pytest.fail("the second run began")
        assert runs(owner) == {"one": ("running", None)}
    with open_run(second, record("two"), timeout):
        assert runs(owner) == {"one": ("succeeded", None), "two": ("running", None)}


@pytest.mark.parametrize("at", range(1, 7))
def test_an_error_at_any_statement_leaves_the_lock_to_others(
    connect: Connect, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    """Also where the connection stays open: a lock it kept would block every run but its own."""
    execute, count = Database.execute, 0

    def counted(self: Database, *args: Any) -> int:
        nonlocal count
        count += 1
        if count == at:
            raise ZeroDivisionError
        return execute(self, *args)

    connection = connect(Role.PIPELINE)
    with monkeypatch.context() as patch:
        patch.setattr(Database, "execute", counted)
        with suppress(ZeroDivisionError), open_run(connection, record("one")):
            pass
    assert count >= at, "there is such a statement"
    with open_run(connect(Role.PIPELINE), record("two"), 0):
        pass


def test_a_run_waits_for_the_one_before(connect: Connect, owner: psycopg.Connection[Any]) -> None:
    began = threading.Event()

    def wait() -> None:
        with open_run(connect(Role.PIPELINE), record("two"), 20):
            began.set()

    with open_run(connect(Role.PIPELINE), record("one")):
        thread = threading.Thread(target=wait)
        thread.start()
        assert not began.wait(0.3)
    thread.join()
    assert began.is_set()
    assert {status for status, _ in runs(owner).values()} == {"succeeded"}


def test_a_dead_run_frees_the_lock_and_is_recorded_as_failed_by_the_next(
    connect: Connect, owner: psycopg.Connection[Any], postgres_server: Any
) -> None:
    connection = connect(Role.PIPELINE)
    with pytest.raises(psycopg.OperationalError), open_run(connection, record("dead")) as run:
        with postgres_server.admin() as admin:
            admin.execute("select pg_terminate_backend(%s)", [connection.info.backend_pid])
        run.input_instant()
    assert runs(owner) == {"dead": ("running", None)}
    with open_run(connect(Role.PIPELINE), record("next"), 5):
        status, error = runs(owner)["dead"]
    assert status == "failed"
    assert error is not None
    assert "interrupted" in error


def test_the_input_instant_is_fixed_once(connect: Connect, owner: psycopg.Connection[Any]) -> None:
    intake = connect(Role.INTAKE)
    with open_run(connect(Role.PIPELINE), record("one")) as run:
        first = run.input_instant()
        with intake.transaction():
            intake.execute("select analytics.begin_commit(null, 'later')")
        assert run.input_instant() == first
    (stamped,) = owner.execute("select max(committed_at) from analytics.commits").fetchall()[0]
    assert stamped > first
    assert owner.execute("select input_instant from analytics.runs").fetchall() == [(first,)]
    with open_run(connect(Role.PIPELINE), record("two")) as run:
        assert run.input_instant() >= stamped


def test_a_run_that_is_taken_up_again_keeps_its_record(
    connect: Connect, owner: psycopg.Connection[Any]
) -> None:
    with open_run(connect(Role.PIPELINE), record("one")) as run:
        instant = run.input_instant()
        run.error = "first try"
    with open_run(connect(Role.PIPELINE), record("one")) as run:
        assert run.input_instant() == instant
    assert runs(owner) == {"one": ("succeeded", None)}
