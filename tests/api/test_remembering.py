"""An answer given again is the answer that would be read: until something is committed, a session closes, or who
asks may not ask any more.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import psycopg
import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from api import changes
from api.app import create_app
from api.asking import Asking
from api.intake.users import add_user
from api.reads.memory import Memory, Remembered
from api.reads.statements import Statement
from api.tokens import Principal, issue
from pipelines.postgres import DatabaseUrls
from pipelines.sessions import close_of
from tests.api.caller import PASSWORD, Caller, login
from tests.api.conftest import INCEPTION, KEY, LATEST, NOW, Filled, fill, materialize, settings_of
from tests.api.reads import READS, Read
from tests.api.test_every_read import problem
from tests.conftest import PostgresServer


@dataclass
class Service:
    """A service that remembers, its clock, and the statements its reads executed."""

    filled: Filled
    client: TestClient
    clock: list[datetime]
    statements: list[str] = field(default_factory=list)

    @property
    def app(self) -> FastAPI:
        found = self.client.app
        assert isinstance(found, FastAPI)
        return found

    def login(self, name: str) -> Caller:
        return login(self.client, name)

    def asks_postgresql(self, ask: Callable[[], httpx.Response]) -> bool:
        self.statements.clear()
        assert ask().status_code == 200
        return bool(self.statements)

    def commit(self, statement: str, *params: Any) -> None:
        """Commit by another process, and wait until it has been heard of."""
        before = self.app.state.changes.generation
        with psycopg.connect(self.filled.urls.owner) as connection:
            connection.execute("select analytics.begin_commit(null, 'test')")
            connection.execute(statement, params)
        eventually(lambda: self.app.state.changes.generation != before)


def eventually(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.fixture(scope="module")
def serving(module_database: DatabaseUrls) -> Iterator[Service]:
    filled, clock = fill(module_database), [NOW]
    settings = settings_of(filled.urls).model_copy(update={"api_memory_mb": 8})
    app = create_app(settings, now=lambda: clock[0], intake=True)
    with TestClient(app, raise_server_exceptions=False) as client:
        eventually(lambda: app.state.changes.generation is not None)
        yield Service(filled, client, clock)


@pytest.fixture
def service(serving: Service, monkeypatch: pytest.MonkeyPatch) -> Service:
    """The service, having forgotten everything."""
    row = Asking.row

    async def counted(self: Any, statement: Statement, values: Any) -> Any:
        serving.statements.append(statement.text.decode())
        return await row(self, statement, values)

    serving.clock[0] = NOW
    serving.app.state.memory = Memory(8 * 2**20)
    monkeypatch.setattr(Asking, "row", counted)
    return serving


@pytest.mark.parametrize("read", READS, ids=str)
def test_answers_again_without_asking(service: Service, read: Read) -> None:
    ann = service.login("ann")
    first = ann.get(read.at(1), **read.params)
    service.statements.clear()
    again = ann.get(read.at(1), **read.params)
    assert not service.statements
    assert (again.status_code, again.content) == (200, first.content)
    ours = {"etag", "cache-control", "vary", "content-type"}
    assert {name: again.headers[name] for name in ours} == {name: first.headers[name] for name in ours}
    known = ann.get(read.at(1), headers={"If-None-Match": first.headers["etag"]}, **read.params)
    assert (known.status_code, known.content, known.headers["etag"]) == (304, b"", first.headers["etag"])
    assert not service.statements


@pytest.mark.parametrize("read", READS, ids=str)
def test_reads_again_what_is_not_current(service: Service, read: Read) -> None:
    """By the question as it was understood: what it is about still stands, or has to be settled again."""
    ann = service.login("ann")
    first = ann.get(read.at(1), **read.params)
    memory = service.app.state.memory
    for held in list(memory._held.items()):
        key, (_, remembered) = held
        answer = remembered.answer
        stale = type(answer)(b"{}", "W/none", None, answer.next_close, 1)
        memory.keep(key, Remembered(remembered.reading, stale, remembered.route, remembered.expires_at))
    service.statements.clear()
    assert ann.get(read.at(1), **read.params).content == first.content
    assert len(service.statements) == 1
    service.app.state.changes.changed()
    assert ann.get(read.at(1), **read.params).content == first.content
    assert len(service.statements) == 2


def test_every_answer_is_of_its_own_question_and_caller(service: Service) -> None:
    ann, bob = service.login("ann"), service.login("bob")
    own = ann.get("/portfolio").json()
    assert bob.get("/portfolio").json()["portfolio_id"] == service.filled.other != own["portfolio_id"]
    problem(bob.get("/portfolio", portfolio_id=service.filled.main), 404, "portfolio_not_found")
    assert ann.get("/portfolio", as_of="2024-03-01").json()["session"] == "2024-03-01"
    problem(service.client.get("/api/v1/portfolio"), 401, "not_authenticated")
    problem(ann.get("/portfolio", unknown="1"), 422, "invalid_request")
    assert ann.get("/portfolio").json() == own


def test_a_commit_of_another_process_is_answered(service: Service) -> None:
    ann = service.login("ann")
    before = ann.get("/positions/1/tags")
    service.commit("update book.tags set color = '#123456' where name = 'tech'")
    after = ann.get("/positions/1/tags")
    assert "#123456" in after.text
    assert "#123456" not in before.text
    assert after.headers["etag"] != before.headers["etag"]
    assert after.json()["known_at"] > before.json()["known_at"]


def test_who_writes_reads_what_was_written(service: Service) -> None:
    ann = service.login("ann")
    for number in range(20):
        ann.get("/tags")
        made = ann.send("POST", "/tags", json={"name": f"tag {number}"})
        assert made.status_code == 201
        assert f"tag {number}" in ann.get("/tags").text


def test_a_session_that_closes_is_answered(service: Service) -> None:
    ann = service.login("ann")
    assert ann.get("/portfolio").json()["is_behind"] is False
    close = close_of(LATEST + timedelta(days=1))
    service.clock[0] = close - timedelta(microseconds=1)
    assert not service.asks_postgresql(lambda: ann.get("/portfolio"))
    service.clock[0] = close
    assert ann.get("/portfolio").json()["is_behind"] is True


def test_a_token_that_expires_is_refused(service: Service) -> None:
    soon = datetime.now(UTC) - timedelta(seconds=86_400 - 1.5)
    caller = Caller(service.client, issue(KEY, Principal(1, service.filled.main), soon), service.filled.main)
    assert caller.get("/portfolio").status_code == 200
    eventually(lambda: caller.get("/portfolio").status_code == 401)


def test_a_user_who_is_removed_is_refused(service: Service) -> None:
    with psycopg.connect(service.filled.urls.intake) as connection:
        add_user(connection, "gone", PASSWORD, rounds=4)
    gone = service.login("gone")
    assert gone.get("/tags").status_code == 200
    before = service.app.state.changes.generation
    with psycopg.connect(service.filled.urls.owner) as connection:
        connection.execute("delete from book.users where username = 'gone'")
    eventually(lambda: service.app.state.changes.generation != before)
    problem(gone.get("/tags"), 401, "invalid_token")


def _hang_up(service: Service, server: PostgresServer) -> None:
    """End the connection that listens, and wait until it is missed."""
    name = service.filled.query("select current_database()")[0][0]
    with server.admin() as admin:
        admin.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity "
            "where application_name = 'sigmasight-api-changes' and datname = %s",
            [name],
        )
    eventually(lambda: service.app.state.changes.generation is None)


def test_who_cannot_hear_does_not_remember(service: Service, postgres_server: PostgresServer) -> None:
    ann = service.login("ann")
    ann.get("/portfolio")
    _hang_up(service, postgres_server)
    assert service.asks_postgresql(lambda: ann.get("/portfolio"))
    assert service.asks_postgresql(lambda: ann.get("/portfolio"))
    eventually(lambda: service.app.state.changes.generation is not None)
    assert service.asks_postgresql(lambda: ann.get("/portfolio"))
    assert not service.asks_postgresql(lambda: ann.get("/portfolio"))


def test_commits_nobody_tells_of_are_found(
    service: Service, postgres_server: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy that pools connections swallows notifications."""
    told = changes.query
    monkeypatch.setattr(changes, "HEARTBEAT_SECONDS", 0.05)
    monkeypatch.setattr(changes, "query", lambda name: "listen nowhere" if "listen" in name else told(name))
    _hang_up(service, postgres_server)
    eventually(lambda: service.app.state.changes.generation is not None)
    ann = service.login("ann")
    ann.get("/positions/1/tags")
    service.commit("update book.tags set color = '#abcdef' where name = 'tech'")
    assert "#abcdef" in ann.get("/positions/1/tags").text
    monkeypatch.undo()
    _hang_up(service, postgres_server)
    eventually(lambda: service.app.state.changes.generation is not None)


