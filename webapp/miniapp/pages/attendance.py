"""The people of a date in an organiser's hand (`B10`): who is in, who waits, who is not; add, seat, change, take off."""

from dataclasses import dataclass
from typing import Annotated, Literal

from litestar import Response, delete, get, patch, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, PathParameter, QueryParameter

from backend.accounts.queries import Club
from backend.accounts.rules import Permission
from backend.bookings import actions as bookings
from backend.bookings.organiser import NAME_MAX, seat_by_name
from backend.bookings.queries import InstanceView, event
from backend.bookings.roster import Entry, counts, entry, not_on_it, roster
from backend.errors import Invalid, NotFound
from backend.i18n import N_, Words
from backend.people.queries import Person
from backend.seats.replies import NoRoomLeft
from backend.seats.state import Via
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
from webapp.organiser_messages import taken_off, told_of
from webapp.respond import AnyRequest

AT_ONCE = 50  # people on a screen
TO_ADD = 20

Show = Annotated[Literal["in", "line", "others"], QueryParameter()]
AMember = Annotated[int, PathParameter(ge=1, le=2**63 - 1)]


@dataclass(frozen=True, slots=True)
class PartyForm:
    """With how many guests; `how` is `seat` or `line`; `over` is an owner's word to go over the seats (`B3`). `name` is who
    comes without Telegram; `q` what was looked for on the screen that asks."""

    guests: str = ""
    how: str = "seat"
    over: str = ""
    name: str = ""
    q: str = ""


@dataclass(frozen=True, slots=True)
class Overbooking:
    """A party that does not fit, by how many seats, and what would seat it all the same (`B3`), or let it line up."""

    name: str
    over_by: int
    lines_up: bool
    verb: str
    url: str
    fields: dict[str, str]


@get("/events/{code:str}/attendance")
async def index(
    code: FromPath[str],
    organiser: NamedDependency[Person],
    show: Show = "in",
    q: Sought = None,
    after: AnId = None,
    seen: FromQuery[str] = "",
) -> Answer:
    """Everybody who has answered, a list and a page at a time; `q` are words to look for in their names."""
    mark = await mark_of_event(code, organiser)
    if is_fresh(seen, mark):
        return unchanged()
    view, club = await held(code, organiser, Permission.SEE_PEOPLE)
    numbers = await counts(view.id)
    found = await roster(view.id, show, words=q or "", after=after, limit=AT_ONCE)
    path = f"/app/events/{code}/attendance"
    kept = {"show": show, "q": q}
    return screen(
        "attendance/index.html",
        organiser,
        view=view,
        counts=numbers,
        show=show,
        sought=q,
        found=found,
        may_add=club.allows(Permission.MANAGE_BOOKINGS) and view.phase not in ("cancelled", "ended"),
        manages=club.allows(Permission.MANAGE_BOOKINGS),
        more=address_with(path, **kept, after=found.after) if found.after else "",
        address=address_with(path, **kept, after=after),
        seen=seen_of_dates(mark, organiser, [view]),
    )


@get("/events/{code:str}/attendance/new")
async def new(
    code: FromPath[str],
    organiser: NamedDependency[Person],
    q: Sought = None,
    after: AnId = None,
) -> Response[str]:
    """Members who are not on it yet, to be added; or somebody without Telegram, by their name."""
    return await _adding(code, organiser, q=q or "", after=after)


@post("/events/{code:str}/attendance", status_code=200)
async def create(
    request: AnyRequest, code: FromPath[str], organiser: NamedDependency[Person]
) -> Response[str]:
    """Add somebody without Telegram: to a seat, or to the line like anybody else."""
    form, faults = await read(request, PartyForm), Faults()
    guests = faults.whole("guests", form.guests, empty=0) or 0
    if faults.of:
        return await _adding(code, organiser, typed=form, faults=faults)
    try:
        outcome = await seat_by_name(
            code,
            organiser,
            form.name,
            guests=guests,
            line=form.how == "line",
            over=bool(form.over),
            via=Via.MINIAPP,
        )
    except Invalid as bad:
        faults.add(bad)
        return await _adding(code, organiser, typed=form, faults=faults)
    except NoRoomLeft as full:
        view, club = await held(code, organiser, Permission.MANAGE_BOOKINGS)
        over = _overbooking(view, club, form.name, 1 + guests, full, form)
        return await _adding(code, organiser, typed=form, over=over)
    words, tone = told_of(" ".join(form.name.split()), outcome)
    return await _adding(code, organiser, notice=Notice(words, tone), outcome=outcome.kind)


