"""Announcements: written and previewed, sent now or later, followed, and stopped (`C5`)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from backend.accounts.rules import Permission
from backend.announcements import actions
from backend.announcements.drafts import AnnouncementDraft
from backend.announcements.queries import (
    Progress,
    announcements,
    audience,
    chosen_groups,
    own_announcement,
    progress,
)
from backend.announcements.rules import AnnouncementState, text_max
from backend.errors import Invalid, NotFound
from backend.groups.queries import groups
from backend.i18n import N_, Words
from backend.zones import resolve_local, wall_clock
from webapp.dashboard.drafts import discard_replaced
from webapp.dashboard.people_lists import PAGE_SIZE, read_id
from webapp.dashboard.responses import notice_of, redirect, render_page
from webapp.dashboard.session import Visit
from webapp.dashboard.urls import ANNOUNCEMENTS, announcement_path, message_path
from webapp.forms import Faults, read_form
from webapp.freshness import etag_of, is_fresh, seen_token
from webapp.respond import AnyRequest, not_modified


@dataclass(frozen=True, slots=True)
class AnnouncementForm:
    """The text and its recipients: `group` holds ids of groups, or `ID:TOPIC`. `draft` is the id of the draft that this
    one replaces."""

    text: str = ""
    group: tuple[str, ...] = ()
    members: str = ""
    maintenance: str = ""
    draft: str = ""


@dataclass(frozen=True, slots=True)
class SendForm:
    """When it is sent, on the club's clock; "" is now. `night` is set when it is sent at night too."""

    at: str = ""
    night: str = ""


@get("/announcements")
async def index(request: AnyRequest, visit: NamedDependency[Visit]) -> Response[str]:
    """The club's announcements with what became of them, newest first."""
    visit = await visit.authorize(Permission.ANNOUNCE)
    after = read_id(request.query_params.get("after", ""))
    found = await announcements(visit.person, visit.account.id, after=after, limit=PAGE_SIZE + 1)
    return render_page(
        request,
        visit,
        "announcements/index.html",
        found=found[:PAGE_SIZE],
        after=after,
        following=found[PAGE_SIZE - 1].announcement.id if len(found) > PAGE_SIZE else None,
    )


@get("/announcements/new")
async def new(
    request: AnyRequest, visit: NamedDependency[Visit], draft: FromQuery[str] = ""
) -> Response[str] | Redirect:
    """An empty form, or that of a `draft`, which can be changed until it is sent; one to the people of an instance has
    a form of its own."""
    visit = await visit.authorize(Permission.ANNOUNCE)
    form, draft_id = AnnouncementForm(), read_id(draft)
    if draft_id is not None:
        found = await own_announcement(visit.person, draft_id)
        if found.account_id != visit.account.id:
            raise NotFound()
        if found.instance_code is not None:
            return Redirect(visit.url(f"{message_path(found.instance_code)}?draft={found.id}"))
        form = AnnouncementForm(
            text=found.text,
            group=tuple(await chosen_groups(found.id)),
            members="1" if found.to_members else "",
            maintenance="1" if found.maintenance else "",
            draft=str(found.id),
        )
    return await _form(request, visit, form)


@post("/announcements", status_code=303)
async def create(request: AnyRequest, visit: NamedDependency[Visit]) -> Response[str] | Redirect:
    """Keep it as a draft and show it as its readers will see it; nothing is sent yet."""
    visit = await visit.authorize(Permission.ANNOUNCE)
    form, faults = await read_form(request, AnnouncementForm), Faults()
    chosen = []
    for value in form.group:
        group, _, topic = value.partition(":")
        group_id = faults.whole_number("groups", group)
        if group_id is not None:
            chosen.append((group_id, faults.whole_number("groups", topic)))
    if not chosen and not form.members:
        faults.add(Invalid(N_("Choose the groups or members to tell."), field="groups"))
    draft = AnnouncementDraft(
        text=form.text, maintenance=bool(form.maintenance), to_members=bool(form.members), groups=chosen
    )
    if not faults.by_field:
        try:
            number = await actions.create_announcement(visit.person, visit.account.id, draft)
        except Invalid as refusal:
            faults.add(refusal)
        else:
            await discard_replaced(visit, form.draft)
            return redirect(request, visit.url(announcement_path(number)))
    return await _form(request, visit, form, faults=faults.by_field)


