"""Becoming a member, roles, and leaving (`A2`, `A4`)."""

from datetime import datetime

from backend import clock, db, failpoints
from backend.accounts.closing import lock_account
from backend.accounts.queries import AccountView, authorize, solely_owned_accounts
from backend.accounts.rules import (
    RANK,
    REMOVAL_UNDO_TIME,
    JoinedThrough,
    Permission,
    Role,
    keys_that_end,
)
from backend.audit.actions import record_audit
from backend.errors import Forbidden, NotFound, Refusal
from backend.i18n import N_, Voice
from backend.people.command_lists import mark_command_lists
from backend.people.queries import Person


class LastOwner(Refusal):
    """The last OWNER can neither leave nor be demoted (`A2`)."""

    outcome = "last-owner"
    message = N_("A club needs an owner. Make somebody else an owner first.")


class TooLateToRestore(Refusal):
    """A removal can be undone for a day (`A9`)."""

    outcome = "too-late"
    message = N_("This was more than a day ago. Send them an invite link to let them in again.")


async def join(person: Person, account_id: int, *, through: JoinedThrough) -> int:
    """Make the person a MEMBER unless they are one (`A4`); the membership's id. The caller has authorized it.

    Raises `NotFound` when the person is being erased.
    """
    async with db.transaction():
        return await add_membership(account_id, person.id, Role.MEMBER, through, clock.now())


async def join_as_visitor(person: Person, account_id: int) -> int:
    """Let the person take part in an instance by its link as a visitor (`A10`), unless they are a member; the
    membership's id. The caller has authorized it. Raises `NotFound` as `add_membership` does."""
    async with db.transaction():
        now = clock.now()
        return await add_membership(
            account_id, person.id, Role.MEMBER, JoinedThrough.LINK, now, is_visitor=True
        )


async def add_membership(
    account_id: int,
    user_id: int,
    role: Role,
    through: JoinedThrough,
    at: datetime,
    *,
    is_visitor: bool = False,
    key_id: int | None = None,
) -> int:
    """Insert or revive a membership, inside the caller's transaction; its id. A live one keeps its role or
    rises in rank, and a visitor becomes a member by whatever else lets them in (`A10`). `key_id` is the key that
    they join by.

    Whom an organiser removed stays out until they are invited: neither a group nor a link lets them in
    (`A9`). Raises `NotFound` for them, when the person is being erased, and when the club is closed (`A12`).
    """
    # Erasing a person locks their row, and closing a club locks the club's: a membership is either there before it,
    # or finds nobody (A7, A12). The membership's name is made of the person's: their row is locked as it is locked for that,
    # before anything else is.
    known = await db.value(
        "SELECT true FROM telegram_users u, accounts a WHERE u.id = $1 AND u.erased_at IS NULL"
        " AND a.id = $2 AND a.closed_at IS NULL FOR SHARE OF u FOR SHARE OF a",
        user_id,
        account_id,
    )
    if not known:
        raise NotFound()
    if through in (JoinedThrough.GROUP, JoinedThrough.LINK) and await is_shut_out(account_id, user_id):
        raise NotFound()
    if role is not Role.MEMBER:
        await mark_command_lists([user_id])
    lower_roles = [lower for lower, rank in RANK.items() if rank < RANK[role]]
    return int(
        await db.value(
            "INSERT INTO memberships AS m"
            " (account_id, user_id, role, joined_through, joined_at, checked_at, visitor_since, joined_key_id)"
            " VALUES ($1, $2, $3, $4, $5, $5, CASE WHEN $7 THEN $5::timestamptz END, $8)"
            " ON CONFLICT ON CONSTRAINT memberships_account_id_user_id_key DO UPDATE SET"
            " role = CASE WHEN m.left_at IS NOT NULL OR m.role = ANY($6) THEN excluded.role ELSE m.role END,"
            " joined_at = CASE WHEN m.left_at IS NOT NULL THEN $5 ELSE m.joined_at END,"
            " joined_through = CASE WHEN m.visitor_since IS NULL OR $7 THEN m.joined_through"
            " ELSE excluded.joined_through END,"
            " joined_key_id = CASE WHEN m.left_at IS NULL AND (m.visitor_since IS NULL OR $7) THEN m.joined_key_id"
            " ELSE excluded.joined_key_id END,"
            " visitor_since = CASE WHEN m.left_at IS NOT NULL THEN excluded.visitor_since"
            " WHEN $7 THEN m.visitor_since END,"
            " checked_at = $5, left_at = NULL, removed_at = NULL RETURNING id",
            account_id,
            user_id,
            role,
            through,
            at,
            lower_roles,
            is_visitor,
            key_id,
        )
    )


async def is_shut_out(account_id: int, user_id: int) -> bool:
    """Whether an organiser removed the person, who was not invited since (`A9`)."""
    return bool(
        await db.value(
            "SELECT true FROM memberships WHERE account_id = $1 AND user_id = $2 AND removed_at IS NOT NULL",
            account_id,
            user_id,
        )
    )


