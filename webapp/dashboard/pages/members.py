"""The club's members and their roles (`A2`)."""

from dataclasses import dataclass

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect

from backend.accounts.memberships import change_role
from backend.accounts.queries import find_member, member_counts, members
from backend.accounts.rules import Permission, Role
from backend.departures.former_members import remove_member
from backend.errors import Invalid
from backend.i18n import N_, Words
from webapp.dashboard.people_lists import PAGE_SIZE, read_list_query
from webapp.dashboard.responses import notice_of, redirect, render_page
from webapp.dashboard.session import Visit
from webapp.dashboard.urls import MEMBERS
from webapp.forms import read_form
from webapp.respond import AnyRequest


@dataclass(frozen=True, slots=True)
class RoleForm:
    role: str = ""


@get("/members")
async def index(request: AnyRequest, visit: NamedDependency[Visit]) -> Response[str]:
    """The members a page at a time, organisers first. `?q=` finds them by name."""
    visit = await visit.authorize(Permission.MANAGE_MEMBERS)
    query = read_list_query(request)
    page = await members(
        visit.account,
        words=query.words,
        after=query.after,
        limit=PAGE_SIZE,
        language=visit.person.language,
    )
    return render_page(
        request,
        visit,
        "members/index.html",
        page=page,
        counts=await member_counts(visit.account),
        query=query,
        roles=[
            role for role in Role if role is not Role.OWNER or visit.has_permission(Permission.MANAGE_OWNERS)
        ],
    )


@post("/members/{membership_id:int}/role", status_code=303)
async def update(
    request: AnyRequest, membership_id: FromPath[int], visit: NamedDependency[Visit]
) -> Redirect:
    """Give a member another role. Raises `ConfirmAgain` where owners change."""
    visit = await visit.authorize(Permission.MANAGE_MEMBERS)
    member = await find_member(visit.account, membership_id)
    form = await read_form(request, RoleForm)
    if form.role not in Role.__members__:
        raise Invalid(N_("Choose a role."), field="role")
    role = Role[form.role]
    if Role.OWNER in (member.role, role):
        await visit.require_confirmation(f"{MEMBERS}{read_list_query(request)}")
    await change_role(visit.person, visit.account.id, membership_id, role)
    sentence = {
        Role.OWNER: N_("%(name)s is an owner now."),
        Role.ADMIN: N_("%(name)s is an organiser now."),
        Role.HELPER: N_("%(name)s is a helper now."),
        Role.MEMBER: N_("%(name)s is a member now."),
    }[role]
    return redirect(
        request, _list_url(request, visit), notice_of(visit, Words(sentence, {"name": member.name}))
    )


@post("/members/{membership_id:int}/removal", status_code=303)
async def destroy(
    request: AnyRequest, membership_id: FromPath[int], visit: NamedDependency[Visit]
) -> Redirect:
    """End a membership. Raises `ConfirmAgain` for an owner's."""
    visit = await visit.authorize(Permission.MANAGE_MEMBERS)
    member = await find_member(visit.account, membership_id)
    if member.role is Role.OWNER:
        await visit.require_confirmation(f"{MEMBERS}{read_list_query(request)}")
    await remove_member(visit.person, visit.account.id, membership_id)
    words = Words(
        N_("%(name)s is no longer a member. Their seats are free again, and they need a key to come back."),
        {"name": member.name},
    )
    return redirect(request, _list_url(request, visit), notice_of(visit, words))


def _list_url(request: AnyRequest, visit: Visit) -> str:
    """The part of the list that the form was sent from."""
    return visit.url(f"{MEMBERS}{read_list_query(request)}")
