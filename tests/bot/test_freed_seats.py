"""Freed seats in the chat: messages with buttons, and commands (`W3`, `B6`, `S6`)."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from backend import clock, db
from backend.bookings.actions import book, fill_all, find_replacement, leave, set_capacity, take
from backend.bookings.queries.people import attendance
from backend.bookings.standing_seats import make_regular
from backend.events.queries import find_instance
from backend.seats.allocator import submit
from backend.seats.requests import Request, Verb, Via
from tests.bot.delivery.conftest import posted, run, sender
from tests.telegram import Telegram, buttons

__all__ = ["posted", "run", "sender"]

Run = Callable[..., Awaitable[int]]
Make = Callable[..., Awaitable[str]]
Posted = Callable[..., Awaitable[tuple[str, dict[str, Any]]]]
# The instance starts on Thursday 26 November at 18:00 in Helsinki, 16:00 UTC: 76 hours after `noon`.
FAR, NEAR, LATE = timedelta(hours=50), timedelta(hours=70), timedelta(hours=74, minutes=30)


@pytest.fixture
async def started(telegram: Telegram, olga: Any) -> None:
    """Everyone has pressed START, so the bot may write to them. Aino is called Väinö in the sandbox."""
    for name in ("Alice", "Bob", "Väinö", "Olga"):
        await telegram.start(name)


@pytest.fixture
async def full(started: None, noon: datetime, instance: Make, alice: Any, bob: Any, aino: Any) -> str:
    """One seat, Alice's; Bob and Aino wait for it, in this order. To leave is free until the start."""
    code = await instance(capacity=1)
    for person in (alice, bob, aino):
        await book(code, person, via=Via.CARD)
    return code


def private(telegram: Telegram, name: str) -> dict[str, Any]:
    return telegram.last(telegram.person(name).private)


async def seats_of(code: str) -> dict[str, tuple[int, int]]:
    found = await attendance((await find_instance(code)).id)
    return {c.first_name: (c.seats, c.waiting) for c in found}


async def drain(run: Run) -> None:
    """Send everything due: one message a second to each chat, a card every three seconds."""
    for _ in range(6):
        await run(1.1)


# --- offers ---


async def test_an_offer_is_taken_by_its_button(telegram: Telegram, full: str, alice: Any, run: Run) -> None:
    """`W3`: the message says until when; after the tap it shows the reader's seat, without those buttons."""
    clock.advance(NEAR)
    await leave(full, alice, via=Via.CARD)
    await drain(run)
    message = private(telegram, "Bob")
    assert message["text"] == (
        "⏳ 1 seat for Evening flow yoga (today at 18:00) is held for you until 12:30."
        " After that it goes to the next in line."
    )
    assert "date_time" in {entity["type"] for entity in message["entities"]}
    assert buttons(message) == [["Take the seat", "Pass on"]]
    answer = await telegram.tap("Bob", message, "Take the seat")
    assert answer == {"text": "You’re in. See you today at 18:00.", "show_alert": False}
    message = private(telegram, "Bob")
    assert message["text"].endswith("You’re in.")
    assert buttons(message) == [["Leave"], ["Open in Emerald"]]


async def test_an_offer_is_declined_by_its_button(
    telegram: Telegram, full: str, alice: Any, run: Run
) -> None:
    """`W3`: the next party gets an offer, and the one that declined keeps its place."""
    clock.advance(NEAR)
    await leave(full, alice, via=Via.CARD)
    await drain(run)
    answer = await telegram.tap("Bob", private(telegram, "Bob"), "Pass on")
    assert answer == {
        "text": "The seat goes to the next in line. You’re still 1st for the next one.",
        "show_alert": False,
    }
    message = private(telegram, "Bob")
    assert message["text"].endswith("You’re 1st in line.")
    assert buttons(message) == [["Leave"], ["Open in Emerald"]]
    await drain(run)
    assert "12.30" in private(telegram, "Väinö")["text"]


