"""The jobs: selections of assets. All steps of a run share one process, one connection and the run lock."""

import dagster as dg

materialize_job = dg.define_asset_job(
    "materialize",
    selection=dg.AssetSelection.all(),
    executor_def=dg.in_process_executor,
    description="Every asset, for a range of sessions.",
)
