"""Invite links: keys for members, how often each was used, and who joined by it (`A3`, `A4`)."""

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect

from backend.accounts.invites import invites
from backend.accounts.keys import revoke_key
from backend.accounts.rules import Permission, Role
from backend.i18n import N_, Words
from webapp.dashboard.key_form import InviteForm, invite_link, make_key
from webapp.dashboard.responses import notice_of, redirect, render_page
from webapp.dashboard.session import Visit
from webapp.dashboard.urls import INVITES
from webapp.forms import Faults, read_form, read_query_onto
from webapp.respond import AnyRequest


@get("/members/invites")
async def index(request: AnyRequest, visit: NamedDependency[Visit]) -> Response[str]:
    """The club's invite links, and the form for another, with what was typed before Telegram was asked again."""
    visit = await visit.authorize(Permission.MANAGE_KEYS)
    return await _page(request, visit, read_query_onto(request, InviteForm()))


@post("/members/invites", status_code=201)
async def create(request: AnyRequest, visit: NamedDependency[Visit]) -> Response[str]:
    """Make a link. The response is the only page that ever shows it. Raises `ConfirmAgain`."""
    visit = await visit.authorize(Permission.MANAGE_KEYS)
    form, faults = await read_form(request, InviteForm), Faults()
    key = await make_key(visit, form, Role.MEMBER, INVITES, faults)
    if not key:
        return await _page(request, visit, form, faults=faults, status=422)
    return await _page(request, visit, InviteForm(), made=key, status=201)


@post("/members/invites/{key_id:int}/revocation", status_code=303)
async def destroy(request: AnyRequest, key_id: FromPath[int], visit: NamedDependency[Visit]) -> Redirect:
    """Revoke a link at once."""
    visit = await visit.authorize(Permission.MANAGE_KEYS)
    await revoke_key(visit.person, visit.account.id, key_id)
    words = Words(N_("The link is revoked. Anyone who joined with it stays a member."))
    return redirect(request, visit.url(INVITES), notice_of(visit, words))


async def _page(
    request: AnyRequest,
    visit: Visit,
    form: InviteForm,
    *,
    made: str = "",
    faults: Faults | None = None,
    status: int = 200,
) -> Response[str]:
    return render_page(
        request,
        visit,
        "invites/index.html",
        status=status,
        invites=await invites(visit.account),
        form=form,
        link=invite_link(made) if made else "",
        faults=faults.by_field if faults else {},
    )
