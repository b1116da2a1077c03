"""What is to be told, to whom, and what could not be told."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from backend import clock, db
from backend.i18n import Voice
from backend.outbox.kinds import find_kind, held_until
from backend.people.queries import Person, person_from
from backend.seats.state import InstanceState


@dataclass(frozen=True, slots=True)
class GroupChat:
    """The group, and its topic, that a message goes to. `health` as of `LinkedGroup`."""

    group_id: int
    chat_id: int
    topic_id: int | None
    health: str


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message that is about to be sent, with what it is about as that stands now; worded by the door.

    It goes to a person or to a group. What it is not about is None, "" or 0.
    """

    id: int
    account_id: int
    to: Person | GroupChat
    instance_id: int | None
    announcement_id: int | None
    kind: str
    detail: Mapping[str, object]
    priority: int
    attempts: int
    epoch: int
    club_language: str
    zone: str  # the reader's own, else the event's, else the club's
    member: bool  # the reader belongs to the club
    muted: frozenset[str]
    instance_state: InstanceState | None
    starts_at: datetime | None
    over: bool  # the date has ended
    leaving_until: datetime | None  # until when leaving the date is free
    answer: str  # the reader's, now: in, maybe, declined, left; "" is none
    seats: int
    stopped: bool  # the announcement was
    maintenance: bool
    answered: bool  # the poll it asks about: by them, or nobody can answer it any more
    card_lost: bool  # the card it is about is still lost
    decided: bool  # that the date runs (S7)
    missing: int  # people it needs besides those who come
    waiting: int  # seats the reader waits for, now
    offer_until: datetime | None  # of the offer they have now, while its time is not up
    to_be_had: bool  # some seat is free, or its holder looks for a replacement
    went_on: bool  # in the moment in which it was written, a seat was offered to somebody

    @property
    def person(self) -> Person:
        """Who reads it. Only of what goes to a person."""
        assert isinstance(self.to, Person)
        return self.to

    @property
    def place(self) -> GroupChat | None:
        """The group it goes to, if it goes to one."""
        return self.to if isinstance(self.to, GroupChat) else None

    @property
    def chat_id(self) -> int:
        return self.to.chat_id if isinstance(self.to, GroupChat) else self.to.telegram_id

    @property
    def voice(self) -> Voice:
        """Its reader's, or the club's in a group."""
        return Voice(self.club_language) if isinstance(self.to, GroupChat) else self.to.voice

    @property
    def reachable(self) -> bool:
        """Whether the bot may write there, as far as we know; of a group only Telegram knows."""
        return isinstance(self.to, GroupChat) or self.to.reachable

    @property
    def unwanted(self) -> bool:
        """Whether its reader chose not to be told such things (`M5`)."""
        kind = find_kind(self.kind)
        return kind is not None and kind.policy.muted_by in self.muted

    @property
    def told_at(self) -> datetime | None:
        """When it is told instead of now, because it can wait for the morning; None is now."""
        if self.maintenance:
            return None
        return held_until(self.priority, clock.now(), self.zone, self.starts_at)

    def number(self, name: str) -> int:
        """A number of its detail; 0 without one."""
        found = self.detail.get(name)
        return found if isinstance(found, int) else 0

    @property
    def outdated(self) -> bool:
        """Whether it would say what is no longer so: then a later message says what is, or the person knows."""
        if self.kind in ("promoted", "seated", "brought"):
            return self.over or self.instance_state != InstanceState.SCHEDULED or not self.seats
        if self.kind == "cancelled":
            return self.over or self.instance_state != InstanceState.CANCELLED
        if self.kind == "restored":
            return self.over or self.instance_state == InstanceState.CANCELLED
        if self.kind == "reminder":
            return not self._as_it_was or not self.seats
        if self.kind == "unanswered":
            return not self._as_it_was or self.answer != "" or not self.member or self._too_late
        if self.kind == "announcement":
            return self.stopped or not (self.member or self.place)
        if self.kind == "claim":
            until = self.detail.get("until")
            late = until is not None and datetime.fromisoformat(str(until)) <= clock.now()
            return self.over or self.instance_state != InstanceState.SCHEDULED or bool(self.seats) or late
        if self.kind == "poll-unanswered":
            return self.answered
        if self.kind == "card-lost":
            return self.over or not self.card_lost
        if self.kind == "moved":  # who was asked and has left since, knows
            gone = self.detail.get("asked") and not self.seats
            return self.over or self.instance_state != InstanceState.SCHEDULED or bool(gone)
        if self.kind in ("minimum", "decide"):
            settled = self.decided or not self.missing
            return self.over or self.instance_state != InstanceState.SCHEDULED or settled
        if self.kind == "confirmed":
            return self.over or self.instance_state != InstanceState.SCHEDULED
        if self.kind == "offer":
            return self._off or str(self.detail.get("until")) != self._until
        if self.kind in ("lapsed", "to-line"):
            return self._off or not self.waiting
        if self.kind == "first-tap":
            return self._off or not (self.waiting and self.to_be_had)
        return False

    @property
    def _off(self) -> bool:
        return self.over or self.instance_state != InstanceState.SCHEDULED

    @property
    def _until(self) -> str:
        return self.offer_until.isoformat() if self.offer_until else ""

    @property
    def _as_it_was(self) -> bool:
        """Whether the date is still to come, when it was said to be."""
        return (
            self.instance_state == InstanceState.SCHEDULED
            and self.starts_at is not None
            and self.starts_at > clock.now()
            and self.starts_at.timestamp() == self.detail.get("starts_at")
        )

    @property
    def _too_late(self) -> bool:
        return self.leaving_until is not None and clock.now() >= self.leaving_until


