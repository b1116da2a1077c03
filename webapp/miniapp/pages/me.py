"""The reader: how they are spoken to, where they are, which clubs they belong to."""

from dataclasses import dataclass
from typing import Annotated

from litestar import Response, get, patch, post
from litestar.di import NamedDependency
from litestar.enums import RequestEncodingType
from litestar.params import Body

from backend.accounts.queries import clubs
from backend.accounts.rules import Act
from backend.bookings.queries import needs_answer
from backend.i18n import languages
from backend.people import actions, queries
from backend.people.queries import Person
from webapp.miniapp.screens import screen

# As their speakers write them.
LANGUAGES = {"en": "English", "fi": "Suomi", "ru": "Русский"}


@dataclass
class PreferencesForm:
    """What of them changes; what is empty stays."""

    language: str = ""
    zone: str = ""


Preferences = Annotated[PreferencesForm, Body(media_type=RequestEncodingType.URL_ENCODED)]


@get("/me")
async def show(person: NamedDependency[Person]) -> Response[str]:
    """Language, time zone, clubs."""
    return await _me(person)


@patch("/me")
async def update(data: Preferences, person: NamedDependency[Person]) -> Response[str]:
    """Choose a language or a time zone (`M5`). Raises `Invalid`."""
    if data.language:
        await actions.choose_language(person, data.language)
    if data.zone:
        await actions.choose_zone(person, data.zone)
    return await _me(await queries.person(person.id) or person, outcome="saved")


@post("/me/writing", status_code=204)
async def allow(person: NamedDependency[Person]) -> None:
    """The person has just allowed the bot to write to them, in Telegram's own dialogue (`M3`).

    Only the client says so; were it not true, the first message would find out and mark them unreachable again.
    """
    await actions.allow_writing(person)


async def _me(person: Person, outcome: str = "") -> Response[str]:
    theirs = await clubs(person)
    return screen(
        "people/me.html",
        person,
        outcome=outcome,
        clubs=theirs,
        asked=await needs_answer(person),
        organises=any(club.allows(Act.MANAGE_EVENTS) for club in theirs),
        languages={code: LANGUAGES.get(code, code) for code in languages()},
    )
