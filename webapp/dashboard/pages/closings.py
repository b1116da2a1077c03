"""Closing the club, and the copy that one takes before (`A12`)."""

from collections.abc import Mapping
from dataclasses import dataclass

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.response import Redirect

from backend.accounts.queries import member_counts
from backend.accounts.rules import Permission
from backend.closing.actions import request_closing, withdraw_closing
from backend.closing.export import export_account
from backend.closing.queries import dates_ahead
from backend.errors import Invalid
from backend.i18n import N_, Words
from webapp.dashboard.responses import notice_of, redirect, render_page
from webapp.dashboard.session import Visit
from webapp.dashboard.urls import CLOSING, SETTINGS
from webapp.forms import Faults, read_form
from webapp.respond import AnyRequest, download

FILE_NAME = "emerald-club.json"


@dataclass(frozen=True, slots=True)
class ClosingForm:
    """The name of the club, typed."""

    name: str = ""


@get("/settings/closing")
async def show(request: AnyRequest, visit: NamedDependency[Visit]) -> Response[str]:
    """What closing the club means, with numbers, and the form."""
    visit = await visit.authorize(Permission.MANAGE_OWNERS)
    typed = request.query_params.get("name", "")
    return await _page(request, visit, ClosingForm(typed))


@post("/settings/closing", status_code=303)
async def create(request: AnyRequest, visit: NamedDependency[Visit]) -> Response[str] | Redirect:
    """Close the club in a week. Raises `ConfirmAgain`."""
    visit = await visit.authorize(Permission.MANAGE_OWNERS)
    form, faults = await read_form(request, ClosingForm), Faults()
    await visit.require_confirmation(CLOSING, name=form.name)
    try:
        await request_closing(visit.person, visit.account.id, name=form.name)
    except Invalid as refusal:
        faults.add(refusal)
        return await _page(request, visit, form, faults=faults.by_field, status=422)
    words = Words(N_("The club closes in seven days. You can keep it until then."))
    return redirect(request, visit.url(SETTINGS), notice_of(visit, words))


@post("/settings/closing/removal", status_code=303)
async def destroy(request: AnyRequest, visit: NamedDependency[Visit]) -> Redirect:
    """Keep the club after all."""
    visit = await visit.authorize(Permission.MANAGE_OWNERS)
    await withdraw_closing(visit.person, visit.account.id)
    words = Words(N_("The club stays. Everything continues as before."))
    return redirect(request, visit.url(SETTINGS), notice_of(visit, words, "yes"))


@get("/settings/export")
async def export(visit: NamedDependency[Visit]) -> Response[bytes]:
    """Everything the club has, as a file. Raises `TooOften`."""
    visit = await visit.authorize(Permission.MANAGE_OWNERS)
    content = await export_account(visit.person, visit.account.id)
    return download(content, "application/json", FILE_NAME, {"X-Robots-Tag": "noindex"})


async def _page(
    request: AnyRequest,
    visit: Visit,
    form: ClosingForm,
    *,
    faults: Mapping[str, Words] | None = None,
    status: int = 200,
) -> Response[str]:
    return render_page(
        request,
        visit,
        "closings/show.html",
        status=status,
        form=form,
        faults=faults or {},
        ahead=await dates_ahead(visit.account),
        members=(await member_counts(visit.account)).people,
    )
