"""Cards of instances and polls: every state in each language, any text, and Telegram's limits (`C3`,
`C4`)."""

import dataclasses
from datetime import timedelta
from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion

from backend import clock
from backend.i18n import Voice
from backend.seats.state import InstanceState
from tests.snapshots import in_each_language
from tests.views import START, at_this_moment, instance_view, own_booking, promotion, with_availability


def changed(view: Any, **fields: Any) -> Any:
    """The same view with other values, and the availability that follows from them."""
    return with_availability(dataclasses.replace(view, **fields))


def windows(opens: int | None = None, closes: int = 0, leave: int | None = None) -> Any:
    from backend.seats.windows import Windows

    return Windows.around(START, opens, closes, leave)


def people(*parties: tuple[str, int], more: int = 0) -> Any:
    from backend.bookings.queries.people import Attendee, People

    comers = [Attendee(1, 1, name, "", "in", seats, 0, None, START, None) for name, seats in parties]
    return People(comers, sum(seats for _, seats in parties) + more)


def render_card(view: Any, attendees: Any = None, following: Any = None, *, language: str = "en") -> Any:
    """The card in a group, a day before the start."""
    from bot.cards import render_event_card

    with clock.stopped(START - timedelta(days=1)):
        view, following = at_this_moment(view), following and at_this_moment(following)
        return render_event_card(
            view, following, attendees or people(), Voice(language, view.account_zone), private=False
        )


def card_texts(view: Any, attendees: Any = None, following: Any = None) -> str:
    """The card in a group, in each language."""
    return in_each_language(lambda language: render_card(view, attendees, following, language=language))


def labels(message: Any) -> list[list[str]]:
    """The texts of the buttons, row by row."""
    return [[button.text for button in row] for row in message.rows]


NINE = (
    ("Aino", 1),
    ("Mikko", 2),
    ("Светлана", 1),
    ("Bob", 1),
    ("Maija", 1),
    ("Leena", 1),
    ("Väinö", 2),
)


def test_open(snapshot: SnapshotAssertion) -> None:
    view = instance_view()
    assert card_texts(view, people(*NINE)) == snapshot
    card = render_card(view, people(*NINE))
    assert labels(card) == [["Join", "+1", "Leave"], ["Open in Emerald ↗"]]
    assert [button.style for button in card.rows[0]] == ["primary", None, None]


def test_an_event_in_another_zone_than_the_clubs_names_it() -> None:
    """S3: a group reads the club's clock."""
    view = instance_view(zone="Asia/Tokyo", min_to_run=6, booked=2, decides_at=START - timedelta(hours=3))
    for language, city in (("en", "Tokyo"), ("fi", "Tokio"), ("ru", "Токио")):
        text = render_card(view, people(("Aino", 2)), language=language).text
        assert text.count(f" ({city})") == 2, text
    assert "(Helsinki)" not in render_card(instance_view(), people(("Aino", 1))).text


def test_full_with_a_waitlist(snapshot: SnapshotAssertion) -> None:
    view, attendees = instance_view(booked=12, waiting=4), people(*NINE, ("A", 1), more=2)
    assert card_texts(view, attendees) == snapshot
    card = render_card(view, attendees)
    assert card.text.endswith(
        'Väinö +1 and <a href="https://t.me/emerald_test_bot/app?startapp=e_abcdefghjk">3 more</a>'
    )
    assert labels(card) == [["Wait for a seat", "+1", "Leave"], ["Open in Emerald ↗"]]


def test_newcomers_wait_behind_the_waitlist_although_a_seat_is_free(snapshot: SnapshotAssertion) -> None:
    """`B4`: the head of the waitlist needs two seats."""
    view = instance_view(booked=11, waiting=1)
    assert card_texts(view) == snapshot
    assert labels(render_card(view))[0][0] == "Wait for a seat"
    assert labels(render_card(instance_view(booked=11, waiting=1, fill_gaps=True)))[0][0] == "Join"


def test_empty_and_without_limit(snapshot: SnapshotAssertion) -> None:
    view = instance_view(booked=0, capacity=None, guests_max=0, place="")
    assert card_texts(view) == snapshot
    assert labels(render_card(view)) == [["Join"], ["Open in Emerald ↗"]]


