"""What readers can have of instances, found out as the allocator would, but without its lock and writing nothing (`W6`)."""

from collections.abc import Sequence

from backend.seats import store
from backend.seats.availability import Availability
from backend.seats.eligibility import availability_of
from backend.seats.requests import Request, Verb, Via
from backend.seats.state import Party, SeatState
from backend.seats.waitlist import advance

# A newcomer's booking: what the allocator would load besides the party itself.
BOOKING = Request(Verb.BOOK, Via.SYSTEM)


async def preview(readers: Sequence[tuple[SeatState, Party | None]]) -> list[Availability]:
    """What each of these parties can have of its state; None is anybody who may book.

    Only where seats may move to the waitlist, or offers may have expired, is more than the counters read.
    """
    return [await _preview(state, party) for state, party in readers]


async def _preview(state: SeatState, party: Party | None) -> Availability:
    if party is not None:
        state.add_party(party)
    if state.offered or (state.waiting and (state.free or state.releasing)):
        await store.load_concerned(state, [BOOKING], heads_only=True)
        advance(state)
    return availability_of(state, party or Party(membership_id=0, user_id=None, has_claim=True))
