"""What all assets have in common: how they are declared, and how a step becomes a materialization."""

import inspect
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from datetime import timedelta
from time import monotonic
from typing import Any, Final

import dagster as dg

from pipelines.assets.curves import Curves, plot, read_curves
from pipelines.assets.describe import column_schema, description
from pipelines.errors import SigmaSightError
from pipelines.partitions import SESSIONS
from pipelines.progress import LOGGER
from pipelines.resources import PipelineRun
from pipelines.sessions import session_at, session_index, sessions
from pipelines.sources.protocol import PriceSource
from pipelines.sources.vendor import Vendor
from pipelines.steps.chain import run_step
from pipelines.steps.fetched import Fetched
from pipelines.steps.plan import Request
from pipelines.tables.database import Database
from pipelines.tables.spec import TableSpec

FRESHNESS: Final = dg.FreshnessPolicy.time_window(fail_window=timedelta(days=4, hours=3))
"""The longest time between two daily runs: a weekend with a holiday at one of its ends, and three hours to spare."""

Fetch = Callable[[Database, PriceSource, Request], Fetched]


def session_asset(
    group: str, *tables: TableSpec, deps: Sequence[Any] = (), first: bool = False
) -> Callable[[Callable[..., Any]], dg.AssetsDefinition]:
    """Declare an asset that fills `tables` (the main one last): by session, one run for a whole range.

    Dependencies map session to session. The windows the steps read before a session are not declared to Dagster:
    it would split a range into a run for each reach, while the cascade recomputes what follows in the one run.

    first: run before any other asset of the run. The instant at which a run's inputs are read is fixed by the
    first derived asset, so all that is fetched must have been stored by then.
    """

    def declare(compute: Callable[..., Any]) -> dg.AssetsDefinition:
        return dg.asset(
            deps=list(deps),
            partitions_def=SESSIONS,
            backfill_policy=dg.BackfillPolicy.single_run(),
            group_name=group,
            owners=["team:risk"],
            kinds={"python", "postgres"},
            description=description(inspect.getdoc(compute) or "", tables),
            op_tags={"dagster/priority": "1"} if first else {},
            code_version="+".join(table.code_version for table in tables),
            freshness_policy=FRESHNESS,
            metadata={
                "dagster/table_name": tables[-1].qualified,
                "dagster/column_schema": column_schema(tables[-1]),
            },
        )(compute)

    return declare


def materialize(context: dg.AssetExecutionContext, run: PipelineRun, name: str) -> dg.MaterializeResult[Any]:
    """Bring a derived asset up to date for the partitions of the run, later stored sessions included."""
    began = monotonic()
    try:
        request = _closed_request(context, run)
        run.check_inputs(request)
        result = run_step(run.database, name, request, run.run.input_instant(), run.risk_free_rate)
        run.tally(result)
    except Exception as error:
        raise _failure(run, error) from error
    took = monotonic() - began
    run.run.leave_out(result.left_out)
    curves = _plotted(context, run, request, result.sessions)
    _also_materialized(context, name, request, result.sessions, curves)
    rows = sum(written.rows_inserted for written in result.written.values())
    LOGGER.info("%-18s %9s rows written in %.2f s", name, f"{rows:,}", took)
    left_out = {str(portfolio): reason for portfolio, reason in sorted(result.left_out.items())}
    counts = {table: vars(written) for table, written in result.written.items()}
    return dg.MaterializeResult(
        metadata={
            "rows written": rows,
            "rows superseded": sum(w.rows_superseded for w in result.written.values()),
            "slices": counts,
            "portfolios of the run": len(result.portfolios),
            "left out": left_out,
        }
    )


def fetch(context: dg.AssetExecutionContext, run: PipelineRun, step: Fetch) -> dg.MaterializeResult[Any]:
    """Fetch from the price source what the partitions of the run need."""
    try:
        request = _closed_request(context, run)
        # A vendor's answers are stored as they come: what it has told is not lost when it stops telling.
        with nullcontext() if isinstance(run.source, Vendor) else run.database.transaction():
            fetched = step(run.database, run.source, request)
    except Exception as error:
        raise _failure(run, error) from error
    run.miss(fetched.missing)
    _plotted(context, run, request, (request.start_ix, request.end_ix))
    LOGGER.info(
        "%-18s %9s rows written from %s", context.asset_key.path[-1], f"{fetched.written:,}", run.source.name
    )
    return dg.MaterializeResult(
        metadata={
            "source": run.source.name,
            "asked": fetched.asked,
            "rows written": fetched.written,
            "missing": dict(sorted(fetched.missing.items())[:50]),
            "symbols with missing": len(fetched.missing),
            "problems": dict(sorted(fetched.problems.items())[:50]),
            "symbols with problems": len(fetched.problems),
            "restated": fetched.restated,
            "quarantined": fetched.quarantined,
        }
    )


def _closed_request(context: dg.AssetExecutionContext, run: PipelineRun) -> Request:
    """What the asset is asked to do; SigmaSightError if that includes a session that has not closed."""
    request, latest = run.request(context.partition_key_range), run.latest_session()
    if request.end_ix > session_index(latest):
        raise SigmaSightError(
            f"session {session_at(request.end_ix)} has not closed yet; the latest is {latest}"
        )
    return request


def _plotted(
    context: dg.AssetExecutionContext, run: PipelineRun, request: Request, done: tuple[int, int]
) -> Curves:
    """Attach the figures of the run's sessions; returns them with those of other sessions that were computed."""
    start, end = (session_at(ix) for ix in _around(request, done))
    curves = read_curves(run.database, context.asset_key.path[-1], start, end)
    plot(context, curves)
    return curves


def _also_materialized(
    context: dg.AssetExecutionContext, name: str, request: Request, done: tuple[int, int], curves: Curves
) -> None:
    """Tell Dagster of the sessions beside those asked for that were recomputed, such as by the cascade."""
    first, last = _around(request, done)
    beside = [*range(first, request.start_ix), *range(request.end_ix + 1, last + 1)]
    for day in sessions()[beside].tolist():
        figures = curves.get(day.isoformat(), {})
        context.log_event(
            dg.AssetMaterialization(name, partition=day.isoformat(), metadata={**figures, "cascaded": True})
        )


def _around(request: Request, done: tuple[int, int]) -> tuple[int, int]:
    """Index of the first and the last session asked for or done; a step that did nothing has done none."""
    first, last = done if done[0] <= done[1] else (request.start_ix, request.end_ix)
    return min(request.start_ix, first), max(request.end_ix, last)


def _failure(run: PipelineRun, error: Exception) -> Exception:
    """Record why the run failed; what the user can act on becomes a plain message that is not retried."""
    run.run.error = str(error) if isinstance(error, SigmaSightError) else f"{type(error).__name__}: {error}"
    if isinstance(error, SigmaSightError):
        return dg.Failure(description=str(error), allow_retries=False)
    return error
