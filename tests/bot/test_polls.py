"""Polls in the bot: votes by tap and by /vote, numbered options, actions of organisers (`P1`–`P5`)."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from backend import clock, db
from backend.bookings.queries.event import event
from backend.polls.actions import create_poll
from backend.polls.closing import close_poll
from backend.polls.drafts import OptionDraft, PollDraft
from backend.polls.event_creation import EventDetails
from backend.polls.queries import poll, poll_for_card
from bot.cards import render_card, render_poll_card
from tests.telegram import Telegram, buttons

Made = Callable[..., Any]


@pytest.fixture
def dates(olga: Any, account: Any, noon: datetime) -> Made:
    """Ask about the evenings from 24 November on, 18:00 in Helsinki: `code = await dates(3)`."""

    async def ask(n: int = 3, *, most: int | None = None, **fields: Any) -> str:
        evenings = (noon + timedelta(days=1 + i, hours=4) for i in range(n))
        options = tuple(OptionDraft("", most, at) for at in evenings)
        fields = {"question": "When do we meet?", **fields}
        return await create_poll(olga, account.id, PollDraft(kind="dates", options=options, **fields))

    return ask


def private(telegram: Telegram, name: str) -> dict[str, Any]:
    return telegram.last(telegram.person(name).private)


async def test_taps_on_a_date_cycle_through_the_answers(telegram: Telegram, alice: Any, dates: Made) -> None:
    """P1, P3: yes, if need be, no, none; each tap is answered with the new state, and the message is
    edited."""
    await dates()
    shown = await telegram.say("Alice", "/vote 1")
    assert "1. Tue 24 Nov, 18:00 · ▱▱▱▱▱▱▱▱ 0 yes\n2. Wed 25 Nov, 18:00" in shown["text"]
    assert "yes, if need be, or no to each" in shown["text"]
    assert buttons(shown)[0] == ["Tue 24 Nov, 18:00 · 0"]
    for label, reply, line in (
        ("✓ Tue 24 Nov, 18:00 · 1", "yes. Tap again for “if need be”.", "▰▰▰▰▰▰▰▰ 1 yes\n"),
        ("? Tue 24 Nov, 18:00 · 0", "if need be. Tap again for no.", "0 yes, 1 if need be\n"),
        ("– Tue 24 Nov, 18:00 · 0", "no. Tap again to take it back.", "0 yes, 1 no\n"),
        ("Tue 24 Nov, 18:00 · 0", "your answer is taken back.", "0 yes\n"),
    ):
        answer = await telegram.tap("Alice", shown, buttons(shown)[0][0])
        assert answer["text"] == f"tomorrow at 18:00: {reply}" and not answer["show_alert"]
        shown = private(telegram, "Alice")
        assert buttons(shown)[0] == [label] and line in shown["text"]


async def test_voting_about_dates_by_command(telegram: Telegram, alice: Any, bob: Any, dates: Made) -> None:
    """P3: `/vote 1 2 3? 4-`, in private and, for an open poll, in the group; it replaces the whole answer."""
    code = await dates(4)
    reply = await telegram.say("Alice", "/vote 1 2 3? 4-")
    assert reply["text"] == "You’ve answered for 3 dates. You can change it until the poll closes."
    view = await poll(code, alice)
    assert [str(o.answer or "") for o in view.options] == ["", "yes", "if-need-be", "no"]
    await telegram.say("Bob", f"/vote {code} 2, 3, 4–", telegram.chat())
    view = await poll(code, bob)
    assert [(o.votes, o.if_need_be, o.against) for o in view.options] == [
        (0, 0, 0),
        (2, 0, 0),
        (1, 1, 0),
        (0, 0, 2),
    ]
    await telegram.say("Alice", "/vote 1 1")
    view = await poll(code, alice)
    assert [str(o.answer or "") for o in view.options] == ["yes", "", "", ""]
    for wrong, why in (
        ("/vote 1 9?", "This poll has no option with that number."),
        ("/vote 1 2!", "Send a number from the list, or a code."),
        ("/vote 1? 2", "Send a number from the list, or a code."),
        ("/vote 1 ?", "Send a number from the list, or a code."),
    ):
        assert (await telegram.say("Alice", wrong))["text"] == why


async def test_only_dates_take_question_marks(
    telegram: Telegram, olga: Any, account: Any, alice: Any
) -> None:
    """P1."""
    draft = PollDraft(question="Tea?", options=(OptionDraft("Chai"), OptionDraft("Sencha")))
    await create_poll(olga, account.id, draft)
    reply = await telegram.say("Alice", "/vote 1 2?")
    assert reply["text"] == "“If need be” and “no” only work in date polls. Here, just choose an option."


async def test_help_explains_how_to_vote_on_dates(telegram: Telegram) -> None:
    assert "/vote 1 2 3? 4-" in (await telegram.say("Alice", "/help"))["text"]


async def test_a_date_is_shown_in_the_readers_zone_too(telegram: Telegram, alice: Any, dates: Made) -> None:
    """S3: the club's time, and in brackets the reader's; in private only."""
    code = await dates()
    await db.execute("UPDATE telegram_users SET zone = 'Asia/Tokyo' WHERE id = $1", alice.id)
    shown = await telegram.say("Alice", f"/vote {code}")
    assert "1. Tue 24 Nov, 18:00 (Wed 25 Nov, 01:00) · " in shown["text"]
    assert "Times are in Helsinki; your local time is in brackets." in shown["text"]
    await db.execute("UPDATE telegram_users SET zone = 'Europe/London' WHERE id = $1", alice.id)
    assert "18:00 (16:00) · " in (await telegram.say("Alice", f"/vote {code}"))["text"]
    card = await poll_for_card((await poll(code, alice)).id)
    assert card is not None
    assert "(16:00)" not in render_poll_card(card, alice.voice, private=False).text


@pytest.mark.parametrize("kind", ["single", "dates"])
async def test_thirty_options_have_thirty_numbered_buttons(
    telegram: Telegram, olga: Any, account: Any, alice: Any, dates: Made, kind: str
) -> None:
    """C4: all are listed with the numbers that the buttons have, on one page."""
    if kind == "dates":
        code = await dates(30)
    else:
        options = tuple(OptionDraft(f"Dish {n}") for n in range(1, 31))
        code = await create_poll(olga, account.id, PollDraft(question="What?", options=options))
    shown = await telegram.say("Alice", f"/vote {code}")
    rows = buttons(shown)
    assert rows[0] == ["1", "2", "3", "4", "5"] and rows[5] == ["26", "27", "28", "29", "30"]
    assert rows[6] == ["Open in Emerald"]
    last = "30. Wed 23 Dec, 18:00 · ✓ 0" if kind == "dates" else "30. Dish 30 · 0"
    assert last in shown["text"] and "▱" not in shown["text"]
    await telegram.tap("Alice", shown, "17")
    view = await poll(code, alice)
    assert [o.position for o in view.options if o.mine] == [17]
    assert buttons(private(telegram, "Alice"))[3] == ["16", "✓ 17", "18", "19", "20"]


async def test_forty_dates_fit_with_all_answers(
    telegram: Telegram, account: Any, olga: Any, alice: Any, dates: Made
) -> None:
    """C4: with counts in the thousands, limits, and a reader in a distant time zone."""
    from backend.outbox.states import SendResult
    from bot.delivery.client import post

    code = await dates(40, question="When <do> we & meet? " * 14)
    await db.execute(
        "UPDATE poll_option_tallies SET votes = 4321, if_need_be = 1234, against = 2345, votes_max = 9999"
    )
    alice = replace(alice, zone="Asia/Tokyo")
    view = await poll(code, alice)
    drawing = await render_card(instance_id=None, poll_id=view.id)
    assert drawing is not None
    await telegram.start("Alice")
    mine = render_poll_card(view, alice.voice, private=True)
    for chat, message in ((account.chat_id, drawing.message), (alice.telegram_id, mine)):
        answer = await post(telegram.bot, chat, message)
        assert answer.result is SendResult.DONE, answer.reason
    # Leaves room for languages with longer words.
    assert len(telegram.last(telegram.chat())["text"]) < 3700


async def test_hidden_results_show_no_answers(telegram: Telegram, alice: Any, bob: Any, dates: Made) -> None:
    """P1: the reader's own marks are visible, the counts are not."""
    await dates(results="closed")
    await telegram.say("Bob", "/vote 1 1 2?")
    shown = await telegram.say("Alice", "/vote 1")
    assert "1. Tue 24 Nov, 18:00\n2. Wed 25 Nov, 18:00\n" in shown["text"]
    assert "1 of 4 has voted · results show when it closes" in shown["text"]
    mine = await telegram.say("Bob", "/vote 1")
    assert buttons(mine)[:2] == [["✓ Tue 24 Nov, 18:00"], ["? Wed 25 Nov, 18:00"]]


