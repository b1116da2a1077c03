"""The club's people and their roles (`A2`)."""

from dataclasses import dataclass

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect

from backend.accounts.memberships import change_role, end_membership
from backend.accounts.queries import Member, members
from backend.accounts.rules import Permission, Role
from backend.errors import Invalid, NotFound
from backend.i18n import N_, Words
from webapp.dashboard import frame
from webapp.dashboard.frame import go, told
from webapp.dashboard.session import Visit
from webapp.forms import read
from webapp.respond import AnyRequest

HOME = "/dashboard/members"


@dataclass(frozen=True, slots=True)
class RoleForm:
    role: str = ""


@get("/members")
async def index(request: AnyRequest, visit: NamedDependency[Visit]) -> Response[str]:
    """Everybody, organisers first. `?q=` finds by name."""
    visit = await visit.allowed(Permission.MANAGE_MEMBERS)
    everybody = await members(visit.club)
    sought = request.query_params.get("q", "").strip()[:80]
    found = [one for one in everybody if sought.casefold() in f"{one.name} @{one.username}".casefold()]
    return frame.show(
        request,
        visit,
        "members/index.html",
        members=found,
        total=len(everybody),
        sought=sought,
        owners=sum(one.role is Role.OWNER for one in everybody),
        roles=[role for role in Role if role is not Role.OWNER or visit.may("manage owners")],
    )


@post("/members/{membership_id:int}/role", status_code=303)
async def update(
    request: AnyRequest, membership_id: FromPath[int], visit: NamedDependency[Visit]
) -> Redirect:
    """Give somebody another role."""
    visit = await visit.allowed(Permission.MANAGE_MEMBERS)
    who = await _member(visit, membership_id)
    form = await read(request, RoleForm)
    if form.role not in Role.__members__:
        raise Invalid(N_("Choose a role."), field="role")
    role = Role[form.role]
    await change_role(visit.person, visit.club.id, membership_id, role)
    sentence = {
        Role.OWNER: N_("%(name)s is an owner now."),
        Role.ADMIN: N_("%(name)s is an organiser now."),
        Role.HELPER: N_("%(name)s is a helper now."),
        Role.MEMBER: N_("%(name)s is a member now."),
    }[role]
    return go(request, visit.to(HOME), told(visit, Words(sentence, {"name": who.name})))


@post("/members/{membership_id:int}/removal", status_code=303)
async def destroy(
    request: AnyRequest, membership_id: FromPath[int], visit: NamedDependency[Visit]
) -> Redirect:
    """Take somebody out of the club."""
    visit = await visit.allowed(Permission.MANAGE_MEMBERS)
    who = await _member(visit, membership_id)
    await end_membership(visit.person, visit.club.id, membership_id)
    words = Words(
        N_("%(name)s is no longer a member. What they have booked stays until you take it off."),
        {"name": who.name},
    )
    return go(request, visit.to(HOME), told(visit, words))


async def _member(visit: Visit, membership_id: int) -> Member:
    found = next((one for one in await members(visit.club) if one.id == membership_id), None)
    if found is None:
        raise NotFound()
    return found
