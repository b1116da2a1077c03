"""Rows of the list of events and screens of events: rendered once for all who see the same, and never another's (`A1`)."""

import asyncio
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from markupsafe import Markup

from backend import clock, db
from backend.accounts.actions import edit_account
from backend.bookings import actions as seats
from backend.bookings.queries.event import event
from backend.events.cancel import cancel_instance
from backend.events.edit import InstanceChanges, edit_instance
from backend.events.reschedule import move_instance
from backend.instruments import REGISTRY
from backend.people.actions import choose_language
from backend.people.queries import Person
from backend.seats.requests import Via
from tests.webapp.conftest import App
from webapp.miniapp import kept_events, row_cache
from webapp.miniapp.html_cache import BYTES_MAX, HtmlCache
from webapp.miniapp.row_cache import ListRow

Deed = Callable[[], Any]


SCREENS = ("list_rows", "event_screens")  # as the metrics name them


@pytest.fixture(autouse=True)
def empty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Empty caches."""
    _keep(monkeypatch, BYTES_MAX)


def _keep(monkeypatch: pytest.MonkeyPatch, bytes_max: int) -> None:
    monkeypatch.setattr(row_cache, "ROWS", HtmlCache(bytes_max))
    monkeypatch.setattr(kept_events, "EVENTS", HtmlCache(bytes_max))


def shown(screen: str, source: str) -> float:
    """How many rows or screens this process has shown from there."""
    return REGISTRY.get_sample_value(f"emerald_{screen}_total", {"source": source}) or 0


async def address(screen: str) -> str:
    """The list, or the first event of it."""
    if screen == "list_rows":
        return "/app/events"
    return f"/app/events/{await db.value('SELECT code FROM event_instances ORDER BY starts_at LIMIT 1')}"


async def pages_of(screen: str, apps: list[App]) -> list[str]:
    """What these readers see, all at once."""
    path = await address(screen)
    answers = await asyncio.gather(*[app.get(path) for app in apps])
    assert {answer.status_code for answer in answers} == {200}
    return [answer.text for answer in answers]


async def rendered_anew(screen: str, apps: list[App], monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The same without anything that was kept."""
    path = await address(screen)
    with monkeypatch.context() as patch:
        _keep(patch, 0)
        return [(await app.get(path)).text for app in apps]


@pytest.fixture
async def members(crowd: Any, noon: datetime, series: Any) -> list[Person]:
    """Thirty members, each as their own answers on three dates of four seats have it: booked, with guests, in line, maybe,
    nothing at all; some read Finnish or Russian."""
    made = await series(capacity=4, rule="FREQ=DAILY;COUNT=3", guests_max=2)
    codes = [
        row["code"]
        for row in await db.rows(
            "SELECT code FROM event_instances WHERE series_id = $1 ORDER BY starts_at", made.series_id
        )
    ]
    people: list[Person] = await crowd(30)
    for n, person in enumerate(people):
        if n % 5 == 0:
            await seats.book(codes[n % 3], person, guests=n % 3, via=Via.MINIAPP)
        elif n % 5 == 1:
            await seats.book(codes[0], person, via=Via.MINIAPP)
        if n % 7 == 0:
            await choose_language(person, ("fi", "ru")[n % 2])
            people[n] = replace(person, language=("fi", "ru")[n % 2])
    return people


@pytest.fixture
async def readers(app_of: Any, members: list[Person]) -> list[App]:
    return [await app_of(person) for person in members]


@pytest.mark.parametrize("screen", SCREENS)
async def test_many_readers_at_once_see_what_they_would_see_alone(
    readers: list[App], monkeypatch: pytest.MonkeyPatch, screen: str
) -> None:
    alone = await rendered_anew(screen, readers, monkeypatch)
    assert await pages_of(screen, readers) == alone
    before = shown(screen, "rendered")
    assert await pages_of(screen, readers) == alone
    assert shown(screen, "rendered") == before, "everything was kept"
    assert len(set(alone)) > 10, "the readers differ"


async def test_the_same_state_of_an_event_is_rendered_once(readers: list[App], members: list[Person]) -> None:
    """Each with their own face, calendar file and mark."""
    before = shown("event_screens", "rendered"), shown("event_screens", "kept")
    pages = await pages_of("event_screens", readers)
    rendered, kept = (
        shown("event_screens", "rendered") - before[0],
        shown("event_screens", "kept") - before[1],
    )
    assert kept > rendered > 0
    files = [set(re.findall(r"/calendar/dates/[^\"]+", page)) for page in pages]
    assert all(len(own) == 1 for own in files) and len(set.union(*files)) == len(members)
    assert len({re.findall(r"seen=([0-9a-f]+)-", page)[0] for page in pages}) == len(members)
    assert not any("\ue000" in page for page in pages)


