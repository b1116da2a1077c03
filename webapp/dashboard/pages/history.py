"""How long the club keeps who took part in its past dates (`A13`)."""

from collections.abc import Mapping
from dataclasses import dataclass

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.response import Redirect

from backend.accounts.history import YEARS, choose_history, history_of
from backend.accounts.rules import Permission
from backend.editing import ChangedMeanwhile
from backend.errors import Invalid
from backend.i18n import N_, Words
from backend.reports.history import older_dates
from webapp.dashboard.conflicts import Seen
from webapp.dashboard.responses import notice_of, redirect, render_page
from webapp.dashboard.session import Visit
from webapp.dashboard.urls import HISTORY
from webapp.forms import Faults, read_form
from webapp.respond import AnyRequest

FOR_EVER = "ever"


@dataclass(frozen=True, slots=True)
class HistoryForm:
    """A number of years, or `FOR_EVER`."""

    years: str = ""


@get("/settings/history")
async def index(request: AnyRequest, visit: NamedDependency[Visit]) -> Response[str]:
    """The choices, each with what it would delete now."""
    visit = await visit.authorize(Permission.MANAGE_OWNERS)
    return await _page(request, visit, request.query_params.get("years", ""))


@post("/settings/history", status_code=303)
async def update(request: AnyRequest, visit: NamedDependency[Visit]) -> Response[str] | Redirect:
    """Keep it for so long from now on. Raises `ConfirmAgain`."""
    visit = await visit.authorize(Permission.MANAGE_OWNERS)
    form, seen = await read_form(request, HistoryForm), await read_form(request, Seen)
    if form.years != FOR_EVER:
        await visit.require_confirmation(HISTORY, years=form.years)
    known = {FOR_EVER: None, **{str(years): years for years in YEARS}}
    try:
        years = known.get(form.years, 0)  # what is no choice is refused with the same words
        chosen = await choose_history(visit.person, visit.account.id, years, seen=seen.version)
    except ChangedMeanwhile:
        return await _page(request, visit, form.years, is_conflict=True, status=409)
    except Invalid as refusal:
        faults = Faults()
        faults.add(refusal)
        return await _page(request, visit, form.years, faults=faults.by_field, seen=seen.version, status=422)
    words = Words(N_("Saved. Nothing is deleted."))
    if chosen.begins_at is not None and chosen.is_undoable:
        day = visit.voice.date(chosen.begins_at, visit.account.zone)
        words = Words(
            N_("Saved. Until %(day)s you can change it back, and nothing is deleted."), {"day": day}
        )
    elif chosen.years:
        words = Words(N_("Saved."))
    return redirect(request, visit.url(HISTORY), notice_of(visit, words))


async def _page(
    request: AnyRequest,
    visit: Visit,
    typed: str = "",
    *,
    faults: Mapping[str, Words] | None = None,
    seen: str = "",
    is_conflict: bool = False,
    status: int = 200,
) -> Response[str]:
    stored = await history_of(visit.account.id)
    return render_page(
        request,
        visit,
        "settings/history.html",
        status=status,
        history=stored,
        years=YEARS,
        chosen=typed or str(stored.years or FOR_EVER),
        older=await older_dates(visit.account.id),
        version=seen or stored.version,
        is_conflict=is_conflict,
        faults=faults or {},
    )
