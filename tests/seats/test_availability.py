"""What is free for each party, sentence by sentence (`W6`); that every view shows it is tested in `tests/bookings`."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from backend import clock
from backend.seats.availability import (
    NO_ROOM,
    Room,
    free_seats,
    replaceable_seats,
    room,
    up_for_grabs,
)
from backend.seats.promotion import Stage
from tests.views import START, instance_view, own_booking, promotion


@pytest.fixture(autouse=True)
def the_day_before() -> Iterator[None]:
    with clock.stopped(START - timedelta(days=1)):
        yield


ANYBODY = {"has_claim": True, "must_wait": False, "is_behind_waitlist": False}


def test_a_held_seat_is_not_free() -> None:
    assert free_seats(3, booked=1, offered=2) == 0
    assert free_seats(3, booked=4, offered=0) == 0


def test_nobody_takes_a_seat_over_while_more_are_given_than_there_are() -> None:
    """W4, B6."""
    assert replaceable_seats(2, booked=3, offered=0, releasing=1) == 0
    assert replaceable_seats(2, booked=2, offered=0, releasing=1) == 1


@pytest.mark.parametrize("stage", Stage)
def test_a_party_without_a_claim_has_no_room_while_claims_hold(stage: Stage) -> None:
    """P4."""
    assert room(stage, 3, 1, **{**ANYBODY, "has_claim": False}) == NO_ROOM


def test_newcomers_never_overtake() -> None:
    """B4, W3: the windows decide whether the waitlist or the first tap comes first."""
    waits = {**ANYBODY, "must_wait": True}
    assert room(Stage.AUTOMATIC, 2, 1, **waits) == NO_ROOM
    assert room(Stage.OFFER, 2, 1, **waits) == Room(0, 1)
    assert room(Stage.FIRST_TAP, 2, 1, **waits) == Room(2, 1)
    assert room(Stage.FIRST_TAP, 2, 1, **{**ANYBODY, "is_behind_waitlist": True}) == NO_ROOM


def test_what_whoever_taps_first_has() -> None:
    """W3, B6: far from the start seats that others wait for move by themselves."""
    assert up_for_grabs(Stage.AUTOMATIC, free=0, replaceable=1, waiting=0) == 1
    assert up_for_grabs(Stage.AUTOMATIC, free=0, replaceable=1, waiting=2) == 0
    assert up_for_grabs(Stage.FIRST_TAP, free=1, replaceable=1, waiting=2) == 2
    assert up_for_grabs(Stage.FIRST_TAP, free=1, replaceable=0, waiting=0) == 0


def test_the_screen_offers_no_seat_that_is_one_too_many() -> None:
    """W6: with two seats, three booked and one of them looking for a replacement, a newcomer waits in line."""
    view = instance_view(capacity=2, booked=3, over=1, releasing=1)
    assert (view.up_for_grabs, view.joins_waitlist, view.free) == (0, True, 0)


def test_the_head_of_the_line_may_take_a_part() -> None:
    """W1: one free seat, a party of two first in line, another behind it."""
    far = {"booked": 11, "promotion": promotion(START, offers=60, first_tap=30)}
    first = instance_view(**far, waiting=2, mine=own_booking(seats=0, waiting=2, place=1))
    assert first.takeable == 1
    second = instance_view(**far, waiting=2, mine=own_booking(seats=0, waiting=1, place=2))
    assert (second.takeable, second.up_for_grabs) == (0, 0)


def test_there_is_room_for_all_without_a_capacity() -> None:
    view = instance_view(capacity=None, booked=400)
    assert (view.free, view.joins_waitlist, view.up_for_grabs) == (None, False, 0)


def test_no_party_is_offered_more_guests_than_there_are_seats() -> None:
    """B1, W6: of two seats one is the member's; guests who are in already stay."""
    assert instance_view(capacity=2, guests_max=5).guest_limit == 1
    assert instance_view(capacity=1, guests_max=5).guest_limit == 0
    assert instance_view(capacity=None, guests_max=5).guest_limit == 5
    assert (
        instance_view(capacity=2, booked=4, over=2, guests_max=5, mine=own_booking(seats=4)).guest_limit == 3
    )
