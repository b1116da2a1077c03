"""The screen of an instance, rendered once for all who see the same (decision 0031).

After a booking most people see the same but for a few values of their own. So it is rendered with a hole for each of those,
and kept under all that it shows otherwise: the versions of what is everybody's, the reader's own standing, their language and
zone, the people and polls that are named, and the minute.
"""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from markupsafe import escape

from backend import failpoints
from backend.people.queries import Person
from backend.screens.queries import Event
from webapp.metrics import EVENT_SCREENS, EVENT_SCREENS_BYTES
from webapp.miniapp.html_cache import HtmlCache, Key, new_cache

# What is the reader's alone: the colour and the initials of their face, their calendar file, and what the screen has seen.
# Nobody can write the text of a hole into a title.
OWN = ("own_hue", "own_initials", "calendar", "seen")
_HOLES = {name: f"\ue000{secrets.token_hex(8)}" for name in OWN}


@dataclass(frozen=True, slots=True)
class KeptEvent:
    """A screen with holes, and the instant at which the clock alone may change it."""

    html: str
    changes_at: datetime


EVENTS: HtmlCache[KeptEvent] = new_cache()


def event_html(
    key: Key | None,
    own: Mapping[str, str],
    changes_at: datetime,
    now: datetime,
    draw: Callable[[Mapping[str, str]], str],
) -> str:
    """The screen that `draw` makes with these values of the reader's own; kept under the key, if there is one."""
    if key is None:
        return draw(own)
    kept = EVENTS.find(key, now)
    if kept is None:
        kept = KeptEvent(draw(_HOLES), changes_at)
        EVENTS.keep(key, kept)
        EVENT_SCREENS_BYTES.set(EVENTS.bytes)
        EVENT_SCREENS.labels("rendered").inc()
    else:
        EVENT_SCREENS.labels("kept").inc()
    html = kept.html
    for name, value in own.items():
        html = html.replace(_HOLES[name], escape(value))
    return html


def event_key(found: Event, person: Person, outcome: str, summary: tuple[str, int]) -> Key:
    """All that the screen of a date to come shows of somebody who neither waits nor has an offer, but for their own values."""
    view = found.view
    shared = (
        view.id,
        found.everybody,
        outcome,
        person.language,
        person.zone,
        person.reachable,
        summary,
        tuple((one.user_id or one.membership_id, one.name) for one in found.people.comers),
        tuple(found.polls),
        0 if failpoints.on("kept.no-clock") else int(view.now.timestamp() // 60),
    )
    if failpoints.on("kept.shared"):
        return shared
    # When they were seated shows only in what they may still undo, and whether leaving counts.
    mine = view.mine and replace(view.mine, queued_at=None, seated_at=None, promoted_at=None)
    leaving = view.undo_until, view.can_leave_freely, view.counts_as_late
    return (*shared, mine, leaving, view.availability, view.role, view.has_claim, view.is_regular)
