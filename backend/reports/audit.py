"""The audit log as organisers read it: who did what, to what, and when."""

from dataclasses import dataclass
from datetime import datetime

from backend import db
from backend.accounts.queries import authorize
from backend.accounts.rules import Permission
from backend.people.queries import Person
from backend.people.sql import DISPLAY_NAME

ORGANISERS_MAX = 200  # that can be chosen from

# What an entry is about is a noun and a number. The page before ended with the entry $3. What they are about is looked up
# for the entries of one page alone.
ENTRIES = f"""
SELECT l.id, l.at, l.verb, l.object, l.user_id, trim(a.first_name || ' ' || a.last_name) AS by_name,
    i.code, i.starts_at, r.zone, coalesce(i.title, r.title, p.question, '') AS title, p.code AS poll_code,
    r.id AS series_id, m.id AS membership_id, m.name AS member,
    coalesce(g.title, k.label, CASE WHEN l.object ~ '^group' THEN l.detail ->> 'title'
        WHEN l.object = 'api key' THEN l.detail ->> 'label' END) AS name
FROM (
    SELECT * FROM audit_log
    WHERE account_id = $1
        AND ($3::bigint IS NULL OR (at, id) < (SELECT at, id FROM audit_log WHERE id = $3 AND account_id = $1))
        AND ($4::bigint IS NULL OR user_id = $4) AND ($5 = '' OR verb = $5)
        AND ($6::timestamptz IS NULL OR at >= $6) AND ($7::timestamptz IS NULL OR at < $7)
    ORDER BY at DESC, id DESC LIMIT $2
) l
CROSS JOIN LATERAL (
    SELECT regexp_match(l.object, '^(instance|series|poll|membership|group|api key) (\\d{{1,18}})$') AS part OFFSET 0
) o
LEFT JOIN LATERAL (SELECT * FROM telegram_users WHERE id = l.user_id LIMIT 1) a ON true
LEFT JOIN LATERAL (SELECT * FROM all_event_instances
    WHERE id = CASE o.part[1] WHEN 'instance' THEN o.part[2]::bigint END AND account_id = l.account_id LIMIT 1) i ON true
LEFT JOIN LATERAL (SELECT id, title, zone FROM event_series WHERE account_id = l.account_id
    AND id = coalesce(i.series_id, CASE o.part[1] WHEN 'series' THEN o.part[2]::bigint END) LIMIT 1) r ON true
LEFT JOIN LATERAL (SELECT code, question FROM polls
    WHERE id = CASE o.part[1] WHEN 'poll' THEN o.part[2]::bigint END AND account_id = l.account_id LIMIT 1) p ON true
LEFT JOIN LATERAL (SELECT m.id, {DISPLAY_NAME} AS name FROM memberships m LEFT JOIN telegram_users u ON u.id = m.user_id
    WHERE m.account_id = l.account_id AND m.id = coalesce(CASE o.part[1] WHEN 'membership' THEN o.part[2] END,
        substring(l.detail ->> 'membership' FROM '^\\d{{1,18}}$'))::bigint LIMIT 1) m ON true
LEFT JOIN LATERAL (SELECT title FROM groups
    WHERE id = CASE o.part[1] WHEN 'group' THEN o.part[2]::bigint END AND account_id = l.account_id LIMIT 1) g ON true
LEFT JOIN LATERAL (SELECT label FROM api_keys
    WHERE id = CASE o.part[1] WHEN 'api key' THEN o.part[2]::bigint END AND account_id = l.account_id LIMIT 1) k ON true
ORDER BY l.at DESC, l.id DESC
"""


@dataclass(frozen=True, slots=True)
class AuditLine:
    """An entry. `by` is "" for a script; `title` is that of the event or poll, `name` that of the group or key, `member`
    that of the member it is about; codes and ids are there for links."""

    id: int
    at: datetime
    verb: str
    object: str
    by: str
    title: str
    code: str
    starts_at: datetime | None
    zone: str
    series_id: int | None
    poll_code: str
    membership_id: int | None
    member: str
    name: str


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Who, which verb, and from when until when; None and "" are all."""

    user_id: int | None = None
    verb: str = ""
    since: datetime | None = None
    until: datetime | None = None


async def audit_lines(
    person: Person, account_id: int, wanted: AuditFilter, *, after: int | None = None, limit: int = 50
) -> tuple[list[AuditLine], int | None]:
    """The club's entries, newest first, and the entry after which the next page begins. Raises `Forbidden`,
    `NotFound`."""
    await authorize(person, account_id, Permission.MANAGE_MEMBERS)
    rows = await db.rows(
        ENTRIES, account_id, limit + 1, after, wanted.user_id, wanted.verb, wanted.since, wanted.until
    )
    lines = [
        AuditLine(
            row["id"],
            row["at"],
            row["verb"],
            row["object"],
            row["by_name"] or "",
            row["title"],
            row["code"] or "",
            row["starts_at"],
            row["zone"] or "UTC",
            row["series_id"],
            row["poll_code"] or "",
            row["membership_id"],
            row["member"] or "",
            row["name"] or "",
        )
        for row in rows[:limit]
    ]
    return lines, lines[-1].id if len(rows) > limit else None


async def acting_people(account_id: int) -> list[tuple[int, str]]:
    """The ids and names of those who can act for the club now."""
    rows = await db.rows(
        f"SELECT u.id, {DISPLAY_NAME} AS name FROM memberships m JOIN telegram_users u ON u.id = m.user_id"
        " WHERE m.account_id = $1 AND m.left_at IS NULL AND m.role IN ('OWNER', 'ADMIN', 'HELPER')"
        " ORDER BY m.role DESC, m.id LIMIT $2",
        account_id,
        ORGANISERS_MAX,
    )
    return [(row["id"], row["name"]) for row in rows]
