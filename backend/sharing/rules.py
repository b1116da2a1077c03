"""What anybody may read of an instance that somebody sends on (`C9`)."""

from dataclasses import replace

from backend.bookings.views import InstanceView
from backend.events.drafts import Visibility


def for_any_reader(view: InstanceView) -> InstanceView:
    """An instance as anybody may read of it: without who cancelled it and, if it is for the members in a group, without
    where it is and why it was cancelled."""
    if view.visibility is Visibility.LINK:
        return replace(view, cancelled_by="")
    return replace(view, cancelled_by="", cancel_reason="", place="", map_url="")
