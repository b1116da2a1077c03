"""The calendar feed, read by a library other than the one that writes it."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from unittest.mock import Mock

import httpx
import pytest
import structlog
import vobject
from icalendar import Calendar

from backend import clock, codes, db
from backend.bookings.actions import book, leave, remove
from backend.events.cancel import cancel_instance, restore_instance
from backend.events.reschedule import move_instance
from backend.ical import render_calendar
from backend.instruments import REGISTRY
from backend.people import feeds
from backend.people.actions import choose_language, mark_blocked
from backend.people.expiry import delete_expired
from backend.seats.requests import Via
from backend.settings import settings
from webapp import ical_feeds

Make = Callable[..., Awaitable[str]]


async def address(person: Any) -> str:
    """The path of the person's feed, created if needed."""
    await feeds.create_feed(person)
    mine = await feeds.feed(person)
    assert mine is not None
    return f"/calendar/{mine.token}.ics"


def rules_of(raw: bytes) -> str:
    """The text, checked against RFC 5545, 3.1: lines end with CRLF and have at most 75 octets."""
    assert raw.endswith(b"END:VCALENDAR\r\n")
    lines = raw.split(b"\r\n")
    assert not any(b"\n" in line or b"\r" in line for line in lines)
    assert max(map(len, lines)) <= 75
    for line in lines:
        line.decode()  # no character is split
    return raw.decode()


def read(answer: httpx.Response) -> list[Any]:
    """The events, as vobject reads them."""
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
    calendar = vobject.readOne(rules_of(answer.content))
    return list(calendar.contents.get("vevent", []))


async def followed(web: httpx.AsyncClient, path: str) -> list[Any]:
    return read(await web.get(path))


async def test_has_booked_and_waiting_instances_of_all_clubs(
    web: httpx.AsyncClient, alice: Any, bob: Any, instance: Make, noon: datetime
) -> None:
    """`S5`, `A8`: waiting ones are marked; others are not in it."""
    sure = await instance(title="Yoga")
    full = await instance(title="Sauna", emoji="", capacity=1)
    await instance(title="Choir")
    await book(sure, alice, via=Via.CARD)
    await book(full, bob, via=Via.CARD)
    await book(full, alice, via=Via.CARD)
    found = {event.uid.value: event for event in await followed(web, await address(alice))}
    assert set(found) == {f"{sure}@emerald.example", f"{full}@emerald.example"}
    mine, waits = found[f"{sure}@emerald.example"], found[f"{full}@emerald.example"]
    assert (mine.summary.value, mine.status.value) == ("🧘 Yoga", "CONFIRMED")
    assert (waits.summary.value, waits.status.value) == ("Sauna (in line)", "TENTATIVE")
    assert mine.dtstart.value == datetime(2026, 11, 26, 16, 0, tzinfo=UTC)
    assert mine.dtend.value - mine.dtstart.value == timedelta(minutes=75)
    assert mine.url.value == f"https://t.me/emerald_test_bot/app?startapp=e_{sure}"


async def test_an_instance_has_the_same_uid_as_in_its_own_file(
    web: httpx.AsyncClient, app_of: Any, alice: Any, instance: Make, noon: datetime
) -> None:
    code = await instance()
    await book(code, alice, via=Via.CARD)
    page = (await (await app_of(alice)).get(f"/app/events/{code}")).text
    [single] = re.findall(r"https://emerald.example(/calendar/dates/[^\"]+)", page)
    [one] = read(await web.get(single))
    [same] = await followed(web, await address(alice))
    assert one.serialize() == same.serialize()


