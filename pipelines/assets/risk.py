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
    """Greeks of every lot, by a table of position types (model `mock`).

    `greek = table × |quantity| × multiplier`; stocks and privates: delta = quantity, others 0.
    `delta_adjusted_value = delta × price of the underlying`.
    """
    return materialize(context, run, "position_greeks")


@session_asset(
    "risk",
    FACTOR_RETURNS,
    FACTOR_BETAS,
    deps=[prices, short_interest],
)
def factor_betas(context: dg.AssetExecutionContext, run: PipelineRun) -> dg.MaterializeResult[Any]:
    """Beta of every held symbol to each of the eight factors, one by one, and the factors' own returns.

    `beta = Cov(asset, factor) / Var(factor)` over the last 60 daily returns, of sessions where both exist; null with
    fewer than 20.
    """
    return materialize(context, run, "factor_betas")


@session_asset(
    "risk",
    FACTOR_COVARIANCE,
    FACTOR_EXPOSURES,
    deps=["position_pnl", "rolled_equity", "position_greeks", "factor_betas"],
)
def factor_exposures(context: dg.AssetExecutionContext, run: PipelineRun) -> dg.MaterializeResult[Any]:
    """Exposure of each portfolio to each factor, and the factors' covariance.

    `exposure = Σ (market_value / NAV) × beta`; delta-adjusted with the delta-adjusted value;
    `dollar_exposure = delta_adjusted_exposure × NAV`; `coverage = Σ|value| with a beta ÷ Σ|value|`.
    Covariance: 60 sessions, pairwise, × 252.
    """
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
    """Realized risk of each portfolio's returns, and ex-ante risk of the holdings it has now.

    `volatility = std × √252` and `sharpe_ratio = (mean − rf/252) / std × √252` of the last 60 returns; `max_drawdown`
    of the last 90; `var_95 = 1.645 × std × NAV`, a loss in USD. Ex ante: the same of the P&L that today's
    delta-adjusted values would have had over the last 60 sessions. Null with fewer than 20 observations.
    """
    return materialize(context, run, "risk_metrics")