async def test_the_button_of_an_expired_offer_says_so(
    telegram: Telegram, full: str, alice: Any, run: Run
) -> None:
    """`W3`, `B9`: the button says so and disappears; one message says the same."""
    clock.advance(NEAR)
    await leave(full, alice, via=Via.CARD)
    await drain(run)
    offer = private(telegram, "Bob")
    clock.advance(timedelta(minutes=31))
    went = "The time is up, and the seat went to the next in line. You’re still 1st for the next one."
    assert await telegram.tap("Bob", offer, "Take the seat") == {"text": went, "show_alert": True}
    message = private(telegram, "Bob")
    assert message["id"] == offer["id"] and "You’re 1st in line." in message["text"]
    assert buttons(message) == [["Leave"], ["Open in Emerald"]]
    await drain(run)
    assert private(telegram, "Bob")["text"] == f"Evening flow yoga, Thu 26 Nov, 18:00\n{went}"


async def test_an_expired_offer_that_nobody_else_wants_stays_free(
    telegram: Telegram,
    started: None,
    noon: datetime,
    alice: Any,
    bob: Any,
    instance: Make,
    run: Run,
) -> None:
    """`W3`: nobody else waits, so the seat stays free, and the same party may still take it."""
    code = await instance(capacity=1)
    await book(code, alice, via=Via.CARD)
    await book(code, bob, via=Via.CARD)
    clock.advance(NEAR)
    await leave(code, alice, via=Via.CARD)
    await drain(run)
    clock.advance(timedelta(minutes=31))
    await fill_all()
    await drain(run)
    message = private(telegram, "Bob")
    assert message["text"].endswith(
        "The time is up, so the seat is no longer held for you. 1 seat is still free: the first to tap gets it."
    )
    answer = await telegram.tap("Bob", message, "Take the seat")
    assert answer["text"] == "You’re in. See you today at 18:00."


async def test_an_offer_taken_before_it_was_sent_is_not_sent(
    telegram: Telegram, full: str, alice: Any, bob: Any, run: Run
) -> None:
    """`M1`: no message says something that is no longer true."""
    clock.advance(NEAR)
    before = private(telegram, "Bob")["id"]
    await leave(full, alice, via=Via.CARD)
    await take(full, bob, via=Via.MINIAPP)
    await drain(run)
    assert private(telegram, "Bob")["id"] == before


async def test_of_two_unsent_offers_only_the_valid_one_is_sent(
    telegram: Telegram, full: str, alice: Any, bob: Any, olga: Any, run: Run
) -> None:
    """Two offers in a row, neither sent: only the valid one is."""
    clock.advance(NEAR)
    before = private(telegram, "Bob")["id"]
    await leave(full, alice, via=Via.CARD)
    clock.advance(timedelta(minutes=31))
    await fill_all()
    await set_capacity(full, olga, 2)
    await drain(run)
    [message] = telegram.person("Bob").private.messages(after=before)
    assert message["text"].startswith("⏳") and "until 13:01" in message["text"]


async def test_an_offer_that_holds_through_the_night_names_the_day(
    telegram: Telegram, full: str, alice: Any, run: Run
) -> None:
    """`W3`: its time stands still from 22 to 8."""
    clock.advance(timedelta(hours=2 * 24 + 7, minutes=50))
    await leave(full, alice, via=Via.CARD)
    await drain(run)
    assert "is held for you until tomorrow at 08:20." in private(telegram, "Bob")["text"]


# --- the first tap ---


