"""Making clubs, joining them, roles, and API keys (`A2`–`A4`)."""

import re
import secrets
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import available_timezones

from backend import clock, codes, db
from backend.accounts.queries import Club, authorize
from backend.accounts.rules import RANK, Permission, Role
from backend.audit.actions import record_audit
from backend.errors import Forbidden, Invalid, NotFound, Refusal
from backend.i18n import N_, languages
from backend.people.queries import Person

KEY_PATTERN = re.compile(r"sk_[0-9a-f]{48}")
NAME_MAX = 80


class LastOwner(Refusal):
    """The last OWNER can neither leave nor be demoted (`A2`)."""

    outcome = "last-owner"
    message = N_("A club needs an owner. Make somebody else an owner first.")


@dataclass(frozen=True, slots=True)
class NewAccount:
    """A club just made; the key binds its first OWNER and is shown this once (`A3`)."""

    account_id: int
    name: str
    key: str


async def create_account(name: str, *, zone: str = "UTC", language: str = "en") -> NewAccount:
    """Make a club and an OWNER key for one use. Raises `Invalid`."""
    name = _check_name(name)
    async with db.transaction():
        account_id = await db.value(
            "INSERT INTO accounts (name, zone, language, created_at) VALUES ($1, $2, $3, $4) RETURNING id",
            name,
            zone,
            language,
            clock.now(),
        )
        key = await _new_key(account_id, None, "First owner", Role.OWNER, uses=1, expires_at=None)
        await record_audit(account_id, None, "create", "account", name=name)
    return NewAccount(account_id, name, key)


async def create_own_account(person: Person, name: str, *, zone: str = "UTC", language: str = "en") -> int:
    """Make a club whose OWNER is this person; its id. Raises `Invalid`."""
    name = _check_name(name)
    at = clock.now()
    async with db.transaction():
        account_id = await db.value(
            "INSERT INTO accounts (name, zone, language, created_at) VALUES ($1, $2, $3, $4) RETURNING id",
            name,
            zone,
            language,
            at,
        )
        await _add_membership(account_id, person.id, Role.OWNER, "founded", at)
        await record_audit(account_id, person.id, "create", "account", name=name)
    return int(account_id)


def _check_name(name: str) -> str:
    name = " ".join(name.split())
    if not name:
        raise Invalid(N_("Give the club a name."), field="name")
    if len(name) > NAME_MAX:
        raise Invalid(N_("At most %(most)s characters, please."), field="name", most=NAME_MAX)
    return name


async def edit_account(person: Person, account_id: int, *, name: str, zone: str, language: str) -> None:
    """Rename the club or change what its new series start with. Raises `Invalid`, `Forbidden`, `NotFound`."""
    club = await authorize(person, account_id, Permission.MANAGE_OWNERS)
    name = _check_name(name)
    if zone not in available_timezones():
        raise Invalid(N_("That time zone is not known."), field="zone")
    if language not in languages():
        raise Invalid(N_("We do not speak that language yet."), field="language")
    async with db.transaction():
        await db.execute(
            "UPDATE accounts SET name = $2, zone = $3, language = $4 WHERE id = $1",
            club.id,
            name,
            zone,
            language,
        )
        await record_audit(club.id, person.id, "edit", "account", name=name, zone=zone, language=language)


async def join(person: Person, account_id: int, *, through: str) -> int:
    """Make the person a MEMBER, or find that they are one (`A4`); the membership's id. The caller has authorised it."""
    async with db.transaction():
        return await _add_membership(account_id, person.id, Role.MEMBER, through, clock.now())


