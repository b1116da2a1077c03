"""What new events of the club begin with, in the fields of their form (`S12`)."""

from dataclasses import dataclass, replace

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.response import Redirect

from backend.accounts.rules import Permission
from backend.editing import ChangedMeanwhile
from backend.errors import InvalidForm
from backend.i18n import N_, Words
from backend.series_defaults.actions import defaults_version, edit_series_defaults
from backend.series_defaults.queries import blank_draft
from backend.series_defaults.rules import BLANK
from webapp.dashboard.conflicts import Seen
from webapp.dashboard.responses import notice_of, redirect, render_page
from webapp.dashboard.series_change import LimitsForm, limits_from_draft, new_draft
from webapp.dashboard.series_page import choices, differences
from webapp.dashboard.session import Visit
from webapp.dashboard.urls import SERIES_DEFAULTS
from webapp.forms import Faults, read_form
from webapp.new_event import empty_form
from webapp.respond import AnyRequest
from webapp.series_form import SeriesForm


@dataclass(frozen=True, slots=True)
class Defaults:
    """Both forms of the page, filled."""

    form: SeriesForm
    limits: LimitsForm


@get("/settings/events")
async def index(request: AnyRequest, visit: NamedDependency[Visit]) -> Response[str]:
    """The fields, as new events begin now."""
    visit = await visit.authorize(Permission.MANAGE_EVENTS)
    return await _page(request, visit)


@post("/settings/events", status_code=303)
async def update(request: AnyRequest, visit: NamedDependency[Visit]) -> Response[str] | Redirect:
    """Let new events begin with what was typed; those that exist stay as they are."""
    visit = await visit.authorize(Permission.MANAGE_EVENTS)
    typed = Defaults(await read_form(request, SeriesForm), await read_form(request, LimitsForm))
    # A draft wants a title and a start too, and the page does not ask for them.
    whole = replace(
        typed.form, title="-", zone=BLANK.zone, starts_on="2100-01-01", starts_time="00:00", repeats="once"
    )
    draft, faults = new_draft(whole, typed.limits, BLANK)
    seen = (await read_form(request, Seen)).version
    if faults.by_field:
        return await _page(request, visit, typed, faults=faults, seen=seen, status=422)
    try:
        await edit_series_defaults(visit.person, visit.account.id, draft, seen=seen)
    except ChangedMeanwhile:
        return await _page(request, visit, typed, is_conflict=True, status=409)
    except InvalidForm as refused:
        faults.add(refused)
        return await _page(request, visit, typed, faults=faults, seen=seen, status=422)
    words = Words(N_("Saved. New events begin with this."))
    return redirect(request, visit.url(SERIES_DEFAULTS), notice_of(visit, words))


async def _page(
    request: AnyRequest,
    visit: Visit,
    typed: Defaults | None = None,
    *,
    faults: Faults | None = None,
    seen: str = "",
    is_conflict: bool = False,
    status: int = 200,
) -> Response[str]:
    blank = await blank_draft(visit.account.id)
    stored = Defaults(empty_form(blank), limits_from_draft(blank))
    shown = typed or stored
    return render_page(
        request,
        visit,
        "settings/events.html",
        status=status,
        form=shown.form,
        limits=shown.limits,
        version=seen or defaults_version(blank),
        conflict=differences(visit, stored, shown.form, shown.limits) if is_conflict else [],
        faults=faults.by_field if faults else {},
        **choices(visit, shown.form, shown.limits),
    )
