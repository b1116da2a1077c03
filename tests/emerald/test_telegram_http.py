"""Asking Telegram whether somebody is in a chat (`A5`)."""

import dataclasses
from typing import Any

import pytest

from backend.groups import presence as group_presence
from backend.people.actions import TelegramIdentity, register_person
from backend.settings import settings
from emerald import presence, telegram_http
from tests.telegram import Telegram


@pytest.fixture
def asked(telegram: Telegram, monkeypatch: pytest.MonkeyPatch) -> Telegram:
    there = dataclasses.replace(settings, telegram_api_url=telegram.url)
    monkeypatch.setattr(telegram_http, "settings", there)
    return telegram


async def test_says_who_is_there(asked: Telegram) -> None:
    yoga = asked.room()
    assert await presence.is_in_chat(yoga.id, 1002) is True
    assert await presence.is_in_chat(yoga.id, 1009) is False
    asked.person("Alice").leave(yoga)
    assert await presence.is_in_chat(yoga.id, 1002) is False


async def test_what_telegram_cannot_tell_is_not_made_up(asked: Telegram) -> None:
    yoga = asked.room()
    asked.sandbox.fault(method="getChatMember", error_code=500)
    assert await presence.is_in_chat(yoga.id, 1002) is None
    asked.sandbox.fault(method="getChatMember", drop_after_apply=True)
    assert await presence.is_in_chat(yoga.id, 1002) is None
    assert await presence.is_in_chat(-100999, 1002) is None


async def test_the_domain_asks_by_it(asked: Telegram, club: Any) -> None:
    charlie = await register_person(TelegramIdentity(1009, "Charlie"))
    group_presence.set_membership_checker(presence.is_in_chat)
    try:
        assert not await group_presence.is_present(charlie, club.group_id)
    finally:
        group_presence._membership_checker = None
