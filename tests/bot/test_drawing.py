"""How cards are drawn: every state, any text, and never more than Telegram takes (`C3`, `C4`)."""

import dataclasses
from datetime import timedelta
from typing import Any

import pytest

from backend import clock
from backend.i18n import Voice
from backend.seats.state import InstanceState
from tests.views import START, at_this_moment, instance_view, own_booking, promotion, with_availability


def changed(view: Any, **fields: Any) -> Any:
    """The same view with other values, and what follows from them."""
    return with_availability(dataclasses.replace(view, **fields))


def windows(opens: int | None = None, closes: int = 0, leave: int | None = None) -> Any:
    from backend.seats.windows import Windows

    return Windows.around(START, opens, closes, leave)


def people(*parties: tuple[str, int], more: int = 0) -> Any:
    from backend.bookings.queries.people import Attendee, People

    comers = [Attendee(1, 1, name, "", "in", seats, 0, None, START, None) for name, seats in parties]
    return People(comers, sum(seats for _, seats in parties) + more)


def draw(of: Any, who: Any = None, following: Any = None, *, language: str = "en") -> Any:
    from bot.cards import render_event_card

    with clock.stopped(START - timedelta(days=1)):
        of, following = at_this_moment(of), following and at_this_moment(following)
        return render_event_card(of, following, who or people(), Voice(language), private=False)


def words(sheet: Any) -> list[list[str]]:
    return [[button.text for button in row] for row in sheet.rows]


NINE = (
    ("Aino", 1),
    ("Mikko", 2),
    ("Светлана", 1),
    ("Bob", 1),
    ("Maija", 1),
    ("Leena", 1),
    ("Väinö", 2),
)
HEAD = (
    '🧘 <b>Evening flow yoga</b>\n🗓 <tg-time unix="1795536000">Tue 24 Nov, 18:00–19:15</tg-time>\n'
    "📍 Kallion kulttuuritalo, sali 2\n\n"
)


def test_open() -> None:
    sheet = draw(instance_view(), people(*NINE))
    assert sheet.text == (
        HEAD + "<b>3 free</b> · 9 of 12\nAino, Mikko +1, Светлана, Bob, Maija, Leena, Väinö +1"
    )
    assert words(sheet) == [["Join", "+1", "Leave"], ["Open in Emerald ↗"]]
    assert [button.style for button in sheet.rows[0]] == ["primary", None, None]


def test_full_with_a_line() -> None:
    parties = [*NINE, ("A", 1)]
    sheet = draw(instance_view(booked=12, waiting=4), people(*parties, more=2))
    assert "<b>Full</b> · 12 of 12 · 4 wait\n" in sheet.text
    assert sheet.text.endswith(
        'Väinö +1 and <a href="https://t.me/emerald_test_bot/app?startapp=e_abcdefghjk">3 more</a>'
    )
    assert words(sheet) == [["Wait for a seat", "+1", "Leave"], ["Open in Emerald ↗"]]


def test_a_free_seat_behind_a_line_is_waited_for() -> None:
    """`B4`: the head of the line needs two; newcomers wait behind it."""
    sheet = draw(instance_view(booked=11, waiting=1))
    assert "<b>1 free</b> · 11 of 12 · 1 waits" in sheet.text
    assert words(sheet)[0][0] == "Wait for a seat"
    assert words(draw(instance_view(booked=11, waiting=1, fill_gaps=True)))[0][0] == "Join"


def test_empty_and_without_limit() -> None:
    sheet = draw(instance_view(booked=0, capacity=None, guests_max=0, place=""))
    assert sheet.text.endswith("</tg-time>\n\n<b>Room for all</b>")
    assert words(sheet) == [["Join"], ["Open in Emerald ↗"]]


def test_over_its_capacity() -> None:
    """`W4`"""
    assert "<b>Full</b> · 14 of 12, over by 2" in draw(instance_view(booked=14, over=2)).text


def test_not_open_yet() -> None:
    """`B5`"""
    sheet = draw(instance_view(booked=0, windows=windows(opens=60)))
    assert "<b>Not open yet</b> · booking opens Tue 24 Nov, 17:00" in sheet.text
    assert words(sheet) == [["Open in Emerald ↗"]]


def test_closed() -> None:
    sheet = draw(instance_view(windows=windows(closes=3000)), people(*NINE))
    assert sheet.text == (
        '🧘 <b>Evening flow yoga</b> · <tg-time unix="1795536000">Tue 24 Nov, 18:00</tg-time>\n'
        "<b>Closed</b> · 9 of 12 come. An organiser can still add you."
    )
    assert words(sheet) == [["Leave"], ["Open in Emerald ↗"]]
    late = draw(instance_view(windows=windows(closes=3000, leave=3000)))
    assert words(late) == [["Open in Emerald ↗"]]


