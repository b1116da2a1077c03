"""The desk: the one way a seat changes hands (HOUSE 4b). Lock the seats row, look, decide, write, commit."""

import asyncio
from collections.abc import Sequence
from uuid import UUID

from backend import clock, db, failpoints
from backend.batching import Batcher
from backend.errors import Busy, NotFound, OutcomeUnknown, Refusal, Unavailable
from backend.seats import store
from backend.seats.decisions import decide, replay
from backend.seats.state import Outcome, Request, SeatState
from backend.seats.waitlist import advance

# After a lost connection: ask again soon, then later; who waits longer than this is told the truth (503).
RETRY_PAUSES = (0.05, 0.2, 0.6, 1.5)


# Transactions of one process at a time, each for the dates of one lane; the rest of the pool is for who only reads.
LANES = 3


async def submit(instance_id: int, request: Request) -> Outcome:
    """Ask an instance's desk. The answer comes after the commit. Raises a `Refusal`, `Busy`, `Unavailable`."""
    return await _batcher.submit(instance_id % LANES, (instance_id, request))


async def process_batch(
    lane: int, asked: Sequence[store.InstanceRequest], *, perhaps_done: bool = False
) -> list[Outcome | Exception]:
    """One transaction for a list of requests, of one date or of several; an outcome or a refusal for each.

    A request whose outcome became unknown (the connection was lost while committing) is asked again; the log tells
    whether it was done, so nothing is done twice. Until that is known it is never answered with a plain "no": what
    cannot be found out raises `OutcomeUnknown`. When a list fails for another reason, its dates are settled one by one,
    and then its requests, so that one bad request harms nobody else.
    """
    for pause in (*RETRY_PAUSES, None):
        try:
            return await _process_once(asked, perhaps_done=perhaps_done)
        except Unavailable as error:
            perhaps_done = perhaps_done or isinstance(error, OutcomeUnknown)
            if pause is None:
                _give_up(error, perhaps_done)
                raise
            await asyncio.sleep(pause)
        except Exception as error:
            parts = _split_failed(asked, error)
            if len(parts) > 1:
                return await _process_parts(lane, asked, parts, perhaps_done=perhaps_done)
            if pause is None or not (perhaps_done and isinstance(error, Busy)):
                _give_up(error, perhaps_done)
                raise
            await asyncio.sleep(pause)
    raise AssertionError("unreachable")


def _give_up(error: Exception, perhaps_done: bool) -> None:
    """Raises `OutcomeUnknown` when an earlier try may have been committed: whatever came after it says nothing of that."""
    if perhaps_done and not isinstance(error, OutcomeUnknown):
        raise OutcomeUnknown(str(error)) from error


def _split_failed(
    asked: Sequence[store.InstanceRequest], error: Exception
) -> list[list[store.InstanceRequest]]:
    """What is to be settled apart after a failure: the dates; or, of one date, the requests. A lock waited for in vain
    is nobody's fault in the list: of one date, one by one they would only wait on."""
    by_date: dict[int, list[store.InstanceRequest]] = {}
    for one in asked:
        by_date.setdefault(one[0], []).append(one)
    if len(by_date) > 1 or isinstance(error, Busy):
        return list(by_date.values())
    return [[one] for one in asked]


async def _process_parts(
    lane: int,
    asked: Sequence[store.InstanceRequest],
    parts: list[list[store.InstanceRequest]],
    *,
    perhaps_done: bool,
) -> list[Outcome | Exception]:
    said: dict[UUID, Outcome | Exception] = {}
    for part in parts:
        try:
            answers = await process_batch(lane, part, perhaps_done=perhaps_done)
        except Exception as error:  # becomes the answer of those who asked for this part
            answers = [error] * len(part)
        said.update((request.id, one) for (_, request), one in zip(part, answers, strict=True))
    return [said[request.id] for _, request in asked]


async def _process_once(
    asked: Sequence[store.InstanceRequest], *, perhaps_done: bool
) -> list[Outcome | Exception]:
    ids = [instance_id for instance_id, _ in asked]
    async with db.transaction("" if failpoints.on("desk.no-lock") else store.lock(*ids)):
        return await process_locked(asked, perhaps_done=perhaps_done)


async def process_locked(
    asked: Sequence[store.InstanceRequest], *, perhaps_done: bool = False
) -> list[Outcome | Exception]:
    """The same inside a transaction that has locked the seats rows of all these dates (`store.lock_rows`)."""
    at = clock.now()
    desks = await store.load(asked, at)
    done = await store.already_done(asked) if perhaps_done else frozenset()
    for instance_id, desk in desks.items():
        await store.load_concerned(desk, [r for i, r in asked if i == instance_id])
        advance(desk)
    await failpoints.reach("desk.looked")
    said = [_decide_or_refuse(desks.get(i), request, done) for i, request in asked]
    changed = [d for d in desks.values() if d.touched or d.changed]
    if changed:
        await store.write(changed, at)
    return said


def _decide_or_refuse(desk: SeatState | None, request: Request, done: frozenset[UUID]) -> Outcome | Exception:
    if desk is None:
        return NotFound()
    if request.id in done:
        return replay(desk, request)
    try:
        return decide(desk, request)
    except Refusal as no:
        return no


_batcher: Batcher[store.InstanceRequest, Outcome] = Batcher("bookings", process_batch)
