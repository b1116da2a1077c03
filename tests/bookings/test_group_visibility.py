"""A series of a group is for those who are in that group (`A5`), whatever else they are in."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from backend import clock, db
from backend.accounts.memberships import change_role, join
from backend.accounts.rules import JoinedThrough, Role
from backend.bookings import etags
from backend.bookings.actions import book, seat
from backend.bookings.calendar_entries import calendar_entry
from backend.bookings.queries.event import event
from backend.bookings.queries.lists import between, instances_by_id, upcoming
from backend.departures.former_members import recheck_groups
from backend.errors import NotFound
from backend.groups import presence
from backend.groups.presence import learn_presence, set_membership_checker
from backend.linking.actions import link_group
from backend.people.queries import Person
from backend.screens.queries import home
from backend.seats.requests import Via
from tests.conftest import are_in_group

Make = Callable[..., Awaitable[Any]]


@pytest.fixture
async def outsider(account: Any, charlie: Person) -> Person:
    """A member of the club who is not in its group, as far as is known."""
    await join(charlie, account.id, through=JoinedThrough.HAND)
    return charlie


@pytest.fixture
def telegram_says() -> Iterator[dict[int, bool | None]]:
    """By chat: what Telegram answers, None for nothing; and how often it was asked, under 0."""
    answers: dict[int, Any] = {0: 0}

    async def check(chat_id: int, telegram_id: int) -> bool | None:
        answers[0] += 1
        found: bool | None = answers.get(chat_id, False)
        return found

    before = presence._membership_checker
    set_membership_checker(check)
    yield answers
    presence._membership_checker = before


async def seen_by(person: Person, account: Any, code: str) -> set[str]:
    """In which ways the person reads of an instance, or of the group it is in."""
    now = clock.now()
    instance_id = await db.value("SELECT id FROM event_instances WHERE code = $1", code)
    ways = {
        "upcoming": any(view.code == code for view in await upcoming(person)),
        "search": any(view.code == code for view in await upcoming(person, words="yoga")),
        "month": any(view.code == code for view in await between(person, now, now + timedelta(days=30))),
        "by id": bool(await instances_by_id(person, [instance_id])),
        "groups": bool((await home(person)).groups),
        "etag": bool(await etags.event_etag(code, person)),
    }
    reads: dict[str, Make] = {"event": event, "calendar": calendar_entry}
    for way, read in reads.items():
        try:
            await read(code, person)
            ways[way] = True
        except NotFound:
            ways[way] = False
    return {way for way, seen in ways.items() if seen}


async def test_only_who_is_in_the_group_sees_it(
    noon: datetime, account: Any, alice: Person, outsider: Person, instance: Make, telegram_says: Any
) -> None:
    code = await instance()
    everything = await seen_by(alice, account, code)
    assert len(everything) == 8
    assert await seen_by(outsider, account, code) == set()
    with pytest.raises(NotFound):
        await book(code, outsider, via=Via.MINIAPP)
    await are_in_group(account.group_id, outsider)  # the control
    assert await seen_by(outsider, account, code) == everything


async def test_another_group_of_the_club_does_not_count(
    noon: datetime, account: Any, olga: Person, outsider: Person, instance: Make, telegram_says: Any
) -> None:
    other = await link_group(olga, account.id, chat_id=-1009, title="Advanced")
    await are_in_group(other.id, outsider)
    here, there = await instance(), await instance(group_id=other.id)
    assert [view.code for view in await upcoming(outsider)] == [there]
    assert [one.title for one in (await home(outsider)).groups] == ["Advanced"]
    assert await seen_by(outsider, account, here) == {"groups"}, "of the other one"


@pytest.mark.parametrize("role", [Role.HELPER, Role.ADMIN])
async def test_whoever_runs_the_club_sees_all(
    noon: datetime, account: Any, olga: Person, outsider: Person, instance: Make, role: Role
) -> None:
    code = await instance()
    membership_id = await db.value("SELECT id FROM memberships WHERE user_id = $1", outsider.id)
    await change_role(olga, account.id, membership_id, role)
    assert len(await seen_by(outsider, account, code)) == 8


@pytest.mark.parametrize("fields", [{"visibility": "link"}, {"group_id": None}])
async def test_other_series_are_for_every_member(
    noon: datetime, account: Any, outsider: Person, instance: Make, fields: dict[str, Any]
) -> None:
    code = await instance(**fields)
    assert await seen_by(outsider, account, code) >= {"upcoming", "month", "event", "etag", "calendar"}


async def test_whoever_has_a_seat_sees_it(
    noon: datetime, account: Any, olga: Person, outsider: Person, instance: Make
) -> None:
    """An organiser gave it to them, or they left the group since (A9)."""
    code = await instance()
    membership_id = await db.value("SELECT id FROM memberships WHERE user_id = $1", outsider.id)
    await seat(code, olga, membership_id)
    assert await seen_by(outsider, account, code) >= {"upcoming", "month", "event", "etag", "calendar"}


async def test_telegram_is_asked_when_the_app_opens(
    noon: datetime, account: Any, outsider: Person, instance: Make, telegram_says: Any
) -> None:
    """What it does not know it does not change; an answer is believed for ten minutes."""
    code = await instance()
    telegram_says[account.chat_id] = None
    await recheck_groups(outsider)
    assert await db.value("SELECT count(*) FROM group_members WHERE user_id = $1", outsider.id) == 0
    telegram_says[account.chat_id] = False
    await recheck_groups(outsider)
    telegram_says[account.chat_id] = True
    await recheck_groups(outsider)
    assert (await seen_by(outsider, account, code), telegram_says[0]) == (set(), 2)
    clock.advance(timedelta(minutes=10, seconds=1))
    await recheck_groups(outsider)
    await recheck_groups(outsider)
    assert (len(await seen_by(outsider, account, code)), telegram_says[0]) == (8, 3)


async def test_only_so_many_groups_are_asked_about_at_once(
    noon: datetime, account: Any, olga: Person, outsider: Person, telegram_says: Any
) -> None:
    """X8: the others follow the next time."""
    for number in range(7):
        await link_group(olga, account.id, chat_id=-2000 - number, title=f"Group {number}")
    await learn_presence(outsider)
    assert telegram_says[0] == presence.ASKED_AT_ONCE
    await learn_presence(outsider)
    assert telegram_says[0] == 8


async def test_telegram_is_asked_about_all_groups_together(
    noon: datetime, account: Any, olga: Person, outsider: Person, telegram_says: Any
) -> None:
    """Whoever opens the app waits for one answer, not for five one after the other."""
    for number in range(4):
        await link_group(olga, account.id, chat_id=-2000 - number, title=f"Group {number}")
    everybody_asks = asyncio.Barrier(5)

    async def check(chat_id: int, telegram_id: int) -> bool | None:
        await everybody_asks.wait()
        return True

    set_membership_checker(check)
    await learn_presence(outsider)
    assert (
        await db.value("SELECT count(*) FROM group_members WHERE user_id = $1 AND present", outsider.id) == 5
    )


async def test_nobody_waits_for_a_silent_telegram(
    noon: datetime,
    account: Any,
    olga: Person,
    outsider: Person,
    telegram_says: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What was answered in time counts; the others are asked about the next time."""
    monkeypatch.setattr(presence, "ANSWERS_WITHIN", 0.1)
    await link_group(olga, account.id, chat_id=-2000, title="Silent")

    async def check(chat_id: int, telegram_id: int) -> bool | None:
        if chat_id == -2000:
            await asyncio.Event().wait()
        return True

    set_membership_checker(check)
    await learn_presence(outsider)
    known = await db.rows("SELECT group_id FROM group_members WHERE user_id = $1", outsider.id)
    assert [row["group_id"] for row in known] == [account.group_id]