async def ensure_named_member(account_id: int, name: str) -> int:
    """The membership of the member with this name who has no Telegram, made when there is none (`B10`); its
    id. Two organisers at once get the same one. Called inside a transaction; the caller has authorized it."""
    await lock_account(account_id)
    known = await db.value(
        "SELECT id FROM memberships WHERE account_id = $1 AND user_id IS NULL AND name = $2 AND left_at IS NULL",
        account_id,
        name,
    )
    if known is None:
        known = await db.value(
            "INSERT INTO memberships (account_id, name, role, joined_through, joined_at, checked_at)"
            " VALUES ($1, $2, $3, $4, $5, $5) RETURNING id",
            account_id,
            name,
            Role.MEMBER,
            JoinedThrough.HAND,
            clock.now(),
        )
    return int(known)


async def change_role(person: Person, account_id: int, membership_id: int, role: Role) -> None:
    """Give a member another role (`A2`). Only owners make and unmake owners.

    Raises `Forbidden`, `LastOwner`, `NotFound`.
    """
    account = await authorize(person, account_id, Permission.MANAGE_MEMBERS)
    async with db.transaction():
        before = await _lock_member(account, membership_id)
        if before is role and not await _is_visitor(membership_id):
            return
        if Role.OWNER in (before, role) and not account.has_permission(Permission.MANAGE_OWNERS):
            raise Forbidden(N_("Only an owner can add or remove owners."))
        await _require_another_owner(account, before, after=role)
        await revoke_keys(account.id, membership_id, after=role, by=person.id)
        await db.execute(
            "UPDATE memberships SET role = $2, visitor_since = NULL WHERE id = $1", membership_id, role
        )
        await _mark_command_list(membership_id)
        await record_audit(
            account.id, person.id, "change role", f"membership {membership_id}", was=before, now=role
        )


async def end_membership(person: Person, account_id: int, membership_id: int) -> None:
    """Remove a member from the account, who stays out until they are invited again; a member may remove
    themselves. Their bookings stay: `backend.departures.former_members` gives them back (`A9`).

    Raises `Forbidden`, `LastOwner`, `NotFound`.
    """
    own = await authorize(person, account_id, Permission.BOOK)
    account = (
        own
        if own.membership_id == membership_id
        else await authorize(person, account_id, Permission.MANAGE_MEMBERS)
    )
    async with db.transaction():
        before = await _lock_member(account, membership_id)
        if before is Role.OWNER and not account.has_permission(Permission.MANAGE_OWNERS):
            raise Forbidden(N_("Only an owner can add or remove owners."))
        await _require_another_owner(account, before, after=None)
        await revoke_keys(account.id, membership_id, after=None, by=person.id)
        await db.execute(
            "UPDATE memberships SET left_at = $2, removed_at = CASE WHEN $3 THEN $2::timestamptz END WHERE id = $1",
            membership_id,
            clock.now(),
            own.membership_id != membership_id,
        )
        if before is not Role.MEMBER:
            await _mark_command_list(membership_id)
        await record_audit(
            account.id, person.id, "end membership", f"membership {membership_id}", role=before
        )


async def restore_membership(person: Person, account_id: int, membership_id: int) -> datetime | None:
    """Undo the removal of a member within a day, inside the caller's transaction: they are one again, in the role that they had
    (`A9`). Returns when they were removed; None when they are a member already, and then nothing has changed.

    Raises `Forbidden` where an owner was removed and the person is none, `TooLateToRestore`, and `NotFound` for anybody
    else: who left by themselves, was erased, or never was a member.
    """
    account = await authorize(person, account_id, Permission.MANAGE_MEMBERS)
    await lock_account(account.id)
    row = await db.row(
        "SELECT m.role, m.left_at, m.removed_at FROM memberships m JOIN accounts a ON a.id = m.account_id"
        " LEFT JOIN telegram_users u ON u.id = m.user_id"
        " WHERE m.id = $1 AND m.account_id = $2 AND a.closed_at IS NULL AND u.erased_at IS NULL"
        " FOR NO KEY UPDATE OF m",
        membership_id,
        account.id,
    )
    if row is None or (row["left_at"] is not None and row["removed_at"] is None):
        raise NotFound()
    if row["left_at"] is None:
        return None
    if Role(row["role"]) is Role.OWNER and not account.has_permission(Permission.MANAGE_OWNERS):
        raise Forbidden(N_("Only an owner can add or remove owners."))
    removed_at: datetime = row["removed_at"]
    if removed_at <= clock.now() - REMOVAL_UNDO_TIME:
        raise TooLateToRestore()
    await db.execute("UPDATE memberships SET left_at = NULL, removed_at = NULL WHERE id = $1", membership_id)
    if Role(row["role"]) is not Role.MEMBER:
        await _mark_command_list(membership_id)
    await record_audit(
        account.id, person.id, "restore membership", f"membership {membership_id}", role=row["role"]
    )
    return removed_at


