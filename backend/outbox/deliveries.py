"""Messages that are about to be sent, with everything that decides whether and how they are sent."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog

from backend import clock, db
from backend.groups.rules import GroupHealth
from backend.i18n import Voice
from backend.known_zones import first_known
from backend.outbox.kinds import Kind, find_kind, held_until
from backend.outbox.staleness import Situation
from backend.people.queries import Person, person_from

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class GroupChat:
    """The group, and its topic, that a message goes to."""

    group_id: int
    chat_id: int
    topic_id: int | None
    health: GroupHealth


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message that is about to be sent to a person or a group; the bot renders it.

    `went_on`: when this one's offer expired, a seat was offered to somebody else in the same moment.
    """

    id: int
    account_id: int
    kind: Kind
    to: Person | GroupChat
    instance_id: int | None
    announcement_id: int | None
    priority: int
    attempts: int
    epoch: int
    account_language: str
    account_zone: str
    zone: str  # the reader's own, else the event's, else the account's
    muted: frozenset[str]
    is_sent_at_night: bool  # an announcement that does not wait for the morning
    went_on: bool
    situation: Situation
    cause: str = ""  # the id of the request, update or run of a job that caused it (`backend/causes.py`)

    @property
    def person(self) -> Person:
        """The reader. Only of what goes to a person."""
        assert isinstance(self.to, Person)
        return self.to

    @property
    def group(self) -> GroupChat | None:
        """The group it goes to, if it goes to one."""
        return self.to if isinstance(self.to, GroupChat) else None

    @property
    def chat_id(self) -> int:
        return self.to.chat_id if isinstance(self.to, GroupChat) else self.to.telegram_id

    @property
    def voice(self) -> Voice:
        """Its reader's, or the account's in a group. A reader whose zone is unknown counts as being in the
        account's."""
        if isinstance(self.to, GroupChat):
            return Voice(self.account_language, self.account_zone)
        return self.to.voice.or_zone(self.account_zone)

    @property
    def detail(self) -> Mapping[str, object]:
        return self.situation.detail

    @property
    def is_reachable(self) -> bool:
        """Whether the bot may write there, as far as we know; of a group only Telegram knows."""
        return isinstance(self.to, GroupChat) or self.to.reachable

    @property
    def is_muted(self) -> bool:
        """Whether its reader turned such messages off (`M5`)."""
        return self.kind.policy.muted_by in self.muted

    @property
    def is_stale(self) -> bool:
        """Whether it would say what is no longer true."""
        return self.kind.policy.is_stale(self.situation)

    @property
    def held_until(self) -> datetime | None:
        """The morning until which it can wait; None to send it now (`M5`, `M6`)."""
        if self.is_sent_at_night:
            return None
        return held_until(self.kind, self.zone, self.situation)


def _id_in_detail(name: str) -> str:
    """The SQL of an id that a message's detail holds; NULL when what it holds is no id (`X9`)."""
    return f"CASE WHEN m.detail->>'{name}' ~ '^[0-9]{{1,18}}$' THEN (m.detail->>'{name}')::bigint END"


CARD_ID, POLL_ID = _id_in_detail("card"), _id_in_detail("poll_id")

