"""The check-in code, past attendance, standing seats, and calendar files (`B11`, `B12`, `S5`)."""

import re
from datetime import datetime, timedelta
from typing import Any

import icalendar
import pytest

from backend import clock, db
from backend.bookings import actions as seats
from backend.bookings.attendance import check_in, check_in_by_code, close_list
from backend.bookings.standing_seats import make_regular, own_standing_seats
from backend.seats.requests import Via
from tests.webapp.test_app_bookings import root, text_of
from tests.webapp.test_app_events import live_address


async def member_of(person: Any, account: Any) -> int:
    return int(
        await db.value(
            "SELECT id FROM memberships WHERE user_id = $1 AND account_id = $2", person.id, account.id
        )
    )


async def test_the_code_on_the_screen_checks_its_owner_in(
    app_of: Any, alice: Any, olga: Any, instance: Any
) -> None:
    """`B12`: as a picture and as text; the open screen shows that it was scanned."""
    code = await instance()
    await seats.book(code, alice, guests=1, via=Via.CARD)
    app = await app_of(alice)
    page = await app.get(f"/app/events/{code}/code")
    shown = re.search(r"emerald:[2-9a-z]+:\d+:[0-9a-f]+", page.text)
    assert shown is not None
    assert "<svg viewBox" in page.text
    assert "style=" not in page.text
    assert "It is for you and your guest." in text_of(page)
    live = live_address(page.text)
    assert (await app.get(live)).status_code == 204
    assert (await check_in_by_code(code, olga, shown[0])).name == "Alice"
    after = text_of(await app.get(live))
    assert "You’re checked in" in after
    assert "2 of you are here." in after


async def test_without_a_seat_there_is_no_code(app_of: Any, alice: Any, charlie: Any, instance: Any) -> None:
    """`A1`, `B12`"""
    code = await instance()
    page = await (await app_of(alice)).get(f"/app/events/{code}/code")
    assert page.status_code == 404
    assert "You have no seat on this date" in page.text
    assert (await (await app_of(charlie)).get(f"/app/events/{code}/code")).status_code == 404


async def test_past_bookings_show_whether_the_reader_came(
    app_of: Any, alice: Any, bob: Any, olga: Any, account: Any, instance: Any, noon: datetime
) -> None:
    """`B12`, `B6`"""
    start = (noon + timedelta(hours=8)).replace(tzinfo=None)
    came, missed, late = [
        await instance(title=title, starts_local=start, cancel_before_minutes=600)
        for title in ("Yoga", "Padel", "Choir")
    ]
    for code in (came, missed, late):
        await seats.book(code, alice, via=Via.CARD)
    clock.advance(timedelta(minutes=10))  # too late to undo the booking
    await seats.find_replacement(late, alice, via=Via.CARD)
    clock.advance(timedelta(hours=6))
    await check_in(came, olga, await member_of(alice, account))
    clock.advance(timedelta(hours=6))
    for code in (came, missed, late):
        await close_list(code, olga)
    page = text_of(await (await app_of(alice)).get("/app/bookings?show=past"))
    for row, word in (("Yoga", "Came"), ("Padel", "Missed"), ("Choir", "Cancelled late")):
        assert re.search(rf"{row} 20:00 [^:]+? {word}", page), (row, page)
    assert "You came to 1 of 3" in page
    assert "missed: 1" in page
    nobody = text_of(await (await app_of(bob)).get("/app/bookings?show=past"))
    assert "You came to" not in nobody


async def test_a_standing_seat_can_skip_a_week_and_be_given_back(
    app_of: Any, alice: Any, bob: Any, olga: Any, account: Any, series: Any
) -> None:
    """`B11`"""
    made = await series(rule="FREQ=WEEKLY", title="Morning lengths")
    series_id = int(await db.value("SELECT series_id FROM event_instances WHERE code = $1", made.first_code))
    await make_regular(olga, account.id, series_id, await member_of(alice, account))
    app = await app_of(alice)
    page = await app.get("/app/bookings")
    assert "Standing seats" in page.text
    assert f"/app/events/{made.first_code}/booking?here=bookings" in page.text
    skipped = await app.ask("DELETE", f"/app/events/{made.first_code}/booking?here=bookings")
    assert root(skipped)["data-outcome"] == "left"
    assert "Not this week" not in skipped.text
    assert (await (await app_of(bob)).ask("DELETE", f"/app/regulars/{series_id}")).status_code == 404
    back = await app.ask("DELETE", f"/app/regulars/{series_id}")
    assert root(back)["data-outcome"] == "given-back"
    assert "You gave up your standing seat." in text_of(back)
    assert await own_standing_seats(alice) == []


def address_in(page: str) -> str:
    found = re.search(r'href="https://emerald.example(/calendar/dates/[^"]+)"', page)
    assert found is not None
    return found[1]


def in_file(content: bytes) -> Any:
    """The one event in a calendar file, as an independent library reads it."""
    [date] = icalendar.Calendar.from_ical(content).walk("VEVENT")
    return date


async def test_an_instance_is_a_calendar_file(
    app_of: Any, web: Any, alice: Any, olga: Any, instance: Any, noon: datetime
) -> None:
    """`S5`: its URL needs no session; an independent library reads it."""
    from backend.events.cancel import cancel_instance

    code = await instance()
    await seats.book(code, alice, via=Via.CARD)
    app = await app_of(alice)
    address = address_in((await app.get(f"/app/events/{code}")).text)
    assert address == address_in((await app.get("/app/bookings")).text)
    file = await web.get(address)
    assert file.status_code == 200
    assert file.headers["content-disposition"] == f'attachment; filename="{code}.ics"'
    assert file.headers["access-control-allow-origin"] == "https://web.telegram.org"
    date = in_file(file.content)
    assert date["UID"] == f"{code}@emerald.example"
    assert date["STATUS"] == "CONFIRMED"
    assert date["URL"].endswith(f"startapp=e_{code}")
    assert date.start.utcoffset() == timedelta(hours=2)
    await cancel_instance(code, olga, "Snow")
    date = in_file((await web.get(address)).content)
    assert date["STATUS"] == "CANCELLED"
    with clock.stopped(noon + timedelta(days=8)):
        assert (await web.get(address)).status_code == 404


@pytest.mark.parametrize("name", ["x.ics", "x", "%00.ics", "ä.ics", "a" * 400 + ".ics"])
async def test_invented_calendar_urls_are_not_found(web: Any, name: str) -> None:
    """`A1`"""
    assert (await web.get(f"/calendar/dates/{name}")).status_code in (400, 404)


async def test_a_former_member_gets_no_calendar_file(
    app_of: Any, web: Any, alice: Any, instance: Any
) -> None:
    """`A1`"""
    code = await instance(group_id=None)
    address = address_in((await (await app_of(alice)).get(f"/app/events/{code}")).text)
    assert (await web.get(address)).status_code == 200
    await db.execute("UPDATE memberships SET left_at = now() WHERE user_id = $1", alice.id)
    assert (await web.get(address)).status_code == 404
