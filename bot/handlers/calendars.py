"""/calendar: an instance as a file for one's own calendar."""

from aiogram import Router
from aiogram.filters import CommandObject
from aiogram.types import Message

from backend.bookings.queries.lists import my_bookings
from backend.errors import Invalid
from backend.groups.shown_lists import NumberedList
from backend.i18n import N_, Voice
from backend.people.queries import Person
from bot.calendar_files import make_calendar_file
from bot.delivery.client import reply_with_file
from bot.filters import command_named, from_person
from bot.handlers.redirects import redirect_from_group
from bot.lists import MAX_ITEMS, select


async def show(message: Message, command: CommandObject, person: Person, voice: Voice) -> None:
    """/calendar with a number of /mybookings or a code."""
    if await redirect_from_group(message, voice, "mine"):
        return
    selection = await select(
        NumberedList.BOOKINGS, command.args, lambda: my_bookings(person, limit=MAX_ITEMS), person, None
    )
    if selection is None:
        raise Invalid(N_("Which one? Send /calendar with its number in /mybookings, or its code."))
    file = await make_calendar_file(selection.code, person)
    await reply_with_file(message, file)


def router() -> Router:
    made = Router(name="calendars")
    made.message.register(show, command_named("calendar"), from_person)
    return made
