"""Messages follow instances whose start is another instant now, though the same wall clock (`S10`)."""

from collections.abc import Mapping, Sequence
from typing import Any

from backend.outbox.kinds import Kind
from backend.recordsets import Recordset, Statement

# A reminder that was sent counts for the new start too, and one that is to be sent is still true: nobody is
# reminded twice, or not at all. The start ends the key of a reminder, in seconds since 1970.
FOLLOW_STARTS = Statement(
    f"""
UPDATE messages m SET
    detail = jsonb_set(m.detail, ARRAY['starts_at'], to_jsonb(extract(epoch FROM moves.starts_at))),
    dedupe = CASE WHEN m.kind = '{Kind.REMINDER}'
        THEN regexp_replace(m.dedupe, '[0-9]+$', (extract(epoch FROM moves.starts_at)::bigint)::text)
        ELSE m.dedupe END
FROM {{moves}}
WHERE m.instance_id = moves.id AND m.kind IN ('{Kind.REMINDER}', '{Kind.UNANSWERED}')
    AND (m.detail->>'starts_at')::numeric = extract(epoch FROM moves.was)
""",
    values={},
    moves=Recordset(id="bigint", was="timestamptz", starts_at="timestamptz"),
)
FOLLOW_OFFERS = Statement(
    f"""
UPDATE messages m SET detail = jsonb_set(m.detail, ARRAY['until'], to_jsonb(offers.until))
FROM {{offers}}
WHERE m.instance_id = offers.instance_id AND m.user_id = offers.user_id
    AND m.kind = '{Kind.OFFER}' AND m.state = 'due'
""",
    values={},
    offers=Recordset(instance_id="bigint", user_id="bigint", until="text"),
)


async def follow_starts(moves: Sequence[Mapping[str, Any]]) -> None:
    """Reminders and questions about these instances are about their new starts. A move has `id`, `was` and
    `starts_at`."""
    await FOLLOW_STARTS.execute(moves=moves)


async def follow_offers(offers: Sequence[Mapping[str, Any]]) -> None:
    """Offers that are not sent yet say their new ends. An offer has `instance_id`, `user_id`, and `until` in
    ISO 8601."""
    await FOLLOW_OFFERS.execute(offers=offers)
