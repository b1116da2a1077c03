"""A database as it looks after years of use, filled by SQL: clubs with a thousand members and two hundred dates of a
hundred parties each, half of them over, with their log and messages, a poll in which everybody voted, and an announcement
that everybody received.

A hundred clubs are 100,000 members, 20,000 dates and two million bookings.
"""

from datetime import datetime

from backend import db

STATEMENTS = (
    """INSERT INTO accounts (name, zone, language, created_at)
    SELECT 'Club ' || {accounts_before} + g, 'Europe/Helsinki', 'en', {now} - interval '3 years'
    FROM generate_series(1, {clubs}) g""",
    # One in twenty has chosen times of their own.
    """INSERT INTO telegram_users (telegram_id, first_name, last_name, created_at, seen_at, may_write_at, reminder_leads,
        leads_chosen_at)
    SELECT 5000000 + {people_before} + g, 'Member ' || {people_before} + g, 'Virtanen',
        {now} - interval '3 years', {now}, {now} - interval '3 years',
        CASE WHEN g % 20 = 0 THEN ARRAY[180, 10080 + g % 7] END, CASE WHEN g % 20 = 0 THEN {now} - interval '1 year' END
    FROM generate_series(1, {clubs} * {members}) g""",
    """INSERT INTO memberships (account_id, user_id, role, joined_through, joined_at, checked_at)
    SELECT a.id, u.id, CASE WHEN (u.n - 1) % {members} = 0 THEN 'OWNER' ELSE 'MEMBER' END, 'group', u.created_at, u.seen_at
    FROM (SELECT id, row_number() OVER (ORDER BY id) AS n FROM accounts WHERE id > {last_account}) a
    JOIN (SELECT *, row_number() OVER (ORDER BY id) AS n FROM telegram_users
        WHERE id > {last_person}) u ON (u.n - 1) / {members} + 1 = a.n""",
    """INSERT INTO groups (account_id, chat_id, title, health, linked_at)
    SELECT id, -1009000000000 - id, 'Group of ' || name, 'well', created_at FROM accounts WHERE id > {last_account}""",
    """INSERT INTO group_members (account_id, group_id, user_id, present, checked_at)
    SELECT m.account_id, g.id, m.user_id, true, {now} FROM memberships m JOIN groups g ON g.account_id = m.account_id
    WHERE m.account_id > {last_account}""",
    """INSERT INTO event_series (account_id, title, emoji, place, zone, starts_local, duration_minutes, rule, capacity,
        guests_max, group_id, visibility, made_until, created_at, updated_at, min_to_run, remind_unanswered, zone_data)
    SELECT g.account_id, 'Evening flow ' || s, '🧘', 'Sali ' || s, 'Europe/Helsinki',
        date_trunc('hour', {now} AT TIME ZONE 'UTC') - {past} * interval '1 week' + s * interval '3 hours', 60, 'FREQ=WEEKLY',
        {parties}, 2, g.id, 'group', {now} + interval '20 weeks', {now} - interval '1 year', {now}, 3, s % 5 = 0, '2099z'
    FROM groups g, generate_series(1, {series}) s WHERE g.account_id > {last_account}""",
    """INSERT INTO event_instances (account_id, series_id, code, zone, original_local, original_start, starts_local,
        starts_at, ends_at, state, created_at)
    SELECT r.account_id, r.id, 'd' || r.id || 'x' || d, r.zone, t.local, t.at, t.local, t.at, t.at + interval '1 hour',
        CASE WHEN t.at < {now} THEN 'COMPLETED' ELSE 'SCHEDULED' END, r.created_at
    FROM event_series r, generate_series(0, {dates} - 1) d, LATERAL (
        SELECT r.starts_local + d * interval '1 week' AS local, (r.starts_local + d * interval '1 week') AT TIME ZONE 'UTC' AS at
    ) t WHERE r.account_id > {last_account}""",
    """INSERT INTO instance_seats (instance_id, account_id, capacity, booked)
    SELECT id, account_id, {parties}, {parties} FROM event_instances WHERE account_id > {last_account}""",
    # Of the members of the club one in so many, others for each date.
    """INSERT INTO bookings (account_id, instance_id, membership_id, answer, seats, waiting, seated_at, answered_at)
    SELECT i.account_id, i.id, m.id, 'in', 1, 0, i.created_at, i.created_at
    FROM event_instances i CROSS JOIN LATERAL generate_series({step} - i.id % {step}, {members}, {step}) AS s (n)
    JOIN (SELECT *, row_number() OVER (PARTITION BY account_id ORDER BY id) AS n FROM memberships) m
        ON m.account_id = i.account_id AND m.n = s.n
    WHERE i.account_id > {last_account}""",
    """INSERT INTO event_participation_log (account_id, instance_id, membership_id, by_user_id, via, verb, seats_before,
        seats_after, waiting_before, waiting_after, at)
    SELECT b.account_id, b.instance_id, b.membership_id, m.user_id, 'card', 'book', 0, 1, 0, 0, b.answered_at
    FROM bookings b JOIN memberships m ON m.id = b.membership_id WHERE b.account_id > {last_account}""",
    """INSERT INTO messages (account_id, user_id, instance_id, kind, detail, dedupe, priority, state, due_at, created_at, sent_at)
    SELECT b.account_id, m.user_id, b.instance_id, 'reminder', '{{}}', 'filled:' || b.id, 5, 'sent', i.starts_at, i.starts_at,
        i.starts_at
    FROM bookings b JOIN memberships m ON m.id = b.membership_id JOIN event_instances i ON i.id = b.instance_id
    WHERE b.account_id > {last_account} AND i.starts_at < {now}""",
    """INSERT INTO audit_log (account_id, user_id, verb, object, detail, at)
    SELECT account_id, NULL, 'move', 'event ' || code, '{{}}', created_at FROM event_instances
    WHERE account_id > {last_account}""",
    """INSERT INTO polls (account_id, code, question, kind, choices_max, anonymous, results, created_at)
    SELECT id, 'p' || id, 'Which hall?', 'single', 1, false, 'live', {now} - interval '1 day' FROM accounts
    WHERE id > {last_account}""",
    """INSERT INTO poll_options (account_id, poll_id, position, text)
    SELECT account_id, id, n, 'Hall ' || n FROM polls, generate_series(1, 2) n WHERE account_id > {last_account}""",
    """INSERT INTO poll_votes (account_id, poll_id, option_id, membership_id, at)
    SELECT m.account_id, o.poll_id, o.id, m.id, {now} - interval '1 hour'
    FROM memberships m JOIN poll_options o ON o.account_id = m.account_id AND o.position = 1 + m.id % 2
    WHERE m.account_id > {last_account}""",
    """INSERT INTO poll_option_tallies (option_id, account_id, votes)
    SELECT o.id, o.account_id, count(v.id) FROM poll_options o LEFT JOIN poll_votes v ON v.option_id = o.id
    WHERE o.account_id > {last_account} GROUP BY o.id""",
    """INSERT INTO poll_tallies (poll_id, account_id, voters)
    SELECT poll_id, account_id, count(*) FROM poll_votes WHERE account_id > {last_account} GROUP BY poll_id, account_id""",
    """INSERT INTO announcements (account_id, text, to_members, state, due_at, created_at, started_at, ended_at, fanned_out_at)
    SELECT id, 'The hall is closed in July.', true, 'done', {now}, {now} - interval '1 day', {now}, {now}, {now} FROM accounts
    WHERE id > {last_account}""",
    """INSERT INTO messages (account_id, user_id, announcement_id, kind, detail, dedupe, priority, state, due_at, created_at,
        sent_at)
    SELECT m.account_id, m.user_id, n.id, 'announcement', '{{}}', 'filled:announcement:' || m.id, 5, 'sent', {now}, {now}, {now}
    FROM memberships m JOIN announcements n ON n.account_id = m.account_id WHERE m.account_id > {last_account}""",
)
LAST = """
SELECT (SELECT count(*) FROM accounts) AS accounts_before, (SELECT coalesce(max(id), 0) FROM accounts) AS last_account,
    (SELECT count(*) FROM telegram_users) AS people_before, (SELECT coalesce(max(id), 0) FROM telegram_users) AS last_person
"""


async def fill(
    accounts: int,
    now: datetime,
    *,
    members: int = 1000,
    parties: int = 100,
    series: int = 10,
    dates: int = 20,
    past: int = 10,
) -> None:
    """Add clubs of so many members to the database. Each has weekly series of so many dates, each of so many parties, the
    first of which is `past` weeks before an aware instant."""
    last = await db.row(LAST)
    assert last is not None
    numbers = {
        **dict(last),
        "clubs": accounts,
        "members": members,
        "parties": parties,
        "step": members // parties,
        "series": series,
        "dates": dates,
        "past": past,
    }
    for statement in STATEMENTS:
        await db.execute(statement.format(now=f"'{now.isoformat()}'::timestamptz", **numbers))
        await db.execute("ANALYZE")  # the next one joins what is new
    await db.execute("VACUUM ANALYZE")
