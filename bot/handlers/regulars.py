"""Standing seats: /regulars, "not this week", and giving one back (`B11`)."""

from aiogram import Bot, Router
from aiogram.types import CallbackQuery, Message

from backend.bookings.standing_seats import StandingSeat, end_own_regular, own_standing_seats
from backend.errors import NotFound
from backend.i18n import N_, Voice, Words
from backend.people.queries import Person
from bot.callback_answers import answer_callback, editable_message
from bot.callbacks import EndStandingSeatCallback, ShowStandingSeatCallback
from bot.delivery.client import answer_callback_query, reply, try_to_replace
from bot.filters import command_named, from_person
from bot.handlers.redirects import redirect_from_group
from bot.keyboards.buttons import make_numbered_rows
from bot.keyboards.links import make_home_button
from bot.keyboards.seats import make_standing_seat_rows
from bot.lists import MAX_ITEMS
from bot.rendering import render


async def index(message: Message, person: Person, voice: Voice) -> None:
    """/regulars: one's own standing seats."""
    if await redirect_from_group(message, voice, "regulars"):
        return
    seats = (await own_standing_seats(person))[:MAX_ITEMS]
    rows = [
        *make_numbered_rows([ShowStandingSeatCallback(series_id=seat.series_id) for seat in seats]),
        [make_home_button(voice)],
    ]
    await reply(message, render("regulars.html", voice, rows, seats=seats))


async def show(
    query: CallbackQuery, callback_data: ShowStandingSeatCallback, person: Person, voice: Voice
) -> None:
    """The standing seat of a tapped number."""
    seat = await _find_standing_seat(callback_data.series_id, person)
    message = editable_message(query)
    if message is not None:
        await reply(message, render("regular.html", voice, make_standing_seat_rows(seat, voice), seat=seat))
    await answer_callback_query(query)


async def destroy(
    query: CallbackQuery, callback_data: EndStandingSeatCallback, bot: Bot, person: Person, voice: Voice
) -> None:
    """Give the standing seat back; the message then says so."""
    seat = await _find_standing_seat(callback_data.series_id, person)
    await end_own_regular(person, seat.series_id)
    await answer_callback(query, voice, Words(N_("You gave up your standing seat.")), "done")
    message = editable_message(query)
    if message is not None:
        rendered = render("regular_ended.html", voice, [[make_home_button(voice)]], title=seat.title)
        await try_to_replace(message, rendered)


async def _find_standing_seat(series_id: int, person: Person) -> StandingSeat:
    for seat in await own_standing_seats(person):
        if seat.series_id == series_id:
            return seat
    raise NotFound()


def router() -> Router:
    made = Router(name="regulars")
    made.message.register(index, command_named("regulars"), from_person)
    made.callback_query.register(show, ShowStandingSeatCallback.filter(), from_person)
    made.callback_query.register(destroy, EndStandingSeatCallback.filter(), from_person)
    return made
