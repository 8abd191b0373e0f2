"""Proof as a routine: every night some past sessions are computed again and compared with what is stored."""

import dagster as dg

from pipelines.automation.jobs import CATCH_UP_PRIORITY, PRIORITY_TAG
from pipelines.automation.nightly import nightly
from pipelines.checks.rebuilt import random_sessions
from pipelines.settings import settings

proof_job = dg.define_asset_job(
    "proof",
    selection=dg.AssetSelection.checks(random_sessions),
    executor_def=dg.in_process_executor,
    description="Random past sessions, computed again and compared with what is stored. Writes nothing.",
    tags={"dagster/max_runtime": "3600", PRIORITY_TAG: str(CATCH_UP_PRIORITY)},
)


def proof_schedule() -> dg.ScheduleDefinition:
    """Every night, at the time of the settings."""
    return nightly(proof_job, settings().proof_time, "Proves random past sessions.")