async def test_of_two_simultaneous_taps_the_first_takes_the_seat(
    telegram: Telegram, full: str, alice: Any, olga: Any, run: Run
) -> None:
    """`W3`: two tap at once: one gets a toast, the other an alert."""
    clock.advance(LATE)
    await leave(full, alice, via=Via.CARD)
    await drain(run)
    message = private(telegram, "Bob")
    assert message["text"] == (
        "🔔 1 seat is free for Evening flow yoga (today at 18:00): the first to tap gets it."
    )
    assert buttons(message) == [["Take the seat"], ["Open in Emerald"]]
    hers = private(telegram, "Väinö")
    assert hers["buttons"][0][0]["callback_data"] == message["buttons"][0][0]["callback_data"]

    async def both() -> list[dict[str, Any]]:
        taps = [
            asyncio.to_thread(telegram.person(name).tap, message, message["buttons"][0][0]["text"])
            for name, message in (("Bob", message), ("Väinö", hers))
        ]
        return [done["answer"] for done in await asyncio.gather(*taps)]

    answers = await telegram.during(lambda: asyncio.run(both()))
    assert sorted(answer["show_alert"] for answer in answers) == [False, True]
    assert sum(seats for seats, _ in (await seats_of(full)).values()) == 1


async def test_a_party_takes_what_is_free_and_waits_for_the_rest(
    telegram: Telegram,
    started: None,
    noon: datetime,
    alice: Any,
    bob: Any,
    instance: Make,
    run: Run,
) -> None:
    """`W1`"""
    code = await instance(capacity=2)
    await book(code, alice, guests=1, via=Via.CARD)
    await book(code, bob, guests=1, via=Via.CARD)
    clock.advance(LATE)
    await telegram.say("Alice", "/mybookings")
    await db_set_guests(code, alice)
    await drain(run)
    message = private(telegram, "Bob")
    assert buttons(message)[0] == ["Take 1 now"]
    answer = await telegram.tap("Bob", message, "Take 1 now")
    assert answer["text"] == "1 seat is yours; you’re 1st in line for 1 more."
    assert await seats_of(code) == {"Alice": (1, 0), "Bob": (1, 1)}


async def test_the_first_in_line_is_told_of_a_part_and_takes_it_once(
    telegram: Telegram,
    started: None,
    noon: datetime,
    alice: Any,
    bob: Any,
    olga: Any,
    instance: Make,
    run: Run,
) -> None:
    """`W1`: far from the start; then the button is gone."""
    code = await instance(capacity=2)
    await book(code, alice, guests=1, via=Via.CARD)
    await book(code, bob, guests=1, via=Via.CARD)
    await set_capacity(code, olga, 3)
    await drain(run)
    message = private(telegram, "Bob")
    assert message["text"] == (
        "🔔 1 seat is free for Evening flow yoga (Thu 26 Nov at 18:00), and you’re first in line."
        " Take what is free now and keep waiting for the rest, or wait for all of it."
    )
    assert buttons(message) == [["Take 1 now"], ["Open in Emerald"]]
    taken = "1 seat is yours; you’re 1st in line for 1 more."
    assert (await telegram.tap("Bob", message, "Take 1 now"))["text"] == taken
    assert buttons(private(telegram, "Bob"))[0] == ["Stop waiting for more"]
    assert await seats_of(code) == {"Alice": (2, 0), "Bob": (1, 1)}


async def db_set_guests(code: str, person: Any) -> None:
    from backend.bookings.actions import set_guests

    await set_guests(code, person, guests=0, via=Via.MINIAPP)


async def test_a_first_tap_message_is_dropped_once_the_seat_is_taken(
    telegram: Telegram, full: str, alice: Any, aino: Any, bob: Any, run: Run
) -> None:
    """`M1`: another party has taken the seat already."""
    clock.advance(LATE)
    before = private(telegram, "Bob")["id"]
    await leave(full, alice, via=Via.CARD)
    await take(full, aino, via=Via.MINIAPP)
    await drain(run)
    assert private(telegram, "Bob")["id"] == before


