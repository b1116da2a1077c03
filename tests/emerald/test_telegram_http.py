"""Asking Telegram over plain HTTP whether somebody is in a chat (`A5`), where aiogram is not loaded."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from backend.groups import presence
from backend.people.actions import TelegramIdentity, register_person
from emerald.telegram_http import TelegramHttp
from tests.telegram import Telegram


@pytest.fixture
async def client(telegram: Telegram) -> AsyncIterator[TelegramHttp]:
    async with TelegramHttp(telegram.url) as made:
        yield made


async def test_says_who_is_there(telegram: Telegram, client: TelegramHttp) -> None:
    yoga = telegram.chat()
    assert await client.is_in_chat(yoga.id, 1002) is True
    assert await client.is_in_chat(yoga.id, 1009) is False
    telegram.person("Alice").leave(yoga)
    assert await client.is_in_chat(yoga.id, 1002) is False


async def test_what_telegram_cannot_tell_is_not_made_up(telegram: Telegram, client: TelegramHttp) -> None:
    yoga = telegram.chat()
    telegram.sandbox.fault(method="getChatMember", error_code=500)
    assert await client.is_in_chat(yoga.id, 1002) is None
    telegram.sandbox.fault(method="getChatMember", drop_after_apply=True)
    assert await client.is_in_chat(yoga.id, 1002) is None
    assert await client.is_in_chat(-100999, 1002) is None


async def test_a_telegram_that_does_not_answer_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody listens, something answers that is not Telegram, or nothing comes for too long."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        if answers:
            writer.write(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 4\r\n\r\n<p/>")
            await writer.drain()
            writer.close()
        else:
            await reader.read()
            writer.close()

    monkeypatch.setattr("emerald.telegram_http.TIMEOUT", 0.1)
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, TelegramHttp(f"http://127.0.0.1:{port}") as client:
        answers = True
        assert await client.call("getMe", {}) == (502, {"description": "JSONDecodeError"})
        answers = False
        assert await client.call("getMe", {}) == (0, {"description": "ReadTimeout"})
    async with TelegramHttp(f"http://127.0.0.1:{port}") as client:
        assert await client.call("getMe", {}) == (0, {"description": "ConnectError"})


async def test_many_questions_share_a_few_connections(telegram: Telegram, client: TelegramHttp) -> None:
    yoga = telegram.chat()
    answers = await asyncio.gather(*(client.is_in_chat(yoga.id, 1002) for _ in range(60)))
    assert answers == [True] * 60


async def test_the_domain_asks_by_it(telegram: Telegram, client: TelegramHttp, account: Any) -> None:
    charlie = await register_person(TelegramIdentity(1009, "Charlie"))
    presence.set_membership_checker(client.is_in_chat)
    try:
        assert not await presence.is_present(charlie, account.group_id)
    finally:
        presence._membership_checker = None
