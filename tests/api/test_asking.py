"""Statements asked past the driver's cursors: values, errors, statements of any size, and answers nobody waited for."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from psycopg_pool import PoolTimeout

import api.database
from api.asking import Asking
from api.database import MAX_CONNECTIONS, Database
from api.reads.statements import Statement
from pipelines.postgres import DatabaseUrls
from tests.postgres_server import PostgresServer

ECHO = Statement(b"select $1::text", ("one",))
SLEEP = Statement(b"select pg_sleep($1::double precision)", ("seconds",))
PID = Statement(b"select pg_backend_pid()", ())


@asynccontextmanager
async def opened(urls: DatabaseUrls) -> AsyncIterator[Database]:
    database = Database(urls.reader)
    await database.open()
    try:
        yield database
    finally:
        await database.close()


def asked(urls: DatabaseUrls, use: Callable[[Database], Awaitable[Any]]) -> Any:
    async def run() -> Any:
        async with opened(urls) as database:
            return await use(database)

    return asyncio.run(run())


def test_values_come_back_as_they_were_given(bare_database: DatabaseUrls) -> None:
    names = ("text", "whole", "day", "at", "amount", "yes", "list", "nothing")
    types = ("text", "bigint", "date", "timestamptz", "numeric", "boolean", "text[]", "date")
    columns = ", ".join(f"${place}::{kind}" for place, kind in enumerate(types, 1))
    echo = Statement(f"select {columns}".encode(), names)
    at = datetime(2024, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
    values = (
        "é'\\,{}",
        2**40,
        date(2024, 2, 29),
        at,
        Decimal("-0.0001"),
        True,
        ["a,b", '"', "NULL", ""],
        None,
    )

    async def use(database: Database) -> None:
        for _ in range(2):
            assert await database.row(echo, dict(zip(names, values, strict=True))) == values
        assert await database.row(Statement(b"select 1 where false", ()), {}) is None

    asked(bare_database, use)


def test_one_plan_whatever_is_null_and_however_large(bare_database: DatabaseUrls) -> None:
    is_about = Statement(b"select $1::bigint is null, 5 > coalesce($1::bigint, 0)", ("number",))
    plans = Statement(b"select count(*) from pg_prepared_statements where statement like '%is null, 5%'", ())

    async def use(database: Database) -> None:
        for number, expected in ((None, (True, True)), (3, (False, True)), (2**50, (False, False))):
            assert await database.row(is_about, {"number": number}) == expected
        assert await database.row(plans, {}) == (2,)  # the other one is this question's own

    asked(bare_database, use)


def test_a_statement_larger_than_a_socket_takes(bare_database: DatabaseUrls) -> None:
    large = "x" * 20_000_000
    assert asked(bare_database, lambda database: database.row(ECHO, {"one": large})) == (large,)


def test_what_postgresql_refuses_is_its_error_and_the_connection_goes_on(bare_database: DatabaseUrls) -> None:
    async def use(database: Database) -> None:
        pid = await database.row(PID, {})
        with pytest.raises(psycopg.errors.UndefinedTable):
            await database.row(Statement(b"select * from nowhere", ()), {})
        with pytest.raises(psycopg.errors.DivisionByZero):
            await database.row(Statement(b"select 1 / $1::int", ("by",)), {"by": 0})
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            await database.row(Statement(b"create table x ()", ()), {})
        assert await database.row(PID, {}) == pid

    asked(bare_database, use)


def test_one_transaction_repeatable_read_and_read_only(bare_database: DatabaseUrls) -> None:
    how = Statement(
        b"select current_setting('transaction_isolation'), current_setting('transaction_read_only'),"
        b" current_setting('statement_timeout')",
        (),
    )
    assert asked(bare_database, lambda database: database.row(how, {})) == ("repeatable read", "on", "5s")


def test_an_answer_nobody_waits_for_is_not_anothers(bare_database: DatabaseUrls) -> None:
    async def use(database: Database) -> None:
        (pid,) = await database.row(PID, {}) or (0,)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(database.row(SLEEP, {"seconds": 1}), 0.05)
        assert await database.row(ECHO, {"one": "mine"}) == ("mine",)
        assert await database.row(PID, {}) != (pid,)
        assert database.statistics()["pool_size"] <= MAX_CONNECTIONS

    asked(bare_database, use)


def test_a_connection_that_is_lost_while_idle_or_at_work_is_replaced(
    bare_database: DatabaseUrls, postgres_server: PostgresServer
) -> None:
    async def use(database: Database) -> None:
        for seconds in (0.0, 1.0):
            (pid,) = await database.row(PID, {}) or (0,)
            answer = asyncio.create_task(database.row(SLEEP, {"seconds": seconds}))
            await asyncio.sleep(0.2)
            with postgres_server.admin() as admin:
                admin.execute("select pg_terminate_backend(%s)", [pid])
            await answer
            assert await database.row(PID, {}) != (pid,)

    asked(bare_database, use)


def test_more_questions_than_connections_take_turns(
    bare_database: DatabaseUrls, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def use(database: Database) -> None:
        answers = await asyncio.gather(
            *(database.row(ECHO, {"one": str(n)}) for n in range(5 * MAX_CONNECTIONS))
        )
        assert answers == [(str(n),) for n in range(5 * MAX_CONNECTIONS)]
        monkeypatch.setattr(api.database, "_CONNECT_TIMEOUT_SECONDS", 0.1)
        busy = [asyncio.create_task(database.row(SLEEP, {"seconds": 0.5})) for _ in range(MAX_CONNECTIONS)]
        await asyncio.sleep(0.05)
        late = asyncio.create_task(database.row(ECHO, {"one": "late"}))
        await asyncio.sleep(0.01)
        found = database.statistics()
        assert (found["pool_size"] - found["pool_available"], found["requests_waiting"]) == (
            MAX_CONNECTIONS,
            1,
        )
        with pytest.raises(PoolTimeout):
            await late
        await asyncio.gather(*busy)
        assert await database.row(ECHO, {"one": "again"}) == ("again",)

    asked(bare_database, use)


def test_what_is_asked_leaves_nothing_open(bare_database: DatabaseUrls) -> None:
    async def use(database: Database) -> Asking:
        await database.row(ECHO, {"one": "x"})
        (idle,) = database._idle
        return idle

    left = asked(bare_database, use)
    assert left.connection.closed
    assert not left.is_usable
