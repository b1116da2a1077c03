"""The screen of one instance: several pages answer with it."""

from collections.abc import Mapping, Sequence

from litestar import Response

from backend.bookings import etags
from backend.bookings.actions import admit_to_event
from backend.bookings.queries import event as event_queries
from backend.bookings.queries import people as people_queries
from backend.bookings.views import HUES, InstanceView
from backend.errors import NotFound
from backend.events.drafts import Visibility
from backend.i18n import N_, Words
from backend.people.queries import Person
from backend.rule_sentences import recurrence_label
from backend.screens.queries import Event, event
from backend.seats.requests import GUEST_NAME_MAX, Outcome
from backend.seats.state import InstanceState
from webapp.freshness import etag_of, is_fresh, next_change, seen_token, token
from webapp.ical_files import file_url
from webapp.miniapp.kept_events import event_html, event_key
from webapp.miniapp.labels import (
    app_link,
    attendee_summary,
    public_link,
    reader_local_time,
    share_link,
    waitlist_excerpt,
)
from webapp.miniapp.responses import ScreenResponse, render_if_capacity
from webapp.notices import Undo
from webapp.rendering import initials, render
from webapp.respond import html_response, not_modified

CONFIRMED = frozenset(
    {"booked", "waiting"}
)  # outcomes answered with a confirmation that then loads the screen


async def event_screen(
    found: Event,
    person: Person,
    *,
    outcome: str = "",
    message: Words | None = None,
    undo: Undo | None = None,
) -> Response[str]:
    """The screen of one instance; after a change with its outcome and the allocator's message."""
    view = found.view
    named, unnamed = summary = attendee_summary(found.people, person)
    waits = view.mine is not None and view.mine.waiting and view.state == InstanceState.SCHEDULED
    held = view.mine is not None and view.mine.offered
    dead_end = view.phase in ("cancelled", "ended", "closed")
    following = await event_queries.next_instance(view, person) if dead_end else None
    waitlist = await people_queries.waitlist_around(view.id, person) if waits else []
    next_party = await people_queries.next_in_line(view)

    def draw(own: Mapping[str, str]) -> str:
        return render(
            "miniapp/events/show.html",
            person.voice,
            person=person,
            outcome=outcome,
            message=message,
            undo=undo,
            view=view,
            rhythm=recurrence_label(person.voice, view.rule, view.starts_local),
            people=found.people,
            named=named,
            unnamed=unnamed,
            name_max=GUEST_NAME_MAX,
            next_party=next_party,
            polls=found.polls,
            waitlist=waitlist_excerpt(waitlist, person),
            next=following,
            reader_time=reader_local_time(view.starts_at, view.zone, person.voice),
            city=person.voice.city(person.zone) if person.zone else "",
            share=share_link(_shared_url(view), view.title),
            **own,
        )

    views = [view, following] if following else [view]
    changes_at = next_change(
        person, (moment for one in views for moment in one.changes_at), {one.zone for one in views}
    )
    own = {
        "own_hue": str(person.id % HUES),
        "own_initials": initials(person.full_name),
        "calendar": file_url(view.code, person),
        "seen": token(found.version and etag_of(found.version, person), changes_at),
    }
    is_shared = not (message or undo or waits or held or dead_end)
    key = event_key(found, person, outcome, summary) if is_shared else None
    return html_response(event_html(key, own, changes_at, view.now, draw))


async def event_screen_for(code: str, person: Person, *, seen: str = "", outcome: str = "") -> ScreenResponse:
    """The screen of an instance, after an outcome or none; 204 when `seen` is fresh. Raises `NotFound`."""
    if seen and is_fresh(seen, await event_etag(code, person)):
        return not_modified()

    async def render() -> Response[str]:
        return await event_screen(await _admitted_event(code, person), person, outcome=outcome)

    return await render_if_capacity(seen, render())


async def event_screen_after(code: str, person: Person, outcome: Outcome) -> Response[str]:
    """The screen of an instance with what the allocator has just answered."""
    found = await _admitted_event(code, person)
    undo = undo_leaving(found.view, person, outcome)
    return await event_screen(found, person, outcome=outcome.kind, message=outcome.words, undo=undo)


async def _admitted_event(code: str, person: Person) -> Event:
    """The instance; a person who is in the group of its series becomes a member first (`A4`). Raises `NotFound`."""
    try:
        return await event(code, person)
    except NotFound:
        await admit_to_event(code, person)
        return await event(code, person)


async def event_etag(code: str, person: Person) -> str:
    """The etag of an instance's screen; "" for a person who is no member of its club."""
    version = await etags.event_etag(code, person)
    return version and etag_of(version, person)


async def admitted_event_etag(code: str, person: Person) -> str:
    """The same; a person who is in the group of the series becomes a member first (`A4`). Raises
    `NotFound`."""
    etag = await event_etag(code, person)
    if not etag:
        await admit_to_event(code, person)
        etag = await event_etag(code, person)
    return etag


def seen_of_instances(etag: str, person: Person, views: Sequence[InstanceView]) -> str:
    """What a screen of these instances sends back when it asks whether it is still fresh."""
    changes_at = (moment for view in views for moment in view.changes_at)
    return seen_token(etag, person, changes_at, {view.zone for view in views})


def undo_leaving(view: InstanceView, person: Person, outcome: Outcome) -> Undo | None:
    """The way back for a person who has just left: the same party books again. None when others would come
    first."""
    if not outcome.given_back or view.phase != "open":
        return None
    if not view.availability.seats_party(outcome.given_back):
        return None
    fields = {"guests": str(outcome.given_back - 1), "name": outcome.names}
    return Undo(f"/app/events/{view.code}/return", person.voice.gettext(N_("Undo")), fields)


def _shared_url(view: InstanceView) -> str:
    """What a person shares: the public page where there is one (`A5`), else the link into the Mini App."""
    return public_link(view.code) if view.visibility is Visibility.LINK else app_link(f"e_{view.code}")