@pytest.mark.parametrize("screen", SCREENS)
async def test_the_comparison_finds_what_was_shown_to_another(
    readers: list[App], switch_off: Any, monkeypatch: pytest.MonkeyPatch, screen: str
) -> None:
    """The negative control of the tests above."""
    alone = await rendered_anew(screen, readers, monkeypatch)
    switch_off("kept.shared")
    await pages_of(screen, readers)
    assert await pages_of(screen, readers) != alone


@pytest.mark.parametrize("screen", SCREENS)
async def test_what_is_kept_follows_every_change(
    readers: list[App],
    noon: datetime,
    olga: Any,
    alice: Any,
    account: Any,
    app_of: Any,
    monkeypatch: pytest.MonkeyPatch,
    screen: str,
) -> None:
    """Whoever makes it: another's booking, a date's own values, a move, a new name of the club, a cancellation."""
    code = await db.value("SELECT code FROM event_instances ORDER BY starts_at LIMIT 1")
    version = (await event(code, alice)).version
    apps = [*readers, await app_of(alice)]
    deeds: list[Deed] = [
        lambda: seats.book(code, alice, via=Via.MINIAPP),
        lambda: edit_instance(code, olga, InstanceChanges(title="Candle yoga", place="Sali 3")),
        lambda: move_instance(code, olga, noon.replace(tzinfo=None) + timedelta(hours=20)),
        lambda: edit_account(olga, account.id, name="Kallion jooga", zone="Europe/Helsinki", language="fi"),
        lambda: seats.leave(code, alice, via=Via.MINIAPP),
        lambda: cancel_instance(code, olga, "The hall is closed"),
    ]
    before = await pages_of(screen, apps)
    for deed in deeds:
        await deed()
        pages = await pages_of(screen, apps)
        assert pages != before
        assert pages == await rendered_anew(screen, apps, monkeypatch)
        before = pages
    assert (await event(code, alice)).version > version


async def test_a_screen_follows_who_is_named_on_it(
    readers: list[App], members: list[Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The version of an instance does not change with the name of somebody who comes."""
    before = await pages_of("event_screens", readers)
    comer = next(person for n, person in enumerate(members) if n % 5 == 0 and n % 3 == 0)
    await db.execute("UPDATE telegram_users SET first_name = 'Ursula' WHERE id = $1", comer.id)
    pages = await pages_of("event_screens", readers)
    assert pages != before and "Ursula" in pages[1]
    assert pages == await rendered_anew("event_screens", readers, monkeypatch)


HOURS = [timedelta(hours=hours) for hours in (2, 9, 12, 13, 20, 24, 30, 40, 80)]


@pytest.mark.parametrize("screen", SCREENS)
async def test_what_is_kept_follows_the_clock(
    app_of: Any, members: list[Person], monkeypatch: pytest.MonkeyPatch, screen: str
) -> None:
    """Offers expire, windows close, and dates end without a change in the database."""
    at, kept = clock.now(), shown(screen, "kept")
    for later in HOURS:
        clock.advance(at + later - clock.now())
        readers = [await app_of(person) for person in members]  # a session lasts an hour
        pages = await pages_of(screen, readers)
        assert pages == await rendered_anew(screen, readers, monkeypatch), later
    assert shown(screen, "kept") > kept


@pytest.mark.parametrize("screen", SCREENS)
async def test_the_comparison_finds_what_missed_the_clock(
    app_of: Any, members: list[Person], switch_off: Any, monkeypatch: pytest.MonkeyPatch, screen: str
) -> None:
    """The negative control of the test above."""
    switch_off("kept.no-clock")
    at = clock.now()
    await pages_of(screen, [await app_of(person) for person in members])
    for later in HOURS:
        clock.advance(at + later - clock.now())
        readers = [await app_of(person) for person in members]
        if await pages_of(screen, readers) != await rendered_anew(screen, readers, monkeypatch):
            return
    pytest.fail("nothing missed the clock")


def test_keeps_what_was_asked_for_last_within_its_bytes(noon: datetime) -> None:
    cache: HtmlCache[ListRow] = HtmlCache(300)
    for n in range(100):
        cache.keep((n,), ListRow(noon, "UTC", Markup("x" * 50), noon + timedelta(hours=1)))
        assert cache.find((0,), noon) is not None, "asked for all the time"
        assert cache.bytes <= 300
    assert cache.find((99,), noon) and cache.find((98,), noon)
    assert cache.find((50,), noon) is None
