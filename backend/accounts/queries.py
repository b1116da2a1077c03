"""Accounts, their members and keys, and the one function that decides who has which permission (`X4`)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from backend import clock, db, failpoints
from backend.accounts.member_pages import MemberList, member_page
from backend.accounts.rules import (
    REMOVAL_UNDO_TIME,
    JoinedThrough,
    KeyState,
    Permission,
    Role,
    is_permitted,
    key_end,
)
from backend.errors import Forbidden, NotFound
from backend.i18n import DEFAULT, N_, Voice
from backend.known_zones import first_known
from backend.people.pages import PERSON, PeoplePage
from backend.people.queries import Person
from backend.people.sql import DISPLAY_NAME, REACHABLE
from backend.typed_text import clean_line


@dataclass(frozen=True, slots=True)
class AccountView:
    """An account as one of its members sees it, with that member's role and membership."""

    id: int
    name: str
    zone: str
    language: str
    role: Role
    membership_id: int
    closing_at: datetime | None = None  # an owner closes it then (A12)

    def has_permission(self, permission: Permission) -> bool:
        return is_permitted(self.role, permission)


@dataclass(frozen=True, slots=True)
class Member:
    """A member as organisers see them. `name` is the one an organiser gave them, else their full name in
    Telegram."""

    id: int
    user_id: int | None
    name: str
    username: str
    role: Role
    joined_at: datetime
    joined_through: JoinedThrough
    reachable: bool
    is_visitor: bool = False  # takes part by links only (A10)

    @property
    def can_own(self) -> bool:
        """Whether an owner can hand the club over to them (`A2`)."""
        return self.user_id is not None and not self.is_visitor and self.role is not Role.OWNER


@dataclass(frozen=True, slots=True)
class Key:
    """An API key as organisers see it (`A3`): never the key itself, only its last four digits. Times are
    aware instants."""

    id: int
    label: str
    ending: str
    role: Role
    uses: int
    uses_left: int | None
    expires_at: datetime
    used_at: datetime | None
    created_at: datetime
    state: KeyState


ACCOUNT = """
SELECT a.id, a.name, a.zone, a.language, a.closing_at, m.role, m.id AS membership_id
FROM memberships m JOIN accounts a ON a.id = m.account_id
WHERE m.user_id = $1 AND m.left_at IS NULL AND m.visitor_since IS NULL
"""


# The names of what `ACCOUNT` selects, for whoever has its rows as records within another.
ACCOUNT_COLUMNS = ("id", "name", "zone", "language", "closing_at", "role", "membership_id")
JOINED = f"{ACCOUNT} ORDER BY lower(a.name), a.id"


def account_from(row: db.Row | Mapping[str, Any]) -> AccountView:
    """A row of `ACCOUNT` as an `AccountView`."""
    return AccountView(
        row["id"],
        row["name"],
        first_known(row["zone"]),
        row["language"],
        Role(row["role"]),
        row["membership_id"],
        row["closing_at"],
    )


async def joined_accounts(person: Person) -> list[AccountView]:
    """All accounts the person is a member of (`A8`), by name."""
    return [account_from(row) for row in await db.rows(JOINED, person.id)]


async def accounts_with(person: Person, permission: Permission) -> list[AccountView]:
    """The accounts in which the person has this permission, by name."""
    return [account for account in await joined_accounts(person) if account.has_permission(permission)]


async def permitted_accounts(person: Person, permission: Permission) -> list[AccountView]:
    """The same for what makes no sense without such an account. Raises `Forbidden` when there is none."""
    accounts = await accounts_with(person, permission)
    if not accounts:
        raise Forbidden()
    return accounts


async def solely_owned_accounts(person: Person) -> list[AccountView]:
    """The accounts whose only owner is this person (`A2`), by name."""
    rows = await db.rows(
        f"{ACCOUNT} AND m.role = 'OWNER' AND NOT EXISTS (SELECT 1 FROM memberships o WHERE o.account_id = a.id"
        " AND o.role = 'OWNER' AND o.left_at IS NULL AND o.id <> m.id) ORDER BY lower(a.name), a.id",
        person.id,
    )
    return [account_from(row) for row in rows]


async def authorize(person: Person, account_id: int, permission: Permission) -> AccountView:
    """The account, if the person has this permission in it.

    Raises `NotFound` when they are no member (`A1`), and `Forbidden` when their role lacks the permission
    (`X4`).
    """
    row = await db.row(f"{ACCOUNT} AND a.id = $2", person.id, account_id)
    if row is None:
        raise NotFound()
    account = account_from(row)
    if not account.has_permission(permission) and not failpoints.on("roles.unchecked"):
        if account.role is Role.HELPER:
            raise Forbidden(
                N_("Only organisers can do this. You are a helper here: you can check people in.")
            )
        if account.role is Role.ADMIN:
            raise Forbidden(N_("Only an owner can do this."))
        raise Forbidden()
    return account


MEMBER = f"""m.id AS membership_id, m.user_id, {DISPLAY_NAME} AS name, coalesce(u.username, '') AS username, m.role,
    m.joined_at, m.joined_through, m.visitor_since, {REACHABLE} AS reachable"""


def _member(row: db.Row) -> Member:
    return Member(
        id=row["membership_id"],
        user_id=row["user_id"],
        name=row["name"],
        username=row["username"],
        role=Role(row["role"]),
        joined_at=row["joined_at"],
        joined_through=JoinedThrough(row["joined_through"]),
        reachable=row["reachable"],
        is_visitor=row["visitor_since"] is not None,
    )


VISITOR = "VISITOR"  # in a `MemberFilter`: who takes part by links only (A10)


