"""Whatever asks while the database dies, restarts or fails over gets 503 and when to try again, never a fault of ours."""

import itertools
from collections.abc import AsyncIterator
from datetime import datetime
from functools import cache
from typing import Any

import httpx
import pytest

from backend import batching, clock, db
from backend.settings import settings
from tests.backend.fault_proxy import FaultProxy, fault_proxy
from tests.doors.test_routes_by_reader import FIELDS, Readers, routes, world_of_readers
from tests.processes import Worker, worker

__all__ = ["world_of_readers"]

# How a server, or PgBouncer before it, ends a connection, and what it says to one that it does not take.
ENDS = {
    "57P01": "it is stopped",
    "57P02": "another of its processes has crashed",
    "57P03": "it starts, or is a replica that cannot be read yet",
    "57P05": "the session was idle for too long",
    "08P01": "PgBouncer has no server",
    "08006": "the connection failed",
    "25006": "it has become a replica",
    "25P03": "the transaction was idle for too long",
    "25P04": "the transaction took too long",
    "53100": "its disk is full",
    "53200": "it has no memory",
    "58030": "its disk fails",
    "58P01": "a file of it is gone",
}
# A read, a change, the two that have a short way, and the dashboard.
SOME = (
    ("GET", "/app/events"),
    ("POST", "/app/session"),
    ("POST", "/app/events/{code}/booking"),
    ("DELETE", "/app/events/{code}/booking"),
    ("PUT", "/app/polls/{code}/vote"),
    ("GET", "/dashboard"),
    ("POST", "/dashboard/settings/language"),
)
WITHOUT_A_DATABASE = {200, 204, 303, 400, 401, 403, 404, 422}


@cache
def application() -> Any:
    """In the worker process: the web application on the pool that is there."""
    from emerald.web import create_app

    return create_app(with_pool=False)


async def answer(task: dict[str, Any]) -> list[tuple[int, str]]:
    """In the worker process, too: the status and Retry-After of each request."""
    db.CONNECTION_WAIT, batching.RETRY_PAUSES = 0.02, (0.01,) * 4
    answers = []
    with clock.stopped(datetime.fromisoformat(task["now"])):
        transport = httpx.ASGITransport(application())
        async with httpx.AsyncClient(transport=transport, base_url="https://emerald.example") as client:
            for method, path, headers in task["requests"]:
                data = FIELDS if method not in ("GET", "DELETE") and path != "/app/session" else None
                given = await client.request(method, path, headers=headers, data=data)
                answers.append((given.status_code, given.headers.get("retry-after", "")))
    return answers


@pytest.fixture
async def proxy(database: None) -> AsyncIterator[FaultProxy]:
    async with fault_proxy(settings.database) as made:
        yield made


@pytest.fixture
async def web_process(proxy: FaultProxy) -> AsyncIterator[Worker]:
    """A web process that reaches the database through the proxy."""
    async with worker(__file__, "answer", DATABASE_URL=proxy.url) as made:
        yield made


def requests_of(readers: Readers, chosen: Any) -> list[Any]:
    """The requests of the club's owner."""
    return [
        (method, readers.address(path, "owner"), readers.headers_for("owner", path))
        for method, path in chosen
    ]


async def test_a_database_that_goes_away_is_no_fault_of_ours(
    proxy: FaultProxy, web_process: Worker, world_of_readers: Any, noon: datetime
) -> None:
    """Before the first statement of a request, and in the midst of its work."""
    asked, wrong = requests_of(await world_of_readers(), SOME), []
    for error, passing, request in itertools.product(ENDS, (0, 2), asked):
        proxy.error, proxy.passing = error, passing
        ((status, retry_after),) = await web_process.run({"now": noon.isoformat(), "requests": [request]})
        has_answer = passing > 0 and status in WITHOUT_A_DATABASE
        if not has_answer and (status, retry_after) != (503, "2"):
            wrong.append((error, passing, *request[:2], status))
        proxy.error = ""
    assert wrong == []


async def test_no_route_takes_it_for_a_fault_of_ours(
    proxy: FaultProxy, web_process: Worker, world_of_readers: Any, site: Any, noon: datetime
) -> None:
    chosen = sorted(route for route in routes(site) if route[1] != "/ready")  # which says so in its own way
    asked = requests_of(await world_of_readers(), chosen)
    proxy.error = "57P01"
    answers = await web_process.run({"now": noon.isoformat(), "requests": asked})
    wrong = [
        (request[:2], status)
        for request, (status, retry_after) in zip(asked, answers, strict=True)
        if status not in WITHOUT_A_DATABASE and (status, retry_after != "") != (503, True)
    ]
    assert wrong == []
    assert sum(status == 503 for status, _ in answers) > 90