async def test_the_groups_card_offers_the_seat_to_the_first_tap(
    telegram: Telegram, started: None, posted: Posted, alice: Any, bob: Any, run: Run
) -> None:
    """`C3`, `W3`: it says so as soon as the last hours begin, without anyone acting."""
    code, card = await posted(capacity=1)
    await book(code, alice, via=Via.CARD)
    await book(code, bob, via=Via.CARD)
    clock.advance(LATE)
    await leave(code, alice, via=Via.CARD)
    await drain(run)
    card = telegram.last(telegram.chat())
    assert "1 free · 0 of 1 · 1 in line · first to tap gets it" in card["text"]
    assert buttons(card) == [["Take the seat", "Leave"], ["Open in Emerald ↗"]]
    answer = await telegram.tap("Olga", card, "Take the seat")
    assert answer["show_alert"] and "for those who waited before you" in answer["text"]
    answer = await telegram.tap("Bob", card, "Take the seat")
    assert answer["text"].startswith("You’re in.")


async def test_who_joins_behind_held_seats_is_third_and_reads_why(
    telegram: Telegram, started: None, posted: Posted, alice: Any, bob: Any, aino: Any, run: Run
) -> None:
    """`W5`, `W6`: two seats are held, for Bob and for Aino: none of them is taken, and both are ahead."""
    code, card = await posted(capacity=2)
    await book(code, alice, guests=1, via=Via.CARD)
    for person in (bob, aino):
        await book(code, person, via=Via.CARD)
    clock.advance(NEAR)
    await leave(code, alice, via=Via.CARD)
    await drain(run)
    card = telegram.last(telegram.chat())
    assert card["text"].endswith("Full · 0 of 2 · 2 held")
    answer = await telegram.tap("Olga", card, "Wait for a seat")
    assert answer["text"] == (
        "No seat is free: 2 are held for others ahead of you."
        " You’re 3rd in line; we’ll tell you when a seat is yours."
    )
    await drain(run)
    assert telegram.last(telegram.chat())["text"].endswith("Full · 0 of 2 · 2 held · 1 in line")
    assert "\nyou’re 3rd in line" in (await telegram.say("Olga", "/mybookings"))["text"]
    assert "\nfull, 2 held" in (await telegram.say("Alice", "/events"))["text"]


async def test_the_card_is_checked_again_when_the_stage_changes(noon: datetime, instance: Make) -> None:
    """`C2`, `W3`: offers begin a day before the start, the first tap two hours before."""
    from bot.cards import render_card

    instance_id = (await find_instance(await instance())).id
    start = noon + timedelta(hours=76)
    for ahead in (timedelta(hours=24), timedelta(hours=2), timedelta()):
        drawing = await render_card(instance_id=instance_id, poll_id=None)
        assert drawing is not None and drawing.check_at == start - ahead
        clock.advance(start - ahead - clock.now())


# --- find my replacement ---


@pytest.fixture
async def strict(started: None, noon: datetime, instance: Make, alice: Any) -> str:
    """One seat, Alice's; to leave is free until 48 hours before; nobody waits yet."""
    code = await instance(capacity=1, cancel_before_minutes=48 * 60)
    await book(code, alice, via=Via.CARD)
    return code


async def test_a_member_who_leaves_too_late_finds_a_replacement(
    telegram: Telegram, strict: str, bob: Any, run: Run
) -> None:
    """`B6`: the seat stays theirs until someone takes it, and then nothing counts against them."""
    card = await telegram.start("Alice", f"e_{strict}")
    assert buttons(card)[0] == ["Leave"]
    clock.advance(NEAR)
    answer = await telegram.tap("Alice", card, "Leave")
    assert answer["show_alert"] and answer["text"].startswith("It’s too late to leave freely.")
    card = private(telegram, "Alice")
    assert buttons(card)[0] == ["Find my replacement"]
    answer = await telegram.tap("Alice", card, "Find my replacement")
    assert answer == {
        "text": "Your seat stays yours until someone takes it."
        " If no one does, it counts as a late cancellation.",
        "show_alert": True,
    }
    card = private(telegram, "Alice")
    assert "You’re looking for a replacement." in card["text"]
    assert buttons(card)[0] == ["Keep my seat"]
    await telegram.tap("Alice", card, "Keep my seat")
    card = private(telegram, "Alice")
    await telegram.tap("Alice", card, "Find my replacement")
    await book(strict, bob, via=Via.CARD)
    await drain(run)
    assert private(telegram, "Alice")["text"] == (
        "Someone took your seat: Evening flow yoga, Thu 26 Nov, 18:00. Nothing counts against you."
    )


