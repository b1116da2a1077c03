"""When cards are due, once each, and when they are lost (`C1`, `C6`)."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from backend import clock, db
from backend.bookings.actions import book
from backend.cards import actions as cards
from backend.cards import posting
from backend.cards.queries import cards_of, lost_cards, stale_cards
from backend.cards.rules import NEVER, UNSCHEDULED, CardTrouble, next_check
from backend.errors import Forbidden, Invalid, NotFound
from backend.events.cancel import cancel_instance
from backend.events.queries import find_instance
from backend.groups.rules import GroupHealth
from backend.linking.actions import move_group, set_health
from backend.polls.actions import create_poll
from backend.polls.drafts import OptionDraft, PollDraft
from backend.seats.requests import Via

Make = Callable[..., Awaitable[Any]]


async def test_each_instance_is_announced_once_at_its_lead_time(series: Make, noon: datetime) -> None:
    """`C1`: a weekly series, 48 hours ahead."""
    await series(rule="FREQ=WEEKLY", announce_before_minutes=2 * 24 * 60)
    assert await cards.announce_due() == 0
    clock.advance(timedelta(days=1, hours=4))
    assert await cards.announce_due() == 1
    assert await cards.announce_due() == 0
    clock.advance(timedelta(days=7))
    assert await cards.announce_due() == 1


async def test_an_instance_with_a_lost_card_is_not_announced_again(
    olga: Any, instance: Make, noon: datetime
) -> None:
    code = await instance()
    await cards.post_card(olga, code)
    job = await posting.claim_due([])
    assert job is not None
    await posting.record_lost(job, CardTrouble.UNKNOWN, "may have been posted")
    clock.advance(timedelta(days=2))
    assert await cards.announce_due() == 0


async def test_cancelled_past_and_groupless_instances_are_not_announced(
    olga: Any, instance: Make, noon: datetime
) -> None:
    cancelled, groupless = await instance(), await instance(group_id=None)
    assert groupless
    await cancel_instance(cancelled, olga, "Ill")
    clock.advance(timedelta(days=2))
    assert await cards.announce_due() == 0
    await instance()
    clock.advance(timedelta(days=9))
    assert await cards.announce_due() == 0


async def test_announcing_waits_until_the_bot_may_write_in_the_group(
    account: Any, instance: Make, noon: datetime
) -> None:
    await instance()
    clock.advance(timedelta(days=2))
    await set_health(account.chat_id, GroupHealth.MUTED)
    assert await cards.announce_due() == 0
    await set_health(account.chat_id, GroupHealth.WELL)
    assert await cards.announce_due() == 1


async def test_an_organiser_can_post_a_card_again(olga: Any, instance: Make) -> None:
    """`C1`: but a second tap changes nothing while a card is on its way."""
    code = await instance()
    await cards.post_card(olga, code)
    await cards.post_card(olga, code)
    instance_id = (await find_instance(code)).id
    assert len(await cards_of(instance_id=instance_id)) == 1
    job = await posting.claim_due([])
    assert job is not None
    await posting.record_posted(job, 7, "digest", NEVER)
    await cards.post_card(olga, code)
    assert len(await cards_of(instance_id=instance_id)) == 2


async def test_only_organisers_post_cards(alice: Any, charlie: Any, instance: Make) -> None:
    """`X4`, `A1`"""
    code = await instance()
    with pytest.raises(Forbidden):
        await cards.post_card(alice, code)
    with pytest.raises(NotFound):
        await cards.post_card(charlie, code)
    with pytest.raises(NotFound):
        await cards.post_card(alice, "nosuchcode")


async def test_a_card_needs_a_group(olga: Any, account: Any, instance: Make) -> None:
    code = await instance(group_id=None)
    with pytest.raises(Invalid) as refused:
        await cards.post_card(olga, code)
    assert refused.value.field == "group_id"
    options = (OptionDraft("Yes"), OptionDraft("No"))
    poll = await create_poll(olga, account.id, PollDraft(question="Snow?", options=options))
    with pytest.raises(Invalid):
        await cards.post_poll_card(olga, poll)


async def test_only_one_sender_claims_a_card(olga: Any, instance: Make) -> None:
    await cards.post_card(olga, await instance())
    claimed = await asyncio.gather(posting.claim_due([]), posting.claim_due([]))
    assert sum(job is not None for job in claimed) == 1


async def test_a_card_that_was_being_posted_at_a_crash_is_lost_not_reposted(
    olga: Any, account: Any, instance: Make, noon: datetime
) -> None:
    """`C1`: it may be in the chat, so an organiser decides (`C6`)."""
    code = await instance()
    await cards.post_card(olga, code)
    job = await posting.claim_due([])
    assert job is not None
    assert await posting.lose_interrupted_cards() == 1
    assert await posting.claim_due([]) is None
    [seen] = await lost_cards(account.id)
    assert seen.error == "may have been posted" and seen.group_title == "Kallio Yoga"
    # The former sender was only slow: what it knows counts more.
    await posting.record_posted(job, 7, "digest", NEVER)
    assert await lost_cards(account.id) == []


async def test_a_card_is_stale_when_its_seats_have_changed(olga: Any, alice: Any, instance: Make) -> None:
    """`C2`: only the version says so, which every change raises."""
    code = await instance()
    await cards.post_card(olga, code)
    job = await posting.claim_due([])
    assert job is not None
    await posting.record_posted(job, 7, "digest", UNSCHEDULED)
    assert await stale_cards(limit=9) == []
    await book(code, alice, via=Via.CARD)
    [stale] = await stale_cards(limit=9)
    assert stale.version > job.version and await stale_cards(limit=9, except_ids=[stale.card_id]) == []
    await posting.record_shown(stale, "digest 2", UNSCHEDULED)
    assert await stale_cards(limit=9) == []


async def test_a_card_is_checked_when_the_clock_alone_changes_it(
    olga: Any, instance: Make, noon: datetime
) -> None:
    await cards.post_card(olga, await instance())
    job = await posting.claim_due([])
    assert job is not None
    await posting.record_posted(job, 7, "digest", clock.now() + timedelta(hours=1))
    clock.advance(timedelta(hours=1))
    [stale] = await stale_cards(limit=9)
    await posting.record_shown(stale, "digest", NEVER)
    clock.advance(timedelta(days=4000))
    assert await stale_cards(limit=9) == [], "a finished card is not checked any more"


async def test_live_cards_of_an_upgraded_group_are_lost_and_due_ones_move(
    olga: Any, account: Any, instance: Make, noon: datetime
) -> None:
    """`A6`, `C6`"""
    posted, waiting = await instance(), await instance()
    await cards.post_card(olga, posted)
    job = await posting.claim_due([])
    assert job is not None
    await posting.record_posted(job, 7, "digest", NEVER)
    await cards.post_card(olga, waiting)
    await move_group(account.chat_id, -100200)
    assert [card.error for card in await lost_cards(account.id)] == ["the group became a supergroup"]
    due = await posting.claim_due([])
    assert due is not None and due.chat_id == -100200


async def test_lost_cards_of_past_instances_are_not_listed(
    olga: Any, account: Any, instance: Make, noon: datetime
) -> None:
    await cards.post_card(olga, await instance())
    job = await posting.claim_due([])
    assert job is not None
    await posting.record_lost(job, CardTrouble.DELETED, "gone")
    assert len(await lost_cards(account.id)) == 1
    clock.advance(timedelta(days=4))
    assert await lost_cards(account.id) == []


async def test_cards_wait_while_their_group_is_at_its_limit(olga: Any, account: Any, instance: Make) -> None:
    await cards.post_card(olga, await instance())
    assert await posting.claim_due([account.chat_id]) is None
    assert await posting.claim_due([]) is not None


def test_the_next_check_is_at_the_first_moment_to_come(noon: datetime) -> None:
    hour = timedelta(hours=1)
    assert next_check([None, noon - hour, noon + 2 * hour, noon + hour], noon) == noon + hour
    assert next_check([noon, None], noon) == UNSCHEDULED


async def test_a_card_shows_exactly_one_thing(olga: Any, instance: Make) -> None:
    """The database refuses a card of neither an instance nor a poll."""
    await cards.post_card(olga, await instance())
    with pytest.raises(db.CheckViolation):
        await db.execute("UPDATE cards SET instance_id = NULL")


async def test_posting_many_times_at_once_posts_one_card(olga: Any, instance: Make, noon: datetime) -> None:
    """`C1`: twenty taps and five runs of the job at the same moment."""
    code = await instance(announce_before_minutes=7 * 24 * 60)
    await asyncio.gather(
        *(cards.post_card(olga, code) for _ in range(20)),
        *(cards.announce_due() for _ in range(5)),
    )
    assert len(await cards_of(instance_id=(await find_instance(code)).id)) == 1


async def test_a_paused_series_announces_nothing(series: Any, account: Any, olga: Any) -> None:
    """S9: until it is resumed; its instances can still be booked."""
    from backend.events.pause import pause_series, resume_series

    made = await series(announce_before_minutes=5 * 24 * 60)
    await pause_series(olga, account.id, made.series_id)
    assert await cards.announce_due() == 0
    await resume_series(olga, account.id, made.series_id)
    assert await cards.announce_due() == 1
