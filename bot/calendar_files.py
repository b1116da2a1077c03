"""A date as a file for somebody's own calendar."""

from urllib.parse import urlsplit

from backend.bookings.calendar_entries import calendar_entry
from backend.ical import render_calendar
from backend.people.queries import Person
from backend.settings import settings
from bot.keyboards.links import make_event_link
from bot.rendering import File


async def make_calendar_file(code: str, person: Person) -> File:
    """The instance as its reader's calendar holds it. Raises `NotFound`."""
    date = await calendar_entry(code, person, url=make_event_link(code))
    host = urlsplit(settings.public_url).hostname or "emerald"
    return File(f"{code}.ics", render_calendar([date], host=host))