def test_over_its_capacity(snapshot: SnapshotAssertion) -> None:
    """`W4`"""
    assert card_texts(instance_view(booked=14, over=2)) == snapshot


def test_not_open_yet(snapshot: SnapshotAssertion) -> None:
    """`B5`"""
    view = instance_view(booked=0, windows=windows(opens=60))
    assert card_texts(view) == snapshot
    assert labels(render_card(view)) == [["Open in Emerald ↗"]]


def test_closed(snapshot: SnapshotAssertion) -> None:
    view = instance_view(windows=windows(closes=3000))
    assert card_texts(view, people(*NINE)) == snapshot
    assert labels(render_card(view)) == [["Leave"], ["Open in Emerald ↗"]]
    late = render_card(instance_view(windows=windows(closes=3000, leave=3000)))
    assert labels(late) == [["Open in Emerald ↗"]]


def test_ended(snapshot: SnapshotAssertion) -> None:
    """An ended instance leads to the next one, if there is one."""
    over = instance_view(state=InstanceState.COMPLETED, booked=11, came=11)
    following = instance_view(code="nextnextne", starts_at=START + timedelta(days=7))
    assert card_texts(over, following=following) == snapshot(name="next")
    card = render_card(over, following=following)
    assert labels(card) == [["See Tue 1 Dec ↗"]]
    assert card.rows[0][0].url.endswith("startapp=e_nextnextne")
    assert card_texts(over) == snapshot(name="last")
    alone = render_card(over)
    assert alone.text.endswith("11 came.") and labels(alone) == [["Open in Emerald ↗"]]
    assert card_texts(over, following=changed(following, booked=12)) == snapshot(name="next-is-full")


def test_cancelled(snapshot: SnapshotAssertion) -> None:
    """`S5`"""
    view = instance_view(
        state=InstanceState.CANCELLED, cancelled_by="Olga", cancel_reason="A pipe <burst> & all."
    )
    assert card_texts(view) == snapshot
    card = render_card(view)
    assert "“A pipe &lt;burst&gt; &amp; all.”" in card.text
    assert labels(card) == [["Open in Emerald ↗"]]


def test_moved(snapshot: SnapshotAssertion) -> None:
    """`S6`: names the former hour, and the former day if that was another."""
    hour = timedelta(hours=1)
    assert card_texts(instance_view(moved_from=START - 2 * hour), people(*NINE)) == snapshot(name="same-day")
    assert card_texts(instance_view(moved_from=START - 24 * hour)) == snapshot(name="other-day")
    assert "was" not in render_card(instance_view(moved_from=START)).text, "moved back is not moved"


def test_a_minimum_that_is_not_reached(snapshot: SnapshotAssertion) -> None:
    """`S7`: until it is reached, or decided."""
    few = instance_view(booked=7, min_to_run=8, decides_at=START - timedelta(hours=2))
    assert card_texts(few) == snapshot
    assert "at least 8 needed" in render_card(few).text
    for settled in ({"booked": 8}, {"decided_at": START - timedelta(hours=2)}):
        assert "runs if" not in render_card(changed(few, **settled)).text


def test_a_card_is_in_the_language_of_its_club() -> None:
    """Dates and hours too; names are never inflected."""
    card = render_card(instance_view(booked=12, waiting=1), people(*NINE, ("A", 1), more=2), language="fi")
    assert "ti 24.11." in card.text and "18.00–19.15" in card.text
    assert "<b>Täynnä</b> · 12/12 · 1 jonossa" in card.text
    assert labels(card)[0] == ["Menen jonoon", "+1", "Peru"]


def test_the_same_card_has_the_same_digest() -> None:
    """`C2`: no edit when nothing changed; any difference that Telegram would see is one."""
    assert render_card(instance_view()).digest == render_card(instance_view()).digest
    assert render_card(instance_view()).digest != render_card(instance_view(booked=8)).digest
    assert render_card(instance_view()).digest != render_card(instance_view(guests_max=0)).digest


