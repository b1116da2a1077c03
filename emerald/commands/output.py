"""What commands print as JSON. Scripts read it, so its names stay as they were released, whatever the code
calls a field."""

import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from backend.announcements.queries import Announcement
from backend.bookings.views import InstanceView, OwnBooking
from backend.polls.views import PollView
from backend.seats.promotion import PromotionWindows

# By class: the released name of a field that has another name now, "" for a field that is not printed.
RELEASED_NAMES: Mapping[type, Mapping[str, str]] = {
    Announcement: {"account_name": "club"},
    InstanceView: {
        "account_name": "club",
        "account_language": "club_language",
        "account_zone": "club_zone",
        "now": "",
        "availability": "",
        "promotion": "clockwork",
        "notified_at": "called_at",
        "is_edited": "edited",
        "is_drifted": "drifted",
        "has_claim": "claims",
        "is_regular": "regular",
    },
    OwnBooking: {
        "held": "",
        "is_releasing": "replacing",
        "needs_move_answer": "asked_to_stay",
        "was_skipped": "lapsed",
    },
    PollView: {"account_name": "club", "account_language": "club_language"},
    PromotionWindows: {"offer_duration": "offer_life"},
}


def to_json(result: Any) -> str:
    """The result on one line; moments as ISO 8601 with a space for the T."""
    return json.dumps(to_plain(result), ensure_ascii=False, default=str)


def to_plain(result: Any) -> Any:
    """The result as dictionaries and lists."""
    if is_dataclass(result) and not isinstance(result, type):
        return {name: to_plain(getattr(result, field)) for field, name in printed_names(type(result)).items()}
    if isinstance(result, Mapping):
        return {key: to_plain(value) for key, value in result.items()}
    if isinstance(result, (list, tuple)):
        return [to_plain(one) for one in result]
    return result


def printed_names(kind: type) -> dict[str, str]:
    """The names under which a dataclass's fields are printed, by field."""
    renamed = RELEASED_NAMES.get(kind, {})
    names = {field.name: renamed.get(field.name, field.name) for field in fields(kind)}
    return {field: name for field, name in names.items() if name}
