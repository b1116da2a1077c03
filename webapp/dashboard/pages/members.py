"""The club's members and their roles (`A2`)."""

from dataclasses import dataclass

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect

from backend.accounts.invites import invite_name
from backend.accounts.memberships import change_role
from backend.accounts.queries import find_member, member_counts, members, removed_members
from backend.accounts.rules import Permission, Role
from backend.bookings.absences import absences, pardon
from backend.departures.former_members import remove_member
from backend.departures.restoring import restore_member
from backend.errors import Invalid, NotFound
from backend.groups.queries import groups
from backend.i18n import N_, Words
from backend.reports.member_stories import member_story
from webapp.dashboard.people_lists import PAGE_SIZE, read_member_query
from webapp.dashboard.responses import notice_of, redirect, render_page
from webapp.dashboard.session import Visit
from webapp.dashboard.urls import MEMBERS
from webapp.forms import read_form
from webapp.notices import Undo
from webapp.respond import AnyRequest

ABSENCES_SHOWN = 50


@dataclass(frozen=True, slots=True)
class RoleForm:
    role: str = ""


@dataclass(frozen=True, slots=True)
class PardonForm:
    """The absence that is not to count, and why."""

    absence: str = ""
    reason: str = ""


@get("/members/{membership_id:int}")
async def show(
    request: AnyRequest, membership_id: FromPath[int], visit: NamedDependency[Visit]
) -> Response[str]:
    """One member's story in this club: how often they came, what stayed empty, their standing seats."""
    visit = await visit.authorize(Permission.MANAGE_MEMBERS)
    member = await find_member(visit.account, membership_id)
    return render_page(
        request,
        visit,
        "members/show.html",
        member=member,
        story=await member_story(visit.account.id, member.id),
        absences=await absences(visit.account.id, membership_id=member.id, limit=ABSENCES_SHOWN),
    )


@post("/members/{membership_id:int}/pardons", status_code=303)
async def create_pardon(
    request: AnyRequest, membership_id: FromPath[int], visit: NamedDependency[Visit]
) -> Redirect:
    """Let one of the member's absences not count."""
    visit = await visit.authorize(Permission.MANAGE_BOOKINGS)
    member = await find_member(visit.account, membership_id)
    form = await read_form(request, PardonForm)
    if not form.absence:
        raise Invalid(N_("Choose one of these, please."), field="absence")
    theirs = {str(one.id): one.id for one in await absences(visit.account.id, membership_id=member.id)}
    if form.absence not in theirs:
        raise NotFound()
    await pardon(visit.person, visit.account.id, theirs[form.absence], reason=form.reason)
    words = Words(N_("Pardoned. It no longer counts."))
    return redirect(request, visit.url(f"{MEMBERS}/{member.id}"), notice_of(visit, words))


@get("/members")
async def index(request: AnyRequest, visit: NamedDependency[Visit]) -> Response[str]:
    """The members a page at a time, organisers first. `?q=` finds them by name, `?role=` and `?group=` leave out all
    others."""
    visit = await visit.authorize(Permission.MANAGE_MEMBERS)
    query = read_member_query(request)
    page = await members(
        visit.account,
        wanted=query.wanted,
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
        invite_label=await invite_name(visit.account, query.invite) if query.invite else None,
        removed=await removed_members(visit.account),
        group_choices=[(group.id, group.title) for group in await groups(visit.account.id)],
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
        await visit.require_confirmation(f"{MEMBERS}{read_member_query(request)}")
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
        await visit.require_confirmation(f"{MEMBERS}{read_member_query(request)}")
    await remove_member(visit.person, visit.account.id, membership_id)
    words = Words(
        N_(
            "%(name)s is no longer a member. Their seats are free again, and they need a new invite to come back."
        ),
        {"name": member.name},
    )
    undo = Undo(
        f"{MEMBERS}/{member.id}/restoration{read_member_query(request)}", visit.voice.gettext(N_("Undo"))
    )
    is_own = member.user_id == visit.person.id
    return redirect(
        request, _list_url(request, visit), notice_of(visit, words, undo=None if is_own else undo)
    )


@post("/members/{membership_id:int}/restoration", status_code=303)
async def restore(
    request: AnyRequest, membership_id: FromPath[int], visit: NamedDependency[Visit]
) -> Redirect:
    """Undo the removal of a member. Raises `ConfirmAgain` for an owner's."""
    visit = await visit.authorize(Permission.MANAGE_MEMBERS)
    removed = {member.id: member for member in await removed_members(visit.account)}.get(membership_id)
    if removed is not None and removed.role is Role.OWNER:
        await visit.require_confirmation(f"{MEMBERS}{read_member_query(request)}")
    restored = await restore_member(visit.person, visit.account.id, membership_id)
    name = {"name": (await find_member(visit.account, membership_id)).name}
    if restored is None:
        words = Words(N_("%(name)s is a member already. Nothing has changed."), name)
    elif restored.waiting or restored.lost:
        counts = {"seated": restored.seated, "waiting": restored.waiting, "lost": restored.lost}
        words = Words(
            N_(
                "%(name)s is a member again. Dates with a seat: %(seated)s, in line: %(waiting)s, without a seat: %(lost)s."
            ),
            {**name, **counts},
        )
    else:
        words = Words(N_("%(name)s is a member again, with every seat as before."), name)
    return redirect(request, _list_url(request, visit), notice_of(visit, words, "yes"))


def _list_url(request: AnyRequest, visit: Visit) -> str:
    """The part of the list that the form was sent from."""
    return visit.url(f"{MEMBERS}{read_member_query(request)}")
