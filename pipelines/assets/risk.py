"""Risk: Greeks, factor betas and exposures, risk metrics."""

from typing import Any

import dagster as dg

from pipelines.assets.market import prices, short_interest
from pipelines.assets.materialize import materialize, session_asset
from pipelines.resources import PipelineRun
from pipelines.tables.specs import (
    FACTOR_BETAS,
    FACTOR_COVARIANCE,
    FACTOR_EXPOSURES,
    FACTOR_RETURNS,
    POSITION_GREEKS,
    RISK_METRICS,
)


@session_asset("risk", POSITION_GREEKS, deps=["position_pnl", "prices"])
def position_greeks(context: dg.AssetExecutionContext, run: PipelineRun) -> dg.MaterializeResult[Any]:
    """Greeks of every lot by position type: table × |quantity| × multiplier; delta-adjusted value."""
    return materialize(context, run, "position_greeks")


@session_asset(
    "risk",
    FACTOR_RETURNS,
    FACTOR_BETAS,
    deps=[prices, short_interest],
)
def factor_betas(context: dg.AssetExecutionContext, run: PipelineRun) -> dg.MaterializeResult[Any]:
    """beta = Cov(asset, factor) / Var(factor) over 60 returns, at least 20; and the factors' own returns."""
    return materialize(context, run, "factor_betas")


@session_asset(
    "risk",
    FACTOR_COVARIANCE,
    FACTOR_EXPOSURES,
    deps=["position_pnl", "rolled_equity", "position_greeks", "factor_betas"],
)
def factor_exposures(context: dg.AssetExecutionContext, run: PipelineRun) -> dg.MaterializeResult[Any]:
    """exposure = Σ (market value / NAV) × beta, delta-adjusted likewise; and the factors' covariance."""
    return materialize(context, run, "factor_exposures")


@session_asset(
    "risk",
    RISK_METRICS,
    deps=[
        "rolled_equity",
        prices,
        "position_greeks",
        "factor_exposures",
    ],
)
def risk_metrics(context: dg.AssetExecutionContext, run: PipelineRun) -> dg.MaterializeResult[Any]:
    """Volatility, Sharpe, drawdown and VaR of realized returns; ex-ante volatility and VaR of today's holdings."""
    return materialize(context, run, "risk_metrics")
