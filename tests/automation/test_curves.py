"""What Dagster shows: figures that differ by session, columns with units, formulas."""

from datetime import date

import dagster as dg
import pytest

from pipelines.assets.describe import comments
from pipelines.definitions import ASSETS, defs
from pipelines.launch import Launch
from pipelines.sessions import offset
from tests.automation.desk import Desk

DAY = date(2024, 7, 2)
FIRST = offset(DAY, -4)


def figures(desk: Desk, asset: str, session: date) -> dict[str, object]:
    """Numbers of the last materialization of a session."""
    found = desk.instance.fetch_materializations(
        dg.AssetRecordsFilter(dg.AssetKey(asset), asset_partitions=[session.isoformat()]), limit=1
    ).records[0]
    assert found.asset_materialization is not None
    return {name: entry.value for name, entry in found.asset_materialization.metadata.items()}


def materialize(desk: Desk, start: date, end: date) -> None:
    launch = Launch(start, end, "backfill")
    desk.execute(
        dg.RunRequest(run_key=str(len(desk.ran)), run_config=launch.run_config(), tags=launch.tags())
    )


def test_figures_are_those_of_their_session(desk: Desk) -> None:
    desk.vendor.publish(DAY)
    desk.upload("one", offset(FIRST, -1), DAY)
    desk.upload("two", offset(FIRST, -1), DAY)
    materialize(desk, FIRST, DAY)
    stored = desk.rows(
        "select session, sum(net_asset_value)::float8, sum(daily_pnl)::float8 from analytics.snapshots group by 1"
    )
    assert len({nav for _, nav, _ in stored}) == 5
    for session, nav, pnl in stored:
        shown = figures(desk, "snapshots", session)
        assert (shown["NAV (USD)"], shown["P&L (USD)"], shown["portfolios"]) == (nav, pnl, 2)
    materialize(desk, FIRST, FIRST)
    cascaded = figures(desk, "snapshots", DAY)
    assert cascaded["cascaded"] is True
    assert cascaded["NAV (USD)"] == {day: nav for day, nav, _ in stored}[DAY]


@pytest.mark.parametrize("asset", ASSETS, ids=lambda asset: asset.key.path[-1])
def test_an_asset_explains_itself(asset: dg.AssetsDefinition) -> None:
    spec = asset.get_asset_spec()
    table = spec.metadata["dagster/table_name"]
    assert comments()[table] in (spec.description or "")
    schema = spec.metadata["dagster/column_schema"]
    assert all(column.description for column in schema.columns)
    assert spec.owners
    assert spec.group_name
    assert spec.freshness_policy
    assert spec.kinds >= {"postgres"}


def test_formulas_are_in_the_descriptions() -> None:
    described = {spec.key.path[-1]: spec.description or "" for spec in defs.resolve_all_asset_specs()}
    for asset, formula in {
        "position_pnl": "market_value = quantity × price × multiplier",
        "rolled_equity": "closing_equity = opening_equity + daily_pnl + capital_flow",
        "factor_betas": "Cov(asset, factor) / Var(factor)",
        "snapshots": "cash = NAV − net",
    }.items():
        assert formula in described[asset]
