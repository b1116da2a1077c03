"""/settings: which messages a person gets and when, in which language and time zone (`M5`)."""

from aiogram import Bot, Router
from aiogram.filters import CommandObject
from aiogram.types import CallbackQuery, Message

from backend import clock
from backend.accounts.queries import joined_accounts
from backend.i18n import N_, Voice, Words, languages
from backend.people.actions import choose_language, choose_zone
from backend.people.preferences import Mutable, Preferences, choose_reminders, mute, preferences
from backend.people.queries import Person
from bot.callback_answers import answer_callback, editable_message
from bot.callbacks import PreferenceCallback
from bot.delivery.client import reply, try_to_replace
from bot.filters import command_named, from_person
from bot.handlers.redirects import redirect_from_group
from bot.keyboards.buttons import make_callback_button
from bot.rendering import RenderedMessage, Rows, render
from bot.zone_choices import nearest_zones

_MUTABLE_KINDS = {
    Mutable.REMINDERS: N_("Reminders"),
    Mutable.NUDGES: N_("“Are you coming?”"),
    Mutable.POLLS: N_("Open polls"),
    Mutable.ANNOUNCEMENTS: N_("Announcements"),
}
_OFFERED_LEADS = (2880, 1440, 240, 120, 60, 30)  # minutes; the Mini App takes others
LANGUAGES = {"en": "English", "fi": "Suomi", "ru": "Русский"}


async def index(message: Message, command: CommandObject, person: Person, voice: Voice) -> None:
    """/settings; `/settings zone Europe/Helsinki` takes any time zone."""
    if await redirect_from_group(message, voice, "settings"):
        return
    words = (command.args or "").split()
    if len(words) == 2 and words[0] == "zone":
        await choose_zone(person, words[1])
    await reply(message, await _render_page("", person))


async def tap(
    query: CallbackQuery, callback_data: PreferenceCallback, bot: Bot, person: Person, voice: Voice
) -> None:
    """A button of the settings: show a page, or save a choice and show the page again."""
    page = await save_choice(callback_data, person)
    now = await preferences(person)
    await answer_callback(query, Voice(now.language), Words(N_("Done.")), "done")
    message = editable_message(query)
    if message is not None:
        await try_to_replace(message, await _render_page(page, person))


async def save_choice(callback: PreferenceCallback, person: Person) -> str:
    """Save what the button chooses. Returns the page to show then, "" being the first."""
    match callback.what:
        case "kind":
            muted = callback.value in (await preferences(person)).muted
            await mute(person, callback.value, not muted)
            return ""
        case "lead":
            await choose_reminders(person, toggle_lead(callback.value, await preferences(person)))
            return "leads"
        case "language":
            await choose_language(person, callback.value)
            return ""
        case "zone":
            await choose_zone(person, callback.value)
            return ""
    return callback.value


def toggle_lead(value: str, now: Preferences) -> set[int] | None:
    """The lead times (minutes) after a tap on one of them, on "none", or on "as each event has it"."""
    if not value:
        return None
    if value == "none":
        return set()
    return set(now.leads or ()) ^ {int(value)} if value.isdecimal() else set()


async def _render_page(page: str, person: Person) -> RenderedMessage:
    now = await preferences(person)
    voice = Voice(now.language, now.zone)
    rows = {"leads": _make_lead_rows, "languages": _make_language_rows}.get(page, _make_kind_rows)(now, voice)
    if page == "zones":
        base = now.zone or next((account.zone for account in await joined_accounts(person)), "UTC")
        rows = [
            [make_callback_button(zone, PreferenceCallback(what="zone", value=zone))]
            for zone in nearest_zones(base)
        ]
    if page:
        rows.append([make_callback_button(voice.gettext(N_("Back")), PreferenceCallback(what="page"))])
    kinds = [(voice.gettext(label), kind not in now.muted) for kind, label in _MUTABLE_KINDS.items()]
    leads = None if now.leads is None else [describe_lead(lead, voice) for lead in now.leads]
    return render(
        "settings.html", voice, rows, page=page, kinds=kinds, leads=leads, zone=now.zone,
        language=LANGUAGES.get(now.language, now.language), hour=voice.hour(clock.now(), now.zone or "UTC"),
    )  # fmt: skip


def _make_kind_rows(now: Preferences, voice: Voice) -> Rows:
    kinds = [
        make_callback_button(
            f"{'🔕' if kind in now.muted else '🔔'} {voice.gettext(label)}",
            PreferenceCallback(what="kind", value=kind),
        )
        for kind, label in _MUTABLE_KINDS.items()
    ]
    pages = [
        make_callback_button(voice.gettext(N_("Lead time")), PreferenceCallback(what="page", value="leads")),
        make_callback_button(
            voice.gettext(N_("Language")), PreferenceCallback(what="page", value="languages")
        ),
        make_callback_button(voice.gettext(N_("Time zone")), PreferenceCallback(what="page", value="zones")),
    ]
    return [kinds[:2], kinds[2:], pages]


def _make_lead_rows(now: Preferences, voice: Voice) -> Rows:
    leads = [
        make_callback_button(
            f"{'✓ ' if lead in (now.leads or ()) else ''}{describe_lead(lead, voice)}",
            PreferenceCallback(what="lead", value=str(lead)),
        )
        for lead in _OFFERED_LEADS
    ]
    mark = "✓ " if now.leads is None else ""
    own = make_callback_button(
        f"{mark}{voice.gettext(N_('As set for each event'))}", PreferenceCallback(what="lead")
    )
    mark = "✓ " if now.leads == () else ""
    none = make_callback_button(
        f"{mark}{voice.gettext(N_('No reminder'))}", PreferenceCallback(what="lead", value="none")
    )
    return [leads[:3], leads[3:], [own], [none]]


def _make_language_rows(now: Preferences, voice: Voice) -> Rows:
    rows: Rows = []
    for code in languages():
        mark = "✓ " if code == now.language else ""
        choice = PreferenceCallback(what="language", value=code)
        rows.append([make_callback_button(f"{mark}{LANGUAGES.get(code, code)}", choice)])
    return rows


def describe_lead(minutes: int, voice: Voice) -> str:
    """A lead time in words: "2 hours before"."""
    if minutes % 1440 == 0:
        return voice.ngettext(N_("%(n)s day before"), "%(n)s days before", minutes // 1440)
    if minutes % 60 == 0:
        return voice.ngettext(N_("%(n)s hour before"), "%(n)s hours before", minutes // 60)
    return voice.ngettext(N_("%(n)s minute before"), "%(n)s minutes before", minutes)


def router() -> Router:
    made = Router(name="preferences")
    made.message.register(index, command_named("settings"), from_person)
    made.callback_query.register(tap, PreferenceCallback.filter(), from_person)
    return made
