"""Rows of the list of events are rendered once for all who see the same, and nobody sees another's (`A1`)."""

import asyncio
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
from webapp.miniapp import row_cache
from webapp.miniapp.row_cache import ListRow, RowCache

Deed = Callable[[], Any]


@pytest.fixture(autouse=True)
def rows(monkeypatch: pytest.MonkeyPatch) -> RowCache:
    """An empty cache."""
    cache = RowCache(row_cache.BYTES_MAX)
    monkeypatch.setattr(row_cache, "ROWS", cache)
    return cache


def shown_rows(source: str) -> float:
    """How many rows of lists this process has shown from there."""
    return REGISTRY.get_sample_value("emerald_list_rows_total", {"source": source}) or 0


async def pages_of(apps: list[App]) -> list[str]:
    """What these readers see, all at once."""
    answers = await asyncio.gather(*[app.get("/app/events") for app in apps])
    assert {answer.status_code for answer in answers} == {200}
    return [answer.text for answer in answers]


async def rendered_anew(apps: list[App], monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The same without a row that was kept."""
    with monkeypatch.context() as patch:
        patch.setattr(row_cache, "ROWS", RowCache(0))
        return [(await app.get("/app/events")).text for app in apps]


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


async def test_many_readers_at_once_see_what_they_would_see_alone(
    readers: list[App], monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = await rendered_anew(readers, monkeypatch)
    assert await pages_of(readers) == alone
    shown_before = shown_rows("rendered")
    assert await pages_of(readers) == alone
    assert shown_rows("rendered") == shown_before, "all rows were kept"
    assert len(set(alone)) > 10, "the readers differ"


async def test_the_comparison_finds_a_row_shown_to_another(
    readers: list[App], switch_off: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control of the test above."""
    alone = await rendered_anew(readers, monkeypatch)
    switch_off("rows.shared")
    await pages_of(readers)
    assert await pages_of(readers) != alone


async def test_a_row_follows_every_change(
    readers: list[App],
    noon: datetime,
    olga: Any,
    alice: Any,
    account: Any,
    app_of: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whoever makes it: another's booking, a date's own values, a move, a new name of the club, a cancellation."""
    code = await db.value("SELECT code FROM event_instances ORDER BY starts_at LIMIT 1")
    version = (await event(code, alice)).version
    apps = [*readers, await app_of(alice)]
    deeds: list[Deed] = [
        lambda: seats.book(code, alice, via=Via.MINIAPP),
        lambda: edit_instance(code, olga, InstanceChanges(title="Candle yoga", place="Sali 3")),
        lambda: move_instance(code, olga, noon.replace(tzinfo=None) + timedelta(hours=30)),
        lambda: edit_account(olga, account.id, name="Kallion jooga", zone="Europe/Helsinki", language="fi"),
        lambda: seats.leave(code, alice, via=Via.MINIAPP),
        lambda: cancel_instance(code, olga, "The hall is closed"),
    ]
    before = await pages_of(apps)
    for deed in deeds:
        await deed()
        shown = await pages_of(apps)
        assert shown != before
        assert shown == await rendered_anew(apps, monkeypatch)
        before = shown
    assert (await event(code, alice)).version > version


HOURS = [timedelta(hours=hours) for hours in (2, 9, 12, 13, 20, 24, 30, 40, 80)]


async def test_a_row_follows_the_clock(
    app_of: Any, members: list[Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Offers expire, windows close, and dates end without a change in the database."""
    at, kept = clock.now(), shown_rows("kept")
    for later in HOURS:
        clock.advance(at + later - clock.now())
        readers = [await app_of(person) for person in members]  # a session lasts an hour
        shown = await pages_of(readers)
        assert shown == await rendered_anew(readers, monkeypatch), later
    assert shown_rows("kept") > kept


async def test_the_comparison_finds_a_row_that_missed_the_clock(
    app_of: Any, members: list[Person], switch_off: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control of the test above."""
    switch_off("rows.no-clock")
    at = clock.now()
    await pages_of([await app_of(person) for person in members])
    for later in HOURS:
        clock.advance(at + later - clock.now())
        readers = [await app_of(person) for person in members]
        if await pages_of(readers) != await rendered_anew(readers, monkeypatch):
            return
    pytest.fail("no row missed the clock")


def test_keeps_what_was_asked_for_last_within_its_bytes(noon: datetime) -> None:
    cache = RowCache(300)
    for n in range(100):
        cache.keep((n,), ListRow(noon, "UTC", Markup("x" * 50), noon + timedelta(hours=1)))
        assert cache.find((0,), noon) is not None, "asked for all the time"
        assert cache.bytes <= 300
    assert cache.find((99,), noon) and cache.find((98,), noon)
    assert cache.find((50,), noon) is None