async def test_an_option_shows_that_it_is_full(telegram: Telegram, alice: Any, bob: Any, dates: Made) -> None:
    """P2: a limit counts yes only."""
    await dates(most=1)
    await telegram.say("Alice", "/vote 1 1")
    shown = await telegram.say("Bob", "/vote 1")
    assert "1 yes (no place left)" in shown["text"]
    answer = await telegram.tap("Bob", shown, "Tue 24")
    assert answer["text"] == ("tomorrow at 18:00 is full, so your answer is “if need be”. Tap again for no.")
    reply = await telegram.say("Bob", "/vote 1 1")
    assert reply["text"].startswith("“tomorrow at 18:00” is full. Please choose another.")


async def test_olga_closes_a_poll(
    telegram: Telegram, olga: Any, alice: Any, account: Any, noon: datetime
) -> None:
    """P2: only after a question, because it is final; members have no such button."""
    draft = PollDraft(question="Tea?", options=(OptionDraft("Chai"), OptionDraft("Sencha")))
    code = await create_poll(olga, account.id, draft)
    assert buttons(await telegram.say("Alice", "/vote 1"))[2:] == [["Open in Emerald"]]
    shown = await telegram.say("Olga", "/vote 1")
    assert buttons(shown)[2:] == [
        ["Close the poll"],
        ["Remind those who haven’t voted"],
        ["Open in Emerald"],
    ]
    await telegram.tap("Olga", shown, "Close the poll")
    asked = private(telegram, "Olga")
    assert asked["text"].startswith("Close “Tea?” for good?")
    await telegram.tap("Olga", asked, "Back")
    assert buttons(private(telegram, "Olga")) == buttons(shown)
    await telegram.tap("Olga", shown, "Close the poll")
    answer = await telegram.tap("Olga", private(telegram, "Olga"), "Yes, close it")
    assert answer["text"] == "The poll is closed. Everyone can see the result."
    assert not (await poll(code, olga)).open
    assert buttons(private(telegram, "Olga")) == [["Open in Emerald"]]