@dataclass(frozen=True, slots=True)
class Parked:
    """A message that could not be sent, for the club's organisers to see (`M2`). `name` is the person's or the group's."""

    id: int
    kind: str
    name: str
    title: str
    error: str
    created_at: datetime


DELIVERIES = """
SELECT m.id AS message_id, m.account_id, m.instance_id, m.announcement_id, m.kind, m.detail, m.priority, m.attempts,
    m.epoch, m.topic_id, m.group_id, g.chat_id, g.health, u.*,
    a.language AS club_language, coalesce(u.zone, r.zone, a.zone) AS read_in, s.left_at IS NULL AND s.id IS NOT NULL AS member,
    i.state AS instance_state, i.starts_at, coalesce(i.ends_at <= $2, false) AS over,
    i.starts_at - make_interval(mins => coalesce(r.cancel_before_minutes, 0)) AS leaving_until,
    coalesce(b.answer, '') AS answer, coalesce(b.seats, 0) AS seats,
    coalesce(n.state = 'stopped', false) AS stopped, coalesce(n.maintenance, false) AS maintenance,
    s.id IS NULL OR s.left_at IS NOT NULL OR p.closed_at IS NOT NULL OR coalesce(p.closes_at <= $2, false)
        OR EXISTS (SELECT 1 FROM poll_votes v WHERE v.poll_id = p.id AND v.membership_id = s.id) AS answered,
    EXISTS (SELECT 1 FROM cards c WHERE c.id = (m.detail->>'card')::bigint AND c.state = 'lost') AS card_lost,
    i.decided_at IS NOT NULL AS decided, coalesce(greatest(0, r.min_to_run - q.booked), 0) AS missing,
    coalesce(b.waiting, 0) AS waits, CASE WHEN b.offer_until > $2 THEN b.offer_until END AS offer_until,
    coalesce(q.capacity IS NULL OR q.booked + q.offered < q.capacity OR q.releasing > 0, false) AS to_be_had,
    m.kind = 'lapsed' AND EXISTS (SELECT 1 FROM event_participation_log l
        WHERE l.instance_id = m.instance_id AND l.at = m.created_at AND l.verb = 'offer') AS went_on
FROM messages m
JOIN accounts a ON a.id = m.account_id
LEFT JOIN telegram_users u ON u.id = m.user_id
LEFT JOIN groups g ON g.id = m.group_id
LEFT JOIN event_instances i ON i.id = m.instance_id
LEFT JOIN event_series r ON r.id = i.series_id
LEFT JOIN instance_seats q ON q.instance_id = i.id
LEFT JOIN memberships s ON s.account_id = m.account_id AND s.user_id = m.user_id
LEFT JOIN bookings b ON b.instance_id = m.instance_id AND b.membership_id = s.id
LEFT JOIN announcements n ON n.id = m.announcement_id
LEFT JOIN polls p ON m.kind = 'poll-unanswered' AND p.id = (m.detail->>'poll_id')::bigint
WHERE m.id = ANY($1::bigint[])
ORDER BY m.priority, m.due_at, m.id
"""


