"""Updates pushed to a real server: their secret and order, and repetition until it accepts them."""

import asyncio
import dataclasses
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from aiogram import Bot
from aiogram.exceptions import TelegramBadRequest, TelegramConflictError
from aiohttp import web

from sandbox.client import Sandbox, SandboxChat, SandboxPerson
from tests.sandbox.conftest import wait_until


@dataclasses.dataclass
class Receiver:
    """A webhook that answers with the next of `answers`, then 200, and keeps the updates it received."""

    url: str = ""
    answers: list[web.Response] = dataclasses.field(default_factory=list)
    received: asyncio.Queue[tuple[str | None, dict[str, Any]]] = dataclasses.field(
        default_factory=asyncio.Queue
    )

    async def receive(self, request: web.Request) -> web.Response:
        secret = request.headers.get("X-Telegram-Bot-Api-Secret-Token")
        self.received.put_nowait((secret, await request.json()))
        return self.answers.pop(0) if self.answers else web.Response()

    async def next(self) -> dict[str, Any]:
        async with asyncio.timeout(10):
            return (await self.received.get())[1]


@pytest_asyncio.fixture
async def receiver(bot: Bot) -> AsyncIterator[Receiver]:
    receiver = Receiver()
    app = web.Application()
    app.router.add_post("/hook", receiver.receive)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    receiver.url = f"http://127.0.0.1:{port}/hook"
    yield receiver
    await bot.delete_webhook(drop_pending_updates=True)
    await runner.cleanup()


async def test_pushes_updates_with_the_secret(bot: Bot, receiver: Receiver, alice: SandboxPerson) -> None:
    """X2: the secret header."""
    await bot.set_webhook(receiver.url, secret_token="s3cret_-")
    alice.start()
    async with asyncio.timeout(10):
        secret, update = await receiver.received.get()
    assert secret == "s3cret_-"
    assert update["message"]["text"] == "/start"
    with pytest.raises(TelegramConflictError, match="can't use getUpdates method while webhook"):
        await bot.get_updates()


async def test_pushes_an_update_again_until_it_is_accepted(
    bot: Bot, sandbox: Sandbox, receiver: Receiver, alice: SandboxPerson
) -> None:
    """X2: the same update comes more than once."""
    receiver.answers = [web.Response(status=500), web.Response(status=503), web.Response()]
    await bot.set_webhook(receiver.url)
    alice.start()
    first = await receiver.next()
    await wait_for_failure(sandbox, bot, "500")
    info = await bot.get_webhook_info()
    assert info.last_error_message == "Wrong response from the webhook: 500 Internal Server Error"
    assert info.pending_update_count == 1
    sandbox.advance(1)
    assert await receiver.next() == first
    await wait_for_failure(sandbox, bot, "503")
    sandbox.advance(1)
    assert receiver.received.empty()
    sandbox.advance(1)
    assert await receiver.next() == first

    async def nothing_is_pending() -> bool:
        return (await bot.get_webhook_info()).pending_update_count == 0

    await wait_until(sandbox, nothing_is_pending)


async def test_obeys_retry_after(
    bot: Bot, sandbox: Sandbox, receiver: Receiver, alice: SandboxPerson
) -> None:
    receiver.answers = [web.Response(status=429, headers={"Retry-After": "100"})]
    await bot.set_webhook(receiver.url)
    alice.start()
    first = await receiver.next()
    await wait_for_failure(sandbox, bot, "429")
    sandbox.advance(60)
    alice.say("later")
    assert receiver.received.empty()
    sandbox.advance(41)
    assert await receiver.next() == first
    assert (await receiver.next())["message"]["text"] == "later"


async def test_keeps_the_order_of_a_chat_without_delaying_others(
    bot: Bot, sandbox: Sandbox, receiver: Receiver, alice: SandboxPerson, bob: SandboxPerson
) -> None:
    receiver.answers = [web.Response(status=500)]
    await bot.set_webhook(receiver.url)
    alice.start()
    await receiver.next()
    await wait_for_failure(sandbox, bot, "500")
    alice.say("second")
    bob.start()
    update = await receiver.next()
    assert update["message"]["from"]["first_name"] == "Bob"
    sandbox.advance(1)
    texts = [(await receiver.next())["message"]["text"] for _ in range(2)]
    assert texts == ["/start", "second"]


async def test_executes_the_call_in_the_answer(
    bot: Bot, receiver: Receiver, yoga: SandboxChat, alice: SandboxPerson
) -> None:
    call = {"method": "sendMessage", "chat_id": yoga.id, "text": "From the answer"}
    receiver.answers = [web.json_response(call)]
    await bot.set_webhook(receiver.url)
    await asyncio.to_thread(alice.start)
    await asyncio.to_thread(yoga.wait, text="From the answer")


async def test_keeps_updates_of_an_unreachable_server(
    bot: Bot, receiver: Receiver, sandbox: Sandbox, alice: SandboxPerson
) -> None:
    await bot.set_webhook("http://127.0.0.1:9/hook")
    alice.start()
    await wait_for_failure(sandbox, bot, "Cannot connect")
    await bot.set_webhook(receiver.url)
    sandbox.advance(1)
    assert (await receiver.next())["message"]["text"] == "/start"


async def test_drops_pending_updates_on_request(bot: Bot, alice: SandboxPerson) -> None:
    alice.start()
    await bot.set_webhook("http://127.0.0.1:9/hook", drop_pending_updates=True)
    assert (await bot.get_webhook_info()).pending_update_count == 0
    await bot.delete_webhook()
    assert await bot.get_updates() == []


@pytest.mark.parametrize(
    ("url", "parameters", "reason"),
    [
        ("http://example.com/hook", {}, "An HTTPS URL must be provided"),
        ("https://example.com:8000/hook", {}, "only on ports 80, 88, 443 or 8443"),
        ("https://example.com/hook", {"secret_token": "a b"}, "unallowed characters"),
        ("https://example.com/hook", {"max_connections": 101}, "max_connections"),
    ],
)
async def test_rejects_a_webhook_telegram_would_reject(
    bot: Bot, url: str, parameters: dict[str, Any], reason: str
) -> None:
    with pytest.raises(TelegramBadRequest, match=reason):
        await bot.set_webhook(url, **parameters)


async def wait_for_failure(sandbox: Sandbox, bot: Bot, reason: str) -> None:
    """Return once the webhook's last error contains `reason`."""

    async def has_failed() -> bool:
        return reason in ((await bot.get_webhook_info()).last_error_message or "")

    await wait_until(sandbox, has_failed)
