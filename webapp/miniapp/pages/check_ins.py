"""The reader's check-in code; and checking people in, by list or by scanning (`B12`)."""

from dataclasses import dataclass
from typing import Annotated, Literal

from litestar import delete, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, QueryParameter
from markupsafe import Markup

from backend.accounts.rules import Permission
from backend.bookings import attendance
from backend.bookings.attendance import my_check_in_code
from backend.bookings.queries.event import event
from backend.bookings.roster import RosterKind, roster, roster_counts
from backend.errors import Invalid
from backend.i18n import N_, Voice
from backend.people.queries import Person
from webapp.computing import compute
from webapp.forms import Faults, read_form
from webapp.freshness import is_fresh
from webapp.miniapp.access import load_authorized
from webapp.miniapp.event_screens import admitted_event_etag, event_etag, seen_of_instances
from webapp.miniapp.paging import OptionalId, PathId, SearchWords, url_with_query
from webapp.miniapp.responses import ScreenResponse, screen
from webapp.notices import Notice, Undo
from webapp.organiser_messages import check_in_message
from webapp.respond import AnyRequest, not_modified

QUIET_ZONE = 3  # modules of white around the code
PAGE_SIZE = 60  # parties on a screen
SEARCHED = 8  # more parties than this bring a search field

Show = Annotated[Literal["all", "missing"], QueryParameter()]
LISTS: dict[str, RosterKind] = {"all": RosterKind.CHECK_IN, "missing": RosterKind.NOT_CHECKED_IN}


@dataclass(frozen=True, slots=True)
class CheckInForm:
    """A scanned or typed code; or how many of a party are here, all of them when empty."""

    scanned: str = ""
    came: str = ""


@get("/events/{code:str}/code")
async def show(
    code: FromPath[str], person: NamedDependency[Person], seen: FromQuery[str] = ""
) -> ScreenResponse:
    """The reader's own code for an instance, as a picture to scan. Raises `NotFound` for a person without a
    seat."""
    etag = await admitted_event_etag(code, person)
    if is_fresh(seen, etag):
        return not_modified()
    view = await event(code, person)
    check_in_code = await my_check_in_code(code, person)
    return screen(
        "check_ins/show.html",
        person,
        view=view,
        code=check_in_code,
        picture=await compute(_picture_of, check_in_code),
        seen=seen_of_instances(etag, person, [view]),
    )


def _picture_of(check_in_code: str) -> Markup:
    """The code to scan, as SVG."""
    # 1 MB, in every web process: the first picture loads it, in its thread.
    import segno

    picture = segno.make(check_in_code, error="m", micro=False)
    # A path and attributes, no style: the Content-Security-Policy allows none.
    return Markup(picture.svg_inline(omitsize=True, border=QUIET_ZONE))  # noqa: S704


@get("/events/{code:str}/check-ins")
async def index(
    code: FromPath[str],
    organiser: NamedDependency[Person],
    show: Show = "all",
    q: SearchWords = None,
    after: OptionalId = None,
    seen: FromQuery[str] = "",
) -> ScreenResponse:
    """The check-in list, by name; `show=missing` lists who is not here yet, `q` are words to search names
    for."""
    return await _check_in_screen(code, organiser, show, q, after, seen=seen)


@post("/events/{code:str}/check-ins", status_code=200)
async def create(
    request: AnyRequest,
    code: FromPath[str],
    organiser: NamedDependency[Person],
    show: Show = "all",
    q: SearchWords = None,
    after: OptionalId = None,
) -> ScreenResponse:
    """Check in the member whose code was scanned or typed."""
    form = await read_form(request, CheckInForm)
    checked_in = await attendance.check_in_by_code(code, organiser, form.scanned)
    voice = organiser.voice
    more = None
    if checked_in.seats > 1:
        party_url = url_with_query(f"/app/events/{code}/check-ins", q=checked_in.name)
        more = party_url, voice.gettext(N_("Not all came"))
    undo = None if checked_in.already else _undo(code, voice, checked_in.membership_id)
    notice = Notice(
        voice.translate(check_in_message(checked_in)), "wait" if checked_in.already else "yes", undo, more
    )
    outcome = "already" if checked_in.already else "here"
    return await _check_in_screen(code, organiser, show, q, after, notice=notice, outcome=outcome)


@put("/events/{code:str}/check-ins/{membership_id:int}")
async def update(
    request: AnyRequest,
    code: FromPath[str],
    membership_id: PathId,
    organiser: NamedDependency[Person],
    show: Show = "all",
    q: SearchWords = None,
    after: OptionalId = None,
) -> ScreenResponse:
    """Check in a party, or only some of its people."""
    form, faults = await read_form(request, CheckInForm), Faults()
    came = faults.whole_number("came", form.came)
    if faults.by_field:
        raise Invalid(N_("A whole number, please."), field="came")
    checked_in = await attendance.check_in(code, organiser, membership_id, came=came)
    notice = None
    if (
        show == "missing" and not checked_in.already
    ):  # the party is no longer listed: the notice offers the way back
        undo = _undo(code, organiser.voice, membership_id, show=show)
        notice = Notice(organiser.voice.translate(check_in_message(checked_in)), "yes", undo)
    return await _check_in_screen(code, organiser, show, q, after, notice=notice, outcome="here")


@delete("/events/{code:str}/check-ins/{membership_id:int}", status_code=200)
async def destroy(
    code: FromPath[str],
    membership_id: PathId,
    organiser: NamedDependency[Person],
    show: Show = "all",
    q: SearchWords = None,
    after: OptionalId = None,
) -> ScreenResponse:
    """Undo a check-in that was a mistake."""
    await attendance.undo_check_in(code, organiser, membership_id)
    return await _check_in_screen(code, organiser, show, q, after, outcome="undone")


def _undo(code: str, voice: Voice, membership_id: int, **query: object) -> Undo:
    """The way back; `query` names the list that answers."""
    url = f"/app/events/{code}/check-ins/{membership_id}"
    return Undo(url_with_query(url, **query), voice.gettext(N_("Undo")), method="delete")


async def _check_in_screen(
    code: str,
    organiser: Person,
    show: Show,
    q: str | None,
    after: int | None,
    *,
    seen: str = "",
    notice: Notice | None = None,
    outcome: str = "",
) -> ScreenResponse:
    etag = await event_etag(code, organiser)
    if is_fresh(seen, etag):
        return not_modified()
    view, account = await load_authorized(code, organiser, Permission.CHECK_IN)
    page = await roster(
        view.id, LISTS[show], words=q or "", after=after, limit=PAGE_SIZE, language=organiser.language
    )
    path = f"/app/events/{code}/check-ins"
    query = {"show": None if show == "all" else show, "q": q or None}
    return screen(
        "check_ins/index.html",
        organiser,
        outcome=outcome,
        notice=notice,
        view=view,
        manages=account.has_permission(Permission.MANAGE_BOOKINGS),
        counts=await roster_counts(view.id),
        show=show,
        search_words=q,
        page=page,
        searched=SEARCHED,
        query=url_with_query("", **query, after=after),
        more=url_with_query(path, **query, after=page.next_after) if page.next_after else "",
        address=url_with_query(path, **query, after=after),
        seen=seen_of_instances(etag, organiser, [view]),
    )
