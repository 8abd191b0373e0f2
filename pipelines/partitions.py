"""The partitions of every asset: one NYSE session each, from a fixed first one."""

from datetime import datetime

import dagster as dg
import numpy as np

from pipelines.sessions import FIRST_PARTITION, HORIZON, sessions


def _closures() -> list[datetime]:
    """Weekdays of the horizon on which the exchange is closed."""
    weekdays = np.arange(np.datetime64(FIRST_PARTITION), np.datetime64(HORIZON[1]) + 1)
    weekdays = weekdays[np.is_busday(weekdays)]
    return [datetime.fromisoformat(str(day)) for day in weekdays[~np.isin(weekdays, sessions())]]


# The horizon is fixed and closures are listed: the definition is the same object on every day it is built.
# Cron on weekdays only: with a daily one, Monday's partition would exist on Saturday.
SESSIONS = dg.TimeWindowPartitionsDefinition(
    cron_schedule="0 0 * * 1-5",
    start=FIRST_PARTITION.isoformat(),
    fmt="%Y-%m-%d",
    timezone="America/New_York",
    end_offset=1,
    exclusions=_closures(),
)
