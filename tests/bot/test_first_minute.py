"""An organiser's first minute with the bot, and commands that are typed in another way (`A6`, `A10`)."""

from typing import Any

import pytest

from backend.accounts.memberships import change_role
from backend.accounts.queries import authorize
from backend.accounts.rules import Permission, Role
from backend.groups.queries import groups
from backend.linking.actions import unlink_group
from sandbox.client import SandboxChat
from tests.telegram import Telegram, buttons

FRESH = {"with_bot": False, "type": "supergroup"}
STEPS = [["New event", "Dashboard ↗"], ["Add me to a group"], ["Open Emerald"]]


async def make_account(telegram: Telegram) -> tuple[SandboxChat, dict[str, Any]]:
    """Pekka adds the bot to his group and makes a club of it: the group, and the bot's message about it."""
    room = telegram.sandbox.make_chat("Padel", people=["Bob"], creator="Pekka", **FRESH)
    await telegram.during(room.bot, "member", by="Pekka")
    where = asked_in(telegram, "Pekka", room)
    offer = telegram.last(where)
    await telegram.tap("Pekka", offer, buttons(offer)[0][0])
    zones = telegram.last(where)
    await telegram.tap("Pekka", zones, buttons(zones)[0][0])
    return room, next(message for message in where.messages() if message["id"] == offer["id"])


def asked_in(telegram: Telegram, name: str, room: SandboxChat) -> SandboxChat:
    """Where the bot asks about the group: in private, if the person has started the bot."""
    private = telegram.person(name).private
    return private if private.messages() else room


async def test_who_makes_a_club_reads_what_comes_next(telegram: Telegram, world: None) -> None:
    """In private, with a button for each step; in the group a button leads there."""
    await telegram.start("Pekka")
    _, linked = await make_account(telegram)
    assert linked["text"].startswith("✅")
    steps = telegram.last(telegram.person("Pekka").private)
    for step in ("Padel", "1.", "2.", "3.", "4.", "/here"):
        assert step in steps["text"]
    assert [len(row) for row in steps["buttons"]] == [2, 1, 1]
    new, dashboard = steps["buttons"][0]
    assert "/app/series/new?club=" in new["web_app"]["url"]
    assert "/dashboard/sign-in?pass=" in dashboard["url"], (
        "their own link: a neighbour's sign-ins keep nobody out (X7)"
    )
    assert any(e.get("url", "") == dashboard["url"] for e in steps["entities"])


async def test_who_has_not_started_the_bot_finds_the_next_steps_by_a_button(
    telegram: Telegram, world: None
) -> None:
    """`M3`"""
    _, linked = await make_account(telegram)
    assert telegram.person("Pekka").private.messages() == []
    button = linked["buttons"][-1][0]
    assert button["url"].endswith("?start=next")
    assert "Padel" in (await telegram.start("Pekka", "next"))["text"]


async def test_the_next_steps_are_for_organisers(telegram: Telegram, alice: Any, account: Any) -> None:
    assert "What comes next" not in (await telegram.start("Alice", "next"))["text"]


async def test_the_welcome_and_the_help_go_by_the_role(
    telegram: Telegram, olga: Any, alice: Any, bob: Any, account: Any
) -> None:
    """`A2`: an organiser finds the dashboard, a helper the door."""
    membership = (await authorize(bob, account.id, Permission.BOOK)).membership_id
    await change_role(olga, account.id, membership, Role.HELPER)
    for name, welcome, helped, rows in (
        ("Olga", "You’re an organiser", "/announce", STEPS),
        ("Alice", "/mybookings", "/mybookings", [["Open Emerald"]]),
        ("Bob", "You help at the door", "You help at the door", [["Open Emerald"]]),
    ):
        started = await telegram.start(name)
        assert welcome in started["text"] and buttons(started) == rows, name
        shown = await telegram.say(name, "/help")
        assert helped in shown["text"] and buttons(shown) == rows, name
        assert ("/announce" in shown["text"]) == (name == "Olga")
    stranger = await telegram.start("Charlie")
    assert buttons(stranger) == [["Open Emerald"], ["Add me to a group"]]
    in_group = await telegram.say("Olga", "/help", telegram.chat())
    assert "/announce" not in in_group["text"]


async def test_an_owner_by_a_key_has_the_buttons_of_the_first_steps(
    telegram: Telegram, charlie: Any, world: None
) -> None:
    from backend.accounts.actions import create_account

    made = await create_account("Sunday Runners")
    bound = await telegram.start("Charlie", made.key)
    assert "You’re an owner of Sunday Runners now." in bound["text"] and buttons(bound) == STEPS


