"""Instances as readers see them, made of plain values: for tests of what is drawn from a view, without a database."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from backend import clock
from backend.bookings.views import InstanceView, OwnBooking
from backend.events.drafts import Visibility
from backend.seats.availability import Availability
from backend.seats.eligibility import availability_of
from backend.seats.promotion import PromotionWindows
from backend.seats.requests import Answer
from backend.seats.state import InstanceFacts, InstanceState, Party, SeatState
from backend.seats.windows import Windows

START = datetime(2026, 11, 24, 16, 0, tzinfo=UTC)
READER = 1


def promotion(
    starts_at: datetime = START, offers: int = 24 * 60, first_tap: int = 2 * 60
) -> PromotionWindows:
    return PromotionWindows.around(
        starts_at, "Europe/Helsinki", offers_before=offers, offer_minutes=30, first_tap_before=first_tap
    )


def instance_view(**fields: Any) -> InstanceView:
    """Evening flow yoga, Tuesday at 18:00 in Helsinki, nine of twelve seats taken, seen at this moment; `fields` differ.

    Other parties in line are for one seat each: the reader's place tells how many of them are ahead.
    """
    starts_at = fields.get("starts_at", START)
    given: dict[str, Any] = {
        "now": clock.now(),
        "id": 1,
        "code": "abcdefghjk",
        "account_id": 1,
        "series_id": 1,
        "account_name": "Kallio Yoga",
        "account_language": "en",
        "account_zone": "Europe/Helsinki",
        "title": "Evening flow yoga",
        "emoji": "🧘",
        "description": "",
        "place": "Kallion kulttuuritalo, sali 2",
        "map_url": "",
        "zone": "Europe/Helsinki",
        "rule": "",
        "starts_local": starts_at.replace(tzinfo=None),
        "starts_at": starts_at,
        "ends_at": starts_at + timedelta(minutes=75),
        "original_start": starts_at,
        "state": InstanceState.SCHEDULED,
        "cancel_reason": "",
        "cancelled_by": "",
        "windows": Windows.around(starts_at, None, 0, None),
        "promotion": promotion(starts_at),
        "guests_max": 2,
        "fill_gaps": False,
        "visibility": Visibility.GROUP,
        "group_id": 1,
        "topic_id": None,
        "capacity": 12,
        "over": 0,
        "booked": 9,
        "offered": 0,
        "waiting": 0,
        "releasing": 0,
        "notified_at": None,
        "version": 1,
        "availability": Availability(None, 0),
        **fields,
    }
    view = InstanceView(**given)
    return with_availability(view)


def own_booking(**fields: Any) -> OwnBooking:
    """A seat of the reader's own; `fields` differ. What is held of it follows from the moment of the view."""
    given: dict[str, Any] = {
        "answer": Answer.IN,
        "seats": 1,
        "waiting": 0,
        "offered": 0,
        "held": 0,
        "place": None,
        **fields,
    }
    return OwnBooking(**given)


def at_this_moment(view: InstanceView) -> InstanceView:
    """The same view, seen now."""
    return with_availability(replace(view, now=clock.now()))


def with_availability(view: InstanceView) -> InstanceView:
    """The view with what the allocator would give its reader, by its own counters and the parties they imply."""
    state = SeatState(
        InstanceFacts(
            instance_id=view.id,
            account_id=view.account_id,
            title=view.title,
            zone=view.zone,
            state=view.state,
            cancel_reason=view.cancel_reason,
            starts_at=view.starts_at,
            ends_at=view.ends_at,
            windows=view.windows,
            promotion=view.promotion,
            guests_max=view.guests_max,
            fill_gaps=view.fill_gaps,
            claim_until=view.claim_until,
        ),
        view.now,
        view.capacity,
        view.over,
        view.booked,
        view.offered,
        view.waiting,
        datetime.fromtimestamp(0, UTC),
        releasing=view.releasing,
        notified_at=view.notified_at,
    )
    # A reader who is not known is anybody who may book.
    reader = Party(READER, READER, has_claim=view.has_claim or view.role is None)
    place = 1
    if mine := view.mine:
        reader.seats, reader.waiting, reader.offered = mine.seats, mine.waiting, mine.offered
        reader.booking_id, place = READER, mine.place or 1
        reader.queued_at = mine.queued_at or view.now - timedelta(days=1)
        reader.ahead = place - 1
    others = view.waiting - bool(reader.waiting)
    for nth in range(others):
        is_ahead = not reader.waiting or nth < place - 1
        queued_at = (reader.queued_at or view.now - timedelta(days=1)) + timedelta(
            minutes=nth - others if is_ahead else nth + 1
        )
        state.add_party(Party(100 + nth, 100 + nth, waiting=1, booking_id=100 + nth, queued_at=queued_at))
    state.add_party(reader)
    if mine := view.mine:
        is_live = mine.offer_until is not None and view.now < mine.offer_until
        view = replace(view, mine=replace(mine, held=mine.offered if is_live else 0))
    return replace(view, availability=availability_of(state, reader))
