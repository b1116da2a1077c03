"""API keys (`A3`)."""

from dataclasses import dataclass

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect

from backend.accounts.keys import revoke_key
from backend.accounts.queries import keys
from backend.accounts.rules import Permission, Role
from backend.i18n import N_, Words
from webapp.dashboard.key_form import InviteForm, invite_link, make_key
from webapp.dashboard.responses import notice_of, redirect, render_page
from webapp.dashboard.session import Visit
from webapp.dashboard.urls import KEYS
from webapp.forms import Faults, read_form, read_query_onto
from webapp.respond import AnyRequest


@dataclass(frozen=True, slots=True)
class KeyForm(InviteForm):
    """The form of an invite link, and the role that the key gives."""

    role: str = "MEMBER"


@get("/keys")
async def index(request: AnyRequest, visit: NamedDependency[Visit]) -> Response[str]:
    """The club's keys, and the form for another, with what was typed before Telegram was asked again."""
    visit = await visit.authorize(Permission.MANAGE_KEYS)
    return await _page(request, visit, read_query_onto(request, KeyForm(uses="1")))


@post("/keys", status_code=201)
async def create(request: AnyRequest, visit: NamedDependency[Visit]) -> Response[str]:
    """Make a key. The response is the only page that ever shows it. Raises `ConfirmAgain`."""
    visit = await visit.authorize(Permission.MANAGE_KEYS)
    form, faults = await read_form(request, KeyForm), Faults()
    key = await make_key(visit, form, Role.__members__.get(form.role), KEYS, faults)
    if not key:
        return await _page(request, visit, form, faults=faults, status=422)
    return await _page(request, visit, KeyForm(uses="1"), made=key, status=201)


@post("/keys/{key_id:int}/revocation", status_code=303)
async def destroy(request: AnyRequest, key_id: FromPath[int], visit: NamedDependency[Visit]) -> Redirect:
    """Revoke a key at once."""
    visit = await visit.authorize(Permission.MANAGE_KEYS)
    await revoke_key(visit.person, visit.account.id, key_id)
    words = Words(N_("The key is revoked. Anyone who joined with it stays a member."))
    return redirect(request, visit.url(KEYS), notice_of(visit, words))


async def _page(
    request: AnyRequest,
    visit: Visit,
    form: KeyForm,
    *,
    made: str = "",
    faults: Faults | None = None,
    status: int = 200,
) -> Response[str]:
    return render_page(
        request,
        visit,
        "keys/index.html",
        status=status,
        keys=await keys(visit.account),
        form=form,
        made=made,
        invite_link=invite_link(made),
        faults=faults.by_field if faults else {},
        roles=[
            role for role in Role if role is not Role.OWNER or visit.has_permission(Permission.MANAGE_OWNERS)
        ],
    )
