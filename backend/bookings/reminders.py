"""Reminders for members who are booked, and questions to those who have not answered (`M4`, `P5`).

Both are set-based, an instance is marked when its messages are written, and each message has its key, so that running
twice does nothing. Whether a message is still true is checked again when it is claimed to be sent.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from backend import clock, db
from backend.accounts.member_pages import MemberList, member_page
from backend.accounts.queries import authorize
from backend.accounts.rules import Permission
from backend.alphabets import order_sql
from backend.audit.actions import record_audit
from backend.errors import Invalid, NotFound, Refusal
from backend.events.queries import find_instance
from backend.i18n import DEFAULT, N_
from backend.known_zones import first_known
from backend.outbox.enqueue import insert_messages
from backend.outbox.kinds import Kind
from backend.people.pages import PeoplePage
from backend.people.queries import Person
from backend.people.sql import DISPLAY_NAME, FULL_NAME, REACHABLE

QUESTION_INTERVAL = timedelta(days=1)

# A lead is how many minutes before the start a reminder is due. Of several leads that have passed while no
# worker ran, only the nearest is sent. A reminder is not sent later if its moment passed before the member
# had the seat, before the instance was moved there, or before they chose their leads. Nor is it once half of
# its lead, or half a day, has passed since then: a member who lets the bot write again half an hour before
# the start gets no reminder of two hours. The start is part of the key, so that a moved instance reminds
# anew.
LONGEST_DELAY = "least(make_interval(mins => l.lead) / 2, interval '12 hours')"

# The job reads only instances with a moment that came since they were last looked at (decision 0045), and a
# minute and a half before: a booking that was being written then is seen the second time. Their mark is asked for row
# by row, so that it is found by its key however many there are.
DUE_INSTANCES = f"""
WITH leads AS MATERIALIZED (
    SELECT unnest(remind_before_minutes) AS lead FROM event_series
    UNION SELECT unnest(reminder_leads) FROM telegram_users WHERE reminder_leads IS NOT NULL
)
SELECT i.id, l.lead FROM leads l
JOIN event_instances i ON i.state = 'SCHEDULED' AND i.starts_at > $1 AND i.starts_at <= $1 + make_interval(mins => l.lead)
    AND i.starts_at >= $1 + make_interval(mins => l.lead) - {LONGEST_DELAY}
WHERE coalesce(i.starts_at - make_interval(mins => l.lead) + interval '90 seconds' >
    (SELECT k.reminded_until FROM instance_reminders k WHERE k.instance_id = i.id), true)
ORDER BY i.id, l.lead
"""
# Whoever has let the bot write within the hour is looked up by themselves: their instances may have been looked at
# without them.
NEWLY_REACHABLE = (
    "SELECT id FROM telegram_users WHERE may_write_at > $1::timestamptz - interval '1 hour' ORDER BY id"
)

# Both take lists of which the planner knows that they are short.
OF_INSTANCES = """
FROM unnest($2::bigint[], $3::integer[]) AS l (instance_id, lead)
JOIN event_instances i ON i.id = l.instance_id
JOIN event_series r ON r.id = i.series_id
JOIN bookings b ON b.instance_id = i.id AND b.seats > 0
JOIN memberships m ON m.id = b.membership_id
JOIN telegram_users u ON u.id = m.user_id AND l.lead = ANY(coalesce(u.reminder_leads, r.remind_before_minutes))
"""
OF_PEOPLE = """
FROM unnest($2::bigint[]) AS p (id)
JOIN telegram_users u ON u.id = p.id
JOIN memberships m ON m.user_id = u.id
JOIN bookings b ON b.membership_id = m.id AND b.seats > 0
JOIN event_instances i ON i.id = b.instance_id
JOIN event_series r ON r.id = i.series_id
CROSS JOIN LATERAL unnest(coalesce(u.reminder_leads, r.remind_before_minutes)) AS l (lead)
"""
MARK_REMINDED = """
INSERT INTO instance_reminders AS k (instance_id, account_id, reminded_until)
SELECT id, account_id, $1::timestamptz FROM event_instances WHERE id = ANY($2::bigint[]) ORDER BY id
ON CONFLICT ON CONSTRAINT instance_reminders_pkey DO UPDATE SET reminded_until = greatest(k.reminded_until, $1)
"""


def _remind(source: str) -> str:
    due = f"""
