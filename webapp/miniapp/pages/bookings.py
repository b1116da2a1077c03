"""The reader's own seats: book, bring guests, leave, answer, take free seats; and the list of all of them."""

import re
from dataclasses import dataclass
from typing import Annotated, Literal

from litestar import Response, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.exceptions import ClientException
from litestar.params import FromPath, FromQuery, QueryParameter

from backend.bookings import actions
from backend.bookings.queries.event import event
from backend.people.queries import Person
from backend.seats.requests import Outcome, Via
from webapp.forms import read_form
from webapp.miniapp.event_screens import CONFIRMED, event_screen_after, undo_leaving
from webapp.miniapp.list_screens import bookings_screen, upcoming_screen
from webapp.miniapp.paging import BookingsTab, ListFilters
from webapp.miniapp.responses import ScreenResponse
from webapp.rendering import render_kept
from webapp.respond import AnyRequest, html_response


@dataclass(frozen=True, slots=True)
class BookingForm:
    """How many guests come along, and their names if given: a field `name` for each guest (`B1`)."""

    guests: str = ""
    name: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AnswerForm:
    """An answer that holds no seat (`B13`): `maybe` or `declined`."""

    answer: str = ""


# Far more than anybody may bring: too many is answered by the limit, in words.
_NUMBER = re.compile(r"-?[0-9]{1,40}")
CONFIRMATION_HEADERS = {"HX-Retarget": "#standing", "HX-Reswap": "outerHTML"}
Here = Annotated[Literal["", "events", "bookings"], QueryParameter()]


@post("/events/{code:str}/booking", status_code=200)
async def create(request: AnyRequest, code: FromPath[str], person: NamedDependency[Person]) -> Response[str]:
    """Book a party, or join the waitlist (`B1`–`B4`).

    When hundreds tap at once the answer is what they wait for: it takes no further query; the screen is
    loaded after it.
    """
    guests, names = await _read_party(request)
    outcome = await actions.book(code, person, guests=guests or 0, names=names, via=Via.MINIAPP)
    if outcome.kind not in CONFIRMED:
        return await event_screen_after(code, person, outcome)
    return html_response(render_confirmation(code, person, outcome), headers=CONFIRMATION_HEADERS)


def render_confirmation(code: str, person: Person, outcome: Outcome) -> str:
    """The reader's new status, which then loads the rest of the screen."""
    return render_kept(
        "miniapp/bookings/create.html",
        person.voice,
        code=code,
        outcome=outcome.kind,
        words=person.voice.translate(outcome.words),
        place=outcome.place,
        reachable=person.reachable,
    )


@patch("/events/{code:str}/booking")
async def update(request: AnyRequest, code: FromPath[str], person: NamedDependency[Person]) -> Response[str]:
    """Change the number of guests, or their names (`B1`, `B7`)."""
    guests, names = await _read_party(request)
    if guests is None:
        outcome = await actions.name_guests(code, person, names, via=Via.MINIAPP)
    else:
        outcome = await actions.set_guests(code, person, guests=guests, names=names or None, via=Via.MINIAPP)
    return await event_screen_after(code, person, outcome)


@delete("/events/{code:str}/booking", status_code=200)
async def destroy(
    code: FromPath[str],
    person: NamedDependency[Person],
    filters: NamedDependency[ListFilters],
    here: Here = "",
) -> ScreenResponse:
    """Leave the instance, or its waitlist (`B6`)."""
    outcome = await actions.leave(code, person, via=Via.MINIAPP)
    return await _answer_on(here, filters, code, person, outcome)


@post("/events/{code:str}/return", status_code=200)
async def undo_leave(
    request: AnyRequest,
    code: FromPath[str],
    person: NamedDependency[Person],
    filters: NamedDependency[ListFilters],
    here: Here = "",
) -> ScreenResponse:
    """Undo having left, while the seats are still free (`B6`)."""
    guests, names = await _read_party(request)
    outcome = await actions.rejoin(code, person, guests=guests or 0, names=names, via=Via.MINIAPP)
    return await _answer_on(here, filters, code, person, outcome)


@delete("/events/{code:str}/waiting", status_code=200)
async def stop_waiting(code: FromPath[str], person: NamedDependency[Person]) -> Response[str]:
    """Stop waiting for more seats, and keep those the reader has (`B6`)."""
    outcome = await actions.stop_waiting(code, person, via=Via.MINIAPP)
    return await event_screen_after(code, person, outcome)


