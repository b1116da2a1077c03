"""Request metrics and `/metrics` for Prometheus, at a port of its own (`X11`). It holds no personal data and
no secret (`X6`).

Litestar's own middleware runs inside its routing: it misses a 404 and counts a refused request as a success.
This one wraps the whole application, and reads the route from the scope afterwards.
"""

import asyncio
import time
from collections.abc import Iterator
from functools import cache

import structlog
from litestar import Litestar, Response, get
from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send
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
NO_ROUTE = "(none)"  # no such path, or not by that method
CLIENT_CLOSED_REQUEST = 499  # the client closed the connection; nginx's own status
READ_TIMEOUT = 3.0  # seconds for reading the database; the process's own counts are sent in any case
PROBE_PATHS = frozenset({"/health", "/ready", "/metrics"})  # requested by machines every few seconds

REGISTRY = CollectorRegistry()
ProcessCollector(registry=REGISTRY)
BUILD = Info("emerald_build", "What runs", registry=REGISTRY)
ZONE_DATA = Info("emerald_zone_data", "The time zone data it goes by", registry=REGISTRY)
REQUESTS = Counter("emerald_http_requests", "Answers", ("method", "path", "status"), registry=REGISTRY)
SECONDS = Histogram(
    "emerald_http_request_seconds",
    "From a request's first byte to its answer's last",
    ("method", "path"),
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
    registry=REGISTRY,
)
LIST_ROWS = Counter(
    "emerald_list_rows", "Rows of lists shown: kept, or rendered", ("source",), registry=REGISTRY
)
LIST_ROWS_BYTES = Gauge("emerald_list_rows_kept_bytes", "Of HTML", registry=REGISTRY)
LEFT_OUT = Counter(
    "emerald_calendar_entries_left_out", "Entries of feeds that could not be written", registry=REGISTRY
)
IN_FLIGHT = Gauge("emerald_http_requests_in_flight", "Being answered now", registry=REGISTRY)


def observe_requests(app: ASGIApp) -> ASGIApp:
    """The application, with every request counted, timed and logged: method, route, status, milliseconds.

    Never its query or its headers (`X1`).
    """

    async def observe(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await app(scope, receive, send)
            return
        status = 0

        async def send_observed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        started = time.perf_counter()
        IN_FLIGHT.inc()
        try:
            await app(scope, receive, send_observed)
        except Exception:
            status = status or 500
            raise
        finally:
            IN_FLIGHT.dec()
            _count(scope, status or CLIENT_CLOSED_REQUEST, time.perf_counter() - started)

    return observe


def _count(scope: HTTPScope, status: int, seconds: float) -> None:
    method = scope["method"] if scope["method"] in METHODS else "OTHER"
    path = scope.get("path_template") or NO_ROUTE
    requests, times = _series(method, path, status)
    requests.inc()
    times.observe(seconds)
    write = log.debug if path in PROBE_PATHS and status < 500 else log.info
    write("request", method=method, path=path, status=status, ms=round(seconds * 1000, 1))


@cache
def _series(method: str, path: str, status: int) -> tuple[Counter, Histogram]:
    """The two series of a request. There are no more of them than routes and statuses; to look them up by their labels
    costs more than to count."""
    return REQUESTS.labels(method, path, status), SECONDS.labels(method, path)


class _Snapshot(Collector):
    """What was read from the database for the current scrape."""

    figures: Metrics | None = None  # None when the database does not answer

    def collect(self) -> Iterator[Metric]:
        def gauge(name: str, description: str, value: float) -> Metric:
            return GaugeMetricFamily(f"emerald_{name}", description, value=value)

        pool = connections()
        yield gauge("database_up", "Whether the database answered", self.figures is not None)
        yield gauge("database_connections_open", "Of this process", pool.open)
        yield gauge("database_connections_in_use", "Of this process", pool.in_use)
        yield gauge("database_connections_most", "What this process may open", pool.most)
        batches = CounterMetricFamily("emerald_batches", "Transactions of the batchers", labels=["lane"])
        asked = CounterMetricFamily("emerald_batched_requests", "Requests processed in them", labels=["lane"])
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
        yield gauge(
            "messages_silent_seconds",
            "How long nothing was sent although something was due",
            now.silent_seconds,
        )
        yield gauge("messages_sending", "Under way", now.sending)
        yield gauge("messages_parked", "Given up, for organisers to see", now.parked)
        yield gauge("cards_due", "To be posted", now.cards_due)
        yield gauge("cards_stale", "Showing less than is known", now.cards_stale)
        yield gauge("duty_late_seconds", "The periodic job most behind", now.job_late_seconds)
        yield gauge("duties_failing", "Periodic jobs whose last run failed", now.jobs_failing)


_snapshot = _Snapshot()
REGISTRY.register(_snapshot)


@get("/metrics", include_in_schema=False)
async def metrics() -> Response[bytes]:
    """This process's counts, and the installation's totals as the database has them now."""
    try:
        async with asyncio.timeout(READ_TIMEOUT):
            _snapshot.figures = await read_metrics()
    except (Busy, Unavailable, TimeoutError) as error:
        log.warning("metrics unavailable", error=str(error) or "no answer in time")
        _snapshot.figures = None
    return Response(
        generate_latest(REGISTRY),
        media_type=CONTENT_TYPE_LATEST,
        headers={"Cache-Control": "no-store"},
    )


def answer_scrapes(app: ASGIApp, port: int) -> ASGIApp:
    """The application, and at `port` another that has `/metrics` and nothing else.

    The port is that of the socket, so nothing that a request says can pass for it.
    """
    scraped: ASGIApp = Litestar(route_handlers=[metrics], openapi_config=None, logging_config=None)

    async def dispatch(scope: Scope, receive: Receive, send: Send) -> None:
        at = scope.get("server")
        is_scrape = scope["type"] == ScopeType.HTTP and at is not None and at[1] == port
        await (scraped if is_scrape else app)(scope, receive, send)

    return dispatch
