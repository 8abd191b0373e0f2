"""Whatever happened since, a slice replayed from what its run read is what is stored."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.errors import SigmaSightError
from pipelines.lineage.replay import Replay, replay
from pipelines.lineage.slices import NoSuchSliceError
from tests.steps.book_case import FIRST, LAST, SESSIONS, BookCase, Lot, Portfolio
from tests.steps.memory_prices import MemoryPrices, random_walks
from tests.steps.test_equalities import histories, modest
from tests.steps.world import World

CASE = BookCase(
    (Portfolio(), Portfolio()),
    (Lot(), Lot("BBB", portfolio=2), Lot("AAA", option_type="call", strike=50, expiry=date(2024, 3, 15))),  # type: ignore[arg-type]
)


@pytest.fixture
def reader(world: World) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(world.urls.reader) as connection:
        yield connection


def every_slice(world: World) -> list[tuple[str, date, int | None]]:
    return world.rows("select asset, session, portfolio_id from analytics.slices where asset <> 'prices'")  # type: ignore[return-value]


def again(
    reader: psycopg.Connection[Any], asset: str, day: date, portfolio: int | None = None, **at: Any
) -> Replay:
    reader.rollback()
    return replay(reader, asset, day, portfolio, **at)


@pytest.mark.long
@modest
@given(histories(), st.data())
def test_what_is_stored_is_what_its_inputs_give_after_any_restatements(
    world: World, history: tuple[BookCase, MemoryPrices], data: st.DataObject
) -> None:
    case, source = history
    cut = data.draw(st.integers(5, len(SESSIONS) - 2))
    world.start(case, source).run(FIRST, SESSIONS[cut])
    world.run(SESSIONS[cut + 1], LAST)
    world.source = source.restated({("AAA", data.draw(st.sampled_from(SESSIONS))): 77.77})
    world.run(SESSIONS[cut], LAST)
    world.edit_book("update book.positions set quantity = quantity * 2")
    world.edit_book("update book.price_overrides set price = price + 1")
    before = world.rows("select max(committed_at) from analytics.commits")[0][0]
    slices = data.draw(st.lists(st.sampled_from(every_slice(world)), min_size=6, max_size=12))
    with psycopg.connect(world.urls.reader) as reader:
        for asset, day, portfolio in slices:
            found = again(reader, asset, day, portfolio)
            assert (found.verdict, found.same_inputs, found.detail) == ("equal", True, None), (asset, day)
        world.run(FIRST, LAST)  # the edit: every slice of a lot is another one now
        for asset, day, portfolio in slices:
            assert again(reader, asset, day, portfolio).verdict == "equal"
            assert again(reader, asset, day, portfolio, known_at=before).verdict == "equal"


def test_a_row_that_was_altered_is_named(world: World, reader: psycopg.Connection[Any]) -> None:
    world.start(CASE, random_walks(CASE.instruments)).run(FIRST, LAST)
    assert again(reader, "snapshots", LAST, 1).verdict == "equal"
    world.owner.execute("update analytics.snapshots set cash = cash + 1 where portfolio_id = 1")
    found = again(reader, "snapshots", LAST, 1)
    assert found.verdict == "different"
    assert "cash is" in (found.detail or "")
    assert again(reader, "snapshots", LAST, 2).verdict == "equal"


def test_a_last_bit_is_another_builds(world: World, reader: psycopg.Connection[Any]) -> None:
    world.start(CASE, random_walks(CASE.instruments)).run(FIRST, LAST)
    world.owner.execute(
        "update analytics.factor_betas set beta = beta * (1 + 2.3e-16) where session = %s", [LAST]
    )
    found = again(reader, "factor_betas", LAST)
    assert found.verdict == "close"
    assert (found.detail or "").endswith(": beta")
    world.owner.execute("update analytics.factor_betas set beta = beta + 1e-9 where session = %s", [LAST])
    assert again(reader, "factor_betas", LAST).verdict == "different"


def test_what_cannot_be_replayed_says_why(world: World, reader: psycopg.Connection[Any]) -> None:
    world.start(CASE, random_walks(CASE.instruments)).run(FIRST, LAST)
    with pytest.raises(NoSuchSliceError, match="there is no snapshots of 2024-01-16, portfolio 1"):
        again(reader, "snapshots", date(2024, 1, 16), 1)
    with pytest.raises(SigmaSightError, match="2024-01-13"):
        again(reader, "snapshots", date(2024, 1, 13), 1)
    with pytest.raises(SigmaSightError, match="by portfolio: name one"):
        again(reader, "snapshots", LAST)
    with pytest.raises(SigmaSightError, match="prices is not computed"):
        again(reader, "prices", LAST)


def test_the_command(world: World, typed: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from pipelines.postgres.credentials import Role

    world.start(CASE, random_walks(CASE.instruments)).run(FIRST, LAST)
    for role in Role:
        monkeypatch.setenv(role.variable, world.urls.of(role))
    done = typed("replay", "--asset", "snapshots", "--session", LAST.isoformat(), "--portfolio", "1")
    assert done.returncode == 0
    assert done.stdout.splitlines()[-1] == "equal, bit for bit: 1 rows"
    assert "the same input hash" in done.stdout
    wrong = typed("replay", "--asset", "snapshots", "--session", LAST.isoformat(), "--known-at", "noon")
    assert (wrong.returncode, "with a time zone" in wrong.stderr) == (1, True)
