"""/calendar: an instance as a file for one's own calendar."""

from aiogram import Router
from aiogram.filters import CommandObject
from aiogram.types import Message

from backend.bookings.queries.lists import my_bookings
from backend.bookings.views import InstanceView
from backend.groups.shown_lists import NumberedList, remember_list
from backend.i18n import Voice
from backend.people.queries import Person
from bot.calendar_files import make_calendar_file
from bot.delivery.client import reply, reply_with_file
from bot.filters import command_named, from_person
from bot.free_text import read_typed
from bot.handlers.choices import choose
from bot.handlers.redirects import redirect_from_group
from bot.keyboards.links import make_home_button
from bot.lists import MAX_ITEMS, list_voice
from bot.rendering import render


async def show(message: Message, command: CommandObject, person: Person, voice: Voice) -> None:
    """/calendar: the only booking, or the list; with a number of /mybookings, a code, or words that one. Raises `Invalid`."""
    if await redirect_from_group(message, voice, "mine"):
        return
    views = await my_bookings(person, limit=MAX_ITEMS)

    async def listed() -> list[InstanceView]:
        return views

    code, unknown = views[0].code if len(views) == 1 else None, ""
    if command.args:
        typed = read_typed(command.args, voice.language)
        choice = await choose(NumberedList.BOOKINGS, typed, listed, person, voice, None, nearest=True)
        code, unknown = choice.code, choice.typed if choice.is_unknown else ""
    if code is not None:
        await reply_with_file(message, await make_calendar_file(code, person))
        return
    await remember_list(NumberedList.BOOKINGS, [view.code for view in views], person)
    rows = [[make_home_button(voice)]]
    voice = list_voice(voice, views)
    await reply(
        message, render("bookings.html", voice, rows, views=views, purpose="calendar", unknown=unknown)
    )


def router() -> Router:
    made = Router(name="calendars")
    made.message.register(show, command_named("calendar"), from_person)
    return made
