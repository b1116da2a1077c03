"""One module calls Telegram (decision 0019)."""

import ast
import inspect
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import aiogram.methods
import aiogram.types
import pytest
from aiogram import Bot

ROOT = Path(__file__).parents[3]
CLIENT = "bot/delivery/client.py"
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
    assert {"send_message", "answer", "set_webhook", "get_updates"} <= set(callers.pop(CLIENT))
    assert callers.pop(LIGHT_CLIENT) == ["api.telegram.org"]
    assert callers == {}