async def _mark_command_list(membership_id: int) -> None:
    """Have the list of commands set of a member whose role has changed."""
    await mark_command_lists([await db.value("SELECT user_id FROM memberships WHERE id = $1", membership_id)])


async def _lock_member(account: AccountView, membership_id: int) -> Role:
    """The member's role. Locks the account's row, so that only one transaction at a time counts its
    owners."""
    await lock_account(account.id)
    role = await db.value(
        "SELECT role FROM memberships WHERE id = $1 AND account_id = $2 AND left_at IS NULL",
        membership_id,
        account.id,
    )
    if role is None:
        raise NotFound()
    return Role(role)


async def _is_visitor(membership_id: int) -> bool:
    return bool(
        await db.value(
            "SELECT true FROM memberships WHERE id = $1 AND visitor_since IS NOT NULL", membership_id
        )
    )


async def _require_another_owner(account: AccountView, before: Role, *, after: Role | None) -> None:
    if before is not Role.OWNER or after is Role.OWNER:
        return
    owners = await db.value(
        "SELECT count(*) FROM memberships WHERE account_id = $1 AND role = 'OWNER' AND left_at IS NULL",
        account.id,
    )
    if owners <= 1:
        raise LastOwner()


async def revoke_keys(account_id: int, membership_id: int, *, after: Role | None, by: int) -> None:
    """Revoke the keys that the member made and, with this role or none from now on, may no longer make
    (`A3`). It comes before the change of the membership: keys are locked first where they are used too."""
    if failpoints.on("keys.outlive-role"):
        return
    revoked = await db.execute(
        "UPDATE api_keys k SET revoked_at = $4 FROM memberships m WHERE m.id = $2 AND k.account_id = $1"
        " AND k.created_by = m.user_id AND k.role = ANY($3) AND k.revoked_at IS NULL",
        account_id,
        membership_id,
        list(keys_that_end(after)),
        clock.now(),
    )
    if revoked:
        await record_audit(account_id, by, "revoke", f"api keys of membership {membership_id}", keys=revoked)


async def end_membership_through_groups(account_id: int, user_id: int) -> int | None:
    """End the membership of a person who became a MEMBER through a group, unless they are in one of the
    account's groups (`A5`). The id of the membership that ended; None when none did."""
    ended = await db.rows(
        "UPDATE memberships m SET left_at = $3 WHERE m.account_id = $1 AND m.user_id = $2 AND m.role = $4"
        " AND m.joined_through = $5 AND m.left_at IS NULL AND NOT EXISTS (SELECT 1 FROM group_members g"
        " WHERE g.account_id = $1 AND g.user_id = $2 AND g.present) RETURNING m.id",
        account_id,
        user_id,
        clock.now(),
        Role.MEMBER,
        JoinedThrough.GROUP,
    )
    return int(ended[0]["id"]) if ended else None


# --- erasing a person (`A7`), inside transactions of `backend.personal` ---


async def end_all_memberships(person: Person, at: datetime) -> list[int]:
    """End all memberships of the person, who has an organiser's list of commands no more; the ids of all that they ever had.
    Raises `LastOwner` (`A2`)."""
    rows = await db.rows(
        "SELECT m.id, m.account_id, m.role, m.left_at FROM memberships m JOIN accounts a ON a.id = m.account_id"
        " WHERE m.user_id = $1 ORDER BY a.id FOR NO KEY UPDATE OF a",
        person.id,
    )
    if await solely_owned_accounts(person):
        raise LastOwner()
    for row in rows:
        if row["left_at"] is None:
            await revoke_keys(row["account_id"], row["id"], after=None, by=person.id)
            subject = f"membership {row['id']}"
            await record_audit(row["account_id"], person.id, "end membership", subject, role=row["role"])
    if any(row["left_at"] is None and Role(row["role"]) is not Role.MEMBER for row in rows):
        await mark_command_lists([person.id])
    await db.execute(
        "UPDATE memberships SET left_at = $2 WHERE user_id = $1 AND left_at IS NULL", person.id, at
    )
    return [row["id"] for row in rows]


async def anonymize_memberships(user_id: int, at: datetime) -> list[int]:
    """Replace the person's name by "Someone" in each account's language, and end what was joined meanwhile;
    the ids of all their memberships."""
    rows = await db.rows(
        "SELECT m.id, a.language FROM memberships m JOIN accounts a ON a.id = m.account_id WHERE m.user_id = $1",
        user_id,
    )
    ids = [row["id"] for row in rows]
    await db.execute(
        "UPDATE memberships m SET name = t.name, left_at = coalesce(m.left_at, $3)"
        " FROM unnest($1::bigint[], $2::text[]) AS t (id, name) WHERE m.id = t.id",
        ids,
        [Voice(row["language"]).gettext(N_("Someone")) for row in rows],
        at,
    )
    return ids
