"""`sigmasight impact`: what is stale, and what a change thought of would make so."""

import json
from collections.abc import Iterator
from datetime import date
from typing import Any

import psycopg
import pytest

from pipelines.impact import Change, Impact, read_impact
from pipelines.postgres import DatabaseUrls
from pipelines.sessions import index_on_or_before, session_index
from pipelines.steps.reach import READS
from tests.cli.conftest import Command
from tests.verify import world

BY_PORTFOLIO = set(READS) - {"factor_returns", "factor_betas", "factor_covariance"}
DAY = date(2021, 5, 3)


@pytest.fixture(scope="module")
def computed(module_database: DatabaseUrls) -> DatabaseUrls:
    """Two books: AAPL and XOM are held by both, JPM by the main one alone."""
    world.fill_book(module_database)
    world.run(module_database)
    return module_database


@pytest.fixture
def reader(computed: DatabaseUrls) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(computed.reader) as connection:
        yield connection


def reached(found: Impact) -> dict[str, tuple[date, date]]:
    return {asset.asset: (asset.first, asset.last) for asset in found.assets}


def test_nothing_is_stale_after_a_run(reader: psycopg.Connection[Any], typed: Command) -> None:
    assert read_impact(reader) == Impact(())
    assert typed("impact").stdout == "nothing is stale\n"


def test_a_price_reaches_its_holders_from_its_session_and_betas_for_60(
    reader: psycopg.Connection[Any],
) -> None:
    """The main book's option lots are of AAPL; NOPRICE is held by it alone, and makes no factor."""
    found = read_impact(reader, Change("NOPRICE", DAY))
    assert found.portfolios == (world.MAIN,)
    sixty = min(session_index(DAY) + 60, session_index(world.END))
    later = dict.fromkeys(BY_PORTFOLIO, (DAY, world.END))
    spans = reached(found)
    assert index_on_or_before(spans.pop("factor_betas")[1]) == sixty
    assert spans == later
    days = session_index(world.END) - session_index(DAY) + 1
    assert found.cells == len(BY_PORTFOLIO) * days + (sixty - session_index(DAY) + 1)


def test_a_factor_s_price_reaches_everybody_s_risk_for_60_sessions_alone(
    reader: psycopg.Connection[Any],
) -> None:
    early = date(2021, 4, 5)
    found = read_impact(reader, Change("SPY", early))
    assert set(reached(found)) == set(READS) - {
        "position_pnl",
        "rolled_equity",
        "position_greeks",
        "snapshots",
    }
    assert found.portfolios == (world.MAIN, world.SECOND)
    ends = {
        asset: index_on_or_before(last) - session_index(early) for asset, (_, last) in reached(found).items()
    }
    assert ends == {asset: 1 if asset == "factor_returns" else 60 for asset in ends}


def test_a_position_reaches_its_book_from_its_entry_and_nobody_else(reader: psycopg.Connection[Any]) -> None:
    """Position 12 is the second book's first, entered on 30 April."""
    found = read_impact(reader, Change(position=12))
    assert found.portfolios == (world.SECOND,)
    assert reached(found) == dict.fromkeys([*BY_PORTFOLIO, "factor_betas"], (date(2021, 4, 30), world.END))


@pytest.mark.parametrize(
    ("code", "also"),
    [
        ("snapshots", set()),
        ("factor_betas", {"factor_exposures", "risk_metrics"}),
        ("position_pnl", BY_PORTFOLIO),
    ],
)
def test_code_reaches_what_is_computed_from_it(
    reader: psycopg.Connection[Any], code: str, also: set[str]
) -> None:
    found = read_impact(reader, Change(code=code))
    assert set(reached(found)) == {code} | also
    assert {last for _, last in reached(found).values()} == {world.END}


def test_it_is_limited_to_portfolios_and_sessions(reader: psycopg.Connection[Any]) -> None:
    found = read_impact(reader, Change("AAPL", DAY), date(2021, 6, 1), date(2021, 6, 2), [world.SECOND])
    assert found.portfolios == (world.SECOND,)
    assert set(reached(found).values()) == {(date(2021, 6, 1), date(2021, 6, 2))}


def test_a_real_change_is_what_was_said_of_it(
    computed: DatabaseUrls, reader: psycopg.Connection[Any], typed: Command
) -> None:
    said = read_impact(reader, Change("XOM", DAY))
    reader.rollback()
    world.run(computed, world.Restated("XOM", str(DAY), 44.0), DAY, DAY, steps=())
    assert read_impact(reader) == said
    shown = typed("impact", "--json")
    assert json.loads(shown.stdout)["cells"] == said.cells
    assert f"{said.cells:,} slices are stale at most" in typed("impact").stdout
    reader.rollback()
    world.run(computed)


def test_an_override_of_a_close_reaches_its_book_alone_and_no_beta(
    computed: DatabaseUrls, reader: psycopg.Connection[Any], typed: Command
) -> None:
    """XOM is held by both books."""
    with psycopg.connect(computed.intake) as intake:
        intake.execute("select analytics.begin_commit(null, 'overrides')")
        intake.execute(
            "insert into book.price_overrides values (%s, 'XOM', %s, 44)", [world.SECOND, "2021-06-01"]
        )
    found = read_impact(reader)
    assert found.portfolios == (world.SECOND,)
    assert reached(found) == dict.fromkeys(BY_PORTFOLIO, (date(2021, 6, 1), world.END))
    shown = typed("impact", "--json")
    assert json.loads(shown.stdout)["cells"] == found.cells
    reader.rollback()
    world.run(computed)
    assert read_impact(reader) == Impact(())


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--symbol", "AAPL"], "give both"),
        (["--position", "12", "--code", "snapshots"], "one change at a time"),
        (["--position", "999"], "there is no position 999"),
        (["--code", "prices"], "there is no asset prices"),
    ],
)
def test_what_it_cannot_answer(
    computed: DatabaseUrls, typed: Command, arguments: list[str], said: str
) -> None:
    done = typed("impact", *arguments)
    assert done.returncode == 1
    assert said in done.stderr
