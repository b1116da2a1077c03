"""A minimum to run (`S7`): people are warned, then it is decided, once, whatever happens at the same moment."""

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
from backend.messages.queries import deliveries
from backend.people.queries import Person
from backend.seats.replies import Cancelled, Ended
from backend.seats.requests import Via
from emerald.doctor import check_invariants

Make = Callable[..., Awaitable[Any]]
THURSDAY = datetime(2026, 11, 26, 18, 0)  # 16:00 UTC; decided the day before, warned of on Tuesday
WARNED = datetime(2026, 11, 24, 16, 0, tzinfo=UTC)
DECIDED = WARNED + timedelta(days=1)


@pytest.fixture
def risky(instance: Make) -> Make:
    """A date that needs three: `code = await risky(decide_by_itself=True)`."""

    async def make(**fields: Any) -> str:
        return str(await instance(**{"starts_local": THURSDAY, "min_to_run": 3, **fields}))

    return make


async def go_to(at: datetime) -> None:
    clock.advance(at - clock.now())


async def told(kind: str) -> list[int]:
    rows = await db.rows("SELECT user_id FROM messages WHERE kind = $1 ORDER BY id", kind)
    return [row["user_id"] for row in rows]


async def run() -> tuple[int, int]:
    """Both duties, as the ticker runs them."""
    return await warn_of_minimum(), await decide_minimum()


async def test_people_are_warned_once_how_many_are_missing(
    risky: Make, olga: Person, alice: Person, bob: Person, aino: Person, noon: datetime
) -> None:
    """S7: booked, waiting and maybe; not before its time, and not again."""
    code = await risky()
    await book(code, alice, via=Via.MINIAPP)
    await answer(code, bob, maybe=True, via=Via.MINIAPP)
    await go_to(WARNED - timedelta(seconds=1))
    assert await run() == (0, 0)
    await go_to(WARNED)
    assert await run() == (1, 0)
    assert await told("minimum") == [alice.id, bob.id]
    await book(code, aino, via=Via.MINIAPP)
    assert await run() == (0, 0)
    assert (await event(code, olga)).missing == 1


async def test_nobody_is_warned_when_enough_come(
    risky: Make, olga: Person, alice: Person, noon: datetime
) -> None:
    """S7: guests count, and who was never told of a doubt is not told that there is none."""
    code = await risky()
    await book(code, alice, guests=2, via=Via.MINIAPP)
    version = (await event(code, olga)).version
    await go_to(WARNED)
    assert await run() == (0, 0)
    await go_to(DECIDED)
    assert await run() == (0, 1)
    assert await run() == (0, 0)
    seen = await event(code, olga)
    assert (seen.decided_at, seen.state) == (DECIDED, "SCHEDULED")
    assert seen.version > version
    assert await told("minimum") == await told("confirmed") == []


async def test_who_was_warned_is_told_that_it_runs(
    risky: Make, alice: Person, bob: Person, noon: datetime
) -> None:
    """S7; and the warning that was not sent yet is not sent any more."""
    code = await risky()
    await book(code, alice, via=Via.MINIAPP)
    await go_to(WARNED)
    await run()
    await book(code, bob, guests=1, via=Via.MINIAPP)
    await go_to(DECIDED)
    assert await run() == (0, 1)
    assert await told("confirmed") == [alice.id, bob.id]
    ids = [row["id"] for row in await db.rows("SELECT id FROM messages ORDER BY id")]
    assert [(letter.kind, letter.outdated) for letter in await deliveries(ids)] == [
        ("confirmed", False),
        ("confirmed", False),
        ("minimum", True),
    ]


async def test_too_few_and_it_is_called_off_by_itself(
    risky: Make, olga: Person, alice: Person, noon: datetime
) -> None:
    """S7, S5: the reason is in the club's language, everybody is told, and undoing it is the last word."""
    async with db.transaction():
        await db.execute("UPDATE accounts SET language = 'en'")
    code = await risky(decide_by_itself=True)
    await book(code, alice, guests=1, via=Via.MINIAPP)
    await go_to(DECIDED)
    assert await run() == (0, 1)
    assert await run() == (0, 0)
    seen = await event(code, alice)
    assert (seen.state, seen.cancelled_by) == ("CANCELLED", "")
    assert seen.cancel_reason == "Too few people: 2 come, and at least 3 are needed."
    assert await told("cancelled") == [alice.id]
    await restore_instance(code, olga)
    assert await run() == (0, 0)
    assert (await event(code, alice)).state == "SCHEDULED"
    assert await check_invariants() == []


async def test_organisers_are_asked_once_and_decide(
    risky: Make, club: Any, olga: Person, alice: Person, bob: Person, aino: Person, noon: datetime
) -> None:
    """S7: every OWNER and ADMIN, and the first word counts."""
    async with db.transaction():
        await db.execute("UPDATE memberships SET role = 'ADMIN' WHERE user_id = $1", bob.id)
    code = await risky()
    await book(code, alice, via=Via.MINIAPP)
    await go_to(DECIDED)
    assert await run() == (0, 1)
    assert await run() == (0, 0)
    assert await told("decide") == [olga.id, bob.id]
    assert (await event(code, alice)).state == "SCHEDULED"
    done = await decide_instance(code, bob, run=True)
    assert (done.kind, olga.voice.tell(done.words)) == (
        "done",
        "It runs. Everybody who comes can count on it.",
    )
    assert (await decide_instance(code, olga, run=True)).kind == "already"
    row = await db.row("SELECT decided_by FROM event_instances WHERE code = $1", code)
    assert row is not None
    assert row["decided_by"] == bob.id
    # Changing one's mind is cancelling.
    assert (await decide_instance(code, olga, run=False)).kind == "done"
    assert (await decide_instance(code, olga, run=False)).kind == "already"
    with pytest.raises(Cancelled):
        await decide_instance(code, olga, run=True)
    assert await told("cancelled") == [alice.id]


