"""/key and /invite: ways into a club, shown in the private chat alone (`A3`)."""

import re
from datetime import datetime, timedelta
from typing import Any

import pytest

from backend import clock, db
from backend.accounts.memberships import change_role
from backend.accounts.rules import Role
from tests.telegram import Telegram, buttons

KEY = re.compile(r"sk_[0-9a-f]{48}")


@pytest.fixture(autouse=True)
async def started(telegram: Telegram, olga: Any, noon: datetime) -> None:
    await telegram.start("Olga")


def shown_to_olga(telegram: Telegram) -> dict[str, Any]:
    return telegram.last(telegram.person("Olga").private)


async def keys() -> list[Any]:
    return [
        dict(row) for row in await db.rows("SELECT role, uses_left, expires_at FROM api_keys ORDER BY id")
    ][1:]


async def test_a_key_for_a_helper(telegram: Telegram, charlie: Any) -> None:
    asked = await telegram.say("Olga", "/key")
    assert asked["text"].startswith("What will they be in Kallio Yoga?")
    assert buttons(asked) == [["A member"], ["A helper"], ["An organiser"], ["An owner"], ["Stop"]]
    await telegram.tap("Olga", asked, "A helper")
    older = shown_to_olga(telegram)
    await telegram.tap("Olga", await telegram.say("Olga", "/key"), "A helper")
    question = shown_to_olga(telegram)
    assert question["text"].startswith("Make a key for a helper of Kallio Yoga?")
    changed = await telegram.tap("Olga", older, "Make it")
    assert changed["text"] == "Something has changed since. Look again." and not await keys()
    assert (await telegram.tap("Olga", question, "Make it"))["text"] == "Here it is."
    [key] = KEY.findall(shown_to_olga(telegram)["text"].partition("Or the key")[2])
    assert [(each["role"], each["uses_left"]) for each in await keys()] == [("HELPER", 1)]
    assert "a helper of Kallio Yoga now" in (await telegram.start("Charlie", key))["text"]
    again = await telegram.tap("Olga", older, "Make it")
    assert again["text"].startswith("This is done or was stopped") and len(await keys()) == 1


async def test_an_invite_for_ten(telegram: Telegram, charlie: Any) -> None:
    asked = await telegram.say("Olga", "/invite")
    assert buttons(asked) == [["1 person"], ["10 people"], ["50 people"], ["1000 people"], ["Stop"]]
    await telegram.tap("Olga", asked, "10 people")
    question = shown_to_olga(telegram)["text"]
    assert question.startswith("Make a link that makes 10 people members of Kallio Yoga?")
    assert "It works until Wed 23 Dec" in question
    await telegram.tap("Olga", shown_to_olga(telegram), "Make it")
    [key] = KEY.findall(shown_to_olga(telegram)["text"])
    [made] = await keys()
    assert (made["role"], made["uses_left"]) == ("MEMBER", 10)
    assert made["expires_at"] == clock.now() + timedelta(days=30)
    await telegram.start("Charlie", key)
    assert "Kallio Yoga" in (await telegram.say("Charlie", "/myclubs"))["text"]


@pytest.mark.parametrize("command", ["key", "invite"])
async def test_a_key_never_stands_in_a_group(telegram: Telegram, command: str) -> None:
    reply = await telegram.say("Olga", f"/{command}", telegram.chat())
    assert reply["buttons"][0][0]["url"].endswith(f"?start={command}")
    assert "Kallio Yoga" in (await telegram.start("Olga", command))["text"]
    assert not [each for each in telegram.chat().messages() if KEY.search(str(each))]


async def test_no_key_waits_in_a_table(telegram: Telegram) -> None:
    """When Telegram does not take it, it is gone, and another can be made."""
    await telegram.tap("Olga", await telegram.say("Olga", "/key"), "A member")
    question = shown_to_olga(telegram)
    telegram.sandbox.fault(method="sendMessage", error_code=429, retry_after=5)
    answer = await telegram.tap("Olga", question, "Make it")
    assert answer["text"] == "I couldn’t show it. Make another."
    held = await db.value("SELECT count(*) FROM held_replies")
    assert held == 0


async def test_only_owners_make_owners(telegram: Telegram, account: Any, olga: Any, alice: Any) -> None:
    """`A2`: not by a button of one who was an owner either."""
    membership_id = await db.value("SELECT id FROM memberships WHERE user_id = $1", alice.id)
    await change_role(olga, account.id, membership_id, Role.OWNER)
    await telegram.tap("Alice", await telegram.say("Alice", "/key"), "An owner")
    question = telegram.last(telegram.person("Alice").private)
    await change_role(olga, account.id, membership_id, Role.ADMIN)
    answer = await telegram.tap("Alice", question, "Make it")
    assert answer["text"] == "Only an owner can add or remove owners." and not await keys()
    assert ["An owner"] not in buttons(await telegram.say("Alice", "/key"))


@pytest.mark.parametrize("command", ["/key", "/invite"])
async def test_members_and_strangers_make_none(telegram: Telegram, alice: Any, command: str) -> None:
    for name in ("Alice", "Charlie"):
        assert (await telegram.say(name, command))["text"] == "Only organisers can do this."
