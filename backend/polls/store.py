"""The ballot box's SQL: what it locks, reads and writes."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import datetime

from backend import db
from backend.polls.rules import Answer, Ballot, BallotState, Option, Voter

# The poll's own facts are repeated on every option's row: one round trip, and there are few options.
OPTIONS = """
SELECT p.account_id, p.kind, p.choices_max, p.closes_at, p.closed_at, a.zone, o.id, o.text, o.starts_at,
    c.votes, c.votes_max, c.if_need_be, c.against
FROM poll_tallies t
JOIN polls p ON p.id = t.poll_id
JOIN accounts a ON a.id = p.account_id
JOIN poll_options o ON o.poll_id = p.id
JOIN poll_option_tallies c ON c.option_id = o.id
WHERE t.poll_id = $1 ORDER BY o.position
"""

VOTERS = """
SELECT m.id, m.user_id, m.left_at IS NULL AS live, array_remove(array_agg(v.option_id), NULL) AS options,
    array_remove(array_agg(v.answer), NULL) AS answers
FROM memberships m LEFT JOIN poll_votes v ON v.poll_id = $1 AND v.membership_id = m.id
WHERE m.account_id = $2 AND m.user_id = ANY($3::bigint[])
GROUP BY m.id
"""

WRITE = """
WITH gone AS (
    DELETE FROM poll_votes v USING unnest($4::bigint[], $5::bigint[]) AS t (option_id, membership_id)
    WHERE v.option_id = t.option_id AND v.membership_id = t.membership_id
), cast_now AS (
    INSERT INTO poll_votes (account_id, poll_id, at, option_id, membership_id, answer)
    SELECT $2, $1, $3, t.* FROM unnest($6::bigint[], $7::bigint[], $8::text[]) AS t
    ON CONFLICT ON CONSTRAINT poll_votes_option_id_membership_id_key DO UPDATE SET answer = excluded.answer, at = excluded.at
), counted AS (
    UPDATE poll_option_tallies c SET votes = c.votes + t.yes, if_need_be = c.if_need_be + t.maybe, against = c.against + t.no
    FROM unnest($9::bigint[], $10::int[], $11::int[], $12::int[]) AS t (option_id, yes, maybe, no)
    WHERE c.option_id = t.option_id
)
UPDATE poll_tallies SET voters = voters + $13, version = version + 1 WHERE poll_id = $1
"""


def lock(poll_id: int) -> str:
    """Whoever holds the tally may count the poll. Sent together with BEGIN."""
    return f"SELECT 1 FROM poll_tallies WHERE poll_id = {int(poll_id)} FOR NO KEY UPDATE"


async def load(poll_id: int, ballots: Sequence[Ballot], now: datetime) -> tuple[int, BallotState] | None:
    """Open the box: its account and itself, with those who vote. None when there is no such poll."""
    found = await db.rows(OPTIONS, poll_id)
    if not found:
        return None
    first = found[0]
    users = list({ballot.user_id for ballot in ballots})
    voters = {
        row["user_id"]: _voter(row) for row in await db.rows(VOTERS, poll_id, first["account_id"], users)
    }
    return first["account_id"], BallotState(
        now=now,
        zone=first["zone"],
        kind=first["kind"],
        choices_max=first["choices_max"],
        closes_at=first["closes_at"],
        closed_at=first["closed_at"],
        options={
            row["id"]: Option(
                row["id"],
                row["text"],
                row["votes"],
                row["votes_max"],
                row["if_need_be"],
                row["against"],
                row["starts_at"],
            )
            for row in found
        },
        voters=voters,
    )


def _voter(row: db.Row) -> Voter:
    choice = {option: Answer(answer) for option, answer in zip(row["options"], row["answers"], strict=True)}
    return Voter(row["id"], row["live"], choice, choice)


async def write(poll_id: int, account_id: int, box: BallotState, changed: Sequence[Voter]) -> None:
    """Write votes and tallies, each by its change."""
    gone, cast = [], []
    more: dict[int, Counter[Answer]] = defaultdict(Counter)
    for voter in changed:
        for option in voter.before.keys() | voter.choice.keys():
            before, now = voter.before.get(option), voter.choice.get(option)
            if before is now:
                continue
            if before is not None:
                more[option][before] -= 1
            if now is None:
                gone.append((option, voter.membership_id))
            else:
                more[option][now] += 1
                cast.append((option, voter.membership_id, now))
    await db.execute(
        WRITE,
        poll_id,
        account_id,
        box.now,
        *_columns(gone, 2),
        *_columns(cast, 3),
        *_columns([(option, *(by[answer] for answer in Answer)) for option, by in more.items()], 4),
        sum(bool(v.choice) - bool(v.before) for v in changed),
    )


def _columns(table: Sequence[tuple[object, ...]], width: int) -> list[list[object]]:
    return [[row[i] for row in table] for i in range(width)]
