"""What the reader shows at the door; and the door itself: who is here, by list or by scanning (`B12`)."""

from dataclasses import dataclass
from typing import Annotated, Literal

import segno
from litestar import Response, delete, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, PathParameter, QueryParameter
from markupsafe import Markup

from backend.accounts.rules import Permission
from backend.bookings import attendance, queries
from backend.bookings.attendance import CheckedIn, my_check_in_code
from backend.bookings.roster import Kind, counts, roster
from backend.errors import Invalid
from backend.i18n import N_, Words
from backend.people.queries import Person
from webapp.forms import Faults, read
from webapp.freshness import is_fresh
from webapp.miniapp.pages.events import (
    AnId,
    Answer,
    Sought,
    address_with,
    mark_of_event,
    seen_of_dates,
)
from webapp.miniapp.pages.organising import Notice, Undo, held
from webapp.miniapp.screens import screen, unchanged
from webapp.respond import AnyRequest

QUIET = 3  # modules of white around the picture
AT_ONCE = 60  # parties on a screen
SEARCHED = 8  # from so many parties on, one looks for a name

Show = Annotated[Literal["all", "missing"], QueryParameter()]
AMember = Annotated[int, PathParameter(ge=1, le=2**63 - 1)]
LISTS: dict[str, Kind] = {"all": "door", "missing": "missing"}


@dataclass(frozen=True, slots=True)
class CheckInForm:
    """What a code says; or how many of a party are here, all of them when left out."""

    scanned: str = ""
    came: str = ""


@get("/events/{code:str}/code")
async def show(
    code: FromPath[str], person: NamedDependency[Person], seen: FromQuery[str] = ""
) -> Response[str] | Response[None]:
    """The reader's own code for a date, as a picture to be scanned. Raises `NotFound` for who has no seat."""
    mark = await mark_of_event(code, person)
    if is_fresh(seen, mark):
        return unchanged()
    view = await queries.event(code, person)
    said = await my_check_in_code(code, person)
    picture = segno.make(said, error="m", micro=False)
    return screen(
        "check_ins/show.html",
        person,
        view=view,
        code=said,
        # No style in it, as the policy wants: a path, and attributes.
        picture=Markup(picture.svg_inline(omitsize=True, border=QUIET)),  # noqa: S704
        seen=seen_of_dates(mark, person, [view]),
    )


@get("/events/{code:str}/check-ins")
async def index(
    code: FromPath[str],
    organiser: NamedDependency[Person],
    show: Show = "all",
    q: Sought = None,
    after: AnId = None,
    seen: FromQuery[str] = "",
) -> Answer:
    """The list at the door, by name; `show` keeps to who is not here yet, `q` are words to look for."""
    return await _door(code, organiser, show, q, after, seen=seen)


@post("/events/{code:str}/check-ins", status_code=200)
async def create(
    request: AnyRequest,
    code: FromPath[str],
    organiser: NamedDependency[Person],
    show: Show = "all",
    q: Sought = None,
    after: AnId = None,
) -> Answer:
    """A member's code was scanned, or typed."""
    form = await read(request, CheckInForm)
    found = await attendance.check_in_by_code(code, organiser, form.scanned)
    more = None
    if found.seats > 1:
        found_by = address_with(f"/app/events/{code}/check-ins", q=found.name)
        more = found_by, organiser.voice.say(N_("Not all came"))
    undo = None if found.already else _undo(code, organiser, found.membership_id)
    notice = Notice(here(found), "wait" if found.already else "yes", undo, more)
    outcome = "already" if found.already else "here"
    return await _door(code, organiser, show, q, after, notice=notice, outcome=outcome)


@put("/events/{code:str}/check-ins/{membership_id:int}")
async def update(
    request: AnyRequest,
    code: FromPath[str],
    membership_id: AMember,
    organiser: NamedDependency[Person],
    show: Show = "all",
    q: Sought = None,
    after: AnId = None,
) -> Answer:
    """A party is here, or so many of them."""
    form, faults = await read(request, CheckInForm), Faults()
    came = faults.whole("came", form.came)
    if faults.of:
        raise Invalid(N_("A whole number, please."), field="came")
    found = await attendance.check_in(code, organiser, membership_id, came=came)
    # Where only those are listed who are not here, whoever comes leaves the list: the way back goes with the words.
    gone = show == "missing" and not found.already
    notice = Notice(here(found), "yes", _undo(code, organiser, membership_id, show=show)) if gone else None
    return await _door(code, organiser, show, q, after, notice=notice, outcome="here")


@delete("/events/{code:str}/check-ins/{membership_id:int}", status_code=200)
async def destroy(
    code: FromPath[str],
    membership_id: AMember,
    organiser: NamedDependency[Person],
    show: Show = "all",
    q: Sought = None,
    after: AnId = None,
) -> Answer:
    """It was a mistake: they are not here."""
    await attendance.undo_check_in(code, organiser, membership_id)
    return await _door(code, organiser, show, q, after, outcome="undone")


def here(found: CheckedIn) -> Words:
    """`Alice is here.`, of a party how many of them; and whether it was known."""
    values = {"name": found.name, "came": found.came, "all": found.seats}
    if found.already and found.seats == 1:
        return Words(N_("%(name)s was checked in already."), values)
    if found.already:
        return Words(N_("%(name)s was checked in already: %(came)s of %(all)s."), values)
    if found.seats == 1:
        return Words(N_("%(name)s is here."), values)
    return Words(N_("%(name)s is here: %(came)s of %(all)s."), values)


def _undo(code: str, organiser: Person, membership_id: int, **kept: object) -> Undo:
    """The way back, to the same list."""
    url = f"/app/events/{code}/check-ins/{membership_id}"
    return Undo("delete", address_with(url, **kept), organiser.voice.say(N_("Undo")))


async def _door(
    code: str,
    organiser: Person,
    show: Show,
    q: str | None,
    after: int | None,
    *,
    seen: str = "",
    notice: Notice | None = None,
    outcome: str = "",
) -> Answer:
    mark = await mark_of_event(code, organiser)
    if is_fresh(seen, mark):
        return unchanged()
    view, club = await held(code, organiser, Permission.CHECK_IN)
    numbers = await counts(view.id)
    found = await roster(view.id, LISTS[show], words=q or "", after=after, limit=AT_ONCE)
    path = f"/app/events/{code}/check-ins"
    kept = {"show": None if show == "all" else show, "q": q or None}
    return screen(
        "check_ins/index.html",
        organiser,
        outcome=outcome,
        notice=notice,
        view=view,
        manages=club.allows(Permission.MANAGE_BOOKINGS),
        counts=numbers,
        show=show,
        sought=q,
        found=found,
        searched=SEARCHED,
        query=address_with("", **kept, after=after),
        more=address_with(path, **kept, after=found.after) if found.after else "",
        address=address_with(path, **kept, after=after),
        seen=seen_of_dates(mark, organiser, [view]),
    )
