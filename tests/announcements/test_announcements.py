"""Announcements: who receives them, when, once each, and until they are stopped (`C5`)."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from backend import clock, db
from backend.accounts.actions import create_account
from backend.announcements import fan_out as fan_out_module
from backend.announcements.actions import (
    AlreadySent,
    create_announcement,
    schedule_announcement,
    stop_announcement,
)
from backend.announcements.drafts import AnnouncementDraft
from backend.announcements.fan_out import fan_out
from backend.announcements.queries import announcements, audience, progress
from backend.announcements.rules import MAINTENANCE_LINE_MAX, TEXT_MAX
from backend.errors import Forbidden, Invalid, NotFound
from backend.linking.actions import link_group, unlink_group
from backend.messages.results import record_result
from backend.outbox.claim import claim
from backend.outbox.states import CallResult, SendResult
from backend.people.preferences import mute

Crowd = Callable[[int], Awaitable[list[Any]]]


async def write(olga: Any, account: Any, text: str = "The hall is closed.", **more: Any) -> int:
    draft = AnnouncementDraft(text=text, **{"to_members": True, "all_groups": True, **more})
    return await create_announcement(olga, account.id, draft)


async def send_all(epoch: int = 1) -> int:
    """Send every message that can be sent, as the sender does; how many."""
    count = 0
    while deliveries := await claim(epoch, limit=100):
        for delivery in deliveries:
            await record_result(delivery, CallResult(SendResult.DONE), clock.now())
            count += 1
    return count


async def counts(olga: Any, number: int) -> tuple[str, int, int, int, int, int, int, int]:
    """The state, then the counts delivered, failed, blocked, perhaps, waiting, skipped, unreachable."""
    now = await progress(olga, number)
    return (
        now.announcement.state, now.delivered, now.failed, now.blocked, now.perhaps, now.waiting, now.skipped,
        now.unreachable,
    )  # fmt: skip


async def test_an_announcement_goes_to_groups_and_members_once_each(
    olga: Any, account: Any, charlie: Any, noon: datetime
) -> None:
    """`C5`: however often the job runs; a stranger gets nothing."""
    number = await write(olga, account)
    assert await fan_out() == 0
    await schedule_announcement(olga, number)
    assert await fan_out() == 1
    assert await fan_out() == 0
    assert await counts(olga, number) == ("sending", 0, 0, 0, 0, 5, 0, 0)
    assert await send_all() == 5
    assert await fan_out() == 1
    assert await counts(olga, number) == ("done", 5, 0, 0, 0, 0, 0, 0)
    assert await db.value("SELECT count(*) FROM messages WHERE user_id = $1", charlie.id) == 0


async def test_the_preview_counts_the_recipients(olga: Any, alice: Any, account: Any, crowd: Crowd) -> None:
    """Members whom the bot may not write to, or who muted announcements, are counted apart."""
    await crowd(3)
    await mute(alice, "announcements", on=True)
    number = await write(olga, account)
    seen = await audience(olga, number)
    assert (seen.groups, seen.members, seen.unreachable, seen.unwanted) == (
        ("Kallio Yoga",),
        3,
        3,
        1,
    )
    await schedule_announcement(olga, number)
    await fan_out()
    assert await counts(olga, number) == ("sending", 0, 0, 0, 0, 4, 1, 3)


async def test_an_announcement_waits_until_it_is_due(olga: Any, account: Any, noon: datetime) -> None:
    number = await write(olga, account)
    at = await schedule_announcement(olga, number, noon + timedelta(hours=2))
    clock.advance(timedelta(hours=2) - timedelta(seconds=1))
    assert await fan_out() == 0
    clock.advance(timedelta(seconds=1))
    assert clock.now() == at
    await fan_out()
    assert await send_all() == 5


async def test_a_stopped_announcement_is_not_sent_any_more(
    olga: Any, alice: Any, account: Any, noon: datetime
) -> None:
    """`C5`: sent messages stay; waiting ones are dropped, also those that Telegram had put off. Stopping
    again changes nothing."""
    number = await write(olga, account)
    await schedule_announcement(olga, number)
    await fan_out()
    first, rate_limited, in_flight = await claim(1, limit=3)
    await record_result(first, CallResult(SendResult.DONE), clock.now())
    assert await stop_announcement(olga, number) == 2
    assert await stop_announcement(olga, number) == 0
    await record_result(rate_limited, CallResult(SendResult.RATE_LIMITED), clock.now())
    await record_result(in_flight, CallResult(SendResult.DONE), clock.now())
    assert await send_all() == 0
    assert await counts(olga, number) == ("stopped", 2, 0, 0, 0, 0, 3, 0)


async def test_stopping_while_messages_are_made_leaves_none_waiting(
    olga: Any, account: Any, crowd: Crowd, noon: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whichever is first."""
    monkeypatch.setattr(fan_out_module, "CHUNK_SIZE", 5)
    await make_reachable(await crowd(40))
    for _ in range(5):
        number = await write(olga, account)
        await schedule_announcement(olga, number)
        await asyncio.gather(fan_out(), stop_announcement(olga, number), fan_out())
        assert await send_all() == 0
        assert (await counts(olga, number))[0] == "stopped"


async def make_reachable(people: list[Any]) -> None:
    async with db.transaction():
        await db.execute(
            "UPDATE telegram_users SET may_write_at = $2 WHERE id = ANY($1::bigint[])",
            [person.id for person in people],
            clock.now(),
        )


