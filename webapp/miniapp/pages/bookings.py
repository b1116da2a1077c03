"""The reader's own seats: book, bring guests, leave, answer, take what is free; and the list of all of them."""

from dataclasses import dataclass
from typing import Annotated, Literal

from litestar import Response, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.enums import RequestEncodingType
from litestar.params import Body, FromPath, FromQuery

from backend.bookings import actions, queries
from backend.bookings.rules import Via
from backend.people.queries import Person
from webapp.live import mark_of
from webapp.miniapp.pages.events import BROUGHT, event_after
from webapp.miniapp.screens import screen, unchanged
from webapp.miniapp.wording import months
from webapp.respond import page


@dataclass
class BookingForm:
    """How many come along."""

    guests: int = 0


@dataclass
class AnswerForm:
    """An answer that holds no seat (`B13`)."""

    answer: Literal["maybe", "declined"]


Booking = Annotated[BookingForm, Body(media_type=RequestEncodingType.URL_ENCODED)]
Reply = Annotated[AnswerForm, Body(media_type=RequestEncodingType.URL_ENCODED)]


@post("/events/{code:str}/booking", status_code=200)
async def create(
    code: FromPath[str], data: Booking, person: NamedDependency[Person]
) -> Response[str]:
    """Book a party, or wait in line for it (`B1`–`B4`).

    When hundreds tap at once the answer is what they wait for: it takes no further query, and brings the screen after it.
    """
    outcome = await actions.book(code, person, guests=data.guests, via=Via.MINIAPP)
    if outcome.kind not in BROUGHT:
        return await event_after(code, person, outcome)
    return page(
        "miniapp/bookings/create.html",
        person.voice,
        headers={"HX-Retarget": "#standing", "HX-Reswap": "outerHTML"},
        code=code,
        outcome=outcome,
    )


@patch("/events/{code:str}/booking")
async def update(
    code: FromPath[str], data: Booking, person: NamedDependency[Person]
) -> Response[str]:
    """Come with so many guests (`B7`)."""
    outcome = await actions.set_guests(code, person, guests=data.guests, via=Via.MINIAPP)
    return await event_after(code, person, outcome)


@delete("/events/{code:str}/booking", status_code=200)
async def destroy(code: FromPath[str], person: NamedDependency[Person]) -> Response[str]:
    """Give the seat, or the place in line, back (`B6`)."""
    outcome = await actions.leave(code, person, via=Via.MINIAPP)
    return await event_after(code, person, outcome)


@post("/events/{code:str}/answer", status_code=200)
async def answer(
    code: FromPath[str], data: Reply, person: NamedDependency[Person]
) -> Response[str]:
    """Maybe, or can't come (`B13`)."""
    outcome = await actions.answer(code, person, maybe=data.answer == "maybe", via=Via.MINIAPP)
    return await event_after(code, person, outcome)


@post("/events/{code:str}/free-seats", status_code=200)
async def take(code: FromPath[str], person: NamedDependency[Person]) -> Response[str]:
    """Take the seats that are free now, and keep waiting for the rest (`W1`)."""
    outcome = await actions.take_free(code, person, via=Via.MINIAPP)
    return await event_after(code, person, outcome)


@get("/bookings")
async def index(
    person: NamedDependency[Person],
    show: FromQuery[Literal["coming", "waiting", "past"]] = "coming",
    seen: FromQuery[str] = "",
) -> Response[str] | Response[None]:
    """All the reader is in, waits for, or was in."""
    ahead = await queries.my_bookings(person)
    waiting = [view for view in ahead if view.mine and view.mine.waiting]
    coming = [view for view in ahead if view not in waiting]
    past = await queries.my_bookings(person, past=True) if show == "past" else []
    day = [person.voice.near_day(view.starts_at, view.zone) for view in ahead]
    now_seen = mark_of(show, ahead, past, day)
    if seen == now_seen:
        return unchanged()
    return screen(
        "bookings/index.html",
        person,
        show=show,
        coming=coming,
        waiting=waiting,
        past=months(past, person.voice),
        seen=now_seen,
    )
