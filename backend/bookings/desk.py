"""The desk: the one way a seat changes hands (HOUSE 4b). Lock the seats row, look, decide, write, commit."""

import asyncio
from collections.abc import Sequence
from uuid import UUID

from backend import clock, db, failpoints
from backend.bookings import store
from backend.bookings.line import tidy
from backend.bookings.rules import Desk, Outcome, Request
from backend.bookings.verbs import decide, replay
from backend.errors import Busy, NotFound, OutcomeUnknown, Refusal, Unavailable
from backend.lanes import Lanes

# After a lost connection: ask again soon, then later; who waits longer than this is told the truth (503).
PATIENCE = (0.05, 0.2, 0.6, 1.5)


# Transactions of one process at a time, each for the dates of one lane; the rest of the pool is for who only reads.
LANES = 3


async def ask(instance_id: int, request: Request) -> Outcome:
    """Ask an instance's desk. The answer comes after the commit. Raises a `Refusal`, `Busy`, `Unavailable`."""
    return await _lanes.ask(instance_id % LANES, (instance_id, request))


async def settle(
    lane: int, asked: Sequence[store.Asked], *, perhaps_done: bool = False
) -> list[Outcome | Exception]:
    """One transaction for a list of requests, of one date or of several; an outcome or a refusal for each.

    A request whose outcome became unknown (the connection was lost while committing) is asked again; the log tells
    whether it was done, so nothing is done twice. Until that is known it is never answered with a plain "no": what
    cannot be found out raises `OutcomeUnknown`. When a list fails for another reason, its dates are settled one by one,
    and then its requests, so that one bad request harms nobody else.
    """
    for pause in (*PATIENCE, None):
        try:
            return await _settle_once(asked, perhaps_done=perhaps_done)
        except Unavailable as error:
            perhaps_done = perhaps_done or isinstance(error, OutcomeUnknown)
            if pause is None:
                _give_up(error, perhaps_done)
                raise
            await asyncio.sleep(pause)
        except Exception as error:
            parts = _parts(asked, error)
            if len(parts) > 1:
                return await _apart(lane, asked, parts, perhaps_done=perhaps_done)
            if pause is None or not (perhaps_done and isinstance(error, Busy)):
                _give_up(error, perhaps_done)
                raise
            await asyncio.sleep(pause)
    raise AssertionError("unreachable")


def _give_up(error: Exception, perhaps_done: bool) -> None:
    """Raises `OutcomeUnknown` when an earlier try may have been committed: whatever came after it says nothing of that."""
    if perhaps_done and not isinstance(error, OutcomeUnknown):
        raise OutcomeUnknown(str(error)) from error


def _parts(asked: Sequence[store.Asked], error: Exception) -> list[list[store.Asked]]:
    """What is to be settled apart after a failure: the dates; or, of one date, the requests. A lock waited for in vain
    is nobody's fault in the list: of one date, one by one they would only wait on."""
    by_date: dict[int, list[store.Asked]] = {}
    for one in asked:
        by_date.setdefault(one[0], []).append(one)
    if len(by_date) > 1 or isinstance(error, Busy):
        return list(by_date.values())
    return [[one] for one in asked]


async def _apart(
    lane: int, asked: Sequence[store.Asked], parts: list[list[store.Asked]], *, perhaps_done: bool
) -> list[Outcome | Exception]:
    said: dict[UUID, Outcome | Exception] = {}
    for part in parts:
        try:
            answers = await settle(lane, part, perhaps_done=perhaps_done)
        except Exception as error:  # becomes the answer of those who asked for this part
            answers = [error] * len(part)
        said.update((request.id, one) for (_, request), one in zip(part, answers, strict=True))
    return [said[request.id] for _, request in asked]


async def _settle_once(
    asked: Sequence[store.Asked], *, perhaps_done: bool
) -> list[Outcome | Exception]:
    ids = [instance_id for instance_id, _ in asked]
    async with db.transaction("" if failpoints.on("desk.no-lock") else store.lock(*ids)):
        return await settle_here(asked, perhaps_done=perhaps_done)


async def settle_here(
    asked: Sequence[store.Asked], *, perhaps_done: bool = False
) -> list[Outcome | Exception]:
    """The same inside a transaction that has locked the seats rows of all these dates (`store.lock_rows`)."""
    at = clock.now()
    desks = await store.look(asked, at)
    done = await store.already_done(asked) if perhaps_done else frozenset()
    for instance_id, desk in desks.items():
        await store.look_further(desk, [r for i, r in asked if i == instance_id])
        tidy(desk)
    await failpoints.reach("desk.looked")
    said = [_answer(desks.get(i), request, done) for i, request in asked]
    changed = [d for d in desks.values() if d.touched or d.changed]
    if changed:
        await store.write(changed, at)
    return said


def _answer(desk: Desk | None, request: Request, done: frozenset[UUID]) -> Outcome | Exception:
    if desk is None:
        return NotFound()
    if request.id in done:
        return replay(desk, request)
    try:
        return decide(desk, request)
    except Refusal as no:
        return no


_lanes: Lanes[store.Asked, Outcome] = Lanes(settle)
