"""The books: position P&L, rolled equity, snapshots."""

from typing import Any

import dagster as dg

from pipelines.assets.market import prices, securities
from pipelines.assets.materialize import materialize, options
from pipelines.partitions import PREVIOUS, lookback
from pipelines.resources import PipelineRun
from pipelines.tables.specs import POSITION_PNL, ROLLED_EQUITY, SNAPSHOTS


@dg.asset(
    deps=[dg.AssetDep(prices, partition_mapping=lookback(1)), securities], **options("books", POSITION_PNL)
)
def position_pnl(context: dg.AssetExecutionContext, run: PipelineRun) -> dg.MaterializeResult[Any]:
    """Value and P&L of every lot: quantity × price × multiplier, and its change over the session."""
    return materialize(context, run, "position_pnl")


@dg.asset(
    deps=[position_pnl, dg.AssetDep("rolled_equity", partition_mapping=PREVIOUS)],
    **options("books", ROLLED_EQUITY),
)
def rolled_equity(context: dg.AssetExecutionContext, run: PipelineRun) -> dg.MaterializeResult[Any]:
    """closing = opening + daily P&L + capital flow; opening = previous closing."""
    return materialize(context, run, "rolled_equity")


@dg.asset(
    deps=["rolled_equity", "position_pnl", "position_greeks", "risk_metrics"], **options("books", SNAPSHOTS)
)
def snapshots(context: dg.AssetExecutionContext, run: PipelineRun) -> dg.MaterializeResult[Any]:
    """NAV, cash, exposures, P&L to date, counts and Greeks of each portfolio at the close."""
    return materialize(context, run, "snapshots")
