"""Everything Dagster loads."""

import dagster as dg

from pipelines.assets import books, market, risk
from pipelines.automation.jobs import materialize_job
from pipelines.automation.requests import failed_requests, run_requests
from pipelines.checks import CHECKS
from pipelines.resources import PipelineRun

ASSETS = dg.load_assets_from_modules([market, books, risk])

defs = dg.Definitions(
    assets=ASSETS,
    asset_checks=CHECKS,
    jobs=[materialize_job],
    sensors=[run_requests, failed_requests],
    resources={"run": PipelineRun.configure_at_launch()},
    executor=dg.in_process_executor,
)
