"""The checks as a Dagster run executes them: what they name, and what range they look at."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import dagster as dg
import psycopg
import pytest

from pipelines.automation.watch import TOLD_ELSEWHERE
from pipelines.checks.books import LEFT_OUT
from pipelines.checks.rebuilt import NAME as REBUILT
from pipelines.checks.stale import STALE_CHECK
from pipelines.definitions import defs
from pipelines.postgres.credentials import DatabaseUrls
from pipelines.steps.chain import STEPS
from pipelines.verify.identities import identities
from tests.verify import world

ALL = {identity.name for identity in identities()}


@pytest.fixture(scope="module")
def computed(module_database: DatabaseUrls) -> DatabaseUrls:
    world.fill_book(module_database)
    world.run(module_database)
    return module_database


def execute(
    selection: dg.AssetSelection, start: date = world.START, end: date = world.END, **config: Any
) -> list[Any]:
    """Run a selection and return what its checks said."""
    tags = {"dagster/asset_partition_range_start": str(start), "dagster/asset_partition_range_end": str(end)}
    job = dg.define_asset_job("one", selection=selection, executor_def=dg.in_process_executor)
    repository = dg.Definitions(
        assets=list(defs.assets or []),
        asset_checks=list(defs.asset_checks or []),
        jobs=[job],
        resources=defs.resources,
    )
    resources = {
        "resources": {"run": {"config": config}},
        "loggers": {"console": {"config": {"log_level": "CRITICAL"}}},
    }
    with dg.DagsterInstance.ephemeral() as instance:
        result = repository.resolve_job_def("one").execute_in_process(
            run_config=resources, instance=instance, tags=tags
        )
        return list(result.get_asset_check_evaluations())


def checks_of(*assets: str) -> dg.AssetSelection:
    return dg.AssetSelection.checks_for_assets(*assets)


@pytest.fixture
def altered(computed: DatabaseUrls) -> Iterator[DatabaseUrls]:
    """The cash of two sessions is altered, and made what it was again."""

    def shift(by: str) -> None:
        with psycopg.connect(computed.owner) as connection:
            connection.execute(
                f"update analytics.snapshots set cash = cash + {by} where session in ('2021-05-03', '2021-06-01')"
            )

    shift("1")
    yield computed
    shift("-1")


PRICES = {*TOLD_ELSEWHERE, "no_option_of_a_split_underlying"}


def test_all_identities_are_checked_in_a_run_of_everything(computed: DatabaseUrls) -> None:
    evaluations = execute(dg.AssetSelection.all(), date(2021, 7, 26), date(2021, 7, 26), strict=True)
    expected = ALL | {LEFT_OUT, STALE_CHECK, REBUILT} | PRICES
    assert {evaluation.check_name for evaluation in evaluations} == expected
    failed = [(e.check_name, e.description) for e in evaluations if not e.passed]
    assert failed == [("held_symbols_are_priced", "unpriced: NOPRICE (last never)")]


def test_an_offender_fails_the_check_and_is_shown(altered: DatabaseUrls) -> None:
    evaluations = execute(checks_of("snapshots"))
    failed = {evaluation.check_name: evaluation for evaluation in evaluations if not evaluation.passed}
    # Among the random sessions there may be one of the altered.
    assert set(failed) - {REBUILT} == {"nav_is_long_short_cash", "cash_change_is_explained"}
    found = failed["nav_is_long_short_cash"]
    assert found.severity is dg.AssetCheckSeverity.ERROR
    assert found.metadata["offenders"].value == 2 * 2  # two sessions of two portfolios
    rows = [record.data for record in found.metadata["first 20"].records]
    assert {(row["session"], row["portfolio"]) for row in rows} == {
        (day, portfolio) for day in ("2021-05-03", "2021-06-01") for portfolio in ("1", "2")
    }


@pytest.mark.parametrize(
    ("start", "end", "config", "sessions"),
    [
        (date(2021, 5, 1), date(2021, 5, 10), {"cascade": False}, {"2021-05-03"}),
        (date(2021, 5, 3), date(2021, 5, 10), {"cascade": True}, {"2021-05-03", "2021-06-01"}),
        (date(2021, 5, 10), date(2021, 5, 12), {"cascade": True}, {"2021-06-01"}),
        (date(2021, 5, 3), date(2021, 5, 10), {"cascade": False, "portfolio_ids": [2]}, {"2021-05-03"}),
    ],
    ids=["range", "cascade", "later range", "portfolio"],
)
def test_the_range_and_the_portfolios_of_the_run_are_checked(
    altered: DatabaseUrls, start: date, end: date, config: dict[str, Any], sessions: set[str]
) -> None:
    found = {e.check_name: e for e in execute(checks_of("snapshots"), start, end, **config)}
    rows = [record.data for record in found["nav_is_long_short_cash"].metadata["first 20"].records]
    assert {row["session"] for row in rows} == sessions
    assert {row["portfolio"] for row in rows} == ({"2"} if "portfolio_ids" in config else {"1", "2"})


def test_a_portfolio_left_out_is_named(computed: DatabaseUrls) -> None:
    """A range after a hole: nobody can be computed, each is named by every asset's check."""
    evaluations = execute(dg.AssetSelection.all(), date(2021, 7, 29), date(2021, 7, 29), strict=False)
    left_out = [e for e in evaluations if e.check_name == LEFT_OUT]
    assert {e.asset_key.to_user_string() for e in left_out} == {
        "position_pnl", "rolled_equity", "position_greeks", "factor_exposures", "risk_metrics", "snapshots"
    }  # fmt: skip
    for evaluation in left_out:
        assert not evaluation.passed
        assert "1, 2" in evaluation.description


def test_what_is_stale_fails_the_check_of_its_asset_as_a_warning(computed: DatabaseUrls) -> None:
    """A flow is no input of the lots' values; it is one of equity and of all that follows."""
    with psycopg.connect(computed.intake) as connection:
        connection.execute("select analytics.begin_commit(null, 'edit')")
        connection.execute("insert into book.cash_flows values (1, '2021-07-20', 5)")
    found = [e for e in execute(checks_of(*STEPS)) if e.check_name == STALE_CHECK and not e.passed]
    assert {e.asset_key.to_user_string() for e in found} == {
        "rolled_equity", "factor_exposures", "risk_metrics", "snapshots"
    }  # fmt: skip
    for evaluation in found:
        assert evaluation.severity is dg.AssetCheckSeverity.WARN
        (row,) = evaluation.metadata["first 20"].records
        assert (row.data["session"], row.data["portfolio"]) == ("2021-07-20", "1")
    world.run(computed)
    assert [e for e in execute(checks_of(*STEPS)) if e.check_name == STALE_CHECK and not e.passed] == []


def test_a_run_of_what_is_stale_checks_the_portfolios_it_recomputes(altered: DatabaseUrls) -> None:
    """Nothing is stale, so it could have broken nothing; what it does not look at is the nightly proof's."""
    del altered
    selection = dg.AssetSelection.assets("snapshots") | checks_of("snapshots")
    selection -= dg.AssetSelection.checks(dg.AssetCheckKey(dg.AssetKey("snapshots"), REBUILT))
    assert "nav_is_long_short_cash" in {e.check_name for e in execute(selection) if not e.passed}
    assert [e.check_name for e in execute(selection, stale_only=True) if not e.passed] == []
