"""Series: the list, the form with its preview and consequences, and drifted instances (`S1`, `S4`)."""

from dataclasses import replace

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from backend.accounts.rules import Permission
from backend.bookings.queries.event import event
from backend.editing import ChangedMeanwhile
from backend.errors import InvalidForm, NotFound, Refusal
from backend.events.create import create_series
from backend.events.drafts import SeriesDraft, Visibility
from backend.events.queries import all_series, series_by_id
from backend.groups.queries import groups
from backend.i18n import N_, Words
from backend.recurrence.faults import InvalidRecurrence
from backend.recurrence.rfc5545 import parse_recurrence
from backend.recurrence.rule_description import describe_recurrence
from backend.rule_sentences import recurrence_label_of
from backend.series_defaults.queries import blank_draft
from backend.series_defaults.rules import BLANK
from webapp.calendar_paste import fill_form, has_pasted_entry
from webapp.computing import compute
from webapp.dashboard.access import find_series
from webapp.dashboard.followed import saved_notice
from webapp.dashboard.responses import notice_of, redirect, render_page
from webapp.dashboard.series_change import (
    Change,
    LimitsForm,
    Opened,
    Scope,
    ScopeForm,
    limits_from_draft,
    new_draft,
    read_change,
)
from webapp.dashboard.series_page import beside, differences, preview_of, render_form
from webapp.dashboard.session import Visit
from webapp.dashboard.urls import event_path, series_path
from webapp.dashboard.what_if import WhatIf, what_if
from webapp.forms import Faults, read_form
from webapp.new_event import empty_form, zone_of_new_event
from webapp.respond import AnyRequest, page
from webapp.series_form import SeriesForm


@get("/series")
async def index(request: AnyRequest, visit: NamedDependency[Visit]) -> Response[str]:
    """All series of the club; with `?archived=1` those that were archived."""
    visit = await visit.authorize(Permission.MANAGE_EVENTS)
    archived = request.query_params.get("archived") == "1"
    found = await all_series(visit.account.id, archived=archived)
    voice = visit.voice
    rhythms = {
        one.id: recurrence_label_of(
            voice, describe_recurrence(parse_recurrence(one.draft.rule), one.draft.starts_local)
        )
        for one in found
    }
    return render_page(
        request, visit, "series/index.html", all_series=found, rhythms=rhythms, archived=archived
    )


@get("/series/new")
async def new(request: AnyRequest, visit: NamedDependency[Visit]) -> Response[str]:
    """An empty form, for its only group."""
    visit = await visit.authorize(Permission.MANAGE_EVENTS)
    linked, blank = await groups(visit.account.id), await blank_draft(visit.account.id)
    form = replace(
        empty_form(blank),
        zone=zone_of_new_event(visit.account, visit.person),
        group=str(linked[0].id) if len(linked) == 1 else "",
        visibility=Visibility.GROUP if linked else Visibility.LINK,
    )
    return await render_form(request, visit, form, limits_from_draft(blank))


@post("/series", status_code=303)
async def create(request: AnyRequest, visit: NamedDependency[Visit]) -> Response[str] | Redirect:
    """Make a series and go to its first instance, where its card can be posted."""
    visit = await visit.authorize(Permission.MANAGE_EVENTS)
    blank = await blank_draft(visit.account.id)
    form, limits = await read_form(request, SeriesForm), await _limits(request, blank=blank)
    if has_pasted_entry(form):
        return await _fill(request, visit, form, limits)
    draft, faults = await compute(new_draft, form, limits, blank)
    if not faults.by_field:
        try:
            made = await create_series(visit.person, visit.account.id, draft)
        except InvalidForm as refused:
            faults.add(refused)
        else:
            view = await series_by_id(visit.account.id, made.series_id)
            words = Words(
                N_("Done: %(n)s date can be booked."),
                {},
                N_("Done: %(n)s dates can be booked."),
                view.dates_ahead if view else 1,
            )
            return redirect(request, visit.url(event_path(made.first_code)), notice_of(visit, words, "yes"))
    return await render_form(request, visit, form, limits, faults=faults, status=422)


@get("/series/{series_id:int}")
async def edit(
    request: AnyRequest,
    series_id: FromPath[int],
    visit: NamedDependency[Visit],
    date: FromQuery[str] = "",
) -> Response[str]:
    """The series as a form, with the instances that no longer fit its rule; opened from one of its dates by `?date=`."""
    visit, opened = await _opened(visit, series_id, date)
    scope = Scope.ONLY if opened.date else Scope.ALL
    return await render_form(request, visit, opened.form, opened.limits, opened=opened, scope=scope)


