"""`sigmasight ledger` as typed: its amounts are the differences of what is stored, and it selects what is asked."""

import json
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest

from pipelines.cli import ledger
from pipelines.postgres.credentials import Role
from tests.lineage.test_ledger import now, stored
from tests.steps.book_case import FIRST, LAST, BookCase, Lot, Portfolio
from tests.steps.memory_prices import random_walks
from tests.steps.world import World

CASE = BookCase(
    (Portfolio(), Portfolio()), (Lot(), Lot("BBB", portfolio=2)), flows=((1, date(2024, 1, 4), 1000),)
)  # type: ignore[arg-type]
DAY = date(2024, 1, 5)


@pytest.fixture
def history(world: World, monkeypatch: pytest.MonkeyPatch) -> tuple[World, list[datetime]]:
    """Three instants: as first computed, after another close of portfolio 1, after lots of both were edited."""
    for role in Role:
        monkeypatch.setenv(role.variable, world.urls.of(role))
    world.start(CASE, random_walks(CASE.instruments)).run(FIRST, LAST)
    instants = [now(world)]
    world.source = world.source.restated({("AAA", DAY): 77.5})
    world.run(FIRST, LAST)
    instants.append(now(world))
    world.edit_book("update book.positions set quantity = quantity + 1")
    world.run(FIRST, LAST)
    return world, [*instants, now(world)]


def entries(typed: Any, *arguments: str) -> list[dict[str, Any]]:
    done = typed("ledger", "--json", *arguments)
    assert done.returncode == 0, done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def test_its_amounts_are_what_was_stored_and_is(history: tuple[World, list[datetime]], typed: Any) -> None:
    world, (first, second, third) = history
    of_close = [one for one in entries(typed) if one["causes"] == ["prices"]]
    of_lots = entries(typed, "--since", second.isoformat())
    assert len(of_close) + len(of_lots) == len(entries(typed)) > 10
    for found, start, end in ((of_close, first, second), (of_lots, second, third)):
        before, after = stored(world, start), stored(world, end)
        for one in found:
            where = (date.fromisoformat(one["session"]), one["portfolio_id"])
            assert (Decimal(one["old_net_asset_value"]), Decimal(one["old_daily_pnl"])) == before[where]
            assert (Decimal(one["new_net_asset_value"]), Decimal(one["new_daily_pnl"])) == after[where]
            for figure in ("net_asset_value", "daily_pnl"):
                change = Decimal(one[f"new_{figure}"]) - Decimal(one[f"old_{figure}"])
                assert Decimal(one[f"{figure}_change"]) == change
        assert {(date.fromisoformat(one["session"]), one["portfolio_id"]) for one in found} == {
            where for where in before if before[where] != after[where]
        }


def test_what_is_selected(history: tuple[World, list[datetime]], typed: Any) -> None:
    every = entries(typed)
    assert entries(typed, "--portfolio", "2") == [one for one in every if one["portfolio_id"] == 2]
    assert entries(typed, "--portfolio", "1", "--portfolio", "2") == every
    of_day = entries(typed, "--session", DAY.isoformat())
    assert of_day == [one for one in every if one["session"] == DAY.isoformat()]
    assert [one["causes"] for one in of_day if one["portfolio_id"] == 1] == [["prices"], ["positions"]]
    assert entries(typed, "--since", history[1][-1].isoformat()) == []


def test_the_table(
    history: tuple[World, list[datetime]], typed: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    of_day = entries(typed, "--session", DAY.isoformat(), "--portfolio", "1")
    printed = typed("ledger", "--session", DAY.isoformat(), "--portfolio", "1").stdout.splitlines()
    assert [line.split(",")[0] for line in printed if line.startswith("run")] == [
        f"run {one['run_id']}" for one in of_day
    ]
    values = [line for line in printed if "net asset value" in line]
    assert [line.split()[-1] for line in values] == ["prices", "positions"]
    for line, one in zip(values, of_day, strict=True):
        assert f"{Decimal(one['net_asset_value_change']):+,.4f}" in line
    monkeypatch.setattr(ledger, "MAX_SHOWN", 1)
    newest = typed("ledger", "--session", DAY.isoformat(), "--portfolio", "1").stdout.splitlines()
    assert newest == ["1 older entries; --json lists all", *printed[len(printed) // 2 :]]


def test_nothing_was_restated(world: World, typed: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for role in Role:
        monkeypatch.setenv(role.variable, world.urls.of(role))
    world.start(CASE, random_walks(CASE.instruments)).run(FIRST, LAST)
    assert typed("ledger").stdout == "nothing was restated\n"
    assert "with a time zone" in typed("ledger", "--since", "yesterday").stderr
