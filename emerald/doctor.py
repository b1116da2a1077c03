"""The invariants of the database: seats, waitlist, log, votes and accounts agree with each other (`B3`, `B8`,
`W1`, `W2`, `P2`, `A1`).

Each check is one statement that finds violations, with the sentence that reports one. All read one snapshot,
so a busy club does not look inconsistent. Nothing is locked, and nothing is repaired.
"""

from collections.abc import Callable

import structlog

from backend import clock, db, replica
from backend.db import Row
from backend.operations import Operation, record_run

log = structlog.get_logger()

REPORTED_MAX = 20  # findings reported of one check; the rest are counted

SNAPSHOT = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY; SET LOCAL statement_timeout = 0"

WAITLIST = """
    SELECT b.*, i.code, s.capacity, r.fill_gaps,
        i.starts_at - make_interval(mins => r.offers_before_minutes) > $1::timestamptz
            AND coalesce(i.claim_until < $1::timestamptz - interval '5 minutes', true) AS at_once,
        CASE WHEN s.capacity IS NULL THEN 2147483647
            ELSE greatest(0, s.capacity - s.booked - s.offered) END AS free,
        row_number() OVER (PARTITION BY b.instance_id ORDER BY b.priority DESC, b.queued_at, b.id) AS place
    FROM bookings b
    JOIN event_instances i ON i.id = b.instance_id
    JOIN event_series r ON r.id = i.series_id
    JOIN instance_seats s ON s.instance_id = i.id
    WHERE b.waiting > 0 AND i.state = 'SCHEDULED' AND i.starts_at > $1
"""

