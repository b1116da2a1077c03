"""The ballot box's SQL: what it locks, reads and writes."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from backend import db
from backend.polls.rules import Ballot, Box, Option, Voter

# The poll's own facts are repeated on every option's row: one round trip, and there are few options.
OPTIONS = """
SELECT p.account_id, p.kind, p.choices_max, p.closes_at, p.closed_at, a.zone, o.id, o.text, c.votes, c.votes_max
FROM poll_tallies t
JOIN polls p ON p.id = t.poll_id
JOIN accounts a ON a.id = p.account_id
JOIN poll_options o ON o.poll_id = p.id
JOIN poll_option_tallies c ON c.option_id = o.id
WHERE t.poll_id = $1 ORDER BY o.position
"""

VOTERS = """
SELECT m.id, m.user_id, m.left_at IS NULL AS live, array_remove(array_agg(v.option_id), NULL) AS choice
FROM memberships m LEFT JOIN poll_votes v ON v.poll_id = $1 AND v.membership_id = m.id
WHERE m.account_id = $2 AND m.user_id = ANY($3::bigint[])
GROUP BY m.id
"""

WRITE = """
WITH gone AS (
    DELETE FROM poll_votes v USING unnest($4::bigint[], $5::bigint[]) AS t (option_id, membership_id)
    WHERE v.option_id = t.option_id AND v.membership_id = t.membership_id
), cast_now AS (
    INSERT INTO poll_votes (account_id, poll_id, option_id, membership_id, at)
    SELECT $2, $1, t.option_id, t.membership_id, $3 FROM unnest($6::bigint[], $7::bigint[]) AS t (option_id, membership_id)
), counted AS (
    UPDATE poll_option_tallies c SET votes = c.votes + t.more FROM unnest($8::bigint[], $9::int[]) AS t (option_id, more)
    WHERE c.option_id = t.option_id
)
UPDATE poll_tallies SET voters = voters + $10, version = version + 1 WHERE poll_id = $1
"""


def lock(poll_id: int) -> str:
    """Whoever holds the tally may count the poll. Sent together with BEGIN."""
    return f"SELECT 1 FROM poll_tallies WHERE poll_id = {int(poll_id)} FOR NO KEY UPDATE"


async def look(poll_id: int, ballots: Sequence[Ballot], now: datetime) -> tuple[int, Box] | None:
    """Open the box: its account and itself, with those who vote. None when there is no such poll."""
    found = await db.rows(OPTIONS, poll_id)
    if not found:
        return None
    first = found[0]
    users = list({ballot.user_id for ballot in ballots})
    voters = {
        row["user_id"]: Voter(
            row["id"], row["live"], frozenset(row["choice"]), frozenset(row["choice"])
        )
        for row in await db.rows(VOTERS, poll_id, first["account_id"], users)
    }
    return first["account_id"], Box(
        now=now,
        zone=first["zone"],
        kind=first["kind"],
        choices_max=first["choices_max"],
        closes_at=first["closes_at"],
        closed_at=first["closed_at"],
        options={
            row["id"]: Option(row["id"], row["text"], row["votes"], row["votes_max"])
            for row in found
        },
        voters=voters,
    )


async def write(poll_id: int, account_id: int, box: Box, changed: Sequence[Voter]) -> None:
    """Write votes and tallies, each by its change."""
    gone = [(option, v.membership_id) for v in changed for option in v.before - v.choice]
    cast = [(option, v.membership_id) for v in changed for option in v.choice - v.before]
    more = {option: 0 for option, _ in (*gone, *cast)}
    for option, _ in gone:
        more[option] -= 1
    for option, _ in cast:
        more[option] += 1
    await db.execute(
        WRITE,
        poll_id,
        account_id,
        box.now,
        *_columns(gone),
        *_columns(cast),
        list(more),
        list(more.values()),
        sum(bool(v.choice) - bool(v.before) for v in changed),
    )


def _columns(pairs: Iterable[tuple[int, int]]) -> tuple[list[int], list[int]]:
    listed = list(pairs)
    return [first for first, _ in listed], [second for _, second in listed]
