"""What people typed stays words in what the bot writes: Telegram finds no link, mention or command in it."""

import dataclasses
import json
import pathlib
import re
from datetime import timedelta
from typing import Any

import pytest

from backend import clock
from backend.i18n import N_, Voice, Words
from backend.typed_text import unlinked
from tests.views import START, at_this_moment, instance_view, own_booking

DATA = pathlib.Path(__file__).parent.parent / "sandbox" / "data"
TYPED = [
    case["text"]
    for name in ("found_entities.json", "more_found_entities.json")
    for case in json.loads((DATA / name).read_text(encoding="utf-8"))
    if case["entities"] and case["entities"][0][0] != "BankCardNumber"
]

# where a template shows or hands on what people typed; a question whether there is any shows nothing
TYPED_VALUE = re.compile(
    r"(?:\{\{ |[=,] ?)(?:\w+\.)+(?:title|club|name|account_name|first_name|question|place|group_title|cancel_reason|cancelled_by)"
    r"\b(?!\|unlinked)"
)


def sent(message: Any) -> list[dict[str, Any]]:
    """The entities of a message once it is sent."""
    from sandbox.entities import normalize_text
    from sandbox.markup import read_html

    return normalize_text(*read_html(message.text))[1]


def kinds(message: Any) -> list[str]:
    return [entity["type"] for entity in sent(message)]


def render_card(typed: str, *, state: str = "open") -> Any:
    from backend.bookings.queries.people import Attendee, People
    from backend.seats.state import InstanceState
    from bot.cards import render_event_card

    comers = [Attendee(1, 1, name, "", "in", 2, 0, None, START, None) for name in (typed, "Bob", typed)]
    cancelled: dict[str, Any] = {
        "state": InstanceState.CANCELLED,
        "cancelled_by": typed,
        "cancel_reason": typed,
    }
    more: dict[str, Any] = cancelled if state == "cancelled" else {}
    with clock.stopped(START - timedelta(days=1)):
        view = at_this_moment(dataclasses.replace(instance_view(title=typed, place=typed), **more))
        return render_event_card(view, None, People(comers, 9), Voice("en"), private=False)


@pytest.mark.parametrize("typed", TYPED, ids=ascii)
def test_a_name_is_no_link(typed: str) -> None:
    from sandbox.found_entities import find_entities

    assert find_entities(typed)
    assert not find_entities(unlinked(typed))
    assert unlinked(typed).replace("\u2060", "") == typed.replace("\u2060", "")


@pytest.mark.parametrize("state", ["open", "cancelled"])
@pytest.mark.parametrize(
    "typed", ["casino.com", "t.me/x", "@olga", "/join", "#salsa", "$EUR", "a@club.fi", "tg://x"]
)
def test_a_card_has_the_entities_of_one_with_plain_words(typed: str, state: str) -> None:
    assert kinds(render_card(typed, state=state)) == kinds(render_card("Salsa", state=state))


def test_a_link_that_an_organiser_wrote_stays_one() -> None:
    assert unlinked("see https://club.fi/x or club.fi", keep=True) == "see https://club.fi/x or club.\u2060fi"
    assert unlinked("https://club.fi") == "https:\u2060/\u2060/\u2060club.\u2060fi"


def test_the_option_in_an_answer_is_no_link() -> None:
    from bot.rendering import render_words

    words = Words(N_("%(option)s: yes. Tap again for “if need be”."), {"option": "casino.com"})
    assert not sent(render_words(words, Voice("en")))


@pytest.mark.parametrize("language", ["en", "fi", "ru"])
def test_words_beside_a_time_are_bold_and_the_time_shows_in_each_readers_own(language: str) -> None:
    from bot.rendering import render

    with clock.stopped(START - timedelta(hours=6)):
        held = own_booking(seats=0, offered=2, offer_until=START - timedelta(hours=5))
        view = at_this_moment(instance_view(booked=10, offered=2, mine=held))
        message = render("_standing.html", Voice(language), view=view)
        offer = render("messages/offer.html", Voice(language), view=view)
    assert "<b><tg-time" not in message.text + offer.text
    for each in (message, offer):
        assert sorted(kinds(each)) == ["bold", "date_time"]


def test_no_template_shows_what_people_typed_as_it_is() -> None:
    """Those of the bot, and those of what the Mini App sends into chats."""
    from bot.rendering import TEMPLATES
    from webapp.rendering import HERE

    sent_by_the_app = sorted((HERE / "miniapp").rglob("shared.html"))
    assert len(sent_by_the_app) == 2
    shown = [
        f"{path.name}: {found[0]}"
        for path in [*sorted(TEMPLATES.rglob("*.html")), *sent_by_the_app]
        for found in TYPED_VALUE.finditer(path.read_text(encoding="utf-8"))
        if not found[0].endswith(("mine.place", "party.place"))  # in line
    ]
    assert not shown