@pytest.mark.parametrize(
    ("typed", "answer"),
    [
        ("/pols", "I don’t know /\u2060pols. Did you mean /polls?"),
        ("/Booking", "I don’t know /\u2060Booking. Did you mean /mybookings, /book?"),
        ("/anounce Hello", "I don’t know /\u2060anounce. /help shows what I can do."),
        ("/qqqq 1 2", "I don’t know /\u2060qqqq. /help shows what I can do."),
        ("/события", "I don’t know /\u2060события. /help shows what I can do."),
    ],
)
async def test_an_unknown_command_is_named_with_the_nearest_ones(
    telegram: Telegram, alice: Any, account: Any, typed: str, answer: str
) -> None:
    """`X10`: what was typed is no command in the answer."""
    await telegram.start("Alice")
    assert (await telegram.say("Alice", typed))["text"] == answer


async def test_an_organiser_is_offered_the_commands_of_organisers(
    telegram: Telegram, olga: Any, account: Any
) -> None:
    await telegram.start("Olga")
    assert "Did you mean /announce?" in (await telegram.say("Olga", "/anounce Hello"))["text"]


async def test_in_a_group_only_a_command_for_this_bot_is_answered(
    telegram: Telegram, alice: Any, account: Any
) -> None:
    """Others may have theirs there."""
    room = telegram.chat()
    for silent in ("/pols", "/pols@another_bot", "/"):
        asked = await telegram.say("Alice", silent, room)
        assert not asked["from"]["is_bot"], silent
    answer = await telegram.say("Alice", "/pols@emerald_test_bot", room)
    assert answer["text"] == "I don’t know /\u2060pols. Did you mean /polls?"


async def test_commands_may_be_typed_in_capitals(telegram: Telegram, alice: Any, instance: Any) -> None:
    await instance()
    await telegram.start("Alice")
    assert "You’re in" in (await telegram.say("Alice", "/BOOK 1"))["text"]
    assert "Evening flow yoga" in (await telegram.say("Alice", "/MyBookings"))["text"]
    assert "Hello, Alice." in (await telegram.say("Alice", "/START"))["text"]


async def forum(telegram: Telegram) -> SandboxChat:
    """A group with topics, made before the bot came, and linked to Olga's club."""
    room = telegram.chat("Sunday Runners")
    await telegram.during(room.bot, "kicked")
    await telegram.during(room.bot, "administrator", ["can_manage_topics"])
    await telegram.tap("Olga", telegram.last(asked_in(telegram, "Olga", room)), "Link")
    return room


async def topics(account: Any) -> list[tuple[int | None, str]]:
    found = [(topic.topic_id, topic.name) for one in await groups(account.id) for topic in one.topics]
    return sorted(found, key=str)


async def test_a_topic_that_existed_before_is_known_from_its_messages(
    telegram: Telegram, olga: Any, account: Any
) -> None:
    """`A6`: Telegram lists a group's topics to no bot; each message names its own."""
    await telegram.start("Olga")
    room = await forum(telegram)
    assert await topics(account) == []
    first, second, *_ = [(t["id"], t["name"]) for t in room.now["topics"] if t["id"] != 1]
    answer = await telegram.say("Olga", "/here", room, thread_id=first[0])
    assert (
        answer["text"].startswith("📍 Cards appear in this topic from now on")
        and answer["thread_id"] == first[0]
    )
    assert await topics(account) == [first]
    await telegram.say("Olga", "/events", room, thread_id=second[0])
    assert await topics(account) == sorted([first, second])
    await telegram.during(room.rename_topic, first[0], "Sauna")
    await telegram.say("Olga", "/here", room, thread_id=first[0])
    assert await topics(account) == sorted([(first[0], "Sauna"), second]), (
        "it does not get its first name again"
    )


async def test_here_without_a_topic_says_what_it_is_for(telegram: Telegram, olga: Any, account: Any) -> None:
    await telegram.start("Olga")
    assert "Cards are posted in this group." in (await telegram.say("Olga", "/here", telegram.chat()))["text"]
    assert "in a topic of your group" in (await telegram.say("Olga", "/here"))["text"]
    await unlink_group(olga, account.id, account.group_id)
    assert (
        "which club does this group belong to?"
        in (await telegram.say("Olga", "/here", telegram.chat()))["text"]
    )
