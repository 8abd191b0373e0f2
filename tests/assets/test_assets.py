"""The assets as Dagster sees and runs them."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import dagster as dg
import psycopg
import pytest

from pipelines import launch
from pipelines.definitions import defs
from pipelines.launch import Launch, RunFailedError
from pipelines.partitions import SESSIONS as PARTITIONS
from pipelines.postgres import DatabaseUrls
from pipelines.sessions import FIRST_PARTITION, HORIZON, session_range
from pipelines.tables import run as tables_run
from pipelines.tables.run import RunRecord, open_run
from pipelines.tables.specs import DERIVED, MANIFESTED
from tests.jobs import job
from tests.steps.book_case import BookCase, Lot, Portfolio, insert

DAYS = session_range(date(2024, 1, 2), date(2024, 1, 9)).tolist()
CASE = BookCase(
    (Portfolio(inception=DAYS[0]), Portfolio(inception=DAYS[0])),
    (Lot("AAPL", entry=DAYS[1]), Lot("MSFT", entry=DAYS[1], portfolio=2)),
)
ASSETS = {
    "prices": set(),
    "securities": set(),
    "short_interest": set(),
    "position_pnl": {"prices"},
    "rolled_equity": {"position_pnl"},
    "position_greeks": {"position_pnl", "prices"},
    "factor_betas": {"prices", "short_interest"},
    "factor_exposures": {"position_pnl", "rolled_equity", "position_greeks", "factor_betas"},
    "risk_metrics": {"rolled_equity", "prices", "position_greeks", "factor_exposures"},
    "snapshots": {"rolled_equity", "position_pnl", "position_greeks", "risk_metrics"},
}


@pytest.fixture
def owner(database: DatabaseUrls) -> Iterator[psycopg.Connection[Any]]:
    """A database with a book of two portfolios."""
    with (
        psycopg.connect(database.owner, autocommit=True) as connection,
        psycopg.connect(database.intake, autocommit=True) as intake,
    ):
        insert(intake, CASE)
        yield connection


def execute(
    asked: Launch, *, now: str | None = None, only: list[str] | None = None, checks: bool = False
) -> dg.ExecuteInProcessResult:
    """Run the job as a launch asks, on an instance of its own."""
    config = asked.run_config() | {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
    if now is not None:
        config["resources"]["run"]["config"]["now"] = now
    with dg.DagsterInstance.ephemeral() as instance:
        return job("materialize", checks=checks).execute_in_process(
            run_config=config,
            instance=instance,
            tags=asked.tags(),
            raise_on_error=False,
            asset_selection=None if only is None else [dg.AssetKey(name) for name in only],
        )


def failure(result: dg.ExecuteInProcessResult) -> str:
    assert not result.success
    return launch._complaint(result)


def materialized(result: dg.ExecuteInProcessResult, name: str) -> set[str]:
    events = result.asset_materializations_for_node(name)
    logged = [
        event.materialization
        for event in result.all_events
        if event.is_step_materialization and event.asset_key == dg.AssetKey(name)
    ]
    return {str(event.partition) for event in [*events, *logged] if event.partition}


def runs(owner: psycopg.Connection[Any]) -> list[tuple[Any, ...]]:
    return owner.execute(
        "select kind, start_session, end_session, portfolio_ids, status, error, left_out from analytics.runs"
        " order by started_at"
    ).fetchall()


ALL_DAYS = Launch(DAYS[1], DAYS[-1], "backfill")


def test_the_graph_is_the_design_s() -> None:
    graph = defs.resolve_asset_graph()
    found = {key.to_user_string(): graph.get(key).parent_keys for key in graph.get_all_asset_keys()}
    assert {name: {key.to_user_string() for key in parents} for name, parents in found.items()} == ASSETS
    assert {spec.name for spec in DERIVED} - ASSETS.keys() == {"factor_returns", "factor_covariance"}


def test_partitions_are_the_sessions_of_the_exchange() -> None:
    after = datetime(2035, 12, 31, 12, tzinfo=UTC)
    keys = PARTITIONS.get_partition_keys(current_time=after)
    assert keys == [day.isoformat() for day in session_range(FIRST_PARTITION, HORIZON[1]).tolist()]
    graph = defs.resolve_asset_graph()
    assert {graph.get(dg.AssetKey(name)).partitions_def for name in ASSETS} == {PARTITIONS}


def test_one_run_does_a_range_and_is_recorded(owner: psycopg.Connection[Any]) -> None:
    result = execute(replace(ALL_DAYS, request_id=None), checks=True)
    assert result.success
    for name in ASSETS:
        assert materialized(result, name) >= {day.isoformat() for day in DAYS[1:]}, name
    assert runs(owner) == [("backfill", DAYS[1], DAYS[-1], None, "succeeded", None, {})]
    stored = owner.execute(
        "select asset, array_agg(distinct session) from analytics.slices group by 1"
    ).fetchall()
    assert {name for name, _ in stored} == {spec.name for spec in MANIFESTED}
    assert all(set(DAYS[1:]) <= set(sessions) for _, sessions in stored)
    # Everything was fetched before the inputs were read: no factor is without its return.
    missing = owner.execute("select factor, reason from analytics.factor_returns where factor_return is null")
    assert missing.fetchall() == []
    source = owner.execute("select distinct source from market.prices").fetchall()
    assert source == [("simulated",)]


def test_what_a_change_moves_later_is_materialized_too(owner: psycopg.Connection[Any]) -> None:
    assert execute(ALL_DAYS).success
    result = execute(Launch(DAYS[1], DAYS[2], "backfill"))
    assert result.success
    assert materialized(result, "prices") == {day.isoformat() for day in DAYS[1:3]}
    assert materialized(result, "snapshots") == {day.isoformat() for day in DAYS[1:]}
    alone = execute(Launch(DAYS[1], DAYS[2], "backfill", cascade=False))
    assert materialized(alone, "snapshots") == {day.isoformat() for day in DAYS[1:3]}


def test_a_run_is_limited_to_portfolios_by_its_configuration(owner: psycopg.Connection[Any]) -> None:
    assert execute(replace(ALL_DAYS, portfolio_ids=(2,))).success
    by_portfolio = owner.execute(
        "select distinct portfolio_id from analytics.slices where portfolio_id is not null"
    )
    assert by_portfolio.fetchall() == [(2,)]
    assert runs(owner)[0][3] == [2]


def test_a_portfolio_that_does_not_exist_is_named(owner: psycopg.Connection[Any]) -> None:
    assert "there is no portfolio 7" in failure(execute(replace(ALL_DAYS, portfolio_ids=(2, 7))))
    assert runs(owner)[0][4:6] == ("failed", "there is no portfolio 7")


@pytest.mark.parametrize("only", [None, ["position_pnl"]], ids=["all assets", "one derived asset"])
def test_a_session_that_has_not_closed_is_refused(
    owner: psycopg.Connection[Any], only: list[str] | None
) -> None:
    """One minute before the close, 16:00 in New York; one minute later it is a session like any other."""
    before, after = "2024-01-09T20:59:00+00:00", "2024-01-09T21:01:00+00:00"
    said = failure(execute(ALL_DAYS, now=before, only=only))
    assert "session 2024-01-09 has not closed yet; the latest is 2024-01-08" in said
    assert owner.execute("select count(*) from analytics.slices").fetchall() == [(0,)]
    assert execute(ALL_DAYS, now=after, only=only).success
    assert [row[4] for row in runs(owner)] == ["failed", "succeeded"]


def test_a_range_after_a_hole_is_refused_when_it_was_asked_for(owner: psycopg.Connection[Any]) -> None:
    late = Launch(DAYS[3], DAYS[-1], "backfill")
    said = failure(execute(late))
    for portfolio in (1, 2):
        assert f"portfolio {portfolio}: sessions {DAYS[1]} to {DAYS[2]} are missing" in said
    assert owner.execute("select count(*) from market.prices").fetchall() == [(0,)]


def test_a_portfolio_behind_a_hole_is_left_out_otherwise_and_on_record(
    owner: psycopg.Connection[Any],
) -> None:
    assert execute(replace(ALL_DAYS, end=DAYS[2], portfolio_ids=(2,))).success
    assert execute(Launch(DAYS[3], DAYS[-1], "daily", strict=False)).success
    left_out = runs(owner)[-1][6]
    assert left_out == {"1": f"sessions {DAYS[1]} to {DAYS[2]} are missing"}
    rolled = owner.execute("select distinct portfolio_id from analytics.rolled_equity").fetchall()
    assert rolled == [(2,)]


def test_a_run_that_gets_no_lock_says_so_and_may_be_tried_again(
    owner: psycopg.Connection[Any], database: DatabaseUrls, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables_run.open_run.__wrapped__, "__defaults__", (0.2,))  # type: ignore[attr-defined]
    with psycopg.connect(database.pipeline, autocommit=True) as other:
        with open_run(other, RunRecord("other", "daily", DAYS[1], DAYS[1])):
            said = failure(execute(ALL_DAYS))
        assert "another run has held the run lock" in said
        assert "try again" in said
    assert [row[0] for row in runs(owner)] == ["daily"]
    assert execute(ALL_DAYS).success


def test_a_launched_run_is_dagster_s_as_well_as_ours(owner: psycopg.Connection[Any]) -> None:
    run_id = launch.run(replace(ALL_DAYS, end=DAYS[2]))
    assert owner.execute("select status from analytics.runs where run_id = %s", [run_id]).fetchall() == [
        ("succeeded",)
    ]
    with dg.DagsterInstance.get() as instance:
        assert instance.get_run_by_id(run_id).status is dg.DagsterRunStatus.SUCCESS  # type: ignore[union-attr]
        done = instance.get_materialized_partitions(dg.AssetKey("snapshots"))
    assert done == {day.isoformat() for day in DAYS[1:3]}
    with pytest.raises(RunFailedError, match="prices failed: there is no portfolio 9"):
        launch.run(replace(ALL_DAYS, portfolio_ids=(9,)))
