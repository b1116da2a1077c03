"""What people are called in lists (`X10`)."""

from typing import Any

import pytest

from backend import db
from backend.bookings.actions import book
from backend.bookings.queries.event import event
from backend.bookings.queries.people import attendees_for
from backend.i18n import Voice, Words
from backend.people.names import tell_apart
from backend.seats.requests import Via
from backend.typed_text import isolate, unlinked
from bot.cards import render_event_card
from bot.rendering import render_words

FSI, PDI = "\u2068", "\u2069"
HEBREW = "דנה"


async def rename(person: Any, first: str, last: str) -> None:
    await db.execute(
        "UPDATE telegram_users SET first_name = $2, last_name = $3 WHERE id = $1", person.id, first, last
    )


@pytest.mark.parametrize(
    ("people", "names"),
    [
        ([("Anna", "Korhonen"), ("Bob", "Smith")], ["Anna", "Bob"]),
        ([("Anna", "Korhonen"), ("anna", "virtanen")], ["Anna K.", "anna V."]),
        ([("Anna", "Korhonen"), ("Anna", "")], ["Anna K.", "Anna"]),
        ([("Anna", "Äijälä"), ("Anna", "🌱")], ["Anna Ä.", "Anna"]),
        ([], []),
    ],
)
def test_two_of_one_first_name_are_told_apart(people: list[tuple[str, str]], names: list[str]) -> None:
    assert list(tell_apart(dict(enumerate(people))).values()) == names


async def test_two_annas_on_a_card_are_told_apart(instance: Any, alice: Any, bob: Any, olga: Any) -> None:
    await rename(alice, "Anna", "Korhonen")
    await rename(bob, "Anna", "Virtanen")
    code = await instance()
    for person in (alice, bob, olga):
        await book(code, person, via=Via.MINIAPP)
    view = await event(code, alice)
    people = await attendees_for(view)
    assert [one.short_name for one in people.comers] == ["Anna K.", "Anna V.", "Olga"]
    card = render_event_card(view, None, people, Voice("en"), private=False)
    assert card.text.endswith("Anna K., Anna V., Olga")


@pytest.mark.parametrize(
    ("typed", "isolated"),
    [
        ("Anna", "Anna"),
        ("Väinö ☕ 2", "Väinö ☕ 2"),
        ("Светлана", "Светлана"),
        (HEBREW, f"{FSI}{HEBREW}{PDI}"),
        ("فاطمة", f"{FSI}فاطمة{PDI}"),
        ("Bob\u202ekcul", f"{FSI}Bobkcul{PDI}"),  # stored before names were cleaned
        (f"a{PDI}b", f"{FSI}ab{PDI}"),
        (f"{HEBREW}\n\n{HEBREW}", f"{FSI}{HEBREW}{PDI}\n\n{FSI}{HEBREW}{PDI}"),
        ("", ""),
    ],
)
def test_what_turns_its_neighbours_is_isolated(typed: str, isolated: str) -> None:
    assert isolate(typed) == isolated
    assert unlinked(typed) == isolated


def test_names_in_sentences_are_isolated_too() -> None:
    words = Words("%(name)s has %(n)s seat.", {"name": HEBREW}, "%(name)s has %(n)s seats.", 2)
    assert Voice("en").translate(words) == f"{FSI}{HEBREW}{PDI} has 2 seats."
    assert render_words(words, Voice("en")).text == f"{FSI}{HEBREW}{PDI} has 2 seats."
    link = unlinked(f"{HEBREW} https://club.fi/{HEBREW}", keep=True)
    assert link == f"{FSI}{HEBREW} https://club.fi/{HEBREW}{PDI}"


async def test_a_name_on_a_card_does_not_turn_the_others(instance: Any, alice: Any, bob: Any) -> None:
    await rename(alice, HEBREW, "")
    code = await instance()
    await book(code, alice, via=Via.MINIAPP, guests=1)
    await book(code, bob, via=Via.MINIAPP)
    view = await event(code, bob)
    card = render_event_card(view, None, await attendees_for(view), Voice("en"), private=False)
    assert card.text.endswith(f"{FSI}{HEBREW} +1{PDI}, Bob")
