"""The books: position P&L, rolled equity, snapshots."""

from typing import Any

import dagster as dg

from pipelines.assets.market import prices
from pipelines.assets.materialize import materialize, session_asset
from pipelines.resources import PipelineRun
from pipelines.tables.specs import POSITION_PNL, ROLLED_EQUITY, SNAPSHOTS


@session_asset("books", POSITION_PNL, deps=[prices])
def position_pnl(context: dg.AssetExecutionContext, run: PipelineRun) -> dg.MaterializeResult[Any]:
    """Value and P&L of every lot: quantity × price × multiplier, and its change over the session."""
    return materialize(context, run, "position_pnl")


@session_asset("books", ROLLED_EQUITY, deps=[position_pnl])
def rolled_equity(context: dg.AssetExecutionContext, run: PipelineRun) -> dg.MaterializeResult[Any]:
    """closing = opening + daily P&L + capital flow; opening = previous closing."""
    return materialize(context, run, "rolled_equity")


@session_asset(
    "snapshots", SNAPSHOTS, deps=["rolled_equity", "position_pnl", "position_greeks", "risk_metrics"]
)
def snapshots(context: dg.AssetExecutionContext, run: PipelineRun) -> dg.MaterializeResult[Any]:
    """NAV, cash, exposures, P&L to date, counts and Greeks of each portfolio at the close."""
    return materialize(context, run, "snapshots")