@pytest.mark.parametrize("hidden", [True, False], ids=["hidden", "live"])
def test_a_poll_card(hidden: bool, snapshot: SnapshotAssertion) -> None:
    """`P1`: hidden results show no bars, no votes, and no places left but none."""
    from backend.polls.rules import PollKind, ResultVisibility
    from backend.polls.views import OptionView, PollView
    from bot.cards import render_poll_card

    def option(n: int, text: str, votes: int, most: int | None = None) -> Any:
        shown = 0 if hidden else votes
        return OptionView(n, n, text, shown, most, full=votes == most, mine=False)

    poll = PollView(
        now=START - timedelta(days=1),
        id=1,
        code="pollcodexx",
        account_id=1,
        account_name="Kallio Yoga",
        account_language="en",
        zone="Europe/Helsinki",
        question="What do <we> cook?",
        kind=PollKind.SINGLE,
        choices_max=1,
        anonymous=False,
        results=ResultVisibility.CLOSED if hidden else ResultVisibility.LIVE,
        closes_at=START,
        closed_at=None,
        group_id=1,
        topic_id=None,
        voters=27,
        electors=41,
        version=1,
        options=(option(1, "Stew", 12), option(2, "Soup", 8, 8), option(3, "Пельмени", 7, 8)),
        role=None,
        voted=False,
        visible=not hidden,
        open=True,
    )
    with clock.stopped(START - timedelta(days=1)):
        card = render_poll_card(poll, Voice("en"), private=False)
        texts = in_each_language(lambda language: render_poll_card(poll, Voice(language), private=False))
    assert texts == snapshot
    assert "What do &lt;we&gt; cook?" in card.text
    if hidden:
        assert "· Stew\n· Soup (no place left)\n· Пельмени\n" in card.text
        assert labels(card)[0] == ["Stew"]
    else:
        assert "▰▰▰▰▱▱▱▱ 12 · Stew\n" in card.text and "7 · Пельмени (1 place left)" in card.text
        assert labels(card)[:2] == [["Stew · 12"], ["Soup · 8"]]


def test_shortened_texts_end_after_a_word_and_in_whole_characters() -> None:
    from bot.rendering import shorten

    assert shorten("short", 48) == "short"
    assert shorten("one two three", 9) == "one two…"
    smiles = shorten("🧘" * 40, 21)
    assert smiles == "🧘" * 10 + "…"


async def test_any_text_fits(telegram: Any, olga: Any, account: Any, instance: Any, crowd: Any) -> None:
    """`C4`: 500 participants, a title full of markup, everything as long as it may be; Telegram takes it."""
    from backend.bookings.actions import book
    from backend.cards.queries import cards_of
    from backend.outbox.states import SendResult
    from backend.polls.actions import create_poll, find_poll
    from backend.polls.drafts import OPTION_MAX, OPTIONS_MAX, QUESTION_MAX, OptionDraft, PollDraft
    from backend.seats.requests import Via
    from bot import cards
    from bot.delivery.client import post

    nasty = "<b>&amp;\"'🧘</tg-time>"
    code = await instance(
        title=(nasty * 9)[:120],
        place=(nasty * 9)[:160],
        capacity=500,
        map_url="https://x.fi/?a=1&b=2",
    )
    for person in await crowd(150):
        await book(code, person, guests=2, via=Via.CARD)
    from backend.events.queries import find_instance

    found = await find_instance(code)
    card = await cards.render_card(instance_id=found.id, poll_id=None)
    assert card is not None
    assert (await post(telegram.bot, account.chat_id, card.message)).result is SendResult.DONE
    message = telegram.last(telegram.chat())
    assert message["text"].endswith(" and 429 more")
    assert nasty in message["text"].replace("\u2060", "")
    assert await cards_of(instance_id=found.id) == []

    options = tuple(OptionDraft(f"{n} {nasty * 9}"[:OPTION_MAX], 100_000) for n in range(OPTIONS_MAX))
    draft = PollDraft(question=(nasty * 20)[:QUESTION_MAX], options=options)
    poll = await find_poll(await create_poll(olga, account.id, draft))
    card = await cards.render_card(instance_id=None, poll_id=poll.id)
    assert card is not None
    answer = await post(telegram.bot, account.chat_id, card.message)
    assert answer.result is SendResult.DONE, answer.reason