@get("/announcements/{announcement_id:int}")
async def show(
    request: AnyRequest,
    announcement_id: FromPath[int],
    visit: NamedDependency[Visit],
    seen: FromQuery[str] = "",
) -> Response[str] | Response[None]:
    """A draft with its preview and readers; else how far it is, followed while it is being sent."""
    visit = await _authorize(visit, announcement_id)
    now = await progress(visit.person, announcement_id)
    etag = (
        ""
        if now.announcement.state is AnnouncementState.DRAFT
        else etag_of(now, visit.person, visit.accounts)
    )
    if is_fresh(seen, etag):
        return not_modified()
    return await _page(request, visit, now, etag=etag)


@post("/announcements/{announcement_id:int}/delivery", status_code=303)
async def create_delivery(
    request: AnyRequest, announcement_id: FromPath[int], visit: NamedDependency[Visit]
) -> Response[str] | Redirect:
    """Send it now, or at a time to come; again to move that time."""
    visit = await _authorize(visit, announcement_id)
    form, faults = await read_form(request, SendForm), Faults()
    at = _instant(form.at, visit.account.zone, faults)
    if not faults.by_field:
        try:
            if form.night:
                await actions.send_at_night(visit.person, announcement_id)
            await actions.schedule_announcement(visit.person, announcement_id, at)
        except Invalid as refusal:
            faults.add(refusal)
        else:
            words = Words(N_("It is on its way."))
            if at is not None:
                words = Words(N_("It will be sent %(at)s."), {"at": at}, zone=visit.account.zone)
            url = visit.url(announcement_path(announcement_id))
            return redirect(request, url, notice_of(visit, words, "yes"))
    now = await progress(visit.person, announcement_id)
    return await _page(request, visit, now, faults=faults.by_field, form=form)


@post("/announcements/{announcement_id:int}/stop", status_code=303)
async def destroy(
    request: AnyRequest, announcement_id: FromPath[int], visit: NamedDependency[Visit]
) -> Redirect:
    """Stop it: whoever has not got it yet does not get it."""
    visit = await _authorize(visit, announcement_id)
    spared = await actions.stop_announcement(visit.person, announcement_id)
    words = Words(
        N_("Stopped. %(n)s message was not sent."), {}, N_("Stopped. %(n)s messages were not sent."), spared
    )
    if not spared and not (await progress(visit.person, announcement_id)).total:
        words = Words(N_("It will not be sent."))
    return redirect(request, visit.url(announcement_path(announcement_id)), notice_of(visit, words))


@post("/announcements/{announcement_id:int}/removal", status_code=303)
async def destroy_draft(
    request: AnyRequest, announcement_id: FromPath[int], visit: NamedDependency[Visit]
) -> Redirect:
    """Discard a draft."""
    visit = await _authorize(visit, announcement_id)
    await actions.discard_draft(visit.person, announcement_id)
    return redirect(request, visit.url(ANNOUNCEMENTS), notice_of(visit, Words(N_("The draft is discarded."))))


async def _authorize(visit: Visit, announcement_id: int) -> Visit:
    """The visit to the club of the announcement. Raises `NotFound`, `Forbidden`."""
    found = await own_announcement(visit.person, announcement_id)
    return await visit.authorize(Permission.ANNOUNCE, found.account_id)


def _instant(text: str, zone: str, faults: Faults) -> datetime | None:
    try:
        return resolve_local(datetime.fromisoformat(text).replace(tzinfo=None), zone) if text else None
    except (ValueError, OverflowError):
        faults.add(Invalid(N_("Choose a day and a time."), field="at"))
        return None


def _local(instant: datetime, zone: str) -> str:
    """As a field of a day and a time has it."""
    return wall_clock(instant, zone).isoformat(timespec="minutes")


async def _page(
    request: AnyRequest,
    visit: Visit,
    now: Progress,
    *,
    etag: str = "",
    faults: Mapping[str, Words] | None = None,
    form: SendForm | None = None,
) -> Response[str]:
    one = now.announcement
    is_draft = one.state is AnnouncementState.DRAFT
    if form is None:
        form = SendForm(at=_local(one.due_at, visit.account.zone) if one.due_at else "")
    return render_page(
        request,
        visit,
        "announcements/show.html",
        status=422 if faults else 200,
        seen=seen_token(etag, visit.person, [], {visit.account.zone}) if etag and not now.is_over else "",
        progress=now,
        one=one,
        audience=await audience(visit.person, one.id) if is_draft else None,
        form=form,
        faults=faults or {},
    )


async def _form(
    request: AnyRequest, visit: Visit, form: AnnouncementForm, *, faults: Mapping[str, Words] | None = None
) -> Response[str]:
    return render_page(
        request,
        visit,
        "announcements/new.html",
        status=422 if faults else 200,
        form=form,
        faults=faults or {},
        groups=await groups(visit.account.id),
        text_max=text_max(maintenance=False),
    )
