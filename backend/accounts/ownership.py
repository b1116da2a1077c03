"""The rows of handing over a club (`A2`), inside a transaction of `backend.departures`."""

from backend import db
from backend.accounts.closing import lock_account
from backend.accounts.memberships import revoke_keys
from backend.accounts.rules import Role
from backend.audit.actions import record_audit
from backend.errors import Forbidden, Invalid, NotFound
from backend.i18n import N_


async def swap_owner(account_id: int, owner_id: int, membership_id: int) -> int:
    """Make the member an owner, and the owner with this person's id an organiser. Returns the id of the new owner's person.
    Raises `Forbidden` when the person is no owner any more, `Invalid` when the member cannot be one, `NotFound`."""
    await lock_account(account_id)
    rows = await db.rows(
        "SELECT id, user_id, role, visitor_since FROM memberships WHERE account_id = $1 AND left_at IS NULL"
        " AND (id = $2 OR user_id = $3)",
        account_id,
        membership_id,
        owner_id,
    )
    own = next((row for row in rows if row["user_id"] == owner_id), None)
    if own is None or own["role"] != Role.OWNER:
        raise Forbidden(N_("Only an owner can add or remove owners."))
    theirs = next((row for row in rows if row["id"] == membership_id), None)
    if theirs is None:
        raise NotFound()
    if theirs["user_id"] is None or theirs["visitor_since"] is not None or theirs["role"] == Role.OWNER:
        raise Invalid(N_("Choose a member on Telegram who is not an owner."), field="membership")
    await revoke_keys(account_id, own["id"], after=Role.ADMIN, by=owner_id)
    await db.execute("UPDATE memberships SET role = $2 WHERE id = $1", own["id"], Role.ADMIN)
    await db.execute("UPDATE memberships SET role = $2 WHERE id = $1", membership_id, Role.OWNER)
    await record_audit(account_id, owner_id, "hand over", f"membership {membership_id}", was=theirs["role"])
    return int(theirs["user_id"])
