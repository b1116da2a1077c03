"""Which of a person's requests came last: one that hung must not undo what its person asked for since (`B2`)."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from backend import db
from backend.causes import asked_at
from backend.errors import Refusal
from backend.i18n import N_

LATE = 3.0  # seconds after which the order of requests is looked at

# The log has the moment at which each change was asked for in its id: `causes.new_request_id`.
_ASKED = "substr({}::text, 10, 14)"
OVERTAKEN = f"""
SELECT r.id FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::uuid[], $5::float8[])
    AS r (instance_id, membership_id, by_user_id, id, asked_at)
WHERE EXISTS (SELECT 1 FROM event_participation_log l WHERE l.instance_id = r.instance_id
    AND l.membership_id = r.membership_id AND l.by_user_id = r.by_user_id AND l.request_id <> r.id
    AND l.at > to_timestamp(r.asked_at) AND {_ASKED.format("l.request_id")} > {_ASKED.format("r.id")})
"""

# The ids of an instance, a membership, the acting person and the request.
PartyRequest = tuple[int, int, int, UUID]


class Overtaken(Refusal):
    outcome = "overtaken"
    message = N_("This came too late: you have changed it since. Your last choice counts.")


def is_late(id: UUID, now: datetime) -> bool:
    """Whether a request is done so long after it was asked for that a later one may have been done before."""
    return now.timestamp() - asked_at(id) > LATE


async def find_overtaken(late: Iterable[PartyRequest]) -> frozenset[UUID]:
    """Which of these late requests came after their person had changed the same party by one that they made later: the connection
    hung, say, and they asked again. Nothing is read where there are no requests."""
    requests = list(late)
    if not requests:
        return frozenset()
    columns = [list(column) for column in zip(*requests, strict=True)]
    rows = await db.rows(OVERTAKEN, *columns, [asked_at(id) for *_, id in requests])
    return frozenset(row["id"] for row in rows)