async def test_a_party_hears_that_a_part_of_it_was_replaced(
    telegram: Telegram,
    started: None,
    noon: datetime,
    instance: Make,
    alice: Any,
    bob: Any,
    run: Run,
) -> None:
    """`B6`, `B7`"""
    code = await instance(capacity=2, cancel_before_minutes=48 * 60)
    await book(code, alice, guests=1, via=Via.CARD)
    clock.advance(NEAR)
    await find_replacement(code, alice, via=Via.MINIAPP)
    await book(code, bob, via=Via.CARD)
    await drain(run)
    message = private(telegram, "Alice")
    assert message["text"] == (
        "Someone took 1 of your seats: Evening flow yoga, Thu 26 Nov, 18:00."
        " Nothing counts against you for it."
        " 1 seat is still yours until someone takes it."
    )
    assert buttons(message) == [["Open in Emerald", "Keep my seat"]]


async def test_the_groups_card_never_shows_find_my_replacement(
    telegram: Telegram, started: None, posted: Posted, alice: Any, bob: Any, run: Run
) -> None:
    """`B6`: it says that a seat can be taken over, but not whose; leaving too late leads to the event."""
    code, _ = await posted(capacity=1, cancel_before_minutes=48 * 60)
    await book(code, alice, via=Via.CARD)
    await book(code, bob, via=Via.CARD)
    clock.advance(NEAR)
    await drain(run)
    card = telegram.last(telegram.chat())
    assert buttons(card)[0] == ["Wait for a seat", "Leave"]
    answer = await telegram.tap("Alice", card, "Leave")
    assert answer["show_alert"] and answer["text"].endswith("To find a replacement, open the event.")
    await leave(code, bob, via=Via.CARD)
    await find_replacement(code, alice, via=Via.MINIAPP)
    await drain(run)
    card = telegram.last(telegram.chat())
    assert "Full · 1 of 1 · 1 can be taken over" in card["text"]
    assert buttons(card) == [["Take the seat"], ["Open in Emerald ↗"]]
    await telegram.tap("Bob", card, "Take the seat")
    assert await seats_of(code) == {"Alice": (0, 0), "Bob": (1, 0)}


# --- changes by an organiser ---


async def test_members_moved_to_the_waitlist_are_notified(
    telegram: Telegram, full: str, alice: Any, olga: Any, run: Run
) -> None:
    """`W4`, `B10`: with fewer seats, those who booked last go to the head of the waitlist."""
    await set_capacity(full, olga, 2)
    await set_capacity(full, olga, 1)
    await drain(run)
    await by_hand(full, olga, Verb.TO_WAITLIST, alice)
    await drain(run)
    message = private(telegram, "Alice")
    assert message["text"] == (
        "There are fewer seats now, so an organiser moved you to the head of the line: Evening flow yoga,"
        " Thu 26 Nov, 18:00. You’re 1st, and nothing counts against you."
    )
    assert buttons(message) == [["Open in Emerald", "Leave"]]
    answer = await telegram.tap("Alice", message, "Leave")
    assert answer["text"] == "You’ve left the line."


async def test_members_moved_to_another_instance_are_notified(
    telegram: Telegram,
    started: None,
    noon: datetime,
    instance: Make,
    alice: Any,
    olga: Any,
    run: Run,
) -> None:
    """`B10`"""
    code = await instance()
    await by_hand(code, olga, Verb.BRING, alice, guests=1)
    await drain(run)
    message = private(telegram, "Alice")
    assert message["text"] == (
        "✅ An organiser moved you to this date, with 1 guest: Evening flow yoga, Thu 26 Nov, 18:00."
    )
    assert buttons(message) == [["Open in Emerald", "I can’t come"]]


