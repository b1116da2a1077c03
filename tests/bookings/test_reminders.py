"""Reminders at each member's own time, and asking who has not answered (`M4`, `P5`)."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from backend import clock, db
from backend.bookings.actions import answer, book, leave
from backend.bookings.reminders import (
    AT_ONCE,
    RemindedAlready,
    remind_due,
    remind_unanswered,
    remind_unanswered_now,
    unanswered_members,
)
from backend.errors import Forbidden, Invalid
from backend.events.cancel import cancel_instance, restore_instance
from backend.events.queries import find_instance
from backend.groups.presence import mark_absent, mark_present
from backend.groups.queries import group
from backend.messages.results import record_result
from backend.outbox.claim import claim
from backend.outbox.states import CallResult, SendResult
from backend.people.actions import allow_writing, mark_blocked
from backend.people.preferences import choose_reminders, mute
from backend.seats.requests import Via

Make = Callable[..., Awaitable[str]]
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


async def send_all(kind: str = "reminder") -> list[int]:
    """Send what is due, all of this kind; the ids of the recipients."""
    found: list[int] = []
    while deliveries := await claim(1, limit=50):
        for delivery in deliveries:
            await record_result(delivery, CallResult(SendResult.DONE), clock.now())
            assert delivery.kind == kind
            found.append(delivery.person.id)
    return sorted(found)


async def start_of(code: str) -> datetime:
    where = await find_instance(code)
    start: datetime = await db.value("SELECT starts_at FROM event_instances WHERE id = $1", where.id)
    return start


async def until(code: str, before: timedelta) -> None:
    """Advance the clock to this long before the start."""
    clock.advance(await start_of(code) - before - clock.now())


async def move(code: str, by: timedelta) -> None:
    async with db.transaction():
        await db.execute(
            "UPDATE event_instances SET starts_at = starts_at + $2, ends_at = ends_at + $2, moved_at = $3 WHERE code = $1",
            code,
            by,
            clock.now(),
        )


async def test_reminds_a_day_and_two_hours_before_once_each(
    alice: Any, bob: Any, instance: Make, noon: datetime
) -> None:
    """`M4`, `S1`: everybody with a seat, however often the job runs."""
    code = await instance(capacity=1)
    await book(code, alice, via=Via.CARD)
    await book(code, bob, via=Via.CARD)  # waits
    await until(code, DAY + timedelta(seconds=1))
    assert await remind_due() == 0
    clock.advance(timedelta(seconds=1))
    assert await remind_due() == 1 and await remind_due() == 0
    assert await send_all() == [alice.id]
    await until(code, 2 * HOUR)
    assert await remind_due() == 1 and await remind_due() == 0
    assert await send_all() == [alice.id]
    await until(code, timedelta(0))
    assert await remind_due() == 0


async def test_two_workers_at_once_remind_once(alice: Any, bob: Any, instance: Make, noon: datetime) -> None:
    code = await instance()
    for person in (alice, bob):
        await book(code, person, via=Via.CARD)
    await until(code, 2 * HOUR)
    await asyncio.gather(*(remind_due() for _ in range(4)))
    assert await send_all() == [alice.id, bob.id]


async def test_each_at_their_own_time(
    alice: Any, bob: Any, aino: Any, instance: Make, noon: datetime
) -> None:
    """`M4`, `M5`: Alice wants an hour, Bob nothing, Aino what the event says."""
    await choose_reminders(alice, [60])
    await choose_reminders(bob, [])
    code = await instance(remind_before_minutes=(180,))
    for person in (alice, bob, aino):
        await book(code, person, via=Via.CARD)
    await until(code, 3 * HOUR)
    await remind_due()
    assert await send_all() == [aino.id]
    await until(code, HOUR)
    await remind_due()
    assert await send_all() == [alice.id]


async def test_going_back_to_the_series_leads_catches_up_on_nothing(
    alice: Any, instance: Make, noon: datetime
) -> None:
    """`M4`, `M5`: no reminder is sent for a moment before she chose."""
    await choose_reminders(alice, [60])
    code = await instance(remind_before_minutes=(24 * 60, 30))
    await book(code, alice, via=Via.CARD)
    await until(code, 12 * HOUR)
    await choose_reminders(alice, None)
    assert await remind_due() == 0
    await until(code, timedelta(minutes=30))
    assert await remind_due() == 1


async def test_muted_reminders_are_not_sent(alice: Any, instance: Make, noon: datetime) -> None:
    """`M5`: also when one is due already."""
    code = await instance()
    await book(code, alice, via=Via.CARD)
    await until(code, DAY)
    assert await remind_due() == 1
    await mute(alice, "reminders", on=True)
    assert await send_all() == []


async def test_a_seat_taken_after_the_lead_time_gets_no_reminder_of_it(
    alice: Any, instance: Make, noon: datetime
) -> None:
    code = await instance()
    await until(code, 5 * HOUR)
    await book(code, alice, via=Via.CARD)
    assert await remind_due() == 0
    await choose_reminders(alice, [1440, 360, 60])  # nor is it caught up on when the times are chosen anew
    assert await remind_due() == 0
    await until(code, HOUR)
    assert await remind_due() == 1


async def test_a_worker_that_was_away_reminds_once(alice: Any, instance: Make, noon: datetime) -> None:
    """Both times have passed: only the nearer reminder is sent."""
    code = await instance()
    await book(code, alice, via=Via.CARD)
    await until(code, HOUR)
    assert await remind_due() == 1 and await remind_due() == 0
    assert await send_all() == [alice.id]


@pytest.mark.parametrize(
    ("lead", "late", "reminders"),
    [
        (2 * HOUR, HOUR, 1),
        (2 * HOUR, HOUR + timedelta(minutes=1), 0),
        (DAY, 12 * HOUR, 1),
        (7 * DAY, 12 * HOUR, 1),
        (7 * DAY, 12 * HOUR + timedelta(minutes=1), 0),
    ],
)
async def test_a_reminder_that_is_long_overdue_is_not_sent(
    alice: Any, instance: Make, noon: datetime, lead: timedelta, late: timedelta, reminders: int
) -> None:
    """`M4`: half the lead late, or half a day, and it would be another reminder than the one that was
    chosen."""
    start = (noon + 10 * DAY).replace(tzinfo=None)
    minutes = int(lead.total_seconds() // 60)
    code = await instance(starts_local=start, remind_before_minutes=(minutes,))
    await book(code, alice, via=Via.CARD)
    await until(code, lead - late)
    assert await remind_due() == reminders


async def test_unblocking_the_bot_brings_no_reminder_of_long_ago(
    alice: Any, instance: Make, noon: datetime
) -> None:
    """`M3`, `M4`: nothing was sent while it was blocked; afterwards only what is still to come."""
    code = await instance()
    await book(code, alice, via=Via.CARD)
    await mark_blocked(alice.telegram_id)
    await until(code, 2 * HOUR)
    assert await remind_due() == 0
    await until(code, timedelta(minutes=30))
    await allow_writing(alice)
    assert await remind_due() == 0


async def test_unblocking_the_bot_in_time_brings_the_reminder(
    alice: Any, bob: Any, instance: Make, noon: datetime
) -> None:
    """`M3`, `M4`: also when the others were reminded already."""
    code = await instance()
    for person in (alice, bob):
        await book(code, person, via=Via.CARD)
    await mark_blocked(alice.telegram_id)
    await until(code, 2 * HOUR)
    assert await remind_due() == 1
    clock.advance(timedelta(minutes=20))
    assert await remind_due() == 0
    await allow_writing(alice)
    assert await remind_due() == 1 and await remind_due() == 0
    assert await send_all() == [alice.id, bob.id]


async def test_a_seat_that_was_being_taken_as_the_job_ran_is_seen_a_minute_later(
    alice: Any, bob: Any, instance: Make, noon: datetime
) -> None:
    """`M4`: she had the seat before the moment, and her booking was committed after the job had read."""
    code = await instance()
    await book(code, bob, via=Via.CARD)
    await until(code, 2 * HOUR)
    assert await remind_due() == 1
    clock.advance(timedelta(seconds=1))
    await book(code, alice, via=Via.CARD)
    assert await remind_due() == 0, "taken after the moment"
    await db.execute(
        "UPDATE bookings SET seated_at = seated_at - interval '1 second' WHERE seated_at = $1", clock.now()
    )
    clock.advance(timedelta(minutes=1))
    assert await remind_due() == 1


async def test_a_restored_instance_is_reminded_of_though_its_moment_came_while_it_was_cancelled(
    olga: Any, alice: Any, instance: Make, noon: datetime
) -> None:
    code = await instance()
    await book(code, alice, via=Via.CARD)
    await until(code, DAY)
    assert await remind_due() == 1
    clock.advance(timedelta(minutes=2))
    await cancel_instance(code, olga, "Ill")
    await until(code, 2 * HOUR)
    assert await remind_due() == 0
    clock.advance(timedelta(minutes=10))
    await restore_instance(code, olga)
    assert await remind_due() == 1


async def test_of_many_instances_each_is_reminded_of_once(
    alice: Any, bob: Any, instance: Make, noon: datetime
) -> None:
    """More than one transaction writes, and of two times that passed the nearer counts in each."""
    codes = [await instance(remind_before_minutes=(120, 60)) for _ in range(AT_ONCE + 5)]
    for code in codes:
        await book(code, alice, via=Via.CARD)
    await until(codes[0], HOUR)
    assert await remind_due() == len(codes) and await remind_due() == 0
    assert await db.value(
        "SELECT array_agg(DISTINCT detail ->> 'lead') FROM messages WHERE kind = 'reminder'"
    ) == ["60"]


async def test_a_stale_reminder_is_not_sent(
    olga: Any, alice: Any, bob: Any, aino: Any, instance: Make, noon: datetime
) -> None:
    """`M4`: left, cancelled or moved after the reminder was written and before it was sent."""
    left, cancelled, moved = await instance(), await instance(), await instance()
    await book(left, alice, via=Via.CARD)
    await book(cancelled, bob, via=Via.CARD)
    await book(moved, aino, via=Via.CARD)
    await until(left, DAY)
    assert await remind_due() == 3
    await leave(left, alice, via=Via.CARD)
    await cancel_instance(cancelled, olga, "Ill")
    await move(moved, HOUR)
    assert await send_all("cancelled") == [bob.id]
    assert await remind_due() == 0


async def test_a_moved_instance_reminds_again(alice: Any, instance: Make, noon: datetime) -> None:
    code = await instance()
    await book(code, alice, via=Via.CARD)
    await until(code, DAY)
    await remind_due()
    assert await send_all() == [alice.id]
    await move(code, 2 * DAY)
    assert await remind_due() == 0
    await until(code, DAY)
    assert await remind_due() == 1
    assert await send_all() == [alice.id]


async def test_a_reminder_in_the_night_waits_for_the_morning(
    alice: Any, instance: Make, noon: datetime
) -> None:
    """Unless too little is left then: at 7 the one of an hour before goes out at 6."""
    start = (clock.now() + 3 * DAY).replace(hour=7, minute=0, tzinfo=None)
    code = await instance(starts_local=start, remind_before_minutes=(1440, 60))
    await book(code, alice, via=Via.CARD)
    await until(code, DAY)
    await remind_due()
    assert await send_all() == []  # 7 in the morning, a day before
    clock.advance(HOUR)
    assert await send_all() == [alice.id]
    await until(code, HOUR)
    await remind_due()
    assert await send_all() == [alice.id]


# --- asking members who have not answered ---


@pytest.fixture
async def yogis(olga: Any, alice: Any, bob: Any, aino: Any, account: Any) -> list[Any]:
    """All of them are known to be in the group."""
    where = await group(account.group_id)
    assert where is not None
    for person in (olga, alice, bob, aino):
        await mark_present(person, where)
    return [olga, alice, bob, aino]


async def test_members_who_have_not_answered_are_asked_once_an_instance(
    alice: Any, bob: Any, aino: Any, olga: Any, instance: Make, yogis: Any, noon: datetime
) -> None:
    """`M4`: Alice comes, Bob can't, Aino may; Olga alone has said nothing."""
    code = await instance(remind_unanswered=True)
    await book(code, alice, via=Via.CARD)
    await answer(code, bob, maybe=False, via=Via.CARD)
    await answer(code, aino, maybe=True, via=Via.CARD)
    await until(code, DAY + timedelta(seconds=1))
    assert await remind_unanswered() == 0
    clock.advance(timedelta(seconds=1))
    assert await remind_unanswered() == 1 and await remind_unanswered() == 0
    assert await send_all("unanswered") == [olga.id]
    await until(code, HOUR)
    assert await remind_unanswered() == 0