# --- freed seats, in the group ---

LATE = windows(leave=48 * 60)  # to leave is no longer free


def test_a_seat_for_the_first_tap(snapshot: SnapshotAssertion) -> None:
    """`W3`: in the last two hours, while others wait."""
    last = instance_view(booked=11, waiting=3, promotion=promotion(first_tap=3000), windows=LATE)
    assert card_texts(last) == snapshot
    card = render_card(last)
    assert "3 in line · first to tap gets it" in card.text
    assert labels(card) == [["Take the seat"], ["Open in Emerald ↗"]]
    assert card.rows[0][0].style == "primary"
    assert labels(render_card(changed(last, booked=10)))[0] == ["Take the seats"]
    nobody_waits = render_card(changed(last, waiting=0))
    assert "first to tap" not in nobody_waits.text and labels(nobody_waits)[0] == ["Join", "+1", "Leave"]


def test_a_seat_whose_holder_looks_for_a_replacement(snapshot: SnapshotAssertion) -> None:
    """`B6`: without a name; while nobody waits, the first tap takes it."""
    full = instance_view(booked=12, releasing=1, windows=LATE)
    assert card_texts(full) == snapshot(name="nobody-waits")
    assert labels(render_card(full)) == [["Take the seat"], ["Open in Emerald ↗"]]
    far = changed(full, waiting=2, promotion=promotion(offers=60, first_tap=30))
    assert card_texts(far) == snapshot(name="the-waitlist-comes-first")
    assert "taken over" not in render_card(far).text and labels(render_card(far))[0][0] == "Wait for a seat"
    near = changed(full, waiting=2, promotion=promotion(offers=3000))
    assert card_texts(near) == snapshot(name="first-tap")


def test_voters_have_the_first_claim(snapshot: SnapshotAssertion) -> None:
    """`P4`"""
    assert card_texts(instance_view(claim_until=START - timedelta(hours=20))) == snapshot
    assert "claim" not in render_card(instance_view(claim_until=START - timedelta(hours=30))).text


# --- in the private chat, with the reader's own seat ---

OPENS = ["Open in Emerald"]


def render_private(view: Any, *, hours: float = 24, regular: bool = False, language: str = "en") -> Any:
    """The message in the reader's private chat, that many hours before the start."""
    from bot.cards import render_event_card

    with clock.stopped(START - timedelta(hours=hours)):
        return render_event_card(
            at_this_moment(view), None, people(), Voice(language), private=True, regular=regular
        )


def private_texts(view: Any, *, hours: float = 24, regular: bool = False) -> str:
    """The same in each language."""
    return in_each_language(
        lambda language: render_private(view, hours=hours, regular=regular, language=language)
    )


def test_an_offer(snapshot: SnapshotAssertion) -> None:
    """`W3`: says when it expires and what happens then; after that it is gone, expired by the clock or not
    yet."""
    until = START - timedelta(hours=5, minutes=28)
    held = own_booking(seats=0, offered=2, offer_until=until)
    view = instance_view(booked=10, offered=2, mine=held)
    assert private_texts(view, hours=6) == snapshot(name="held")
    offer = render_private(view, hours=6)
    assert f'<tg-time unix="{int(until.timestamp())}">12:32</tg-time>' in offer.text
    assert labels(offer) == [["Take the seats", "Pass on"], ["+1", "Leave"], OPENS]
    assert private_texts(view, hours=5) == snapshot(name="expired")
    assert labels(render_private(view, hours=5)) == [["+1", "Leave"], OPENS]
    more = instance_view(mine=own_booking(offered=1, offer_until=until))
    assert private_texts(more, hours=6) == snapshot(name="one-more-seat")
    beside = render_private(more, hours=6)
    assert "1 seat is yours. \n" not in beside.text and "1 seat is yours." in beside.text
    assert labels(beside)[0] == ["Take the seat", "Pass on"]