def test_ended() -> None:
    """The way on from what is over; without one, none is invented."""
    over = instance_view(state=InstanceState.COMPLETED, booked=11, came=11)
    following = instance_view(code="nextnextne", starts_at=START + timedelta(days=7))
    sheet = draw(over, following=following)
    assert sheet.text == (
        "🧘 <b>Evening flow yoga</b> · Tue 24 Nov\n<b>Ended</b> · 11 came. Next: Tue 1 Dec, 3 free."
    )
    assert words(sheet) == [["See Tue 1 Dec ↗"]]
    assert sheet.rows[0][0].url.endswith("startapp=e_nextnextne")
    alone = draw(over)
    assert alone.text.endswith("11 came.") and words(alone) == [["Open in Emerald ↗"]]
    full = draw(over, following=changed(following, booked=12))
    assert full.text.endswith("Next: Tue 1 Dec, full.")


def test_cancelled() -> None:
    """`S5`"""
    off = instance_view(
        state=InstanceState.CANCELLED, cancelled_by="Olga", cancel_reason="A pipe <burst> & all."
    )
    sheet = draw(off)
    assert sheet.text == (
        "🧘 <s><b>Evening flow yoga</b> · Tue 24 Nov, 18:00</s>\n"
        "<b>Cancelled</b> by Olga: “A pipe &lt;burst&gt; &amp; all.”"
    )
    assert words(sheet) == [["Open in Emerald ↗"]]


def test_moved() -> None:
    """`S6`: on the same day the hour it was, else the day too."""
    hour = timedelta(hours=1)
    sheet = draw(instance_view(moved_from=START - 2 * hour), people(*NINE))
    assert '🗓 Tue 24 Nov, <tg-time unix="1795536000"><b>18:00</b></tg-time> (was 16:00)\n📍' in sheet.text
    assert "<b>3 free</b> · 9 of 12 · everyone booked was asked\n" in sheet.text
    other_day = draw(instance_view(moved_from=START - 24 * hour))
    assert "</tg-time> (was Mon 23 Nov, 18:00)\n" in other_day.text
    assert "was" not in draw(instance_view(moved_from=START)).text, "moved back is not moved"


def test_a_minimum_that_is_not_reached() -> None:
    """`S7`: until it is reached, or decided."""
    few = instance_view(booked=7, min_to_run=8, decides_at=START - timedelta(hours=2))
    assert "<b>5 free</b> · 7 of 12 · runs if at least 8 come (decided Tue 24 Nov, 16:00)" in draw(few).text
    for settled in ({"booked": 8}, {"decided_at": START - timedelta(hours=2)}):
        assert "runs if" not in draw(changed(few, **settled)).text


def test_in_finnish() -> None:
    """The club's language; names are never inflected."""
    sheet = draw(instance_view(booked=12, waiting=1), people(*NINE, ("A", 1), more=2), language="fi")
    assert "ti 24.11." in sheet.text and "18.00–19.15" in sheet.text
    assert "<b>Täynnä</b> · 12/12 · 1 jonossa" in sheet.text
    assert words(sheet)[0] == ["Menen jonoon", "+1", "Peru"]


def test_the_same_card_has_the_same_digest() -> None:
    """`C2`: no edit when nothing changed; any difference that Telegram would see is one."""
    assert draw(instance_view()).digest == draw(instance_view()).digest
    assert draw(instance_view()).digest != draw(instance_view(booked=8)).digest
    assert draw(instance_view()).digest != draw(instance_view(guests_max=0)).digest


@pytest.mark.parametrize("hidden", [True, False])
def test_a_poll_card(hidden: bool) -> None:
    """`P1`: hidden results show no bars, no counts, and no places left but none."""
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
        club="Kallio Yoga",
        club_language="en",
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
        sheet = render_poll_card(poll, Voice("en"), private=False)
    assert sheet.text.startswith(
        "📊 <b>What do &lt;we&gt; cook?</b>\n"
        'Open vote · choose one · <tg-time unix="1795536000">until Tue 24 Nov, 18:00</tg-time>\n\n'
    )
    if hidden:
        assert "· Stew\n· Soup (no place left)\n· Пельмени\n" in sheet.text
        assert sheet.text.endswith("27 of 41 have voted · results show when it closes")
        assert words(sheet)[0] == ["Stew"]
    else:
        assert "▰▰▰▰▱▱▱▱ 12 · Stew\n" in sheet.text and "7 · Пельмени (1 place left)" in sheet.text
        assert words(sheet)[:2] == [["Stew · 12"], ["Soup · 8"]]