async def by_hand(code: str, olga: Any, verb: Verb, person: Any, guests: int = 0) -> None:
    membership = await db.value("SELECT id FROM memberships WHERE user_id = $1", person.id)
    request = Request(verb, Via.DASHBOARD, by=olga.id, membership_id=membership, guests=guests, audited=True)
    await submit(((await find_instance(code)).id, request))


async def test_a_member_answers_whether_they_still_come(
    telegram: Telegram, full: str, alice: Any, bob: Any
) -> None:
    """`S6`: still coming or not; the seat stays theirs until they answer."""
    await asked_to_stay(full)
    message = await telegram.start("Alice", f"e_{full}")
    assert "The date has moved. Are you still coming?" in message["text"]
    assert buttons(message) == [["Still coming", "Not this time"], ["Open in Emerald"]]
    answer = await telegram.tap("Alice", message, "Still coming")
    assert answer["text"] == "Good: your seat stays yours. See you Thu 26 Nov at 18:00."
    assert private(telegram, "Alice")["text"].endswith("You’re in.")
    assert "moved" not in private(telegram, "Alice")["text"]
    theirs = await telegram.start("Bob", f"e_{full}")
    answer = await telegram.tap("Bob", theirs, "Not this time")
    assert answer["text"] == "You’ve left the line."
    assert (await seats_of(full))["Bob"] == (0, 0)


async def asked_to_stay(code: str) -> None:
    async with db.transaction():
        await db.execute("UPDATE bookings SET move_asked_at = $1", clock.now())


# --- people the bot may not write to ---


async def test_the_answer_says_that_a_promised_message_cannot_be_sent(
    telegram: Telegram, full: str, alice: Any, bob: Any
) -> None:
    """`M3`, `M7`: declining promises a message about the next seat; where nothing can be shown to one person alone the
    group reads only that the bot cannot write to them."""
    telegram.sandbox.ephemeral(known=False)
    clock.advance(NEAR)
    await leave(full, alice, via=Via.CARD)
    telegram.person("Bob").block()
    await telegram.pump()
    message = await telegram.say("Bob", "/pass 1", telegram.chat())
    assert message["text"] == (
        "That is for you alone, so I answer in our private chat. Press Start in a chat with me so I can tell you."
    )
    assert buttons(message) == [["Ask me there"]]


# --- commands ---


async def test_take_and_pass_by_command(telegram: Telegram, full: str, alice: Any, bob: Any) -> None:
    """`W3`: offers come first in the list; without any, the answer says so."""
    nothing = await telegram.say("Bob", "/take")
    assert nothing["text"].startswith("No seat is held for you right now.")
    assert (await telegram.say("Bob", "/pass"))["text"].startswith("No seat is held for you, so")
    clock.advance(NEAR)
    await leave(full, alice, via=Via.CARD)
    listed = await telegram.say("Bob", "/mybookings")
    assert "1 seat is held for you until 12:30: /take or /pass" in listed["text"]
    assert buttons(listed) == [["1"], ["Open Emerald"]]
    await telegram.tap("Bob", listed, "1")
    assert buttons(private(telegram, "Bob"))[0] == ["Take the seat", "Pass on"]
    listed = await telegram.say("Bob", "/take")
    assert "1 seat is held for you until 12:30" in listed["text"]
    message = await telegram.say("Bob", "/take 1")
    assert message["text"].endswith("You’re in. See you today at 18:00.")
    await leave(full, bob, via=Via.CARD)
    assert (await seats_of(full))["Väinö"] == (0, 0)
    await telegram.say("Väinö", f"/pass {full}")
    assert (await seats_of(full))["Väinö"] == (0, 1)
    in_group = await telegram.say("Bob", "/take", telegram.chat())
    assert in_group["buttons"][0][0]["url"].endswith("?start=mine")


