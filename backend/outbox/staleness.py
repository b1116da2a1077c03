"""When a message would say what is no longer true. Such a message is dropped: a later one says what is, or
its reader knows already. Each kind of the table names one of these predicates."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """What a message is about, and how its reader stands to that, at the aware instant `now`.

    What it is not about is None, "", 0 or False.
    """

    now: datetime
    detail: Mapping[str, object]  # what the action that wrote the message recorded

    instance_state: str
    starts_at: datetime | None
    is_over: bool  # the instance has ended
    free_to_leave_until: datetime | None
    decides_at: datetime | None  # when it is decided whether the instance runs (S7); None without a minimum
    is_decided: bool  # that the instance runs although few come (S7)
    missing: int  # people it needs besides those who come
    seat_available: bool  # some seat is free, or its holder looks for a replacement

    answer: str  # the reader's: in, maybe, declined, left; "" is none
    seats: int
    waiting: int  # seats the reader waits for
    offer_until: datetime | None  # of the offer they have, while its time is not up
    is_member: bool
    to_group: bool  # the reader is a group

    announcement_stopped: bool
    poll_closes_at: datetime | None
    poll_settled: bool  # they have answered it, or nobody can any more
    card_lost: bool

    def number(self, name: str) -> int:
        """A number of the detail; 0 without one."""
        found = self.detail.get(name)
        return found if isinstance(found, int) else 0

    def instant(self, name: str) -> datetime | None:
        """An instant of the detail; None without one."""
        found = self.detail.get(name)
        return datetime.fromisoformat(str(found)) if found else None


def never(_: Situation) -> bool:
    """It says what was true when it was written, and that stays true."""
    return False


def instance_is_off(now: Situation) -> bool:
    """The instance is over, or does not take place."""
    return now.is_over or now.instance_state != "SCHEDULED"


def seat_is_gone(now: Situation) -> bool:
    return instance_is_off(now) or not now.seats


def is_not_cancelled(now: Situation) -> bool:
    return now.is_over or now.instance_state != "CANCELLED"


def is_cancelled_again(now: Situation) -> bool:
    return now.is_over or now.instance_state == "CANCELLED"


def is_settled(now: Situation) -> bool:
    """Nobody need wonder any more whether the instance runs (`S7`)."""
    return instance_is_off(now) or now.is_decided or not now.missing


def decision_is_due(now: Situation) -> bool:
    """It is decided whether the instance runs, or that is decided now: nobody is warned any more (`M6`)."""
    return is_settled(now) or (now.decides_at is not None and now.decides_at <= now.now)


def start_is_another(now: Situation) -> bool:
    """The instance has begun, or was moved or cancelled since."""
    return (
        now.instance_state != "SCHEDULED"
        or now.starts_at is None
        or now.starts_at <= now.now
        or now.starts_at.timestamp() != now.detail.get("starts_at")
    )


def has_no_seat_then(now: Situation) -> bool:
    """They have no seat at the start that they would be reminded of (`M4`)."""
    return start_is_another(now) or not now.seats


def nothing_to_ask(now: Situation) -> bool:
    """They have answered or left the account, or the instance cannot be left for free any more (`P5`)."""
    late = now.free_to_leave_until is not None and now.now >= now.free_to_leave_until
    return start_is_another(now) or now.answer != "" or not now.is_member or late


def move_is_known(now: Situation) -> bool:
    """Whoever was asked whether they still come, and has left since, knows of the move (`S6`)."""
    return instance_is_off(now) or bool(now.detail.get("asked") and not now.seats)


def claim_is_void(now: Situation) -> bool:
    """It is used, or its time is up."""
    until = now.instant("until")
    return instance_is_off(now) or bool(now.seats) or (until is not None and until <= now.now)


def offer_is_another(now: Situation) -> bool:
    """The offer is taken, declined or expired; a later one has a message of its own."""
    return instance_is_off(now) or now.offer_until is None or now.instant("until") != now.offer_until


def is_not_waiting(now: Situation) -> bool:
    return instance_is_off(now) or not now.waiting


def nothing_to_take(now: Situation) -> bool:
    return is_not_waiting(now) or not now.seat_available


def poll_is_settled(now: Situation) -> bool:
    return now.poll_settled


def card_is_back(now: Situation) -> bool:
    return now.is_over or not now.card_lost


def announcement_is_not_for_them(now: Situation) -> bool:
    """It was stopped, or they have left the account."""
    return now.announcement_stopped or not (now.is_member or now.to_group)


# --- the moments that a message is about, after which it is of no use (`M6`) ---

Moments = tuple[datetime | None, ...]


def no_moment(_: Situation) -> Moments:
    return ()


def start(now: Situation) -> Moments:
    return (now.starts_at,)


def start_and_deadline(now: Situation) -> Moments:
    return now.starts_at, now.free_to_leave_until


def start_and_decision(now: Situation) -> Moments:
    return now.starts_at, now.free_to_leave_until, now.decides_at


def end_of_poll(now: Situation) -> Moments:
    return (now.poll_closes_at,)