def test_shortened_texts_end_after_a_word_and_in_whole_characters() -> None:
    from bot.rendering import shorten

    assert shorten("short", 48) == "short"
    assert shorten("one two three", 9) == "one two…"
    smiles = shorten("🧘" * 40, 21)
    assert smiles == "🧘" * 10 + "…"


async def test_any_text_fits(telegram: Any, olga: Any, club: Any, instance: Any, crowd: Any) -> None:
    """`C4`: 500 participants, a title full of markup, everything as long as it may be; Telegram takes it."""
    from backend.bookings.actions import book
    from backend.cards.queries import cards_of
    from backend.polls.actions import create_poll, find_poll
    from backend.polls.drafts import OPTION_MAX, OPTIONS_MAX, QUESTION_MAX, OptionDraft, PollDraft
    from backend.seats.requests import Via
    from bot.cards import render_card as draw_card
    from bot.delivery.client import SendResult, post

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

    where = await find_instance(code)
    drawing = await draw_card(instance_id=where.id, poll_id=None)
    assert drawing is not None
    assert (await post(telegram.bot, club.chat_id, drawing.sheet)).fate is SendResult.DONE
    said = telegram.last(telegram.room())
    assert said["text"].endswith(" and 429 more") and nasty in said["text"]
    assert await cards_of(instance_id=where.id) == []

    options = tuple(OptionDraft(f"{n} {nasty * 9}"[:OPTION_MAX], 100_000) for n in range(OPTIONS_MAX))
    draft = PollDraft(question=(nasty * 20)[:QUESTION_MAX], options=options)
    poll = await find_poll(await create_poll(olga, club.id, draft))
    drawing = await draw_card(instance_id=None, poll_id=poll.id)
    assert drawing is not None
    answer = await post(telegram.bot, club.chat_id, drawing.sheet)
    assert answer.fate is SendResult.DONE, answer.why


# --- how a freed seat moves, on the card and in private ---


def private(of: Any, *, hours: float = 24, regular: bool = False) -> Any:
    """The sheet in the reader's own chat, so many hours before the start."""
    from bot.cards import render_event_card

    with clock.stopped(START - timedelta(hours=hours)):
        return render_event_card(
            at_this_moment(of), None, people(), Voice("en"), private=True, regular=regular
        )


OPENS = ["Open in Emerald"]
LATE = windows(leave=48 * 60)  # leaving is free no more


def test_the_first_tap_has_it() -> None:
    """`W3`: in the last two hours, while others wait."""
    last = instance_view(booked=11, waiting=3, promotion=promotion(first_tap=3000), windows=LATE)
    sheet = draw(last)
    assert "<b>1 free</b> · 11 of 12 · 3 wait · first tap has it" in sheet.text
    assert words(sheet) == [["Take the seat"], ["Open in Emerald ↗"]]
    assert sheet.rows[0][0].style == "primary"
    assert words(draw(changed(last, booked=10)))[0] == ["Take the seats"]
    nobody = draw(changed(last, waiting=0))
    assert "first tap" not in nobody.text and words(nobody)[0] == ["Join", "+1"]


def test_a_seat_whose_holder_looks_for_a_replacement() -> None:
    """`B6`: calm, and without a name; while nobody waits, a tap has it."""
    full = instance_view(booked=12, releasing=1, windows=LATE)
    sheet = draw(full)
    assert "<b>Full</b> · 12 of 12 · 1 can be taken over" in sheet.text
    assert words(sheet) == [["Take the seat"], ["Open in Emerald ↗"]]
    far = draw(changed(full, waiting=2, promotion=promotion(offers=60, first_tap=30)))
    assert "taken over" not in far.text and words(far)[0][0] == "Wait for a seat"
    near = draw(changed(full, waiting=2, promotion=promotion(offers=3000)))
    assert "<b>Full</b> · 12 of 12 · 1 can be taken over · 2 wait · first tap has it" in near.text


def test_who_voted_has_the_first_claim() -> None:
    """`P4`"""
    sheet = draw(instance_view(claim_until=START - timedelta(hours=20)))
    assert "· who voted for it has first claim until Mon 23 Nov, 22:00" in sheet.text
    assert "claim" not in draw(instance_view(claim_until=START - timedelta(hours=30))).text