def test_pasts_are_remembered_too(service: Service) -> None:
    ann = service.login("ann")
    known_at = ann.get("/portfolio").json()["known_at"]
    then = ann.get("/portfolio", known_at=known_at)
    assert not service.asks_postgresql(lambda: ann.get("/portfolio", known_at=known_at))
    service.commit("update book.tags set color = '#654321' where name = 'tech'")
    assert ann.get("/portfolio", known_at=known_at).content == then.content


def test_a_recomputation_is_answered(service: Service) -> None:
    ann = service.login("ann")
    before = ann.get("/portfolio").json()
    assert before["stale"] is False
    service.commit(
        "update book.portfolios set initial_equity = initial_equity + 1000 where id = %s", service.filled.main
    )
    waiting = ann.get("/portfolio").json()
    assert (waiting["stale"], waiting["net_asset_value"]) == (True, before["net_asset_value"])
    materialize(service.filled.urls, INCEPTION + timedelta(days=1), LATEST)
    eventually(lambda: ann.get("/portfolio").json()["net_asset_value"] == before["net_asset_value"] + 1000)
    eventually(lambda: ann.get("/portfolio").json()["stale"] is False)


def test_memory_is_bounded() -> None:
    memory = Memory(100_000)

    class OfSize:
        answer = type("answer", (), {"body": b"x" * 20_000})()
        expires_at = 1.0

    keys = [("/p", b"", str(number).encode()) for number in range(10)]
    for key in keys:
        memory.keep(key, OfSize())  # type: ignore[arg-type]
        memory.find(keys[0], now=0.0)
    kept = [key for key in keys if memory.find(key, now=0.0)]
    assert keys[0] in kept, "what is asked for stays"
    assert kept[1:] == keys[-3:], "of the others the latest"
    assert memory.find(keys[0], now=1.0) is None, "its token has expired"
    OfSize.answer.body = b"x" * 200_000
    memory.keep(("/large", b"", b""), OfSize())  # type: ignore[arg-type]
    assert [key for key in keys if memory.find(key, now=0.0)] == kept, "too large for all of it"
