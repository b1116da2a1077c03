"""One module calls Telegram (decision 0019)."""

import ast
import inspect
import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import aiogram.methods
import aiogram.types
import pytest
from aiogram import Bot
from aiogram.client.session.base import BaseSession
from aiogram.methods.base import TelegramMethod

from backend.outbox.states import SendResult
from backend.settings import settings
from bot.delivery.client import NameRateLimits, make_bot, post
from bot.rendering import RenderedMessage

ROOT = Path(__file__).parents[3]
CLIENT = "bot/delivery/client.py"
PROFILE = "bot/delivery/profile.py"  # its part that sets up the bot itself
EPHEMERAL = "bot/delivery/ephemeral.py"  # and the one for what one person alone sees
LIGHT_CLIENT = "emerald/telegram_http.py"  # for processes that do not load aiogram


@cache
def call_names() -> frozenset[str]:
    """The methods of aiogram's bot and objects that make a call: `send_message`, `Message.answer`,
    `Chat.get_member`."""
    methods = set(aiogram.methods.__all__)
    names = {
        name
        for name, function in inspect.getmembers(Bot, inspect.iscoroutinefunction)
        if "".join(part.title() for part in name.split("_")) in methods
    }
    for each in aiogram.types.__all__:
        for name, function in inspect.getmembers(getattr(aiogram.types, each), inspect.isfunction):
            if str(function.__annotations__.get("return", "")).split("[")[0].split(" ")[0] in methods:
                names.add(name)
    return frozenset(names - {"close"})  # sessions, files and pools are closed by that name too


def calls(source: str) -> Iterator[str]:
    """What calls Telegram in a module: a method of that name, or the bot itself; and requests by hand."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and "api.telegram.org" in str(node.value):
            yield "api.telegram.org"
        if not isinstance(node, ast.Call):
            continue
        if isinstance(node.func, ast.Attribute) and node.func.attr in call_names():
            yield node.func.attr
        name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        if name == "bot":
            yield "bot()"


def modules() -> Iterator[Path]:
    for room in ("bot", "emerald"):
        yield from sorted((ROOT / room).rglob("*.py"))


@pytest.mark.parametrize(
    "source",
    [
        "await bot.send_message(1, 'Hello')",
        "await self.bot(GetUpdates())",
        "await message.answer('Hello')",
        "await query.answer()",
        "await query.message.edit_text('Hello')",
        "await message.chat.get_member(1)",
        "await update.answer('Hello')",
        "await bot.set_webhook('https://example.org')",
        "urlopen('https://api.telegram.org/bot')",
    ],
)
def test_a_call_is_found(source: str) -> None:
    assert list(calls(source))


def test_only_the_client_calls_telegram() -> None:
    callers = {
        path.relative_to(ROOT).as_posix(): found
        for path in modules()
        if (found := sorted(set(calls(path.read_text()))))
    }
    assert LIGHT_CLIENT in callers and CLIENT in callers
    assert {"send_message", "answer"} <= set(callers.pop(CLIENT))
    assert {"set_webhook", "get_me"} <= set(callers.pop(PROFILE))
    assert callers.pop(EPHEMERAL) == ["answer", "bot()"]
    assert callers.pop(LIGHT_CLIENT) == ["api.telegram.org"]
    assert callers == {}


class Answering(BaseSession):
    """A session whose every call is answered with this status and body."""

    def __init__(self, status: int, body: str) -> None:
        super().__init__()
        self.status, self.body = status, body

    async def make_request(
        self,
        bot: Bot,
        method: TelegramMethod[Any],
        timeout: int | None = None,  # noqa: ASYNC109
    ) -> Any:
        return self.check_response(bot, method, self.status, self.body).result

    async def close(self) -> None:
        """There is nothing to close."""

    def stream_content(self, *_: Any, **__: Any) -> Any:
        raise NotImplementedError


@pytest.mark.parametrize(
    ("body", "result", "seconds"),
    [
        ('{"ok":false,"error_code":429,"description":"Too Many Requests"}', SendResult.RATE_LIMITED, 5),
        (
            '{"ok":false,"error_code":429,"description":"Too Many Requests: retry after 9","parameters":{"retry_after":9}}',
            SendResult.RATE_LIMITED,
            9,
        ),
        ('{"ok":false,"error_code":418,"description":"teapot"}', SendResult.REFUSED, 0),
    ],
)
async def test_a_429_waits_also_when_it_does_not_say_how_long(
    body: str, result: SendResult, seconds: int
) -> None:
    """M2: it is no refusal, and the message is not dropped."""
    session = Answering(json.loads(body)["error_code"], body)
    session.middleware(NameRateLimits())
    got = await post(
        Bot("42:TOKEN_OF_NO_BOT_AT_ALL_0123456789abc", session=session), 1, RenderedMessage("Hello", [])
    )
    assert (got.result, got.retry_after) == (result, seconds)


def test_every_bot_names_its_rate_limits() -> None:
    bot = make_bot(settings)
    assert any(isinstance(one, NameRateLimits) for one in bot.session.middleware._middlewares)
