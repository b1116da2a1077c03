"""/calendar: an instance as a file for one's own calendar."""

from aiogram import Router
from aiogram.filters import CommandObject
from aiogram.types import Message

from backend.bookings.queries.lists import my_bookings
from backend.bookings.views import InstanceView
from backend.errors import Invalid
from backend.groups.shown_lists import NumberedList
from backend.i18n import N_, Voice
from backend.people.queries import Person
from bot.calendar_files import make_calendar_file
from bot.delivery.client import reply_with_file
from bot.filters import command_named, from_person
from bot.free_text import read_typed
from bot.handlers.choices import choose
from bot.handlers.redirects import redirect_from_group
from bot.lists import MAX_ITEMS


async def show(message: Message, command: CommandObject, person: Person, voice: Voice) -> None:
    """/calendar with a number of /mybookings, a code, or words. Raises `Invalid`."""
    if await redirect_from_group(message, voice, "mine"):
        return
    typed = read_typed(command.args, voice.language)

    async def listed() -> list[InstanceView]:
        return await my_bookings(person, limit=MAX_ITEMS)

    choice = await choose(NumberedList.BOOKINGS, typed, listed, person, voice, None, nearest=True)
    if choice.code is None or not command.args:
        raise Invalid(N_("Which one? Send /calendar with its number in /mybookings, or its name."))
    file = await make_calendar_file(choice.code, person)
    await reply_with_file(message, file)


def router() -> Router:
    made = Router(name="calendars")
    made.message.register(show, command_named("calendar"), from_person)
    return made
