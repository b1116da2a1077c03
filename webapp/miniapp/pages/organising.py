"""One instance for its organisers: its state, and everything that they can do about it on a phone."""

from dataclasses import dataclass

from litestar import get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery

from backend.accounts.rules import Permission
from backend.bookings.actions import set_capacity
from backend.bookings.organiser_etags import organiser_event_etag
from backend.bookings.queries.event import event
from backend.bookings.roster import roster_counts
from backend.cards.actions import post_card
from backend.cards.queries import cards_of
from backend.errors import Invalid
from backend.events.edit import keep_drifted
from backend.events.reschedule import move_responses
from backend.i18n import N_
from backend.people.queries import Person
from backend.seats.requests import Via
from webapp.forms import Faults, read_form
from webapp.freshness import etag_of, is_fresh
from webapp.miniapp.access import authorize_event
from webapp.miniapp.event_screens import seen_of_instances
from webapp.miniapp.responses import ScreenResponse, screen
from webapp.notices import Notice
from webapp.organiser_messages import KEPT
from webapp.respond import AnyRequest, not_modified


@dataclass(frozen=True, slots=True)
class SeatsForm:
    """An empty `capacity` is no limit."""

    capacity: str = ""


@get("/events/{code:str}/organising")
async def show(
    code: FromPath[str], organiser: NamedDependency[Person], seen: FromQuery[str] = ""
) -> ScreenResponse:
    """The instance for its organisers, with a link to each thing they can do."""
    return await _screen(code, organiser, seen=seen)


async def _screen(
    code: str,
    organiser: Person,
    *,
    seen: str = "",
    notice: Notice | None = None,
    faults: Faults | None = None,
    typed: SeatsForm | None = None,
) -> ScreenResponse:
    """That screen; 204 when `seen` is fresh; after a change with its result."""
    account = await authorize_event(code, organiser, Permission.MANAGE_BOOKINGS)
    etag = etag_of(await organiser_event_etag(code, [account.id]), account, organiser)
    if is_fresh(seen, etag):
        return not_modified()
    view = await event(code, organiser)
    totals = await roster_counts(view.id)
    cards = await cards_of(instance_id=view.id)
    moved = await move_responses(code, organiser) if view.moved_from else None
    return screen(
        "organising/show.html",
        organiser,
        outcome=notice.tone if notice else "invalid" if faults else "",
        status=422 if faults else 200,
        notice=notice,
        faults=faults.by_field if faults else {},
        view=view,
        account=account,
        counts=totals,
        cards=cards,
        moved=moved,
        capacity=typed.capacity if typed else "" if view.capacity is None else str(view.capacity),
        seen=seen_of_instances(etag, organiser, [view]),
    )


@put("/events/{code:str}/seats")
async def update(
    request: AnyRequest, code: FromPath[str], organiser: NamedDependency[Person]
) -> ScreenResponse:
    """Change the capacity of this instance only. Lowering it below what is booked removes nobody (`W4`)."""
    form, faults = await read_form(request, SeatsForm), Faults()
    capacity = faults.whole_number("capacity", form.capacity)
    outcome = None
    if not faults.by_field:
        try:
            outcome = await set_capacity(code, organiser, capacity, via=Via.MINIAPP)
        except Invalid as bad:
            faults.add(bad)
    if outcome is None:
        return await _screen(code, organiser, faults=faults, typed=form)
    return await _screen(code, organiser, notice=Notice(organiser.voice.translate(outcome.words)))


@post("/events/{code:str}/cards", status_code=200)
async def announce(code: FromPath[str], organiser: NamedDependency[Person]) -> ScreenResponse:
    """Post the card of the instance to its group, again if there is one already: a deliberate act (`C1`)."""
    await post_card(organiser, code)
    text = organiser.voice.gettext(N_("The card is on its way to the group."))
    return await _screen(code, organiser, notice=Notice(text))


@post("/events/{code:str}/keeping", status_code=200)
async def keep(code: FromPath[str], organiser: NamedDependency[Person]) -> ScreenResponse:
    """Keep the instance although its rule no longer has it (`S4`)."""
    await keep_drifted(code, organiser)
    return await _screen(code, organiser, notice=Notice(organiser.voice.gettext(KEPT), "yes"))
