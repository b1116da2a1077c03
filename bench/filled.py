"""A database as it looks after years of use, filled by SQL: clubs with a thousand members and two hundred dates of a
hundred parties each, half of them over, with their log and messages.

A hundred clubs are 100,000 members, 20,000 dates and two million bookings.
"""

from datetime import datetime

from backend import db

STATEMENTS = (
    """INSERT INTO accounts (name, zone, language, created_at)
    SELECT 'Club ' || g, 'Europe/Helsinki', 'en', {now} - interval '3 years' FROM generate_series(1, {clubs}) g""",
    # One in twenty has chosen times of their own.
    """INSERT INTO telegram_users (telegram_id, first_name, last_name, created_at, seen_at, may_write_at, reminder_leads,
        leads_chosen_at)
    SELECT 5000000 + g, 'Member ' || g, 'Virtanen', {now} - interval '3 years', {now}, {now} - interval '3 years',
        CASE WHEN g % 20 = 0 THEN ARRAY[180, 10080 + g % 7] END, CASE WHEN g % 20 = 0 THEN {now} - interval '1 year' END
    FROM generate_series(1, {clubs} * {members}) g""",
    """INSERT INTO memberships (account_id, user_id, role, joined_through, joined_at, checked_at)
    SELECT a.id, u.id, CASE WHEN (u.n - 1) % {members} = 0 THEN 'OWNER' ELSE 'MEMBER' END, 'group', u.created_at, u.seen_at
    FROM (SELECT id, row_number() OVER (ORDER BY id) AS n FROM accounts) a
    JOIN (SELECT *, row_number() OVER (ORDER BY id) AS n FROM telegram_users) u ON (u.n - 1) / {members} + 1 = a.n""",
    """INSERT INTO groups (account_id, chat_id, title, health, linked_at)
    SELECT id, -1009000000000 - id, 'Group of ' || name, 'well', created_at FROM accounts""",
    """INSERT INTO group_members (account_id, group_id, user_id, present, checked_at)
    SELECT m.account_id, g.id, m.user_id, true, {now} FROM memberships m JOIN groups g ON g.account_id = m.account_id""",
    """INSERT INTO event_series (account_id, title, emoji, place, zone, starts_local, duration_minutes, rule, capacity,
        guests_max, group_id, visibility, made_until, created_at, updated_at, min_to_run, remind_unanswered, zone_data)
    SELECT g.account_id, 'Evening flow ' || s, '🧘', 'Sali ' || s, 'Europe/Helsinki',
        date_trunc('hour', {now} AT TIME ZONE 'UTC') - interval '10 weeks' + s * interval '3 hours', 60, 'FREQ=WEEKLY',
        {parties}, 2, g.id, 'group', {now} + interval '20 weeks', {now} - interval '1 year', {now}, 3, s % 5 = 0, '2099z'
    FROM groups g, generate_series(1, 10) s""",
    """INSERT INTO event_instances (account_id, series_id, code, zone, original_local, original_start, starts_local,
        starts_at, ends_at, state, created_at)
    SELECT r.account_id, r.id, 'd' || r.id || 'x' || d, r.zone, t.local, t.at, t.local, t.at, t.at + interval '1 hour',
        CASE WHEN t.at < {now} THEN 'COMPLETED' ELSE 'SCHEDULED' END, r.created_at
    FROM event_series r, generate_series(0, 19) d, LATERAL (
        SELECT r.starts_local + d * interval '1 week' AS local, (r.starts_local + d * interval '1 week') AT TIME ZONE 'UTC' AS at
    ) t""",
    """INSERT INTO instance_seats (instance_id, account_id, capacity, booked)
    SELECT id, account_id, {parties}, {parties} FROM event_instances""",
    # Of the members of the club one in so many, others for each date.
    """INSERT INTO bookings (account_id, instance_id, membership_id, answer, seats, waiting, seated_at, answered_at)
    SELECT i.account_id, i.id, m.id, 'in', 1, 0, i.created_at, i.created_at
    FROM event_instances i CROSS JOIN LATERAL generate_series({step} - i.id % {step}, {members}, {step}) AS s (n)
    JOIN (SELECT *, row_number() OVER (PARTITION BY account_id ORDER BY id) AS n FROM memberships) m
        ON m.account_id = i.account_id AND m.n = s.n""",
    """INSERT INTO event_participation_log (account_id, instance_id, membership_id, by_user_id, via, verb, seats_before,
        seats_after, waiting_before, waiting_after, at)
    SELECT b.account_id, b.instance_id, b.membership_id, m.user_id, 'card', 'book', 0, 1, 0, 0, b.answered_at
    FROM bookings b JOIN memberships m ON m.id = b.membership_id""",
    """INSERT INTO messages (account_id, user_id, instance_id, kind, detail, dedupe, priority, state, due_at, created_at, sent_at)
    SELECT b.account_id, m.user_id, b.instance_id, 'reminder', '{{}}', 'filled:' || b.id, 5, 'sent', i.starts_at, i.starts_at,
        i.starts_at
    FROM bookings b JOIN memberships m ON m.id = b.membership_id JOIN event_instances i ON i.id = b.instance_id
    WHERE i.starts_at < {now}""",
    """INSERT INTO audit_log (account_id, user_id, verb, object, detail, at)
    SELECT account_id, NULL, 'move', 'event ' || code, '{{}}', created_at FROM event_instances""",
)


async def fill(accounts: int, now: datetime, *, members: int = 1000, parties: int = 100) -> None:
    """Fill an empty database with clubs of so many members, whose dates, of so many parties each, lie around an
    aware instant."""
    numbers = {"clubs": accounts, "members": members, "parties": parties, "step": members // parties}
    for statement in STATEMENTS:
        await db.execute(statement.format(now=f"'{now.isoformat()}'::timestamptz", **numbers))
        await db.execute("ANALYZE")  # the next one joins what is new
    await db.execute("VACUUM ANALYZE")