async def test_who_comes_to_the_group_later_is_not_asked_by_itself(
    olga: Any, bob: Any, account: Any, instance: Make, yogis: Any, noon: datetime
) -> None:
    """`P5`: an instance has one round, which an organiser may repeat by hand a day later."""
    where = await group(account.group_id)
    assert where is not None
    await mark_absent(bob, where)
    code = await instance(remind_unanswered=True)
    await until(code, DAY)
    assert await remind_unanswered() == 3
    await mark_present(bob, where)
    clock.advance(timedelta(minutes=1))
    assert await remind_unanswered() == 0
    assert "Bob" in [member.name for member in await unanswered_members(code, olga)]


async def test_only_group_members_are_asked_and_only_where_the_series_says_so(
    alice: Any, bob: Any, account: Any, instance: Make, yogis: Any, noon: datetime
) -> None:
    silent, asking = await instance(), await instance(remind_unanswered=True)
    where = await group(account.group_id)
    assert where is not None
    await mark_absent(bob, where)
    await until(silent, DAY)
    assert await remind_unanswered() == 3
    assert bob.id not in await send_all("unanswered")
    assert await db.value("SELECT count(DISTINCT instance_id) FROM messages") == 1
    assert asking


async def test_a_member_who_has_answered_is_not_asked(
    alice: Any, instance: Make, yogis: Any, noon: datetime
) -> None:
    code = await instance(remind_unanswered=True)
    await until(code, DAY)
    await remind_unanswered()
    await answer(code, alice, maybe=False, via=Via.CARD)
    assert alice.id not in await send_all("unanswered")


