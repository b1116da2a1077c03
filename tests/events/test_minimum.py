"""A minimum to run (`S7`): people are warned, then it is decided once, whatever else happens."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from backend import clock, db
from backend.accounts.memberships import join
from backend.accounts.rules import JoinedThrough
from backend.bookings.actions import answer, book, leave
from backend.bookings.queries.event import event
from backend.errors import Forbidden, NotFound
from backend.events.cancel import cancel_instance, restore_instance
from backend.events.minimum import decide_instance, decide_minimum, warn_of_minimum
from backend.events.reschedule import move_instance
from backend.outbox.claim import claim
from backend.outbox.deliveries import load_deliveries
from backend.people.queries import Person
from backend.seats.refusals import Cancelled, Ended
from backend.seats.requests import Via
from emerald.doctor import check_invariants

Make = Callable[..., Awaitable[Any]]
THURSDAY = datetime(2026, 11, 26, 18, 0)  # 16:00 UTC; the decision is a day before, the warning two days
WARNED = datetime(2026, 11, 24, 16, 0, tzinfo=UTC)
DECIDED = WARNED + timedelta(days=1)


@pytest.fixture
def instance_with_minimum(instance: Make) -> Make:
    """An instance that needs three people: `code = await instance_with_minimum(decide_by_itself=True)`."""

    async def make(**fields: Any) -> str:
        return str(await instance(**{"starts_local": THURSDAY, "min_to_run": 3, **fields}))

    return make


async def set_clock(at: datetime) -> None:
    clock.advance(at - clock.now())


async def recipients(kind: str) -> list[int]:
    rows = await db.rows("SELECT user_id FROM messages WHERE kind = $1 ORDER BY id", kind)
    return [row["user_id"] for row in rows]


async def run_jobs() -> tuple[int, int]:
    """Both jobs in the order of the schedule: how many warnings, and how many decisions."""
    return await warn_of_minimum(), await decide_minimum()


async def test_participants_are_warned_once_how_many_are_missing(
    instance_with_minimum: Make, olga: Person, alice: Person, bob: Person, aino: Person, noon: datetime
) -> None:
    """S7: booked, waiting and maybe; not before its time, and not again."""
    code = await instance_with_minimum()
    await book(code, alice, via=Via.MINIAPP)
    await answer(code, bob, maybe=True, via=Via.MINIAPP)
    await set_clock(WARNED - timedelta(seconds=1))
    assert await run_jobs() == (0, 0)
    await set_clock(WARNED)
    assert await run_jobs() == (1, 0)
    assert await recipients("minimum") == [alice.id, bob.id]
    await book(code, aino, via=Via.MINIAPP)
    assert await run_jobs() == (0, 0)
    assert (await event(code, olga)).missing == 1


async def test_nobody_is_warned_when_enough_come(
    instance_with_minimum: Make, olga: Person, alice: Person, noon: datetime
) -> None:
    """S7: guests count; participants who were not warned are not notified that it runs."""
    code = await instance_with_minimum()
    await book(code, alice, guests=2, via=Via.MINIAPP)
    version = (await event(code, olga)).version
    await set_clock(WARNED)
    assert await run_jobs() == (0, 0)
    await set_clock(DECIDED)
    assert await run_jobs() == (0, 1)
    assert await run_jobs() == (0, 0)
    view = await event(code, olga)
    assert (view.decided_at, view.state) == (DECIDED, "SCHEDULED")
    assert view.version > version
    assert await recipients("minimum") == await recipients("confirmed") == []


async def test_participants_who_were_warned_are_notified_that_it_runs(
    instance_with_minimum: Make, alice: Person, bob: Person, noon: datetime
) -> None:
    """S7: a warning that was not sent yet is stale."""
    code = await instance_with_minimum()
    await book(code, alice, via=Via.MINIAPP)
    await set_clock(WARNED)
    await run_jobs()
    await book(code, bob, guests=1, via=Via.MINIAPP)
    await set_clock(DECIDED)
    assert await run_jobs() == (0, 1)
    assert await recipients("confirmed") == [alice.id, bob.id]
    ids = [row["id"] for row in await db.rows("SELECT id FROM messages ORDER BY id")]
    assert [(delivery.kind, delivery.is_stale) for delivery in (await load_deliveries(ids))[0]] == [
        ("confirmed", False),
        ("confirmed", False),
        ("minimum", True),
    ]


async def test_an_instance_with_too_few_people_is_cancelled_automatically(
    instance_with_minimum: Make, olga: Person, alice: Person, noon: datetime
) -> None:
    """S7, S5: the reason is in the account's language; everyone is notified; restored, it stays on."""
    async with db.transaction():
        await db.execute("UPDATE accounts SET language = 'en'")
    code = await instance_with_minimum(decide_by_itself=True)
    await book(code, alice, guests=1, via=Via.MINIAPP)
    await set_clock(DECIDED)
    assert await run_jobs() == (0, 1)
    assert await run_jobs() == (0, 0)
    view = await event(code, alice)
    assert (view.state, view.cancelled_by) == ("CANCELLED", "")
    assert view.cancel_reason == "Too few people: 2 signed up, and at least 3 are needed."
    assert await recipients("cancelled") == [alice.id]
    assert await recipients("called-off") == [olga.id]  # nobody else did it
    await restore_instance(code, olga)
    assert await run_jobs() == (0, 0)
    assert (await event(code, alice)).state == "SCHEDULED"
    assert await check_invariants() == []


