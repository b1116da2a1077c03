"""The reader's own seats: book, bring guests, leave, answer, take what is free; and the list of all of them."""

from dataclasses import dataclass, field
from typing import Annotated, Literal

from litestar import Response, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.enums import RequestEncodingType
from litestar.params import Body, FromPath, FromQuery, QueryParameter

from backend.bookings import actions, etags, queries
from backend.bookings.queries import InstanceView
from backend.bookings.standing_seats import my_regulars
from backend.people.queries import Person
from backend.seats.state import Outcome, Via
from webapp.calendar_files import address_of
from webapp.freshness import etag_of, is_fresh, seen_of
from webapp.miniapp.labels import months
from webapp.miniapp.pages.events import (
    AT_ONCE,
    BROUGHT,
    Answer,
    Show,
    Shown,
    Undo,
    address_with,
    event_after,
    home,
    moment_of,
    page_of,
    undo_of,
)
from webapp.miniapp.screens import drawn, screen, unchanged
from webapp.respond import page
from webapp.rule_sentences import rhythm_of


@dataclass
class BookingForm:
    """How many come along, and what they are called: a field `name` each, when they are told at all (`B1`)."""

    guests: int | None = None
    name: list[str] | str = field(default_factory=list)

    @property
    def names(self) -> list[str]:
        return [self.name] if isinstance(self.name, str) else self.name


@dataclass
class AnswerForm:
    """An answer that holds no seat (`B13`)."""

    answer: Literal["maybe", "declined"]


Booking = Annotated[BookingForm, Body(media_type=RequestEncodingType.URL_ENCODED)]
Here = Annotated[Literal["", "events", "bookings"], QueryParameter()]
Reply = Annotated[AnswerForm, Body(media_type=RequestEncodingType.URL_ENCODED)]


@post("/events/{code:str}/booking", status_code=200)
async def create(code: FromPath[str], data: Booking, person: NamedDependency[Person]) -> Response[str]:
    """Book a party, or wait in line for it (`B1`–`B4`).

    When hundreds tap at once the answer is what they wait for: it takes no further query, and brings the screen after it.
    """
    outcome = await actions.book(code, person, guests=data.guests or 0, names=data.names, via=Via.MINIAPP)
    if outcome.kind not in BROUGHT:
        return await event_after(code, person, outcome)
    return page(
        "miniapp/bookings/create.html",
        person.voice,
        headers={"HX-Retarget": "#standing", "HX-Reswap": "outerHTML"},
        code=code,
        outcome=outcome,
        person=person,
    )


@patch("/events/{code:str}/booking")
async def update(code: FromPath[str], data: Booking, person: NamedDependency[Person]) -> Response[str]:
    """Come with so many guests, or say what they are called (`B1`, `B7`)."""
    if data.guests is None:
        outcome = await actions.name_guests(code, person, data.names, via=Via.MINIAPP)
    else:
        outcome = await actions.set_guests(
            code, person, guests=data.guests, names=data.names or None, via=Via.MINIAPP
        )
    return await event_after(code, person, outcome)


@delete("/events/{code:str}/booking", status_code=200)
async def destroy(
    code: FromPath[str],
    person: NamedDependency[Person],
    shown: NamedDependency[Shown],
    here: Here = "",
) -> Answer:
    """Give the seat, or the place in line, back (`B6`)."""
    outcome = await actions.leave(code, person, via=Via.MINIAPP)
    return await _after(here, shown, code, person, outcome)


@post("/events/{code:str}/return", status_code=200)
async def come_back(
    code: FromPath[str],
    data: Booking,
    person: NamedDependency[Person],
    shown: NamedDependency[Shown],
    here: Here = "",
) -> Answer:
    """Take back having left (`B6`), where the seats are still there."""
    outcome = await actions.rejoin(code, person, guests=data.guests or 0, names=data.names, via=Via.MINIAPP)
    return await _after(here, shown, code, person, outcome)


@delete("/events/{code:str}/waiting", status_code=200)
async def stop_waiting(code: FromPath[str], person: NamedDependency[Person]) -> Response[str]:
    """Wait for no more seats, and keep those that are theirs (`B6`)."""
    outcome = await actions.stop_waiting(code, person, via=Via.MINIAPP)
    return await event_after(code, person, outcome)


@post("/events/{code:str}/answer", status_code=200)
async def answer(code: FromPath[str], data: Reply, person: NamedDependency[Person]) -> Response[str]:
    """Maybe, or can't come (`B13`)."""
    outcome = await actions.answer(code, person, maybe=data.answer == "maybe", via=Via.MINIAPP)
    return await event_after(code, person, outcome)


@post("/events/{code:str}/free-seats", status_code=200)
async def take_free(
    code: FromPath[str],
    person: NamedDependency[Person],
    shown: NamedDependency[Shown],
    here: Here = "",
) -> Answer:
    """Take the seats that are free now, and keep waiting for the rest (`W1`, `W3`)."""
    outcome = await actions.take_free(code, person, via=Via.MINIAPP)
    return await _after(here, shown, code, person, outcome)


