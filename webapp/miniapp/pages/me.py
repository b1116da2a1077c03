"""The reader's own settings: language, time zone, reminders, kinds of message."""

import re
from collections.abc import Collection
from dataclasses import dataclass

from litestar import Response, delete, get, patch, post, put
from litestar.di import NamedDependency

from backend.accounts.queries import joined_accounts
from backend.accounts.rules import Permission
from backend.bookings.queries.lists import needs_answer
from backend.errors import Invalid
from backend.i18n import N_, Voice, languages
from backend.people import actions, queries
from backend.people.browser_sessions import end_sessions
from backend.people.preferences import Mutable, choose_reminders, mute, preferences
from backend.people.queries import Person
from webapp.forms import read_form
from webapp.miniapp.responses import screen
from webapp.respond import AnyRequest

HOUR, DAY = 60, 24 * 60  # minutes
DEFAULT_LEADS = (DAY, 2 * HOUR)
# Each in its own language.
LANGUAGES = {"en": "English", "fi": "Suomi", "ru": "Русский"}


# Offered lead times in minutes before the start; others that the person has chosen elsewhere are shown too.
LEADS = (7 * DAY, 2 * DAY, DAY, 3 * HOUR, 2 * HOUR, HOUR, 30, 15)


@dataclass(frozen=True, slots=True)
class PreferencesForm:
    """The changed fields; an empty one stays as it is."""

    language: str = ""
    zone: str = ""


REMINDER_CHOICES = ("series", "own", "never")
LEAD = re.compile(r"[0-9]{1,9}")


@get("/me")
async def show(person: NamedDependency[Person]) -> Response[str]:
    """Language, time zone, reminders, kinds of message, clubs."""
    return await _screen(person)


@patch("/me")
async def update(request: AnyRequest, person: NamedDependency[Person]) -> Response[str]:
    """Choose a language or a time zone (`M5`). Raises `Invalid`."""
    form = await read_form(request, PreferencesForm)
    if form.language:
        await actions.choose_language(person, form.language)
    if form.zone:
        await actions.choose_zone(person, form.zone)
    return await _screen(await queries.person(person.id) or person, outcome="saved")


@put("/me/reminders")
async def update_reminders(request: AnyRequest, person: NamedDependency[Person]) -> Response[str]:
    """Choose when to be reminded (`M4`, `M5`). The field `when` is `series` (as each series has it), `own` or
    `never`; the repeated field `lead` has one's own lead times, in minutes before the start. Raises
    `Invalid`.

    One's own lead times begin with a day and two hours, as most series have them.
    """
    form = await request.form()
    when, given = form.get("when"), form.getall("lead", [])
    if when not in REMINDER_CHOICES:
        raise Invalid(N_("Choose one of these, please."), field="when")
    if not all(isinstance(lead, str) and LEAD.fullmatch(lead) for lead in given):
        raise Invalid(N_("A reminder comes between five minutes and two weeks before."), field="lead")
    leads: Collection[int] | None = [int(lead) for lead in given]
    if when != "own":
        leads = None if when == "series" else []
    elif not leads and not (await preferences(person)).leads:
        leads = DEFAULT_LEADS
    await choose_reminders(person, leads)
    return await _screen(person, outcome="saved")


@put("/me/kinds")
async def update_message_kinds(request: AnyRequest, person: NamedDependency[Person]) -> Response[str]:
    """Choose which kinds of message to get (`M5`): the repeated field `kind` has all wanted kinds."""
    wanted = (await request.form()).getall("kind", [])
    for kind in tuple(Mutable):
        await mute(person, kind, kind not in wanted)
    return await _screen(person, outcome="saved")


@post("/me/writing", status_code=204)
async def allow_writing(person: NamedDependency[Person]) -> None:
    """The person has just allowed the bot to write to them, in Telegram's own dialogue (`M3`).

    Only the client reports it. If it is not true, the first message fails and marks them unreachable again.
    """
    await actions.allow_writing(person)


@delete("/me/sessions", status_code=200)
async def sign_out_everywhere(person: NamedDependency[Person]) -> Response[str]:
    """End all sessions of the reader, this one too (`X3`). Opening the app anew in Telegram begins another."""
    await end_sessions(person)
    return screen("people/signed_out.html", person, outcome="signed-out")


def lead_label(lead: int, voice: Voice) -> str:
    """`2 days`, `3 hours`, `15 minutes`: in the largest unit that divides the minutes."""
    if lead % DAY == 0:
        return voice.ngettext(N_("%(n)s day"), N_("%(n)s days"), lead // DAY)
    if lead % HOUR == 0:
        return voice.ngettext(N_("%(n)s hour"), N_("%(n)s hours"), lead // HOUR)
    return voice.ngettext(N_("%(n)s minute"), N_("%(n)s minutes"), lead)


async def _screen(person: Person, outcome: str = "") -> Response[str]:
    my_accounts = await joined_accounts(person)
    chosen = await preferences(person)
    return screen(
        "people/me.html",
        person,
        outcome=outcome,
        accounts=my_accounts,
        questions=await needs_answer(person),
        organises=any(account.has_permission(Permission.MANAGE_EVENTS) for account in my_accounts),
        leads=[
            (lead, lead_label(lead, person.voice), lead in (chosen.leads or ()))
            for lead in sorted({*LEADS, *(chosen.leads or ())}, reverse=True)
        ],
        when="series" if chosen.leads is None else "own" if chosen.leads else "never",
        muted=chosen.muted,
        languages={code: LANGUAGES.get(code, code) for code in languages()},
    )
