"""The page of one instance: who comes, who waits, and what its card is doing (`C6`)."""

from collections.abc import Mapping

from litestar import Response

from backend.bookings.queries.event import event, next_instance
from backend.bookings.roster import RosterKind, RosterPage, roster, roster_counts, unlisted_members
from backend.bookings.views import InstanceView
from backend.cards.queries import cards_of
from backend.events.cancel import REASON_MAX
from backend.events.reschedule import MoveResponses, move_responses_of
from backend.i18n import Words
from backend.recurrence.rfc5545 import parse_recurrence
from backend.recurrence.rule_description import describe_recurrence
from backend.rule_sentences import recurrence_label_of
from webapp.dashboard.people_lists import PAGE_SIZE, SEARCHED, ListQuery, read_list_query
from webapp.dashboard.responses import APP_LINK, render_page
from webapp.dashboard.session import Visit
from webapp.dashboard.urls import event_path
from webapp.freshness import seen_token
from webapp.notices import Notice, Overbooking
from webapp.respond import AnyRequest

# The lists of the page, as its address names them.
LISTS = {"in": RosterKind.SEATED, "line": RosterKind.WITHOUT_SEAT, "others": RosterKind.OTHERS}
SHOWN_AT_LEAST = 5  # people of each list, however long the others are
TO_ADD = 20  # members that are suggested at once


def event_list_query(request: AnyRequest) -> ListQuery:
    """Which part of the lists of an instance a request is about."""
    return read_list_query(request, LISTS)


def event_url(request: AnyRequest, visit: Visit, code: str) -> str:
    """The page of an instance, with the part of its lists that the request is about."""
    return visit.url(f"{event_path(code)}{event_list_query(request)}")


async def members_to_add(visit: Visit, instance_id: int, words: str) -> RosterPage:
    """The first members who are neither seated nor waiting, by name."""
    return await unlisted_members(
        instance_id, visit.account.id, words=words, limit=TO_ADD, language=visit.person.language
    )


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
    who: str | None = None,
) -> Response[str]:
    """The page for an authorized visit; it follows changes if it is given the `etag` from before. As the
    answer to a form that was refused it has its `faults` and what was `typed`, or the question whether an
    owner goes over the capacity, or the members that are found by `who`."""
    view = await event(code, visit.person)
    query, counts = event_list_query(request), await roster_counts(view.id, archived=view.is_archived)
    cards = await cards_of(instance_id=view.id)
    following = await next_instance(view, visit.person)
    changes_at = [*view.changes_at, following.starts_at] if following else view.changes_at
    return render_page(
        request,
        visit,
        "events/show.html",
        status=status,
        notice=notice,
        seen=etag and seen_token(etag, visit.person, changes_at, {view.zone, visit.account.zone}),
        view=view,
        following=following,
        rhythm=recurrence_label_of(
            visit.voice, describe_recurrence(parse_recurrence(view.rule), view.starts_local)
        ),
        lists=await _lists(view, query),
        open_list=_open_list(query),
        counts=counts,
        query=query,
        is_searched=query.words or counts.parties + counts.waiting + counts.others > SEARCHED,
        cards=cards,
        moved=await _move_responses(view),
        who=who or "",
        to_add=None if who is None else await members_to_add(visit, view.id, who),
        faults=faults or {},
        typed=typed,
        overbooking=overbooking,
        reason_max=REASON_MAX,
        app_link=f"{APP_LINK}?startapp=e_{view.code}",
    )


def _open_list(query: ListQuery) -> str:
    return query.show or next(iter(LISTS))


async def _move_responses(view: InstanceView) -> MoveResponses | None:
    """Who still comes after a move, as long as that matters (`S6`)."""
    if view.moved_from is None or view.phase in ("ended", "cancelled"):
        return None
    responses = await move_responses_of(view.id)
    return responses if responses.asked else None


async def _lists(view: InstanceView, query: ListQuery) -> dict[str, RosterPage]:
    """A page of the list that is shown at length, and of each other one the beginning, as long as together they are no
    more than a page."""

    async def page(kind: RosterKind, after: int | None, limit: int) -> RosterPage:
        return await roster(
            view.id, kind, words=query.words, after=after, limit=limit, archived=view.is_archived
        )

    shown = _open_list(query)
    pages = {shown: await page(LISTS[shown], query.after, PAGE_SIZE)}
    for name, kind in LISTS.items():
        if name != shown:
            left = PAGE_SIZE - sum(len(page.entries) for page in pages.values())
            pages[name] = await page(kind, None, max(left, SHOWN_AT_LEAST))
    return pages
