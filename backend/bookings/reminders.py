"""Reminders for members who are booked, and questions to those who have not answered (`M4`, `P5`).

Both are set-based, and each message has its key, so that running twice does nothing. Whether a message is
still true is checked again when it is claimed to be sent.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from backend import clock, db
from backend.accounts.queries import authorize
from backend.accounts.rules import Permission
from backend.alphabets import order_sql
from backend.audit.actions import record_audit
from backend.errors import Invalid, NotFound, Refusal
from backend.events.queries import find_instance
from backend.i18n import N_
from backend.known_zones import first_known
from backend.outbox.enqueue import insert_messages
from backend.outbox.kinds import Kind
from backend.people.queries import Person
from backend.people.sql import FULL_NAME, REACHABLE

QUESTION_INTERVAL = timedelta(days=1)

# A lead is how many minutes before the start a reminder is due. Of several leads that have passed while no
# worker ran, only the nearest is sent. A reminder is not sent later if its moment passed before the member
# had the seat, before the instance was moved there, or before they chose their leads. Nor is it once half of
# its lead, or half a day, has passed since then: a member who lets the bot write again half an hour before
# the start gets no reminder of two hours. The start is part of the key, so that a moved instance reminds
# anew. Sixty days are the longest lead a series can have.
# Dates come first: of all that lie ahead only those are joined with people whose series' lead is due, and with the few
# people who have chosen leads of their own.
DUE_MOMENT = """
CROSS JOIN LATERAL (SELECT d.starts_at - make_interval(mins => l.lead) AS moment) t
WHERE t.moment <= $1 AND t.moment >= $1 - least(make_interval(mins => l.lead) / 2, interval '12 hours')
"""
DUE_REMINDERS = f"""
(
    WITH dates AS MATERIALIZED (SELECT i.id, i.account_id, i.starts_at, i.moved_at, r.remind_before_minutes
        FROM event_instances i JOIN event_series r ON r.id = i.series_id
        WHERE i.state = 'SCHEDULED' AND i.starts_at > $1 AND i.starts_at <= $1 + interval '60 days'),
    due_dates AS MATERIALIZED (SELECT d.*, l.lead, t.moment FROM dates d
        CROSS JOIN LATERAL unnest(d.remind_before_minutes) AS l (lead) {DUE_MOMENT}),
    leads AS (
        SELECT d.id, d.account_id, d.starts_at, d.moved_at, d.lead, d.moment, b.seated_at, m.user_id,
            u.leads_chosen_at, {REACHABLE} AS reachable
        FROM due_dates d JOIN bookings b ON b.instance_id = d.id AND b.seats > 0
        JOIN memberships m ON m.id = b.membership_id
        JOIN telegram_users u ON u.id = m.user_id AND u.reminder_leads IS NULL
        UNION ALL
        SELECT d.id, d.account_id, d.starts_at, d.moved_at, l.lead, t.moment, b.seated_at, m.user_id,
            u.leads_chosen_at, {REACHABLE} AS reachable
        FROM telegram_users u JOIN memberships m ON m.user_id = u.id
        JOIN bookings b ON b.membership_id = m.id AND b.seats > 0
        JOIN dates d ON d.id = b.instance_id
        CROSS JOIN LATERAL unnest(u.reminder_leads) AS l (lead) {DUE_MOMENT} AND u.reminder_leads IS NOT NULL
    )
    SELECT DISTINCT ON (l.id, l.user_id) l.account_id, l.user_id, l.id AS instance_id, l.lead,
        extract(epoch FROM l.starts_at) AS starts,
        format('{Kind.REMINDER}:%s:%s:%s:%s', l.id, l.user_id, l.lead,
            extract(epoch FROM l.starts_at)::bigint) AS key
    FROM leads l
    WHERE l.seated_at <= l.moment AND coalesce(l.moved_at <= l.moment, true)
        AND coalesce(l.leads_chosen_at <= l.moment, true)
        AND l.reachable
    ORDER BY l.id, l.user_id, l.lead
) due
WHERE NOT EXISTS (SELECT 1 FROM messages m WHERE m.dedupe = due.key)
"""
REMIND = insert_messages(
    Kind.REMINDER,
    DUE_REMINDERS,
    account_id="account_id",
    user_id="user_id",
    instance_id="instance_id",
    detail="jsonb_build_object('starts_at', starts, 'lead', lead)",
    dedupe="key",
    due_at="$1::timestamptz",
)

# Members of the club who are known to be in the series' group and have given no answer of any kind.
UNANSWERED = """
event_instances i
JOIN event_series r ON r.id = i.series_id
JOIN group_members g ON g.group_id = r.group_id AND g.present
JOIN memberships m ON m.account_id = i.account_id AND m.user_id = g.user_id AND m.left_at IS NULL
JOIN telegram_users u ON u.id = m.user_id
WHERE NOT EXISTS (SELECT 1 FROM bookings b WHERE b.instance_id = i.id AND b.membership_id = m.id)
"""
BEFORE_DEADLINE = "$1 < i.starts_at - make_interval(mins => coalesce(r.cancel_before_minutes, 0))"

# Once an instance, at the series' longest lead.
QUESTION_KEY = f"format('{Kind.UNANSWERED}:%s:%s', i.id, u.id)"
DUE_QUESTIONS = f"""
{UNANSWERED} AND r.remind_unanswered AND i.state = 'SCHEDULED' AND i.starts_at > $1
    AND i.starts_at <= $1 + interval '60 days'
    AND i.starts_at
        - make_interval(mins => (SELECT max(lead) FROM unnest(r.remind_before_minutes) AS l (lead))) <= $1
    AND {BEFORE_DEADLINE} AND {REACHABLE}
    AND NOT EXISTS (SELECT 1 FROM messages x WHERE x.dedupe = {QUESTION_KEY})
ORDER BY i.id, u.id
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


ASK_DUE = _question(DUE_QUESTIONS, QUESTION_KEY)
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
    return await db.execute_single_count(REMIND, clock.now())


async def remind_unanswered() -> int:
    """Ask members who have not answered, where the series wants it, once an instance and before the
    cancellation deadline (`M4`); how many. A job of every minute."""
    return await db.execute_single_count(ASK_DUE, clock.now())


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
