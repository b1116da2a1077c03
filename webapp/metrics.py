"""What the web process counts: its answers, and the HTML it kept. `emerald/metrics.py` publishes it.

Litestar's own middleware runs inside its routing: it misses a 404 and counts a refused request as a success.
This one wraps the whole application, and reads the route from the scope afterwards.
"""

import time
from collections.abc import Awaitable, Callable
from functools import cache

import structlog
from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send
from prometheus_client import Counter, Gauge, Histogram

from backend import clock
from backend.causes import caused_by, new_cause
from backend.instruments import REGISTRY

log = structlog.get_logger("web")

# The answer to a scrape and its content type, for the scraper's header Accept.
Scrape = Callable[[str], Awaitable[tuple[bytes, str]]]

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
NO_ROUTE = "(none)"  # no such path, or not by that method
UNLOGGED = "unlogged"  # the key in the state of a request that gets no line once it succeeds
CLIENT_CLOSED_REQUEST = 499  # the client closed the connection; nginx's own status
PROBE_PATHS = frozenset({"/health", "/ready", "/metrics"})  # requested by machines every few seconds

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
EVENT_SCREENS = Counter(
    "emerald_event_screens", "Screens of events shown: kept, or rendered", ("source",), registry=REGISTRY
)
EVENT_SCREENS_BYTES = Gauge("emerald_event_screens_kept_bytes", "Of HTML", registry=REGISTRY)
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
        with caused_by(new_cause(), asked_at=clock.now()):
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
    if scope.get("state", {}).get(UNLOGGED) and status < 300:
        return
    write = log.debug if path in PROBE_PATHS and status < 500 else log.info
    write("request", method=method, path=path, status=status, ms=round(seconds * 1000, 1))


@cache
def _series(method: str, path: str, status: int) -> tuple[Counter, Histogram]:
    """The two series of a request. There are no more of them than routes and statuses; to look them up by their labels
    costs more than to count."""
    return REQUESTS.labels(method, path, status), SECONDS.labels(method, path)


def answer_scrapes(app: ASGIApp, port: int, scrape: Scrape) -> ASGIApp:
    """The application, and at `port` nothing but `/metrics`.

    The port is that of the socket, so nothing that a request says can pass for it (`X11`).
    """

    async def dispatch(scope: Scope, receive: Receive, send: Send) -> None:
        at = scope.get("server")
        if scope["type"] == ScopeType.HTTP and at is not None and at[1] == port:
            await _answer_scrape(scope, send, scrape)
        else:
            await app(scope, receive, send)

    return dispatch


async def _answer_scrape(scope: HTTPScope, send: Send, scrape: Scrape) -> None:
    status, body, content_type = 404, b"", "text/plain"
    if scope["path"] == "/metrics" and scope["method"] == "GET":
        accept = dict(scope["headers"]).get(b"accept", b"").decode("latin-1")
        status, (body, content_type) = 200, await scrape(accept)
    headers = [(b"content-type", content_type.encode()), (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})
