"""The web door as a browser meets it: the real application on the real database, without a socket between."""

import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Awaitable, Callable
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
    """The application, made once."""
    from emerald.web import create_app

    return create_app(with_pool=False)


@pytest.fixture
async def web(world: None, site: Any) -> AsyncIterator[httpx.AsyncClient]:
    """A browser that has opened nothing yet."""
    transport = httpx.ASGITransport(site, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="https://emerald.example") as client:
        yield client


@dataclass(frozen=True)
class App:
    """The Mini App in someone's hand: requests as htmx makes them, with their session."""

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
