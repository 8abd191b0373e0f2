"""What Prometheus is told: requests by operation, connections in use. No ids, no names, no figures of a book."""

import time
from typing import Any, Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Metrics:
    """Counters of one application in one process."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        labels = ("operation", "method", "status")
        self.requests = Counter("sigmasight_requests", "Requests answered.", labels, registry=self._registry)
        self.seconds = Histogram(
            "sigmasight_request_seconds",
            "Seconds from a request to the end of its answer.",
            ("operation",),
            buckets=_SECONDS,
            registry=self._registry,
        )
        self.statements = Counter(
            "sigmasight_statements", "Statements the reads executed.", registry=self._registry
        )
        self._connections = Gauge(
            "sigmasight_reader_connections", "Connections of the reads.", ("state",), registry=self._registry
        )

        self._children: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}

    def of_operation(self, operation: str, method: str, status: int) -> tuple[Counter, Histogram]:
        """Return the counter and the histogram of an operation's requests: few, and each looked up once."""
        key = operation, method, status
        found = self._children.get(key)
        if found is None:
            found = self.requests.labels(*key), self.seconds.labels(operation)
            self._children[key] = found
        return found

    def text(self, pool: dict[str, int]) -> bytes:
        """Return all of it in Prometheus' text format. pool: statistics of the reader's pool."""
        size, idle = pool.get("pool_size", 0), pool.get("pool_available", 0)
        self._connections.labels("open").set(size)
        self._connections.labels("busy").set(size - idle)
        self._connections.labels("waited_for").set(pool.get("requests_waiting", 0))
        return generate_latest(self._registry)


class Measured:
    """ASGI middleware: counts every request, by its operation; what no operation answers is `none`."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started, status = time.perf_counter(), 500

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, noted)
        finally:
            self._count(scope, status, time.perf_counter() - started)

    def _count(self, scope: Scope, status: int, seconds: float) -> None:
        route: Any = scope.get("route")
        operation = getattr(route, "operation_id", None) or "none"
        # Methods are the caller's text: only those of an operation are names of ours.
        method = scope["method"] if operation != "none" else "any"
        counter, histogram = self._metrics.of_operation(operation, method, status)
        counter.inc()
        histogram.observe(seconds)
        statements = scope.get("state", {}).get("statements", 0)
        if statements:
            self._metrics.statements.inc(statements)
