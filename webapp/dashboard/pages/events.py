"""One date: who comes, who waits, and what its card is doing (`C6`)."""

from collections.abc import Mapping
from dataclasses import dataclass

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from backend.accounts.queries import Member, members
from backend.accounts.rules import Permission
from backend.bookings.queries import Attendee, attendance, event, next_date
from backend.cards.queries import cards_of
from backend.events.cancel import REASON_MAX
from backend.events.queries import find_instance
from backend.events.rfc5545 import parse_recurrence
from backend.events.rule_description import describe_recurrence
from backend.i18n import Words
from webapp.dashboard import frame
from webapp.dashboard.frame import Notice, unless_seen
from webapp.dashboard.session import Visit
from webapp.respond import AnyRequest
from webapp.rule_sentences import rhythm


@dataclass(frozen=True, slots=True)
class Overbooking:
    """A party that does not fit, which an owner may seat all the same (`B3`)."""

    name: str
    membership_id: int
    guests: int
    over_by: int
    waits: bool


async def of_event(visit: Visit, code: str, act: Permission) -> Visit:
    """The visit to the club of this date, if they may do this there. Raises `NotFound`, `Forbidden`."""
    return await visit.allowed(act, (await find_instance(code)).account_id)


def path_of(code: str) -> str:
    return f"/dashboard/events/{code}"


@get("/events/{code:str}")
async def show(request: AnyRequest, code: FromPath[str], visit: NamedDependency[Visit]) -> Response[str]:
    """The people of a date."""
    visit = await of_event(visit, code, Permission.SEE_PEOPLE)
    return await page_of(request, visit, code)


async def page_of(
    request: AnyRequest,
    visit: Visit,
    code: str,
    *,
    status: int = 200,
    notice: Notice | None = None,
    faults: Mapping[str, Words] | None = None,
    typed: object = None,
    overbooking: Overbooking | None = None,
) -> Response[str]:
    """The page of a date; with `faults` and what was `typed`, as the answer to a form that could not be taken."""
    view = await event(code, visit.person)
    people = await attendance(view.id)
    cards = await cards_of(instance_id=view.id)
    unchanged, mark = unless_seen(request, view, view.phase, people, cards, visit.club)
    if unchanged:
        return unchanged
    return frame.show(
        request,
        visit,
        "events/show.html",
        status=status,
        notice=notice,
        mark=mark,
        view=view,
        following=await next_date(view, visit.person),
        rhythm=rhythm(visit.voice, describe_recurrence(parse_recurrence(view.rule), view.starts_local)),
        seated=[one for one in people if one.seats],
        line=[one for one in people if one.wanted and not one.seats],
        others=[one for one in people if not one.seats and not one.wanted],
        waiting_seats=sum(one.waiting for one in people),
        cards=cards,
        to_add=await _to_add(visit, people),
        faults=faults or {},
        typed=typed,
        overbooking=overbooking,
        reason_max=REASON_MAX,
        app_link=f"https://t.me/{frame.BOT_APP}?startapp=e_{view.code}",
    )


async def _to_add(visit: Visit, people: list[Attendee]) -> list[Member]:
    """Members who are neither in nor in line, by name, for who may add them."""
    if not visit.club.has_permission(Permission.MANAGE_BOOKINGS):
        return []
    there = {one.membership_id for one in people if one.seats or one.wanted}
    found = [member for member in await members(visit.club) if member.id not in there]
    return sorted(found, key=lambda member: member.name.casefold())