def test_waiting(snapshot: SnapshotAssertion) -> None:
    """`W1`, `W5`: only what can be taken now is offered."""
    own = own_booking(seats=0, waiting=2, place=1)
    full = instance_view(booked=12, waiting=1, mine=own, promotion=promotion())
    assert private_texts(full, hours=30) == snapshot(name="nothing-is-free")
    assert labels(render_private(full, hours=30)) == [["+1", "Leave"], OPENS]
    part = changed(full, booked=11)
    assert private_texts(part, hours=30) == snapshot(name="one-of-two-is-free")
    assert labels(render_private(part, hours=30))[0] == ["Take 1 now"]
    behind = changed(part, waiting=2, mine=dataclasses.replace(own, place=2))
    assert labels(render_private(behind, hours=30)) == [["+1", "Leave"], OPENS]
    assert labels(render_private(behind, hours=1))[0] == ["Take 1 now"]
    both = changed(full, booked=10)
    assert private_texts(both, hours=1) == snapshot(name="both-for-the-first-tap")
    assert labels(render_private(both, hours=1))[0] == ["Take the seats"]


def test_waiting_for_more(snapshot: SnapshotAssertion) -> None:
    """`B6`: the waitlist can be left at any time, and the seat kept."""
    part = own_booking(waiting=1, place=1)
    late = instance_view(booked=12, waiting=1, mine=part, promotion=promotion(), windows=LATE)
    assert private_texts(late) == snapshot
    assert labels(render_private(late))[0] == ["Stop waiting for more"]
    seated = instance_view(mine=own_booking(), windows=LATE)
    assert "Stop waiting for more" not in str(labels(render_private(seated)))


def test_more_people_than_seats(snapshot: SnapshotAssertion) -> None:
    """`B6`, `W4`: everyone in may leave freely, however late."""
    late = instance_view(booked=14, over=2, mine=own_booking(), windows=LATE)
    assert private_texts(late) == snapshot
    assert labels(render_private(late)) == [["+1", "Leave"], OPENS]
    releasing = changed(late, mine=own_booking(is_releasing=True))
    assert labels(render_private(releasing)) == [["Keep my seat", "Leave"], OPENS]


def test_too_late_to_leave(snapshot: SnapshotAssertion) -> None:
    """`B6`: a replacement can be looked for until the start, and the seat kept after all."""
    late = instance_view(mine=own_booking(), windows=LATE)
    assert private_texts(late) == snapshot(name="seated")
    assert labels(render_private(late)) == [["+1", "Find my replacement"], OPENS]
    releasing = instance_view(mine=own_booking(seats=2, is_releasing=True), windows=LATE)
    assert private_texts(releasing) == snapshot(name="looking-for-a-replacement")
    assert labels(render_private(releasing)) == [["Keep my seat"], OPENS]
    promoted = own_booking(is_releasing=True, promoted_at=START - timedelta(hours=30))
    assert private_texts(instance_view(mine=promoted, windows=LATE)) == snapshot(name="promoted-late")
    assert labels(render_private(late, hours=-0.5)) == [OPENS]


def test_a_moved_instance(snapshot: SnapshotAssertion) -> None:
    """`S6`"""
    view = instance_view(mine=own_booking(needs_move_answer=True))
    assert private_texts(view) == snapshot
    assert labels(render_private(view)) == [["Still coming", "Not this time"], OPENS]


def test_answers(snapshot: SnapshotAssertion) -> None:
    """`B11`, `B13`"""
    assert private_texts(instance_view()) == snapshot(name="none-yet")
    assert labels(render_private(instance_view()))[:2] == [["Join", "+1"], ["Maybe", "I can’t come"]]
    maybe = instance_view(mine=own_booking(answer="maybe", seats=0))
    assert private_texts(maybe) == snapshot(name="maybe")
    assert labels(render_private(maybe))[1] == ["I can’t come"]
    seated = instance_view(mine=own_booking())
    assert private_texts(seated, regular=True) == snapshot(name="regular")
    assert labels(render_private(seated, regular=True))[0] == ["+1", "Not this week"]
    assert labels(render_private(seated))[0] == ["+1", "Leave"]
