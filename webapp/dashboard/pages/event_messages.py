"""Writing to the people of one instance, or to some of them, by an announcement (`C5`)."""

from collections.abc import Mapping
from dataclasses import dataclass

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from backend.accounts.rules import Permission
from backend.announcements import actions
from backend.announcements.drafts import AnnouncementDraft
from backend.announcements.instance_parts import InstancePart, part_sizes
from backend.announcements.queries import own_announcement
from backend.announcements.rules import text_max
from backend.bookings.queries.event import event
from backend.bookings.views import InstanceView
from backend.errors import Invalid, NotFound
from backend.i18n import N_, Words
from webapp.dashboard.access import authorize_event
from webapp.dashboard.drafts import discard_replaced
from webapp.dashboard.people_lists import read_id
from webapp.dashboard.responses import redirect, render_page
from webapp.dashboard.session import Visit
from webapp.dashboard.urls import announcement_path
from webapp.forms import Faults, read_form
from webapp.respond import AnyRequest


@dataclass(frozen=True, slots=True)
class MessageForm:
    """The text, and who reads it: each `part` is an `InstancePart`. `draft` is the id of the draft that it replaces."""

    text: str = ""
    part: tuple[str, ...] = ()
    draft: str = ""


@get("/events/{code:str}/message")
async def new(
    request: AnyRequest, code: FromPath[str], visit: NamedDependency[Visit], draft: FromQuery[str] = ""
) -> Response[str]:
    """The form, or that of a `draft`, which can be changed until it is sent."""
    visit = await authorize_event(visit, code, Permission.ANNOUNCE)
    form, draft_id = MessageForm(part=(InstancePart.BOOKED,)), read_id(draft)
    if draft_id is not None:
        found = await own_announcement(visit.person, draft_id)
        if found.instance_code != code:
            raise NotFound()
        form = MessageForm(found.text, found.parts, str(found.id))
    return await _page(request, visit, await event(code, visit.person), form)


@post("/events/{code:str}/message", status_code=303)
async def create(
    request: AnyRequest, code: FromPath[str], visit: NamedDependency[Visit]
) -> Response[str] | Redirect:
    """Keep it as a draft and show it with its readers; nothing is sent yet."""
    visit = await authorize_event(visit, code, Permission.ANNOUNCE)
    form, faults = await read_form(request, MessageForm), Faults()
    parts = [part for part in InstancePart if part in form.part]
    if not parts:
        faults.add(Invalid(N_("Choose the people to tell."), field="parts"))
    view = await event(code, visit.person)
    draft = AnnouncementDraft(text=form.text, to_members=True, instance_id=view.id, parts=parts)
    if not faults.by_field:
        try:
            number = await actions.create_announcement(visit.person, visit.account.id, draft)
        except Invalid as refusal:
            faults.add(refusal)
        else:
            await discard_replaced(visit, form.draft)
            return redirect(request, visit.url(announcement_path(number)))
    return await _page(request, visit, view, form, faults=faults.by_field)


async def _page(
    request: AnyRequest,
    visit: Visit,
    view: InstanceView,
    form: MessageForm,
    *,
    faults: Mapping[str, Words] | None = None,
) -> Response[str]:
    return render_page(
        request,
        visit,
        "events/message.html",
        status=422 if faults else 200,
        view=view,
        sizes=await part_sizes(view.id),
        form=form,
        faults=faults or {},
        text_max=text_max(maintenance=False),
    )
