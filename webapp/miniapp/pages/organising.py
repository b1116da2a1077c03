"""One date in the hands of those who hold it: how it stands, and everything that can be done about it on a phone."""

from dataclasses import dataclass, field

from litestar import get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery

from backend.accounts.queries import Club, authorize
from backend.accounts.rules import Permission
from backend.bookings.actions import set_capacity
from backend.bookings.queries import InstanceView, event
from backend.bookings.roster import counts
from backend.cards.actions import post_card
from backend.cards.queries import cards_of
from backend.errors import Invalid, InvalidForm
from backend.events.queries import find_instance
from backend.events.reschedule import move_responses
from backend.i18n import N_, Words
from backend.people.queries import Person
from backend.seats.state import Via
from webapp.forms import Faults, read
from webapp.freshness import etag_of
from webapp.miniapp.pages.events import Answer
from webapp.miniapp.screens import screen, unchanged
from webapp.respond import AnyRequest


@dataclass(frozen=True, slots=True)
class Undo:
    """A way back that a notice offers: a button that asks this of an address, with these fields."""

    verb: str
    url: str
    label: str
    fields: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Notice:
    """What has just happened, near the finger. `tone` is `plain`, `yes`, `wait` or `no`; `more` is an address with what can
    be done further, and its label."""

    words: Words
    tone: str = "plain"
    undo: Undo | None = None
    more: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class SeatsForm:
    """`capacity` empty is no limit."""

    capacity: str = ""


async def held(code: str, organiser: Person, act: Permission) -> tuple[InstanceView, Club]:
    """The date and its club, if they may do this there. Raises `NotFound`, `Forbidden`."""
    club = await authorize(organiser, (await find_instance(code)).account_id, act)
    return await event(code, organiser), club


@get("/events/{code:str}/organising")
async def show(code: FromPath[str], organiser: NamedDependency[Person], seen: FromQuery[str] = "") -> Answer:
    """What a date is like, for its organisers, with a way to each thing they can do."""
    return await organising(code, organiser, seen=seen)


async def organising(
    code: str,
    organiser: Person,
    *,
    seen: str = "",
    notice: Notice | None = None,
    faults: Faults | None = None,
    typed: SeatsForm | None = None,
) -> Answer:
    """That screen; nothing when it is still as `seen`; after a change with what came of it."""
    view, club = await held(code, organiser, Permission.MANAGE_BOOKINGS)
    numbers = await counts(view.id)
    cards = await cards_of(instance_id=view.id)
    moved = await move_responses(code, organiser) if view.moved_from else None
    now_seen = etag_of(view, view.phase, numbers, cards, moved, organiser)
    if seen == now_seen:
        return unchanged()
    return screen(
        "organising/show.html",
        organiser,
        outcome=notice.tone if notice else "invalid" if faults else "",
        status=422 if faults else 200,
        notice=notice,
        faults=faults.of if faults else {},
        view=view,
        club=club,
        counts=numbers,
        cards=cards,
        moved=moved,
        capacity=typed.capacity if typed else "" if view.capacity is None else str(view.capacity),
        seen=now_seen,
    )


@put("/events/{code:str}/seats")
async def update(request: AnyRequest, code: FromPath[str], organiser: NamedDependency[Person]) -> Answer:
    """Another number of seats, for this date alone. Lowered below what is booked it removes nobody (`W4`)."""
    form, faults = await read(request, SeatsForm), Faults()
    capacity = faults.whole("capacity", form.capacity)
    outcome = None
    if not faults.of:
        try:
            outcome = await set_capacity(code, organiser, capacity, via=Via.MINIAPP)
        except Invalid as bad:
            faults.add(bad)
    if outcome is None:
        return await organising(code, organiser, faults=faults, typed=form)
    return await organising(code, organiser, notice=Notice(outcome.words))


@post("/events/{code:str}/cards", status_code=200)
async def announce(code: FromPath[str], organiser: NamedDependency[Person]) -> Answer:
    """Post the card of the date to its group, also when there was one before: a deliberate act (`C1`)."""
    await post_card(organiser, code)
    words = Words(N_("The card is on its way to the group."))
    return await organising(code, organiser, notice=Notice(words))


def kept(refused: Invalid | InvalidForm) -> Faults:
    """The faults of a form that comes back as it was typed (`X5`)."""
    faults = Faults()
    faults.add(refused)
    return faults