def _delivery(row: db.Row) -> Delivery:
    to: Person | GroupChat
    if row["group_id"] is not None:
        to = GroupChat(row["group_id"], row["chat_id"], row["topic_id"], row["health"])
    else:
        to = person_from(row)
    return Delivery(
        id=row["message_id"],
        account_id=row["account_id"],
        to=to,
        instance_id=row["instance_id"],
        announcement_id=row["announcement_id"],
        kind=row["kind"],
        detail=json.loads(row["detail"]),
        priority=row["priority"],
        attempts=row["attempts"],
        epoch=row["epoch"] or 0,
        club_language=row["club_language"],
        zone=row["read_in"],
        member=row["member"],
        muted=frozenset(row["muted_kinds"] or ()),
        instance_state=InstanceState(row["instance_state"]) if row["instance_state"] else None,
        starts_at=row["starts_at"],
        over=row["over"],
        leaving_until=row["leaving_until"],
        answer=row["answer"],
        seats=row["seats"],
        stopped=row["stopped"],
        maintenance=row["maintenance"],
        answered=row["answered"],
        card_lost=row["card_lost"],
        decided=row["decided"],
        missing=row["missing"],
        waiting=row["waits"],
        offer_until=row["offer_until"],
        to_be_had=row["to_be_had"],
        went_on=row["went_on"],
    )


async def deliveries(ids: Sequence[int]) -> list[Delivery]:
    """These messages, in the order in which they are due."""
    return [_delivery(row) for row in await db.rows(DELIVERIES, list(ids), clock.now())]


# The messages of account $1 that could not be sent, with what they are about.
PARKED = """
FROM messages m
LEFT JOIN telegram_users u ON u.id = m.user_id
LEFT JOIN groups g ON g.id = m.group_id
LEFT JOIN event_instances i ON i.id = m.instance_id
LEFT JOIN event_series r ON r.id = i.series_id
WHERE m.account_id = $1 AND m.state = 'parked'
"""


async def parked(account_id: int, *, limit: int = 50) -> list[Parked]:
    """What could not be sent to the club's people and groups, newest first (`M2`)."""
    rows = await db.rows(
        "SELECT m.id, m.kind, m.error, m.created_at, coalesce(g.title, u.first_name) AS name, coalesce(u.last_name, '')"
        f" AS last_name, coalesce(i.title, r.title, '') AS title {PARKED}"
        " ORDER BY m.created_at DESC, m.id DESC LIMIT $2",
        account_id,
        limit,
    )
    return [
        Parked(
            row["id"],
            row["kind"],
            f"{row['name']} {row['last_name']}".strip(),
            row["title"],
            row["error"],
            row["created_at"],
        )
        for row in rows
    ]


@dataclass(frozen=True, slots=True)
class Written:
    """Something written to a group lately: its chat, and when."""

    chat_id: int
    at: datetime


async def written_to_groups(since: datetime) -> list[Written]:
    """What was written to groups of all clubs since an instant, or may have been."""
    rows = await db.rows(
        "SELECT g.chat_id, m.sent_at FROM messages m JOIN groups g ON g.id = m.group_id"
        " WHERE m.group_id IS NOT NULL AND m.sent_at > $1 ORDER BY m.sent_at",
        since,
    )
    return [Written(row["chat_id"], row["sent_at"]) for row in rows]


async def chats_with_cards() -> list[int]:
    """The groups in which cards are kept true: when each was last edited, nobody has written down."""
    rows = await db.rows(
        "SELECT DISTINCT g.chat_id FROM cards c JOIN groups g ON g.id = c.group_id"
        " WHERE c.state = 'live' AND c.next_try_at < '9000-01-01 00:00:00+00'"
    )
    return [row["chat_id"] for row in rows]
