"""Linked groups, and who is in them."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from backend import clock, db
from backend.accounts.actions import create_own_account
from backend.accounts.queries import joined_accounts
from backend.bookings.actions import admit_to_event
from backend.bookings.queries.event import event
from backend.errors import Forbidden, Invalid, NotFound
from backend.groups import presence
from backend.groups.actions import rename_group
from backend.groups.presence import (
    is_present,
    mark_absent,
    mark_present,
    recheck_presence,
    set_membership_checker,
    visit_group,
)
from backend.groups.queries import group_of_chat, groups
from backend.groups.rules import GroupHealth
from backend.linking.actions import link_group, move_group, record_topic, set_health, unlink_group
from backend.people.queries import Person

Make = Callable[..., Awaitable[Any]]


@pytest.fixture
async def telegram() -> AsyncIterator[dict[int, bool | None]]:
    """Whether Telegram says that somebody is in the chat, by Telegram id: None is no answer, and anybody else
    is not in it."""
    answers: dict[int, bool | None] = {}

    async def check(chat_id: int, telegram_id: int) -> bool | None:
        return answers.get(telegram_id, False)

    before = presence._membership_checker
    set_membership_checker(check)
    yield answers
    presence._membership_checker = before


async def test_a_group_belongs_to_one_account(account: Any, olga: Person, charlie: Person) -> None:
    """A1."""
    other = await create_own_account(charlie, "Charlie's chess")
    with pytest.raises(Invalid):
        await link_group(charlie, other, chat_id=account.chat_id, title="Mine now")
    again = await link_group(olga, account.id, chat_id=account.chat_id, title="Kallio Yoga!", forum=True)
    assert (again.id, again.title, again.forum) == (account.group_id, "Kallio Yoga!", True)


async def test_members_cannot_link_groups(account: Any, alice: Person) -> None:
    """X4."""
    with pytest.raises(Forbidden):
        await link_group(alice, account.id, chat_id=-5, title="Mine")


async def test_a_groups_title_topics_health_and_id_are_followed(account: Any, olga: Person) -> None:
    """A6: the id changes when the group becomes a supergroup."""
    await rename_group(account.chat_id, "Yoga in Kallio", forum=True)
    await record_topic(account.chat_id, 7, "Runs")
    await record_topic(account.chat_id, 8, None)
    await record_topic(account.chat_id, 7, None, closed=True)
    await set_health(account.chat_id, GroupHealth.MUTED)
    await move_group(account.chat_id, -100777)
    [seen] = await groups(account.id)
    assert (seen.chat_id, seen.title, seen.health) == (-100777, "Yoga in Kallio", "muted")
    assert [(t.topic_id, t.name, t.closed) for t in seen.topics] == [
        (7, "Runs", True),
        (8, "Topic 8", False),
    ]
    assert await group_of_chat(account.chat_id) is None


async def test_unlinking_keeps_series_and_bookings(
    series: Make, account: Any, olga: Person, alice: Person
) -> None:
    made = await series()
    await unlink_group(olga, account.id, account.group_id)
    assert await groups(account.id) == []
    assert (await event(made.first_code, alice)).group_id is None
    with pytest.raises(NotFound):
        await unlink_group(olga, account.id, account.group_id)


async def test_acting_in_a_linked_group_makes_a_member(account: Any, charlie: Person) -> None:
    """A4."""
    where = await group_of_chat(account.chat_id)
    assert where is not None
    await mark_present(charlie, where)
    await mark_present(charlie, where)
    assert [c.name for c in await joined_accounts(charlie)] == ["Kallio Yoga"]


async def test_telegram_is_asked_once_in_ten_minutes(
    account: Any, charlie: Person, telegram: dict[int, bool | None], noon: datetime
) -> None:
    """A5: its answer is cached."""
    telegram[charlie.telegram_id] = True
    assert await is_present(charlie, account.group_id)
    telegram[charlie.telegram_id] = False
    assert await is_present(charlie, account.group_id)
    clock.advance(timedelta(minutes=11))
    assert not await is_present(charlie, account.group_id)
    clock.advance(timedelta(minutes=11))
    telegram[charlie.telegram_id] = None  # no answer: its last one counts
    assert not await is_present(charlie, account.group_id)


async def test_only_somebody_in_the_group_is_admitted_to_its_events(
    instance: Make, charlie: Person, telegram: dict[int, bool | None], noon: datetime
) -> None:
    """A4, A5: a start parameter is only a hint."""
    code = await instance()
    with pytest.raises(NotFound):
        await admit_to_event(code, charlie)
    clock.advance(timedelta(minutes=11))
    telegram[charlie.telegram_id] = True
    with pytest.raises(NotFound):  # reading admits nobody
        await event(code, charlie)
    await admit_to_event(code, charlie)
    assert (await event(code, charlie)).title == "Evening flow yoga"


async def test_an_event_with_a_link_admits_anybody(instance: Make, charlie: Person) -> None:
    """A5: visibility `link`."""
    code = await instance(visibility="link")
    await admit_to_event(code, charlie)
    assert (await event(code, charlie)).title == "Evening flow yoga"


async def test_a_member_through_the_group_leaves_the_account_with_it(
    account: Any, charlie: Person, alice: Person, telegram: dict[int, bool | None], noon: datetime
) -> None:
    """A5: a member whom an organiser added stays."""
    where = await group_of_chat(account.chat_id)
    assert where is not None
    for person in (charlie, alice):
        await mark_present(person, where)
    clock.advance(timedelta(hours=25))
    await recheck_presence(charlie)
    assert await joined_accounts(charlie) == []
    await mark_absent(alice, where)
    assert [c.name for c in await joined_accounts(alice)] == ["Kallio Yoga"]
    assert (
        await db.value(
            "SELECT bool_or(present) FROM group_members WHERE user_id IN ($1, $2)", charlie.id, alice.id
        )
        is False
    )


async def test_everyone_who_acts_at_once_becomes_a_member_once(
    account: Any, people: dict[str, Person]
) -> None:
    """A4: first taps of many people, some of them twice, beside taps in a chat that is linked to no club."""
    visitors = list(people.values())
    assert len(visitors) > 2
    visits = [(account.chat_id, person) for person in visitors] * 3 + [(404, person) for person in visitors]
    found = await asyncio.gather(*(visit_group(chat_id, person) for chat_id, person in visits))
    assert [where and where.id for where in found] == [
        account.group_id if chat_id == account.chat_id else None for chat_id, _ in visits
    ]
    for person in visitors:
        assert [one.id for one in await joined_accounts(person)].count(account.id) == 1
    assert await visit_group(account.chat_id, None) == await group_of_chat(account.chat_id)