async def test_follows_moves_cancellations_and_restorations(
    web: httpx.AsyncClient, olga: Any, alice: Any, instance: Make, noon: datetime
) -> None:
    """`S5`, `S6`: the same UID, a rising SEQUENCE."""
    code = await instance()
    await book(code, alice, via=Via.CARD)
    path = await address(alice)
    response = [(await followed(web, path))[0]]
    await move_instance(code, olga, datetime(2026, 11, 27, 18, 0))
    response.append((await followed(web, path))[0])
    await cancel_instance(code, olga, "A pipe burst, sorry")
    response.append((await followed(web, path))[0])
    await restore_instance(code, olga)
    response.append((await followed(web, path))[0])
    assert {event.uid.value for event in response} == {f"{code}@emerald.example"}
    assert [event.sequence.value for event in response] == ["0", "1", "2", "3"]
    assert [event.status.value for event in response] == ["CONFIRMED", "CONFIRMED", "CANCELLED", "CONFIRMED"]  # fmt: skip
    assert response[1].dtstart.value == datetime(2026, 11, 27, 16, 0, tzinfo=UTC)
    assert response[2].summary.value == "Cancelled: 🧘 Evening flow yoga"
    assert response[2].description.value == "A pipe burst, sorry"


async def test_left_and_removed_bookings_are_gone(
    web: httpx.AsyncClient, olga: Any, alice: Any, instance: Make, noon: datetime
) -> None:
    left, taken = await instance(title="A"), await instance(title="B")
    for code in (left, taken):
        await book(code, alice, via=Via.CARD)
    path = await address(alice)
    assert len(await followed(web, path)) == 2
    await leave(left, alice, via=Via.MINIAPP)
    member = await db.value("SELECT id FROM memberships WHERE user_id = $1", alice.id)
    await remove(taken, olga, member)
    assert await followed(web, path) == []


async def test_a_promotion_confirms_the_event(
    web: httpx.AsyncClient, alice: Any, bob: Any, instance: Make, noon: datetime
) -> None:
    """`W3`: with a later time than the entry that said waiting."""
    code = await instance(capacity=1)
    await book(code, bob, via=Via.CARD)
    await book(code, alice, via=Via.CARD)
    path = await address(alice)
    [waits] = await followed(web, path)
    clock.advance(timedelta(minutes=5))
    await leave(code, bob, via=Via.CARD)
    [sure] = await followed(web, path)
    assert (waits.status.value, sure.status.value) == ("TENTATIVE", "CONFIRMED")
    assert sure.last_modified.value > waits.last_modified.value


async def test_past_instances_stay_for_some_weeks(
    web: httpx.AsyncClient, alice: Any, instance: Make, noon: datetime
) -> None:
    code = await instance()
    await book(code, alice, via=Via.CARD)
    path = await address(alice)
    clock.advance(timedelta(weeks=8))
    assert await followed(web, path) == []


@pytest.mark.parametrize(("day", "hour_utc"), [("2027-03-27", 16), ("2027-03-28", 15), ("2027-10-31", 16)])
async def test_the_hour_is_kept_over_a_clock_change(
    web: httpx.AsyncClient, alice: Any, instance: Make, noon: datetime, day: str, hour_utc: int
) -> None:
    """`S3`: 18:00 in Helsinki, by the VTIMEZONE of the calendar itself."""
    at = datetime.fromisoformat(f"{day}T18:00")
    code = await instance(starts_local=at)
    await book(code, alice, via=Via.CARD)
    answer = await web.get(await address(alice))
    [event] = read(answer)
    assert event.dtstart.value.astimezone(UTC).hour == hour_utc
    assert f"DTSTART;TZID=Europe/Helsinki:{at:%Y%m%dT%H%M%S}" in answer.text
    assert answer.text.count("BEGIN:VTIMEZONE") == 1


async def test_each_zone_is_included_once(
    web: httpx.AsyncClient, alice: Any, instance: Make, noon: datetime
) -> None:
    for zone in ("Europe/Helsinki", "America/New_York", "Europe/Helsinki", "UTC"):
        await book(await instance(zone=zone), alice, via=Via.CARD)
    answer = await web.get(await address(alice))
    assert len(read(answer)) == 4
    assert sorted(re.findall(r"TZID:(\S+)", answer.text)) == ["America/New_York", "Europe/Helsinki"]


