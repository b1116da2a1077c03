"""Handing over a club: an owner makes a member the owner, and stays as an organiser (`A2`)."""

from backend import clock, db
from backend.accounts.ownership import swap_owner
from backend.accounts.queries import authorize
from backend.accounts.rules import Permission
from backend.outbox.enqueue import enqueue
from backend.outbox.kinds import Kind
from backend.people.queries import Person


async def hand_over(person: Person, account_id: int, membership_id: int) -> None:
    """Make the member an owner of the club in the person's place, who is an organiser from then on. Both are notified.

    Raises `Invalid` for a visitor, an owner or somebody who is not on Telegram, `Forbidden`, `NotFound`.
    """
    account = await authorize(person, account_id, Permission.MANAGE_OWNERS)
    at = clock.now()
    async with db.transaction():
        member = await swap_owner(account, person.id, membership_id)
        assert member.user_id is not None  # they can own it
        about = {"account_name": account.name, "by": person.full_name, "to": member.name}
        await enqueue(
            Kind.OWNERSHIP,
            [(member.user_id, {**about, "is_new": True}), (person.id, {**about, "is_new": False})],
            account_id=account.id,
            subject=account.id,
            at=at,
        )
