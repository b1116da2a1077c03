"""Announced maintenance: every door says when everything is back, nothing changes, and nothing is lost (`C8`)."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest

from backend import clock, db, maintenance
from backend.errors import Invalid
from backend.maintenance import UnderMaintenance, Window
from backend.people.queries import Person
from emerald.readiness import sending
from emerald.worker import unless_maintained
from tests.telegram import Telegram
from tests.workers import command

MESSAGE = "The database moves."


@pytest.fixture
async def maintained(account: Any) -> AsyncIterator[None]:
    """Maintenance for 25 more minutes. (After the small world is made, whose rows are kept for other tests.)"""
    now = clock.now()
    await maintenance.plan(now, now + timedelta(minutes=25), MESSAGE)
    yield
    await db.execute("DELETE FROM maintenance")
    maintenance.forget()


async def test_every_page_and_feed_says_when_it_is_over(
    maintained: None, web: httpx.AsyncClient, instance: Callable[..., Awaitable[str]], alice: Person
) -> None:
    for path in ("/app/", "/app/events", "/dashboard", "/calendar/abc.ics", "/app/events/abc"):
        answer = await web.get(path)
        assert answer.status_code == 503, path
        assert "Emerald is being maintained and is back in about 25 minutes" in answer.text, path
        assert MESSAGE in answer.text and 1400 < int(answer.headers["Retry-After"]) <= 1501
    fragment = await web.post("/app/events/abc/booking", headers={"HX-Request": "true"})
    assert fragment.status_code == 503 and fragment.headers["HX-Retarget"] == "#offline"
    assert "<html" not in fragment.text and MESSAGE in fragment.text
    finnish = await web.get("/dashboard", headers={"Accept-Language": "fi"})
    assert "25 minuutin" in finnish.text
    for path in ("/health", "/ready"):
        assert MESSAGE not in (await web.get(path)).text, path


async def test_without_the_guard_pages_would_be_open(
    maintained: None, web: httpx.AsyncClient, switch_off: Callable[[str], None]
) -> None:
    switch_off("maintenance.ignored")
    assert (await web.get("/app/")).status_code == 200


async def test_a_tap_and_a_command_are_answered_and_nothing_is_recorded(
    maintained: None, telegram: Telegram, alice: Person
) -> None:
    before = await db.value("SELECT count(*) FROM telegram_updates")
    said = (await telegram.say("Alice", "/events"))["text"]
    assert said.startswith("Emerald is being maintained and is back in about 25 minutes.") and MESSAGE in said
    assert await db.value("SELECT count(*) FROM telegram_updates") == before


async def test_what_nobody_waits_for_comes_again_afterwards(
    maintained: None, telegram: Telegram, account: Any
) -> None:
    """A member who leaves a group must not be forgotten: the update is refused, not handled."""
    left = {
        "update_id": 7_000_001,
        "my_chat_member": {
            "chat": {"id": account.chat_id, "type": "supergroup", "title": "Kallio Yoga"},
            "from": {"id": 1001, "is_bot": False, "first_name": "Olga"},
            "date": 1,
            "old_chat_member": {"status": "member", "user": {"id": 42, "is_bot": True, "first_name": "E"}},
            "new_chat_member": {"status": "left", "user": {"id": 42, "is_bot": True, "first_name": "E"}},
        },
    }
    from aiogram.types import Update

    update = Update.model_validate(left, context={"bot": telegram.bot})
    with pytest.raises(UnderMaintenance):
        await telegram.dispatcher.feed_update(telegram.bot, update)
    await maintenance.end()
    await telegram.dispatcher.feed_update(telegram.bot, update)
    assert await db.value("SELECT true FROM telegram_updates WHERE update_id = 7000001")


async def test_nothing_is_sent_and_no_job_runs_until_it_is_over(maintained: None) -> None:
    done: list[str] = []

    async def act() -> None:
        done.append("done")

    await unless_maintained(act)
    assert done == []
    assert await sending() == "ok"
    await maintenance.end()
    await unless_maintained(act)
    assert done == ["done"]


async def test_it_is_over_by_itself_and_begins_when_planned(world: None, noon: Any) -> None:
    start, end = clock.now() + timedelta(hours=1), clock.now() + timedelta(hours=2)
    await maintenance.plan(start, end, "")
    assert not await maintenance.is_on()
    clock.advance(timedelta(hours=1))
    assert await maintenance.is_on()
    clock.advance(timedelta(hours=1))
    assert not await maintenance.is_on()
    await db.execute("DELETE FROM maintenance")
    maintenance.forget()


async def test_it_goes_on_while_the_database_is_away(
    maintained: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is what maintenance is for."""
    assert await maintenance.is_on()

    async def away() -> Window | None:
        await asyncio.Event().wait()
        return None

    monkeypatch.setattr(maintenance, "window", away)
    monkeypatch.setattr(maintenance, "READ_TIMEOUT", 0.01)
    maintenance._known.next_read = 0.0
    assert await maintenance.is_on()


async def test_an_operator_plans_it_shows_it_and_ends_it(world: None) -> None:
    done = await command("maintenance", "on", "--until", "2020-01-01T00:00")
    assert done.returncode == 1 and "in the future" in done.stderr
    done = await command("maintenance", "on", "--until", "soon")
    assert done.returncode == 1 and "Write it like this" in done.stderr
    day = clock.now() + timedelta(days=1)
    moments = [f"{day:%Y-%m-%dT}{hour}:00" for hour in ("02", "04")]
    done = await command(
        "maintenance", "on", "--from", moments[0], "--until", moments[1], "--message", "New disk."
    )
    planned = f"Maintenance is planned from {day:%Y-%m-%d} 02:00 to {day:%Y-%m-%d} 04:00 UTC. “New disk.”\n"
    assert (done.returncode, done.stdout) == (0, planned)
    assert (await command("maintenance", "status")).stdout == planned
    assert (await command("maintenance", "off")).stdout == "Maintenance is over.\n"
    assert (await command("maintenance", "status")).stdout == "There is no maintenance.\n"
    await db.execute("DELETE FROM maintenance")


async def test_it_takes_two_days_at_most(world: None) -> None:
    now = clock.now()
    with pytest.raises(Invalid, match="two days"):
        await maintenance.plan(now, now + timedelta(days=3), "")
    with pytest.raises(Invalid, match="too long"):
        await maintenance.plan(now, now + timedelta(hours=1), "x" * 201)
