"""The rows of handing over a club (`A2`), inside a transaction of `backend.departures`."""

from backend import db
from backend.accounts.closing import lock_account
from backend.accounts.memberships import revoke_keys
from backend.accounts.queries import AccountView, Member, find_member
from backend.accounts.rules import Role
from backend.audit.actions import record_audit
from backend.errors import Forbidden, Invalid
from backend.i18n import N_
from backend.people.command_lists import mark_command_lists


async def swap_owner(account: AccountView, owner_id: int, membership_id: int) -> Member:
    """Make the member an owner, and the person with this id, who sees the account as its owner, an organiser. Returns the
    member as they were. Raises `Forbidden` when the person is no owner any more, `Invalid` when the member cannot be one,
    `NotFound`."""
    await lock_account(account.id)
    if not await db.value(
        "SELECT true FROM memberships WHERE id = $1 AND role = 'OWNER' AND left_at IS NULL",
        account.membership_id,
    ):
        raise Forbidden(N_("Only an owner can add or remove owners."))
    member = await find_member(account, membership_id)
    if not member.can_own:
        raise Invalid(N_("Choose a member on Telegram who is not an owner."), field="membership")
    await revoke_keys(account.id, account.membership_id, after=Role.ADMIN, by=owner_id)
    await db.execute("UPDATE memberships SET role = $2 WHERE id = $1", account.membership_id, Role.ADMIN)
    await db.execute("UPDATE memberships SET role = $2 WHERE id = $1", membership_id, Role.OWNER)
    await mark_command_lists([member.user_id])
    await record_audit(account.id, owner_id, "hand over", f"membership {membership_id}", was=member.role)
    return member