async def test_a_whole_day_has_times_not_dates(
    web: httpx.AsyncClient, alice: Any, instance: Make, noon: datetime
) -> None:
    """A DATE would be another day for a reader elsewhere."""
    code = await instance(starts_local=datetime(2026, 12, 6, 0, 0), duration_minutes=24 * 60)
    await book(code, alice, via=Via.CARD)
    [event] = await followed(web, await address(alice))
    assert isinstance(event.dtstart.value, datetime)
    assert (event.dtstart.value.date(), event.dtend.value.date()) == (
        date(2026, 12, 6),
        date(2026, 12, 7),
    )


@pytest.mark.parametrize(
    "text",
    [
        "Commas, semicolons; and back\\slashes",
        "Two\nlines\n\nand a third",
        "Достопримечательности 🧘‍♀️ 👩‍👩‍👧‍👦 " * 20,
        "BEGIN:VEVENT\r\nSUMMARY:not this",
    ],
)
async def test_any_text_is_escaped(
    web: httpx.AsyncClient, alice: Any, instance: Make, noon: datetime, text: str
) -> None:
    """`C4`, RFC 5545 3.1 and 3.3.11."""
    code = await instance(description=text)
    await book(code, alice, via=Via.CARD)
    [event] = await followed(web, await address(alice))
    assert event.description.value.split() == text.split()
    assert event.summary.value == "🧘 Evening flow yoga"


async def test_states_its_refresh_interval(web: httpx.AsyncClient, alice: Any, noon: datetime) -> None:
    """RFC 7986. An empty feed is a calendar too."""
    answer = await web.get(await address(alice))
    assert read(answer) == []
    assert "REFRESH-INTERVAL;VALUE=DURATION:PT1H\r\n" in answer.text
    assert "X-PUBLISHED-TTL:PT1H\r\n" in answer.text
    assert "X-WR-CALNAME:Emerald\r\n" in answer.text
    assert answer.headers["x-robots-tag"] == "noindex"


async def test_an_unchanged_feed_is_304(
    web: httpx.AsyncClient, olga: Any, alice: Any, instance: Make, noon: datetime, monkeypatch: Any
) -> None:
    """By etag and by time, without rendering it; two contents never have the same time."""
    written = Mock(wraps=render_calendar)
    monkeypatch.setattr(ical_feeds, "render_calendar", written)
    code = await instance()
    await book(code, alice, via=Via.CARD)
    path = await address(alice)
    first = await web.get(path)
    mark, since = first.headers["etag"], first.headers["last-modified"]
    for asked in (
        {"If-None-Match": mark},
        {"If-None-Match": f'"other", W/{mark}'},
        {"If-None-Match": "*"},
        {"If-Modified-Since": since},
    ):
        again = await web.get(path, headers=asked)
        assert (again.status_code, again.content) == (304, b"")
        assert (again.headers["etag"], again.headers["last-modified"]) == (mark, since)
    assert written.call_count == 1
    for asked in (
        {"If-None-Match": '"other"', "If-Modified-Since": since},
        {"If-Modified-Since": "yesterday"},
        {"If-Modified-Since": "Mon, 23 Nov 2026 11:00:00 GMT"},
    ):
        assert (await web.get(path, headers=asked)).status_code == 200
    await cancel_instance(code, olga, "Ill")  # in the same second
    changed = await web.get(path, headers={"If-None-Match": mark})
    assert changed.status_code == 200
    clock.advance(timedelta(seconds=1))
    changed = await web.get(path)
    assert changed.headers["last-modified"] > since
    assert (await web.get(path, headers={"If-Modified-Since": since})).status_code == 200


async def test_its_etag_is_of_its_bytes(
    web: httpx.AsyncClient, alice: Any, instance: Make, noon: datetime, zones_of: Callable[[str], None]
) -> None:
    """S10: other zone data makes other bytes of the same instances."""
    zones_of("2025b")
    code = await instance(zone="America/Vancouver", starts_local=datetime(2026, 12, 1, 18))
    await book(code, alice, via=Via.CARD)
    path = await address(alice)
    seen: dict[str, bytes] = {}
    for release in ("2025b", "2026f", "2025b"):
        zones_of(release)
        for _ in range(2):
            answer = await web.get(path)
            assert seen.setdefault(answer.headers["etag"], answer.content) == answer.content
        asked = {"If-None-Match": answer.headers["etag"]}
        assert (await web.get(path, headers=asked)).status_code == 304
    assert len(seen) == len(set(seen.values())) == 2


