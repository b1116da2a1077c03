"""The table of message kinds: what is true of every message of a kind (`M1`, `M4`, `M5`).

A new kind is one line in `Kind`, and its text in `bot/templates/messages/<kind>.html`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum, StrEnum, auto
from typing import Self

from backend.outbox.staleness import (
    Moments,
    Situation,
    announcement_is_not_for_them,
    card_is_back,
    claim_is_void,
    decision_is_due,
    end_of_poll,
    has_no_seat_then,
    instance_is_off,
    is_cancelled_again,
    is_not_cancelled,
    is_not_waiting,
    is_settled,
    move_is_known,
    never,
    no_moment,
    nothing_to_ask,
    nothing_to_take,
    offer_is_another,
    poll_is_settled,
    seat_is_gone,
    start,
    start_and_deadline,
    start_and_decision,
)
from backend.people.preferences import Mutable
from backend.zones import end_of_quiet_hours


class Priority(IntEnum):
    """Of what is due in one account, the smaller is sent first."""

    ANSWER = 0  # what became of one's seat: confirmations, cancellations, another start
    OFFER = 1  # a seat is held, and the time runs
    QUESTION = 2  # what is about to be decided
    REMINDER = 3  # and being asked for an answer
    ANNOUNCEMENT = 5


class About(StrEnum):
    """What a message is made from."""

    INSTANCE = auto()
    CALENDAR_FILE = auto()  # of an instance
    POLL = auto()
    CARD = auto()
    CLOCKS = auto()  # of a zone, with all that they move
    GROUP = auto()  # that was linked or taken back
    ACCOUNT = auto()  # that is to be closed, or is kept
    ANNOUNCEMENT = auto()


class Choice(StrEnum):
    """What the reader of a message about an instance can do from there, besides opening the instance; who may
    not open it can do NOTHING."""

    NOTHING = auto()
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
    `at_most_once`. Nothing waits past the `moments` that it is about (`M6`).
    """

    priority: Priority
    is_stale: Callable[[Situation], bool]
    choice: Choice = Choice.OPEN
    muted_by: Mutable | None = None
    about: About = About.INSTANCE
    at_most_once: bool = False
    moments: Callable[[Situation], Moments] = start


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
    DEPARTED = "departed", Policy(Priority.ANSWER, instance_is_off, Choice.NOTHING)  # no member any more
    REJOINED = "rejoined", Policy(Priority.ANSWER, instance_is_off)  # their removal was undone
    WAITLISTED = "to-line", Policy(Priority.ANSWER, is_not_waiting, Choice.LEAVE_WAITLIST)  # by an organiser
    REPLACED = "replaced", Policy(Priority.ANSWER, never, Choice.KEEP_SEAT)
    OFFER = "offer", Policy(Priority.OFFER, offer_is_another, Choice.TAKE_OFFER)
    OFFER_EXPIRED = "lapsed", Policy(Priority.OFFER, is_not_waiting, Choice.TAKE_FREE_SEAT)
    FIRST_TAP = "first-tap", Policy(Priority.OFFER, nothing_to_take, Choice.TAKE_FREE_SEAT)
    PART_FREE = "part-free", Policy(Priority.OFFER, nothing_to_take, Choice.TAKE_FREE_SEAT)
    SEAT_CLAIM = "claim", Policy(Priority.ANSWER, claim_is_void, Choice.JOIN)  # to a poll's voters

    # An instance.
    CANCELLED = "cancelled", Policy(Priority.ANSWER, is_not_cancelled, Choice.OPEN_NEXT)
    RESTORED = "restored", Policy(Priority.ANSWER, is_cancelled_again)
    MOVED = "moved", Policy(Priority.ANSWER, move_is_known, Choice.SAY_STILL_COMING)
    MINIMUM = (
        "minimum",  # people are still missing
        Policy(Priority.QUESTION, decision_is_due, moments=start_and_decision),
    )
    DECIDE = "decide", Policy(Priority.QUESTION, is_settled, Choice.DECIDE)  # an organiser: does it run?
    CALLED_OFF = "called-off", Policy(Priority.ANSWER, is_not_cancelled)  # an organiser: by itself
    CONFIRMED = "confirmed", Policy(Priority.ANSWER, instance_is_off)  # it runs
    REMINDER = (
        "reminder",
        Policy(
            Priority.REMINDER,
            has_no_seat_then,
            Choice.GIVE_UP_SEAT,
            Mutable.REMINDERS,
            moments=start_and_deadline,
        ),
    )
    UNANSWERED = (
        "unanswered",
        Policy(
            Priority.REMINDER,
            nothing_to_ask,
            Choice.ANSWER,
            Mutable.NUDGES,
            moments=start_and_deadline,
        ),
    )
    CALENDAR = "calendar", Policy(Priority.ANSWER, never, about=About.CALENDAR_FILE)

    # Something else.
    CARD_LOST = "card-lost", Policy(Priority.ANSWER, card_is_back, about=About.CARD)
    CLOCKS_CHANGED = (
        "clocks-changed",  # to organisers
        Policy(Priority.QUESTION, never, about=About.CLOCKS, moments=no_moment),
    )
    GROUP_LINKED = "group-linked", Policy(Priority.ANSWER, never, about=About.GROUP)  # to organisers
    GROUP_TAKEN_BACK = "group-taken-back", Policy(Priority.ANSWER, never, about=About.GROUP)  # to organisers
    TOPIC_GONE = "topic-gone", Policy(Priority.ANSWER, never, about=About.GROUP)  # to organisers
    ACCOUNT_CLOSING = "account-closing", Policy(Priority.ANSWER, never, about=About.ACCOUNT)  # to organisers
    OWNERSHIP = (
        "ownership",
        Policy(Priority.ANSWER, never, about=About.ACCOUNT),
    )  # to its new and its former owner
    ACCOUNT_KEPT = "account-kept", Policy(Priority.ANSWER, never, about=About.ACCOUNT)  # to organisers
    POLL_UNANSWERED = (
        "poll-unanswered",
        Policy(
            Priority.REMINDER, poll_is_settled, muted_by=Mutable.POLLS, about=About.POLL, moments=end_of_poll
        ),
    )
    ANNOUNCEMENT = (
        "announcement",
        Policy(
            Priority.ANNOUNCEMENT,
            announcement_is_not_for_them,
            muted_by=Mutable.ANNOUNCEMENTS,
            about=About.ANNOUNCEMENT,
            at_most_once=True,
            moments=no_moment,
        ),
    )


_BY_NAME = {kind.value: kind for kind in Kind}
AT_MOST_ONCE = tuple(kind for kind in Kind if kind.policy.at_most_once)

# What is held back until the morning must still be of use then: at least this long before the start.
OF_USE = timedelta(hours=1)


def find_kind(stored: str) -> Kind | None:
    """The kind of this name; None when another version of Emerald wrote it."""
    return _BY_NAME.get(stored)


def held_until(kind: Kind, zone: str, now: Situation) -> datetime | None:
    """The morning in the reader's zone until which a message is held back, because it can wait until people
    are up; None to send it now (`M5`).

    Answers and offers never wait, nor does what changes where or when somebody must be. The others wait only
    if an hour is left then before each moment to come that they are about (`M6`).
    """
    if kind.policy.priority < Priority.QUESTION:
        return None
    morning = end_of_quiet_hours(now.now, zone)
    if morning is None:
        return None
    about = (moment for moment in kind.policy.moments(now) if moment is not None and moment > now.now)
    return None if any(morning + OF_USE > moment for moment in about) else morning
