"""Invite links: keys that make members, and who joined by them (`A3`, `A4`)."""

from dataclasses import dataclass

from backend import db
from backend.accounts.queries import AccountView, Key, keys
from backend.accounts.rules import Role
from backend.people.pages import PERSON
from backend.people.sql import DISPLAY_NAME

NAMED = 3  # of those who joined by a link


@dataclass(frozen=True, slots=True)
class Invite:
    """An invite link as organisers see it: its key, how many of today's members joined by it, and the names of the first."""

    key: Key
    joined: int = 0
    names: tuple[str, ...] = ()

    @property
    def more(self) -> int:
        """How many joined besides those who are named."""
        return self.joined - len(self.names)


async def invites(account: AccountView) -> list[Invite]:
    """The account's invite links, newest first."""
    found = [key for key in await keys(account) if key.role is Role.MEMBER]
    rows = await db.rows(
        f"""SELECT m.joined_key_id, m.joined, {DISPLAY_NAME} AS name FROM (
            SELECT *, count(*) OVER (PARTITION BY joined_key_id) AS joined,
                row_number() OVER (PARTITION BY joined_key_id ORDER BY joined_at, id) AS nth
            FROM memberships WHERE account_id = $1 AND joined_key_id = ANY($2::bigint[]) AND left_at IS NULL
        ) m {PERSON} WHERE m.nth <= $3 ORDER BY m.joined_key_id, m.nth""",
        account.id,
        [key.id for key in found],
        NAMED,
    )
    made = []
    for key in found:
        own = [row for row in rows if row["joined_key_id"] == key.id]
        made.append(Invite(key, own[0]["joined"] if own else 0, tuple(row["name"] for row in own)))
    return made


async def invite_name(account: AccountView, key_id: int) -> str | None:
    """What organisers call the link; None when the account has no such key."""
    label = await db.value("SELECT label FROM api_keys WHERE account_id = $1 AND id = $2", account.id, key_id)
    return None if label is None else str(label)
