"""How cards are drawn: every state, any text, and never more than Telegram takes (`C3`, `C4`; look/card.md)."""

import dataclasses
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from backend import clock
from backend.i18n import Voice

START = datetime(2026, 11, 24, 16, 0, tzinfo=UTC)


def view(**changed: Any) -> Any:
    """Evening flow yoga, Tuesday at 18:00 in Helsinki, nine of twelve seats taken."""
    from backend.bookings.queries import InstanceView
    from backend.events.rules import Windows

    made = InstanceView(
        id=1,
        code="abcdefghjk",
        account_id=1,
        series_id=1,
        club="Kallio Yoga",
        club_language="en",
        title="Evening flow yoga",
        emoji="🧘",
        description="",
        place="Kallion kulttuuritalo, sali 2",
        map_url="",
        zone="Europe/Helsinki",
        rule="",
        starts_local=START.replace(tzinfo=None),
        starts_at=START,
        ends_at=START + timedelta(minutes=75),
        original_start=START,
        state="SCHEDULED",
        cancel_reason="",
        cancelled_by="",
        windows=Windows.around(START, None, 0, None),
        guests_max=2,
        fill_gaps=False,
        visibility="group",
        group_id=1,
        topic_id=None,
        capacity=12,
        over=0,
        booked=9,
        offered=0,
        waiting=0,
        version=1,
    )
    return dataclasses.replace(made, **changed)


def windows(opens: int | None = None, closes: int = 0, leave: int | None = None) -> Any:
    from backend.events.rules import Windows

    return Windows.around(START, opens, closes, leave)


def people(*parties: tuple[str, int], more: int = 0) -> Any:
    from backend.bookings.queries import Comer, People

    comers = [Comer(1, 1, name, "", "in", seats, 0, None, START, None) for name, seats in parties]
    return People(comers, sum(seats for _, seats in parties) + more)


def draw(of: Any, who: Any = None, following: Any = None, *, language: str = "en") -> Any:
    from bot.cards import event_sheet

    with clock.stopped(START - timedelta(days=1)):
        return event_sheet(of, following, who or people(), Voice(language), private=False)


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
    sheet = draw(view(), people(*NINE))
    assert sheet.text == (
        HEAD + "<b>3 free</b> · 9 of 12\nAino, Mikko +1, Светлана, Bob, Maija, Leena, Väinö +1"
    )
    assert words(sheet) == [["Join", "+1", "Leave"], ["Open in Emerald ↗"]]
    assert [button.style for button in sheet.rows[0]] == ["primary", None, None]


def test_full_with_a_line() -> None:
    parties = [*NINE, ("A", 1)]
    sheet = draw(view(booked=12, waiting=4), people(*parties, more=2))
    assert "<b>Full</b> · 12 of 12 · 4 wait\n" in sheet.text
    assert sheet.text.endswith(
        'Väinö +1 and <a href="https://t.me/emerald_test_bot/app?startapp=e_abcdefghjk">3 more</a>'
    )
    assert words(sheet) == [["Wait for a seat", "+1", "Leave"], ["Open in Emerald ↗"]]


def test_a_free_seat_behind_a_line_is_waited_for() -> None:
    """`B4`: the head of the line needs two; newcomers wait behind it."""
    sheet = draw(view(booked=11, waiting=1))
    assert "<b>1 free</b> · 11 of 12 · 1 waits" in sheet.text
    assert words(sheet)[0][0] == "Wait for a seat"
    assert words(draw(view(booked=11, waiting=1, fill_gaps=True)))[0][0] == "Join"


def test_empty_and_without_limit() -> None:
    sheet = draw(view(booked=0, capacity=None, guests_max=0, place=""))
    assert sheet.text.endswith("</tg-time>\n\n<b>Room for all</b>")
    assert words(sheet) == [["Join"], ["Open in Emerald ↗"]]


def test_over_its_capacity() -> None:
    """`W4`"""
    assert "<b>Full</b> · 14 of 12, over by 2" in draw(view(booked=14, over=2)).text


def test_not_open_yet() -> None:
    """`B5`"""
    sheet = draw(view(booked=0, windows=windows(opens=60)))
    assert "<b>Not open yet</b> · booking opens Tue 24 Nov, 17:00" in sheet.text
    assert words(sheet) == [["Open in Emerald ↗"]]


def test_closed() -> None:
    sheet = draw(view(windows=windows(closes=3000)), people(*NINE))
    assert sheet.text == (
        '🧘 <b>Evening flow yoga</b> · <tg-time unix="1795536000">Tue 24 Nov, 18:00</tg-time>\n'
        "<b>Closed</b> · 9 of 12 come. An organiser can still add you."
    )
    assert words(sheet) == [["Leave"], ["Open in Emerald ↗"]]
    late = draw(view(windows=windows(closes=3000, leave=3000)))
    assert words(late) == [["Open in Emerald ↗"]]


def test_ended() -> None:
    """The way on from what is over; without one, none is invented."""
    over = view(state="COMPLETED", booked=11)
    following = view(code="nextnextne", starts_at=START + timedelta(days=7))
    sheet = draw(over, following=following)
    assert sheet.text == (
        "🧘 <b>Evening flow yoga</b> · Tue 24 Nov\n<b>Ended</b> · 11 came. Next: Tue 1 Dec, 3 free."
    )
    assert words(sheet) == [["See Tue 1 Dec ↗"]]
    assert sheet.rows[0][0].url.endswith("startapp=e_nextnextne")
    alone = draw(over)
    assert alone.text.endswith("11 came.") and words(alone) == [["Open in Emerald ↗"]]
    full = draw(over, following=dataclasses.replace(following, booked=12))
    assert full.text.endswith("Next: Tue 1 Dec, full.")


