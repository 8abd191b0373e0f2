"""The books: position P&L, rolled equity, snapshots."""

from typing import Any

import dagster as dg

from pipelines.assets.market import prices
from pipelines.assets.materialize import materialize, session_asset
from pipelines.resources import PipelineRun
from pipelines.tables.specs import POSITION_PNL, ROLLED_EQUITY, SNAPSHOTS


@session_asset("books", POSITION_PNL, deps=[prices])
def position_pnl(context: dg.AssetExecutionContext, run: PipelineRun) -> dg.MaterializeResult[Any]:
    """Value and P&L of every lot.

    `market_value = quantity × price × multiplier`, signed; price is the latest close not older than the entry, else
    the entry price. `daily_pnl = value − value of the session before`, on a lot's first session `value − cost`.
    A price 1 to 5 sessions old is stale, an older one unpriced: the value is kept, flagged and counted. Price return
    only: no dividends, borrow or fees.
    """
    return materialize(context, run, "position_pnl")


@session_asset("books", ROLLED_EQUITY, deps=[position_pnl])
def rolled_equity(context: dg.AssetExecutionContext, run: PipelineRun) -> dg.MaterializeResult[Any]:
    """Equity, rolled from inception on; never derived from today's.

    `closing_equity = opening_equity + daily_pnl + capital_flow`, and `opening_equity` is the previous closing;
    on the first session after inception it is the portfolio's initial equity.
    """
    return materialize(context, run, "rolled_equity")


@session_asset(
    "snapshots", SNAPSHOTS, deps=["rolled_equity", "position_pnl", "position_greeks", "risk_metrics"]
)
def snapshots(context: dg.AssetExecutionContext, run: PipelineRun) -> dg.MaterializeResult[Any]:
    """Each portfolio at the close of a session.

    `net_asset_value = closing equity`; `gross = long − short`, `net = long + short`, `cash = NAV − net`;
    P&L of the month, the year and since inception are sums of daily P&L. Greeks are sums over the lots.
    """
    return materialize(context, run, "snapshots")
