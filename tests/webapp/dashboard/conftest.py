"""Browsers in front of the dashboard: each has its own cookies, and fills in forms as a browser does."""

import html
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import httpx
import pytest

ORIGIN = "https://emerald.example"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"


class Browser:
    """One browser with its cookies."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client
        self.csrf = ""

    @staticmethod
    def text(answer: httpx.Response) -> str:
        """The text of a page without its tags, in one line."""
        body = re.sub(r"<(script|style|svg)\b.*?</\1>", " ", answer.text, flags=re.S)
        return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", body)).split())

    async def get(self, path: str, **headers: str) -> httpx.Response:
        """Load a page and remember the CSRF token of its forms."""
        answer = await self.client.get(path, headers={k.replace("_", "-"): v for k, v in headers.items()})
        found = re.search(r'name="csrf" value="([0-9a-f]{64})"', answer.text)
        if found:
            self.csrf = found[1]
        return answer

    async def post(self, path: str, /, follow: bool = True, **fields: Any) -> httpx.Response:
        """Send a form as the page that was loaded last would; `follow` follows the redirect."""
        if not self.csrf:
            await self.get("/dashboard")
        answer = await self.client.post(
            path,
            data={"csrf": self.csrf, **fields},
            headers={"Origin": ORIGIN, "Sec-Fetch-Site": "same-origin"},
        )
        if follow and answer.status_code == 303:
            return await self.get(answer.headers["location"])
        return answer

    async def ask_to_sign_in(self) -> str:
        """Open the sign-in page; returns the key in its link."""
        answer = await self.get("/dashboard/sign-in")
        found = re.search(r"\?start=in_([\w-]+)", html.unescape(answer.text))
        assert found, self.text(answer)
        return found[1]


@pytest.fixture
async def browser(site: Any, world: None) -> AsyncIterator[Callable[[], Browser]]:
    """A new browser each time it is called."""
    async with AsyncExitStack() as stack:
        made: list[Browser] = []

        def make() -> Browser:
            client = httpx.AsyncClient(
                transport=httpx.ASGITransport(site, client=("203.0.113.7", 1)),
                base_url=ORIGIN,
                headers={"User-Agent": FIREFOX, "Accept-Language": "en"},
            )
            stack.push_async_callback(client.aclose)
            made.append(Browser(client))
            return made[-1]

        yield make


SignIn = Callable[[Any], Awaitable[Browser]]


async def confirm_sign_in(key: str, person: Any) -> None:
    """Tap the number that the browser of this link shows."""
    from backend import db
    from backend.people.sign_ins import answer_sign_in, pending_sign_in

    pending = await pending_sign_in(key)
    number = await db.value("SELECT number FROM sign_ins WHERE id = $1", pending.id)
    assert await answer_sign_in(pending.id, person, number=number)


@pytest.fixture
def sign_in(browser: Callable[[], Browser]) -> SignIn:
    """A browser in which this person is signed in, confirmed through the bot as everybody's is."""

    async def enter(person: Any) -> Browser:
        made = browser()
        key = await made.ask_to_sign_in()
        await confirm_sign_in(key, person)
        answer = await made.get("/dashboard/sign-in")
        assert answer.status_code == 303, answer.text
        return made

    return enter


@pytest.fixture
async def dashboard(sign_in: SignIn, olga: Any) -> Browser:
    """Olga's browser."""
    return await sign_in(olga)


async def park(account: Any, user_id: int, error: str, *, number: int = 1) -> int:
    """A message that Telegram refused with these words; its id."""
    from backend import clock, db

    async with db.transaction():
        return int(
            await db.value(
                "INSERT INTO messages (account_id, user_id, kind, detail, dedupe, priority, state, due_at, created_at, error)"
                " VALUES ($1, $2, 'reminder', '{}', $3, 3, 'parked', $4, $4, $5) RETURNING id",
                account.id,
                user_id,
                f"parked {number}",
                clock.now(),
                error,
            )
        )
