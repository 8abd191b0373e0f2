"""The one resource of the assets: a run that holds the lock, a price source and what the run was asked to do."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import dagster as dg
from pydantic import Field, PrivateAttr

from pipelines.errors import SigmaSightError
from pipelines.postgres import Role, connect
from pipelines.rehearsal import Summary, write_report
from pipelines.sessions import latest_session, session_index, utc_now
from pipelines.settings import Settings, settings
from pipelines.sources.factory import VendorAccess, source_from_settings
from pipelines.sources.protocol import PriceSource
from pipelines.steps.chain import StepResult
from pipelines.steps.inputs import input_hash
from pipelines.steps.plan import Request
from pipelines.steps.stale import declare
from pipelines.tables.database import Database
from pipelines.tables.run import Run, RunRecord, open_run, rehearse_run
from pipelines.tables.store import Written

_RANGE = ("dagster/asset_partition_range_start", "dagster/asset_partition_range_end")
_PARTITION = "dagster/partition"


class InputsChangedError(SigmaSightError):
    """A run was held to the inputs of a dry run, and they are others now."""


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
        default="materialize", description="daily, backfill, upload, recalculate, stale or materialize."
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
    stale_only: bool = Field(
        default=False,
        description="Recompute the slices that are stale and no others, from the inputs that are stored.",
    )
    dry_run: bool = Field(
        default=False,
        description="Compute in one transaction that is rolled back; lock nothing, fetch nothing.",
    )
    report: str | None = Field(default=None, description="File a dry run writes what it changes to.")
    expect: str | None = Field(
        default=None, description="Refuse to compute unless the inputs have this hash."
    )
    now: str | None = Field(
        default=None, description="Instant taken as now (ISO, with offset); default the clock."
    )

    _run: Run = PrivateAttr()
    _source: PriceSource = PrivateAttr()
    _risk_free_rate: float = PrivateAttr(default=0.0)
    _input_hash: str | None = PrivateAttr(default=None)
    _written: dict[str, Written] = PrivateAttr(default_factory=dict)
    _recomputed: frozenset[int] = PrivateAttr(default=frozenset())
    _missing: dict[str, int] = PrivateAttr(default_factory=dict)
    _settle_minutes: int = PrivateAttr(default=20)

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator["PipelineRun"]:
        """Log in, take the run lock and record the run; release and record its end when it is over."""
        now = settings()
        self._risk_free_rate, self._settle_minutes = now.risk_free_rate, now.settle_minutes
        self._source = source_from_settings(now.price_source, now.price_file, vendor_access(now))
        self._input_hash, self._written, self._missing = None, {}, {}
        self._recomputed = frozenset()
        begin = rehearse_run if self.dry_run else open_run
        with (
            connect(Role.PIPELINE, autocommit=True) as connection,
            begin(connection, self._record(context)) as run,
        ):
            self._run = run
            if not self.dry_run:
                declare(run.database, self._risk_free_rate)
            yield self
            if self.report is not None and run.error is None:
                summary = Summary(self._input_hash or "", self._missing, self._written)
                write_report(run.database, summary, Path(self.report))

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

    def check_inputs(self, request: Request) -> None:
        """Hash what the run computes from, once, if anybody wants to know; InputsChangedError if not as expected."""
        if self._input_hash is not None or not (self.dry_run or self.expect):
            return
        known_at = self._run.input_instant()
        self._input_hash = input_hash(self.database, request, known_at, self._risk_free_rate)
        if self.expect is not None and self.expect != self._input_hash:
            raise InputsChangedError(
                f"the inputs hash to {self._input_hash}, not to {self.expect}: they have changed since the dry run, "
                "nothing was computed"
            )

    def tally(self, result: StepResult) -> None:
        """Count what a step wrote, by table, and note for whom."""
        self._recomputed |= result.portfolios
        for table, counts in result.written.items():
            self._written.setdefault(table, Written()).add(counts)

    @property
    def checked_portfolios(self) -> tuple[int, ...] | None:
        """Portfolios whose identities this run may have broken; None for all."""
        if self.stale_only:
            return tuple(sorted(self._recomputed))
        return None if self.portfolio_ids is None else tuple(self.portfolio_ids)

    def miss(self, missing: Mapping[str, int]) -> None:
        """Note closes that were asked for, or that a dry run needs, and that there are none of."""
        self._missing |= missing

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
            self.stale_only,
            anew=self.kind == "backfill" and not self.stale_only,
            settle_minutes=self._settle_minutes,
        )
