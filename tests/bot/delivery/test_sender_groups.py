"""Messages to groups through the same sender, and what becomes of those that may have arrived (`C5`, `M1`,
`M2`, `A6`)."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

from backend import clock, db
from backend.announcements.actions import create_announcement, schedule_announcement
from backend.announcements.drafts import AnnouncementDraft
from backend.announcements.fan_out import fan_out
from backend.announcements.queries import progress
from backend.bookings.actions import book, leave
from backend.groups.queries import group, groups
from backend.groups.rules import GroupHealth
from backend.linking.actions import link_group, set_health
from backend.outbox.claim import ATTEMPTS_MAX
from backend.outbox.parked import parked_messages, send_parked_again
from backend.seats.requests import Via
from bot.delivery.rate_limit import GROUP
from bot.delivery.sender import LEASE_TTL, Sender
from tests.telegram import Telegram

Run = Callable[..., Awaitable[int]]


async def announced(olga: Any, account: Any, text: str = "Hello", **more: Any) -> int:
    draft = AnnouncementDraft(text=text, **(more or {"all_groups": True}))
    number = await create_announcement(olga, account.id, draft)
    await schedule_announcement(olga, number)
    await fan_out()
    return number


async def health(account: Any) -> str:
    found = await group(account.group_id)
    assert found is not None
    return found.health


def texts(telegram: Telegram) -> list[str]:
    return [m["text"] for m in telegram.chat().messages() if m["from"]["is_bot"]]


async def test_a_message_to_a_group_without_the_bot_is_parked(
    telegram: Telegram, olga: Any, account: Any, run: Run
) -> None:
    """`A6`, `M2`: the group's health is recorded; once the bot is back an organiser sends the message again."""
    telegram.chat().bot("kicked")
    number = await announced(olga, account)
    await run()
    assert await health(account) == "removed"
    [seen] = await parked_messages(account.id)
    assert (seen.kind, seen.name) == ("announcement", "Kallio Yoga")
    assert (await progress(olga, number)).failed == 1
    telegram.chat().bot("member")
    assert await send_parked_again(olga, account.id) == 1
    await run(1)
    assert texts(telegram)[-1] == "Hello"
    assert await health(account) == "well"
    assert (await progress(olga, number)).delivered == 1


async def test_a_group_where_the_bot_may_not_write_is_recorded(
    telegram: Telegram, olga: Any, account: Any, run: Run
) -> None:
    telegram.chat().bot("muted")
    await announced(olga, account)
    await run()
    assert await health(account) == "muted" and len(await parked_messages(account.id)) == 1


async def test_a_closed_topic_is_recorded(telegram: Telegram, olga: Any, account: Any, run: Run) -> None:
    forum = telegram.sandbox.make_chat(
        "Forum", type="supergroup", creator="Olga", with_bot=True, topics=["Dinner"]
    )
    topic = next(t["id"] for t in forum.now["topics"] if t["name"] == "Dinner")
    made = await link_group(olga, account.id, chat_id=forum.id, title="Forum", forum=True)
    await announced(olga, account, "In time", groups=[(made.id, topic)])
    await run()
    assert telegram.last(forum)["text"] == "In time"
    forum.close_topic(topic)
    await announced(olga, account, "Too late", groups=[(made.id, topic)])
    await run(1)
    [found] = [g for g in await groups(account.id) if g.id == made.id]
    assert [(t.topic_id, t.closed) for t in found.topics] == [(topic, True)]
    assert len(await parked_messages(account.id)) == 1


async def test_an_upgraded_group_is_followed(telegram: Telegram, olga: Any, account: Any, run: Run) -> None:
    """`A6`: the message goes to the new id."""
    basic = telegram.sandbox.make_chat("Padel", type="group", creator="Olga", with_bot=True)
    made = await link_group(olga, account.id, chat_id=basic.id, title="Padel")
    await announced(olga, account, groups=[(made.id, None)])
    grown = basic.upgrade()
    await run()
    await run(1)
    assert telegram.last(grown)["text"] == "Hello"