# Bookings and log rows are read whole and counted for all dates together: for one date after the other it takes twice as long.
# OFFSET 0: what is wrong is found first, and what is found is sorted, not all that there is.
# A change that comes with time is written by the next request or by a job each minute, so only what is five
# minutes late is wrong. $1 is the present moment; a statement that does not use it gets no parameter.
CHECKS = (
    (
        "Date {code}: its seats row is missing.",
        "SELECT i.code FROM event_instances i LEFT JOIN instance_seats s ON s.instance_id = i.id "
        "WHERE s.instance_id IS NULL",
    ),
    (
        "Date {code}: {n} dates of its series start at the same time (S11).",
        """
        SELECT min(code) AS code, count(*) AS n FROM event_instances
        WHERE state = 'SCHEDULED' AND starts_at > $1
        GROUP BY series_id, starts_at HAVING count(*) > 1
        """,
    ),
    (
        "Date {code}: its seats row says {said}, its bookings say {counted} (booked, offered, parties in"
        " line, seats to replace).",
        """
        SELECT i.code, format('%s, %s, %s, %s', s.booked, s.offered, s.waiting, s.releasing) AS said,
            format('%s, %s, %s, %s', c.booked, c.offered, c.waiting, c.releasing) AS counted
        FROM instance_seats s JOIN event_instances i ON i.id = s.instance_id LEFT JOIN (
            SELECT instance_id, sum(seats) AS booked, sum(offered) AS offered,
                count(*) FILTER (WHERE waiting > 0) AS waiting,
                sum(seats) FILTER (WHERE replace_since IS NOT NULL) AS releasing
            FROM bookings GROUP BY instance_id) b ON b.instance_id = s.instance_id
        CROSS JOIN LATERAL (SELECT coalesce(b.booked, 0) AS booked, coalesce(b.offered, 0) AS offered,
            coalesce(b.waiting, 0) AS waiting, coalesce(b.releasing, 0) AS releasing) c
        WHERE (s.booked, s.offered, s.waiting, s.releasing) <> (c.booked, c.offered, c.waiting, c.releasing)
        """,
    ),
    (
        "Date {code}: oversold, {booked} seats given of {capacity}, and only {over} over were allowed.",
        """
        SELECT i.code, b.booked, s.capacity, s.over
        FROM instance_seats s JOIN event_instances i ON i.id = s.instance_id
            JOIN (SELECT instance_id, sum(seats + offered) AS booked FROM bookings GROUP BY instance_id) b
                ON b.instance_id = s.instance_id
        WHERE b.booked > s.capacity + s.over
        """,
    ),
    (
        "Date {code}: {over} over are allowed, though {needed} would do.",
        """
        SELECT i.code, s.over, coalesce(greatest(0, s.booked + s.offered - s.capacity), 0) AS needed
        FROM instance_seats s JOIN event_instances i ON i.id = s.instance_id
        WHERE s.over > coalesce(greatest(0, s.booked + s.offered - s.capacity), 0)
        """,
    ),
    (
        "Date {code}: member {membership_id} has {n} bookings.",
        """
        SELECT i.code, b.membership_id, b.n FROM (
            SELECT instance_id, membership_id, count(*) AS n FROM (
                SELECT instance_id, membership_id FROM bookings ORDER BY instance_id, membership_id) c
            GROUP BY instance_id, membership_id HAVING count(*) > 1) b
        JOIN event_instances i ON i.id = b.instance_id
        """,
    ),
    (
        "Date {code}: member {membership_id} has {seats} seats, is waiting for {waiting} and is offered"
        " {offered}, the log's last row says {said}.",
        """
        SELECT i.code, b.membership_id, b.seats, b.waiting, b.offered,
            coalesce(format('%s, %s and %s', l.seats_after, l.waiting_after, l.offered_after), 'nothing') AS said
        FROM bookings b JOIN event_instances i ON i.id = b.instance_id LEFT JOIN (
            SELECT DISTINCT ON (instance_id, membership_id) instance_id, membership_id, seats_after,
                waiting_after, offered_after
            FROM event_participation_log ORDER BY instance_id, membership_id, id DESC
        ) l ON l.instance_id = b.instance_id AND l.membership_id = b.membership_id
        WHERE (b.seats, b.waiting, b.offered) IS DISTINCT FROM
            (l.seats_after, l.waiting_after, l.offered_after)
        """,
    ),
    (
        "Date {instance_id}: the log says that member {membership_id} has seats or waits, but there is no"
        " booking.",
        """
        SELECT DISTINCT ON (l.instance_id, l.membership_id) l.instance_id, l.membership_id FROM (
            SELECT instance_id, membership_id FROM event_participation_log l
            WHERE NOT EXISTS (SELECT 1 FROM bookings b WHERE b.instance_id = l.instance_id
                AND b.membership_id = l.membership_id) OFFSET 0) l
        WHERE NOT EXISTS (SELECT 1 FROM bookings_archive b WHERE b.instance_id = l.instance_id
            AND b.membership_id = l.membership_id)
        AND NOT EXISTS (SELECT 1 FROM event_instances_archive a WHERE a.id = l.instance_id
            AND NOT EXISTS (SELECT 1 FROM bookings_archive b WHERE b.instance_id = a.id))
        ORDER BY l.instance_id, l.membership_id
        """,
    ),
    (
        "Log row {id}: it goes on from {before}, but the row before it ended with {ended} (date"
        " {instance_id}, member {membership_id}).",
        """
        SELECT l.id, l.instance_id, l.membership_id,
            format('%s, %s and %s', l.seats_before, l.waiting_before, l.offered_before) AS before,
            format('%s, %s and %s', seats, waiting, offered) AS ended
        FROM (
            SELECT id, instance_id, membership_id, seats_before, waiting_before, offered_before,
                lag(seats_after) OVER party AS seats, lag(waiting_after) OVER party AS waiting,
                lag(offered_after) OVER party AS offered
            FROM event_participation_log WINDOW party AS (PARTITION BY instance_id, membership_id ORDER BY id)) l
        WHERE (seats_before, waiting_before, offered_before) <> (seats, waiting, offered)
        """,
    ),
    (
        "Date {code}: member {membership_id} stands at place {place} in line, but joined it {nth} (by the"
        " log).",
        """
        SELECT * FROM (
            SELECT q.code, q.membership_id, q.place, row_number() OVER (PARTITION BY q.instance_id
                ORDER BY q.priority DESC, (
                SELECT max(l.id) FROM event_participation_log l WHERE l.instance_id = q.instance_id
                AND l.membership_id = q.membership_id AND l.waiting_before + l.offered_before = 0
                AND l.waiting_after + l.offered_after > 0)) AS nth
            FROM (""" + WAITLIST + """) q) w
        WHERE place <> nth
        """,
    ),
    (
        "Date {code}: {free} seats are free, yet member {membership_id}, whose turn it is, waits for"
        " {waiting}.",
        """
        SELECT DISTINCT ON (instance_id) code, free, membership_id, waiting FROM (
            SELECT q.*, q.seats + q.waiting + q.offered <= coalesce(q.capacity, 2147483647) AS could_fit,
                min(place) FILTER (WHERE q.seats + q.waiting + q.offered <= coalesce(q.capacity, 2147483647))
                    OVER (PARTITION BY q.instance_id) AS head
            FROM (""" + WAITLIST + """) q) w
        WHERE at_once AND waiting <= free AND could_fit AND (fill_gaps OR place = head)
            ORDER BY instance_id, place
        """,
    ),
    (
        "Date {code}: the offer to member {membership_id} ended at {offer_until} and still holds {offered}.",
        """
        SELECT i.code, b.membership_id, b.offer_until, b.offered
        FROM bookings b JOIN event_instances i ON i.id = b.instance_id
        WHERE b.offered > 0 AND b.offer_until < $1::timestamptz - interval '5 minutes'
            AND i.state = 'SCHEDULED' AND i.starts_at > $1::timestamptz
        """,
    ),
    (
        "Poll {code}, option {position}: the tally says {votes}, the votes are {counted} (yes, if need"
        " be, no).",
        """
        SELECT p.code, o.position,
            coalesce(format('%s, %s, %s', c.votes, c.if_need_be, c.against), 'nothing') AS votes,
            format('%s, %s, %s', v.yes, v.if_need_be, v.against) AS counted
        FROM poll_options o JOIN polls p ON p.id = o.poll_id
        LEFT JOIN poll_option_tallies c ON c.option_id = o.id
        CROSS JOIN LATERAL (SELECT count(*) FILTER (WHERE answer = 'yes') AS yes,
            count(*) FILTER (WHERE answer = 'if-need-be') AS if_need_be,
                count(*) FILTER (WHERE answer = 'no') AS against
            FROM poll_votes WHERE option_id = o.id) v
        WHERE (c.votes, c.if_need_be, c.against) IS DISTINCT FROM (v.yes, v.if_need_be, v.against)
        """,
    ),
    (
        "Poll {code}, option {position}: {counted} say yes, though it takes {votes_max}.",
        """
        SELECT p.code, o.position, count(*) AS counted, c.votes_max
        FROM poll_votes v JOIN poll_options o ON o.id = v.option_id
        JOIN poll_option_tallies c ON c.option_id = o.id
        JOIN polls p ON p.id = o.poll_id WHERE v.answer = 'yes'
        GROUP BY p.code, o.position, c.votes_max HAVING count(*) > c.votes_max
        """,
    ),
    (
        "Poll {code}: member {membership_id} said {answer}, which only a poll about dates takes.",
        """
        SELECT p.code, v.membership_id, v.answer FROM poll_votes v JOIN polls p ON p.id = v.poll_id
        WHERE v.answer <> 'yes' AND p.kind <> 'dates'
        """,
    ),
    (
        "Poll {code}: it set {n} dates.",
        """
        SELECT p.code, count(*) AS n FROM poll_options o JOIN polls p ON p.id = o.poll_id
        WHERE o.made_instance_id IS NOT NULL GROUP BY p.code HAVING count(*) > 1
        """,
    ),
    (
        "Poll {code}: it set date {made}, though it is open or not a date poll.",
        """
        SELECT p.code, i.code AS made FROM poll_options o JOIN polls p ON p.id = o.poll_id
        JOIN event_instances i ON i.id = o.made_instance_id
        WHERE p.kind <> 'dates' OR (p.closed_at IS NULL AND (p.closes_at IS NULL OR p.closes_at > $1))
        """,
    ),
    (
        "Date {code}: seats are reserved for {n} people, but without an end.",
        """
        SELECT i.code, count(*) AS n FROM seat_claims c JOIN event_instances i ON i.id = c.instance_id
        WHERE i.claim_until IS NULL GROUP BY i.code
        """,
    ),
    (
        "Date {code}: a seat is reserved for member {membership_id}, who did not say yes to it in its poll.",
        """
        SELECT i.code, c.membership_id FROM seat_claims c JOIN event_instances i ON i.id = c.instance_id
        JOIN poll_options o ON o.made_instance_id = c.instance_id
        WHERE NOT EXISTS (SELECT 1 FROM poll_votes v WHERE v.option_id = o.id
            AND v.membership_id = c.membership_id
            AND v.answer = 'yes')
        """,
    ),
    (
        "Poll {code}: the tally says {voters} have voted, the votes say {counted}.",
        """
        SELECT p.code, coalesce(t.voters::text, 'nothing') AS voters,
            count(DISTINCT v.membership_id) AS counted
        FROM polls p LEFT JOIN poll_tallies t ON t.poll_id = p.id LEFT JOIN poll_votes v ON v.poll_id = p.id
        GROUP BY p.code, t.voters HAVING t.voters IS DISTINCT FROM count(DISTINCT v.membership_id)
        """,
    ),
    (
        "Poll {code}: member {membership_id} chose {n} options of at most {choices_max}, or one of"
        " another poll.",
        """
        SELECT p.code, v.membership_id, count(*) AS n, p.choices_max
        FROM poll_votes v JOIN polls p ON p.id = v.poll_id JOIN poll_options o ON o.id = v.option_id
        GROUP BY p.code, v.membership_id, p.choices_max HAVING count(*) > p.choices_max
            OR bool_or(o.poll_id <> v.poll_id)
        """,
    ),
    (
        "Log row {id}: it is of account {account_id}, its date or member of another.",
        """
        SELECT l.id, l.account_id FROM event_participation_log l
        LEFT JOIN event_instances i ON i.id = l.instance_id LEFT JOIN memberships m ON m.id = l.membership_id
        WHERE l.account_id <> i.account_id OR l.account_id <> m.account_id
        """,
    ),
    (
        "Member {id}: listed as {listed}, but called {called}.",
        """SELECT * FROM (SELECT m.id, m.display_name AS listed,
            left(coalesce(nullif(m.name, ''), trim(u.first_name || ' ' || u.last_name), ''), 200) AS called
            FROM memberships m LEFT JOIN telegram_users u ON u.id = m.user_id) n WHERE listed <> called""",
    ),
    (
        "The database’s own guard {name} is missing or switched off: restore it with a migration.",
        """
        SELECT name FROM unnest(ARRAY['instance_seats_no_oversell', 'bookings_instance_id_membership_id_key',
            'poll_option_tallies_limit', 'poll_votes_option_id_membership_id_key']) AS name
        WHERE NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conname = name AND convalidated)
        UNION ALL
        SELECT name FROM unnest(ARRAY['poll_options_poll_id_made_idx']) AS name
        WHERE to_regclass(name) IS NULL OR NOT (SELECT indisunique AND indisvalid FROM pg_index
            WHERE indexrelid = to_regclass(name))
        UNION ALL
        SELECT name FROM unnest(ARRAY['event_participation_log_written_once',
            'event_participation_log_never_emptied', 'memberships_display_name', 'memberships_new_display_name',
            'telegram_users_display_name']) AS name
        WHERE NOT EXISTS (SELECT 1 FROM pg_trigger WHERE tgname = name AND tgenabled IN ('O', 'A'))
        """,
    ),
)  # fmt: skip

