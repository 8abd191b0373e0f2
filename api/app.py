"""The application: `uvicorn api.app:app` serves the reads, and nothing that writes.

Its connections are the reader role's, so PostgreSQL itself refuses whatever is no read. `api.app:serve` makes the one
that also takes what users give, by the intake role.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from datetime import datetime
from functools import partial
from importlib.metadata import version
from typing import Final

import anyio
from fastapi import Depends, FastAPI
from starlette.datastructures import Headers
from starlette.types import Scope
from starlette_compress import CompressMiddleware

from api import errors, logs, openapi
from api.changes import Changes
from api.cors import Cors
from api.database import Database
from api.intake_database import IntakeDatabase
from api.metrics import Measured, Metrics
from api.middleware import BodyLimit, Requests
from api.openapi import UNCHANGED, problems
from api.parameters import refuse_unknown
from api.passwords import verify_password
from api.rate_limit import RateLimit
from api.reads.memory import Memory
from api.remembering import Remembering
from api.routers import (
    auth,
    entries,
    health,
    lineage,
    portfolio,
    positions,
    recorded,
    risk,
    runs,
    status,
    tag_edits,
    tags,
    trades,
    triggers,
    upload,
    why,
    withdrawals,
)
from api.throttle import Throttle
from api.tokens import TokenError, verify
from pipelines.settings import Settings, settings
from sql import migrate

PREFIX: Final = "/api/v1"
MAX_BODY_BYTES: Final = 64 * 2**10
MIN_COMPRESSED_BYTES: Final = 1024
GZIP_LEVEL: Final = 4
BROTLI_QUALITY: Final = 1
"""Of a list of JSON already smaller than gzip makes it, in a quarter of the time."""
PASSWORDS_AT_ONCE: Final = 2
"""bcrypt takes a processor for a fifth of a second: logins must not take all of them from reads."""

_DESCRIPTION: Final = """
Portfolio risk of long/short equity and options books: what the pipeline stored, and nothing computed on the way.

Money is USD, returns and weights are fractions (0.01 is 1 %), dates are NYSE sessions. P&L is price return only:
without dividends, borrow costs and fees. Every read takes `as_of` (a date) and `known_at` (an instant) and says which
session it is of. What is not available is null, with a reason. Errors are `application/problem+json` (RFC 9457).
"""

Now = Callable[[], datetime | None]


def create_app(given: Settings | None = None, *, now: Now = lambda: None, intake: bool = False) -> FastAPI:
    """Return the read-only application, or with `intake` the one that also takes what users give.

    given: settings; read when it starts, unless given.
    now: the clock, aware; None stands for the database's own. Tests set it.
    """
    app = FastAPI(
        title="SigmaSight",
        version=version("sigmasight"),
        description=_DESCRIPTION,
        lifespan=_lifespan(given, intake),
        redoc_url=None,
        redirect_slashes=False,
        telemetry={"tracing": False, "metrics": False},
    )
    app.state.now = now
    app.state.throttle = Throttle()
    app.state.memory = None
    app.state.metrics = Metrics()
    app.state.triggers = RateLimit(triggers.MAX_TRIGGERS, triggers.WINDOW_SECONDS)
    errors.install(app)
    openapi.install(app)
    _add_middleware(app)
    _include_routers(app, intake)
    return app


def _add_middleware(app: FastAPI) -> None:
    """What is around every request: the last one added is the outermost."""
    app.add_middleware(Remembering)
    app.add_middleware(BodyLimit, max_bytes=partial(_max_body_bytes, app))
    app.add_middleware(
        CompressMiddleware,
        minimum_size=MIN_COMPRESSED_BYTES,
        zstd=False,
        brotli_quality=BROTLI_QUALITY,
        gzip_level=GZIP_LEVEL,
    )
    app.add_middleware(Cors, origins=lambda: app.state.cors_origins)
    app.add_middleware(Measured, metrics=app.state.metrics)
    app.add_middleware(Requests)


def _include_routers(app: FastAPI, intake: bool) -> None:
    """The routes, with the problems that all of a router's may answer with."""
    strictly = [Depends(refuse_unknown)]
    app.include_router(health.router, dependencies=strictly, responses=problems(422))
    app.include_router(
        auth.router, prefix=PREFIX, dependencies=strictly, responses=problems(401, 413, 422, 429, 503)
    )
    for router in (
        portfolio.router,
        recorded.router,
        positions.router,
        risk.router,
        tags.router,
        lineage.router,
    ):
        app.include_router(
            router, prefix=PREFIX, dependencies=strictly, responses=problems(401, 404, 422, 503) | UNCHANGED
        )
    app.include_router(
        runs.router, prefix=PREFIX, dependencies=strictly, responses=problems(401, 404, 422, 503)
    )
    app.include_router(status.router, prefix=PREFIX, dependencies=strictly, responses=problems(401, 422, 503))
    if intake:
        for router in (
            upload.router,
            withdrawals.router,
            trades.router,
            entries.router,
            tag_edits.router,
            triggers.router,
            why.router,
        ):
            app.include_router(
                router, prefix=PREFIX, dependencies=strictly, responses=problems(401, 413, 422, 503)
            )


def _max_body_bytes(app: FastAPI, scope: Scope) -> int:
    """Bytes that the body of a request may have: only who is logged in may send a file."""
    if scope["path"] != PREFIX + upload.PATH or scope["method"] != "POST":
        return MAX_BODY_BYTES
    given = Headers(scope=scope).get("authorization", "")
    try:
        verify(app.state.jwt_key, given.partition(" ")[2])
    except TokenError:
        return MAX_BODY_BYTES
    return upload.MAX_UPLOAD_BYTES


def _lifespan(given: Settings | None, intake: bool) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        logs.configure()
        chosen = given or settings()
        app.state.settings = chosen
        app.state.jwt_key = chosen.jwt_key()
        app.state.ui_url = f"http://127.0.0.1:{chosen.ui_port}"
        app.state.cors_origins = chosen.allowed_origins()
        app.state.database = Database(chosen.urls().reader)
        app.state.changes = Changes(chosen.urls().reader)
        app.state.memory = Memory(chosen.api_memory_mb * 2**20) if chosen.api_memory_mb else None
        app.state.revision = await anyio.to_thread.run_sync(migrate.head)
        app.state.password_limiter = anyio.CapacityLimiter(PASSWORDS_AT_ONCE)
        # Makes the hash that unknown users are compared with, so that the first of them takes no longer.
        await anyio.to_thread.run_sync(verify_password, "", None)
        async with AsyncExitStack() as opened:
            if intake:
                app.state.intake = IntakeDatabase(chosen.urls().intake, app.state.changes.changed)
                opened.push_async_callback(app.state.intake.close)
                await app.state.intake.open()
            opened.push_async_callback(app.state.database.close)
            await app.state.database.open()
            if app.state.memory is not None:
                opened.push_async_callback(app.state.changes.stop)
                app.state.changes.start()
            yield

    return lifespan


def serve() -> FastAPI:
    """Return the application that `sigmasight up` runs: reads and intake."""
    return create_app(intake=True)


app = create_app()
