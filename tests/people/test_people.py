"""Registering people, their language and zone, and signing in to the dashboard."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest

from backend import clock, db
from backend.errors import Invalid, NotFound
from backend.people.actions import (
    TelegramIdentity,
    allow_writing,
    choose_language,
    choose_zone,
    mark_blocked,
    register_person,
)
from backend.people.browser_sessions import end_sessions, sign_out
from backend.people.queries import Person, person, person_of_browser, person_of_telegram
from backend.people.sign_ins import (
    SIGN_IN_LIFE,
    answer_sign_in,
    begin_sign_in,
    finish_sign_in,
    pending_sign_in,
    sign_in_state,
)

BROWSER = "Firefox on Linux"


async def test_registering_again_updates_the_same_person(world: None) -> None:
    first = await register_person(TelegramIdentity(7, "Väinö", language_code="fi-FI"))
    again = await register_person(TelegramIdentity(7, "Väinö", "Linna", "vaino", "fi"))
    assert first.id == again.id
    assert (again.full_name, again.language) == ("Väinö Linna", "fi")
    assert await person(first.id) == again
    assert await person_of_telegram(7) == again


async def test_hundreds_arrive_at_once_some_twice_and_under_two_names(world: None) -> None:
    arrivals = [TelegramIdentity(n, f"Person {n}", may_write=n % 2 == 0) for n in range(1, 201)] * 2
    arrivals += [TelegramIdentity(n, f"Renamed {n}") for n in range(1, 11)]
    people = await asyncio.gather(*(register_person(who) for who in arrivals))
    assert [one.telegram_id for one in people] == [who.telegram_id for who in arrivals]
    assert len({one.id for one in people}) == await db.value("SELECT count(*) FROM telegram_users") == 200
    again = await asyncio.gather(*(register_person(who) for who in arrivals[:200]))
    assert [one.id for one in again] == [one.id for one in people[:200]]
    assert [one.full_name for one in again] == [who.first_name for who in arrivals[:200]]
    assert [one.reachable for one in again] == [who.may_write for who in arrivals[:200]]


async def test_a_chosen_language_stays_whatever_telegram_says(alice: Person) -> None:
    """M5."""
    await choose_language(alice, "fi")
    again = await register_person(TelegramIdentity(alice.telegram_id, "Alice", language_code="en"))
    assert again.language == "fi"
    with pytest.raises(Invalid):
        await choose_language(alice, "tlh")


async def test_an_unknown_zone_is_refused(alice: Person) -> None:
    await choose_zone(alice, "Europe/London")
    with pytest.raises(Invalid):
        await choose_zone(alice, "Mars/Olympus")
    found = await person(alice.id)
    assert found is not None
    assert found.zone == "Europe/London"


async def test_somebody_who_blocks_the_bot_is_not_reachable_until_they_return(alice: Person) -> None:
    """M3."""

    async def is_reachable() -> bool:
        found = await person(alice.id)
        assert found is not None
        return found.reachable

    assert await is_reachable()
    await mark_blocked(alice.telegram_id)
    assert not await is_reachable()
    await allow_writing(alice)
    assert await is_reachable()


async def test_a_browser_is_signed_in_once_the_bot_confirms(olga: Person) -> None:
    """X3: the link works once, and only for its browser."""
    link = await begin_sign_in(BROWSER)
    assert await sign_in_state(link.browser_key) == "waiting"
    with pytest.raises(NotFound):
        await finish_sign_in(link.browser_key)
    pending = await pending_sign_in(link.key)
    assert pending.browser == BROWSER
    assert await answer_sign_in(pending.id, olga, number=link.number)
    assert await sign_in_state(link.browser_key) == "confirmed"
    token = await finish_sign_in(link.browser_key)
    assert await person_of_browser(token) == olga
    for attempt in (finish_sign_in(link.browser_key), pending_sign_in(link.key)):
        with pytest.raises(NotFound):
            await attempt
    assert token not in str([dict(r) for r in await db.rows("SELECT * FROM web_sessions")])


async def test_a_refused_or_expired_link_does_not_work(olga: Person, charlie: Person, noon: datetime) -> None:
    refused = await begin_sign_in(BROWSER)
    pending = await pending_sign_in(refused.key)
    await answer_sign_in(pending.id, olga, number=None)
    assert await sign_in_state(refused.browser_key) == "refused"
    with pytest.raises(NotFound):
        await answer_sign_in(pending.id, charlie, number=refused.number)
    old = await begin_sign_in(BROWSER)
    pending = await pending_sign_in(old.key)
    clock.advance(SIGN_IN_LIFE)
    assert await sign_in_state(old.browser_key) == "gone"
    with pytest.raises(NotFound):
        await answer_sign_in(pending.id, olga, number=old.number)


async def sign_in(who: Person) -> str:
    link = await begin_sign_in(BROWSER)
    await answer_sign_in((await pending_sign_in(link.key)).id, who, number=link.number)
    return await finish_sign_in(link.browser_key)


async def test_signing_out_ends_this_browser_only(olga: Person) -> None:
    first, second = await sign_in(olga), await sign_in(olga)
    await sign_out(first)
    await sign_out(first)
    assert await person_of_browser(first) is None
    assert await person_of_browser(second) == olga


async def test_ending_all_sessions_reaches_browsers_and_the_mini_app(olga: Person) -> None:
    """X3: revocation counts at once."""
    token = await sign_in(olga)
    await end_sessions(olga)
    assert await person_of_browser(token) is None
    found = await person(olga.id)
    assert found is not None
    assert found.session_version == olga.session_version + 1


async def test_a_session_ends_after_a_month(olga: Person, noon: datetime) -> None:
    token = await sign_in(olga)
    clock.advance(timedelta(days=31))
    assert await person_of_browser(token) is None


async def test_people_who_are_loaded_together_are_told_apart(crowd: Any) -> None:
    """Every request loads its person; those that arrive together share one query."""

    people = await crowd(30)
    found = await asyncio.gather(*(person(p.id) for p in people), person(10**9))
    assert found == [*people, None]
