"""The answer to every command, in each language: dialogues with the bot, as snapshots."""

import re
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion

from backend import clock
from backend.accounts.queries import authorize
from backend.accounts.rules import Permission
from backend.bookings.actions import book, leave
from backend.bookings.standing_seats import make_regular
from backend.i18n import languages
from backend.people.actions import choose_language
from backend.polls.actions import create_poll
from backend.polls.drafts import OptionDraft, PollDraft
from backend.polls.rules import PollKind
from backend.seats.requests import Via
from bot.command_names import COMMANDS, GROUP_COMMANDS
from sandbox.client import SandboxChat
from tests.snapshots import call_text, mask_codes, section
from tests.telegram import Telegram, buttons

# Of the dashboard’s link: signed for the present day.
PASS = re.compile(r"\?pass=[0-9a-f.]+")
Make = Callable[..., Awaitable[str]]
# Calls that nobody in the chat reads: whether the server knows ephemeral messages, and which commands it offers.
UNREAD = ("deleteEphemeralMessage", "getMyCommands", "setMyCommands")
LANGUAGES = pytest.mark.parametrize("language", languages())


class Dialogue:
    """What people send or tap, and every call to Telegram that the bot makes for it."""

    def __init__(self, telegram: Telegram, codes: dict[str, str]) -> None:
        self.telegram = telegram
        self._codes = codes
        self._parts: list[str] = []

    async def say(self, name: str, text: str, chat: SandboxChat | None = None) -> None:
        """Somebody writes to the bot, or to a group."""
        person = self.telegram.person(name)
        await self._record(f"{name}: {text}", person.say, text, chat)

    async def start(self, name: str, payload: str = "") -> None:
        await self._record(f"{name}: /start {payload}".strip(), self.telegram.person(name).start, payload)

    async def tap(self, name: str, data: str, chat: SandboxChat | None = None) -> None:
        """Somebody taps the button with this callback data (or its beginning), the newest one of the chat."""
        person = self.telegram.person(name)
        found = (
            (message, button["text"], row, col)
            for message in reversed((chat or person.private).messages())
            for row, buttons in enumerate(message["buttons"])
            for col, button in enumerate(buttons)
            if button.get("callback_data", "").startswith(data)
        )
        message, label, row, col = next(found, (None, "", 0, 0))
        assert message is not None, f"{name} sees no button with {data}"
        await self._record(f"{name} taps [{label}]", lambda: person.tap(message, row=row, col=col))

    async def _record(self, title: str, act: Callable[..., Any], *arguments: Any) -> None:
        before = self.telegram.sandbox.counters()["last_call"]
        await self.telegram.during(act, *arguments)
        calls = [call for call in self.telegram.sandbox.calls(after=before) if call["method"] not in UNREAD]
        assert calls, f"{title}: the bot did nothing"
        assert not [call["error"] for call in calls if call["error"]], title
        self._parts.append(section(title, "\n\n".join(call_text(call) for call in calls)))

    def code_of(self, name: str) -> str:
        """The code that snapshots show by this name."""
        return next(code for code, known in self._codes.items() if known == name)

    def __str__(self) -> str:
        return mask_codes("".join(self._parts), self._codes)


@pytest.fixture
async def dialogue(
    telegram: Telegram, noon: datetime, olga: Any, alice: Any, bob: Any, account: Any, series: Any
) -> Dialogue:
    """Alice has a seat and a guest in one instance, waits for another, and can vote; Olga organises."""
    yoga = await series(capacity=3)
    run = await series(title="Morning run", emoji="🏃", place="", capacity=1)
    sauna = await series(title="Sauna <b>", emoji="", capacity=None, rule="FREQ=WEEKLY;COUNT=3")
    await book(yoga.first_code, alice, guests=1, via=Via.CARD)
    await book(run.first_code, bob, via=Via.CARD)
    await book(run.first_code, alice, via=Via.CARD)
    membership_id = (await authorize(alice, account.id, Permission.BOOK)).membership_id
    await make_regular(olga, account.id, sauna.series_id, membership_id)
    dishes = (OptionDraft("Stew", None), OptionDraft("Пельмени", 2))
    meal = await create_poll(olga, account.id, PollDraft(question="What do <we> cook?", options=dishes))
    evenings = tuple(OptionDraft("", None, noon + timedelta(days=1 + n, hours=4)) for n in range(3))
    meeting = await create_poll(
        olga, account.id, PollDraft(kind=PollKind.DATES, question="When do we meet?", options=evenings)
    )
    codes = {yoga.first_code: "YOGA", run.first_code: "RUN", sauna.first_code: "SAUNA"}
    return Dialogue(telegram, codes | {meal: "MEAL", meeting: "MEETING"})


@LANGUAGES
async def test_commands_of_a_member(
    dialogue: Dialogue, alice: Any, language: str, snapshot: SnapshotAssertion
) -> None:
    await choose_language(alice, language)
    await dialogue.start("Alice")
    for text in (
        "/help", "/app", "/id", "/events", "/book", "/book 1", "/book 3 +2", "/book 9", "/book x",
        "/mybookings", "/leave", "/leave 1", "/take", "/pass", "/calendar", "/calendar 1", "/regulars",
        "/polls", "/vote", "/vote 1", "/vote 1 1 2? 3-", "/vote 2 1", "/vote 1 7", "/settings",
        "/settings zone Europe/Helsinki", "/settings zone Nowhere", "/announce Hello", "and then?",
    ):  # fmt: skip
        await dialogue.say("Alice", text)
    assert str(dialogue) == snapshot


