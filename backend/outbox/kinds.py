"""The table of message kinds: how soon each is sent, who may mute it, and whether it may be repeated (`M1`, `M4`, `M5`)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum, StrEnum
from typing import Self

from backend.people.preferences import Mutable
from backend.zones import end_of_quiet_hours


class Priority(IntEnum):
    """Of what is due in one account, the smaller is sent first."""

    ANSWER = 0  # what became of one's seat: confirmations, cancellations
    OFFER = 1  # a seat is held, and the time runs
    QUESTION = 2  # still coming on the other day? what organisers must decide
    REMINDER = 3  # and being asked for an answer
    ANNOUNCEMENT = 5


@dataclass(frozen=True, slots=True)
class Policy:
    """What is true of every message of a kind. Without `muted_by` nobody can do without it (`M5`).

    After a crash or an unreadable answer a message may have arrived: it is sent again, unless it goes out `at_most_once`.
    """

    priority: Priority
    muted_by: Mutable | None = None
    at_most_once: bool = False


class Kind(StrEnum):
    """Every kind of message, as the database stores it. `bot/templates/letters/<kind>.html` has its text."""

    policy: Policy

    def __new__(cls, stored: str, policy: Policy) -> Self:
        kind = str.__new__(cls, stored)
        kind._value_ = stored
        kind.policy = policy
        return kind

    # About one's own seat.
    PROMOTED = "promoted", Policy(Priority.ANSWER)  # from the waitlist to a seat
    SEATED = "seated", Policy(Priority.ANSWER)  # by an organiser
    BROUGHT = "brought", Policy(Priority.ANSWER)  # by an organiser, with guests
    REMOVED = "removed", Policy(Priority.ANSWER)
    WAITLISTED = "to-line", Policy(Priority.ANSWER)  # by an organiser
    REPLACED = "replaced", Policy(Priority.ANSWER)  # whoever looked for a replacement has one
    OFFER = "offer", Policy(Priority.OFFER)
    OFFER_EXPIRED = "lapsed", Policy(Priority.OFFER)
    FIRST_TAP = "first-tap", Policy(Priority.OFFER)  # in the last hours whoever taps first takes it
    CLAIM = "claim", Policy(Priority.ANSWER)  # the date their poll asked for was made

    # About an instance.
    CANCELLED = "cancelled", Policy(Priority.ANSWER)
    RESTORED = "restored", Policy(Priority.ANSWER)
    CONFIRMED = "confirmed", Policy(Priority.ANSWER)  # enough people came together
    MOVED = "moved", Policy(Priority.QUESTION)
    MINIMUM = "minimum", Policy(Priority.QUESTION)  # people are still missing
    DECIDE = "decide", Policy(Priority.QUESTION)  # an organiser must say whether it runs
    REMINDER = "reminder", Policy(Priority.REMINDER, muted_by=Mutable.REMINDERS)
    UNANSWERED = "unanswered", Policy(Priority.REMINDER, muted_by=Mutable.NUDGES)
    CALENDAR = "calendar", Policy(Priority.ANSWER)  # the instance as a file

    # About something else.
    POLL_UNANSWERED = "poll-unanswered", Policy(Priority.REMINDER, muted_by=Mutable.POLLS)
    CARD_LOST = "card-lost", Policy(Priority.ANSWER)
    ANNOUNCEMENT = (
        "announcement",
        Policy(Priority.ANNOUNCEMENT, muted_by=Mutable.ANNOUNCEMENTS, at_most_once=True),
    )


_BY_NAME = {kind.value: kind for kind in Kind}
AT_MOST_ONCE = tuple(kind for kind in Kind if kind.policy.at_most_once)

# What is held back until the morning must still be of use then: at least this long before the start.
OF_USE = timedelta(hours=1)


def find_kind(stored: str) -> Kind | None:
    """The kind of this name; None when another version of Emerald wrote it."""
    return _BY_NAME.get(stored)


def held_until(priority: int, now: datetime, zone: str, starts_at: datetime | None) -> datetime | None:
    """The morning until which a message is held back, because it can wait until people are up; None to send it now.

    Answers and offers never wait, and what is about an instance only if an hour is left then. Aware instants.
    """
    if priority < Priority.QUESTION:
        return None
    morning = end_of_quiet_hours(now, zone)
    if morning is None or (starts_at is not None and morning + OF_USE > starts_at):
        return None
    return morning