# Every foreign key between two tables that carry an account.
TENANT_KEYS = """
SELECT c.conrelid::regclass::text AS child, a.attname AS key, c.confrelid::regclass::text AS parent,
    f.attname AS target
FROM pg_constraint c
JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
JOIN pg_attribute f ON f.attrelid = c.confrelid AND f.attnum = c.confkey[1]
WHERE c.contype = 'f' AND c.connamespace = current_schema()::regnamespace
AND EXISTS (SELECT 1 FROM pg_attribute x WHERE x.attrelid = c.conrelid AND x.attname = 'account_id')
AND EXISTS (SELECT 1 FROM pg_attribute x WHERE x.attrelid = c.confrelid AND x.attname = 'account_id')
ORDER BY 1, 2
"""


async def check_invariants(
    *, on_replica: bool = False, progress: Callable[[int, int], None] | None = None
) -> list[str]:
    """The violations, one sentence each; empty when there are none. `progress` is called after each check with how many
    are done, of how many."""
    found: list[str] = []
    snapshot = replica.snapshot if on_replica else db.transaction
    async with snapshot(SNAPSHOT):
        checks = [*CHECKS, *map(_key_check, await db.rows(TENANT_KEYS))]
        for number, (sentence, sql) in enumerate(checks, 1):
            rows = await db.rows(sql, *([clock.now()] if "$1" in sql else []))
            found += _report(sentence, rows)
            if progress is not None:
                progress(number, len(checks))
    return found


def _key_check(key: Row) -> tuple[str, str]:
    return (
        f"{key['child']}: a row of account {{account_id}} points at {key['parent']} {{id}} of"
        " account {owner} (A1).",
        f"SELECT * FROM (SELECT c.{key['key']} AS id, c.account_id, p.account_id AS owner"
        f" FROM {key['child']} c JOIN {key['parent']} p ON p.{key['target']} = c.{key['key']}"
        " WHERE c.account_id <> p.account_id OFFSET 0) wrong ORDER BY id",
    )


async def count_violations() -> int:
    """Check the invariants and leave the number of violations for the metrics; each is logged."""
    found = await check_invariants(on_replica=True)
    for sentence in found:
        log.error("invariant violated", finding=sentence)
    await record_run(Operation.INVARIANTS, findings=len(found))
    return len(found)


def _report(sentence: str, rows: list[Row]) -> list[str]:
    reported = [sentence.format(**row) for row in rows[:REPORTED_MAX]]
    if len(rows) > REPORTED_MAX:
        reported.append(f"… and {len(rows) - REPORTED_MAX} more like this: {reported[-1]}")
    return reported
