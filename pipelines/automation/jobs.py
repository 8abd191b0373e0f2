"""The jobs: selections of assets. All steps of a run share one process, one connection and the run lock."""

from typing import Any, Final

import dagster as dg

from pipelines.checks.rebuilt import random_sessions

SCHEDULED_PRIORITY: Final = 10
"""Of a scheduled run in the queue; a requested one has 0."""
CATCH_UP_PRIORITY: Final = -10
"""Of a run for portfolios that are behind: the whole firm goes first."""
PRIORITY_TAG: Final = "dagster/priority"

MARKET_ASSETS: Final = ("prices", "securities", "short_interest", "position_pnl", "rolled_equity")
RISK_ASSETS: Final = ("position_greeks", "factor_betas", "factor_exposures", "risk_metrics")
SNAPSHOT_ASSETS: Final = ("snapshots",)


PROOFS: Final = dg.AssetSelection.checks(random_sessions)
"""What is proven at night, and not after every run."""


def _scheduled(name: str, assets: tuple[str, ...], seconds: int, retries: int, description: str) -> Any:
    """Define a job of the day: stopped after `seconds`, tried again `retries` times whatever failed."""
    return dg.define_asset_job(
        name,
        selection=dg.AssetSelection.assets(*assets) - PROOFS,
        executor_def=dg.in_process_executor,
        description=description,
        tags={
            "dagster/max_runtime": str(seconds),
            "dagster/max_retries": str(retries),
            "dagster/retry_on_asset_or_op_failure": "true",
            PRIORITY_TAG: str(SCHEDULED_PRIORITY),
        },
    )


materialize_job = dg.define_asset_job(
    "materialize",
    selection=dg.AssetSelection.all() - PROOFS,
    executor_def=dg.in_process_executor,
    description="Every asset, for a range of sessions.",
)
market_job = _scheduled(
    "daily_market_data",
    MARKET_ASSETS,
    300,
    3,
    "Closes of the day, and the P&L and equity that follow from them.",
)
risk_job = _scheduled(
    "daily_risk_metrics", RISK_ASSETS, 600, 2, "Greeks, factor betas and exposures, risk metrics."
)
snapshots_job = _scheduled("daily_snapshots", SNAPSHOT_ASSETS, 300, 2, "The books at the close.")
