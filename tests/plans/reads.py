"""The statements that the API sends for every read, and their plans as it would have them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from psycopg.sql import SQL, Literal
from starlette.testclient import TestClient

import api.app
import api.database
from api.app import create_app
from api.reads.memory import Key, Memory, Remembered
from api.reads.statements import Statement
from pipelines.postgres import DatabaseUrls
from tests.api.caller import Caller, login
from tests.api.conftest import settings_of
from tests.api.reads import READS, Read
from tests.plans.firm import KNOWN_AT, LATEST, REPLACED
from tests.plans.plan import Plan

NOW = datetime(2024, 5, 15, 12, 0, tzinfo=UTC)
_RANGES = ("/portfolio/history", "/portfolio/attribution", "/positions/{id}/history")
OTHERS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("ann", f"/lineage/snapshots/{LATEST}", {}),
    ("ann", f"/lineage/risk_metrics/{LATEST}", {}),
    ("ann", "/lineage/why", {"session": REPLACED, "metric": "net_asset_value", "from": KNOWN_AT}),
    ("root", "/admin/status", {}),
)


@dataclass(frozen=True)
class Sent:
    """A statement as the API sent it."""

    name: str
    statement: Statement
    values: tuple[Any, ...]


class OfQuestions(Memory):
    """Remembers what a question is about, but takes no answer for current: it is read again."""

    def keep(self, key: Key, remembered: Remembered) -> None:
        super().keep(key, replace(remembered, answer=replace(remembered.answer, generation=None)))


@contextmanager
def recorded() -> Iterator[list[Sent]]:
    """What the API sends meanwhile, named by the list's last name."""
    sent: list[Sent] = []
    row = api.database.Database.row

    async def record(self: Any, statement: Statement, params: Any) -> Any:
        sent.append(Sent("", statement, tuple(params[name] for name in statement.names)))
        return await row(self, statement, params)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(api.database.Database, "row", record)
        patch.setattr(api.app, "Memory", OfQuestions)
        yield sent


def every_read(urls: DatabaseUrls) -> list[Sent]:
    """Ask every read: about now, again about now, and about a past instant."""
    found: list[Sent] = []
    with recorded() as sent, TestClient(_app(urls)) as client:
        callers = {name: login(client, name) for name in ("ann", "root")}
        lot = callers["ann"].get("/positions").json()["items"][0]["id"]
        for read in READS:
            moments: tuple[tuple[str, dict[str, Any]], ...] = (
                ("now", {"as_of": LATEST}),
                ("again", {"as_of": LATEST}),
                ("past", {"as_of": REPLACED, "known_at": KNOWN_AT}),
            )
            for moment, params in moments:
                sent.clear()
                _ask(callers["ann"], read, lot, params)
                found += [replace(one, name=f"{read} ({moment})") for one in _about_data(sent)]
        for name, path, params in OTHERS:
            sent.clear()
            answer = callers[name].get(path, **params)
            assert answer.status_code == 200, (path, answer.text)
            found += [replace(one, name=path) for one in _about_data(sent)]
        sent.clear()
        assert client.get("/ready").status_code == 200
        found += [replace(one, name="/ready") for one in _about_data(sent)]
    return found


def _app(urls: DatabaseUrls) -> Any:
    return create_app(settings_of(urls).model_copy(update={"api_memory_mb": 16}), now=lambda: NOW)


def _ask(caller: Caller, read: Read, lot: int, params: dict[str, Any]) -> None:
    given = {**read.params, **params}
    if read.path in _RANGES:
        given["start"] = params["as_of"] - timedelta(days=30)
    answer = caller.get(read.at(lot), **given)
    assert answer.status_code == 200, (str(read), answer.text)
    assert answer.json()["session"] == str(params["as_of"]), "the question is about stored rows"


def _about_data(sent: list[Sent]) -> list[Sent]:
    return [one for one in sent if b"settled_instant" not in one.statement.text]


@contextmanager
def planner(url: str) -> Iterator[psycopg.Connection[Any]]:
    """A connection that plans as the API's do: a statement is prepared, and its plan holds for all parameters."""
    with psycopg.connect(url, autocommit=True, options="-c plan_cache_mode=force_generic_plan") as found:
        yield found


def plan_of(connection: psycopg.Connection[Any], sent: Sent, *, analyze: bool) -> Plan:
    """The plan of a statement; with `analyze` it is run."""
    connection.execute(b"prepare asked as " + sent.statement.text)
    options = SQL("explain (analyze, timing off, format json)" if analyze else "explain (format json)")
    values = SQL(", ").join(Literal(value) for value in sent.values)
    call = SQL("{} execute asked ({})") if sent.values else SQL("{} execute asked")
    row = connection.execute(call.format(options, values)).fetchone()
    connection.execute("deallocate asked")
    assert row is not None
    return Plan(sent.name, row[0][0]["Plan"])