@LANGUAGES
async def test_buttons_of_a_member(
    dialogue: Dialogue, alice: Any, language: str, snapshot: SnapshotAssertion
) -> None:
    await choose_language(alice, language)
    await dialogue.start("Alice")
    await dialogue.say("Alice", "/events")
    for data in ("e:", "s:more", "s:leave", "s:maybe", "s:cant", "s:join"):
        await dialogue.tap("Alice", data)
    await dialogue.say("Alice", "/regulars")
    for data in ("rs:", "s:cant", "rs:", "rx:"):
        await dialogue.tap("Alice", data)
    await dialogue.say("Alice", "/vote 1")
    for _ in range(4):
        await dialogue.tap("Alice", "v:")
    await dialogue.say("Alice", "/vote 2")
    await dialogue.tap("Alice", "v:")
    await dialogue.say("Alice", "/settings")
    for data in (
        "o:kind:nudges", "o:page:leads", "o:lead:120", "o:lead:none", "o:lead:", "o:page:",
        "o:page:zones", "o:zone:", "o:page:languages", "o:page:",
    ):  # fmt: skip
        await dialogue.tap("Alice", data)
    assert str(dialogue) == snapshot


@LANGUAGES
async def test_an_offer(
    dialogue: Dialogue, alice: Any, bob: Any, language: str, snapshot: SnapshotAssertion
) -> None:
    """`W3`: 70 hours later, six before the start, Bob leaves and his seat is held for Alice."""
    await choose_language(alice, language)
    await dialogue.start("Alice")
    clock.advance(timedelta(hours=70))
    await leave(dialogue.code_of("RUN"), bob, via=Via.CARD)
    for text in ("/take", "/pass", "/mybookings", "/pass 1", "/take", "/take 1"):
        await dialogue.say("Alice", text)
    assert str(dialogue) == snapshot


@LANGUAGES
async def test_an_organiser(
    dialogue: Dialogue, olga: Any, language: str, snapshot: SnapshotAssertion
) -> None:
    await choose_language(olga, language)
    await dialogue.start("Olga")
    await dialogue.start("Olga", "next")
    for text in ("/help", "/here", "/event", "/qqqq", "/announce", "/announce The door code is <b>1234</b>."):
        await dialogue.say("Olga", text)
    for data in ("a:groups", "a:members", "a:members", "a:send", "a:stop"):
        await dialogue.tap("Olga", data)
    await dialogue.say("Olga", "/announce Never mind.")
    await dialogue.tap("Olga", "a:cancel")
    await dialogue.say("Olga", "/vote 1")
    for data in ("pr:remind", "pr:close", "pr:back", "pr:make"):
        await dialogue.tap("Olga", data)
    await dialogue.say("Olga", "/vote 1 2")
    await dialogue.say("Olga", "/vote 1")
    for data in ("pr:make", "pm:"):
        await dialogue.tap("Olga", data)
    await dialogue.say("Olga", "/vote 1")
    for data in ("pr:close", "pr:now"):
        await dialogue.tap("Olga", data)
    assert PASS.sub("?pass=…", str(dialogue)) == snapshot


@LANGUAGES
async def test_a_stranger(
    dialogue: Dialogue, charlie: Any, language: str, snapshot: SnapshotAssertion
) -> None:
    await choose_language(charlie, language)
    await dialogue.start("Charlie")
    await dialogue.start("Charlie", "e_" + dialogue.code_of("YOGA"))
    await dialogue.start("Charlie", "e_nosuchcode")
    await dialogue.start("Charlie", "in_nosuchkey")
    await dialogue.start("Charlie", "sk_" + "0" * 48)
    for text in ("/events", "/mybookings", "/polls", "/regulars", "/id"):
        await dialogue.say("Charlie", text)
    assert str(dialogue) == snapshot


@LANGUAGES
async def test_commands_in_a_group(
    dialogue: Dialogue, alice: Any, language: str, snapshot: SnapshotAssertion
) -> None:
    await choose_language(alice, language)
    group = dialogue.telegram.chat()
    await dialogue.start("Alice")  # so that the bot may write to her
    for command in COMMANDS:
        await dialogue.say("Alice", f"/{command}", group)
    for text in ("/book 3", "/leave 1", "/vote 1", "/vote 1 1"):
        await dialogue.say("Alice", text, group)
    assert set(GROUP_COMMANDS) <= set(COMMANDS)
    assert str(dialogue) == snapshot


async def test_a_list_in_a_group_is_the_same_whoever_asks(
    telegram: Telegram, people: Any, account: Any, instance: Any, olga: Any
) -> None:
    """`M7`: nothing of the asker's own state, and not their language: the club's."""
    one, full = await instance(), await instance(capacity=1)
    await book(one, people["alice"], via=Via.CARD)
    await book(full, people["bob"], via=Via.CARD)
    await book(full, people["alice"], via=Via.CARD)
    await telegram.start("Olga")
    said: dict[str, set[str]] = {}
    for name in ("Olga", "Alice", "Bob", "Aino"):
        for command in ("/events", "/book", "/polls", "/vote", "/leave", "/take", "/mybookings"):
            reply = await telegram.say(name, command, telegram.chat())
            said.setdefault(command, set()).add(f"{reply['text']} {buttons(reply)}")
    for command in ("/events", "/book", "/polls", "/vote"):
        assert len(said[command]) == 1, said[command]
    [events] = said["/events"]
    assert "you’re" not in events and "full" in events
