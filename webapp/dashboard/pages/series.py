"""Series: the list, the form with its preview, and drifted instances (`S1`, `S4`)."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from backend.accounts.rules import Permission
from backend.bookings.queries.lists import drifted_instances, series_instances
from backend.errors import InvalidForm, NotFound
from backend.events.create import create_series
from backend.events.drafts import SeriesDraft, Visibility
from backend.events.edit import edit_series
from backend.events.queries import SeriesView, all_series, series_by_id
from backend.groups.queries import groups
from backend.i18n import N_, Words
from backend.recurrence.calendar_entry import CalendarEntry
from backend.recurrence.faults import InvalidRecurrence
from backend.recurrence.rfc5545 import parse_recurrence
from backend.recurrence.rule_description import describe_recurrence
from backend.recurrence.timing import UNBOUNDED, changed_bounds
from backend.zones import zone_names
from webapp import series_preview
from webapp.calendar_paste import fill_form, has_pasted_entry, left_parts, taken_parts
from webapp.dashboard.followed import own_rows, saved_notice
from webapp.dashboard.lead_times import ANNOUNCE, CLOSES, LEAVE, OPENS, lead_time_choices
from webapp.dashboard.responses import notice_of, redirect, render_page
from webapp.dashboard.session import Visit
from webapp.dashboard.urls import event_path, series_path
from webapp.forms import Faults, read_form
from webapp.respond import AnyRequest, page
from webapp.rule_sentences import recurrence_label_of, weekday_names
from webapp.series_form import SeriesForm, draft_from_form, form_from_draft, zone_of_new_event

# The fields that the preview needs; others may still be empty.
_TIMING = ("starts_local", "zone", "rule", "until", "count", "interval", "duration_minutes")


@get("/series")
async def index(request: AnyRequest, visit: NamedDependency[Visit]) -> Response[str]:
    """All series of the club."""
    visit = await visit.authorize(Permission.MANAGE_EVENTS)
    found = await all_series(visit.account.id)
    voice = visit.voice
    rhythms = {
        one.id: recurrence_label_of(
            voice, describe_recurrence(parse_recurrence(one.draft.rule), one.draft.starts_local)
        )
        for one in found
    }
    return render_page(request, visit, "series/index.html", all_series=found, rhythms=rhythms)


@get("/series/new")
async def new(request: AnyRequest, visit: NamedDependency[Visit]) -> Response[str]:
    """An empty form, for its only group."""
    visit = await visit.authorize(Permission.MANAGE_EVENTS)
    linked = await groups(visit.account.id)
    form = SeriesForm(
        zone=zone_of_new_event(visit.account, visit.person),
        group=str(linked[0].id) if len(linked) == 1 else "",
        visibility=Visibility.GROUP if linked else Visibility.LINK,
    )
    return await _form(request, visit, form)


@post("/series", status_code=303)
async def create(request: AnyRequest, visit: NamedDependency[Visit]) -> Response[str] | Redirect:
    """Make a series and go to its first instance, where its card can be posted."""
    visit = await visit.authorize(Permission.MANAGE_EVENTS)
    form = await read_form(request, SeriesForm)
    if has_pasted_entry(form):
        return await _fill(request, visit, form)
    draft, faults = draft_from_form(form)
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
    return await _form(request, visit, form, faults=faults, status=422)


@get("/series/{series_id:int}")
async def edit(request: AnyRequest, series_id: FromPath[int], visit: NamedDependency[Visit]) -> Response[str]:
    """The series as a form, with the instances that no longer fit its rule."""
    visit, view = await _found(visit, series_id)
    return await _form(request, visit, form_from_draft(view.draft), view=view)


@post("/series/{series_id:int}", status_code=303)
async def update(
    request: AnyRequest, series_id: FromPath[int], visit: NamedDependency[Visit]
) -> Response[str] | Redirect:
    """Change the whole series; instances that have bookings and no longer fit are listed (`S4`)."""
    visit, view = await _found(visit, series_id)
    form = await read_form(request, SeriesForm)
    if has_pasted_entry(form):
        return await _fill(request, visit, form, view=view)
    draft, faults = draft_from_form(form, view.draft)
    if not faults.by_field:
        try:
            await edit_series(visit.person, visit.account.id, series_id, draft)
        except InvalidForm as refused:
            faults.add(refused)
        else:
            notice = await saved_notice(visit, series_id)
            return redirect(request, visit.url(series_path(series_id)), notice)
    return await _form(request, visit, form, view=view, faults=faults, status=422)


@post("/series/preview", status_code=200)
async def show(
    request: AnyRequest, visit: NamedDependency[Visit], series: FromQuery[int] = 0
) -> Response[str]:
    """The rule in words and the next dates, while the form of a new or a stored series is being filled in;
    nothing is saved."""
    view = None
    if series:
        visit, view = await _found(visit, series)
    else:
        visit = await visit.authorize(Permission.MANAGE_EVENTS)
    form = await read_form(request, SeriesForm)
    draft, faults = draft_from_form(form, view.draft if view else None)
    return page(
        "dashboard/series/_preview.html",
        visit.voice,
        view=view,
        **_preview(visit, form, draft, faults, view),
    )


async def _found(visit: Visit, series_id: int) -> tuple[Visit, SeriesView]:
    """The series, and the visit to whichever of their clubs has it (`A1`)."""
    for account in visit.accounts:
        view = await series_by_id(account.id, series_id)
        if view is not None:
            return await visit.authorize(Permission.MANAGE_EVENTS, account.id), view
    raise NotFound()


async def _fill(
    request: AnyRequest, visit: Visit, form: SeriesForm, *, view: SeriesView | None = None
) -> Response[str]:
    """The form filled from the calendar entry that was pasted into it; nothing is saved."""
    try:
        filled = fill_form(form)
    except InvalidRecurrence as bad:
        faults = Faults()
        faults.add(bad)
        return await _form(request, visit, form, view=view, faults=faults, status=422)
    return await _form(request, visit, filled.form, view=view, entry=filled.entry)


async def _form(
    request: AnyRequest,
    visit: Visit,
    form: SeriesForm,
    *,
    view: SeriesView | None = None,
    faults: Faults | None = None,
    entry: CalendarEntry | None = None,
    status: int = 200,
) -> Response[str]:
    draft, found = draft_from_form(form, view.draft if view else None)
    shown = _preview(visit, form, draft, found, view)
    return render_page(
        request,
        visit,
        "series/form.html",
        status=status,
        view=view,
        faults=_beside(faults.by_field) if faults else {},
        taken=taken_parts(visit.voice, entry) if entry else "",
        left=left_parts(visit.voice, entry) if entry else [],
        groups=await groups(visit.account.id),
        zones=sorted(zone_names()),
        usual_intervals=[str(n) for n in range(1, 13)],
        opens=lead_time_choices(visit.voice, OPENS, form.opens_before_minutes),
        closes=lead_time_choices(visit.voice, CLOSES, form.closes_before_minutes),
        leave=lead_time_choices(visit.voice, LEAVE, form.cancel_before_minutes),
        announce=lead_time_choices(visit.voice, ANNOUNCE, form.announce_before_minutes),
        weekdays=list(
            zip(
                ("MO", "TU", "WE", "TH", "FR", "SA", "SU"),
                weekday_names(visit.voice, "abbreviated"),
                strict=True,
            )
        ),
        own=await own_rows(visit.voice, view) if view else [],
        drifted=await drifted_instances(view.account_id, view.id) if view else [],
        dates=await series_instances(view.id, visit.person, limit=60) if view else [],
        **shown,
    )


def _beside(faults: Mapping[str, Words]) -> dict[str, Words]:
    """The faults under the form's names of the fields."""
    return {"group" if field == "group_id" else field: words for field, words in faults.items()}


def _preview(
    visit: Visit, form: SeriesForm, draft: SeriesDraft, faults: Faults, view: SeriesView | None
) -> dict[str, Any]:
    wrong = [words for field, words in faults.by_field.items() if field in _TIMING]
    untouched = not form.starts_on and not form.starts_time
    good = None
    if not wrong:
        good = series_preview.preview(
            visit.voice,
            draft,
            can_leave_out=form.repeats not in ("own", "once"),
            bounds=changed_bounds(replace(view.draft.timing, bounds=view.part), draft.timing)
            if view
            else UNBOUNDED,
        )
    pasted = has_pasted_entry(form)
    return {
        "preview": good,
        "preview_faults": [] if untouched or pasted else wrong,
        "pasted": pasted,
        "form": form,
    }
