"""Handing over a club: an owner makes a member the owner, and stays as an organiser (`A2`)."""

from backend import clock, db
from backend.accounts.ownership import swap_owner
from backend.accounts.queries import authorize, find_member
from backend.accounts.rules import Permission
from backend.outbox.enqueue import enqueue
from backend.outbox.kinds import Kind
from backend.people.queries import Person


async def hand_over(person: Person, account_id: int, membership_id: int) -> None:
    """Make the member an owner of the club in the person's place, who is an organiser from then on. Both are notified.

    Raises `Invalid` for a visitor, an owner or somebody who is not on Telegram, `Forbidden`, `NotFound`.
    """
    account = await authorize(person, account_id, Permission.MANAGE_OWNERS)
    member = await find_member(account, membership_id)
    at = clock.now()
    async with db.transaction():
        new_owner = await swap_owner(account.id, person.id, membership_id)
        about = {"account_name": account.name, "by": person.full_name, "to": member.name}
        await enqueue(
            Kind.OWNERSHIP,
            [(new_owner, {**about, "is_new": True}), (person.id, {**about, "is_new": False})],
            account_id=account.id,
            subject=account.id,
            at=at,
        )
