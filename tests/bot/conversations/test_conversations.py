"""Conversations with the bot as chat logs, in `snapshots/`: each command in private and in groups, by an organiser, a member
and a stranger, and the longer stories step by step."""

import re
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion

from backend import clock
from backend.bookings.actions import book
from backend.linking.actions import link_group
from backend.polls.actions import create_poll
from backend.polls.drafts import OptionDraft, PollDraft
from backend.seats.requests import Via
from bot.bot_setup import set_up_bot
from bot.command_names import COMMANDS, ORGANISER_COMMANDS
from bot.delivery import ephemeral
from tests.bot.conversations.chat_log import ChatLog
from tests.conftest import are_in_group
from tests.telegram import Telegram

Make = Callable[..., Awaitable[Any]]

ALL = ("start", *COMMANDS, *ORGANISER_COMMANDS)
# Each says something that is clear, or nearly so.
SAID = (
    "/events yoga", "/event yoga", "/book run", "/book sauna +Ben", "/book swimming", "/guests sauna +2", "/maybe sauna",
    "/leave yoga", "/calendar sauna", "/vote stew", "/vote pizza", "/queue", "/take 9", "hello", "/unknown",
)  # fmt: skip
ORGANISING = (
    "/list", "/people yoga", "/people swimming", "/seat yoga", "/remove yoga", "/add yoga @nobody_here", "/add yoga +Marja",
    "/close yoga", "/reopen 1", "/poll Tea? Yes / No", "/announce Bring a mat.", "/create title=Yoga",
    '/create title="Padel" date="25/01/2027 18:00" limit=4',
)  # fmt: skip


@pytest.fixture
async def log(
    telegram: Telegram, noon: datetime, olga: Any, alice: Any, bob: Any, account: Any, series: Make
) -> ChatLog:
    """It is Monday noon. Alice comes to Thursday's yoga with a guest, where Bob waits; Bob has the only place of a run. A
    poll is open. Sunday Runners, a group with topics, is linked too."""
    yoga = await series(title="Evening yoga", capacity=3, place="")
    run = await series(title="Morning run", emoji="🏃", place="", capacity=1, guests_max=0)
    await series(title="Sauna", emoji="", place="", capacity=None, rule="FREQ=WEEKLY;COUNT=3")
    await book(yoga.first_code, alice, guests=1, names=["Anna"], via=Via.CARD)
    await book(yoga.first_code, bob, guests=1, via=Via.CARD)
    await book(run.first_code, bob, via=Via.CARD)
    options = (OptionDraft("Stew"), OptionDraft("Soup"))
    await create_poll(
        olga, account.id, PollDraft(question="What do we cook?", options=options, group_id=account.group_id)
    )
    runners = await link_group(olga, account.id, chat_id=-1001000000002, title="Sunday Runners", forum=True)
    await are_in_group(account.group_id, olga)
    await are_in_group(runners.id, olga, alice, bob)
    ephemeral.forget()
    made = ChatLog(telegram)
    for name in ("Olga", "Alice", "Bob"):
        await telegram.start(name)
    made.new_calls()
    return made


@pytest.fixture
def later(noon: datetime) -> timedelta:
    """After this long Thursday's dates are over."""
    return timedelta(days=4)


@pytest.mark.parametrize("place", ["private", "group", "topic"])
@pytest.mark.parametrize("name", ["Olga", "Alice", "Charlie"])
async def test_every_command(log: ChatLog, name: str, place: str, snapshot: SnapshotAssertion) -> None:
    """Olga organises, Alice is a member, Charlie a stranger who came into the group. (A topic: Olga and Alice only.)"""
    if place == "topic" and name == "Charlie":
        pytest.skip("no stranger is in that group")
    chat = {"private": None, "group": log.telegram.chat(), "topic": log.telegram.chat("Sunday Runners")}[
        place
    ]
    topic = 2 if place == "topic" else None
    if chat is not None and name == "Charlie":
        await log.happens("Charlie joins Kallio Yoga", log.telegram.person("Charlie").join, chat)
    for command in ALL:
        await log.say(name, f"/{command}", chat, topic)
    assert str(log) == snapshot


@pytest.mark.parametrize("name", ["Olga", "Alice", "Charlie"])
async def test_what_one_says(log: ChatLog, name: str, snapshot: SnapshotAssertion) -> None:
    """Clear words, unclear ones, and organisers' commands by everybody, in private."""
    for text in (*SAID, *ORGANISING):
        await log.say(name, text)
    assert str(log) == snapshot


@pytest.mark.parametrize("name", ["Olga", "Alice"])
async def test_what_one_says_in_a_group(log: ChatLog, name: str, snapshot: SnapshotAssertion) -> None:
    for text in (*SAID, *ORGANISING):
        await log.say(name, text, log.telegram.chat())
    assert str(log) == snapshot


async def test_a_member_books_and_leaves(log: ChatLog, snapshot: SnapshotAssertion) -> None:
    log.heading("booking by words, then by a button")
    await log.say("Alice", "/book sauna +1")
    await log.say("Alice", "/book run")
    log.heading("which one is meant is asked back")
    await log.say("Alice", "/leave")
    await log.say("Alice", "/leave 1")
    await log.say("Bob", "/take yoga")
    log.heading("in the group everybody reads who comes, and nothing personal")
    await log.say("Bob", "/book sauna", log.telegram.chat())
    await log.say("Bob", "/book sauna", log.telegram.chat("Sunday Runners"), topic=2)
    await log.say("Bob", "/book yoga", log.telegram.chat())
    assert str(log) == snapshot