@post("/series/{series_id:int}", status_code=303)
async def update(
    request: AnyRequest, series_id: FromPath[int], visit: NamedDependency[Visit]
) -> Response[str] | Redirect:
    """Change one date, those from it on, or the whole series; instances that have bookings and no longer fit are listed
    (`S4`). Where somebody has changed meanwhile what the form showed, both versions are shown first."""
    asked = await read_form(request, ScopeForm)
    visit, opened = await _opened(visit, series_id, asked.date)
    form, limits = await read_form(request, SeriesForm), await _limits(request, opened)
    if has_pasted_entry(form):
        return await _fill(request, visit, form, limits, opened=opened, scope=asked.scope)
    # What was typed shows only against what the form showed. The act compares again, under its lock.
    if asked.version and opened.versions != {"version": asked.version, "date_version": asked.date_version}:
        return await _conflict(request, visit, series_id, asked, form, limits)
    change = await compute(read_change, visit.person, opened, form, limits, asked)
    faults = change.faults
    if not faults.by_field:
        try:
            saved_id = await change.act()
        except ChangedMeanwhile:
            return await _conflict(request, visit, series_id, asked, form, limits)
        except InvalidForm as refused:
            faults.add(refused)
        except Refusal as refused:
            if not refused.field:
                raise
            faults.add(refused)
        else:
            if opened.date and asked.scope == Scope.ONLY:
                notice = notice_of(visit, Words(N_("Saved. The other dates are as they were.")))
                return redirect(request, visit.url(event_path(opened.date.code)), notice)
            return redirect(request, visit.url(series_path(saved_id)), await saved_notice(visit, saved_id))
    marked = WhatIf(refusal=InvalidForm([]))
    return await render_form(
        request,
        visit,
        form,
        limits,
        opened=opened,
        scope=asked.scope,
        shown=marked,
        faults=faults,
        status=422,
    )


@post("/series/preview", status_code=200)
async def show(
    request: AnyRequest, visit: NamedDependency[Visit], series: FromQuery[int] = 0
) -> Response[str]:
    """The rule in words and the next dates, while the form of a new or a stored series is being filled in;
    nothing is saved."""
    opened, asked = None, await read_form(request, ScopeForm)
    if series:
        visit, opened = await _opened(visit, series, asked.date)
    else:
        visit = await visit.authorize(Permission.MANAGE_EVENTS)
    form, limits = await read_form(request, SeriesForm), await _limits(request, opened)
    return page(
        "dashboard/series/_preview.html",
        visit.voice,
        view=opened.view if opened else None,
        **await compute(preview_of, visit, form, limits, opened, asked.scope),
    )


@post("/series/{series_id:int}/consequences", status_code=200)
async def compare(
    request: AnyRequest, series_id: FromPath[int], visit: NamedDependency[Visit]
) -> Response[str]:
    """What saving the form would do, while it is being filled in; nothing is saved."""
    asked = await read_form(request, ScopeForm)
    visit, opened = await _opened(visit, series_id, asked.date)
    form, limits = await read_form(request, SeriesForm), await _limits(request, opened)
    unversioned = replace(asked, version="", date_version="")
    change = await compute(read_change, visit.person, opened, form, limits, unversioned)
    shown = WhatIf(refusal=InvalidForm([]))
    if not has_pasted_entry(form):
        shown = await _consequences(visit, opened, change, asked.scope)
    return page(
        "dashboard/series/_what_if_panel.html",
        visit.voice,
        view=opened.view,
        what_if=shown,
        scope=asked.scope,
        faults=beside(change.faults.by_field),
    )


async def _conflict(
    request: AnyRequest,
    visit: Visit,
    series_id: int,
    asked: ScopeForm,
    form: SeriesForm,
    limits: LimitsForm,
) -> Response[str]:
    """Both versions, and what one's own would do to what is there now."""
    visit, opened = await _opened(visit, series_id, asked.date)
    current = replace(asked, **opened.versions)
    change = await compute(read_change, visit.person, opened, form, limits, current)
    return await render_form(
        request,
        visit,
        form,
        limits,
        opened=opened,
        scope=asked.scope,
        shown=await _consequences(visit, opened, change, asked.scope),
        conflict=differences(visit, opened, form, limits),
        status=409,
    )


async def _consequences(visit: Visit, opened: Opened, change: Change, scope: str) -> WhatIf:
    if change.faults.by_field:
        return WhatIf(refusal=InvalidForm([]))
    is_whole = opened.date is None or scope != Scope.ONLY
    return await what_if(visit, change.act, opened.view.id, is_whole=is_whole)


async def _opened(visit: Visit, series_id: int, code: str) -> tuple[Visit, Opened]:
    """The series as its form shows it; a date that it has no more, or that has begun, is left out."""
    visit, view = await find_series(visit, series_id)
    if not code:
        return visit, Opened(view)
    date = await event(code, visit.person)
    if date.account_id != view.account_id:
        raise NotFound()
    if date.series_id != view.id:  # it was split meanwhile
        visit, view = await find_series(visit, date.series_id)
    can_change = date.phase not in ("ended", "cancelled") and date.starts_at > date.now
    return visit, Opened(view, date if can_change else None)


async def _limits(
    request: AnyRequest, opened: Opened | None = None, blank: SeriesDraft = BLANK
) -> LimitsForm:
    """What was typed of the other fields; what was not asked for stays as it is, or as in `blank`."""
    limits = await read_form(request, LimitsForm)
    if limits.limits:
        return limits
    return opened.limits if opened else limits_from_draft(blank)


async def _fill(
    request: AnyRequest,
    visit: Visit,
    form: SeriesForm,
    limits: LimitsForm,
    *,
    opened: Opened | None = None,
    scope: str = Scope.ALL,
) -> Response[str]:
    """The form filled from the calendar entry that was pasted into it; nothing is saved."""
    try:
        filled = await compute(fill_form, form)
    except InvalidRecurrence as bad:
        faults = Faults()
        faults.add(bad)
        return await render_form(
            request, visit, form, limits, opened=opened, scope=scope, faults=faults, status=422
        )
    return await render_form(
        request, visit, filled.form, limits, opened=opened, scope=scope, entry=filled.entry
    )
