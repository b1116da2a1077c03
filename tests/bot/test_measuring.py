"""What the bot counts for `/metrics`: calls to Telegram by what came of them, and how long updates take."""

from typing import Any

import pytest
from aiogram.exceptions import AiogramError
from aiogram.types import Update

from backend.instruments import REGISTRY
from bot.measuring import kind_of
from emerald.telegram_http import TelegramHttp
from tests.telegram import Telegram


def calls(method: str, result: str) -> float:
    labels = {"method": method, "result": result}
    return REGISTRY.get_sample_value("emerald_telegram_calls_total", labels) or 0


def updates(kind: str) -> float:
    return REGISTRY.get_sample_value("emerald_update_seconds_count", {"kind": kind}) or 0


@pytest.mark.parametrize(
    ("fault", "result"),
    [
        ({"error_code": 403}, "gone"),
        ({"error_code": 400}, "refused"),
        ({"drop_after_apply": True}, "unknown"),
        ({}, "done"),
    ],
)
async def test_counts_calls_by_what_came_of_them(
    telegram: Telegram, fault: dict[str, Any], result: str
) -> None:
    if fault:
        telegram.sandbox.fault(method="getMe", **fault)
    before = calls("getMe", result)
    try:
        await telegram.sending.get_me()
    except AiogramError:
        assert fault
    assert calls("getMe", result) == before + 1


async def test_counts_calls_of_the_web_process(telegram: Telegram) -> None:
    before = calls("getChatMember", "done"), calls("getChatMember", "rate-limited")
    async with TelegramHttp(telegram.url) as client:
        await client.is_in_chat(telegram.chat().id, 1002)
        telegram.sandbox.fault(method="getChatMember", error_code=429, retry_after=1)
        await client.is_in_chat(telegram.chat().id, 1002)
    assert calls("getChatMember", "done") == before[0] + 1
    assert calls("getChatMember", "rate-limited") == before[1] + 1


async def test_times_updates_by_their_kind(telegram: Telegram, account: Any) -> None:
    before = updates("/events")
    await telegram.say("Alice", "/events", chat=telegram.chat())
    assert updates("/events") == before + 1


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("/book 2", "/book"),
        ("/book@emerald_bot", "/book"),
        ("/announce Hello", "/announce"),
        ("/start sk_secret", "/start"),
        ("/sk_secret", "message"),
        ("/", "message"),
        ("", "message"),
        ("Olga Nieminen", "message"),
    ],
)
def test_a_label_is_never_what_somebody_typed(text: str, kind: str) -> None:
    """`X6`"""
    message = {"message_id": 1, "date": 0, "chat": {"id": 1, "type": "private"}, "text": text}
    assert kind_of(Update.model_validate({"update_id": 1, "message": message})) == kind