async def test_an_organiser_makes_an_event(log: ChatLog, snapshot: SnapshotAssertion) -> None:
    await log.say("Olga", "/create")
    for text in ("Padel", "often"):
        await log.say("Olga", text)
    await log.tap("Olga", "Every week")
    for text in ("someday", "tuesday", "25:00", "18:00"):
        await log.say("Olga", text)
    await log.tap("Olga", "Kallio Yoga")
    await log.say("Olga", "many")
    await log.tap("Olga", "4", "Edit", "Repetition", "Monthly, like 2nd Tuesday", "Create it")
    assert str(log) == snapshot


async def test_an_organiser_makes_a_poll(log: ChatLog, snapshot: SnapshotAssertion) -> None:
    await log.say("Olga", "/poll")
    for text in ("Cake?", "Chocolate", "Chocolate\nLemon"):
        await log.say("Olga", text)
    await log.tap("Olga", "Kallio Yoga", "Several answers", "Create it")
    await log.say("Olga", "/poll")
    await log.say("Olga", "/cancel")
    await log.say("Olga", "/poll Tea or coffee? Tea / Coffee", log.telegram.chat())
    assert str(log) == snapshot


async def test_an_organiser_looks_after_a_date(log: ChatLog, snapshot: SnapshotAssertion) -> None:
    log.heading("who comes, a seat, somebody new, somebody less")
    await log.say("Olga", "/people yoga")
    await log.say("Olga", "/seat yoga")
    await log.tap("Olga", "1", "Seat them over the limit")
    await log.say("Olga", "/add sauna +Marja +1")
    await log.tap("Olga", "Give a seat")
    await log.say("Olga", "/remove yoga")
    await log.tap("Olga", "1", "Remove from the list")
    log.heading("moved, cancelled, restored")
    await log.say("Olga", "/list")
    await log.tap("Olga", "1", "Move")
    await log.say("Olga", "soon")
    await log.say("Olga", "friday 19:00")
    await log.tap("Olga", "Move it", "Cancel this date")
    await log.say("Olga", "The pipes burst.")
    await log.tap("Olga", "Cancel this date", "It takes place after all")
    assert str(log) == snapshot


async def test_an_organiser_changes_a_series(log: ChatLog, snapshot: SnapshotAssertion) -> None:
    log.heading("the place of one date")
    await log.say("Olga", "/list")
    await log.tap("Olga", "3", "Place")
    await log.say("Olga", "Pool side")
    await log.tap("Olga", "Save")
    log.heading("another hour for all, which is looked at for one first")
    await log.tap("Olga", "Move", "+1 h", "The whole series", "Move it")
    log.heading("another name for those that follow, and then not")
    await log.tap("Olga", "Back", "4", "Name")
    await log.say("Olga", "Steam")
    await log.tap("Olga", "This date and all that follow")
    await log.say("Olga", "/cancel")
    await log.tap("Olga", "Save")
    assert str(log) == snapshot


async def test_ones_own_lists_in_groups(log: ChatLog, snapshot: SnapshotAssertion) -> None:
    """M7: nobody else sees the command either."""
    await set_up_bot(log.telegram.bot, webhook=False)
    for title, topic in (("Kallio Yoga", None), ("Sunday Runners", 2)):
        room = log.telegram.chat(title)
        await log.say("Alice", "/mybookings", room, topic=topic)
        await log.say("Bob", "/queue", room, topic=topic)
        await log.say("Bob", "/help", room, topic=topic)
    assert str(log) == snapshot


async def test_where_cards_appear(log: ChatLog, snapshot: SnapshotAssertion) -> None:
    room = log.telegram.chat("Sunday Runners")
    await log.say("Alice", "/here", room, topic=3)
    await log.say("Olga", "/here", room, topic=2)
    await log.say("Olga", "/groups")
    await log.tap("Olga", "Topics of Sunday Runners", "General topic")
    await log.say("Olga", "/here", room, topic=2)
    await log.say("Olga", "/here", room)
    assert str(log) == snapshot


async def test_an_organiser_closes_a_list(
    log: ChatLog, later: timedelta, snapshot: SnapshotAssertion
) -> None:
    await log.say("Olga", "/close")
    clock.advance(later)
    await log.say("Olga", "/close")
    await log.say("Olga", "/close yoga")
    await log.tap("Olga", "Close the list")
    await log.say("Olga", "/reopen 1")
    await log.tap("Olga", "Open it again")
    assert str(log) == snapshot


async def test_ways_into_the_club(log: ChatLog, snapshot: SnapshotAssertion) -> None:
    """`A3`: a key stands in the private chat only; one that is written in a group is refused."""
    await log.say("Olga", "/invite", log.telegram.chat())
    await log.say("Olga", "/invite")
    await log.tap("Olga", "10 people", "Make it")
    private = log.telegram.last(log.telegram.person("Olga").private)["text"]
    [key] = re.findall(r"sk_[0-9a-f]{48}", private)
    await log.start("Charlie", key)
    await log.say("Charlie", "/events")
    await log.say("Olga", key, log.telegram.chat())
    text = str(log).replace(key, "sk_…")
    assert text == snapshot


async def test_groups_and_what_was_done(log: ChatLog, account: Any, snapshot: SnapshotAssertion) -> None:
    await log.say("Olga", "/groups")
    await log.happens("the bot may not write in Kallio Yoga any more", log.telegram.chat().bot, "muted")
    await log.say("Olga", "/groups")
    await log.happens("it may again", log.telegram.chat().bot, "administrator")
    await log.say("Olga", "/audit")
    await log.say("Olga", "/announce The door code is 1234.")
    await log.tap("Olga", "Cancel")
    assert str(log) == snapshot
