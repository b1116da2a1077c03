"""Which fields of a new series a club has its own first values for; pure (`S12`)."""

from datetime import datetime

from backend.events.drafts import SeriesDraft

FIELDS = (
    "duration_minutes",
    "capacity",
    "guests_max",
    "opens_before_minutes",
    "closes_before_minutes",
    "cancel_before_minutes",
    "announce_before_minutes",
    "fill_gaps",
    "offers_before_minutes",
    "offer_minutes",
    "first_tap_before_minutes",
    "min_to_run",
    "decide_before_minutes",
    "decide_by_itself",
    "warn_before_minutes",
    "remind_before_minutes",
    "remind_unanswered",
)
# A new series before anything is said of it, in a club that has said nothing either.
BLANK = SeriesDraft(title="", zone="UTC", starts_local=datetime(2100, 1, 1))  # noqa: DTZ001