async def test_unknown_and_malformed_urls_are_alike(
    web: httpx.AsyncClient, alice: Any, noon: datetime
) -> None:
    new = await address(alice)
    answers = set()
    for wrong in (f"/calendar/{'a' * 43}.ics", "/calendar/x.ics", f"{new}.ics", "/calendar/.ics"):
        answer = await web.get(wrong)
        answers.add((answer.status_code, answer.text))
    assert len(answers) == 1 and answers.pop()[0] == 404


async def test_a_former_url_answers_that_it_is_no_longer_in_use(
    web: httpx.AsyncClient, alice: Any, noon: datetime
) -> None:
    """Thunderbird treats 404 as temporary and shows the old instances for ever (docs/CALENDARS.md)."""
    renewed = await address(alice)
    await feeds.renew_feed(alice)
    deleted = await address(alice)
    assert renewed != deleted
    assert (await web.get(deleted)).status_code == 200
    await choose_language(alice, "fi")
    await feeds.delete_feed(alice)
    for path, title in ((renewed, "no longer in use"), (deleted, "ei ole enää käytössä")):
        answer = await web.get(path)
        assert (answer.status_code, answer.headers["content-type"]) == (410, "text/calendar; charset=utf-8")
        [event] = Calendar.from_ical(answer.content).walk("VEVENT")
        assert title in str(event["SUMMARY"])
        assert (await web.head(path)).status_code == 410
    clock.advance(feeds.FORMER_KEPT)
    assert (await web.get(renewed)).status_code == 404
    assert await delete_expired() == 2


async def test_last_modified_is_never_in_the_future(
    web: httpx.AsyncClient, alice: Any, instance: Make, noon: datetime
) -> None:
    """RFC 9110 §8.8.2.1: two changes within a second."""
    path = await address(alice)
    for _ in range(2):
        await book(await instance(), alice, via=Via.CARD)
        answer = await web.get(path)
    assert parsedate_to_datetime(answer.headers["last-modified"]) <= clock.now()


async def test_is_not_served_while_its_owner_has_blocked_the_bot(
    web: httpx.AsyncClient, app_of: Any, alice: Any, noon: datetime
) -> None:
    """`M3`"""
    path = await address(alice)
    await mark_blocked(alice.telegram_id)
    assert (await web.get(path)).status_code == 404
    assert "Paused while the bot is blocked" in (await (await app_of(alice)).get("/app/me/calendar")).text  # fmt: skip


async def test_too_many_requests_get_retry_after(
    web: httpx.AsyncClient, alice: Any, bob: Any, noon: datetime
) -> None:
    """`X7`: concurrent requests count each, and nobody else is refused."""
    path, other = await address(alice), await address(bob)
    answers = await asyncio.gather(*(web.get(path) for _ in range(feeds.REQUESTS_MAX + 15)))
    assert sorted(answer.status_code for answer in answers) == [200] * feeds.REQUESTS_MAX + [429] * 15
    late = await web.get(path)
    assert late.status_code == 429
    assert late.headers["retry-after"] == str(int(feeds.REQUESTS_WINDOW.total_seconds()))
    assert (await web.get(other)).status_code == 200
    clock.advance(feeds.REQUESTS_WINDOW)
    assert (await web.get(path)).status_code == 200


async def test_the_token_is_not_in_the_database(alice: Any, noon: datetime) -> None:
    """`X6`: only its digest, and a seed that is useless without the secret key."""
    await feeds.create_feed(alice)
    mine = await feeds.feed(alice)
    assert mine is not None
    row = await db.row("SELECT * FROM calendar_feeds WHERE user_id = $1", alice.id)
    assert row is not None and row["token_hash"] == codes.digest(mine.token)
    assert mine.token not in " ".join(str(value) for value in row.values())
    assert len(mine.token) == 43


