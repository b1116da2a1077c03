"""The allocator: the one way a seat changes hands (`docs/decisions/0001`). Lock the seats row, load, decide, write, commit."""

from collections.abc import Sequence
from uuid import UUID

from backend import clock, db, failpoints
from backend.batching import SharedTransactionBatcher
from backend.causes import caused_by, of_requests
from backend.errors import NotFound, Refusal
from backend.request_order import Overtaken, find_overtaken, is_late
from backend.seats import store
from backend.seats.decisions import decide, replay
from backend.seats.requests import Outcome, Request
from backend.seats.state import SeatState
from backend.seats.store import InstanceRequest
from backend.seats.waitlist import advance
from backend.seats.writing import write


async def process_batch(
    key: int, requests: Sequence[InstanceRequest], *, maybe_committed: bool = False
) -> list[Outcome | Exception]:
    """One transaction for a list of requests, for one instance or for several; an outcome or a refusal for each.

    Tried again and split as `TransactionBatcher` says: the participation log shows whether a request is done already, and
    when a list fails, its instances are processed one by one, and then its requests.
    """
    return await _batcher.process_batch(key, requests, maybe_committed=maybe_committed)


async def _process_once(
    key: int, requests: Sequence[InstanceRequest], maybe_committed: bool
) -> list[Outcome | Exception]:
    ids = [instance_id for instance_id, _ in requests]
    lock = "" if failpoints.on("allocator.no-lock") else store.lock(*ids)
    with caused_by(of_requests(request.id for _, request in requests)):
        async with db.transaction(lock):
            return await process_locked(requests, maybe_committed=maybe_committed)


async def process_locked(
    requests: Sequence[InstanceRequest], *, maybe_committed: bool = False
) -> list[Outcome | Exception]:
    """The same inside a transaction that has locked the seats rows of all these instances (`store.lock_rows`)."""
    now = clock.now()
    states = await store.load(requests, now)
    done = await store.already_done(requests) if maybe_committed else frozenset()
    overtaken = await find_overtaken(
        (instance_id, party.membership_id, request.by, request.id)
        for instance_id, request in requests
        if request.by and is_late(request.id, now) and instance_id in states
        if (party := states[instance_id].find_party(request))
    )
    for instance_id, state in states.items():
        await store.load_concerned(state, [request for i, request in requests if i == instance_id])
        advance(state)
    await failpoints.reach("allocator.loaded")
    results = [_decide_or_refuse(states.get(i), request, done, overtaken) for i, request in requests]
    changed = [state for state in states.values() if state.changed or state.is_dirty]
    if changed:
        await write(changed, now)
    return results


async def process_or_raise(requests: Sequence[InstanceRequest]) -> list[Outcome]:
    """`process_locked` for requests that are made together or not at all: the first refusal is raised, which undoes the
    caller's transaction."""
    outcomes = []
    for result in await process_locked(requests):
        if isinstance(result, Exception):
            raise result
        outcomes.append(result)
    return outcomes


def _decide_or_refuse(
    state: SeatState | None, request: Request, done: frozenset[UUID], overtaken: frozenset[UUID]
) -> Outcome | Exception:
    if state is None:
        return NotFound()
    if request.id in done:
        return replay(state, request)
    if request.id in overtaken:
        return Overtaken()
    try:
        return decide(state, request)
    except Refusal as refusal:
        return refusal


_batcher: SharedTransactionBatcher[InstanceRequest, Outcome] = SharedTransactionBatcher(
    "bookings",
    _process_once,
    key=lambda request: request[0],
)
# Submit an instance's id and a request. The outcome comes after the commit. Raises a `Refusal`, `Busy`, `Unavailable`.
submit = _batcher.submit
