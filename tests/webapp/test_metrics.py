"""The request metrics middleware: refusals, errors, and clients that close the connection."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from litestar import Litestar, get, post
from litestar.config.csrf import CSRFConfig
from litestar.params import FromPath

from backend.instruments import REGISTRY
from webapp import metrics


@get("/things/{number:int}")
async def show(number: FromPath[int]) -> dict[str, int]:
    return {"number": number}


@post("/things")
async def create() -> None:
    return None


@get("/broken")
async def broken() -> None:
    raise RuntimeError("a fault of ours")


def count(method: str, path: str, status: int) -> float:
    labels = {"method": method, "path": path, "status": str(status)}
    return REGISTRY.get_sample_value("emerald_http_requests_total", labels) or 0


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    app = Litestar(
        [show, create, broken],
        csrf_config=CSRFConfig(secret="only for this test"),
        openapi_config=None,
        logging_config=None,
        debug=False,
    )
    app.asgi_handler = metrics.observe_requests(app.asgi_handler)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="https://one.example") as asking:
        yield asking


@pytest.mark.parametrize(
    ("method", "path", "route", "status"),
    [
        ("GET", "/things/7", "/things/{number}", 200),
        ("GET", "/things/8", "/things/{number}", 200),
        ("GET", "/things/seven", "(none)", 404),
        ("GET", "/nothing", "(none)", 404),
        ("PUT", "/things", "(none)", 405),
        ("POST", "/things", "/things", 403),
        ("GET", "/broken", "/broken", 500),
    ],
)
async def test_counts_the_status_that_was_sent(
    client: httpx.AsyncClient, method: str, path: str, route: str, status: int
) -> None:
    """A request refused by an inner middleware (no CSRF token) is a 403 and not a 200."""
    before = count(method, route, status)
    assert (await client.request(method, path)).status_code == status
    assert count(method, route, status) == before + 1


async def test_an_unknown_method_has_no_label_of_its_own(client: httpx.AsyncClient) -> None:
    before = count("OTHER", "(none)", 405)
    await client.request("BREW", "/things/7")
    assert count("OTHER", "(none)", 405) == before + 1


async def test_counts_clients_that_close_the_connection() -> None:
    async def forever(scope: Any, receive: Any, send: Any) -> None:
        await asyncio.Event().wait()

    before = count("GET", "(none)", 499)
    scope: Any = {"type": "http", "method": "GET", "path": "/slow"}
    asked = asyncio.ensure_future(metrics.observe_requests(forever)(scope, None, None))  # type: ignore[arg-type]
    await asyncio.sleep(0)
    assert REGISTRY.get_sample_value("emerald_http_requests_in_flight") == 1
    asked.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asked
    assert count("GET", "(none)", 499) == before + 1
    assert REGISTRY.get_sample_value("emerald_http_requests_in_flight") == 0


async def test_logs_one_line_for_each_request_without_its_query(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines: list[dict[str, Any]] = []

    class Log:
        def info(self, event: str, **values: Any) -> None:
            lines.append({"event": event, **values})

        debug = warning = info

    monkeypatch.setattr(metrics, "log", Log())
    await client.get("/things/7?initData=secret", headers={"Authorization": "tma secret"})
    assert len(lines) == 1
    response = lines[0]
    assert response.pop("ms") >= 0
    assert response == {
        "event": "request",
        "method": "GET",
        "path": "/things/{number}",
        "status": 200,
    }
