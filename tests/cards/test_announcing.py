"""When a card is due, and that it is due once (`C1`, `C6`)."""

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


async def test_announces_each_date_once_at_its_lead_time(series: Make, noon: datetime) -> None:
    """`C1`: a weekly series, 48 hours ahead; twice is once."""
    await series(rule="FREQ=WEEKLY", announce_before_minutes=2 * 24 * 60)
    assert await cards.announce_due() == 0
    clock.advance(timedelta(days=1, hours=4))
    assert await cards.announce_due() == 1
    assert await cards.announce_due() == 0
    clock.advance(timedelta(days=7))
    assert await cards.announce_due() == 1


async def test_does_not_announce_what_has_a_card_even_a_lost_one(
    olga: Any, instance: Make, noon: datetime
) -> None:
    code = await instance()
    await cards.post_card(olga, code)
    job = await posting.claim_due([])
    assert job is not None
    await posting.record_lost(job, CardTrouble.UNKNOWN, "may have been posted")
    clock.advance(timedelta(days=2))
    assert await cards.announce_due() == 0


async def test_does_not_announce_what_is_cancelled_over_or_has_no_group(
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


async def test_waits_for_a_group_that_lets_the_bot_write(club: Any, instance: Make, noon: datetime) -> None:
    await instance()
    clock.advance(timedelta(days=2))
    await set_health(club.chat_id, GroupHealth.MUTED)
    assert await cards.announce_due() == 0
    await set_health(club.chat_id, GroupHealth.WELL)
    assert await cards.announce_due() == 1


async def test_posting_again_is_a_deliberate_act(olga: Any, instance: Make) -> None:
    """`C1`; a second tap while one is on its way is the same act."""
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


async def test_only_organisers_post(alice: Any, charlie: Any, instance: Make) -> None:
    """`X4`, `A1`"""
    code = await instance()
    with pytest.raises(Forbidden):
        await cards.post_card(alice, code)
    with pytest.raises(NotFound):
        await cards.post_card(charlie, code)
    with pytest.raises(NotFound):
        await cards.post_card(alice, "nosuchcode")


async def test_there_must_be_a_group(olga: Any, club: Any, instance: Make) -> None:
    code = await instance(group_id=None)
    with pytest.raises(Invalid) as refused:
        await cards.post_card(olga, code)
    assert refused.value.field == "group_id"
    options = (OptionDraft("Yes"), OptionDraft("No"))
    poll = await create_poll(olga, club.id, PollDraft(question="Snow?", options=options))
    with pytest.raises(Invalid):
        await cards.post_poll_card(olga, poll)


async def test_one_poster_takes_a_card(olga: Any, instance: Make) -> None:
    await cards.post_card(olga, await instance())
    taken = await asyncio.gather(posting.claim_due([]), posting.claim_due([]))
    assert sum(job is not None for job in taken) == 1


async def test_what_was_being_posted_at_a_crash_is_never_posted_by_itself(
    olga: Any, club: Any, instance: Make, noon: datetime
) -> None:
    """`C1`: it may be in the chat; an organiser sees it, with what to do (`C6`)."""
    code = await instance()
    await cards.post_card(olga, code)
    job = await posting.claim_due([])
    assert job is not None
    assert await posting.lose_interrupted_cards() == 1
    assert await posting.claim_due([]) is None
    [seen] = await lost_cards(club.id)
    assert seen.error == "may have been posted" and seen.group_title == "Kallio Yoga"
    # The old poster was only slow: what it knows is better than what was feared.
    await posting.record_posted(job, 7, "digest", NEVER)
    assert await lost_cards(club.id) == []


async def test_a_card_is_behind_when_its_seats_have_changed(olga: Any, alice: Any, instance: Make) -> None:
    """`C2`: nothing but the version says so, so nothing can be forgotten."""
    code = await instance()
    await cards.post_card(olga, code)
    job = await posting.claim_due([])
    assert job is not None
    look_at = UNSCHEDULED
    await posting.record_posted(job, 7, "digest", look_at)
    assert await stale_cards(limit=9) == []
    await book(code, alice, via=Via.CARD)
    [behind] = await stale_cards(limit=9)
    assert behind.version > job.version and await stale_cards(limit=9, except_ids=[behind.card_id]) == []
    await posting.record_shown(behind, "digest 2", look_at)
    assert await stale_cards(limit=9) == []


async def test_a_card_is_looked_at_when_the_clock_alone_changes_it(
    olga: Any, instance: Make, noon: datetime
) -> None:
    await cards.post_card(olga, await instance())
    job = await posting.claim_due([])
    assert job is not None
    await posting.record_posted(job, 7, "digest", clock.now() + timedelta(hours=1))
    clock.advance(timedelta(hours=1))
    [behind] = await stale_cards(limit=9)
    await posting.record_shown(behind, "digest", NEVER)
    clock.advance(timedelta(days=4000))
    assert await stale_cards(limit=9) == [], "a finished card is looked at no more"


async def test_cards_of_an_upgraded_group_are_lost_and_due_ones_follow(
    olga: Any, club: Any, instance: Make, noon: datetime
) -> None:
    """`A6`, `C6`"""
    posted, waiting = await instance(), await instance()
    await cards.post_card(olga, posted)
    job = await posting.claim_due([])
    assert job is not None
    await posting.record_posted(job, 7, "digest", NEVER)
    await cards.post_card(olga, waiting)
    await move_group(club.chat_id, -100200)
    assert [card.error for card in await lost_cards(club.id)] == ["the group became a supergroup"]
    due = await posting.claim_due([])
    assert due is not None and due.chat_id == -100200


async def test_what_is_over_is_no_lost_card(olga: Any, club: Any, instance: Make, noon: datetime) -> None:
    await cards.post_card(olga, await instance())
    job = await posting.claim_due([])
    assert job is not None
    await posting.record_lost(job, CardTrouble.DELETED, "gone")
    assert len(await lost_cards(club.id)) == 1
    clock.advance(timedelta(days=4))
    assert await lost_cards(club.id) == []


async def test_all_of_a_groups_cards_wait_while_it_is_at_its_limit(
    olga: Any, club: Any, instance: Make
) -> None:
    await cards.post_card(olga, await instance())
    assert await posting.claim_due([club.chat_id]) is None
    assert await posting.claim_due([]) is not None


def test_the_next_look_is_at_the_first_moment_to_come(noon: datetime) -> None:
    hour = timedelta(hours=1)
    assert next_check([None, noon - hour, noon + 2 * hour, noon + hour], noon) == noon + hour
    assert next_check([noon, None], noon) == UNSCHEDULED


async def test_rows_of_cards_are_whole(olga: Any, instance: Make) -> None:
    """The database refuses a card of nothing, or of two things."""
    await cards.post_card(olga, await instance())
    with pytest.raises(db.CheckViolation):
        await db.execute("UPDATE cards SET instance_id = NULL")


async def test_many_who_post_at_once_post_one_card(olga: Any, instance: Make, noon: datetime) -> None:
    """`C1`: twenty taps and the minute's job, all at the same moment."""
    code = await instance(announce_before_minutes=7 * 24 * 60)
    await asyncio.gather(
        *(cards.post_card(olga, code) for _ in range(20)),
        *(cards.announce_due() for _ in range(5)),
    )
    assert len(await cards_of(instance_id=(await find_instance(code)).id)) == 1


async def test_a_series_that_pauses_announces_nothing(series: Any, club: Any, olga: Any) -> None:
    """S9: its dates can still be booked, but nobody is called to them until it goes on."""
    from backend.events.pause import pause_series, resume_series

    made = await series(announce_before_minutes=5 * 24 * 60)
    await pause_series(olga, club.id, made.series_id)
    assert await cards.announce_due() == 0
    await resume_series(olga, club.id, made.series_id)
    assert await cards.announce_due() == 1