@post("/events/{code:str}/answer", status_code=200)
async def answer(request: AnyRequest, code: FromPath[str], person: NamedDependency[Person]) -> Response[str]:
    """Answer "maybe" or "can't come" (`B13`)."""
    form = await read_form(request, AnswerForm)
    if form.answer not in ("maybe", "declined"):
        raise ClientException()
    outcome = await actions.answer(code, person, maybe=form.answer == "maybe", via=Via.MINIAPP)
    return await event_screen_after(code, person, outcome)


@post("/events/{code:str}/free-seats", status_code=200)
async def take_free(
    code: FromPath[str],
    person: NamedDependency[Person],
    filters: NamedDependency[ListFilters],
    here: Here = "",
) -> ScreenResponse:
    """Take the seats that are free now, and keep waiting for the rest (`W1`, `W3`)."""
    outcome = await actions.take_free(code, person, via=Via.MINIAPP)
    return await _answer_on(here, filters, code, person, outcome)


@post("/events/{code:str}/offer", status_code=200)
async def accept_offer(
    code: FromPath[str],
    person: NamedDependency[Person],
    filters: NamedDependency[ListFilters],
    here: Here = "",
) -> ScreenResponse:
    """Take the seats that are held for the reader (`W3`)."""
    outcome = await actions.take(code, person, via=Via.MINIAPP)
    return await _answer_on(here, filters, code, person, outcome)


@delete("/events/{code:str}/offer", status_code=200)
async def decline_offer(
    code: FromPath[str],
    person: NamedDependency[Person],
    filters: NamedDependency[ListFilters],
    here: Here = "",
) -> ScreenResponse:
    """Decline the offer: it goes to the next waitlisted party (`W3`)."""
    outcome = await actions.decline_offer(code, person, via=Via.MINIAPP)
    return await _answer_on(here, filters, code, person, outcome)


@post("/events/{code:str}/replacement", status_code=200)
async def look_for_replacement(code: FromPath[str], person: NamedDependency[Person]) -> Response[str]:
    """Look for a replacement, when it is too late to leave: the seat goes once the waitlist takes it
    (`B6`)."""
    outcome = await actions.find_replacement(code, person, via=Via.MINIAPP)
    return await event_screen_after(code, person, outcome)


@delete("/events/{code:str}/replacement", status_code=200)
async def keep_seat(code: FromPath[str], person: NamedDependency[Person]) -> Response[str]:
    """Stop looking for a replacement, and keep the seat (`B6`)."""
    outcome = await actions.keep_seat(code, person, via=Via.MINIAPP)
    return await event_screen_after(code, person, outcome)


@post("/events/{code:str}/stay", status_code=200)
async def stay(
    code: FromPath[str],
    person: NamedDependency[Person],
    filters: NamedDependency[ListFilters],
    here: Here = "",
) -> ScreenResponse:
    """Confirm that the reader still comes, after the instance was moved (`S6`)."""
    outcome = await actions.stay(code, person, via=Via.MINIAPP)
    return await _answer_on(here, filters, code, person, outcome)


async def _read_party(request: AnyRequest) -> tuple[int | None, tuple[str, ...]]:
    """The number of guests, None for an empty field, and their names. Raises `Invalid`, and `ClientException`
    for what is no number."""
    return parse_party(await read_form(request, BookingForm))


def parse_party(form: BookingForm) -> tuple[int | None, tuple[str, ...]]:
    """The same of a form that has been read."""
    actions.check_number_of_names(form.name)
    if form.guests and _NUMBER.fullmatch(form.guests) is None:
        raise ClientException()
    return int(form.guests) if form.guests else None, form.name


async def _answer_on(
    here: Here, filters: ListFilters, code: str, person: Person, outcome: Outcome
) -> ScreenResponse:
    """The screen on which the person answered, with the same part of its list."""
    if not here:
        return await event_screen_after(code, person, outcome)
    undo = undo_leaving(await event(code, person), person, outcome) if outcome.given_back else None
    if here == "events":
        return await upcoming_screen(person, filters, outcome=outcome, undo=undo)
    return await bookings_screen(person, filters.show, outcome=outcome, undo=undo)


@get("/bookings")
async def index(
    person: NamedDependency[Person],
    show: BookingsTab = "coming",
    before: FromQuery[int | None] = None,
    seen: FromQuery[str] = "",
) -> ScreenResponse:
    """All the reader is in, waits for, or was in; `before` (Unix seconds) pages on in what is past."""
    return await bookings_screen(person, show, before=before, seen=seen)
