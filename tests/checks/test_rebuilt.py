"""Past sessions are proven at random, by their seed: what was altered is found, what is stale is said."""

from collections.abc import Iterator
from datetime import date

import dagster as dg
import psycopg
import pytest

from pipelines.checks.rebuilt import NAME, prove_some, verdict
from pipelines.definitions import defs
from pipelines.postgres.credentials import DatabaseUrls
from pipelines.verify import Scope, verify
from tests.verify.world import Restated, fill_book, run

DAY = date(2021, 4, 8)


@pytest.fixture(scope="module")
def computed(module_database: DatabaseUrls) -> DatabaseUrls:
    fill_book(module_database)
    run(module_database, end=date(2021, 5, 14))
    return module_database


@pytest.fixture
def reader(computed: DatabaseUrls) -> Iterator[psycopg.Connection]:
    with psycopg.connect(computed.reader) as connection:
        yield connection


def said_of(urls: DatabaseUrls) -> tuple[bool, dg.AssetCheckSeverity, str]:
    with psycopg.connect(urls.reader) as connection:
        result = verdict({str(DAY): verify(connection, Scope(DAY, DAY))})
    return result.passed, result.severity, str(result.description)


def test_the_seed_chooses_the_sessions(reader: psycopg.Connection) -> None:
    one = prove_some(reader, 2, "one")
    assert len(one) == 2
    assert all(proof.exit_code == 0 and proof.recomputed for proof in one.values())
    assert verdict(one).passed
    assert prove_some(reader, 2, "one").keys() == one.keys() != prove_some(reader, 2, "two").keys()
    assert prove_some(reader, 0, "none") == {}


def test_it_says_stale_or_broken(computed: DatabaseUrls) -> None:
    run(computed, Restated("XOM", str(DAY), 61.5), DAY, DAY, steps=())
    passed, severity, said = said_of(computed)
    assert (passed, severity) == (False, dg.AssetCheckSeverity.WARN)
    assert said.startswith("0 broken, ")
    with psycopg.connect(computed.owner) as connection:
        connection.execute("update analytics.snapshots set cash = cash + 1 where session = %s", [DAY])
    passed, severity, said = said_of(computed)
    assert (passed, severity) == (False, dg.AssetCheckSeverity.ERROR)
    assert not said.startswith("0 broken")


def test_the_nightly_job_runs_it_and_no_other_job_does(database: DatabaseUrls) -> None:
    fill_book(database)
    run(database, end=date(2021, 4, 9))
    done = defs.resolve_job_def("proof").execute_in_process(instance=dg.DagsterInstance.ephemeral())
    (found,) = done.get_asset_check_evaluations()
    assert (found.check_name, found.passed) == (NAME, True)
    assert found.metadata["slices recomputed"].value > 0
    others = ("materialize", "daily_market_data", "daily_risk_metrics", "daily_snapshots")
    for name in ("proof", *others):
        steps = {node.name for node in defs.resolve_job_def(name).nodes}
        assert any(NAME in step for step in steps) == (name == "proof"), name
