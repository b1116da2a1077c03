"""The desk: the one way a seat changes hands (HOUSE 4b). Lock the seats row, look, decide, write, commit."""

import asyncio
from collections.abc import Sequence

from backend import clock, db, failpoints
from backend.bookings import store
from backend.bookings.rules import FREEING, Outcome, Request, decide, replay
from backend.errors import Busy, NotFound, OutcomeUnknown, Refusal, Unavailable
from backend.lanes import Lanes

# After a lost connection: ask again soon, then later; who waits longer than this is told the truth (503).
PATIENCE = (0.05, 0.2, 0.6, 1.5)


async def ask(instance_id: int, request: Request) -> Outcome:
    """Ask an instance's desk. The answer comes after the commit. Raises a `Refusal`, `Busy`, `Unavailable`."""
    return await _lanes.ask(instance_id, request)


async def settle(
    instance_id: int, requests: Sequence[Request], *, perhaps_done: bool = False
) -> list[Outcome | Exception]:
    """One transaction for a list of requests; an outcome or a refusal for each.

    A request whose outcome became unknown (the connection was lost while committing) is asked again; the log tells
    whether it was done, so nothing is done twice. Until that is known it is never answered with a plain "no": what
    cannot be found out raises `OutcomeUnknown`. When a list fails for another reason, its requests are settled one by
    one, so that one bad request harms nobody else.
    """
    for pause in (*PATIENCE, None):
        try:
            return await _settle_once(instance_id, requests, perhaps_done=perhaps_done)
        except (Unavailable, Busy) as error:
            perhaps_done = perhaps_done or isinstance(error, OutcomeUnknown)
            if perhaps_done and pause is None:
                raise OutcomeUnknown(str(error)) from error
            # A lock waited for in vain is nobody's fault in the list: one by one they would only wait on.
            if pause is None or (isinstance(error, Busy) and not perhaps_done):
                raise
            await asyncio.sleep(pause)
        except Exception as error:
            if len(requests) > 1:
                return [await _alone(instance_id, r, perhaps_done) for r in requests]
            if perhaps_done:
                raise OutcomeUnknown(str(error)) from error
            raise
    raise AssertionError("unreachable")


async def _alone(instance_id: int, request: Request, perhaps_done: bool) -> Outcome | Exception:
    try:
        return (await settle(instance_id, [request], perhaps_done=perhaps_done))[0]
    except Exception as error:  # becomes this asker's answer
        return error


async def _settle_once(
    instance_id: int, requests: Sequence[Request], *, perhaps_done: bool
) -> list[Outcome | Exception]:
    async with db.transaction("" if failpoints.on("desk.no-lock") else store.lock(instance_id)):
        desk = await store.look(instance_id, requests, clock.now())
        if desk is None:
            return [NotFound() for _ in requests]
        done = await store.already_done(instance_id, requests) if perhaps_done else frozenset()
        # Who only wants a seat meets the queue when there is one to give.
        if desk.free or any(request.verb in FREEING for request in requests):
            await store.look_at_queue(desk, requests)
        await failpoints.reach("desk.looked")
        said: list[Outcome | Exception] = []
        for request in requests:
            if request.id in done:
                said.append(replay(desk, request))
                continue
            try:
                said.append(decide(desk, request))
            except Refusal as no:
                said.append(no)
        if desk.touched or desk.capacity_changed:
            await store.write(desk)
    return said


_lanes: Lanes[Request, Outcome] = Lanes(settle)
