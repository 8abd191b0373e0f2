"""Whether the service lives, and whether it can answer."""

from typing import Any

import psycopg
from fastapi import APIRouter, Request
from fastapi.responses import Response
from psycopg_pool import PoolTimeout

from api.database import Database
from api.metrics import CONTENT_TYPE, Metrics
from api.reads.statements import statement
from api.schemas.health import Health, Readiness

router = APIRouter(tags=["service"])


@router.get("/health", operation_id="getHealth", summary="Does the process answer?")
async def health() -> Health:
    """Answer from the process alone; the database is not asked."""
    return Health(status="ok")


@router.get(
    "/ready",
    operation_id="getReadiness",
    summary="Can reads be answered?",
    response_model=Readiness,
    responses={503: {"model": Readiness, "description": "Not ready; reason says why."}},
)
async def ready(request: Request) -> Response:
    """Whether the database is reachable and its tables current, and how old the latest session is."""
    found = await _readiness(request)
    return Response(
        found.model_dump_json(), 200 if found.status == "ready" else 503, media_type="application/json"
    )


@router.get(
    "/metrics",
    operation_id="getMetrics",
    summary="Counters for Prometheus",
    response_class=Response,
    responses={
        200: {"content": {"text/plain": {"schema": {"type": "string"}}}, "description": "Text format."}
    },
)
async def metrics(request: Request) -> Response:
    """Requests by operation and status, their duration, statements and connections, since the process started."""
    database: Database = request.app.state.database
    found: Metrics = request.app.state.metrics
    return Response(found.text(database.statistics()), media_type=CONTENT_TYPE)


async def _readiness(request: Request) -> Readiness:
    database: Database = request.app.state.database
    try:
        row = await database.row(statement("api/readiness"), {"now": request.app.state.now()})
    except (psycopg.errors.UndefinedTable, psycopg.errors.InsufficientPrivilege):
        return _not_ready("reachable", "outdated", "the tables are not there: run `sigmasight db migrate`")
    except (psycopg.OperationalError, PoolTimeout):
        return _not_ready("unreachable", "unknown", "the database cannot be reached")
    revision, latest, behind = row if row is not None else (None, None, None)
    if revision != request.app.state.revision:
        return _not_ready(
            "reachable", "outdated", "the tables are of another version: run `sigmasight db migrate`"
        )
    return Readiness(
        status="ready",
        database="reachable",
        migrations="current",
        latest_session=latest,
        sessions_behind=behind,
        reason=None,
    )


def _not_ready(database: Any, migrations: Any, reason: str) -> Readiness:
    return Readiness(
        status="not_ready",
        database=database,
        migrations=migrations,
        latest_session=None,
        sessions_behind=None,
        reason=reason,
    )