@get("/events/{code:str}/attendance/{membership_id:int}")
async def show(
    code: FromPath[str],
    membership_id: AMember,
    organiser: NamedDependency[Person],
    seen: FromQuery[str] = "",
) -> Answer:
    """One party, with everything that can be done about it."""
    return await _party(code, organiser, membership_id, seen=seen)


@put("/events/{code:str}/attendance/{membership_id:int}")
async def seat(
    request: AnyRequest,
    code: FromPath[str],
    membership_id: AMember,
    organiser: NamedDependency[Person],
    here: Annotated[Literal["", "new"], QueryParameter()] = "",
) -> Answer:
    """Give them a seat, from the line or from nowhere; or a place in line."""
    form, faults = await read(request, PartyForm), Faults()
    guests = faults.whole("guests", form.guests, empty=0) or 0
    view, club = await held(code, organiser, Permission.MANAGE_BOOKINGS)
    was = await _found(view, membership_id)
    try:
        if faults.of:
            raise Invalid(N_("A whole number, please."), field="guests")
        if form.how == "line":
            outcome = await bookings.put_in_line(
                code, organiser, membership_id, guests=guests, via=Via.MINIAPP
            )
        else:
            outcome = await bookings.seat(
                code,
                organiser,
                membership_id,
                guests=guests,
                over=bool(form.over),
                via=Via.MINIAPP,
            )
    except NoRoomLeft as full:
        size = was.wanted or 1 + guests
        waits = was.wanted > 0
        over = _overbooking(view, club, was.name, size, full, form, membership_id, here, waits)
        if here:
            return await _adding(code, organiser, q=form.q, over=over)
        return await _party(code, organiser, membership_id, over=over)
    words, tone = told_of(was.name, outcome)
    if here:
        notice = Notice(words, tone, _take_back(code, organiser, membership_id))
        return await _adding(code, organiser, q=form.q, notice=notice, outcome=outcome.kind)
    return await _party(code, organiser, membership_id, notice=Notice(words, tone), outcome=outcome.kind)


@patch("/events/{code:str}/attendance/{membership_id:int}")
async def update(
    request: AnyRequest,
    code: FromPath[str],
    membership_id: AMember,
    organiser: NamedDependency[Person],
) -> Answer:
    """Another number of guests."""
    form, faults = await read(request, PartyForm), Faults()
    guests = faults.whole("guests", form.guests)
    view, _ = await held(code, organiser, Permission.MANAGE_BOOKINGS)
    was = await _found(view, membership_id)
    if guests is None:
        raise Invalid(N_("A whole number, please."), field="guests")
    outcome = await bookings.set_guests_of(code, organiser, membership_id, guests=guests, via=Via.MINIAPP)
    words, tone = told_of(was.name, outcome)
    return await _party(code, organiser, membership_id, notice=Notice(words, tone), outcome=outcome.kind)


@delete("/events/{code:str}/attendance/{membership_id:int}", status_code=200)
async def destroy(code: FromPath[str], membership_id: AMember, organiser: NamedDependency[Person]) -> Answer:
    """Take a party off. It can be put back as long as nobody got the seats."""
    view, _ = await held(code, organiser, Permission.MANAGE_BOOKINGS)
    was = await _found(view, membership_id)
    outcome = await bookings.remove(code, organiser, membership_id, via=Via.MINIAPP)
    if outcome.kind == "already":
        words = Words(N_("%(name)s was off the list already."), {"name": was.name})
        return await _party(code, organiser, membership_id, notice=Notice(words))
    now = await event(code, organiser)
    words = taken_off(was.name, went_on=bool(was.seats and now.waiting < view.waiting))
    notice = Notice(words, undo=_put_back(now, organiser, was))
    return await _party(code, organiser, membership_id, notice=notice, outcome=outcome.kind)


