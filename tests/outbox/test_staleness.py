"""Messages that would say what is no longer true are not sent (`M1`)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from backend.outbox.kinds import Kind
from backend.outbox.staleness import Situation

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
START = NOW + timedelta(days=3)
UNTIL = NOW + timedelta(minutes=30)

# Alice has a seat and waits for a second one; some seat is free; two people are missing.
USUAL = Situation(
    now=NOW,
    detail={"starts_at": START.timestamp(), "until": UNTIL.isoformat()},
    instance_state="SCHEDULED",
    starts_at=START,
    is_over=False,
    free_to_leave_until=START,
    decides_at=START - timedelta(days=1),
    is_decided=False,
    missing=2,
    seat_available=True,
    answer="in",
    seats=1,
    waiting=1,
    offer_until=UNTIL,
    is_member=True,
    to_group=False,
    announcement_stopped=False,
    poll_closes_at=None,
    poll_settled=False,
    card_lost=True,
)
CANCELLED = {"instance_state": "CANCELLED"}
# What must differ for a message to be true.
TRUE: dict[Kind, dict[str, Any]] = {
    Kind.CANCELLED: CANCELLED,
    Kind.CALLED_OFF: CANCELLED,
    Kind.SEAT_CLAIM: {"seats": 0},
    Kind.UNANSWERED: {"answer": "", "seats": 0, "waiting": 0},
}
# What makes it stale, besides.
STALE: list[tuple[Kind, dict[str, Any]]] = [
    (Kind.PROMOTED, {"seats": 0}),
    (Kind.PROMOTED, CANCELLED),
    (Kind.SEATED, {"is_over": True}),
    (Kind.TRANSFERRED, {"seats": 0}),
    (Kind.DEPARTED, CANCELLED),
    (Kind.REJOINED, CANCELLED),
    (Kind.WAITLISTED, {"waiting": 0}),
    (Kind.OFFER, {"offer_until": None}),
    (Kind.OFFER, {"offer_until": UNTIL + timedelta(minutes=30)}),
    (Kind.OFFER, CANCELLED),
    (Kind.OFFER_EXPIRED, {"waiting": 0}),
    (Kind.FIRST_TAP, {"waiting": 0}),
    (Kind.FIRST_TAP, {"seat_available": False}),
    (Kind.PART_FREE, {"waiting": 0}),
    (Kind.PART_FREE, {"seat_available": False}),
    (Kind.SEAT_CLAIM, {"seats": 1}),
    (Kind.SEAT_CLAIM, {"now": UNTIL}),
    (Kind.CANCELLED, {"instance_state": "SCHEDULED"}),
    (Kind.CANCELLED, {"is_over": True}),
    (Kind.CALLED_OFF, {"instance_state": "SCHEDULED"}),
    (Kind.MINIMUM, {"now": START - timedelta(days=1)}),  # it is decided now (M6)
    (Kind.RESTORED, CANCELLED),
    (Kind.MOVED, {"detail": {"asked": True}, "seats": 0}),
    (Kind.MOVED, CANCELLED),
    (Kind.MINIMUM, {"missing": 0}),
    (Kind.MINIMUM, {"is_decided": True}),
    (Kind.DECIDE, {"is_decided": True}),
    (Kind.CONFIRMED, CANCELLED),
    (Kind.REMINDER, {"seats": 0}),
    (Kind.REMINDER, {"starts_at": START + timedelta(hours=1)}),
    (Kind.REMINDER, {"now": START}),
    (Kind.UNANSWERED, {"answer": "maybe"}),
    (Kind.UNANSWERED, {"is_member": False}),
    (Kind.UNANSWERED, {"free_to_leave_until": NOW}),
    (Kind.POLL_UNANSWERED, {"poll_settled": True}),
    (Kind.CARD_LOST, {"card_lost": False}),
    (Kind.ANNOUNCEMENT, {"announcement_stopped": True}),
    (Kind.ANNOUNCEMENT, {"is_member": False}),
]
ALWAYS_TRUE = {
    Kind.REMOVED,
    Kind.REPLACED,
    Kind.CALENDAR,
    Kind.CLOCKS_CHANGED,
    Kind.GROUP_LINKED,
    Kind.GROUP_TAKEN_BACK,
    Kind.TOPIC_GONE,
    Kind.ACCOUNT_CLOSING,
    Kind.ACCOUNT_KEPT,
    Kind.OWNERSHIP,
}


@pytest.mark.parametrize("kind", Kind)
def test_what_is_true_is_sent(kind: Kind) -> None:
    assert not kind.policy.is_stale(replace(USUAL, **TRUE.get(kind, {})))


@pytest.mark.parametrize(("kind", "change"), STALE)
def test_what_is_no_longer_true_is_stale(kind: Kind, change: dict[str, Any]) -> None:
    assert kind.policy.is_stale(replace(USUAL, **{**TRUE.get(kind, {}), **change}))


def test_every_kind_is_stale_at_some_time_or_always_true() -> None:
    assert {kind for kind, _ in STALE} | ALWAYS_TRUE == set(Kind)


def test_an_announcement_to_a_group_has_no_member_to_lose() -> None:
    assert not Kind.ANNOUNCEMENT.policy.is_stale(replace(USUAL, is_member=False, to_group=True))


def test_a_party_that_was_not_asked_is_notified_of_a_move_without_a_seat() -> None:
    """`S6`"""
    assert not Kind.MOVED.policy.is_stale(replace(USUAL, detail={"asked": False}, seats=0))
