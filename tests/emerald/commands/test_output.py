"""What scripts read of commands' `--json`: the names are those of version 0.3.0, whatever the code calls a
field now."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from backend.accounts.actions import NewAccount
from backend.announcements.queries import Announcement, Audience, Progress
from backend.bookings.absences import Absence
from backend.bookings.attendance import CheckedIn
from backend.bookings.queries.people import Attendee
from backend.bookings.reminders import UnansweredMember
from backend.bookings.views import InstanceView, OwnBooking
from backend.cards.queries import CardView
from backend.events.create import NewSeries
from backend.events.drafts import SeriesDraft
from backend.events.queries import SeriesView
from backend.events.reschedule import MoveResponses
from backend.outbox.parked import ParkedMessage
from backend.polls.closing import ClosingResult
from backend.polls.event_creation import CreatedEvent
from backend.polls.non_voters import NonVoter, ReminderResult
from backend.polls.views import OptionView, PollView
from backend.recurrence.timing import SeriesBounds
from backend.seats.promotion import PromotionWindows
from backend.seats.windows import Windows
from emerald.commands.output import printed_names, to_json

RELEASED = {
    SeriesView: (
        "id account_id draft group_title dates_ahead next_start part follows_id paused_at archived_at drifted"
    ),
    SeriesDraft: (
        "title zone starts_local emoji description place map_url duration_minutes rule capacity"
        " guests_max opens_before_minutes closes_before_minutes cancel_before_minutes"
        " announce_before_minutes fill_gaps group_id topic_id visibility offers_before_minutes"
        " offer_minutes first_tap_before_minutes min_to_run decide_before_minutes decide_by_itself"
        " warn_before_minutes remind_before_minutes remind_unanswered"
    ),
    SeriesBounds: "since before",
    NewSeries: "series_id first_code",
    ParkedMessage: "id kind name title error created_at",
    Progress: "announcement delivered failed blocked perhaps waiting skipped unreachable",
    Announcement: "id account_id club zone text maintenance to_members state due_at created_at ended_at",
    Audience: "groups members unreachable unwanted",
    MoveResponses: "stay left silent",
    InstanceView: (
        "id code account_id series_id club club_language title emoji description place map_url zone rule"
        " starts_local starts_at ends_at original_start state cancel_reason cancelled_by windows"
        " guests_max fill_gaps visibility group_id topic_id capacity over booked offered waiting version"
        " role mine releasing called_at claim_until clockwork sequence edited moved_from drifted"
        " min_to_run decides_at decide_by_itself decided_at list_closed_at came claims regular"
        " usual_place"
    ),
    Windows: "opens_at closes_at cancel_until",
    OwnBooking: (
        "answer seats waiting offered place offer_until replacing asked_to_stay checked_in lapsed"
        " promoted_at came absence queued_at guest_names"
    ),
    PromotionWindows: "zone starts_at offers_from first_tap_from offer_life",
    CheckedIn: "membership_id name came seats already",
    Absence: "id membership_id name code title zone starts_at kind seats pardoned",
    UnansweredMember: "membership_id user_id name reachable",
    NonVoter: "membership_id user_id name reachable",
    ReminderResult: "kind reminded words",
    PollView: (
        "id code account_id club club_language zone question kind choices_max anonymous results"
        " closes_at closed_at group_id topic_id voters electors version options role voted visible open"
        " reminded_at"
    ),
    OptionView: (
        "id position text votes votes_max full mine voters starts_at answer if_need_be against"
        " voters_if_need_be voters_against made"
    ),
    ClosingResult: "kind words made",
    CreatedEvent: "code starts_at claim_until",
    NewAccount: "account_id name key",
    CardView: (
        "id account_id instance_id poll_id group_id group_title group_health topic_id state error"
        " created_at posted_at link title trouble lost_at"
    ),
    Attendee: (
        "membership_id user_id first_name last_name answer seats waiting place answered_at queued_at"
        " offered offer_until reachable guest_names"
    ),
}


@pytest.mark.parametrize("kind", RELEASED, ids=lambda kind: kind.__name__)
def test_the_names_of_what_is_printed_stay(kind: type) -> None:
    assert set(RELEASED[kind].split()) <= set(printed_names(kind).values())


def test_a_renamed_field_is_printed_under_its_released_name() -> None:
    windows = PromotionWindows(
        zone="Europe/Helsinki",
        starts_at=datetime(2027, 3, 1, 16, tzinfo=UTC),
        offers_from=datetime(2027, 2, 28, 16, tzinfo=UTC),
        first_tap_from=datetime(2027, 3, 1, 14, tzinfo=UTC),
        offer_duration=timedelta(minutes=30),
    )
    printed = json.loads(to_json([windows]))
    assert printed == [
        {
            "zone": "Europe/Helsinki",
            "starts_at": "2027-03-01 16:00:00+00:00",
            "offers_from": "2027-02-28 16:00:00+00:00",
            "first_tap_from": "2027-03-01 14:00:00+00:00",
            "offer_life": "0:30:00",
        }
    ]


def test_a_field_that_is_not_for_scripts_is_not_printed() -> None:
    assert not {"now", "availability"} & set(printed_names(InstanceView).values())
