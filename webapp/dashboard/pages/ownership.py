"""Handing over the club (`A2`): its owner chooses somebody, reads what it means, and does it."""

from dataclasses import dataclass

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.response import Redirect

from backend.accounts.queries import MemberFilter, find_member, members
from backend.accounts.rules import Permission
from backend.departures.handing_over import hand_over
from backend.errors import Invalid
from backend.i18n import N_, Words
from webapp.dashboard.people_lists import read_id, search_text
from webapp.dashboard.responses import notice_of, redirect, render_page
from webapp.dashboard.session import Visit
from webapp.dashboard.urls import MEMBERS, OWNERSHIP
from webapp.forms import read_form
from webapp.respond import AnyRequest

FOUND_MAX = 20  # members that are shown to choose from


@dataclass(frozen=True, slots=True)
class OwnershipForm:
    """The member who becomes the owner."""

    membership: str = ""


@get("/settings/ownership")
async def show(request: AnyRequest, visit: NamedDependency[Visit]) -> Response[str]:
    """Who it can be, organisers first; `?q=` finds others by name, `?membership=` is who was chosen."""
    visit = await visit.authorize(Permission.MANAGE_OWNERS)
    words = search_text(request, "q")
    asked = read_id(request.query_params.get("membership", ""))
    page = await members(
        visit.account,
        wanted=MemberFilter(can_own=True),
        words=words,
        limit=FOUND_MAX,
        language=visit.person.language,
    )
    return render_page(
        request,
        visit,
        "ownership/show.html",
        query=words,
        found=page.entries,
        chosen=await find_member(visit.account, asked) if asked else None,
    )


@post("/settings/ownership", status_code=303)
async def update(request: AnyRequest, visit: NamedDependency[Visit]) -> Redirect:
    """Hand the club over. Raises `ConfirmAgain`."""
    visit = await visit.authorize(Permission.MANAGE_OWNERS)
    form = await read_form(request, OwnershipForm)
    membership_id = read_id(form.membership)
    if membership_id is None:
        raise Invalid(N_("Choose a member first."), field="membership")
    await visit.require_confirmation(OWNERSHIP, membership=str(membership_id))
    member = await find_member(visit.account, membership_id)
    await hand_over(visit.person, visit.account.id, membership_id)
    words = Words(N_("%(name)s is the owner now. You stay an organiser."), {"name": member.name})
    return redirect(request, visit.url(MEMBERS), notice_of(visit, words, "yes"))