@dataclass(frozen=True, slots=True)
class MemberFilter:
    """Which members are listed: those of a role, or visitors; those who are in a group; those who joined by a key; those
    who can become the owner. "", None and False are all."""

    role: str = ""
    group_id: int | None = None
    key_id: int | None = None
    can_own: bool = False


EVERYBODY = MemberFilter()


async def members(
    account: AccountView,
    *,
    wanted: MemberFilter = EVERYBODY,
    words: str = "",
    after: int | None = None,
    limit: int = 50,
    language: str = DEFAULT,
) -> PeoplePage[Member]:
    """The account's members and visitors that are `wanted`, organisers first, then by name in the order of the language;
    `words` are searched for in their names, `after` is the membership that the page before ended with."""
    listed = f"""($3::text = '' OR $3 = CASE WHEN m.visitor_since IS NULL THEN m.role ELSE '{VISITOR}' END)
        AND ($4::bigint IS NULL OR EXISTS (SELECT 1 FROM group_members g
            WHERE g.account_id = $1 AND g.group_id = $4 AND g.user_id = m.user_id AND g.present OFFSET 0))
        AND ($5::bigint IS NULL OR m.joined_key_id = $5)
        AND (NOT $6 OR (m.user_id IS NOT NULL AND m.visitor_since IS NULL AND m.role <> 'OWNER'))"""
    values = (wanted.role, wanted.group_id, wanted.key_id, wanted.can_own)
    found = MemberList(MEMBER, listed, values=values, organisers_first=True, all_counted=not wanted.can_own)
    return await member_page(
        _member, found, account.id, words=words, after=after, limit=limit, language=language
    )


async def find_member(account: AccountView, membership_id: int) -> Member:
    """One member or visitor of the account. Raises `NotFound`."""
    row = await db.row(
        f"SELECT {MEMBER} FROM memberships m {PERSON}"
        " WHERE m.account_id = $1 AND m.id = $2 AND m.left_at IS NULL",
        account.id,
        membership_id,
    )
    if row is None:
        raise NotFound()
    return _member(row)


@dataclass(frozen=True, slots=True)
class RemovedMember:
    """Somebody whose removal can still be undone (`A9`), with the role they had."""

    id: int
    name: str
    role: Role
    removed_at: datetime


async def removed_members(account: AccountView, *, limit: int = 20) -> list[RemovedMember]:
    """Whom organisers removed within the last day, the last first."""
    rows = await db.rows(
        f"SELECT m.id, {DISPLAY_NAME} AS name, m.role, m.removed_at FROM memberships m {PERSON}"
        " WHERE m.account_id = $1 AND m.left_at IS NOT NULL AND m.removed_at > $2 AND u.erased_at IS NULL"
        " ORDER BY m.removed_at DESC, m.id LIMIT $3",
        account.id,
        clock.now() - REMOVAL_UNDO_TIME,
        limit,
    )
    return [RemovedMember(row["id"], row["name"], Role(row["role"]), row["removed_at"]) for row in rows]


@dataclass(frozen=True, slots=True)
class MemberCounts:
    """How many members and visitors an account has, and how many of them are owners."""

    people: int
    owners: int


async def member_counts(account: AccountView) -> MemberCounts:
    """The numbers of the account."""
    # Apart, each is counted in an index, and no membership of a member is read.
    counted = "SELECT count(*) FROM memberships WHERE account_id = $1 AND left_at IS NULL"
    row = await db.row(
        f"SELECT ({counted}) AS people, ({counted} AND role <> 'MEMBER' AND role = 'OWNER') AS owners",
        account.id,
    )
    assert row is not None
    return MemberCounts(row["people"], row["owners"])


async def keys(account: AccountView) -> list[Key]:
    """The account's API keys, newest first."""
    at = clock.now()
    rows = await db.rows(
        "SELECT * FROM api_keys WHERE account_id = $1 ORDER BY created_at DESC, id DESC", account.id
    )
    return [
        Key(
            id=row["id"],
            label=row["label"],
            ending=row["ending"],
            role=Role(row["role"]),
            uses=row["uses"],
            uses_left=row["uses_left"],
            expires_at=key_end(row["expires_at"], row["created_at"]),
            used_at=row["used_at"],
            created_at=row["created_at"],
            state=key_state(row, at),
        )
        for row in rows
    ]


def key_state(row: db.Row, at: datetime) -> KeyState:
    """The state of a row of `api_keys` at that moment."""
    if row["revoked_at"] is not None:
        return KeyState.REVOKED
    if key_end(row["expires_at"], row["created_at"]) <= at:
        return KeyState.EXPIRED
    return KeyState.USED_UP if row["uses_left"] == 0 else KeyState.LIVE


async def find_account(name: str) -> int | None:
    """The id of the account with this name or number, for scripts; None when there is not exactly one."""
    name = clean_line(name)
    if name.isdecimal():
        found = await db.value("SELECT id FROM accounts WHERE id = $1", int(name))
        return int(found) if found is not None else None
    rows = await db.rows("SELECT id FROM accounts WHERE name = $1", name)
    return int(rows[0]["id"]) if len(rows) == 1 else None


async def account_voice(account_id: int) -> Voice:
    """The language and the zone of a club, in which the bot speaks to its groups."""
    row = await db.row("SELECT language, zone FROM accounts WHERE id = $1", account_id)
    assert row is not None
    return Voice(row["language"], first_known(row["zone"]))


async def account_name(account_id: int) -> str:
    """The name of a club."""
    return str(await db.value("SELECT name FROM accounts WHERE id = $1", account_id))