async def test_the_url_is_derived_from_the_secret_key(
    app_of: Any, web: httpx.AsyncClient, alice: Any, noon: datetime, monkeypatch: Any
) -> None:
    path = await address(alice)
    app = await app_of(alice)
    for _ in range(2):
        assert path in (await app.get("/app/me/calendar")).text
    key = settings.secret_key
    object.__setattr__(settings, "secret_key", "another" * 8)
    try:
        mine = await feeds.feed(alice)
        assert mine is not None and mine.token == ""
        assert (await web.get(path)).status_code == 200, "who follows it goes on"
    finally:
        object.__setattr__(settings, "secret_key", key)


async def test_two_concurrent_requests_create_one_feed(alice: Any, noon: datetime) -> None:
    await asyncio.gather(*(feeds.create_feed(alice) for _ in range(8)))
    assert await db.value("SELECT count(*) FROM calendar_feeds") == 1
    one = await feeds.feed(alice)
    await feeds.create_feed(alice)
    assert await feeds.feed(alice) == one


async def test_the_feed_is_created_replaced_and_turned_off(
    app_of: Any, web: httpx.AsyncClient, alice: Any, noon: datetime
) -> None:
    app = await app_of(alice)
    assert "/app/me/calendar" in (await app.get("/app/me")).text
    assert "Make my address" in (await app.get("/app/me/calendar")).text
    made = (await app.ask("POST", "/app/me/calendar")).text
    [path] = re.findall(r"https://emerald.example(/calendar/[\w-]{43}\.ics)", made)
    assert "No calendar has asked for it yet" in made
    assert (await web.get(path)).status_code == 200
    assert "A calendar last asked for it today at" in (await app.get("/app/me/calendar")).text
    assert path not in (await app.ask("PUT", "/app/me/calendar")).text
    assert (await web.get(path)).status_code == 410
    assert "Make my address" in (await app.ask("DELETE", "/app/me/calendar")).text


async def test_redirects_into_the_phones_calendar(web: httpx.AsyncClient, alice: Any, noon: datetime) -> None:
    """Telegram opens https links only; this one redirects to webcal."""
    path = await address(alice)
    answer = await web.get(path.removesuffix(".ics"))
    assert answer.status_code == 303
    assert answer.headers["location"] == f"webcal://emerald.example{path}"


async def test_head_has_no_body(web: httpx.AsyncClient, alice: Any, noon: datetime) -> None:
    answer = await web.head(await address(alice))
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/calendar; charset=utf-8")  # fmt: skip


def left_out() -> float:
    return REGISTRY.get_sample_value("emerald_calendar_entries_left_out_total") or 0


@pytest.mark.parametrize(
    "bad",
    [
        "ends_at = '9999-12-31 23:00:00+00'",  # its margin of zone data is beyond the last year
        "ends_at = 'infinity'",
        "ends_at = '20000-01-01 00:00:00+00'",  # no datetime of Python
        "changed_at = '20000-01-01 00:00:00+00'",
    ],
)
async def test_one_bad_entry_does_not_take_the_others_along(
    web: httpx.AsyncClient,
    noon: Any,
    alice: Any,
    instance: Make,
    bad: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """`X9`: it is left out, logged and counted."""
    # A logger that was used before keeps the processors of its time, and would be captured no more.
    for module in ("backend.bookings.calendar_entries", "backend.ical"):
        monkeypatch.setattr(f"{module}.log", structlog.get_logger())
    good, broken = await instance(), await instance(title="Broken")
    for code in (good, broken):
        await book(code, alice, via=Via.MINIAPP)
    async with db.transaction():
        await db.execute(f"UPDATE event_instances SET {bad} WHERE code = $1", broken)
    path, before = await address(alice), left_out()
    with structlog.testing.capture_logs() as logs:
        [event] = await followed(web, path)
    assert event.summary.value == "🧘 Evening flow yoga"
    assert left_out() == before + 1
    assert [log for log in logs if log["event"] == "calendar entry left out"]
    assert [one.summary.value for one in await followed(web, path)] == ["🧘 Evening flow yoga"]