def _put_back(now: InstanceView, organiser: Person, was: Entry) -> Undo | None:
    """The way back from a removal, if there is one: the same seats, or the end of the line."""
    url = f"/app/events/{now.code}/attendance/{was.membership_id}"
    if was.wanted and not was.seats:
        label = organiser.voice.say(N_("Put back at the end of the line"))
        return Undo("put", url, label, {"guests": str(was.guests), "how": "line"})
    if now.free is None or now.free >= was.seats:
        return Undo("put", url, organiser.voice.say(N_("Undo")), {"guests": str(was.guests)})
    return None


def _take_back(code: str, organiser: Person, membership_id: int) -> Undo:
    url = f"/app/events/{code}/attendance/{membership_id}"
    return Undo("delete", url, organiser.voice.say(N_("Undo")))


def _overbooking(
    view: InstanceView,
    club: Club,
    name: str,
    size: int,
    full: NoRoomLeft,
    form: PartyForm,
    membership_id: int | None = None,
    here: str = "",
    waits: bool = False,
) -> Overbooking:
    """What only an owner may do, and only when asked once more (`B3`); raises the refusal for anybody else."""
    if not club.allows(Permission.OVERBOOK):
        raise full
    url = f"/app/events/{view.code}/attendance"
    if membership_id is not None:
        url = address_with(f"{url}/{membership_id}", here=here or None)
    fields = {"guests": form.guests, "how": "seat", "name": form.name, "q": form.q}
    return Overbooking(
        name=name,
        over_by=size - (view.free or 0),
        lines_up=view.phase == "open" and not waits,
        verb="post" if membership_id is None else "put",
        url=url,
        fields=fields,
    )


async def _found(view: InstanceView, membership_id: int) -> Entry:
    one = await entry(view.id, view.account_id, membership_id)
    if one is None:
        raise NotFound()
    return one


async def _party(
    code: str,
    organiser: Person,
    membership_id: int,
    *,
    seen: str = "",
    notice: Notice | None = None,
    outcome: str = "",
    over: Overbooking | None = None,
) -> Answer:
    mark = await mark_of_event(code, organiser)
    if is_fresh(seen, mark):
        return unchanged()
    view, club = await held(code, organiser, Permission.SEE_PEOPLE)
    one = await _found(view, membership_id)
    return screen(
        "attendance/show.html",
        organiser,
        outcome=outcome or ("full" if over else ""),
        status=422 if over else 200,
        notice=notice,
        over=over,
        view=view,
        one=one,
        may=club.allows(Permission.MANAGE_BOOKINGS),
        seen=seen_of_dates(mark, organiser, [view]),
    )


async def _adding(
    code: str,
    organiser: Person,
    *,
    q: str = "",
    after: int | None = None,
    typed: PartyForm | None = None,
    faults: Faults | None = None,
    notice: Notice | None = None,
    outcome: str = "",
    over: Overbooking | None = None,
) -> Response[str]:
    view, _ = await held(code, organiser, Permission.MANAGE_BOOKINGS)
    found = await not_on_it(view.id, view.account_id, words=q, after=after, limit=TO_ADD)
    path = f"/app/events/{code}/attendance/new"
    return screen(
        "attendance/new.html",
        organiser,
        outcome=outcome or ("invalid" if faults else "full" if over else ""),
        status=422 if faults or over else 200,
        notice=notice,
        faults=faults.of if faults else {},
        typed=typed or PartyForm(),
        over=over,
        view=view,
        sought=q,
        found=found,
        name_max=NAME_MAX,
        more=address_with(path, q=q or None, after=found.after) if found.after else "",
    )