async def test_organisers_are_asked_once_and_the_first_decision_counts(
    instance_with_minimum: Make,
    account: Any,
    olga: Person,
    alice: Person,
    bob: Person,
    aino: Person,
    noon: datetime,
) -> None:
    """S7: every OWNER and ADMIN is asked."""
    async with db.transaction():
        await db.execute("UPDATE memberships SET role = 'ADMIN' WHERE user_id = $1", bob.id)
    code = await instance_with_minimum()
    await book(code, alice, via=Via.MINIAPP)
    await set_clock(DECIDED)
    assert await run_jobs() == (0, 1)
    assert await run_jobs() == (0, 0)
    assert await recipients("decide") == [olga.id, bob.id]
    assert (await event(code, alice)).state == "SCHEDULED"
    result = await decide_instance(code, bob, run=True)
    assert (result.kind, olga.voice.translate(result.words)) == (
        "done",
        "It goes ahead. Everyone who signed up can count on it.",
    )
    assert (await decide_instance(code, olga, run=True)).kind == "already"
    row = await db.row("SELECT decided_by FROM event_instances WHERE code = $1", code)
    assert row is not None
    assert row["decided_by"] == bob.id
    # After the decision to run it can still be cancelled.
    assert (await decide_instance(code, olga, run=False)).kind == "done"
    assert (await decide_instance(code, olga, run=False)).kind == "already"
    with pytest.raises(Cancelled):
        await decide_instance(code, olga, run=True)
    assert await recipients("cancelled") == [alice.id]


async def test_enough_people_after_all_before_the_organisers_decide(
    instance_with_minimum: Make, olga: Person, alice: Person, noon: datetime
) -> None:
    """S7: the question needs no answer any more."""
    code = await instance_with_minimum()
    await set_clock(DECIDED)
    assert await run_jobs() == (0, 1)
    await book(code, alice, guests=2, via=Via.MINIAPP)
    assert await run_jobs() == (0, 1)
    assert (await event(code, olga)).decided_at == DECIDED
    ids = [row["id"] for row in await db.rows("SELECT id FROM messages WHERE kind = 'decide'")]
    assert [delivery.is_stale for delivery in (await load_deliveries(ids))[0]] == [True]


async def test_a_moved_instance_is_decided_by_its_new_start(
    instance_with_minimum: Make, olga: Person, alice: Person, noon: datetime
) -> None:
    """S6, S7: its participants are warned again."""
    code = await instance_with_minimum(decide_by_itself=True)
    await book(code, alice, via=Via.MINIAPP)
    await set_clock(WARNED)
    assert await run_jobs() == (1, 0)
    await move_instance(code, olga, THURSDAY + timedelta(days=7))
    await set_clock(DECIDED)
    assert await run_jobs() == (0, 0)
    await set_clock(WARNED + timedelta(days=7))
    assert await run_jobs() == (1, 0)
    assert await recipients("minimum") == [alice.id, alice.id]
    await set_clock(DECIDED + timedelta(days=7))
    assert await run_jobs() == (0, 1)
    assert (await event(code, alice)).state == "CANCELLED"


async def test_organisers_are_asked_about_an_instance_made_too_late_for_a_warning(
    instance_with_minimum: Make, olga: Person, noon: datetime
) -> None:
    """S7: it is never cancelled automatically the minute it was made."""
    code = await instance_with_minimum(starts_local=datetime(2026, 11, 23, 18, 0), decide_by_itself=True)
    assert await run_jobs() == (0, 1)
    assert (await event(code, olga)).state == "SCHEDULED"
    assert await recipients("decide") == [olga.id]


