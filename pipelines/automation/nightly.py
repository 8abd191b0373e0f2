"""What is done every night."""

from collections.abc import Callable, Mapping
from datetime import datetime, time
from typing import Any

import dagster as dg

from pipelines.timetable import NEW_YORK


def nightly(
    job: Any, at: time, description: str, tags: Callable[[datetime], Mapping[str, str]] | None = None
) -> dg.ScheduleDefinition:
    """Run a job every night at a time of New York, once for each day. tags: of the run, by its instant."""

    @dg.schedule(
        name=job.name,
        job=job,
        cron_schedule=f"{at.minute} {at.hour} * * *",
        execution_timezone=NEW_YORK.key,
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description=description,
    )
    def scheduled(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
        now = context.scheduled_execution_time
        return dg.RunRequest(run_key=f"{job.name}-{now.date()}", tags=tags(now) if tags else None)

    return scheduled
