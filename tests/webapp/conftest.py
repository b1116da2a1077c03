"""The web app as a browser meets it: the real application on the real database, without a socket between."""

import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx
import pytest

BOT_TOKEN = "42:TEST_TOKEN_OF_NO_BOT"  # as the settings of the tests have it


def init_data(fields: dict[str, str], token: str = BOT_TOKEN) -> str:
    """`fields` as Telegram sends them to the Mini App, signed for the bot with this token."""
    lines = "\n".join(f"{name}={fields[name]}" for name in sorted(fields))
    secret = hmac.digest(b"WebAppData", token.encode(), "sha256")
    signed = {**fields, "hash": hmac.new(secret, lines.encode(), hashlib.sha256).hexdigest()}
    return "&".join(f"{name}={quote(value, safe='')}" for name, value in signed.items())


def launch_of(telegram_id: int, name: str, **more: str) -> dict[str, str]:
    """The fields of a launch by this person, now."""
    from backend import clock

    user = {"id": telegram_id, "first_name": name, "language_code": more.pop("language", "en")}
    return {
        "auth_date": str(int(clock.now().timestamp())),
        "query_id": "AAHd",
        "user": json.dumps(user, separators=(",", ":")),
        "signature": "aGVsbG8",
        **more,
    }


@pytest.fixture(scope="session")
def site() -> Any:
    """The application, created once."""
    from emerald.web import create_app

    return create_app(with_pool=False)


@pytest.fixture
async def web(world: None, site: Any) -> AsyncIterator[httpx.AsyncClient]:
    """A client without a session."""
    transport = httpx.ASGITransport(site, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="https://emerald.example") as client:
        yield client


@dataclass(frozen=True)
class App:
    """The Mini App of one person: requests as htmx sends them, with their session."""

    web: httpx.AsyncClient
    session: str

    async def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        headers = {
            "Authorization": f"Bearer {self.session}",
            "HX-Request": "true",
            **more.pop("headers", {}),
        }
        return await self.web.request(method, path, headers=headers, **more)

    async def get(self, path: str, **more: Any) -> httpx.Response:
        return await self.ask("GET", path, **more)


@pytest.fixture
def app_of(web: httpx.AsyncClient) -> Callable[[Any], Awaitable[App]]:
    """Open the Mini App as a person: `app = await app_of(alice)`."""

    async def open_as(person: Any) -> App:
        raw = init_data(launch_of(person.telegram_id, person.first_name, language=person.language))
        answer = await web.post("/app/session", headers={"Authorization": f"tma {raw}"})
        assert answer.status_code == 204, answer.text
        return App(web, answer.headers["x-session"])

    return open_as


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Any]:
    """A real browser, started once."""
    from tests.webapp.browsing import chromium

    async with chromium() as found:
        yield found


@pytest.fixture(scope="session")
async def ports(site: Any, database: None) -> AsyncIterator[tuple[int, int]]:
    """The application's port, and that of another site's page which frames it."""
    from dataclasses import replace

    from backend.settings import settings
    from tests.webapp.browsing import framing_site, serve
    from webapp import headers

    async with serve(site) as app, serve(framing_site()) as frame:
        allowed = replace(settings, frame_ancestors=f"http://localhost:{frame}")
        before, headers._OF_APP = (
            headers._OF_APP,
            headers.raw_headers(headers.security_headers(allowed, framed=True)),
        )
        yield app, frame
        headers._OF_APP = before


@pytest.fixture
async def phone(browser: Any, ports: tuple[int, int], world: None) -> AsyncIterator[Any]:
    """A phone in Helsinki; script errors and violations of the policy fail the test."""
    async with phone_in(browser, ports) as made:
        yield made


@pytest.fixture
async def private_phone(ports: tuple[int, int], world: None) -> AsyncIterator[Any]:
    """The same, where frames of other sites may store nothing: a rule of profiles, so it takes a whole browser."""
    from tests.webapp.browsing import chromium

    async with chromium(whole=True) as browser, phone_in(browser, ports) as made:
        yield made


@asynccontextmanager
async def phone_in(browser: Any, ports: tuple[int, int]) -> AsyncIterator[Any]:
    from tests.webapp.browsing import PATIENCE, Phone, wait_until_idle

    context = await browser.new_context(viewport={"width": 390, "height": 844}, timezone_id="Europe/Helsinki")
    context.set_default_timeout(PATIENCE)
    faults: list[str] = []
    context.on("weberror", lambda error: faults.append(str(error.error)))

    def record_fault(message: Any) -> None:
        # In a frame the official script adds an empty style element, for a scrollbar we do not need.
        is_telegrams = "telegram-web-app" in message.location["url"] and "style" in message.text
        if "Content Security Policy" in message.text and not is_telegrams:
            faults.append(f"{message.text} ({message.location})")

    context.on("console", record_fault)
    yield Phone(context, f"http://127.0.0.1:{ports[0]}", f"http://localhost:{ports[1]}")
    await context.close()
    await wait_until_idle()
    assert faults == []