async def _add_membership(account_id: int, user_id: int, role: Role, through: str, at: datetime) -> int:
    """Insert or revive a membership; an existing live one only ever rises in rank."""
    # Who is being erased holds their row: whoever lets them in comes before, or finds nobody (A7).
    known = await db.value(
        "SELECT true FROM telegram_users WHERE id = $1 AND erased_at IS NULL FOR KEY SHARE", user_id
    )
    if not known:
        raise NotFound()
    rank = [r for r, n in RANK.items() if n < RANK[role]]
    return int(
        await db.value(
            "INSERT INTO memberships AS m (account_id, user_id, role, joined_through, joined_at, checked_at)"
            " VALUES ($1, $2, $3, $4, $5, $5)"
            " ON CONFLICT ON CONSTRAINT memberships_account_id_user_id_key DO UPDATE SET"
            " role = CASE WHEN m.left_at IS NOT NULL OR m.role = ANY($6) THEN excluded.role ELSE m.role END,"
            " joined_at = CASE WHEN m.left_at IS NOT NULL THEN $5 ELSE m.joined_at END,"
            " checked_at = $5, left_at = NULL RETURNING id",
            account_id,
            user_id,
            role,
            through,
            at,
            rank,
        )
    )


async def ensure_named_member(account_id: int, name: str) -> int:
    """The membership's id of the member of this name who has no Telegram; they become a member when there is none (`B10`).
    Two organisers at once get the same one. Called inside a transaction; the caller has authorised it."""
    await db.execute("SELECT 1 FROM accounts WHERE id = $1 FOR NO KEY UPDATE", account_id)
    known = await db.value(
        "SELECT id FROM memberships WHERE account_id = $1 AND user_id IS NULL AND name = $2 AND left_at IS NULL",
        account_id,
        name,
    )
    if known is None:
        known = await db.value(
            "INSERT INTO memberships (account_id, name, role, joined_through, joined_at, checked_at)"
            " VALUES ($1, $2, $3, 'hand', $4, $4) RETURNING id",
            account_id,
            name,
            Role.MEMBER,
            clock.now(),
        )
    return int(known)


# --- roles ---


async def change_role(person: Person, account_id: int, membership_id: int, role: Role) -> None:
    """Give a member another role (`A2`). Owners are made and unmade by owners only. Raises `Forbidden`, `LastOwner`."""
    club = await authorize(person, account_id, Permission.MANAGE_MEMBERS)
    async with db.transaction():
        was = await _lock_member(club, membership_id)
        if was is role:
            return
        if Role.OWNER in (was, role) and not club.has_permission(Permission.MANAGE_OWNERS):
            raise Forbidden(N_("Only an owner can make or unmake owners."))
        await _require_another_owner(club, was, after=role)
        await db.execute("UPDATE memberships SET role = $2 WHERE id = $1", membership_id, role)
        await record_audit(
            club.id, person.id, "change role", f"membership {membership_id}", was=was, now=role
        )


async def end_membership(person: Person, account_id: int, membership_id: int) -> None:
    """Take a member out of the club, or leave it oneself. What they have booked stays until it is left or removed.

    Raises `Forbidden`, `LastOwner`, `NotFound`.
    """
    own = await authorize(person, account_id, Permission.BOOK)
    club = (
        own
        if own.membership_id == membership_id
        else await authorize(person, account_id, Permission.MANAGE_MEMBERS)
    )
    async with db.transaction():
        was = await _lock_member(club, membership_id)
        if was is Role.OWNER and not club.has_permission(Permission.MANAGE_OWNERS):
            raise Forbidden(N_("Only an owner can make or unmake owners."))
        await _require_another_owner(club, was, after=None)
        await db.execute("UPDATE memberships SET left_at = $2 WHERE id = $1", membership_id, clock.now())
        await record_audit(club.id, person.id, "end membership", f"membership {membership_id}", role=was)


async def _lock_member(club: Club, membership_id: int) -> Role:
    """The member's role. The account's row is locked, so that owners are counted by one at a time."""
    await db.execute("SELECT 1 FROM accounts WHERE id = $1 FOR NO KEY UPDATE", club.id)
    role = await db.value(
        "SELECT role FROM memberships WHERE id = $1 AND account_id = $2 AND left_at IS NULL",
        membership_id,
        club.id,
    )
    if role is None:
        raise NotFound()
    return Role(role)


