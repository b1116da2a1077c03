"""What the ballot processor locks, loads and writes."""

import json
from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import datetime

from backend import db
from backend.known_zones import first_known
from backend.polls.rules import Answer, Ballot, BallotState, Option, PollKind, Voter

# The poll's columns are repeated in the row of each option: one round trip, and there are few options.
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
SELECT m.id, m.user_id, m.left_at IS NULL AND m.visitor_since IS NULL AS is_member,
    array_remove(array_agg(v.option_id), NULL) AS options, array_remove(array_agg(v.answer), NULL) AS answers
FROM memberships m LEFT JOIN poll_votes v ON v.poll_id = $1 AND v.membership_id = m.id
WHERE m.account_id = $2 AND m.user_id = ANY($3::bigint[])
GROUP BY m.id
"""

# $1 the poll, $2 its account, $3 now. Changes are JSON: $4 of votes, where no answer withdraws the vote; $5
# of counts by option; $6 of the number of voters.
WRITE = """
WITH changes AS (
    SELECT * FROM jsonb_to_recordset($4::jsonb) AS c (option_id bigint, membership_id bigint, answer text)
), withdrawn AS (
    DELETE FROM poll_votes v USING changes c
    WHERE c.answer IS NULL AND v.option_id = c.option_id AND v.membership_id = c.membership_id
), counted AS (
    INSERT INTO poll_votes (account_id, poll_id, option_id, membership_id, answer, at)
    SELECT $2, $1, option_id, membership_id, answer, $3 FROM changes WHERE answer IS NOT NULL
    ON CONFLICT ON CONSTRAINT poll_votes_option_id_membership_id_key
        DO UPDATE SET answer = excluded.answer, at = excluded.at
), tallied AS (
    UPDATE poll_option_tallies t
    SET votes = t.votes + c.yes, if_need_be = t.if_need_be + c.if_need_be, against = t.against + c.no
    FROM jsonb_to_recordset($5::jsonb) AS c (option_id bigint, yes int, if_need_be int, no int)
    WHERE t.option_id = c.option_id
)
UPDATE poll_tallies SET voters = voters + $6, version = version + 1 WHERE poll_id = $1
"""


def lock(poll_id: int) -> str:
    """The statement that locks a poll's tally: whoever holds it may count the poll. Sent together with
    BEGIN."""
    return f"SELECT 1 FROM poll_tallies WHERE poll_id = {int(poll_id)} FOR NO KEY UPDATE"


async def load(poll_id: int, ballots: Sequence[Ballot], now: datetime) -> tuple[int, BallotState] | None:
    """The poll's account, and its state with those who cast these ballots. None when there is no such
    poll."""
    rows = await db.rows(OPTIONS, poll_id)
    if not rows:
        return None
    poll = rows[0]
    users = list({ballot.user_id for ballot in ballots})
    voters = await db.rows(VOTERS, poll_id, poll["account_id"], users)
    return poll["account_id"], BallotState(
        now=now,
        zone=first_known(poll["zone"]),
        kind=PollKind(poll["kind"]),
        choices_max=poll["choices_max"],
        closes_at=poll["closes_at"],
        closed_at=poll["closed_at"],
        options={row["id"]: _option(row) for row in rows},
        voters={row["user_id"]: _voter(row) for row in voters},
    )


def _option(row: db.Row) -> Option:
    return Option(
        id=row["id"],
        text=row["text"],
        votes=row["votes"],
        votes_max=row["votes_max"],
        if_need_be=row["if_need_be"],
        against=row["against"],
        starts_at=row["starts_at"],
    )


def _voter(row: db.Row) -> Voter:
    choice = {option: Answer(answer) for option, answer in zip(row["options"], row["answers"], strict=True)}
    return Voter(membership_id=row["id"], is_member=row["is_member"], before=choice, choice=choice)


async def write(poll_id: int, account_id: int, state: BallotState, changed: Sequence[Voter]) -> None:
    """Write the changes of these voters: their votes, the options' counts, and the number of voters."""
    votes = []
    counts: dict[int, Counter[Answer]] = defaultdict(Counter)
    for voter in changed:
        for option_id in voter.before.keys() | voter.choice.keys():
            before, after = voter.before.get(option_id), voter.choice.get(option_id)
            if before is after:
                continue
            if before is not None:
                counts[option_id][before] -= 1
            if after is not None:
                counts[option_id][after] += 1
            votes.append({"option_id": option_id, "membership_id": voter.membership_id, "answer": after})
    tallies = [
        {
            "option_id": option_id,
            "yes": by_answer[Answer.YES],
            "if_need_be": by_answer[Answer.IF_NEED_BE],
            "no": by_answer[Answer.NO],
        }
        for option_id, by_answer in counts.items()
    ]
    voters_added = sum(bool(voter.choice) - bool(voter.before) for voter in changed)
    await db.execute(
        WRITE, poll_id, account_id, state.now, json.dumps(votes), json.dumps(tallies), voters_added
    )


async def bump_versions(poll_ids: Sequence[int]) -> None:
    """Mark what these polls show as changed, so that their cards and screens are rendered anew; in the
    caller's transaction."""
    await db.execute(
        "UPDATE poll_tallies SET version = version + 1 WHERE poll_id = ANY($1::bigint[])", poll_ids
    )
