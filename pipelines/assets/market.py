"""What vendors tell us: prices, what a symbol is, short interest."""

from typing import Any

import dagster as dg

from pipelines.assets.materialize import fetch, session_asset
from pipelines.resources import PipelineRun
from pipelines.steps.fetch import (
    fetch_nothing,
    fetch_prices,
    fetch_securities,
    fetch_short_interest,
    missing_prices,
)
from pipelines.tables.specs import PRICES, SECURITIES, SHORT_INTEREST


@session_asset("market", PRICES, first=True)
def prices(context: dg.AssetExecutionContext, run: PipelineRun) -> dg.MaterializeResult[Any]:
    """Daily bars of held symbols, underlyings, factor proxies and the short-interest universe.

    The range is fetched anew; closes that lookbacks need and nobody fetched yet are filled in.
    """
    done = fetch(context, run, missing_prices if run.dry_run else fetch_prices)
    if not run.stale_only and not run.dry_run:
        run.run.prices_fetched()
    return done


@session_asset("market", SECURITIES, first=True)
def securities(context: dg.AssetExecutionContext, run: PipelineRun) -> dg.MaterializeResult[Any]:
    """Name, sector and industry of symbols that have none yet."""
    return fetch(context, run, fetch_nothing if run.dry_run else fetch_securities)


@session_asset("market", SHORT_INTEREST, first=True)
def short_interest(context: dg.AssetExecutionContext, run: PipelineRun) -> dg.MaterializeResult[Any]:
    """Days to cover of the fixed short-interest universe, as published."""
    return fetch(context, run, fetch_nothing if run.dry_run else fetch_short_interest)