def test_cancelled() -> None:
    """`S5`"""
    off = view(state="CANCELLED", cancelled_by="Olga", cancel_reason="A pipe <burst> & all.")
    sheet = draw(off)
    assert sheet.text == (
        "🧘 <s><b>Evening flow yoga</b> · Tue 24 Nov, 18:00</s>\n"
        "<b>Cancelled</b> by Olga: “A pipe &lt;burst&gt; &amp; all.”"
    )
    assert words(sheet) == [["Open in Emerald ↗"]]


def test_moved() -> None:
    """`S6`: on the same day the hour it was, else the day too."""
    hour = timedelta(hours=1)
    sheet = draw(view(moved_from=START - 2 * hour), people(*NINE))
    assert (
        '🗓 Tue 24 Nov, <tg-time unix="1795536000"><b>18:00</b></tg-time> (was 16:00)\n📍'
        in sheet.text
    )
    assert "<b>3 free</b> · 9 of 12 · everyone booked was asked\n" in sheet.text
    other_day = draw(view(moved_from=START - 24 * hour))
    assert "</tg-time> (was Mon 23 Nov, 18:00)\n" in other_day.text
    assert "was" not in draw(view(moved_from=START)).text, "moved back is not moved"


def test_a_minimum_that_is_not_reached() -> None:
    """`S7`: until it is reached, or decided."""
    few = view(booked=7, min_to_run=8, decides_at=START - timedelta(hours=2))
    assert (
        "<b>5 free</b> · 7 of 12 · runs if at least 8 come (decided Tue 24 Nov, 16:00)"
        in draw(few).text
    )
    for settled in ({"booked": 8}, {"decided_at": START - timedelta(hours=2)}):
        assert "runs if" not in draw(dataclasses.replace(few, **settled)).text


def test_in_finnish() -> None:
    """The club's language; names are never inflected."""
    sheet = draw(view(booked=12, waiting=1), people(*NINE, ("A", 1), more=2), language="fi")
    assert "ti 24.11." in sheet.text and "18.00–19.15" in sheet.text
    assert "<b>Täynnä</b> · 12/12 · 1 jonossa" in sheet.text
    assert words(sheet)[0] == ["Menen jonoon", "+1", "Peru"]


def test_the_same_card_has_the_same_digest() -> None:
    """`C2`: no edit when nothing changed; any difference that Telegram would see is one."""
    assert draw(view()).digest == draw(view()).digest
    assert draw(view()).digest != draw(view(booked=8)).digest
    assert draw(view()).digest != draw(view(guests_max=0)).digest


@pytest.mark.parametrize("hidden", [True, False])
def test_a_poll_card(hidden: bool) -> None:
    """`P1`: hidden results show no bars, no counts, and no places left but none."""
    from backend.polls.queries import OptionView, PollView
    from bot.cards import poll_sheet

    def option(n: int, text: str, votes: int, most: int | None = None) -> Any:
        shown = 0 if hidden else votes
        return OptionView(n, n, text, shown, most, full=votes == most, mine=False)

    poll = PollView(
        id=1,
        code="pollcodexx",
        account_id=1,
        club="Kallio Yoga",
        club_language="en",
        zone="Europe/Helsinki",
        question="What do <we> cook?",
        kind="single",
        choices_max=1,
        anonymous=False,
        results="closed" if hidden else "live",
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
        sheet = poll_sheet(poll, Voice("en"), private=False)
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
    from bot.sheets import shorten

    assert shorten("short", 48) == "short"
    assert shorten("one two three", 9) == "one two…"
    smiles = shorten("🧘" * 40, 21)
    assert smiles == "🧘" * 10 + "…"


async def test_any_text_fits(
    telegram: Any, olga: Any, club: Any, instance: Any, crowd: Any
) -> None:
    """`C4`: 500 participants, a title full of markup, everything as long as it may be; Telegram takes it."""
    from backend.bookings.actions import book
    from backend.bookings.rules import Via
    from backend.cards.queries import cards_of
    from backend.polls.actions import create_poll, find
    from backend.polls.drafts import OPTION_MAX, OPTIONS_MAX, QUESTION_MAX, OptionDraft, PollDraft
    from bot.cards import draw as draw_card
    from bot.deliver import Fate, post

    nasty = "<b>&amp;\"'🧘</tg-time>"
    code = await instance(
        title=(nasty * 9)[:120],
        place=(nasty * 9)[:160],
        capacity=500,
        map_url="https://x.fi/?a=1&b=2",
    )
    for person in await crowd(150):
        await book(code, person, guests=2, via=Via.CARD)
    from backend.bookings.actions import find as find_date

    where = await find_date(code)
    drawing = await draw_card(instance_id=where.id, poll_id=None)
    assert drawing is not None
    assert (await post(telegram.bot, club.chat_id, drawing.sheet)).fate is Fate.DONE
    said = telegram.last(telegram.room())
    assert said["text"].endswith(" and 429 more") and nasty in said["text"]
    assert await cards_of(instance_id=where.id) == []

    options = tuple(
        OptionDraft(f"{n} {nasty * 9}"[:OPTION_MAX], 100_000) for n in range(OPTIONS_MAX)
    )
    draft = PollDraft(question=(nasty * 20)[:QUESTION_MAX], options=options)
    poll = await find(await create_poll(olga, club.id, draft))
    drawing = await draw_card(instance_id=None, poll_id=poll.id)
    assert drawing is not None
    answer = await post(telegram.bot, club.chat_id, drawing.sheet)
    assert answer.fate is Fate.DONE, answer.why
