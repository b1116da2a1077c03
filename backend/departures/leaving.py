"""Leaving an account: what a member would give back, and giving it back (`A2`)."""

from dataclasses import dataclass

from backend import clock, db
from backend.accounts.memberships import LastOwner, end_membership
from backend.accounts.queries import authorize, solely_owned_accounts
from backend.accounts.rules import Permission
from backend.bookings.queries.lists import my_bookings
from backend.people.queries import Person
from backend.seats import allocator
from backend.seats.refusals import Cancelled, TooLate
from backend.seats.regulars import remove_regulars_and_claims
from backend.seats.requests import Request, Verb, Via
from backend.seats.state import InstanceState

BOOKINGS_MAX = 500  # of one member, to come


@dataclass(frozen=True, slots=True)
class Commitments:
    """What a member would give back: on how many instances they have `seats`, on how many of those it is too
    `late` to leave freely (`B6`), and on how many waitlists they are."""

    seats: int
    late: int
    waitlists: int


async def commitments(person: Person, account_id: int | None = None) -> Commitments:
    """What the person would give back by leaving this club, or all of them."""
    views = [
        view
        for view in await my_bookings(person, limit=BOOKINGS_MAX)
        if account_id in (None, view.account_id)
        and view.state == InstanceState.SCHEDULED
        and view.starts_at > clock.now()
    ]
    seated = [view for view in views if view.mine and view.mine.seats]
    late = [view for view in seated if not view.can_leave_freely]
    return Commitments(len(seated), len(late), len(views) - len(seated))


async def leave_account(person: Person, account_id: int, *, via: Via) -> None:
    """Leave the club. Seats and places on waitlists are given back first, each by the ordinary rules, so that
    waiting parties move up; a seat that can no longer be left freely stays theirs until somebody takes it
    (`B6`).

    Raises `LastOwner` (`A2`), `NotFound`, `Busy`.
    """
    account = await authorize(person, account_id, Permission.BOOK)
    if any(own.id == account.id for own in await solely_owned_accounts(person)):
        raise LastOwner()
    await end_standing_seats([account.membership_id])
    await release_seats(person.id, [account.membership_id], late=Verb.REPLACE, via=via)
    await end_membership(person, account.id, account.membership_id)
    # Another device of theirs may have booked in between.
    await release_seats(person.id, [account.membership_id], late=Verb.REPLACE, via=via)


async def end_standing_seats(membership_ids: list[int]) -> None:
    """Take the standing seats and the first claims of these members back (`B11`, `P4`)."""
    async with db.transaction():
        await remove_regulars_and_claims(membership_ids)


PARTIES = """
SELECT b.instance_id, b.membership_id FROM bookings b JOIN event_instances i ON i.id = b.instance_id
WHERE b.membership_id = ANY($1::bigint[]) AND b.seats + b.waiting + b.offered > 0 AND i.starts_at > $2
ORDER BY i.starts_at, i.id
"""


async def release_seats(by: int, membership_ids: list[int], *, late: Verb, via: Via = Via.MINIAPP) -> int:
    """Have these members leave every instance to come: by `late` where the deadline has passed, and by
    removal where the instance is cancelled, so that restoring it does not bring them back. `by` is the acting
    person's id. Returns how many parties left."""
    rows = await db.rows(PARTIES, membership_ids, clock.now())
    for row in rows:
        instance_id, membership_id = row["instance_id"], row["membership_id"]
        try:
            await _submit(instance_id, membership_id, Verb.LEAVE, by, via)
        except TooLate:
            await _submit(instance_id, membership_id, late, by, via)
        except Cancelled:
            await _submit(instance_id, membership_id, Verb.REMOVE, by, via)
    return len(rows)


async def _submit(instance_id: int, membership_id: int, verb: Verb, by: int, via: Via) -> None:
    await allocator.submit(
        (instance_id, Request(verb, via, by=by, membership_id=membership_id, notify=False))
    )
