"""The one resource of the assets: a run that holds the lock, a price source and what the run was asked to do."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import dagster as dg
from pydantic import Field, PrivateAttr

from pipelines.postgres import Role, connect
from pipelines.sessions import latest_session, session_index, utc_now
from pipelines.settings import Settings, settings
from pipelines.sources.factory import VendorAccess, source_from_settings
from pipelines.sources.protocol import PriceSource
from pipelines.steps.plan import Request
from pipelines.tables.database import Database
from pipelines.tables.run import Run, RunRecord, open_run

_RANGE = ("dagster/asset_partition_range_start", "dagster/asset_partition_range_end")
_PARTITION = "dagster/partition"


def vendor_access(chosen: Settings) -> VendorAccess:
    """How the settings say that vendors are reached."""
    key = chosen.polygon_api_key
    return VendorAccess(
        polygon_key=None if key is None else key.get_secret_value(),
        polygon_url=chosen.polygon_url,
        calls_per_minute=chosen.polygon_calls_per_minute,
        yahoo_url=chosen.yahoo_url,
        cache=chosen.home / "yfinance",
    )


class PipelineRun(dg.ConfigurableResource[Any]):
    """One run of the pipeline, initialised once for all its assets (in-process executor)."""

    portfolio_ids: list[int] | None = Field(default=None, description="Limit the run to these portfolios.")
    kind: str = Field(
        default="materialize", description="daily, backfill, upload, recalculate or materialize."
    )
    request_id: int | None = Field(default=None, description="book.run_requests.id this run answers.")
    cascade: bool = Field(
        default=True,
        description="Recompute the later sessions that are stored already, so that a change flows forward.",
    )
    strict: bool = Field(
        default=True,
        description="Fail if the range starts after a hole; otherwise leave such portfolios out and name them.",
    )
    compare_rows: bool = Field(
        default=False, description="Compare stored rows instead of digests: puts altered rows right."
    )
    now: str | None = Field(
        default=None, description="Instant taken as now (ISO, with offset); default the clock."
    )

    _run: Run = PrivateAttr()
    _source: PriceSource = PrivateAttr()
    _risk_free_rate: float = PrivateAttr(default=0.0)
    _settle_minutes: int = PrivateAttr(default=20)

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator["PipelineRun"]:
        """Log in, take the run lock and record the run; release and record its end when it is over."""
        now = settings()
        self._risk_free_rate, self._settle_minutes = now.risk_free_rate, now.settle_minutes
        self._source = source_from_settings(now.price_source, now.price_file, vendor_access(now))
        with (
            connect(Role.PIPELINE, autocommit=True) as connection,
            open_run(connection, self._record(context)) as run,
        ):
            self._run = run
            yield self

    def _record(self, context: dg.InitResourceContext) -> RunRecord:
        run = context.run
        if run is None:
            raise dg.DagsterInvariantViolationError("the pipeline runs inside a Dagster run only")
        ends = [run.tags.get(name, run.tags.get(_PARTITION)) for name in _RANGE]
        start, end = (datetime.fromisoformat(end).date() if end else self.latest_session() for end in ends)
        portfolios = None if self.portfolio_ids is None else tuple(self.portfolio_ids)
        return RunRecord(run.run_id, self.kind, start, end, portfolios, self.request_id)

    @property
    def database(self) -> Database:
        """The connection that holds the run lock."""
        return self._run.database

    @property
    def run(self) -> Run:
        """The run's record."""
        return self._run

    @property
    def source(self) -> PriceSource:
        """Where prices come from."""
        return self._source

    @property
    def risk_free_rate(self) -> float:
        """Annual, a fraction."""
        return self._risk_free_rate

    def latest_session(self) -> Any:
        """The last session whose close has passed."""
        return latest_session(datetime.fromisoformat(self.now) if self.now else utc_now())

    def request(self, partitions: dg.PartitionKeyRange) -> Request:
        """What an asset is asked to do for a range of partitions."""
        start, end = (datetime.fromisoformat(key).date() for key in (partitions.start, partitions.end))
        portfolios = None if self.portfolio_ids is None else tuple(sorted(self.portfolio_ids))
        return Request(
            session_index(start),
            session_index(end),
            portfolios,
            self.cascade,
            self.strict,
            self.compare_rows,
            anew=self.kind == "backfill",
            settle_minutes=self._settle_minutes,
        )