def test_an_offer_of_mine() -> None:
    """`W3`: until when, and what after that; and nothing of it once the time is up, swept or not."""
    until = START - timedelta(hours=5, minutes=28)
    held = own_booking(seats=0, offered=2, offer_until=until)
    sheet = private(instance_view(booked=10, offered=2, mine=held), hours=6)
    assert sheet.text.endswith(
        f'⏳ 2 seats are held for you until <b><tg-time unix="{int(until.timestamp())}">12:32</tg-time></b>.'
        " After that they go to the next in line."
    )
    assert words(sheet) == [["Take the seats", "Pass on"], ["+1", "Leave"], OPENS]
    over = private(instance_view(booked=10, offered=2, mine=held), hours=5)
    assert over.text.endswith(
        "The time is up, so no seat is held for you any more. You keep your place in line."
    )
    assert words(over) == [["+1", "Leave"], OPENS]
    beside = private(instance_view(mine=own_booking(offered=1, offer_until=until)), hours=6)
    assert "1 seat is yours. \n" not in beside.text and "1 seat is yours." in beside.text
    assert words(beside)[0] == ["Take the seat", "Pass on"]


def test_waiting_in_private() -> None:
    """`W1`, `W5`: what can be taken now, and nothing that cannot."""
    line = own_booking(seats=0, waiting=2, place=1)
    full = instance_view(booked=12, waiting=1, mine=line, promotion=promotion())
    assert words(private(full, hours=30)) == [["+1", "Leave"], OPENS]
    part = changed(full, booked=11)
    sheet = private(part, hours=30)
    assert sheet.text.endswith("You’re 1st in line. 1 seat can be taken now.")
    assert words(sheet)[0] == ["Take 1 now"]
    behind = changed(part, mine=dataclasses.replace(line, place=2))
    assert words(private(behind, hours=30)) == [["+1", "Leave"], OPENS]
    assert words(private(behind, hours=1))[0] == ["Take 1 now"]
    both = changed(full, booked=10)
    assert words(private(both, hours=1))[0] == ["Take the seats"]


def test_waiting_for_more_in_private() -> None:
    """`B6`: the line can be left at any time, and the seat kept."""
    part = own_booking(waiting=1, place=1)
    late = instance_view(booked=12, waiting=1, mine=part, promotion=promotion(), windows=LATE)
    assert words(private(late))[0] == ["Stop waiting for more"]
    assert "Stop waiting for more" not in str(words(private(instance_view(mine=own_booking(), windows=LATE))))


def test_too_few_seats_in_private() -> None:
    """`B6`, `W4`: whoever is in may leave freely, late as it is."""
    late = instance_view(booked=14, over=2, mine=own_booking(), windows=LATE)
    assert words(private(late)) == [["+1", "Leave"], OPENS]
    looking = changed(late, mine=own_booking(is_releasing=True))
    assert words(private(looking)) == [["Keep my seat", "Leave"], OPENS]


def test_too_late_to_leave_in_private() -> None:
    """`B6`: then a replacement can be found, until the start; and the seat kept after all."""
    late = instance_view(mine=own_booking(), windows=LATE)
    assert words(private(late)) == [["+1", "Find my replacement"], OPENS]
    looking = private(instance_view(mine=own_booking(seats=2, is_releasing=True), windows=LATE))
    assert looking.text.endswith(
        "You’re looking for a replacement. Your 2 seats stay yours until someone takes them;"
        " what nobody takes counts as a late cancellation."
    )
    assert words(looking) == [["Keep my seat"], OPENS]
    promoted = own_booking(is_releasing=True, promoted_at=START - timedelta(hours=30))
    spared = private(instance_view(mine=promoted, windows=LATE))
    assert spared.text.endswith("until someone takes it; nothing counts against you.")
    assert words(private(late, hours=-0.5)) == [OPENS]


def test_a_moved_date_in_private() -> None:
    """`S6`"""
    sheet = private(instance_view(mine=own_booking(needs_move_answer=True)))
    assert sheet.text.endswith(
        "You’re in. The date has moved. Are you still coming? Your seat stays yours until you answer."
    )
    assert words(sheet) == [["Still coming", "Not this time"], OPENS]


def test_what_i_answered_and_what_a_regular_may_answer() -> None:
    """`B11`, `B13`"""
    assert words(private(instance_view()))[:2] == [["Join", "+1"], ["Maybe", "I can’t come"]]
    maybe = private(instance_view(mine=own_booking(answer="maybe", seats=0)))
    assert maybe.text.endswith("You said maybe. No seat is held for you.")
    assert words(maybe)[1] == ["I can’t come"]
    assert words(private(instance_view(mine=own_booking()), regular=True))[0] == ["+1", "Not this week"]
    assert words(private(instance_view(mine=own_booking())))[0] == ["+1", "Leave"]
