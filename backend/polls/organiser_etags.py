"""Whether anything on an organiser's page of a poll has changed; see `backend.bookings.etags`."""

from collections.abc import Sequence

from backend import db
from backend.bookings.organiser_etags import CARDS
from backend.people.sql import SHORT_NAME
from backend.polls.non_voters import NON_VOTERS
from backend.polls.queries import NAMED_VOTES, NAMES_MAX

VOTERS = f"""(SELECT sum(hashtextextended(ROW(v.id, {SHORT_NAME})::text, 0))
    FROM {NAMED_VOTES.format(poll="p.id", most=NAMES_MAX)})"""

POLL = f"""
SELECT ROW(p.xmin, t.xmin, {VOTERS}, {CARDS.format(where="c.poll_id = p.id")},
    (SELECT sum(hashtextextended(ROW(o.id, o.xmin)::text, 0)) FROM poll_options o WHERE o.poll_id = p.id),
    (SELECT count(*) FROM memberships e
        WHERE e.account_id = p.account_id AND e.left_at IS NULL AND e.visitor_since IS NULL
            AND e.user_id IS NOT NULL),
    CASE WHEN p.closed_at IS NULL THEN (
        SELECT sum(hashtextextended(ROW(m.id, u.first_name, u.last_name)::text, 0))
        {NON_VOTERS} AND p.code = $1) END)::text
FROM polls p JOIN poll_tallies t ON t.poll_id = p.id
WHERE p.code = $1 AND p.account_id = ANY($2::bigint[])
"""


async def organiser_poll_etag(code: str, account_ids: Sequence[int]) -> str:
    """The etag of a poll with its voters, those who have not voted, and its cards; "" when none of these
    accounts has it. Authorises nobody: the caller names the accounts whose polls its reader may manage."""
    return await db.value(POLL, code, account_ids) or ""
