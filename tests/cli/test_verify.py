"""`sigmasight verify` as typed: what it prints, and how it ends."""

import json
from collections.abc import Callable
from dataclasses import dataclass

import psycopg
import pytest
from typer.testing import CliRunner

from pipelines.cli.main import app
from pipelines.postgres.credentials import DatabaseUrls
from tests.verify import world


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    code: int
    stdout: str


@pytest.fixture(scope="module")
def computed(module_database: DatabaseUrls) -> DatabaseUrls:
    world.fill_book(module_database)
    world.run(module_database)
    return module_database


@pytest.fixture
def verify(computed: DatabaseUrls) -> Callable[..., Done]:
    def run(*arguments: str) -> Done:
        result = CliRunner().invoke(app, ["verify", *arguments])
        return Done(result.exit_code, result.stdout)

    return run


def as_owner(urls: DatabaseUrls, statement: str) -> None:
    with psycopg.connect(urls.owner) as connection:
        assert connection.execute(statement).rowcount == 1


def test_clean(verify: Callable[..., Done]) -> None:
    done = verify()
    assert done.code == 0
    assert done.stdout.endswith("proven: nothing is broken or stale\n")


def test_a_broken_row_is_named_with_what_it_should_be(
    verify: Callable[..., Done], computed: DatabaseUrls
) -> None:
    where = "where session = '2021-06-01' and position_id = 1"
    as_owner(computed, f"update analytics.position_greeks set delta = delta + 1 {where}")
    try:
        done = verify()
        assert done.code == 1
        # the delta of 1,000 shares is 1,000
        assert (
            "BROKEN  position_greeks · 2021-06-01 · portfolio 1 · position 1: the stored rows have another digest "
            "than their slice: delta is 1001.0, recomputed 1000.0 [digest]\n"
        ) in done.stdout
        assert "BROKEN (1 broken," in done.stdout
        assert verify("--end", "2021-05-31").code == 0
        found = json.loads(verify("--json").stdout)
        assert found["result"] == "broken"
        assert found["findings"][0]["session"] == "2021-06-01"
        assert found["findings"][0]["item"] == "position 1"
    finally:
        as_owner(computed, f"update analytics.position_greeks set delta = delta - 1 {where}")


def test_merely_stale(verify: Callable[..., Done], computed: DatabaseUrls) -> None:
    with psycopg.connect(computed.intake) as connection:
        connection.execute("select analytics.begin_commit(null, 'edit')")
        connection.execute("insert into book.cash_flows values (1, '2021-07-20', 100)")
    done = verify()
    assert done.code == 2
    # the flow itself, and every opening after it
    assert (
        "STALE   rolled_equity · 2021-07-20 to 2021-07-27 · portfolio 1: its inputs have changed since it was computed"
    ) in done.stdout
    with psycopg.connect(computed.intake) as connection:
        connection.execute("select analytics.begin_commit(null, 'undo')")
        connection.execute("delete from book.cash_flows where amount = 100")
    # An edit undone leaves what was computed right: its inputs are what they were.
    assert verify().code == 0


def test_a_range_that_ends_before_it_starts(verify: Callable[..., Done]) -> None:
    assert verify("--start", "2021-06-02", "--end", "2021-06-01").code == 1