async def test_an_announcement_that_may_have_arrived_is_not_sent_again(
    telegram: Telegram, olga: Any, account: Any, run: Run
) -> None:
    """Decision 0009: it is counted as perhaps delivered."""
    telegram.sandbox.fault(method="sendMessage", drop_after_apply=True)
    number = await announced(olga, account)
    await run()
    for _ in range(3):
        assert await run(300) == 0
    assert texts(telegram) == ["Hello"]
    assert (await progress(olga, number)).perhaps == 1


async def test_an_announcement_that_never_left_is_sent_again(
    telegram: Telegram, olga: Any, account: Any, run: Run
) -> None:
    """A refused connection and a 429 both mean that it certainly did not arrive."""
    telegram.sandbox.fault(method="sendMessage", error_code=429, retry_after=5)
    number = await announced(olga, account)
    await run()
    assert await run(4.9) == 0
    await run(0.1)
    assert texts(telegram) == ["Hello"]
    assert (await progress(olga, number)).delivered == 1


async def test_a_message_is_parked_after_ten_attempts(
    telegram: Telegram, alice: Any, bob: Any, account: Any, instance: Any, run: Run
) -> None:
    """`M2`: the pauses double and stay below five minutes."""
    await telegram.start("Bob")
    code = await instance(capacity=1)
    for person in (alice, bob):
        await book(code, person, via=Via.CARD)
    await leave(code, alice, via=Via.CARD)
    telegram.sandbox.fault(method="sendMessage", error_code=502, times=10)
    pauses = []
    for _ in range(ATTEMPTS_MAX):
        assert await run(300) == 1
        pauses.append(await db.value("SELECT due_at FROM messages") - clock.now())
    assert await db.value("SELECT state FROM messages") == "parked"
    assert timedelta(seconds=1) <= pauses[0] <= timedelta(seconds=2)
    assert timedelta(seconds=64) <= pauses[6]
    assert all(pause <= timedelta(seconds=300) for pause in pauses)
    assert await run(3600) == 0


async def test_a_groups_minute_is_shared_and_survives_a_change_of_sender(
    telegram: Telegram, olga: Any, account: Any, sender: Sender, run: Run
) -> None:
    """`M2`: what the former sender wrote in its last minute counts for the next."""
    telegram.sandbox.flood(True)
    for n in range(GROUP[0] + 4):
        await announced(olga, account, f"Lesson {n}")
    for _ in range(GROUP[0] + 2):
        await run()
    assert len(texts(telegram)) == GROUP[0]
    second = Sender(telegram.sending)
    clock.advance(LEASE_TTL + timedelta(seconds=1))
    assert await second.step() == 0
    clock.advance(timedelta(minutes=1) - LEASE_TTL - timedelta(seconds=2))
    assert await second.step() == 0
    clock.advance(timedelta(seconds=2))
    telegram.sandbox.advance(61)
    await second.step()
    await second.settle()
    assert len(texts(telegram)) == GROUP[0] + 1
    assert telegram.sandbox.counters()["flood_refused"] == 0


async def test_a_sender_that_slept_past_its_lease_writes_nothing(
    telegram: Telegram, olga: Any, account: Any, sender: Sender, run: Run
) -> None:
    """Decision 0009: it claimed, then stalled until another sends: it makes no call and writes no row."""
    from backend import failpoints

    number = await announced(olga, account)
    second = Sender(telegram.sending)

    async def sleep_long() -> None:
        failpoints.set_hook("sender.claimed", None)
        clock.advance(LEASE_TTL + timedelta(seconds=1))
        await second.step()
        await second.settle()

    failpoints.set_hook("sender.claimed", sleep_long)
    try:
        await run()
    finally:
        failpoints.set_hook("sender.claimed", None)
    assert texts(telegram) == []
    assert second.epoch == 2
    assert await db.value("SELECT epoch FROM messages") == 2
    assert (await progress(olga, number)).perhaps == 1


async def test_a_message_that_arrives_shows_that_the_group_is_well(
    telegram: Telegram, olga: Any, account: Any, run: Run
) -> None:
    await set_health(account.chat_id, GroupHealth.MUTED)
    await announced(olga, account)
    await run()
    assert await health(account) == "well"
