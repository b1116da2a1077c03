"""The screen of one instance: several pages answer with it."""

from collections.abc import Sequence

from litestar import Response

from backend.bookings import etags
from backend.bookings.actions import admit_to_event
from backend.bookings.queries import event as event_queries
from backend.bookings.queries import people as people_queries
from backend.bookings.views import InstanceView
from backend.events.drafts import Visibility
from backend.i18n import N_, Words
from backend.people.queries import Person
from backend.polls.queries import related_polls
from backend.polls.views import RelatedPoll
from backend.rule_sentences import recurrence_label
from backend.seats.requests import GUEST_NAME_MAX, Outcome
from backend.seats.state import InstanceState
from webapp.freshness import etag_of, seen_token
from webapp.ical_files import file_url
from webapp.miniapp.labels import (
    app_link,
    attendee_summary,
    public_link,
    reader_local_time,
    share_link,
    waitlist_excerpt,
)
from webapp.miniapp.responses import screen
from webapp.notices import Undo

WAITLIST_MAX = 200  # of a line, read; a dozen are shown
CONFIRMED = frozenset(
    {"booked", "waiting"}
)  # outcomes answered with a confirmation that then loads the screen


async def event_screen(
    view: InstanceView,
    person: Person,
    *,
    etag: str = "",
    outcome: str = "",
    message: Words | None = None,
    undo: Undo | None = None,
) -> Response[str]:
    """The screen of one instance; after a change with its outcome and the allocator's message.

    The `etag` must have been read before the view. Without one the screen is sent again when it first asks
    for changes.
    """
    waits = view.mine is not None and view.mine.waiting and view.state == InstanceState.SCHEDULED
    dead_end = view.phase in ("cancelled", "ended", "closed")
    people = await people_queries.attendees_for(view)
    following = await event_queries.next_instance(view, person) if dead_end else None
    named, unnamed = attendee_summary(people, person)
    return screen(
        "events/show.html",
        person,
        outcome=outcome,
        message=message,
        undo=undo,
        view=view,
        rhythm=recurrence_label(person.voice, view.rule, view.starts_local),
        people=people,
        named=named,
        unnamed=unnamed,
        name_max=GUEST_NAME_MAX,
        next_party=await people_queries.next_in_line(view),
        polls=await _polls_about(view, person),
        waitlist=waitlist_excerpt(await people_queries.waitlist(view.id, limit=WAITLIST_MAX), person)
        if waits
        else [],
        next=following,
        reader_time=reader_local_time(view.starts_at, view.zone, person.voice),
        city=person.voice.city(person.zone) if person.zone else "",
        calendar=file_url(view.code, person),
        share=share_link(_shared_url(view), view.title),
        seen=seen_of_instances(etag, person, [view, following] if following else [view]),
    )


async def event_screen_after(code: str, person: Person, outcome: Outcome) -> Response[str]:
    """The screen of an instance with what the allocator has just answered."""
    etag = await admitted_event_etag(code, person)
    view = await event_queries.event(code, person)
    return await event_screen(
        view,
        person,
        etag=etag,
        outcome=outcome.kind,
        message=outcome.words,
        undo=undo_leaving(view, person, outcome),
    )


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


async def _polls_about(view: InstanceView, person: Person) -> list[RelatedPoll]:
    """The polls shown with an instance; once it is over or cancelled only the poll it was made from.

    They are as they were when the screen was rendered: an instance does not follow every vote of its group.
    """
    group_id = view.group_id if view.phase in ("not-open", "open", "closed") else None
    return await related_polls(view.account_id, view.id, person, group_id=group_id, topic_id=view.topic_id)


def _shared_url(view: InstanceView) -> str:
    """What a person shares: the public page where there is one (`A5`), else the link into the Mini App."""
    return public_link(view.code) if view.visibility is Visibility.LINK else app_link(f"e_{view.code}")
