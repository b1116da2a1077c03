"""What is to be told, to whom, and what could not be told."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from backend import clock, db
from backend.people.queries import Person, person_from


@dataclass(frozen=True, slots=True)
class Letter:
    """A message that is about to be sent, with what it is about as that stands now; worded by the door."""

    id: int
    account_id: int
    person: Person
    instance_id: int | None
    kind: str
    detail: Mapping[str, object]
    attempts: int
    epoch: int
    instance_state: str  # "" when it is about no instance
    over: bool  # the instance has ended
    seats: int  # the person's, now
    decided: bool = False  # that it runs (S7)
    missing: int = 0  # people it needs besides those who come

    @property
    def outdated(self) -> bool:
        """Whether it would say what is no longer so: then a later message says what is, or the person knows."""
        if self.kind in ("promoted", "seated"):
            return self.over or self.instance_state != "SCHEDULED" or not self.seats
        if self.kind == "cancelled":
            return self.over or self.instance_state != "CANCELLED"
        if self.kind == "restored":
            return self.over or self.instance_state == "CANCELLED"
        if self.kind == "moved":  # who was asked and has left since, knows
            gone = self.detail.get("asked") and not self.seats
            return self.over or self.instance_state != "SCHEDULED" or bool(gone)
        if self.kind in ("minimum", "decide"):
            settled = self.decided or not self.missing
            return self.over or self.instance_state != "SCHEDULED" or settled
        if self.kind == "confirmed":
            return self.over or self.instance_state != "SCHEDULED"
        return False


@dataclass(frozen=True, slots=True)
class Parked:
    """A message that could not be sent, for the club's organisers to see (`M2`)."""

    id: int
    kind: str
    name: str
    title: str
    error: str
    created_at: datetime


LETTERS = """
SELECT m.id AS message_id, m.account_id, m.instance_id, m.kind, m.detail, m.attempts, m.epoch,
    u.*, i.state AS instance_state, coalesce(i.ends_at <= $2, false) AS over, coalesce(b.seats, 0) AS seats,
    i.decided_at IS NOT NULL AS decided, coalesce(greatest(0, r.min_to_run - q.booked), 0) AS missing
FROM messages m
JOIN telegram_users u ON u.id = m.user_id
LEFT JOIN event_instances i ON i.id = m.instance_id
LEFT JOIN event_series r ON r.id = i.series_id
LEFT JOIN instance_seats q ON q.instance_id = i.id
LEFT JOIN memberships s ON s.account_id = m.account_id AND s.user_id = m.user_id
LEFT JOIN bookings b ON b.instance_id = m.instance_id AND b.membership_id = s.id
WHERE m.id = ANY($1::bigint[])
ORDER BY m.priority, m.due_at, m.id
"""


def _letter(row: db.Row) -> Letter:
    return Letter(
        id=row["message_id"],
        account_id=row["account_id"],
        person=person_from(row),
        instance_id=row["instance_id"],
        kind=row["kind"],
        detail=json.loads(row["detail"]),
        attempts=row["attempts"],
        epoch=row["epoch"] or 0,
        instance_state=row["instance_state"] or "",
        over=row["over"],
        seats=row["seats"],
        decided=row["decided"],
        missing=row["missing"],
    )


async def letters(ids: Sequence[int]) -> list[Letter]:
    """These messages, in the order in which they are due."""
    return [_letter(row) for row in await db.rows(LETTERS, list(ids), clock.now())]


async def parked(account_id: int, *, limit: int = 50) -> list[Parked]:
    """What could not be sent to the club's people, newest first (`M2`)."""
    rows = await db.rows(
        "SELECT m.id, m.kind, m.error, m.created_at, u.first_name, u.last_name, coalesce(i.title, r.title, '') AS title"
        " FROM messages m JOIN telegram_users u ON u.id = m.user_id"
        " LEFT JOIN event_instances i ON i.id = m.instance_id LEFT JOIN event_series r ON r.id = i.series_id"
        " WHERE m.account_id = $1 AND m.state = 'parked' ORDER BY m.created_at DESC, m.id DESC LIMIT $2",
        account_id,
        limit,
    )
    return [
        Parked(
            row["id"],
            row["kind"],
            f"{row['first_name']} {row['last_name']}".strip(),
            row["title"],
            row["error"],
            row["created_at"],
        )
        for row in rows
    ]