(
    SELECT DISTINCT ON (i.id, m.user_id) i.account_id, m.user_id, i.id AS instance_id, l.lead,
        extract(epoch FROM i.starts_at) AS starts,
        format('{Kind.REMINDER}:%s:%s:%s:%s', i.id, m.user_id, l.lead, extract(epoch FROM i.starts_at)::bigint) AS key
    {source}
    CROSS JOIN LATERAL (SELECT i.starts_at - make_interval(mins => l.lead) AS moment) t
    WHERE i.state = 'SCHEDULED' AND i.starts_at > $1 AND t.moment <= $1 AND t.moment >= $1 - {LONGEST_DELAY}
        AND b.seated_at <= t.moment AND coalesce(i.moved_at <= t.moment, true)
        AND coalesce(u.leads_chosen_at <= t.moment, true) AND {REACHABLE}
    ORDER BY i.id, m.user_id, l.lead
) due
WHERE NOT EXISTS (SELECT 1 FROM messages m WHERE m.dedupe = due.key)
"""
    return insert_messages(
        Kind.REMINDER,
        due,
        account_id="account_id",
        user_id="user_id",
        instance_id="instance_id",
        detail="jsonb_build_object('starts_at', starts, 'lead', lead)",
        dedupe="key",
        due_at="$1::timestamptz",
    )


REMIND_OF_INSTANCES, REMIND_PEOPLE = _remind(OF_INSTANCES), _remind(OF_PEOPLE)
AT_ONCE = 100  # instances, or people, whose reminders are written in one transaction

# Members of the club who are known to be in the series' group and have given no answer of any kind. OFFSET 0: each
# membership and answer is found by its key, however many instances are asked about at once.
UNANSWERED = """
event_instances i
JOIN event_series r ON r.id = i.series_id
JOIN group_members g ON g.group_id = r.group_id AND g.present
CROSS JOIN LATERAL (
    SELECT x.id, x.user_id FROM memberships x
    WHERE x.account_id = i.account_id AND x.user_id = g.user_id AND x.left_at IS NULL OFFSET 0
) m
JOIN telegram_users u ON u.id = m.user_id
WHERE NOT EXISTS (SELECT 1 FROM bookings b WHERE b.instance_id = i.id AND b.membership_id = m.id OFFSET 0)
"""
BEFORE_DEADLINE = "$1 < i.starts_at - make_interval(mins => coalesce(r.cancel_before_minutes, 0))"

# Once an instance, at the series' longest lead: whoever is known by then (decision 0045).
LONGEST_LEAD = "make_interval(mins => (SELECT max(lead) FROM unnest(r.remind_before_minutes) AS l (lead)))"
INSTANCES_TO_ASK = f"""
SELECT i.id FROM event_instances i
JOIN event_series r ON r.id = i.series_id AND r.remind_unanswered AND r.group_id IS NOT NULL
WHERE i.state = 'SCHEDULED' AND i.starts_at > $1 AND i.starts_at <= $1 + (
    SELECT max({LONGEST_LEAD}) FROM event_series r WHERE r.remind_unanswered)