async def test_an_instance_that_is_cancelled_or_has_begun_is_not_decided(
    instance_with_minimum: Make, olga: Person, alice: Person, charlie: Person, noon: datetime
) -> None:
    """S7, S8, X4, A1."""
    cancelled, begun = await instance_with_minimum(), await instance_with_minimum()
    await cancel_instance(cancelled, olga, "Ill")
    with pytest.raises(Forbidden):
        await decide_instance(begun, alice, run=True)
    with pytest.raises(NotFound):
        await decide_instance(begun, charlie, run=False)
    await set_clock(DECIDED + timedelta(days=1))
    assert await run_jobs() == (0, 0)
    with pytest.raises(Ended):
        await decide_instance(begun, olga, run=False)


async def test_it_is_decided_once_while_others_book_and_leave(
    instance_with_minimum: Make, olga: Person, alice: Person, bob: Person, aino: Person, noon: datetime
) -> None:
    """S7, B3: two workers and the third person's tap; whichever is first, seats and state agree."""
    for week in range(8):
        start = THURSDAY + timedelta(days=7 * week)
        await set_clock(start.replace(tzinfo=UTC) - timedelta(days=3))
        code = await instance_with_minimum(starts_local=start, decide_by_itself=True, cancel_before_minutes=0)
        await book(code, alice, via=Via.MINIAPP)
        await book(code, bob, via=Via.MINIAPP)
        if week % 2:
            await book(code, aino, via=Via.MINIAPP)
        await set_clock(start.replace(tzinfo=UTC) - timedelta(hours=26))

        async def tap_of_the_third(code: str = code, week: int = week) -> None:
            with contextlib.suppress(Cancelled):
                await (leave if week % 2 else book)(code, aino, via=Via.MINIAPP)

        *counts, _ = await asyncio.gather(decide_minimum(), decide_minimum(), tap_of_the_third())
        assert sum(count or 0 for count in counts) >= 1
        await decide_minimum()
        view = await event(code, olga)
        row = await db.row("SELECT decided_at, sequence FROM event_instances WHERE code = $1", code)
        assert row is not None
        assert row["decided_at"] is not None
        assert row["sequence"] == (1 if view.state == "CANCELLED" else 0)
        if view.state == "CANCELLED":
            assert view.booked == 2 or week % 2
        # Nobody gets two messages of one kind.
        most_per_person = await db.value(
            "SELECT max(n) FROM (SELECT count(*) AS n FROM messages WHERE instance_id = $1"
            " GROUP BY user_id, kind) c",
            view.id,
        )
        assert most_per_person in (None, 1)
    assert await check_invariants() == []


async def test_members_who_are_no_organisers_are_not_asked(
    instance_with_minimum: Make, account: Any, olga: Person, charlie: Person, noon: datetime
) -> None:
    """A2: only OWNERs and ADMINs are."""
    await join(charlie, account.id, through=JoinedThrough.HAND)
    await instance_with_minimum()
    await set_clock(DECIDED)
    await run_jobs()
    assert await recipients("decide") == [olga.id]


async def test_the_warning_never_comes_after_the_decision(
    instance_with_minimum: Make, olga: Person, alice: Person, noon: datetime
) -> None:
    """M6: it is written in the night, and decided before the morning: it is sent at once, or never."""
    code = await instance_with_minimum(
        starts_local=datetime(2026, 11, 26, 18, 0), decide_before_minutes=11 * 60, warn_before_minutes=6 * 60
    )
    await book(code, alice, via=Via.MINIAPP)
    await set_clock(datetime(2026, 11, 26, 0, 0, tzinfo=UTC))  # 2:00 there; it is decided at 7:00
    assert await run_jobs() == (1, 0)
    ids = [row["id"] for row in await db.rows("SELECT id FROM messages WHERE kind = 'minimum'")]
    [warning] = (await load_deliveries(ids))[0]
    assert not warning.is_stale and warning.held_until is None
    await set_clock(datetime(2026, 11, 26, 5, 0, tzinfo=UTC))
    [warning] = (await load_deliveries(ids))[0]
    assert warning.is_stale


async def test_a_move_in_the_night_is_told_at_once(
    instance: Make, olga: Person, alice: Person, noon: datetime
) -> None:
    """M6: at 0:54 it is moved from 6:30 to 20:00; nobody stands at the door at 6:30."""
    code = await instance(starts_local=datetime(2026, 11, 26, 6, 30))
    await book(code, alice, via=Via.MINIAPP)
    await set_clock(datetime(2026, 11, 25, 22, 54, tzinfo=UTC))
    await move_instance(code, olga, datetime(2026, 11, 26, 20, 0))
    assert [(each.kind, each.to) for each in await claim(1, limit=10)] == [("moved", alice)]
