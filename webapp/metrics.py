"""Counting requests, and `/metrics` for Prometheus. nginx does not pass it on; no person is in it, nor a secret (`X6`).

Litestar's own middleware sits inside its routing: it misses a 404 and takes a refused request for a good one. This one is
around everything, and learns from the scope which route it was.
"""

import asyncio
import time
from collections.abc import Iterator

import structlog
from litestar import Response, get
from litestar.enums import ScopeType
from litestar.types import (
    ASGIApp,
    ControllerRouterHandler,
    HTTPScope,
    Message,
    Receive,
    Scope,
    Send,
)
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Info,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from backend.batching import BATCH_STATS
from backend.errors import Busy, Unavailable
from backend.metrics import Metrics, connections, read_metrics

log = structlog.get_logger("web")

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
NO_ROUTE = "(none)"  # no such address, or not by that method
CLIENT_CLOSED_REQUEST = 499  # nobody was there any more to be answered; as nginx calls it
READ_TIMEOUT = 3.0  # seconds for the figures; the process's own counts are told in any case
PROBE_PATHS = frozenset({"/health", "/ready", "/metrics"})  # asked by machines every few seconds

REGISTRY = CollectorRegistry()
ProcessCollector(registry=REGISTRY)
BUILD = Info("emerald_build", "What runs", registry=REGISTRY)
REQUESTS = Counter("emerald_http_requests", "Answers", ("method", "path", "status"), registry=REGISTRY)
SECONDS = Histogram(
    "emerald_http_request_seconds",
    "From a request's first byte to its answer's last",
    ("method", "path"),
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
    registry=REGISTRY,
)
IN_FLIGHT = Gauge("emerald_http_requests_in_flight", "Being answered now", registry=REGISTRY)


def observe_requests(app: ASGIApp) -> ASGIApp:
    """The application, with every request counted, timed and written down: its method, its route, its status, its
    milliseconds, and never what stood behind the question mark or in a header (`X1`).
    """

    async def observing(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await app(scope, receive, send)
            return
        status = 0

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        begun = time.perf_counter()
        IN_FLIGHT.inc()
        try:
            await app(scope, receive, sending)
        except Exception:
            status = status or 500
            raise
        finally:
            IN_FLIGHT.dec()
            _count(scope, status or CLIENT_CLOSED_REQUEST, time.perf_counter() - begun)

    return observing


def _count(scope: HTTPScope, status: int, seconds: float) -> None:
    method = scope["method"] if scope["method"] in METHODS else "OTHER"
    path = scope.get("path_template") or NO_ROUTE
    REQUESTS.labels(method, path, status).inc()
    SECONDS.labels(method, path).observe(seconds)
    tell = log.debug if path in PROBE_PATHS and status < 500 else log.info
    tell("request", method=method, path=path, status=status, ms=round(seconds * 1000, 1))


class _Snapshot(Collector):
    """What was read for the scrape that is being answered."""

    figures: Metrics | None = None  # None: the database does not answer

    def collect(self) -> Iterator[Metric]:
        def gauge(name: str, says: str, value: float) -> Metric:
            return GaugeMetricFamily(f"emerald_{name}", says, value=value)

        pool = connections()
        yield gauge("database_up", "Whether the database answered", self.figures is not None)
        yield gauge("database_connections_open", "Of this process", pool.open)
        yield gauge("database_connections_in_use", "Of this process", pool.in_use)
        yield gauge("database_connections_most", "What this process may open", pool.most)
        batches = CounterMetricFamily("emerald_batches", "Transactions of the desk", labels=["lane"])
        asked = CounterMetricFamily("emerald_batched_requests", "Settled in them", labels=["lane"])
        largest = GaugeMetricFamily("emerald_batch_largest", "Since the start", labels=["lane"])
        for name, tally in BATCH_STATS.items():
            lane = [name]
            batches.add_metric(lane, tally.batches)
            asked.add_metric(lane, tally.requests)
            largest.add_metric(lane, tally.largest)
        yield from (batches, asked, largest)
        now = self.figures
        if now is None:
            return
        yield gauge("messages_due", "To be sent now", now.due)
        yield gauge("messages_oldest_due_seconds", "Since when the first waits", now.oldest_due_seconds)
        yield gauge("messages_sending", "Under way", now.sending)
        yield gauge("messages_parked", "Given up, for organisers to see", now.parked)
        yield gauge("cards_due", "To be posted", now.cards_due)
        yield gauge("cards_stale", "Showing less than is known", now.cards_stale)
        yield gauge("duty_late_seconds", "The duty most behind", now.duty_late_seconds)
        yield gauge("duties_failing", "Whose last run failed", now.duties_failing)


_snapshot = _Snapshot()
REGISTRY.register(_snapshot)


@get("/metrics", include_in_schema=False)
async def metrics() -> Response[bytes]:
    """This process's counts, and the club-wide figures as the database has them now."""
    try:
        async with asyncio.timeout(READ_TIMEOUT):
            _snapshot.figures = await read_metrics()
    except (Busy, Unavailable, TimeoutError) as error:
        log.warning("no figures", error=str(error) or "no answer in time")
        _snapshot.figures = None
    return Response(
        generate_latest(REGISTRY),
        media_type=CONTENT_TYPE_LATEST,
        headers={"Cache-Control": "no-store"},
    )


ROUTES: list[ControllerRouterHandler] = [metrics]