async def test_enough_after_all_while_organisers_think(
    risky: Make, olga: Person, alice: Person, noon: datetime
) -> None:
    """S7: what was asked needs no answer any more."""
    code = await risky()
    await go_to(DECIDED)
    assert await run() == (0, 1)
    await book(code, alice, guests=2, via=Via.MINIAPP)
    assert await run() == (0, 1)
    assert (await event(code, olga)).decided_at == DECIDED
    ids = [row["id"] for row in await db.rows("SELECT id FROM messages WHERE kind = 'decide'")]
    assert [letter.outdated for letter in await deliveries(ids)] == [True]


async def test_a_moved_date_is_decided_by_its_new_start(
    risky: Make, olga: Person, alice: Person, noon: datetime
) -> None:
    """S6, S7: and its people are warned again."""
    code = await risky(decide_by_itself=True)
    await book(code, alice, via=Via.MINIAPP)
    await go_to(WARNED)
    assert await run() == (1, 0)
    await move_instance(code, olga, THURSDAY + timedelta(days=7))
    await go_to(DECIDED)
    assert await run() == (0, 0)
    await go_to(WARNED + timedelta(days=7))
    assert await run() == (1, 0)
    assert await told("minimum") == [alice.id, alice.id]
    await go_to(DECIDED + timedelta(days=7))
    assert await run() == (0, 1)
    assert (await event(code, alice)).state == "CANCELLED"


async def test_what_was_made_too_late_to_be_warned_of_is_asked_about(
    risky: Make, olga: Person, noon: datetime
) -> None:
    """S7: a date is never called off by itself the minute it was made."""
    code = await risky(starts_local=datetime(2026, 11, 23, 18, 0), decide_by_itself=True)
    assert await run() == (0, 1)
    assert (await event(code, olga)).state == "SCHEDULED"
    assert await told("decide") == [olga.id]


async def test_what_is_cancelled_or_begun_is_not_decided(
    risky: Make, olga: Person, alice: Person, charlie: Person, noon: datetime
) -> None:
    """S7, S8, X4, A1."""
    cancelled, begun = await risky(), await risky()
    await cancel_instance(cancelled, olga, "Ill")
    with pytest.raises(Forbidden):
        await decide_instance(begun, alice, run=True)
    with pytest.raises(NotFound):
        await decide_instance(begun, charlie, run=False)
    await go_to(DECIDED + timedelta(days=1))
    assert await run() == (0, 0)
    with pytest.raises(Ended):
        await decide_instance(begun, olga, run=False)


async def test_it_is_decided_once_whoever_books_at_the_same_moment(
    risky: Make, olga: Person, alice: Person, bob: Person, aino: Person, noon: datetime
) -> None:
    """S7, B3: several workers, and the third person's tap; whichever was first, seats and state agree."""
    for turn in range(8):
        start = THURSDAY + timedelta(days=7 * turn)
        await go_to(start.replace(tzinfo=UTC) - timedelta(days=3))
        code = await risky(starts_local=start, decide_by_itself=True, cancel_before_minutes=0)
        await book(code, alice, via=Via.MINIAPP)
        await book(code, bob, via=Via.MINIAPP)
        if turn % 2:
            await book(code, aino, via=Via.MINIAPP)
        await go_to(start.replace(tzinfo=UTC) - timedelta(hours=26))

        async def third(code: str = code, turn: int = turn) -> None:
            with contextlib.suppress(Cancelled):
                await (leave if turn % 2 else book)(code, aino, via=Via.MINIAPP)

        *counts, _ = await asyncio.gather(decide_minimum(), decide_minimum(), third())
        assert sum(count or 0 for count in counts) >= 1
        await decide_minimum()
        seen = await event(code, olga)
        row = await db.row("SELECT decided_at, sequence FROM event_instances WHERE code = $1", code)
        assert row is not None
        assert row["decided_at"] is not None
        assert row["sequence"] == (1 if seen.state == "CANCELLED" else 0)
        if seen.state == "CANCELLED":
            assert seen.booked == 2 or turn % 2
        # A word to each, once.
        said = await db.value(
            "SELECT max(n) FROM (SELECT count(*) AS n FROM messages WHERE instance_id = $1 GROUP BY user_id, kind) c",
            seen.id,
        )
        assert said in (None, 1)
    assert await check_invariants() == []


async def test_members_who_left_the_club_are_not_asked(
    risky: Make, club: Any, olga: Person, charlie: Person, noon: datetime
) -> None:
    """A2: only who organises now."""
    await join(charlie, club.id, through=JoinedThrough.HAND)
    await risky()
    await go_to(DECIDED)
    await run()
    assert await told("decide") == [olga.id]
