"""The table of message kinds: what is true of every message of a kind (`M1`, `M4`, `M5`).

A new kind is one line in `Kind`, and its text in `bot/templates/messages/<kind>.html`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum, StrEnum, auto
from typing import Self

from backend.outbox.staleness import (
    Situation,
    announcement_is_not_for_them,
    card_is_back,
    claim_is_void,
    has_no_seat_then,
    instance_is_off,
    is_cancelled_again,
    is_not_cancelled,
    is_not_waiting,
    is_settled,
    move_is_known,
    never,
    nothing_to_ask,
    nothing_to_take,
    offer_is_another,
    poll_is_settled,
    seat_is_gone,
)
from backend.people.preferences import Mutable
from backend.zones import end_of_quiet_hours


class Priority(IntEnum):
    """Of what is due in one account, the smaller is sent first."""

    ANSWER = 0  # what became of one's seat: confirmations, cancellations
    OFFER = 1  # a seat is held, and the time runs
    QUESTION = 2  # still coming on the other day? what organisers must decide
    REMINDER = 3  # and being asked for an answer
    ANNOUNCEMENT = 5


class About(StrEnum):
    """What a message is made from."""

    INSTANCE = auto()
    CALENDAR_FILE = auto()  # of an instance
    POLL = auto()
    CARD = auto()
    ANNOUNCEMENT = auto()


class Choice(StrEnum):
    """What the reader of a message about an instance can do from there, besides opening the instance."""

    OPEN = auto()
    GIVE_UP_SEAT = auto()
    JOIN = auto()
    ANSWER = auto()
    SAY_STILL_COMING = auto()
    TAKE_OFFER = auto()
    TAKE_FREE_SEAT = auto()
    KEEP_SEAT = auto()
    LEAVE_WAITLIST = auto()
    OPEN_NEXT = auto()
    DECIDE = auto()


@dataclass(frozen=True, slots=True)
class Policy:
    """What is true of every message of a kind. Without `muted_by` nobody can do without it (`M5`).

    After a crash or an unreadable answer a message may have arrived: it is sent again, unless it goes out
    `at_most_once`.
    """

    priority: Priority
    is_stale: Callable[[Situation], bool]
    choice: Choice = Choice.OPEN
    muted_by: Mutable | None = None
    about: About = About.INSTANCE
    at_most_once: bool = False


class Kind(StrEnum):
    """Every kind of message, by the name that the database stores."""

    policy: Policy

    def __new__(cls, stored: str, policy: Policy) -> Self:
        kind = str.__new__(cls, stored)
        kind._value_ = stored
        kind.policy = policy
        return kind

    # The reader's own seat, or their place on the waitlist.
    PROMOTED = "promoted", Policy(Priority.ANSWER, seat_is_gone, Choice.GIVE_UP_SEAT)
    SEATED = "seated", Policy(Priority.ANSWER, seat_is_gone, Choice.GIVE_UP_SEAT)  # by an organiser
    TRANSFERRED = "brought", Policy(Priority.ANSWER, seat_is_gone, Choice.GIVE_UP_SEAT)  # by an organiser
    REMOVED = "removed", Policy(Priority.ANSWER, never)
    WAITLISTED = "to-line", Policy(Priority.ANSWER, is_not_waiting, Choice.LEAVE_WAITLIST)  # by an organiser
    REPLACED = "replaced", Policy(Priority.ANSWER, never, Choice.KEEP_SEAT)
    OFFER = "offer", Policy(Priority.OFFER, offer_is_another, Choice.TAKE_OFFER)
    OFFER_EXPIRED = "lapsed", Policy(Priority.OFFER, is_not_waiting, Choice.TAKE_FREE_SEAT)
    FIRST_TAP = "first-tap", Policy(Priority.OFFER, nothing_to_take, Choice.TAKE_FREE_SEAT)
    SEAT_CLAIM = "claim", Policy(Priority.ANSWER, claim_is_void, Choice.JOIN)  # to a poll's voters

    # An instance.
    CANCELLED = "cancelled", Policy(Priority.ANSWER, is_not_cancelled, Choice.OPEN_NEXT)
    RESTORED = "restored", Policy(Priority.ANSWER, is_cancelled_again)
    MOVED = "moved", Policy(Priority.QUESTION, move_is_known, Choice.SAY_STILL_COMING)
    MINIMUM = "minimum", Policy(Priority.QUESTION, is_settled)  # people are still missing
    DECIDE = "decide", Policy(Priority.QUESTION, is_settled, Choice.DECIDE)  # an organiser: does it run?
    CONFIRMED = "confirmed", Policy(Priority.ANSWER, instance_is_off)  # it runs
    REMINDER = (
        "reminder",
        Policy(Priority.REMINDER, has_no_seat_then, Choice.GIVE_UP_SEAT, Mutable.REMINDERS),
    )
    UNANSWERED = "unanswered", Policy(Priority.REMINDER, nothing_to_ask, Choice.ANSWER, Mutable.NUDGES)
    CALENDAR = "calendar", Policy(Priority.ANSWER, never, about=About.CALENDAR_FILE)

    # Something else.
    CARD_LOST = "card-lost", Policy(Priority.ANSWER, card_is_back, about=About.CARD)
    POLL_UNANSWERED = (
        "poll-unanswered",
        Policy(Priority.REMINDER, poll_is_settled, muted_by=Mutable.POLLS, about=About.POLL),
    )
    ANNOUNCEMENT = (
        "announcement",
        Policy(
            Priority.ANNOUNCEMENT,
            announcement_is_not_for_them,
            muted_by=Mutable.ANNOUNCEMENTS,
            about=About.ANNOUNCEMENT,
            at_most_once=True,
        ),
    )


_BY_NAME = {kind.value: kind for kind in Kind}
AT_MOST_ONCE = tuple(kind for kind in Kind if kind.policy.at_most_once)

# What is held back until the morning must still be of use then: at least this long before the start.
OF_USE = timedelta(hours=1)


def find_kind(stored: str) -> Kind | None:
    """The kind of this name; None when another version of Emerald wrote it."""
    return _BY_NAME.get(stored)


def held_until(priority: int, now: datetime, zone: str, starts_at: datetime | None) -> datetime | None:
    """The morning until which a message is held back, because it can wait until people are up; None to send
    it now.

    Answers and offers never wait, and what is about an instance only if an hour is left then. Aware instants.
    """
    if priority < Priority.QUESTION:
        return None
    morning = end_of_quiet_hours(now, zone)
    if morning is None or (starts_at is not None and morning + OF_USE > starts_at):
        return None
    return morning
