"""Finding an instance: the month, filters, search."""

import re
from datetime import datetime, timedelta
from typing import Any

import pytest

from backend import clock
from backend.bookings import actions as seats
from backend.people.actions import choose_language
from backend.seats.requests import Via
from tests.conftest import are_in_group
from tests.webapp.test_app_bookings import text_of
from tests.webapp.test_app_events import live_address


def cell(page: str, day: str) -> str:
    """What a day of the calendar shows."""
    found = re.search(rf'<td><a href="[^"]*day={day}".*?</td>', page, re.S)
    return found[0] if found else ""


async def test_a_month_marks_booked_and_waiting_instances(
    app_of: Any, alice: Any, bob: Any, instance: Any, noon: datetime
) -> None:
    yoga = await instance()
    await seats.book(yoga, alice, via=Via.CARD)
    padel = await instance(title="Padel", capacity=1)
    await seats.book(padel, bob, via=Via.CARD)
    await seats.book(padel, alice, via=Via.CARD)
    await instance(title="Choir", starts_local=(noon + timedelta(days=5)).replace(tzinfo=None))
    page = (await (await app_of(alice)).get("/app/month")).text
    assert "November 2026" in page
    both = cell(page, "2026-11-26")
    assert '<i class="y"></i><i class="w"></i>' in both
    assert "2 events, you’re in, you’re in line" in text_of_html(both)
    assert '<i class=""></i>' in cell(page, "2026-11-28")
    assert cell(page, "2026-11-24") == ""
    # The first day with an instance is selected by default; the query selects another one.
    assert "Padel" in page
    assert "Choir" not in page
    choir = await (await app_of(alice)).get("/app/month?month=2026-11&day=2026-11-28")
    assert "Choir" in choir.text
    assert "Padel" not in choir.text


def text_of_html(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html)).replace(" ,", ",")


async def test_an_empty_month_links_to_the_others(app_of: Any, alice: Any, noon: datetime) -> None:
    page = text_of(await (await app_of(alice)).get("/app/month?month=2027-02"))
    assert "February 2027" in page
    assert "Nothing this month" in page


async def test_a_past_instance_stays_on_its_day(
    app_of: Any, alice: Any, instance: Any, noon: datetime
) -> None:
    code = await instance()
    await seats.book(code, alice, via=Via.CARD)
    clock.advance(timedelta(days=4))
    page = (await (await app_of(alice)).get("/app/month?month=2026-11")).text
    assert '<i class="y"></i>' in cell(page, "2026-11-26")


async def test_a_month_follows_changes(app_of: Any, alice: Any, instance: Any, noon: datetime) -> None:
    code = await instance()
    app = await app_of(alice)
    live = live_address((await app.get("/app/month")).text)
    assert (await app.get(live)).status_code == 204
    await seats.book(code, alice, via=Via.CARD)
    assert '<i class="y"></i>' in (await app.get(live)).text


async def test_a_month_shows_only_the_readers_clubs(
    app_of: Any, charlie: Any, instance: Any, noon: datetime
) -> None:
    """`A1`"""
    await instance()
    assert "yoga" not in (await (await app_of(charlie)).get("/app/month")).text


@pytest.mark.parametrize(
    "query", ["month=x", "month=2026-13", "month=9999-12", "day=2026-02-31", "day=%00", "club=-1"]
)
async def test_an_invalid_month_shows_the_present_one(app_of: Any, alice: Any, query: str) -> None:
    assert (await (await app_of(alice)).get(f"/app/month?{query}")).status_code in (200, 400)


async def test_search_finds_words_in_any_order(app_of: Any, alice: Any, instance: Any, charlie: Any) -> None:
    await instance(title="Evening flow yoga")
    await instance(title="Ensiapukoulutus", place="Lauttasaaren pelastusasema")
    app = await app_of(alice)
    for words in ("YOGA even", "kulttuuri flow", "kallio evening"):
        page = text_of(await app.get("/app/events", params={"q": words}))
        assert "Evening flow yoga" in page
        assert "Ensiapukoulutus" not in page
    page = await app.get("/app/events", params={"q": "LAUTTASAAREN"})
    assert "Ensiapukoulutus" in page.text
    assert 'value="LAUTTASAAREN"' in page.text
    assert "q=LAUTTASAAREN" in live_address(page.text)
    for nothing in ("100%", "_____", "'; --", "<b>"):
        page = await app.get("/app/events", params={"q": nothing})
        assert "Nothing found" in page.text
        assert "<b>”" not in page.text
    assert "yoga" not in (
        await (await app_of(charlie)).get("/app/events", params={"q": "yoga"})
    ).text.replace('value="yoga"', "").replace("q=yoga", "").replace("“yoga”", "")


@pytest.mark.parametrize(
    ("language", "found", "not_found"),
    [
        (
            "en",
            ("evning", "thursday", "november yoga", "thu", "novmber", "flow thursdays"),
            ("friday", "december"),
        ),
        ("fi", ("torstai", "to", "marraskuussa", "torstaina kallio"), ("perjantai", "pe", "joulukuu")),
        ("ru", ("четверг", "чт", "ноябрь", "ноябре"), ("пятница", "декабря")),
    ],
)
async def test_search_forgives_a_typing_error_and_knows_months_and_weekdays(
    app_of: Any,
    alice: Any,
    instance: Any,
    noon: datetime,
    language: str,
    found: tuple[str, ...],
    not_found: tuple[str, ...],
) -> None:
    """The date is Thursday, 26 November, where it takes place."""
    await choose_language(alice, language)
    await instance(title="Evening flow yoga")
    app = await app_of(alice)
    for words in found:
        assert "Evening flow yoga" in (await app.get("/app/events", params={"q": words})).text, words
    for words in not_found:
        assert "Evening flow yoga" not in (await app.get("/app/events", params={"q": words})).text, words


async def test_a_club_with_several_groups_can_be_narrowed_to_one(
    app_of: Any, alice: Any, olga: Any, account: Any, instance: Any
) -> None:
    from backend.linking.actions import link_group

    sauna = await link_group(olga, account.id, chat_id=-1001000000777, title="Sauna crew")
    await instance(title="Evening flow yoga")
    app = await app_of(alice)
    assert "All groups" not in (await app.get("/app/events")).text
    await instance(title="Sauna evening", group_id=sauna.id)
    assert "Sauna" not in (await app.get("/app/events")).text, "for those who are in it (A5)"
    await are_in_group(sauna.id, alice)
    assert "Sauna crew" in (await app.get("/app/events")).text
    page = await app.get(f"/app/events?group={sauna.id}")
    assert "Sauna evening" in page.text
    assert "flow yoga" not in page.text
    assert f"group={sauna.id}" in live_address(page.text)
