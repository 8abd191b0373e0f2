"""Starting a run of the pipeline in this process, recorded in Dagster like any other."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

from pipelines.errors import SigmaSightError


class RunFailedError(SigmaSightError):
    """A run of the pipeline failed; the message says at which asset and why."""


_QUIET: Final = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


@dataclass(frozen=True)
class Launch:
    """A range of sessions to materialize, both ends included, and how."""

    start: date
    end: date
    kind: str
    portfolio_ids: tuple[int, ...] | None = None
    cascade: bool = True
    strict: bool = True
    request_id: int | None = None
    compare_rows: bool = False
    stale_only: bool = False
    """Recompute the slices that are stale and no others; the range is what Dagster shows."""
    expect: str | None = None
    """Hash the inputs must have, as a dry run reported it; None for any."""
    now: datetime | None = None
    """Instant taken as now; None is the clock."""

    def run_config(self) -> dict[str, Any]:
        """Run configuration of the one resource, the same on every way to start a run."""
        config: dict[str, Any] = {"kind": self.kind, "cascade": self.cascade, "strict": self.strict}
        if self.compare_rows:
            config["compare_rows"] = True
        if self.stale_only:
            config["stale_only"] = True
        if self.expect is not None:
            config["expect"] = self.expect
        if self.portfolio_ids is not None:
            config["portfolio_ids"] = list(self.portfolio_ids)
        if self.request_id is not None:
            config["request_id"] = self.request_id
        if self.now is not None:
            config["now"] = self.now.isoformat()
        return {"resources": {"run": {"config": config}}}

    def tags(self) -> dict[str, str]:
        """Tags that make one run cover the whole range."""
        start, end = self.start.isoformat(), self.end.isoformat()
        return {"dagster/asset_partition_range_start": start, "dagster/asset_partition_range_end": end}


def run(launch: Launch, assets: Sequence[str] | None = None) -> str:
    """Materialize assets (None: every one) over a range and return the run id; RunFailedError says what went wrong."""
    return run_job("materialize", launch.run_config(), launch.tags(), assets)


def run_job(
    name: str, run_config: dict[str, Any], tags: dict[str, str], assets: Sequence[str] | None = None
) -> str:
    """Run a job in this process and return the run id; RunFailedError says what went wrong."""
    from pipelines.dagster_storage import dagster_environment

    os.environ.update(dagster_environment())
    import dagster as dg

    from pipelines.definitions import defs

    with dg.DagsterInstance.get() as instance:
        result = defs.resolve_job_def(name).execute_in_process(
            run_config=run_config | _QUIET,
            instance=instance,
            tags=tags,
            asset_selection=None if assets is None else [dg.AssetKey(asset) for asset in assets],
            raise_on_error=False,
        )
        if not result.success:
            raise RunFailedError(_complaint(result))
        return result.run_id


def rehearse(launch: Launch, report: Path) -> dict[str, Any]:
    """Run the same assets in one transaction that is rolled back, on a record of Dagster's that is thrown away.

    Writes what would change to `report` and returns its summary, with `failed_checks`, the identities that what
    would be stored breaks. RunFailedError says what went wrong; nothing is left of it either way.
    """
    import dagster as dg

    from pipelines.definitions import defs
    from pipelines.rehearsal import read_summary

    config = launch.run_config() | _QUIET
    config["resources"]["run"]["config"] |= {"dry_run": True, "report": str(report)}
    with dg.DagsterInstance.ephemeral() as instance:
        result = defs.resolve_job_def("materialize").execute_in_process(
            run_config=config, instance=instance, tags=launch.tags(), raise_on_error=False
        )
    if not result.success:
        raise RunFailedError(_complaint(result))
    failed = {
        evaluation.check_name
        for evaluation in result.get_asset_check_evaluations()
        if not evaluation.passed and evaluation.severity is dg.AssetCheckSeverity.ERROR
    }
    return read_summary(report) | {"failed_checks": sorted(failed)}


def _complaint(result: Any) -> str:
    """The first failure of a run, in one line."""
    for event in result.all_events:
        if event.is_step_failure:
            error = event.step_failure_data.error
            described = event.step_failure_data.user_failure_data
            text = described.description if described else (error.cause or error).message
            return f"{event.step_key} failed: {' '.join(str(text).split())}"
        if event.event_type_value in {"PIPELINE_FAILURE", "PIPELINE_INIT_FAILURE"}:
            error = event.job_failure_data.error
            if error is not None:
                return f"the run failed: {' '.join((error.cause or error).message.split())}"
    return f"the run {result.run_id} failed"