AND i.starts_at - {LONGEST_LEAD} <= $1 AND {BEFORE_DEADLINE}
AND (SELECT k.asked_at FROM instance_reminders k WHERE k.instance_id = i.id) IS NULL
ORDER BY i.id
"""
MARK_ASKED = """
INSERT INTO instance_reminders (instance_id, account_id, asked_at)
SELECT id, account_id, $1::timestamptz FROM event_instances WHERE id = ANY($2::bigint[]) ORDER BY id
ON CONFLICT ON CONSTRAINT instance_reminders_pkey DO UPDATE SET asked_at = $1
"""


def _question(source: str, dedupe: str) -> str:
    return insert_messages(
        Kind.UNANSWERED,
        source,
        account_id="i.account_id",
        user_id="u.id",
        instance_id="i.id",
        detail="jsonb_build_object('starts_at', extract(epoch FROM i.starts_at))",
        dedupe=dedupe,
        due_at="$1::timestamptz",
    )


ASK_DUE = _question(
    f"{UNANSWERED} AND i.id = ANY($2::bigint[]) AND {REACHABLE} ORDER BY i.id, u.id",
    f"format('{Kind.UNANSWERED}:%s:%s', i.id, u.id)",
)
ASK_NOW = _question(
    f"{UNANSWERED} AND i.id = $2 AND {REACHABLE} ORDER BY u.id",
    f"format('{Kind.UNANSWERED}:%s:%s:%s', i.id, u.id, $1::timestamptz)",
)


class RemindedAlready(Refusal):
    """Members who have not answered are asked at most once a day (`P5`)."""

    outcome = "reminded-already"
    message = N_("They were asked within the last day. You can ask again %(at)s.")


class NoGroup(Invalid):
    message = N_("It has no group, so we don’t know who hasn’t answered.")


@dataclass(frozen=True, slots=True)
class UnansweredMember:
    """A member known to be in the group who has not answered."""

    membership_id: int
    user_id: int
    name: str
    reachable: bool


async def remind_due() -> int:
    """Enqueue the reminders that are due, for members who have a seat (`M4`); how many. A job of every
    minute."""
    now = clock.now()
    leads = defaultdict(list)
    for row in await db.rows(DUE_INSTANCES, now):
        leads[row["id"]].append(row["lead"])
    people = [row["id"] for row in await db.rows(NEWLY_REACHABLE, now)]
    written = 0
    for ids in _parts(list(leads)):
        due = [(id_, lead) for id_ in ids for lead in leads[id_]]
        async with db.transaction():
            await db.execute(MARK_REMINDED, now, ids)
            written += await db.execute(REMIND_OF_INSTANCES, now, *zip(*due, strict=True))
    for ids in _parts(people):
        written += await db.execute_single_count(REMIND_PEOPLE, now, ids)
    return written


async def remind_unanswered() -> int:
    """Ask members who have not answered, where the series wants it, once an instance and before the
    cancellation deadline (`M4`); how many. A job of every minute."""
    now = clock.now()
    written = 0
    for ids in _parts([row["id"] for row in await db.rows(INSTANCES_TO_ASK, now)]):
        async with db.transaction():
            await db.execute(MARK_ASKED, now, ids)
            written += await db.execute(ASK_DUE, now, ids)
    return written


def _parts(ids: list[int]) -> Iterator[list[int]]:
    return (ids[start : start + AT_ONCE] for start in range(0, len(ids), AT_ONCE))


async def unanswered_members(code: str, person: Person) -> list[UnansweredMember]:
    """Members known to be in the instance's group who have not answered, by name. Raises `Invalid` when it has
    no group, `NotFound`, `Forbidden`."""
    where = await find_instance(code)
    await authorize(person, where.account_id, Permission.SEE_PEOPLE)
    has_group = await db.value(
        "SELECT r.group_id IS NOT NULL FROM event_instances i JOIN event_series r ON r.id = i.series_id"
        " WHERE i.id = $1",
        where.id,
    )
    if not has_group:
        raise NoGroup()
    rows = await db.rows(
        f"SELECT m.id, u.id AS user_id, u.first_name, u.last_name, {REACHABLE} AS reachable"
        f" FROM {UNANSWERED} AND i.id = $1"
        f" ORDER BY {order_sql(FULL_NAME, person.language)}, u.id",
        where.id,
    )
    return [
        UnansweredMember(
            row["id"],
            row["user_id"],
            f"{row['first_name']} {row['last_name']}".strip(),
            row["reachable"],
        )
        for row in rows
    ]


async def unanswered_page(
    instance_id: int,
    account_id: int,
    *,
    words: str = "",
    after: int | None = None,
    limit: int = 50,
    language: str = DEFAULT,
) -> PeoplePage[UnansweredMember]:
    """A page of the same members, none when it has no group; authorizes nobody."""
    found = MemberList(
        f"m.id AS membership_id, m.user_id, {DISPLAY_NAME} AS name, {REACHABLE} AS reachable",
        """EXISTS (SELECT 1 FROM group_members g WHERE g.user_id = m.user_id AND g.present AND g.group_id = (
            SELECT r.group_id FROM event_instances i JOIN event_series r ON r.id = i.series_id WHERE i.id = $3) OFFSET 0)
        AND NOT EXISTS (SELECT 1 FROM bookings b WHERE b.instance_id = $3 AND b.membership_id = m.id OFFSET 0)""",
        values=(instance_id,),
        all_counted=False,
    )

    def member(row: db.Row) -> UnansweredMember:
        return UnansweredMember(row["membership_id"], row["user_id"], row["name"], row["reachable"])

    return await member_page(
        member, found, account_id, words=words, after=after, limit=limit, language=language
    )


async def remind_unanswered_now(code: str, person: Person) -> int:
    """Ask the members who have not answered now, as far as the bot may write to them; how many (`P5`).

    Raises `RemindedAlready` within a day of the last question, an automatic one too; `Invalid` when it is too
    late to answer; `NotFound`, `Forbidden`.
    """
    where = await find_instance(code)
    account = await authorize(person, where.account_id, Permission.MANAGE_BOOKINGS)
    now = clock.now()
    async with db.transaction():
        # The lock lets only one of two organisers who tap at once ask.
        row = await db.row(
            f"SELECT r.zone, i.state = 'SCHEDULED' AND {BEFORE_DEADLINE} AS in_time, r.group_id"
            " FROM event_instances i"
            " JOIN event_series r ON r.id = i.series_id WHERE i.id = $2 FOR NO KEY UPDATE OF i",
            now,
            where.id,
        )
        if row is None:
            raise NotFound()
        _require_askable(row)
        last: datetime | None = await db.value(
            "SELECT max(created_at) FROM messages WHERE instance_id = $1 AND kind = $2",
            where.id,
            Kind.UNANSWERED,
        )
        if last is not None and last + QUESTION_INTERVAL > now:
            raise RemindedAlready(at=last + QUESTION_INTERVAL, zone=first_known(row["zone"]))
        asked = await db.execute(ASK_NOW, now, where.id)
        await record_audit(account.id, person.id, "remind", f"instance {where.id}", count=asked)
    return asked


def _require_askable(row: db.Row) -> None:
    if row["group_id"] is None:
        raise NoGroup()
    if not row["in_time"]:
        raise Invalid(N_("It’s too late to ask who is coming."))
