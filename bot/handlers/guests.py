"""/guests: how many come along, and their names (`B7`)."""

from aiogram import Router
from aiogram.filters import CommandObject
from aiogram.filters.callback_data import CallbackData
from aiogram.types import CallbackQuery, Message

from backend.bookings.actions import set_guests
from backend.bookings.queries.event import event
from backend.bookings.views import InstanceView
from backend.groups.queries import LinkedGroup
from backend.groups.shown_lists import NumberedList
from backend.i18n import Voice
from backend.people.queries import Person
from backend.seats.requests import Via
from bot.callback_answers import editable_message
from bot.callbacks import GuestsCallback
from bot.delivery.client import answer_callback_query, reply
from bot.filters import command_named, from_person
from bot.free_text import read_typed
from bot.handlers.booking_commands import answer_with_card, read_guests
from bot.handlers.choices import Choice, ask_which, choose
from bot.handlers.outcomes import reply_with_outcome
from bot.handlers.own_bookings import own_bookings, reply_with_bookings
from bot.handlers.redirects import redirect_from_group
from bot.keyboards.buttons import arrange_in_rows, make_callback_button
from bot.rendering import render

_GUESTS_ON_BUTTONS = 9


async def guests_command(
    message: Message, command: CommandObject, person: Person, voice: Voice, group: LinkedGroup | None
) -> None:
    """/guests: how many come along; `/guests yoga +2` says it at once, `/guests 2` where there is only one booking."""
    typed = read_typed(command.args, voice.language)
    bookings = await own_bookings(person, group)
    if not bookings:
        await reply_with_bookings(message, person, voice)
        return
    if len(bookings) == 1 and len(typed.words) == 1 and typed.words[0].isdecimal() and typed.guests is None:
        typed = read_typed(f"+{typed.words[0]}", voice.language)

    async def own() -> list[InstanceView]:
        return bookings

    choice = await choose(NumberedList.BOOKINGS, typed, own, person, voice, None)
    guests = read_guests(typed, choice)
    if choice.code is None:
        await _ask_which_booking(message, choice, guests, person, voice)
    elif guests is None:
        if not await redirect_from_group(message, voice, f"e_{choice.code}"):
            await _ask_how_many(message, choice.code, person, voice)
    else:
        action = set_guests(choice.code, person, guests=guests, names=typed.names or None, via=Via.COMMAND)
        await reply_with_outcome(message, choice.code, action, person, voice)


async def _ask_which_booking(
    message: Message, choice: Choice, guests: int | None, person: Person, voice: Voice
) -> None:
    def button(view: InstanceView) -> CallbackData:
        return GuestsCallback(code=view.code, guests=guests)

    await ask_which(message, choice, button, person, voice, payload="mine")


async def _ask_how_many(message: Message, code: str, person: Person, voice: Voice) -> None:
    view = await event(code, person)
    most = min(view.guest_limit, _GUESTS_ON_BUTTONS)
    buttons = [
        make_callback_button(str(number), GuestsCallback(code=code, guests=number))
        for number in range(most + 1)
    ]
    voice = voice.or_zone(view.account_zone)
    await reply(
        message, render("how_many_guests.html", voice, arrange_in_rows(buttons), view=view, most=most)
    )


async def guests_tapped(
    query: CallbackQuery, callback_data: GuestsCallback, person: Person, voice: Voice
) -> None:
    """An event, or a number of guests, that was asked for."""
    code, guests = callback_data.code, callback_data.guests
    if guests is not None:
        action = set_guests(code, person, guests=guests, via=Via.COMMAND)
        await answer_with_card(query, code, action, person, voice)
        return
    message = editable_message(query)
    if message is not None:
        await _ask_how_many(message, code, person, voice)
    await answer_callback_query(query)


def router() -> Router:
    made = Router(name="guests")
    made.message.register(guests_command, command_named("guests"), from_person)
    made.callback_query.register(guests_tapped, GuestsCallback.filter(), from_person)
    return made