async def test_olga_closes_a_poll_and_creates_its_instance(
    telegram: Telegram, olga: Any, alice: Any, dates: Made
) -> None:
    """P4: by two taps; the poll leads to the instance."""
    code = await dates()
    await telegram.say("Alice", "/vote 1 2 3?")
    shown = await telegram.say("Olga", "/vote 1")
    await telegram.tap("Olga", shown, "Close and set the date")
    asked = private(telegram, "Olga")
    assert "Best so far: Wed 25 Nov, 18:00, 1 yes." in asked["text"]
    assert "dashboard" in asked["text"]
    answer = await telegram.tap("Olga", asked, "12")
    assert answer["text"].startswith("The date is set: Wed 25 Nov at 18:00.")
    after = private(telegram, "Olga")
    assert "🗓 The date is set: Wed 25 Nov, 18:00" in after["text"]
    assert buttons(after) == [["See Wed 25 Nov"], ["Open in Emerald"]]
    made = (await poll(code, alice)).event_option
    assert made is not None
    view = await event(made.made, alice)
    assert view.capacity == 12


async def test_a_poll_that_closed_at_its_deadline_can_still_create_its_instance(
    telegram: Telegram, olga: Any, alice: Any, dates: Made, noon: datetime
) -> None:
    """P4."""
    code = await dates(closes_at=noon + timedelta(hours=1))
    await telegram.say("Alice", "/vote 1 1")
    clock.advance(timedelta(hours=2))
    shown = await telegram.start("Olga", f"p_{code}")
    assert buttons(shown) == [["Set the date"], ["Open in Emerald"]]
    await telegram.tap("Olga", shown, "Set the date")
    await telegram.tap("Olga", private(telegram, "Olga"), "Room for all")
    made = (await poll(code, olga)).event_option
    assert made is not None and (await event(made.made, alice)).capacity is None


async def test_no_instance_is_created_when_nobody_said_yes(
    telegram: Telegram, olga: Any, dates: Made
) -> None:
    await dates()
    shown = await telegram.say("Olga", "/vote 1")
    await telegram.tap("Olga", shown, "Close and set the date")
    assert buttons(private(telegram, "Olga")) == buttons(shown)


async def test_a_former_organisers_button_does_nothing(
    telegram: Telegram, olga: Any, alice: Any, dates: Made
) -> None:
    """X4: an organiser when the message was sent, but not any more."""
    code = await dates()
    await telegram.say("Olga", "/vote 1 1")
    shown = await telegram.say("Olga", "/vote 1")
    await db.execute("UPDATE memberships SET role = 'MEMBER' WHERE user_id = $1", olga.id)
    answer = await telegram.tap("Olga", shown, "Remind")
    assert answer["text"].startswith("Only organisers can do this.") and answer["show_alert"]
    await telegram.tap("Olga", shown, "Close the poll")
    assert (await poll(code, alice)).open


async def test_the_card_of_a_poll_leads_to_its_instance(
    telegram: Telegram, olga: Any, account: Any, alice: Any, dates: Made
) -> None:
    """P4: in the group by a link."""
    code = await dates()
    await telegram.say("Alice", "/vote 1 1")
    closing = await close_poll(code, olga, make=EventDetails(capacity=4))
    assert closing.made is not None
    drawing = await render_card(instance_id=None, poll_id=(await poll(code, olga)).id)
    assert drawing is not None
    [[see], [_]] = drawing.message.rows
    assert see.text == "See Tue 24 Nov ↗" and see.url is not None
    assert see.url.endswith(f"startapp=e_{closing.made.code}")
