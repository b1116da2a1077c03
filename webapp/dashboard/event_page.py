"""The page of one instance: who comes, who waits, and what its card is doing (`C6`)."""

from collections.abc import Mapping

from litestar import Response

from backend.accounts.queries import Member, members
from backend.accounts.rules import Permission
from backend.alphabets import sort_key
from backend.bookings.queries.event import event, next_instance
from backend.bookings.queries.people import Attendee, attendance
from backend.cards.queries import cards_of
from backend.events.cancel import REASON_MAX
from backend.events.rfc5545 import parse_recurrence
from backend.events.rule_description import describe_recurrence
from backend.i18n import Words
from webapp.dashboard.responses import APP_LINK, render_page
from webapp.dashboard.session import Visit
from webapp.freshness import seen_token
from webapp.notices import Notice, Overbooking
from webapp.respond import AnyRequest
from webapp.rule_sentences import recurrence_label_of


async def render_event_page(
    request: AnyRequest,
    visit: Visit,
    code: str,
    *,
    etag: str = "",
    status: int = 200,
    notice: Notice | None = None,
    faults: Mapping[str, Words] | None = None,
    typed: object = None,
    overbooking: Overbooking | None = None,
) -> Response[str]:
    """The page for an authorized visit; it follows changes if it is given the `etag` from before. As the
    answer to a form that was refused it has its `faults` and what was `typed`, or the question whether an
    owner goes over the capacity."""
    view = await event(code, visit.person)
    people = await attendance(view.id)
    cards = await cards_of(instance_id=view.id)
    following = await next_instance(view, visit.person)
    changes_at = [*view.changes_at, following.starts_at] if following else view.changes_at
    return render_page(
        request,
        visit,
        "events/show.html",
        status=status,
        notice=notice,
        seen=etag and seen_token(etag, visit.person, changes_at, {view.zone, visit.club.zone}),
        view=view,
        following=following,
        rhythm=recurrence_label_of(
            visit.voice, describe_recurrence(parse_recurrence(view.rule), view.starts_local)
        ),
        seated=[attendee for attendee in people if attendee.seats],
        waitlist=[attendee for attendee in people if attendee.wanted and not attendee.seats],
        others=[attendee for attendee in people if not attendee.seats and not attendee.wanted],
        waiting_seats=sum(attendee.waiting for attendee in people),
        cards=cards,
        members_to_add=await _members_to_add(visit, people),
        faults=faults or {},
        typed=typed,
        overbooking=overbooking,
        reason_max=REASON_MAX,
        app_link=f"{APP_LINK}?startapp=e_{view.code}",
    )


async def _members_to_add(visit: Visit, people: list[Attendee]) -> list[Member]:
    """Members who are neither seated nor waiting, by name; nobody for visitors who may not add them."""
    if not visit.has_permission(Permission.MANAGE_BOOKINGS):
        return []
    present = {attendee.membership_id for attendee in people if attendee.seats or attendee.wanted}
    absent = [member for member in await members(visit.club) if member.id not in present]
    return sorted(absent, key=lambda member: sort_key(member.name, visit.person.language))