async def test_after_the_deadline_nobody_is_asked(instance: Make, yogis: Any, noon: datetime) -> None:
    """`M4`: before the deadline."""
    code = await instance(remind_unanswered=True, cancel_before_minutes=1440)
    await until(code, DAY)
    assert await remind_unanswered() == 0


async def test_an_organiser_asks_them_at_most_once_a_day(
    olga: Any, alice: Any, bob: Any, instance: Make, yogis: Any, noon: datetime
) -> None:
    """`P5`: the refusal says when again; two taps at once are one."""
    code = await instance()
    await book(code, alice, via=Via.CARD)
    assert [m.name for m in await unanswered_members(code, olga)] == ["Aino", "Bob", "Olga"]
    taps = await asyncio.gather(
        *(remind_unanswered_now(code, olga) for _ in range(3)), return_exceptions=True
    )
    assert sorted(t for t in taps if isinstance(t, int)) == [3]
    [no, _] = [t for t in taps if isinstance(t, RemindedAlready)]
    assert olga.voice.translate(no.words).endswith("You can ask again tomorrow at 14:00.")
    await send_all("unanswered")
    clock.advance(DAY)
    await answer(code, bob, maybe=False, via=Via.CARD)
    assert await remind_unanswered_now(code, olga) == 2
    assert bob.id not in await send_all("unanswered")


async def test_asking_is_for_organisers_and_in_time(
    olga: Any, alice: Any, instance: Make, yogis: Any, noon: datetime
) -> None:
    code, lonely = await instance(), await instance(group_id=None)
    with pytest.raises(Forbidden):
        await unanswered_members(code, alice)
    with pytest.raises(Forbidden):
        await remind_unanswered_now(code, alice)
    with pytest.raises(Invalid):
        await remind_unanswered_now(lonely, olga)
    await until(code, timedelta(0))
    with pytest.raises(Invalid):
        await remind_unanswered_now(code, olga)
