"""Everything Dagster loads."""

import dagster as dg

from pipelines.assets import books, market, risk
from pipelines.automation.alerts import alerts_sensor
from pipelines.automation.explanations import why_job
from pipelines.automation.jobs import market_job, materialize_job, risk_job, snapshots_job
from pipelines.automation.lagging import lagging_portfolios
from pipelines.automation.late import late_closes
from pipelines.automation.proof import proof_job, proof_schedule
from pipelines.automation.requests import failed_requests, run_requests
from pipelines.automation.retention import retention_job, retention_schedule
from pipelines.automation.schedules import day_schedules
from pipelines.automation.stale import stale_sessions
from pipelines.checks import CHECKS, random_sessions
from pipelines.resources import PipelineRun

ASSETS = dg.load_assets_from_modules([market, books, risk])

defs = dg.Definitions(
    assets=ASSETS,
    asset_checks=[*CHECKS, random_sessions],
    jobs=[materialize_job, market_job, risk_job, snapshots_job, retention_job, proof_job, why_job],
    schedules=[*day_schedules(), retention_schedule(), proof_schedule()],
    sensors=[run_requests, failed_requests, late_closes, lagging_portfolios, stale_sessions, alerts_sensor],
    resources={"run": PipelineRun.configure_at_launch()},
    executor=dg.in_process_executor,
)
