"""Commands: the same actions as by the buttons of cards and in the Mini App."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from backend import clock
from backend.bookings.actions import book
from backend.bookings.queries.lists import my_bookings
from backend.bookings.queries.people import attendance
from backend.events.cancel import cancel_instance
from backend.events.queries import find_instance
from backend.polls.actions import create_poll
from backend.polls.drafts import OptionDraft, PollDraft
from backend.polls.queries import poll
from backend.seats.requests import Via
from tests.telegram import Telegram, buttons

Make = Callable[..., Awaitable[str]]


async def seats_of(code: str) -> dict[str, tuple[int, int]]:
    found = await attendance((await find_instance(code)).id)
    return {c.first_name: (c.seats, c.waiting) for c in found}


async def test_start_welcomes(telegram: Telegram, alice: Any) -> None:
    reply = await telegram.start("Alice")
    assert reply["text"].startswith("Hello, Alice.")
    assert "You belong to: Kallio Yoga." in reply["text"]
    assert buttons(reply) == [["Open Emerald"]]
    assert reply["buttons"][0][0]["web_app"]["url"] == "https://emerald.example/app/"


async def test_start_explains_to_a_stranger_how_to_join(telegram: Telegram) -> None:
    reply = await telegram.start("Charlie")
    assert "You don’t belong to a club here yet." in reply["text"]


async def test_start_with_an_unknown_link_still_welcomes(telegram: Telegram) -> None:
    reply = await telegram.start("Charlie", "whatever")
    assert reply["text"].startswith("Hello, Charlie.")


async def test_answers_in_the_readers_language(telegram: Telegram) -> None:
    reply = await telegram.start("Aino")
    assert reply["text"].startswith("Hei, Aino.")
    assert buttons(reply)[0] == ["Avaa Emerald"]


async def test_events_lists_upcoming_instances(
    telegram: Telegram, noon: datetime, alice: Any, instance: Make
) -> None:
    await instance(capacity=3)
    await instance(title="Breakfast <b>", emoji="", capacity=None, rule="FREQ=DAILY;COUNT=2")
    reply = await telegram.say("Alice", "/events")
    lines = reply["text"].splitlines()
    assert lines[0] == "Upcoming events"
    assert lines[2] == "Thursday 26 November" and "Friday 27 November" in lines
    assert "1. 18:00 · 🧘 Evening flow yoga" in lines and "3 free" in lines
    assert "2. 18:00 · Breakfast <b>" in lines and "room for all" in lines
    assert buttons(reply)[0] == ["1", "2", "3"]
    shown = await telegram.tap("Alice", reply, "2")
    assert not shown["text"]
    assert "Breakfast <b>" in telegram.last(telegram.person("Alice").private)["text"]


async def test_events_says_that_nothing_is_coming(telegram: Telegram, alice: Any) -> None:
    assert (await telegram.say("Alice", "/events"))["text"] == "No upcoming events."


async def test_book_by_number_with_guests_and_by_code(
    telegram: Telegram, noon: datetime, alice: Any, instance: Make
) -> None:
    code = await instance()
    listed = await telegram.say("Alice", "/book")
    assert listed["text"].startswith("Which one?")
    reply = await telegram.say("Alice", "/book 1 +2")
    assert reply["text"] == (
        "🧘 Evening flow yoga · Thu 26 Nov, 18:00\nYou’re in, with 2 guests. See you Thu 26 Nov at 18:00."
    )
    assert await seats_of(code) == {"Alice": (3, 0)}
    await telegram.say("Bob", f"/book {code.upper()}")
    assert await seats_of(code) == {"Alice": (3, 0), "Bob": (1, 0)}


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("/book 9", "There is no such number in the list."),
        ("/book 0", "There is no such number in the list."),
        ("/book 1 +1000", "How many guests? Send a number like +2."),
        ("/book 1 2 3", "How many guests? Send a number like +2."),
        ("/book 99999999999999999999", "Send a number from the list, or a code."),
        ("/book 1 9", "You can bring 2 guests at most."),
        ("/book abcdefghjk", "Not found, or you don’t have access."),
        ("/leave 3", "There is no such number in the list."),
        ("/vote 1", "There is no such number in the list."),
    ],
)
async def test_unreadable_arguments_are_answered(
    telegram: Telegram, alice: Any, instance: Make, text: str, answer: str
) -> None:
    """`X5`"""
    await instance()
    assert (await telegram.say("Alice", text))["text"] == answer


async def test_leave_lists_and_leaves(telegram: Telegram, alice: Any, instance: Make) -> None:
    code = await instance()
    assert "You have no bookings yet" in (await telegram.say("Alice", "/leave"))["text"]
    await book(code, alice, guests=1, via=Via.MINIAPP)
    listed = await telegram.say("Alice", "/leave")
    assert "you and 1 guest" in listed["text"]
    assert (await telegram.tap("Alice", listed, "1"))["text"] == "You’ve left."
    await book(code, alice, via=Via.MINIAPP)
    reply = await telegram.say("Alice", "/leave 1")
    assert reply["text"].endswith("You’ve left.")
    assert await seats_of(code) == {"Alice": (0, 0)}


async def test_mybookings_shows_the_place_on_the_waitlist(
    telegram: Telegram, alice: Any, bob: Any, instance: Make
) -> None:
    code = await instance(capacity=1)
    await book(code, alice, via=Via.MINIAPP)
    await book(code, bob, via=Via.MINIAPP)
    assert "you’re 1st in line" in (await telegram.say("Bob", "/mybookings"))["text"]
    assert "one seat" in (await telegram.say("Alice", "/mybookings"))["text"]


async def test_a_group_sees_only_instances_of_its_own_club(
    telegram: Telegram, alice: Any, instance: Make
) -> None:
    """`A1`: others read it, so nothing of other clubs is listed; by links, since web apps open in private
    only."""
    await instance()
    reply = await telegram.say("Alice", "/events", telegram.chat())
    assert "Evening flow yoga" in reply["text"]
    assert buttons(reply) == [["Open Emerald ↗"]]
    assert reply["buttons"][0][0]["url"] == "https://t.me/emerald_test_bot/app"
    elsewhere = await telegram.say("Alice", "/events", telegram.chat("Sunday Runners"))
    assert "not linked to a club" in elsewhere["text"]


async def test_booking_again_with_a_number_changes_the_guests(
    telegram: Telegram, noon: datetime, alice: Any, bob: Any, instance: Make
) -> None:
    """`B2`, `B7`: in and in line; without a number nothing changes."""
    code = await instance(capacity=3)
    await telegram.say("Alice", "/book 1 1")
    reply = await telegram.say("Alice", "/book 1 2")
    assert reply["text"].endswith("You’re in, with 2 guests. See you Thu 26 Nov at 18:00.")
    assert "You’re in already" in (await telegram.say("Alice", "/book 1"))["text"]
    assert "You’re in already" in (await telegram.say("Alice", "/book 1 2"))["text"]
    await telegram.say("Bob", "/book 1 0")
    assert "1st in line" in (await telegram.say("Bob", "/book 1 1"))["text"]
    assert await seats_of(code) == {"Alice": (3, 0), "Bob": (0, 2)}
    assert (await telegram.say("Alice", "/book 1 0"))["text"].endswith(
        "You’re in. See you Thu 26 Nov at 18:00."
    )
    assert await seats_of(code) == {"Alice": (1, 0), "Bob": (2, 0)}


async def test_booking_what_is_cancelled_says_so_to_who_is_in_line(
    telegram: Telegram, noon: datetime, alice: Any, bob: Any, olga: Any, instance: Make
) -> None:
    """`S5`"""
    code = await instance(capacity=1)
    for person in (alice, bob):
        await book(code, person, via=Via.MINIAPP)
    await cancel_instance(code, olga, "A pipe burst")
    for name in ("Alice", "Bob"):
        answer = await telegram.say(name, f"/book {code}")
        assert answer["text"].endswith("Cancelled: “A pipe burst” Nothing counts against you.")


async def test_booking_in_a_group_names_the_person(telegram: Telegram, alice: Any, instance: Make) -> None:
    code = await instance()
    reply = await telegram.say("Alice", "/book 1", telegram.chat())
    assert "Alice is in. See you" in reply["text"]
    assert await seats_of(code) == {"Alice": (1, 0)}


async def test_an_answer_that_is_ones_own_stays_out_of_the_group(
    telegram: Telegram, noon: datetime, alice: Any, bob: Any, olga: Any, instance: Make
) -> None:
    """`M7`: a place in line, what is too late, what was so already; what is so of the date may be read by all."""
    await telegram.start("Bob")
    telegram.chat().bot("member")  # who is no administrator cannot show it to one person alone
    code = await instance(capacity=1, cancel_before_minutes=7 * 24 * 60)
    await book(code, alice, via=Via.MINIAPP)
    clock.advance(timedelta(minutes=6))
    alone = "That is for you alone, so I answer in our private chat."
    for name, command in (
        ("Bob", "book"),
        ("Alice", "leave"),
        ("Alice", "book"),
        ("Olga", "leave"),
        ("Olga", "pass"),
    ):
        reply = await telegram.say(name, f"/{command} {code}", telegram.chat())
        assert (reply["text"], buttons(reply)) == (alone, [["Ask me there"]])
        assert reply["buttons"][0][0]["url"].endswith(f"?start=e_{code}")
    assert "1st in line" in telegram.last(telegram.person("Bob").private)["text"]
    assert (await telegram.say("Bob", f"/leave {code}", telegram.chat()))["text"].endswith(
        "\nBob has left the line."
    )
    await cancel_instance(code, olga, "A pipe burst")
    reply = await telegram.say("Bob", f"/book {code}", telegram.chat())
    assert reply["text"].endswith("\nCancelled: “A pipe burst” Nothing counts against you.")


async def test_personal_commands_in_a_group_lead_to_the_private_chat(
    telegram: Telegram, alice: Any, instance: Make
) -> None:
    """Where nobody else could be kept from reading the answer."""
    await book(await instance(), alice, via=Via.MINIAPP)
    telegram.chat().bot("member")
    reply = await telegram.say("Alice", "/mybookings", telegram.chat())
    assert "Evening flow" not in reply["text"]
    [[button]] = reply["buttons"]
    assert button["url"] == "https://t.me/emerald_test_bot?start=mine"
    private = await telegram.start("Alice", "mine")
    assert "Evening flow yoga" in private["text"]


async def test_polls_and_votes(telegram: Telegram, olga: Any, account: Any, alice: Any) -> None:
    """`P3`: listed, shown, voted by number and by tap; the private message is edited at once."""
    options = (OptionDraft("Yes"), OptionDraft("No"), OptionDraft("Perhaps"))
    draft = PollDraft(question="Snow <here>?", options=options, kind="several", choices_max=2)
    code = await create_poll(olga, account.id, draft)
    listed = await telegram.say("Alice", "/polls")
    assert "1. Snow <here>?" in listed["text"] and "0 of 4 have voted" in listed["text"]
    await telegram.tap("Alice", listed, "1")
    shown = telegram.last(telegram.person("Alice").private)
    assert buttons(shown)[:3] == [["Yes · 0"], ["No · 0"], ["Perhaps · 0"]]
    await telegram.tap("Alice", shown, "No")
    shown = telegram.last(telegram.person("Alice").private)
    assert buttons(shown)[1] == ["✓ No · 1"] and "1 of 4 has voted" in shown["text"]
    await telegram.say("Bob", "/vote 1 1 3")
    view = await poll(code, olga)
    assert [option.votes for option in view.options] == [1, 1, 1]
    wrong = await telegram.say("Bob", "/vote 1 7")
    assert wrong["text"] == "This poll has no option with that number."
    by_link = await telegram.start("Bob", f"p_{code}")
    assert "Snow <here>?" in by_link["text"]


async def test_id_shows_the_ids(telegram: Telegram, alice: Any) -> None:
    assert (await telegram.say("Alice", "/id"))["text"] == "You: 1002"
    runners = telegram.chat("Sunday Runners")
    reply = await telegram.say("Alice", "/id", runners, thread_id=2)
    assert reply["text"].splitlines() == [
        f"This chat: {runners.id}",
        "This topic: 2",
        "You: 1002",
        "This group is not linked to a club.",
    ]
    assert reply["thread_id"] == 2


@pytest.mark.parametrize("text", ["/help", "/app", "hello?"])
async def test_any_other_text_is_answered_with_help_in_private(telegram: Telegram, text: str) -> None:
    reply = await telegram.say("Alice", text)
    assert reply["from"]["is_bot"]
    assert buttons(reply) == [["Open Emerald"]]


async def test_chatter_in_a_group_is_ignored(telegram: Telegram, alice: Any) -> None:
    reply = await telegram.say("Alice", "hello?", telegram.chat())
    assert not reply["from"]["is_bot"]


async def test_what_one_person_sees_of_a_poll_stays_out_of_the_group(
    telegram: Telegram, olga: Any, account: Any, alice: Any
) -> None:
    """`P1`: results that are visible after voting, and an anonymous choice."""
    options = (OptionDraft("Yes"), OptionDraft("No"))
    draft = PollDraft(question="Snow?", options=options, anonymous=True, results="voted")
    code = await create_poll(olga, account.id, draft)
    await telegram.say("Alice", "/vote 1 1")
    for text in ("/vote 1", "/vote 1 2"):
        reply = await telegram.say("Alice", text, telegram.chat())
        assert "Snow?" in reply["text"] and "Yes" not in reply["text"] and "No" not in reply["text"]
        [[button]] = reply["buttons"]
        assert button["url"].endswith(f"?start=p_{code}")
    assert [option.votes for option in (await poll(code, alice)).options] == [1, 0]


async def test_an_organiser_is_offered_to_link_a_group_by_asking_in_it(
    telegram: Telegram, olga: Any, account: Any
) -> None:
    runners = telegram.chat("Sunday Runners")
    offer = await telegram.say("Olga", "/events", runners)
    assert buttons(offer) == [["Link to Kallio Yoga"]]
    await telegram.tap("Olga", offer, "Link")
    assert "No open polls" in (await telegram.say("Bob", "/polls", runners))["text"]


async def test_a_number_means_what_was_read_whatever_has_changed_since(
    telegram: Telegram, bob: Any, instance: Make, noon: datetime
) -> None:
    """A booking more, made elsewhere, moves no other under the number of /leave; after a day a number means the list as it is."""
    first = await instance(title="Padel", capacity=4)
    await book(first, bob, via=Via.CARD)
    await telegram.start("Bob")
    await telegram.say("Bob", "/mybookings")
    sooner = await instance(title="Sauna", starts_local=datetime(2026, 11, 24, 9), capacity=4)
    await book(sooner, bob, via=Via.CARD)
    await telegram.say("Bob", "/leave 1")
    assert [(view.title, view.mine.seats) for view in await my_bookings(bob) if view.mine] == [("Sauna", 1)]
    await book(first, bob, via=Via.CARD)
    clock.advance(timedelta(hours=20))
    assert "no such number" in (await telegram.say("Bob", "/leave 2"))["text"]
    clock.advance(timedelta(hours=4))
    assert [view.title for view in await my_bookings(bob)] == ["Padel"]
