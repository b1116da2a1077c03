"""API keys: making, revoking and using them (`A3`)."""

import re
import secrets
from datetime import datetime

from backend import clock, codes, db, failpoints
from backend.accounts.memberships import add_membership
from backend.accounts.queries import AccountView, authorize, key_state
from backend.accounts.rules import (
    KEY_LIFE,
    NAME_MAX,
    RANK,
    JoinedThrough,
    KeyState,
    Permission,
    Role,
    key_end,
    keys_that_end,
)
from backend.accounts.tables import ApiKey
from backend.audit.actions import record_audit
from backend.errors import Forbidden, Invalid, NotFound
from backend.i18n import N_
from backend.people.queries import Person
from backend.typed_text import clean_line

KEY_PATTERN = re.compile(r"sk_[0-9a-f]{48}")
# The same whatever is wrong with it.
_NOT_VALID = N_("This key is not valid. Ask your organiser for a new one.")


async def create_key(
    person: Person,
    account_id: int,
    *,
    label: str,
    role: Role,
    uses: int | None = 1,
    expires_at: datetime | None = None,
) -> str:
    """Make a key that `uses` people can use, any number when None, until `expires_at` or for a year; the key
    in full, which is never shown again. It ends with the role of whoever makes it (`A3`).

    Raises `Invalid`, `Forbidden`, `NotFound`.
    """
    account = await authorize(person, account_id, Permission.MANAGE_KEYS)
    if role is Role.OWNER and not account.has_permission(Permission.MANAGE_OWNERS):
        raise Forbidden(N_("Only an owner can add or remove owners."))
    label = clean_line(label)
    if not label:
        raise Invalid(N_("Give the key a label."), field="label")
    if len(label) > NAME_MAX:
        raise Invalid(N_("At most %(most)s characters, please."), field="label", most=NAME_MAX)
    if uses is not None and not 1 <= uses <= 1000:
        raise Invalid(N_("Between 1 and %(most)s, please."), field="uses", most=1000)
    if expires_at is not None and expires_at <= clock.now():
        raise Invalid(N_("Choose a time in the future."), field="expires_at")
    if expires_at is not None and expires_at > clock.now() + KEY_LIFE and not failpoints.on("keys.endless"):
        raise Invalid(N_("A key is valid for one year at most."), field="expires_at")
    await failpoints.reach("keys.authorized")
    async with db.transaction():
        # Locked: who loses the role meanwhile leaves no key behind.
        maker = await db.value(
            "SELECT role FROM memberships WHERE id = $1 AND left_at IS NULL FOR SHARE", account.membership_id
        )
        if maker is None or role in keys_that_end(Role(maker)):
            raise Forbidden()
        key = await insert_key(
            account.id, created_by=person.id, label=label, role=role, uses=uses, expires_at=expires_at
        )
        await record_audit(account.id, person.id, "create", "api key", label=label, role=role)
    return key


async def create_key_without_person(account_id: int, *, role: Role) -> str:
    """Make a key for one person, where nobody can authorize it: whoever runs the server gives a club whose
    owner is lost a new one. The key in full; the audit log shows that no person made it."""
    async with db.transaction():
        key = await insert_key(
            account_id, created_by=None, label="Made on the server", role=role, uses=1, expires_at=None
        )
        await record_audit(account_id, None, "create", "api key", label="Made on the server", role=role)
    return key


async def insert_key(
    account_id: int,
    *,
    created_by: int | None,
    label: str,
    role: Role,
    uses: int | None,
    expires_at: datetime | None,
) -> str:
    """Make a key inside the caller's transaction, which has checked and authorized it; the key in full."""
    key, at = f"sk_{secrets.token_hex(24)}", clock.now()
    await ApiKey(
        account_id=account_id,
        key_hash=codes.digest(key),
        ending=key[-4:],
        label=label,
        role=role,
        uses_left=uses,
        expires_at=key_end(expires_at, at),
        created_by=created_by,
        created_at=at,
    ).save()
    return key


async def revoke_key(person: Person, account_id: int, key_id: int) -> None:
    """Revoke a key at once; idempotent. Raises `Forbidden`, `NotFound`."""
    account = await authorize(person, account_id, Permission.MANAGE_KEYS)
    async with db.transaction():
        revoked = await db.execute(
            "UPDATE api_keys SET revoked_at = coalesce(revoked_at, $3) WHERE id = $1 AND account_id = $2",
            key_id,
            account.id,
            clock.now(),
        )
        if not revoked:
            raise NotFound()
        await record_audit(account.id, person.id, "revoke", f"api key {key_id}")


async def bind_key(person: Person, key: str) -> AccountView:
    """Make the person a member of the key's account with the key's role, which uses it once (`A3`). A member
    keeps a higher role; one who has as much as the key gives does not use it.

    Raises `NotFound` for an unknown, revoked, expired or used-up key, and for one that was made before an organiser
    removed the person (`A9`), without saying which it is.
    """
    at = clock.now()
    async with db.transaction():
        found = await db.row(
            "SELECT * FROM api_keys WHERE key_hash = $1 FOR NO KEY UPDATE",
            codes.digest(key.strip()),
        )
        if found is None or key_state(found, at) is not KeyState.LIVE:
            raise NotFound(_NOT_VALID)
        if await _changes_standing(person, found):
            await db.execute(
                "UPDATE api_keys SET uses_left = uses_left - 1, uses = uses + 1, used_at = $2 WHERE id = $1",
                found["id"],
                at,
            )
            await add_membership(
                *(found["account_id"], person.id, Role(found["role"]), JoinedThrough.KEY, at),
                key_id=found["id"],
            )
            await record_audit(
                found["account_id"], person.id, "use", f"api key {found['id']}", role=found["role"]
            )
    return await authorize(person, found["account_id"], Permission.BOOK)


async def _changes_standing(person: Person, key: db.Row) -> bool:
    """Whether the key gives the person more than they have. Raises `NotFound` for whom an organiser removed since it was
    made."""
    own = await db.row(
        "SELECT role, left_at, removed_at, visitor_since FROM memberships WHERE account_id = $1 AND user_id = $2",
        key["account_id"],
        person.id,
    )
    if own is None:
        return True
    if own["removed_at"] is not None and own["removed_at"] > key["created_at"]:
        raise NotFound(_NOT_VALID)
    is_member = own["left_at"] is None and own["visitor_since"] is None
    return not is_member or RANK[Role(own["role"])] < RANK[Role(key["role"])]
