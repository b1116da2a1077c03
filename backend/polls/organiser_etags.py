"""Whether anything on an organiser's page of a poll has changed; see `backend.bookings.etags`."""

from collections.abc import Sequence

from backend import db
from backend.bookings.organiser_etags import CARDS
from backend.people.sql import SHORT_NAME
from backend.polls.non_voters import first_non_voters
from backend.polls.queries import ELECTORS, NAMED_VOTES, NAMES_MAX

# The limit is not a constant for the planner, which then takes the first by the index, and does not sort all votes of an option.
VOTERS = f"""(SELECT sum(hashtextextended(ROW(v.id, {SHORT_NAME})::text, 0))
    FROM {NAMED_VOTES.format(poll="p.id", most=f"(SELECT {NAMES_MAX})")})"""

POLL = f"""
SELECT ROW(p.xmin, t.xmin, {VOTERS}, {CARDS.format(where="c.poll_id = p.id")},
    (SELECT sum(hashtextextended(ROW(o.id, o.xmin)::text, 0)) FROM poll_options o WHERE o.poll_id = p.id),
    n.electors, (SELECT count(*) FROM group_members g WHERE g.group_id = p.group_id AND g.present),
    CASE WHEN p.closed_at IS NULL AND (p.group_id IS NOT NULL OR t.voters < n.electors) THEN (
        SELECT sum(hashtextextended(ROW(f.id, f.display_name)::text, 0)) FROM ({{non_voters}}) f) END)::text
FROM polls p JOIN poll_tallies t ON t.poll_id = p.id CROSS JOIN LATERAL (SELECT {ELECTORS} AS electors OFFSET 0) n
WHERE p.code = $1 AND p.account_id = ANY($2::bigint[])
"""


async def organiser_poll_etag(code: str, account_ids: Sequence[int], language: str) -> str:
    """The etag of a poll with its voters, those who have not voted by name, and its cards; "" when none of these
    accounts has it. Authorises nobody: the caller names the accounts whose polls its reader may manage."""
    non_voters = first_non_voters(language, NAMES_MAX)
    return await db.value(POLL.format(non_voters=non_voters), code, account_ids) or ""