async def test_several_workers_make_one_message_for_each_recipient(
    olga: Any, account: Any, crowd: Crowd, noon: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In chunks: another worker takes another announcement, or goes on after the first one's chunk."""
    monkeypatch.setattr(fan_out_module, "CHUNK_SIZE", 7)
    await make_reachable(await crowd(50))
    numbers = [await write(olga, account) for _ in range(2)]
    for number in numbers:
        await schedule_announcement(olga, number)
    while any(await asyncio.gather(fan_out(), fan_out(), fan_out())):
        pass
    for number in numbers:
        assert await counts(olga, number) == ("sending", 0, 0, 0, 0, 55, 0, 0)


async def test_making_messages_continues_after_the_last_chunk(
    olga: Any, account: Any, crowd: Crowd, noon: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`M1`: each chunk is stored whole with its position, or not at all."""
    monkeypatch.setattr(fan_out_module, "CHUNK_SIZE", 10)
    monkeypatch.setattr(fan_out_module, "CHUNKS_PER_RUN", 1)
    await make_reachable(await crowd(25))
    number = await write(olga, account)
    await schedule_announcement(olga, number)
    waiting = []
    while await fan_out():
        waiting.append((await progress(olga, number)).waiting)
    assert waiting == [11, 21, 30]


async def test_a_member_who_left_meanwhile_gets_no_message(
    olga: Any, alice: Any, account: Any, noon: datetime
) -> None:
    number = await write(olga, account, all_groups=False)
    await schedule_announcement(olga, number)
    await fan_out()
    async with db.transaction():
        await db.execute("UPDATE memberships SET left_at = $2 WHERE user_id = $1", alice.id, noon)
    assert await send_all() == 3
    assert (await counts(olga, number))[6] == 1


async def test_an_announcement_goes_to_chosen_groups_and_topics(
    olga: Any, account: Any, noon: datetime
) -> None:
    padel = await link_group(olga, account.id, chat_id=-1001000000002, title="Padel")
    number = await write(olga, account, to_members=False, all_groups=False, groups=[(padel.id, 7)])
    assert (await audience(olga, number)).groups == ("Padel",)
    await schedule_announcement(olga, number)
    await fan_out()
    [delivery] = await claim(1, limit=5)
    assert delivery.group is not None
    assert (delivery.group.chat_id, delivery.group.topic_id) == (-1001000000002, 7)


async def test_another_accounts_group_cannot_be_chosen(olga: Any, account: Any, noon: datetime) -> None:
    """`A1`"""
    other = await create_account("Sunday Runners")
    async with db.transaction():
        foreign_group = await db.value(
            "INSERT INTO groups (account_id, chat_id, title, health, linked_at) VALUES ($1, -5, 'Run', 'well', $2) RETURNING id",
            other.account_id,
            noon,
        )
    with pytest.raises(Invalid):
        await write(olga, account, all_groups=False, groups=[(foreign_group, None)])
    with pytest.raises(NotFound):
        await create_announcement(olga, other.account_id, AnnouncementDraft(text="Hello", all_groups=True))


async def test_unlinking_a_group_drops_its_message(olga: Any, account: Any, noon: datetime) -> None:
    number = await write(olga, account, to_members=False)
    await schedule_announcement(olga, number)
    await fan_out()
    await unlink_group(olga, account.id, account.group_id)
    assert await send_all() == 0
    await fan_out()
    assert (await counts(olga, number))[0] == "done"


async def test_only_organisers_can_announce(olga: Any, alice: Any, charlie: Any, account: Any) -> None:
    """`A2`, `X4`"""
    number = await write(olga, account)
    for action in (schedule_announcement, stop_announcement, progress, audience):
        with pytest.raises(Forbidden):
            await action(alice, number)
        with pytest.raises(NotFound):
            await action(charlie, number)
    with pytest.raises(Forbidden):
        await announcements(alice, account.id)
    assert [one.announcement.id for one in await announcements(olga, account.id)] == [number]


async def test_an_announcement_needs_a_text_recipients_and_a_time_to_come(
    olga: Any, account: Any, noon: datetime
) -> None:
    """`X5`"""
    with pytest.raises(Invalid):
        await write(olga, account, "  \n ")
    nobody = await write(olga, account, to_members=False, all_groups=False)
    with pytest.raises(Invalid):
        await schedule_announcement(olga, nobody)
    number = await write(olga, account)
    for at in (noon - timedelta(seconds=1), noon + timedelta(days=366)):
        with pytest.raises(Invalid):
            await schedule_announcement(olga, number, at)


async def test_a_sent_announcement_cannot_be_scheduled_or_stopped(
    olga: Any, account: Any, noon: datetime
) -> None:
    number = await write(olga, account)
    await schedule_announcement(olga, number)
    await fan_out()
    await send_all()
    with pytest.raises(AlreadySent):
        await schedule_announcement(olga, number)
    await fan_out()
    with pytest.raises(AlreadySent):
        await stop_announcement(olga, number)


async def test_the_length_is_counted_as_telegram_counts(olga: Any, account: Any) -> None:
    """`C4`: in characters (code points), less those of the line that marks maintenance."""
    await write(olga, account, "🧘" * TEXT_MAX)
    with pytest.raises(Invalid):
        await write(olga, account, "🧘" * TEXT_MAX + "x")
    await write(olga, account, "x" * (TEXT_MAX - MAINTENANCE_LINE_MAX), maintenance=True)
    with pytest.raises(Invalid):
        await write(olga, account, "x" * (TEXT_MAX - MAINTENANCE_LINE_MAX + 1), maintenance=True)


async def test_maintenance_does_not_wait_for_the_morning(olga: Any, account: Any) -> None:
    """Other announcements do."""
    with clock.stopped(datetime.fromisoformat("2026-11-24T01:00:00+00:00")):
        for maintenance in (False, True):
            await schedule_announcement(olga, await write(olga, account, maintenance=maintenance))
        await fan_out()
        assert await send_all() == 5
        clock.advance(timedelta(hours=5))
        assert await send_all() == 5
