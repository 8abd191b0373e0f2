"""`sigmasight why` as typed: a table whose parts sum, computed by a run of its own the first time."""

from datetime import date
from typing import Any

import pytest

from pipelines.postgres.credentials import Role
from tests.lineage.test_ledger import now
from tests.lineage.test_waterfall import CASE, DAY
from tests.steps.book_case import FIRST, LAST
from tests.steps.memory_prices import random_walks
from tests.steps.world import World


@pytest.fixture
def asked(world: World, typed: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    for role in Role:
        monkeypatch.setenv(role.variable, world.urls.of(role))

    def ask(*more: str, start: str, session: date = DAY) -> Any:
        return typed("why", "--portfolio", "1", "--session", session.isoformat(), "--from", start, *more)

    return ask


def test_why(world: World, asked: Any) -> None:
    world.start(CASE, random_walks(CASE.instruments)).run(FIRST, LAST)
    start = now(world).isoformat()
    world.edit_book("update book.cash_flows set amount = 1250")
    world.run(FIRST, LAST)
    done = asked(start=start)
    assert done.returncode == 0, done.stderr
    lines = [line.split() for line in done.stdout.splitlines()]
    assert lines[0][0] == "net_asset_value"
    assert lines[2] == ["flows", "+250.0000"]
    assert lines[-1] == ["residual", "0.0000"]
    opening, closing = (float(lines[at][-1].replace(",", "")) for at in (1, 3))
    assert closing - opening == 250
    runs = world.rows("select count(*) from analytics.runs where kind = 'why'")
    again = asked(start=start)
    assert again.stdout.splitlines()[2:3] == done.stdout.splitlines()[2:3]
    assert world.rows("select count(*) from analytics.runs where kind = 'why'") == runs == [(1,)]


def test_what_cannot_be_asked(world: World, asked: Any) -> None:
    world.start(CASE, random_walks(CASE.instruments)).run(FIRST, LAST)
    start = now(world).isoformat()
    assert "choose one of" in asked("--metric", "volatility", start=start).stderr
    assert "with a time zone" in asked(start="yesterday").stderr
    assert "there is no snapshots of" in asked(start="2020-01-01T00:00:00Z").stderr
    assert "is after --to" in asked("--to", "2020-01-01T00:00:00Z", start=start).stderr
