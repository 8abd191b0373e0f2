"""What each table is computed from: the edges of the lineage, as the pipeline's steps have them (a test compares)."""

from typing import Final, Literal, get_args

Asset = Literal[
    "snapshots",
    "risk_metrics",
    "factor_exposures",
    "factor_covariance",
    "factor_betas",
    "factor_returns",
    "position_greeks",
    "rolled_equity",
    "position_pnl",
    "prices",
]
"""The tables whose slices have a lineage, those computed last first."""

ASSETS: Final[tuple[Asset, ...]] = get_args(Asset)

INPUTS: Final[dict[Asset, tuple[Asset, ...]]] = {
    "snapshots": ("position_greeks", "rolled_equity", "position_pnl", "prices"),
    "risk_metrics": ("factor_exposures", "position_greeks", "rolled_equity", "position_pnl", "prices"),
    "factor_exposures": ("factor_betas", "position_greeks", "rolled_equity", "position_pnl"),
    "factor_covariance": ("prices",),
    "factor_betas": ("prices",),
    "factor_returns": ("prices",),
    "position_greeks": ("position_pnl", "prices"),
    "rolled_equity": ("position_pnl",),
    "position_pnl": ("prices",),
    "prices": (),
}

DAGSTER_ASSET: Final[dict[str, str]] = {
    "factor_returns": "factor_betas",
    "factor_covariance": "factor_exposures",
}
"""The Dagster asset that fills a table, where it is not of its name."""


def upstream(asset: Asset) -> list[Asset]:
    """Return the table and all that it is computed from, each before its own inputs."""
    wanted: set[Asset] = {asset}
    for one in ASSETS:
        if one in wanted:
            wanted.update(INPUTS[one])
    return [one for one in ASSETS if one in wanted]
