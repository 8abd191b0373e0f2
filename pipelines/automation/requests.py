"""Requested runs: each row of `book.run_requests` becomes one run, whatever happens to this process."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

import dagster as dg
from psycopg import Connection

from pipelines.automation.daily import ATTEMPTS, daily_range, read_progress
from pipelines.automation.explanations import run_config, why_job
from pipelines.automation.jobs import materialize_job
from pipelines.catch_up import BY_PORTFOLIO, missing_range
from pipelines.launch import Launch
from pipelines.lineage.explain import Question
from pipelines.postgres import Role, connect
from pipelines.sessions import FIRST_PARTITION, latest_session, session_on_or_before, session_range, utc_now
from pipelines.settings import settings
from sql import query

REQUEST_TAG = "sigmasight/request_id"
BATCH = 100
"""Requests taken in one tick."""


@dataclass(frozen=True)
class RunRequested:
    """A row of `book.run_requests`."""

    id: int
    kind: str
    portfolio_ids: list[int] | None
    start: date | None
    end: date | None
    interrupted: int = 0
    """Runs of it that died before they could answer."""
    known_from: datetime | None = None
    known_to: datetime | None = None


@dg.sensor(
    jobs=[materialize_job, why_job],
    description="One run for each row of book.run_requests; analytics.runs answers it.",
    minimum_interval_seconds=5,
    default_status=dg.DefaultSensorStatus.RUNNING,
)
def run_requests() -> Iterator[dg.RunRequest]:
    """One run for each request; the run key makes a request that is seen twice one run."""
    with connect(Role.PIPELINE, autocommit=True) as connection:
        yield from requested_runs(connection, utc_now(), settings().catch_up_sessions)


@dg.run_failure_sensor(monitor_all_code_locations=True, default_status=dg.DefaultSensorStatus.RUNNING)
def failed_requests(context: dg.RunFailureSensorContext) -> None:
    """Record a requested run that failed before it could record itself, such as one that never got the lock."""
    run = context.dagster_run
    request_id = run.tags.get(REQUEST_TAG)
    if request_id is not None:
        with connect(Role.PIPELINE, autocommit=True) as connection:
            params = {
                "run_id": run.run_id,
                "request_id": int(request_id),
                "error": context.failure_event.message,
            }
            connection.execute(query("requests/failed"), params)


def requested_runs(connection: Connection[Any], now: datetime, reach: int) -> Iterator[dg.RunRequest]:
    """Take the pending requests at an instant: a run each, or an answer that says why there is none."""
    for request in pending(connection):
        question = question_of(request)
        if question is not None:
            yield why_request(request, question)
            continue
        launch = resolve(connection, request, latest_session(now), reach)
        if isinstance(launch, Launch):
            yield run_request(request, replace(launch, now=now))
        else:
            refuse(connection, request, launch)


def pending(connection: Connection[Any]) -> list[RunRequested]:
    """Requests that no run answers yet, oldest first."""
    rows = connection.execute(query("requests/pending"), {"limit": BATCH, "attempts": ATTEMPTS})
    return [RunRequested(*row) for row in rows.fetchall()]


def question_of(request: RunRequested) -> Question | None:
    """Return what a request of the kind `why` asks; None for a request to materialize."""
    if not (request.portfolio_ids and request.start and request.known_from and request.known_to):
        return None
    return Question(request.portfolio_ids[0], request.start, request.known_from, request.known_to)


def resolve(connection: Connection[Any], request: RunRequested, latest: date, reach: int) -> Launch | str:
    """Decide the range of a request, or say why there is nothing to run.

    Without a start it is the first session that is missing; without an end the latest one. A daily update of the
    whole firm covers what the daily jobs do: the latest session's prices are fetched anew even if none is missing.
    """
    end = min(request.end or latest, latest)
    start = request.start
    if start is None and request.kind == "daily" and request.portfolio_ids is None:
        start, _ = daily_range(read_progress(connection, BY_PORTFOLIO), session_on_or_before(end), reach)
    if start is None:
        missing = missing_range(connection, end, request.portfolio_ids)
        if missing is None:
            return "nothing was missing"
        start = missing[0]
    sessions = session_range(max(start, FIRST_PARTITION), end)
    if not len(sessions):
        return f"there is no closed session from {start} to {end}"
    portfolios = None if request.portfolio_ids is None else tuple(request.portfolio_ids)
    return Launch(
        sessions[0].item(),
        sessions[-1].item(),
        request.kind,
        portfolios,
        strict=request.kind == "recalculate",
        request_id=request.id,
    )


def run_request(request: RunRequested, launch: Launch) -> dg.RunRequest:
    """Ask Dagster for the run that materializes."""
    return dg.RunRequest(
        run_key=_run_key(request),
        job_name=materialize_job.name,
        run_config=launch.run_config(),
        tags=launch.tags() | _tags(request),
    )


def why_request(request: RunRequested, question: Question) -> dg.RunRequest:
    """Ask Dagster for the run that answers a question."""
    return dg.RunRequest(
        run_key=_run_key(request),
        job_name=why_job.name,
        run_config=run_config(question, request.id),
        tags=_tags(request),
    )


def _run_key(request: RunRequested) -> str:
    return f"request-{request.id}" + (f"-{request.interrupted}" if request.interrupted else "")


def _tags(request: RunRequested) -> dict[str, str]:
    # An interrupted run is made again by `pending`: Dagster's own retry is lost when the code server is down.
    return {REQUEST_TAG: str(request.id), "dagster/max_retries": "0"}


def refuse(connection: Connection[Any], request: RunRequested, reason: str) -> None:
    """Answer a request without a run."""
    failed = reason != "nothing was missing"
    params = {
        "run_id": f"request-{request.id}",
        "request_id": request.id,
        "kind": request.kind,
        "start": request.start or FIRST_PARTITION,
        "end": request.end or request.start or FIRST_PARTITION,
        "portfolios": request.portfolio_ids,
        "status": "failed" if failed else "succeeded",
        "error": reason if failed else None,
    }
    connection.execute(query("requests/refuse"), params)