async def test_taking_too_few_seats_by_command_offers_the_button(
    telegram: Telegram, started: None, noon: datetime, alice: Any, bob: Any, instance: Make
) -> None:
    """`W1`, `B9`: the answer says what is possible, and has the button for it."""
    code = await instance(capacity=2)
    await book(code, alice, via=Via.CARD)
    await book(code, bob, guests=1, via=Via.CARD)
    clock.advance(LATE)
    listed = await telegram.say("Bob", "/take")
    assert "1 seat can be taken now" in listed["text"]
    message = await telegram.say("Bob", "/take 1")
    assert "1 seat is free, but you asked for 2." in message["text"]
    assert buttons(message)[0] == ["Take 1 now"]


async def test_leaving_too_late_by_command_offers_to_find_a_replacement(
    telegram: Telegram, strict: str
) -> None:
    """`B6`, `M7`: in private with the button, in a group that takes no message for one person the way there."""
    telegram.sandbox.ephemeral(known=False)
    clock.advance(NEAR)
    in_group = await telegram.say("Alice", "/leave 1", telegram.chat())
    assert in_group["text"] == "That is for you alone, so I answer in our private chat."
    assert buttons(in_group) == [["Ask me there"]]
    assert in_group["buttons"][0][0]["url"].endswith(f"?start=e_{strict}")
    message = await telegram.say("Alice", "/leave 1")
    assert buttons(message)[0] == ["Find my replacement"]
    await telegram.tap("Alice", message, "Find my replacement")
    listed = await telegram.say("Alice", "/mybookings")
    assert "you’re looking for a replacement for your seat" in listed["text"]


async def test_mybookings_shows_an_unanswered_question(telegram: Telegram, full: str, alice: Any) -> None:
    """`S6`"""
    await asked_to_stay(full)
    assert "it has moved; are you still coming?" in ((await telegram.say("Alice", "/mybookings"))["text"])


# --- standing seats ---


async def test_a_regular_says_not_this_week_and_gives_the_seat_back(
    telegram: Telegram, started: None, noon: datetime, account: Any, series: Any, olga: Any, alice: Any
) -> None:
    """`B11`: this seat goes to others, the next ones stay theirs, until they give the standing seat back."""
    made = await series(rule="FREQ=WEEKLY;COUNT=2")
    assert "no standing seats" in (await telegram.say("Alice", "/regulars"))["text"]
    membership = await db.value("SELECT id FROM memberships WHERE user_id = $1", alice.id)
    await make_regular(olga, account.id, made.series_id, membership)
    in_group = await telegram.say("Alice", "/regulars", telegram.chat())
    assert in_group["buttons"][0][0]["url"].endswith("?start=regulars")
    listed = await telegram.start("Alice", "regulars")
    assert "1. 🧘 Evening flow yoga · Kallio Yoga\nnext: Thu 26 Nov, 18:00" in listed["text"]
    await telegram.tap("Alice", listed, "1")
    shown = private(telegram, "Alice")
    assert buttons(shown) == [["Not this week"], ["Give it up"]]
    answer = await telegram.tap("Alice", shown, "Not this week")
    assert answer["text"] == "Noted: you can’t come this time."
    assert private(telegram, "Alice")["text"].endswith("You said you can’t come.")
    mine = await telegram.say("Alice", "/mybookings")
    assert "Thu 26 Nov" not in mine["text"] and "Thu 3 Dec" in mine["text"]
    await telegram.tap("Alice", mine, "1")
    assert buttons(private(telegram, "Alice"))[0] == ["+1", "Not this week"]
    await telegram.tap("Alice", listed, "1")
    answer = await telegram.tap("Alice", private(telegram, "Alice"), "Give it up")
    assert answer == {"text": "You gave up your standing seat.", "show_alert": False}
    assert "Your existing bookings stay" in private(telegram, "Alice")["text"]
    gone = await telegram.tap("Alice", listed, "1")
    assert gone["text"] == "Not found, or you don’t have access."
