"""Updates pushed to a real server: secret, order, and again until it says yes."""

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


@dataclasses.dataclass
class Receiver:
    """Answers with the next of `answers`, then 200; keeps what came."""

    url: str = ""
    answers: list[web.Response] = dataclasses.field(default_factory=list)
    came: asyncio.Queue[tuple[str | None, dict[str, Any]]] = dataclasses.field(default_factory=asyncio.Queue)

    async def take(self, request: web.Request) -> web.Response:
        secret = request.headers.get("X-Telegram-Bot-Api-Secret-Token")
        self.came.put_nowait((secret, await request.json()))
        return self.answers.pop(0) if self.answers else web.Response()

    async def next(self) -> dict[str, Any]:
        async with asyncio.timeout(10):
            return (await self.came.get())[1]


@pytest_asyncio.fixture
async def receiver(bot: Bot) -> AsyncIterator[Receiver]:
    receiver = Receiver()
    app = web.Application()
    app.router.add_post("/hook", receiver.take)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    receiver.url = f"http://127.0.0.1:{port}/hook"
    yield receiver
    await bot.delete_webhook(drop_pending_updates=True)
    await runner.cleanup()


async def test_brings_updates_with_the_secret(bot: Bot, receiver: Receiver, alice: SandboxPerson) -> None:
    """X2: the secret header."""
    await bot.set_webhook(receiver.url, secret_token="s3cret_-")
    alice.start()
    async with asyncio.timeout(10):
        secret, update = await receiver.came.get()
    assert secret == "s3cret_-"
    assert update["message"]["text"] == "/start"
    with pytest.raises(TelegramConflictError, match="can't use getUpdates method while webhook"):
        await bot.get_updates()


async def test_brings_it_again_until_it_is_taken(
    bot: Bot, sandbox: Sandbox, receiver: Receiver, alice: SandboxPerson
) -> None:
    """X2: the same update comes more than once."""
    receiver.answers = [web.Response(status=500), web.Response(status=503), web.Response()]
    await bot.set_webhook(receiver.url)
    alice.start()
    first = await receiver.next()
    await failed_with(sandbox, bot, "500")
    info = await bot.get_webhook_info()
    assert info.last_error_message == "Wrong response from the webhook: 500 Internal Server Error"
    assert info.pending_update_count == 1
    sandbox.advance(1)
    assert await receiver.next() == first
    await failed_with(sandbox, bot, "503")
    sandbox.advance(1)
    assert receiver.came.empty()
    sandbox.advance(1)
    assert await receiver.next() == first
    await emptied(sandbox, bot)


async def test_waits_as_long_as_it_is_told(
    bot: Bot, sandbox: Sandbox, receiver: Receiver, alice: SandboxPerson
) -> None:
    receiver.answers = [web.Response(status=429, headers={"Retry-After": "100"})]
    await bot.set_webhook(receiver.url)
    alice.start()
    first = await receiver.next()
    await failed_with(sandbox, bot, "429")
    sandbox.advance(60)
    alice.say("later")
    assert receiver.came.empty()
    sandbox.advance(41)
    assert await receiver.next() == first
    assert (await receiver.next())["message"]["text"] == "later"


async def test_keeps_the_order_of_a_chat_and_lets_others_pass(
    bot: Bot, sandbox: Sandbox, receiver: Receiver, alice: SandboxPerson, bob: SandboxPerson
) -> None:
    receiver.answers = [web.Response(status=500)]
    await bot.set_webhook(receiver.url)
    alice.start()
    await receiver.next()
    await failed_with(sandbox, bot, "500")
    alice.say("second")
    bob.start()
    passed = await receiver.next()
    assert passed["message"]["from"]["first_name"] == "Bob"
    sandbox.advance(1)
    texts = [(await receiver.next())["message"]["text"] for _ in range(2)]
    assert texts == ["/start", "second"]


async def test_obeys_the_call_in_the_answer(
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
    await failed_with(sandbox, bot, "Cannot connect")
    await bot.set_webhook(receiver.url)
    sandbox.advance(1)
    assert (await receiver.next())["message"]["text"] == "/start"


async def test_drops_what_waits_when_asked_to(bot: Bot, alice: SandboxPerson) -> None:
    alice.start()
    await bot.set_webhook("http://127.0.0.1:9/hook", drop_pending_updates=True)
    assert (await bot.get_webhook_info()).pending_update_count == 0
    await bot.delete_webhook()
    assert await bot.get_updates() == []


@pytest.mark.parametrize(
    ("url", "more", "why"),
    [
        ("http://example.com/hook", {}, "An HTTPS URL must be provided"),
        ("https://example.com:8000/hook", {}, "only on ports 80, 88, 443 or 8443"),
        ("https://example.com/hook", {"secret_token": "a b"}, "unallowed characters"),
        ("https://example.com/hook", {"max_connections": 101}, "max_connections"),
    ],
)
async def test_refuses_a_webhook_telegram_would_refuse(
    bot: Bot, url: str, more: dict[str, Any], why: str
) -> None:
    with pytest.raises(TelegramBadRequest, match=why):
        await bot.set_webhook(url, **more)


async def failed_with(sandbox: Sandbox, bot: Bot, why: str) -> None:
    """Return once the webhook's last failure says `why`."""
    async with asyncio.timeout(10):
        while why not in ((await bot.get_webhook_info()).last_error_message or ""):
            await changed(sandbox)


async def emptied(sandbox: Sandbox, bot: Bot) -> None:
    """Return once every update was taken."""
    async with asyncio.timeout(10):
        while (await bot.get_webhook_info()).pending_update_count:
            await changed(sandbox)


async def changed(sandbox: Sandbox) -> None:
    version = sandbox.counters()["version"]
    await asyncio.to_thread(sandbox.get, f"changes?after={version}&within=0.1", 1.0)
