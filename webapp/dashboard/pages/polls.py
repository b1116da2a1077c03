"""The club's polls: the list, a new one, its results, closing it and reminding people of it (`P1`–`P5`)."""

from collections.abc import Mapping

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from backend.accounts.rules import Permission
from backend.cards.queries import cards_of
from backend.errors import Invalid, InvalidForm
from backend.groups.queries import groups
from backend.i18n import N_, Words
from backend.polls.actions import create_poll
from backend.polls.closing import close_poll
from backend.polls.drafts import OPTION_MAX, OPTIONS_MAX, QUESTION_MAX
from backend.polls.non_voters import non_voter_page, remind_non_voters
from backend.polls.organiser_etags import organiser_poll_etag
from backend.polls.queries import account_polls, poll
from backend.polls.views import PollView
from backend.series_defaults.queries import blank_draft
from webapp.dashboard.access import authorize_poll
from webapp.dashboard.people_lists import PAGE_SIZE, read_list_query
from webapp.dashboard.poll_form import (
    EventForm,
    PollForm,
    clock_change_notes,
    event_details_of,
    first_event_form,
    poll_draft_of,
)
from webapp.dashboard.responses import APP_LINK, etag_for, notice_of, redirect, render_page
from webapp.dashboard.session import Visit
from webapp.dashboard.urls import poll_path
from webapp.forms import read_form
from webapp.freshness import is_fresh, seen_token
from webapp.respond import AnyRequest, not_modified


@get("/polls")
async def index(request: AnyRequest, visit: NamedDependency[Visit]) -> Response[str]:
    """The polls of the club a page at a time, open ones first. `?q=` finds them by their question."""
    visit = await visit.authorize(Permission.MANAGE_POLLS)
    query = read_list_query(request)
    found = await account_polls(
        visit.account.id, visit.person, words=query.words, after=query.after, limit=PAGE_SIZE + 1
    )
    return render_page(
        request,
        visit,
        "polls/index.html",
        polls=found[:PAGE_SIZE],
        query=query,
        following=found[PAGE_SIZE - 1].id if len(found) > PAGE_SIZE else None,
    )


@get("/polls/new")
async def new(request: AnyRequest, visit: NamedDependency[Visit]) -> Response[str]:
    """An empty form, for the club's only group."""
    visit = await visit.authorize(Permission.MANAGE_POLLS)
    linked = await groups(visit.account.id)
    return await _form(request, visit, PollForm(group=str(linked[0].id) if len(linked) == 1 else ""))


@post("/polls", status_code=303)
async def create(request: AnyRequest, visit: NamedDependency[Visit]) -> Response[str] | Redirect:
    """Make a poll and go to its page, where its card can be posted."""
    visit = await visit.authorize(Permission.MANAGE_POLLS)
    form = await read_form(request, PollForm)
    draft, faults = poll_draft_of(form, visit.account.zone)
    if not faults:
        try:
            code = await create_poll(visit.person, visit.account.id, draft)
        except InvalidForm as refusal:
            faults = dict(refusal.faults)
        else:
            words = Words(N_("The poll is ready. Post its card so people can vote in the group."))
            note = clock_change_notes(form, visit.person.voice, visit.account.zone)
            if note:
                words = Words(N_("The poll is ready. %(note)s"), {"note": note})
            return redirect(request, visit.url(poll_path(code)), notice_of(visit, words, "yes"))
    return await _form(request, visit, form, faults=faults, status=422)


@get("/polls/{code:str}")
async def show(
    request: AnyRequest, code: FromPath[str], visit: NamedDependency[Visit], seen: FromQuery[str] = ""
) -> Response[str] | Response[None]:
    """One poll with its results, as far as they may be seen yet."""
    version = await organiser_poll_etag(
        code, visit.account_ids(Permission.MANAGE_POLLS), visit.person.language
    )
    etag = etag_for(visit, version)
    if is_fresh(seen, etag):
        return not_modified()
    return await _page(request, await authorize_poll(visit, code, Permission.MANAGE_POLLS), code, etag=etag)


@post("/polls/{code:str}/closure", status_code=303)
async def destroy(request: AnyRequest, code: FromPath[str], visit: NamedDependency[Visit]) -> Redirect:
    """Close a poll for good."""
    visit = await authorize_poll(visit, code, Permission.MANAGE_POLLS)
    closing = await close_poll(code, visit.person)
    return redirect(request, visit.url(poll_path(code)), notice_of(visit, closing.words))


@post("/polls/{code:str}/date", status_code=303)
async def create_date(
    request: AnyRequest, code: FromPath[str], visit: NamedDependency[Visit]
) -> Response[str] | Redirect:
    """Close a date poll, if it is open, and make the event of the winning date (`P4`)."""
    visit = await authorize_poll(visit, code, Permission.MANAGE_POLLS)
    form = await read_form(request, EventForm)
    details, faults = event_details_of(form)
    if not faults.by_field:
        try:
            closing = await close_poll(code, visit.person, make=details)
        except (Invalid, InvalidForm) as refusal:
            faults.add(refusal)
        else:
            return redirect(request, visit.url(poll_path(code)), notice_of(visit, closing.words, "yes"))
    return await _page(request, visit, code, event_form=form, faults=faults.by_field)


@post("/polls/{code:str}/reminder", status_code=303)
async def create_reminder(
    request: AnyRequest, code: FromPath[str], visit: NamedDependency[Visit]
) -> Redirect:
    """Remind the members who have not voted (`P5`)."""
    visit = await authorize_poll(visit, code, Permission.MANAGE_POLLS)
    result = await remind_non_voters(code, visit.person)
    return redirect(request, visit.url(poll_path(code)), notice_of(visit, result.words))


async def _page(
    request: AnyRequest,
    visit: Visit,
    code: str,
    *,
    etag: str = "",
    event_form: EventForm | None = None,
    faults: Mapping[str, Words] | None = None,
) -> Response[str]:
    """The page of a poll for an authorized visit; it follows changes if it is given the `etag` from before.
    With `faults` it is the answer to a form that was refused."""
    view = await poll(code, visit.person)
    return render_page(
        request,
        visit,
        "polls/show.html",
        status=422 if faults else 200,
        seen=etag and seen_token(etag, visit.person, view.changes_at, {view.zone}),
        view=view,
        cards=await cards_of(poll_id=view.id),
        non_voters=await non_voter_page(view, visit.person, limit=PAGE_SIZE) if view.open else None,
        event_form=event_form or await _first_event_form(view),
        faults=faults or {},
        app_link=f"{APP_LINK}?startapp=p_{view.code}",
    )


async def _first_event_form(view: PollView) -> EventForm:
    return first_event_form(await blank_draft(view.account_id)) if view.can_create_event else EventForm()


async def _form(
    request: AnyRequest,
    visit: Visit,
    form: PollForm,
    *,
    faults: Mapping[str, Words] | None = None,
    status: int = 200,
) -> Response[str]:
    return render_page(
        request,
        visit,
        "polls/new.html",
        status=status,
        form=form,
        faults={("group" if f == "group_id" else f): w for f, w in (faults or {}).items()},
        groups=await groups(visit.account.id),
        question_max=QUESTION_MAX,
        option_max=OPTION_MAX,
        options_max=OPTIONS_MAX,
    )