async def _require_another_owner(club: Club, was: Role, *, after: Role | None) -> None:
    if was is not Role.OWNER or after is Role.OWNER:
        return
    owners = await db.value(
        "SELECT count(*) FROM memberships WHERE account_id = $1 AND role = 'OWNER' AND left_at IS NULL",
        club.id,
    )
    if owners <= 1:
        raise LastOwner()


# --- API keys (`A3`) ---


async def create_key(
    person: Person,
    account_id: int,
    *,
    label: str,
    role: Role,
    uses: int | None = 1,
    expires_at: datetime | None = None,
) -> str:
    """Make a key; the only time it is known in full. Raises `Invalid`, `Forbidden`, `NotFound`."""
    club = await authorize(person, account_id, Permission.MANAGE_KEYS)
    if role is Role.OWNER and not club.has_permission(Permission.MANAGE_OWNERS):
        raise Forbidden(N_("Only an owner can make or unmake owners."))
    label = " ".join(label.split())
    if not label:
        raise Invalid(N_("Say whom or what the key is for."), field="label")
    if len(label) > NAME_MAX:
        raise Invalid(N_("At most %(most)s characters, please."), field="label", most=NAME_MAX)
    if uses is not None and not 1 <= uses <= 1000:
        raise Invalid(N_("Between 1 and %(most)s, please."), field="uses", most=1000)
    if expires_at is not None and expires_at <= clock.now():
        raise Invalid(N_("Choose a moment that is still to come."), field="expires_at")
    async with db.transaction():
        key = await _new_key(club.id, person.id, label, role, uses=uses, expires_at=expires_at)
        await record_audit(club.id, person.id, "create", "api key", label=label, role=role)
    return key


async def _new_key(
    account_id: int,
    created_by: int | None,
    label: str,
    role: Role,
    *,
    uses: int | None,
    expires_at: datetime | None,
) -> str:
    key = f"sk_{secrets.token_hex(24)}"
    await db.execute(
        "INSERT INTO api_keys (account_id, key_hash, ending, label, role, uses_left, expires_at, created_by, created_at)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        account_id,
        codes.digest(key),
        key[-4:],
        label,
        role,
        uses,
        expires_at,
        created_by,
        clock.now(),
    )
    return key


async def revoke_key(person: Person, account_id: int, key_id: int) -> None:
    """Make a key worthless at once; idempotent. Raises `Forbidden`, `NotFound`."""
    club = await authorize(person, account_id, Permission.MANAGE_KEYS)
    async with db.transaction():
        found = await db.execute(
            "UPDATE api_keys SET revoked_at = coalesce(revoked_at, $3) WHERE id = $1 AND account_id = $2",
            key_id,
            club.id,
            clock.now(),
        )
        if not found:
            raise NotFound()
        await record_audit(club.id, person.id, "revoke", f"api key {key_id}")


async def bind_key(person: Person, key: str) -> Club:
    """Bind the person to the key's account with its role, using it once (`A3`). A member keeps a higher role they have.

    Raises `NotFound` for an unknown, revoked, expired or used-up key: the answer does not tell which.
    """
    at = clock.now()
    async with db.transaction():
        found = await db.row(
            "SELECT * FROM api_keys WHERE key_hash = $1 FOR NO KEY UPDATE",
            codes.digest(key.strip()),
        )
        if (
            found is None
            or found["revoked_at"] is not None
            or (found["expires_at"] is not None and found["expires_at"] <= at)
            or found["uses_left"] == 0
        ):
            raise NotFound(N_("This key is not valid. Ask your organiser for a new one."))
        await db.execute(
            "UPDATE api_keys SET uses_left = uses_left - 1, used_at = $2 WHERE id = $1",
            found["id"],
            at,
        )
        await _add_membership(found["account_id"], person.id, Role(found["role"]), "key", at)
        await record_audit(
            found["account_id"], person.id, "use", f"api key {found['id']}", role=found["role"]
        )
    return await authorize(person, found["account_id"], Permission.BOOK)
