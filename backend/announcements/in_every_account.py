"""Announcing maintenance in every account, for whoever runs Emerald (`C5`)."""

from dataclasses import dataclass
from datetime import datetime

from backend import clock, db
from backend.announcements.actions import validate_due_time
from backend.announcements.drafts import AnnouncementDraft
from backend.audit.actions import record_audit
from backend.groups.rules import GroupHealth

BATCH_SIZE = 100  # accounts in one transaction

# Locked, so that whoever announces the same beside us waits, and then finds it announced.
NEXT_ACCOUNTS = """
SELECT id FROM accounts WHERE id > $1 AND closed_at IS NULL ORDER BY id LIMIT $2 FOR NO KEY UPDATE
"""

# $1 accounts, $2 the text, $3 when it is due, $4 whether it goes to members of all accounts, $5 now.
ANNOUNCE = f"""
WITH made AS (
    INSERT INTO announcements (account_id, text, maintenance, to_members, state, due_at, created_at)
    SELECT a.id, $2, true, $4 OR NOT EXISTS (
            SELECT 1 FROM groups g WHERE g.account_id = a.id AND g.health <> '{GroupHealth.REMOVED}'
        ), 'scheduled', $3, $5
    FROM accounts a WHERE a.id = ANY ($1) AND NOT EXISTS (
        SELECT 1 FROM announcements n
        WHERE n.account_id = a.id AND n.created_by IS NULL AND n.maintenance AND n.text = $2 AND n.state <> 'stopped'
    )
    RETURNING id, account_id
), groups_chosen AS (
    INSERT INTO announcement_groups (account_id, announcement_id, group_id)
    SELECT m.account_id, m.id, g.id FROM made m JOIN groups g ON g.account_id = m.account_id
)
SELECT id, account_id FROM made ORDER BY id
"""


@dataclass(frozen=True, slots=True)
class Announced:
    """In how many accounts it is announced now, and in how many it had been."""

    accounts: int
    before: int


async def announce_maintenance(
    text: str, *, at: datetime | None = None, to_members: bool = False
) -> Announced:
    """Announce maintenance in the groups of every account, at an aware instant or now; accounts without a group, and with
    `to_members` all, are told member by member.

    An account that was told this text already is left out, so a call that was interrupted may be repeated. Raises
    `Invalid`.
    """
    draft = AnnouncementDraft(text=text, maintenance=True)
    draft.validate()
    now = clock.now()
    validate_due_time(at, now)
    after = made = seen = 0
    while accounts := await _announce_batch(after, draft.text, at or now, to_members=to_members):
        after, made, seen = accounts.last, made + accounts.made, seen + accounts.seen
    return Announced(accounts=made, before=seen - made)


@dataclass(frozen=True, slots=True)
class _Batch:
    last: int
    made: int
    seen: int


async def _announce_batch(after: int, text: str, at: datetime, *, to_members: bool) -> _Batch | None:
    async with db.transaction():
        ids = [row["id"] for row in await db.rows(NEXT_ACCOUNTS, after, BATCH_SIZE)]
        if not ids:
            return None
        made = await db.rows(ANNOUNCE, ids, text, at, to_members, clock.now())
        for row in made:
            await record_audit(
                row["account_id"], None, "send", f"announcement {row['id']}", at=at.isoformat()
            )
    return _Batch(ids[-1], len(made), len(ids))
