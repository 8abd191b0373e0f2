"""Proof as a routine: every night some past sessions are computed again and compared with what is stored."""

import dagster as dg

from pipelines.automation.jobs import CATCH_UP_PRIORITY, PRIORITY_TAG
from pipelines.checks.rebuilt import random_sessions
from pipelines.settings import settings
from pipelines.timetable import NEW_YORK

proof_job = dg.define_asset_job(
    "proof",
    selection=dg.AssetSelection.checks(random_sessions),
    executor_def=dg.in_process_executor,
    description="Random past sessions, computed again and compared with what is stored. Writes nothing.",
    tags={"dagster/max_runtime": "3600", PRIORITY_TAG: str(CATCH_UP_PRIORITY)},
)


def proof_schedule() -> dg.ScheduleDefinition:
    """Every night, at the time of the settings."""
    at = settings().proof_time

    @dg.schedule(
        name="proof",
        job=proof_job,
        cron_schedule=f"{at.minute} {at.hour} * * *",
        execution_timezone=NEW_YORK.key,
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="Proves random past sessions.",
    )
    def scheduled(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
        return dg.RunRequest(run_key=f"proof-{context.scheduled_execution_time.date()}")

    return scheduled