@post("/events/{code:str}/offer", status_code=200)
async def take(
    code: FromPath[str],
    person: NamedDependency[Person],
    shown: NamedDependency[Shown],
    here: Here = "",
) -> Answer:
    """Take the seats that are held for the reader (`W3`)."""
    outcome = await actions.take(code, person, via=Via.MINIAPP)
    return await _after(here, shown, code, person, outcome)


@delete("/events/{code:str}/offer", status_code=200)
async def pass_on(
    code: FromPath[str],
    person: NamedDependency[Person],
    shown: NamedDependency[Shown],
    here: Here = "",
) -> Answer:
    """Let them go to the next in line (`W3`)."""
    outcome = await actions.decline_offer(code, person, via=Via.MINIAPP)
    return await _after(here, shown, code, person, outcome)


@post("/events/{code:str}/replacement", status_code=200)
async def look_for_replacement(code: FromPath[str], person: NamedDependency[Person]) -> Response[str]:
    """Too late to leave: the seat goes when the line takes it (`B6`)."""
    outcome = await actions.find_replacement(code, person, via=Via.MINIAPP)
    return await event_after(code, person, outcome)


@delete("/events/{code:str}/replacement", status_code=200)
async def keep(code: FromPath[str], person: NamedDependency[Person]) -> Response[str]:
    """Keep the seat after all (`B6`)."""
    outcome = await actions.keep_seat(code, person, via=Via.MINIAPP)
    return await event_after(code, person, outcome)


@post("/events/{code:str}/stay", status_code=200)
async def stay(
    code: FromPath[str],
    person: NamedDependency[Person],
    shown: NamedDependency[Shown],
    here: Here = "",
) -> Answer:
    """The date has moved, and the reader still comes (`S6`)."""
    outcome = await actions.stay(code, person, via=Via.MINIAPP)
    return await _after(here, shown, code, person, outcome)


async def _after(here: Here, shown: Shown, code: str, person: Person, outcome: Outcome) -> Answer:
    """The screen on which the question was answered, as it is now, with what of it was shown."""
    gave = here and outcome.gave
    undo = undo_of(await queries.event(code, person), outcome) if gave else None
    if here == "events":
        return await home(
            person,
            club=shown.club,
            group=shown.group,
            q=shown.q,
            after=shown.after,
            outcome=outcome,
            undo=undo,
        )
    if here == "bookings":
        return await mine(person, shown.show, outcome=outcome, undo=undo)
    return await event_after(code, person, outcome)


@get("/bookings")
async def index(
    person: NamedDependency[Person],
    show: Show = "coming",
    before: FromQuery[int | None] = None,
    seen: FromQuery[str] = "",
) -> Answer:
    """All the reader is in, waits for, or was in; `before` (Unix seconds) pages on in what is past."""
    return await mine(person, show, before=before, seen=seen)


async def mine(
    person: Person,
    show: Show = "coming",
    *,
    before: int | None = None,
    seen: str = "",
    outcome: Outcome | None = None,
    undo: Undo | None = None,
) -> Answer:
    """That screen; nothing when it is still as `seen`; after an answer given on it, with what the desk said."""
    mark = etag_of(show, await etags.my_bookings_etag(person, past=show == "past"), person)
    if is_fresh(seen, mark):
        return unchanged()

    async def draw() -> Response[str]:
        ahead = await queries.my_bookings(person)
        asked = await queries.needs_answer(person)
        waiting = [view for view in ahead if view.mine and view.mine.waiting + view.mine.offered]
        coming = [view for view in ahead if view not in waiting]
        past, earlier = page_of(await _past(person, before) if show == "past" else [])
        kept = await queries.record(person) if show == "past" else None
        standing = await my_regulars(person) if show == "coming" else []
        by_code = {view.code: view for view in coming if view.mine and view.mine.seats}
        turns = (moment for view in (*ahead, *past) for moment in view.turns)
        zones = {view.zone for view in (*ahead, *past)} | {seat.zone for seat in standing}
        return screen(
            "bookings/index.html",
            person,
            outcome=outcome.kind if outcome else "",
            said=outcome.words if outcome else None,
            undo=undo,
            show=show,
            here=address_with("", here="bookings", show=show),
            coming=coming,
            waiting=waiting,
            asked=asked,
            standing=[(seat, by_code.get(seat.next_code or "")) for seat in standing],
            rhythms={
                view.code: rhythm_of(person.voice, view.rule, view.starts_local) for view in by_code.values()
            },
            calendar=address_of(coming[0].code, person) if coming else "",
            record=kept,
            past=months(past, person.voice),
            before=before,
            earlier=earlier,
            address=address_with("/app/bookings", show=show, before=before),
            seen=seen_of(mark, person, turns, zones),
        )

    return await drawn(seen, draw())


async def _past(person: Person, before: int | None) -> list[InstanceView]:
    """A page of what is past, and one more."""
    return await queries.my_bookings(person, past=True, limit=AT_ONCE + 1, before=moment_of(before))
