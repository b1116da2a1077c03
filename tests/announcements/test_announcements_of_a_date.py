"""Announcements to some of the people of one date (`C5`)."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from backend import clock, db
from backend.accounts.actions import create_own_account
from backend.announcements.actions import create_announcement, schedule_announcement
from backend.announcements.drafts import AnnouncementDraft
from backend.announcements.fan_out import fan_out
from backend.announcements.instance_parts import InstancePart
from backend.announcements.queries import audience
from backend.bookings.actions import answer, book
from backend.bookings.attendance import check_in
from backend.errors import NotFound
from backend.people.actions import allow_writing
from backend.seats.requests import Via
from tests.bookings.lookups import membership_of


async def write(olga: Any, account_id: int, code: str, parts: Sequence[InstancePart]) -> int:
    instance_id = await db.value("SELECT id FROM event_instances WHERE code = $1", code)
    draft = AnnouncementDraft(text="Bring shoes", to_members=True, instance_id=instance_id, parts=parts)
    return await create_announcement(olga, account_id, draft)


async def names(number: int) -> set[str]:
    rows = await db.rows(
        "SELECT u.first_name FROM messages m JOIN telegram_users u ON u.id = m.user_id WHERE m.announcement_id = $1",
        number,
    )
    return {row["first_name"] for row in rows}


@pytest.fixture
async def evening(noon: Any, instance: Any, crowd: Any, people: dict[str, Any]) -> str:
    """Member 1 and a visitor have seats, 2 waits, 3 said maybe, 4 can't, 5 has not answered."""
    code = str(await instance(capacity=2, visibility="link"))
    members = await crowd(5)
    for person in (*members, people["charlie"]):
        await allow_writing(person)
    await book(code, members[0], via=Via.CARD)
    await book(code, people["charlie"], via=Via.MINIAPP)
    await book(code, members[1], via=Via.CARD)
    await answer(code, members[2], maybe=True, via=Via.CARD)
    await answer(code, members[3], maybe=False, via=Via.CARD)
    return code


@pytest.mark.parametrize(
    ("parts", "readers"),
    [
        ([InstancePart.BOOKED], {"Member 1", "Charlie"}),
        ([InstancePart.WAITING], {"Member 2"}),
        ([InstancePart.OFFERED], set()),
        ([InstancePart.MAYBE, InstancePart.DECLINED], {"Member 3", "Member 4"}),
        ([InstancePart.BOOKED, InstancePart.WAITING], {"Member 1", "Member 2", "Charlie"}),
    ],
)
async def test_each_part_of_the_people_is_written_to(
    evening: str, olga: Any, account: Any, parts: list[InstancePart], readers: set[str]
) -> None:
    """The preview counts those whom it reaches then; nobody gets it twice."""
    number = await write(olga, account.id, evening, parts)
    assert (await audience(olga, number)).members == len(readers)
    await schedule_announcement(olga, number)
    await fan_out()
    await fan_out()
    assert await names(number) == readers


async def test_those_who_have_not_answered_are_of_the_group(evening: str, olga: Any, account: Any) -> None:
    number = await write(olga, account.id, evening, [InstancePart.UNANSWERED])
    await schedule_announcement(olga, number)
    await fan_out()
    written = await names(number)
    assert "Member 5" in written and not written & {"Member 1", "Member 2", "Member 3", "Member 4", "Charlie"}


async def test_who_they_are_is_decided_when_it_is_sent(
    evening: str, olga: Any, account: Any, people: dict[str, Any]
) -> None:
    """Whoever is checked in meanwhile is not missed any more."""
    number = await write(olga, account.id, evening, [InstancePart.NOT_CHECKED_IN])
    assert (await audience(olga, number)).members == 2
    start = await db.value("SELECT starts_at FROM event_instances WHERE code = $1", evening)
    clock.advance(start - clock.now() - timedelta(minutes=5))
    await check_in(evening, olga, await membership_of(people["charlie"]))
    await schedule_announcement(olga, number)
    await fan_out()
    assert await names(number) == {"Member 1"}


async def test_a_date_of_another_club_is_none(evening: str, olga: Any) -> None:
    other = await create_own_account(olga, "Another club")
    with pytest.raises(NotFound):
        await write(olga, other, evening, [InstancePart.BOOKED])
