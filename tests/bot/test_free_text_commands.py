"""Commands with words instead of numbers: understood when they are clear, asked back with buttons when not."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from backend import clock, db
from backend.accounts.queries import joined_accounts
from backend.bookings.actions import book
from backend.bookings.queries.event import event
from backend.bookings.queries.lists import my_bookings
from backend.people.queries import person
from backend.polls.actions import create_poll
from backend.polls.drafts import OptionDraft, PollDraft
from backend.polls.queries import poll
from backend.seats.requests import Via
from tests.conftest import are_in_group
from tests.telegram import Telegram, buttons

Make = Callable[..., Awaitable[str]]


@pytest.fixture
async def yoga(instance: Make, noon: datetime) -> str:
    """Thursday 26 November, and each week after that; on Friday there is padel."""
    code = await instance(title="Evening yoga", rule="FREQ=WEEKLY", capacity=4)
    await instance(title="Padel", starts_local=datetime(2026, 11, 27, 9), capacity=4)
    return code


async def seats(code: str, reader: Any) -> tuple[int, tuple[str, ...]]:
    mine = (await event(code, reader)).mine
    return (mine.seats, mine.guest_names) if mine else (0, ())


async def test_book_by_a_word_takes_the_next_date(telegram: Telegram, yoga: str, alice: Any) -> None:
    reply = await telegram.say("Alice", "/book yoga +1")
    assert reply["text"] == (
        "🧘 Evening yoga · Thu 26 Nov, 18:00\nYou’re in, with 1 guest. See you Thu 26 Nov at 18:00."
    )
    assert await seats(yoga, alice) == (2, ())


async def test_a_guest_by_name(telegram: Telegram, yoga: str, alice: Any) -> None:
    await telegram.say("Alice", "/book yoga +Anna Korhonen")
    assert await seats(yoga, alice) == (2, ("Anna Korhonen",))
    await telegram.say("Alice", "/book yoga +Ben")
    assert await seats(yoga, alice) == (2, ("Ben",))


async def test_several_events_are_asked_back_with_buttons(
    telegram: Telegram, yoga: str, alice: Any, instance: Make
) -> None:
    """The names of guests are kept until one is chosen, for which a button has no room."""
    await instance(title="Morning yoga", starts_local=datetime(2026, 11, 28, 9))
    asked = await telegram.say("Alice", "/book yoga +Anna")
    assert asked["text"].splitlines()[0] == "“yoga” isn’t clear to me. Which one do you mean?"
    assert [row for row in buttons(asked) if "26 Nov" in row[0] or "28 Nov" in row[0]] == [
        ["Thu 26 Nov, 18:00 · Evening yoga"],
        ["Sat 28 Nov, 09:00 · Morning yoga"],
    ]
    answer = await telegram.tap("Alice", asked, "Thu 26 Nov")
    assert answer["text"].startswith("You’re in, with 1 guest.")
    assert await seats(yoga, alice) == (2, ("Anna",))
    shown = telegram.last(telegram.person("Alice").private)
    assert "Evening yoga" in shown["text"] and ["+1", "Leave"] in buttons(shown)


async def test_a_word_that_fits_nothing_books_nothing(telegram: Telegram, yoga: str, alice: Any) -> None:
    asked = await telegram.say("Alice", "/book swimming")
    assert asked["text"] == "I found nothing for “swimming”. Which one do you mean?"
    assert len(buttons(asked)) > 2
    asked = await telegram.say("Alice", "/book padel sunday")
    assert [row for row in buttons(asked) if "Padel" in row[0]] == buttons(asked)[:1]
    assert await my_bookings(alice) == []


async def test_leave_by_a_day(telegram: Telegram, yoga: str, alice: Any) -> None:
    await book(yoga, alice, via=Via.CARD)
    assert "Which one" in (await telegram.say("Alice", "/leave tuesday"))["text"]
    assert await seats(yoga, alice) == (1, ())
    assert (await telegram.say("Alice", "/leave thursday"))["text"].endswith("You’ve left.")
    assert await seats(yoga, alice) == (0, ())


async def test_leave_never_guesses_between_two_dates(telegram: Telegram, yoga: str, alice: Any) -> None:
    await telegram.say("Alice", "/book yoga")
    await telegram.say("Alice", "/book yoga 3 december")
    assert len(await my_bookings(alice)) == 2
    asked = await telegram.say("Alice", "/leave yoga")
    assert [row[0][:10] for row in buttons(asked)[:2]] == ["Thu 26 Nov", "Thu 3 Dec,"]
    assert (await telegram.tap("Alice", asked, "Thu 3 Dec"))["text"] == "You’ve left."
    assert [view.code for view in await my_bookings(alice)] == [yoga]


@pytest.mark.parametrize(
    ("language", "text", "answer"),
    [("fi", "/book yogaan torstaina +1", "Olet mukana"), ("ru", "/book padel в пятницу", "Вы записаны")],
)
async def test_in_the_readers_language(
    telegram: Telegram, yoga: str, alice: Any, language: str, text: str, answer: str
) -> None:
    await db.execute_single(
        "UPDATE telegram_users SET language = $2, language_chosen = true WHERE id = $1", alice.id, language
    )
    reply = await telegram.say("Alice", text)
    assert len(await my_bookings(alice)) == 1, reply["text"]


async def test_in_a_group_a_question_is_asked_in_private(
    telegram: Telegram, yoga: str, alice: Any, account: Any
) -> None:
    """`M7`"""
    await are_in_group(account.group_id, alice)
    await telegram.start("Alice")
    said = await telegram.say("Alice", "/book everything", telegram.chat())
    assert said["text"].startswith("That is for you alone")
    assert "Which one do you mean?" in telegram.last(telegram.person("Alice").private)["text"]
    said = await telegram.say("Alice", "/book yoga +1", telegram.chat())
    assert said["text"].endswith("Alice is in, with 1 guest. See you Thu 26 Nov at 18:00.")


async def test_guests(telegram: Telegram, yoga: str, alice: Any) -> None:
    assert "no bookings yet" in (await telegram.say("Alice", "/guests 2"))["text"]
    await book(yoga, alice, via=Via.CARD)
    asked = await telegram.say("Alice", "/guests")
    assert asked["text"] == "🧘 Evening yoga · Thu 26 Nov, 18:00\nHow many guests come with you?"
    assert buttons(asked) == [["0", "1", "2"]]
    assert (await telegram.tap("Alice", asked, "2"))["text"].startswith("You’re in, with 2 guests.")
    await telegram.say("Alice", "/guests 1")
    assert await seats(yoga, alice) == (2, ())
    await telegram.say("Alice", "/guests yoga +Anna +Ben")
    assert await seats(yoga, alice) == (3, ("Anna", "Ben"))


async def test_maybe_event_and_queue(telegram: Telegram, yoga: str, alice: Any, bob: Any) -> None:
    reply = await telegram.say("Alice", "/maybe padel")
    assert reply["text"].endswith("Maybe, then. No seat is held for you.")
    shown = await telegram.say("Alice", "/event padel")
    assert "You said maybe." in shown["text"]
    assert (await telegram.say("Alice", "/queue"))["text"].startswith("You’re in no line.")
    await book(yoga, bob, guests=2, via=Via.CARD)
    await book(yoga, alice, guests=2, via=Via.CARD)
    reply = await telegram.say("Alice", "/queue")
    assert "1. Thu 26 Nov, 18:00 · 🧘 Evening yoga\nYou’re 1st in line." in reply["text"]


async def test_an_event_in_a_group_is_the_same_for_everybody(
    telegram: Telegram, yoga: str, alice: Any, account: Any
) -> None:
    """`M7`"""
    await are_in_group(account.group_id, alice)
    await book(yoga, alice, via=Via.CARD)
    reply = await telegram.say("Alice", "/event yoga", telegram.chat())
    assert "Evening yoga" in reply["text"] and "3 free" in reply["text"] and "you" not in reply["text"]


async def test_events_come_in_pages(telegram: Telegram, alice: Any, instance: Make, noon: datetime) -> None:
    """A number means the same on each page."""
    await instance(title="Tea", rule="FREQ=DAILY;COUNT=23", capacity=4)
    listed = await telegram.say("Alice", "/events")
    assert ["Later →"] in buttons(listed)
    await telegram.tap("Alice", listed, "Later →")
    second = telegram.last(telegram.person("Alice").private)
    assert "11. 18:00 · 🧘 Tea" in second["text"] and ["← Earlier", "Later →"] in buttons(second)
    await telegram.tap("Alice", second, "Later →")
    third = telegram.last(telegram.person("Alice").private)
    assert buttons(third)[:2] == [["21", "22", "23"], ["← Earlier"]]
    reply = await telegram.say("Alice", "/book 21")
    assert "Wed 16 Dec" in reply["text"]


async def test_events_of_one_club(telegram: Telegram, alice: Any, olga: Any, yoga: str) -> None:
    await db.execute_single(
        "WITH a AS (INSERT INTO accounts (name, zone, language, created_at) VALUES ('Runners', 'UTC', 'en', now()) RETURNING id)"
        " INSERT INTO memberships (account_id, user_id, name, role, joined_through, joined_at, checked_at)"
        " SELECT id, $1, '', 'MEMBER', 'key', now(), now() FROM a",
        alice.id,
    )
    listed = await telegram.say("Alice", "/events")
    assert ["✓ All clubs", "Kallio Yoga"] in buttons(listed) or ["✓ All clubs", "Runners"] in buttons(listed)
    await telegram.tap("Alice", listed, "Runners")
    assert "No upcoming events." in telegram.last(telegram.person("Alice").private)["text"]


async def test_vote_by_words(telegram: Telegram, olga: Any, account: Any, alice: Any) -> None:
    tea = PollDraft(question="Which tea?", options=(OptionDraft("Green"), OptionDraft("Black")))
    code = await create_poll(olga, account.id, tea)
    await telegram.say("Alice", "/vote green")
    assert [option.votes for option in (await poll(code, olga)).options] == [1, 0]
    shown = await telegram.say("Alice", "/vote tea")
    assert "Which tea?" in shown["text"] and ["✓ Green · 1"] in buttons(shown)
    await telegram.say("Alice", "/vote tea black")
    assert [option.votes for option in (await poll(code, olga)).options] == [0, 1]
    assert "Which tea?" in (await telegram.say("Alice", "/vote coffee"))["text"]


@pytest.mark.parametrize(
    "command", ["book", "maybe", "event", "events", "leave", "guests", "calendar", "queue", "vote"]
)
async def test_words_that_name_nothing_are_said_first(
    telegram: Telegram, olga: Any, account: Any, yoga: str, alice: Any, bob: Any, command: str
) -> None:
    """Then comes what there is. Words are text: `<pizza>` is no markup."""
    poll = PollDraft(question="When?", options=(OptionDraft("A"), OptionDraft("B")))
    await create_poll(olga, account.id, poll)
    if command == "queue":
        await book(yoga, bob, guests=2, via=Via.CARD)
    await book(yoga, alice, guests=2, via=Via.CARD)
    said = await telegram.say("Alice", f"/{command} the <pizza>")
    first, _, rest = said["text"].partition("”.")
    assert first == "I found nothing for “<pizza>"
    assert rest == " Which one do you mean?" or (rest.startswith("\n\n") and "\n1. " in rest)


async def test_queue_by_words(
    telegram: Telegram, yoga: str, instance: Make, alice: Any, bob: Any, noon: datetime
) -> None:
    padel = await instance(title="Padel evening", capacity=1, guests_max=0)
    for code in (yoga, padel):
        await book(code, bob, guests=2 if code == yoga else 0, via=Via.CARD)
        await book(code, alice, guests=2 if code == yoga else 0, via=Via.CARD)
    both = (await telegram.say("Alice", "/queue"))["text"]
    assert "Evening yoga" in both and "Padel evening" in both
    one = (await telegram.say("Alice", "/queue yoga"))["text"]
    assert "Evening yoga" in one and "Padel" not in one and "found nothing" not in one


async def test_leaving_a_club_asks_first(telegram: Telegram, yoga: str, alice: Any) -> None:
    await book(yoga, alice, via=Via.CARD)
    listed = await telegram.say("Alice", "/myclubs")
    assert "Kallio Yoga · Member" in listed["text"]
    await telegram.tap("Alice", listed, "Leave Kallio Yoga")
    asked = telegram.last(telegram.person("Alice").private)
    assert "Your seat on 1 upcoming date goes to others." in asked["text"]
    await telegram.tap("Alice", asked, "Back")
    assert await seats(yoga, alice) == (1, ())
    await telegram.tap("Alice", telegram.last(telegram.person("Alice").private), "Leave Kallio Yoga")
    asked = telegram.last(telegram.person("Alice").private)
    assert (await telegram.tap("Alice", asked, "Leave the club"))["text"] == "You’ve left Kallio Yoga."
    assert await joined_accounts(alice) == []


async def test_a_copy_of_ones_data_and_being_erased(telegram: Telegram, yoga: str, alice: Any) -> None:
    """`A7`"""
    shown = await telegram.say("Alice", "/privacy")
    await telegram.tap("Alice", shown, "Send me my data")
    room = telegram.person("Alice").private
    assert telegram.calls("sendDocument")[-1]["params"]["chat_id"] == str(room.id)
    await telegram.tap("Alice", shown, "Erase me")
    asked = find(room, shown)
    assert asked["text"].startswith("Erase you from every club?")
    await telegram.tap("Alice", asked, "Erase me now")
    assert await person(alice.id) is None
    assert find(room, shown)["text"].startswith("You are erased.") and find(room, shown)["buttons"] == []


def find(room: Any, message: Any) -> Any:
    """The message as it stands there now."""
    return next(each for each in room.messages() if each["id"] == message["id"])


async def test_the_only_owner_is_told_what_to_do_first(telegram: Telegram, olga: Any) -> None:
    shown = await telegram.say("Olga", "/privacy")
    answer = await telegram.tap("Olga", shown, "Erase me")
    assert answer["show_alert"] and "owner" in answer["text"]


async def test_cancel(telegram: Telegram, yoga: str, alice: Any) -> None:
    assert (await telegram.say("Alice", "/cancel"))["text"] == "There was nothing to stop."
    await telegram.say("Alice", "/book everything +Anna")
    assert (await telegram.say("Alice", "/cancel"))["text"] == "Stopped. Nothing was saved."


async def test_names_are_forgotten_after_a_while(telegram: Telegram, yoga: str, alice: Any) -> None:
    """The guest comes all the same."""
    asked = await telegram.say("Alice", "/book everything +Anna")
    clock.advance(timedelta(minutes=31))
    await telegram.tap("Alice", asked, "Thu 26 Nov")
    assert await seats(yoga, alice) == (2, ())


async def test_the_clubs_name_is_no_booking(
    telegram: Telegram, instance: Make, noon: datetime, alice: Any
) -> None:
    """ "yoga" is in the name of Kallio Yoga, and says nothing about the only booking, a run."""
    code = await instance(title="Morning run")
    await book(code, alice, via=Via.CARD)
    asked = await telegram.say("Alice", "/leave yoga")
    assert "Which one do you mean?" in asked["text"] and await seats(code, alice) == (1, ())
    assert "You’ve left." in (await telegram.say("Alice", "/leave run"))["text"]
