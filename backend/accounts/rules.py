"""Which role has which permission: one literal table for all three doors (`X4`, `A2`)."""

from datetime import datetime, timedelta
from enum import StrEnum

KEY_LIFE = timedelta(days=366)  # of an API key at most: a year, with its last day
REMOVAL_UNDO_TIME = timedelta(days=1)  # so long after it the removal of a member can be undone (A9)
NAME_MAX = 80  # characters of an account's name, and of a key's label


class Role(StrEnum):
    """OWNER > ADMIN > HELPER > MEMBER (`A2`)."""

    OWNER = "OWNER"
    ADMIN = "ADMIN"
    HELPER = "HELPER"
    MEMBER = "MEMBER"


class JoinedThrough(StrEnum):
    """How somebody became a member (`A3`, `A4`), as `memberships.joined_through` holds it."""

    FOUNDED = "founded"  # they made the account
    KEY = "key"  # an API key
    GROUP = "group"  # they are in a linked group
    LINK = "link"  # the link of an event that is open to anyone who has it; since 0.4.0 as a visitor (A10)
    HAND = "hand"  # an organiser added them


class KeyState(StrEnum):
    """Whether an API key can be used, and if not, why."""

    LIVE = "live"
    EXPIRED = "expired"
    USED_UP = "used up"
    REVOKED = "revoked"


def key_end(expires_at: datetime | None, created_at: datetime) -> datetime:
    """When a key ends: as set, else a year after it was made (`A3`)."""
    return expires_at or created_at + KEY_LIFE


class Permission(StrEnum):
    """What a role may permit within an account."""

    BOOK = "book"
    VOTE = "vote"
    SEE_PEOPLE = "see people"
    CHECK_IN = "check in"
    MANAGE_EVENTS = "manage events"
    MANAGE_BOOKINGS = "manage bookings"
    MANAGE_POLLS = "manage polls"
    POST_CARDS = "post cards"
    ANNOUNCE = "announce"
    MANAGE_GROUPS = "manage groups"
    MANAGE_MEMBERS = "manage members"
    MANAGE_KEYS = "manage keys"
    OVERBOOK = "overbook"
    MANAGE_OWNERS = "manage owners"


_MEMBER = frozenset({Permission.BOOK, Permission.VOTE})
_HELPER = _MEMBER | {Permission.SEE_PEOPLE, Permission.CHECK_IN}
_OWNER = frozenset(Permission)
_ADMIN = _OWNER - {Permission.OVERBOOK, Permission.MANAGE_OWNERS}
PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.MEMBER: _MEMBER,
    Role.HELPER: _HELPER,
    Role.ADMIN: _ADMIN,
    Role.OWNER: _OWNER,
}
RANK = {Role.MEMBER: 0, Role.HELPER: 1, Role.ADMIN: 2, Role.OWNER: 3}


def is_permitted(role: Role, permission: Permission) -> bool:
    """Whether the role has this permission."""
    return permission in PERMISSIONS[role]


def keys_that_end(after: Role | None) -> frozenset[Role]:
    """The roles of those keys that their maker, of this role or none from now on, may no longer make: they
    end with the role that made them (`A3`)."""
    if after is None or not is_permitted(after, Permission.MANAGE_KEYS):
        return frozenset(Role)
    return frozenset() if is_permitted(after, Permission.MANAGE_OWNERS) else frozenset({Role.OWNER})
