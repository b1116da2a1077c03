"""/create: step by step, and in one line."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from backend import clock
from backend.conversations.actions import follow_up_conversations
from backend.events.queries import all_series
from backend.outbox.replies import claim_replies
from backend.series_defaults.actions import edit_series_defaults
from bot.event_drafts import JOINER
from tests.conftest import are_in_group
from tests.series_defaults.test_series_defaults import OURS, ours_of
from tests.telegram import Telegram, buttons

LINE = '/create title="Yoga" rrule="FREQ=WEEKLY;BYDAY=SU" date="27/12/2026 18:00" limit="10"'


class Talk:
    """A conversation in the private chat: what somebody writes or taps, and what stands there then."""

    def __init__(self, telegram: Telegram, name: str) -> None:
        self.telegram, self.name = telegram, name
        self.room = telegram.person(name).private

    async def say(self, text: str) -> str:
        return str((await self.telegram.say(self.name, text))["text"]).replace(JOINER, "")

    async def tap(self, label: str) -> str:
        """Tap under the newest message; what that says then."""
        self.answer = (await self.telegram.tap(self.name, self.shown, label))["text"]
        return str(self.shown["text"])

    @property
    def shown(self) -> Any:
        return self.telegram.last(self.room)

    @property
    def labels(self) -> list[str]:
        return [label for row in buttons(self.shown) for label in row]


@pytest.fixture
async def talk(telegram: Telegram, olga: Any, account: Any, noon: datetime) -> Talk:
    """It is Monday 23 November 2026."""
    await telegram.start("Olga")
    return Talk(telegram, "Olga")


async def to_the_summary(talk: Talk) -> str:
    await talk.say("/create")
    await talk.say("Evening <b> yoga")
    await talk.tap("Every week")
    await talk.tap("Tue 24 Nov")
    await talk.tap("18:00")
    await talk.tap("Kallio Yoga")
    return await talk.tap("12")


async def test_step_by_step(talk: Talk, olga: Any, account: Any) -> None:
    assert (await talk.say("/create")).startswith("What is the event called?")
    assert await talk.say("Evening <b> yoga") == "Evening <b> yoga: how often?"
    assert talk.labels == [
        *("Once", "Every week", "Every 2 weeks", "Every month", "Monthly, like 2nd Tuesday", "Stop")
    ]
    assert (await talk.tap("Every week")).startswith("On which day is it first?")
    assert (await talk.say("tuesday")).startswith("At what time does it begin?")
    assert (await talk.say("18.30")).startswith("Where do its cards go?")
    assert talk.labels[0] == "Kallio Yoga"
    assert (await talk.tap("Kallio Yoga")).startswith("How many seats are there?")
    summary = await talk.say("12")
    assert summary.splitlines()[0] == "New event: Evening <b> yoga"
    assert "12 seats · Kallio Yoga" in summary and "The first dates" in summary
    assert [line for line in summary.splitlines() if line.startswith("Tue ")] == [
        *(
            "Tue 24 Nov, 18:30",
            "Tue 1 Dec, 18:30",
            "Tue 8 Dec, 18:30",
            "Tue 15 Dec, 18:30",
            "Tue 22 Dec, 18:30",
        ),
    ]
    assert await all_series(account.id) == []
    assert (await talk.tap("Create it")).startswith("Created: Evening <b> yoga")
    assert talk.answer == "Created."
    [made] = await all_series(account.id)
    assert (made.draft.title, made.draft.capacity, made.draft.rule) == (
        "Evening <b> yoga",
        12,
        "RRULE:FREQ=WEEKLY",
    )
    assert made.draft.group_id == account.group_id


@pytest.mark.parametrize(
    ("day", "rule", "second"),
    [
        ("8.12.2026", "RRULE:FREQ=MONTHLY;BYDAY=2TU", "Tue 12 Jan 2027"),
        ("31.12.2026", "RRULE:FREQ=MONTHLY;BYDAY=-1TH", "Thu 28 Jan 2027"),
    ],
)
async def test_monthly_on_a_weekday(talk: Talk, account: Any, day: str, rule: str, second: str) -> None:
    for text in ("/create", "Padel"):
        await talk.say(text)
    await talk.tap("Monthly, like 2nd Tuesday")
    await talk.say(day)
    await talk.tap("18:00")
    await talk.tap("No group")
    summary = await talk.tap("No limit")
    assert second in summary
    await talk.tap("Create it")
    [made] = await all_series(account.id)
    assert made.draft.rule == rule


async def test_edit_goes_back_to_one_step(talk: Talk, account: Any) -> None:
    await to_the_summary(talk)
    assert await talk.tap("Edit") == "What do you want to change?"
    assert (await talk.tap("Time")).startswith("At what time does it begin?")
    assert "Tue 24 Nov, 20:00" in await talk.tap("20:00")
    await talk.tap("Create it")
    [made] = await all_series(account.id)
    assert made.draft.starts_local == datetime(2026, 11, 24, 20)


async def test_what_is_typed_and_is_no_answer(talk: Talk) -> None:
    await talk.say("/create")
    assert "At most" in await talk.say("x" * 300) and "called?" in talk.shown["text"]
    await talk.say("Padel")
    assert (await talk.say("often")).startswith("Tap one of the buttons, please.")
    await talk.tap("Once")
    assert (await talk.say("someday")).startswith("Which day?")
    assert (await talk.say("31.2.")).startswith("There is no such day.")
    assert (await talk.say("1.11.2026")).startswith("That day is over. Choose one in the future.")
    assert (await talk.say("1.11.2099")).startswith(
        "This is too far ahead. The first date can be at most 10 years"
    )
    await talk.say("5 december")
    assert (await talk.say("25:00")).startswith("At what time?")
    await talk.say("9")
    await talk.tap("No group")
    assert (await talk.say("many")).startswith("How many seats?")
    assert "No limit of seats" in await talk.tap("No limit")


async def test_two_taps_make_one_event(talk: Talk, account: Any) -> None:
    """What is confirmed is what stands there: an older summary makes nothing."""
    await to_the_summary(talk)
    old = talk.shown
    await talk.say("/create")
    await talk.say("Sauna")
    answer = await talk.telegram.tap("Olga", old, "Create it")
    assert answer["text"] == "Something has changed since. Look again."
    assert await all_series(account.id) == []
    await talk.say("/cancel")
    await to_the_summary(talk)
    confirmed = talk.shown
    await talk.tap("Create it")
    assert len(await all_series(account.id)) == 1
    assert confirmed["id"] == talk.shown["id"]


async def test_stop_and_cancel(talk: Talk, account: Any) -> None:
    await to_the_summary(talk)
    assert await talk.tap("Stop") == "Stopped. Nothing was saved."
    await talk.say("/create")
    assert await talk.say("/cancel") == "Stopped. Nothing was saved."
    assert "Commands" in await talk.say("Padel")
    assert await all_series(account.id) == []


async def test_only_organisers_create(telegram: Telegram, alice: Any) -> None:
    assert (await telegram.say("Alice", "/create"))["text"] == "Only organisers can do this."
    assert (await telegram.say("Alice", LINE))["text"] == "Only organisers can do this."


async def test_who_does_not_answer_is_reminded_once(talk: Talk) -> None:
    """`M8`"""
    await talk.say("/create")
    clock.advance(timedelta(minutes=4))
    assert await follow_up_conversations() == 0
    clock.advance(timedelta(minutes=2))
    assert (await follow_up_conversations(), await follow_up_conversations()) == (1, 0)
    [reminder] = await claim_replies(10, [])
    assert reminder.chat_id == talk.room.id and "isn’t finished" in str(reminder.payload["text"])
    clock.advance(timedelta(minutes=20))
    assert (await talk.say("Padel")).endswith("how often?")
    clock.advance(timedelta(minutes=31))
    assert await follow_up_conversations() == 1
    assert "Commands" in await talk.say("Sauna")


async def test_in_one_line(talk: Talk, account: Any) -> None:
    reply = await talk.say(LINE)
    assert reply.splitlines()[0] == "Created: Yoga" and "Sun 27 Dec, 18:00" in reply
    [made] = await all_series(account.id)
    assert (made.draft.capacity, made.draft.group_id) == (10, None)
    await talk.say(LINE.replace('"', "”"))
    assert len(await all_series(account.id)) == 2, "quotes as phones write them"


async def test_in_one_line_in_a_group(talk: Talk, account: Any, olga: Any) -> None:
    """Its cards go where it was written."""
    await are_in_group(account.group_id, olga)
    reply = await talk.telegram.say("Olga", LINE, talk.telegram.chat())
    assert reply["text"].startswith("Created: Yoga")
    [made] = await all_series(account.id)
    assert made.draft.group_id == account.group_id


@pytest.mark.parametrize(
    ("line", "faults"),
    [
        ('title="Yoga"', ["date= This is missing."]),
        ("date=25/01/2027", ["date= Write it like 25/01/2026 18:00.", "title= This is missing."]),
        ('title="Yoga" date="31/02/2027 18:00"', ["date= There is no such day."]),
        ('title="Yoga" date="25/01/2027 25:00"', ["date= At what time? Send it like 18:00."]),
        ('title="Yoga" date="25/01/2027 18:00" limit="many"', ["limit= A number, please."]),
        ('title="Yoga" date="25/01/2027 18:00" limit=0', ["limit= Between 1 and 100000, please."]),
        ('title="Yoga" date="25/01/2027 18:00" rrule=FREQ=OFTEN', ["rrule= "]),
        ('title="Yoga" date="25/01/2027 18:00" colour=red', ["colour= I know these: title=, date=,"]),
        (
            'Yoga date="25/01/2027 18:00"',
            ["Yoga= Write what it is in front of it", "title= This is missing."],
        ),
    ],
)
async def test_errors_name_the_flag(talk: Talk, account: Any, line: str, faults: list[str]) -> None:
    said = (await talk.say(f"/create {line}")).splitlines()
    assert len(said) == len(faults)
    for fault in faults:
        assert any(each.startswith(fault) for each in said), said
    assert await all_series(account.id) == []


async def test_what_is_not_said_is_as_the_club_has_set_it(talk: Talk, account: Any, olga: Any) -> None:
    """S12: what is not asked for, and what a line leaves out."""
    await edit_series_defaults(olga, account.id, OURS)
    await talk.say('/create title="Flow" date="27/12/2026 18:00" minutes="45"')
    [made] = await all_series(account.id)
    assert ours_of(made.draft) == ours_of(replace(OURS, duration_minutes=45))
    await to_the_summary(talk)
    await talk.tap("Create it")
    told = next(one for one in await all_series(account.id) if one.id != made.id)
    assert ours_of(told.draft) == ours_of(replace(OURS, capacity=12))