# $1 are the messages' ids, $2 is now.
DELIVERIES = f"""
SELECT m.id AS message_id, m.account_id, m.instance_id, m.announcement_id, m.kind, m.detail, m.priority,
    m.attempts, m.epoch, m.cause, m.topic_id, m.group_id, g.chat_id, g.health, u.*,
    a.language AS account_language, r.zone AS event_zone, a.zone AS account_zone,
    s.left_at IS NULL AND s.id IS NOT NULL AS is_member, coalesce(i.state, '') AS instance_state, i.starts_at,
    coalesce(i.ends_at <= $2, false) AS is_over,
    i.starts_at - make_interval(mins => coalesce(r.cancel_before_minutes, 0)) AS free_to_leave_until,
    coalesce(b.answer, '') AS answer, coalesce(b.seats, 0) AS seats,
    coalesce(n.state = 'stopped', false) AS announcement_stopped,
    coalesce(n.maintenance OR n.at_night, false) AS is_sent_at_night,
    s.id IS NULL OR s.left_at IS NOT NULL OR p.closed_at IS NOT NULL OR coalesce(p.closes_at <= $2, false)
        OR EXISTS (SELECT 1 FROM poll_votes v WHERE v.poll_id = p.id AND v.membership_id = s.id)
        AS poll_settled,
    EXISTS (SELECT 1 FROM cards c WHERE c.id = {CARD_ID} AND c.state = 'lost') AS card_lost,
    CASE WHEN r.min_to_run IS NOT NULL THEN i.starts_at - make_interval(mins => r.decide_before_minutes) END
        AS decides_at, p.closes_at AS poll_closes_at,
    i.decided_at IS NOT NULL AS is_decided, coalesce(greatest(0, r.min_to_run - q.booked), 0) AS missing,
    coalesce(b.waiting, 0) AS waits, CASE WHEN b.offer_until > $2 THEN b.offer_until END AS offer_until,
    coalesce(q.capacity IS NULL OR q.booked + q.offered < q.capacity OR q.releasing > 0, false)
        AS seat_available,
    m.kind = '{Kind.OFFER_EXPIRED}' AND EXISTS (SELECT 1 FROM event_participation_log l
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
LEFT JOIN polls p ON m.kind = '{Kind.POLL_UNANSWERED}' AND p.id = {POLL_ID}
WHERE m.id = ANY($1::bigint[])
ORDER BY m.priority, m.due_at, m.id
"""


async def load_deliveries(ids: Sequence[int]) -> tuple[list[Delivery], list[tuple[int, str]]]:
    """These messages in the order in which they are due; and the ids of those that cannot be read, each with
    the reason: a kind that this version does not know, or a row that says what cannot be (`X9`)."""
    now = clock.now()
    deliveries: list[Delivery] = []
    unreadable: list[tuple[int, str]] = []
    for row in await db.rows(DELIVERIES, list(ids), now):
        kind = find_kind(row["kind"])
        if kind is None:
            unreadable.append((row["message_id"], f"a message of the kind {row['kind']!r}"))
            continue
        try:
            deliveries.append(_delivery(row, kind, now))
        except Exception as error:  # whatever is wrong with it is wrong with this one only
            log.exception("message unreadable", message=row["message_id"])
            unreadable.append((row["message_id"], f"cannot be read: {error!r}"))
    return deliveries, unreadable


def _delivery(row: db.Row, kind: Kind, now: datetime) -> Delivery:
    to: Person | GroupChat
    if row["group_id"] is not None:
        to = GroupChat(row["group_id"], row["chat_id"], row["topic_id"], GroupHealth(row["health"]))
    else:
        to = person_from(row)
    return Delivery(
        id=row["message_id"],
        account_id=row["account_id"],
        kind=kind,
        to=to,
        instance_id=row["instance_id"],
        announcement_id=row["announcement_id"],
        priority=row["priority"],
        attempts=row["attempts"],
        epoch=row["epoch"] or 0,
        account_language=row["account_language"],
        account_zone=first_known(row["account_zone"]),
        zone=first_known(row["zone"], row["event_zone"], row["account_zone"]),
        muted=frozenset(row["muted_kinds"] or ()),
        is_sent_at_night=row["is_sent_at_night"],
        went_on=row["went_on"],
        situation=_situation(row, now),
        cause=row["cause"],
    )


def _situation(row: db.Row, now: datetime) -> Situation:
    return Situation(
        now=now,
        detail=json.loads(row["detail"]),
        instance_state=row["instance_state"],
        starts_at=row["starts_at"],
        is_over=row["is_over"],
        free_to_leave_until=row["free_to_leave_until"],
        decides_at=row["decides_at"],
        is_decided=row["is_decided"],
        missing=row["missing"],
        seat_available=row["seat_available"],
        answer=row["answer"],
        seats=row["seats"],
        waiting=row["waits"],
        offer_until=row["offer_until"],
        is_member=row["is_member"],
        to_group=row["group_id"] is not None,
        announcement_stopped=row["announcement_stopped"],
        poll_closes_at=row["poll_closes_at"],
        poll_settled=row["poll_settled"],
        card_lost=row["card_lost"],
    )
