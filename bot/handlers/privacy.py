"""/privacy: what is held about the person, a copy of it, and being erased (`A7`)."""

import json

from aiogram import Router
from aiogram.types import CallbackQuery, Message

from backend.accounts.memberships import LastOwner
from backend.accounts.queries import solely_owned_accounts
from backend.departures.leaving import commitments
from backend.i18n import N_, Voice
from backend.people.queries import Person
from backend.people.rate_limits import RateLimit, spend
from backend.personal.actions import erase
from backend.personal.queries import export
from bot.callback_answers import editable_message
from bot.callbacks import PrivacyAction, PrivacyCallback
from bot.delivery.client import answer_callback_query, reply, reply_with_file, try_to_replace
from bot.filters import command_named, from_person
from bot.handlers.redirects import redirect_from_group
from bot.keyboards.buttons import make_callback_button
from bot.rendering import File, RenderedMessage, render

_FILE_NAME = "emerald-my-data.json"


async def index(message: Message, person: Person, voice: Voice) -> None:
    """/privacy"""
    if not await redirect_from_group(message, voice, "privacy"):
        await reply(message, await _render(person, voice))


async def _render(person: Person, voice: Voice) -> RenderedMessage:
    rows = [
        [
            make_callback_button(
                voice.gettext(N_("Send me my data")), PrivacyCallback(action=PrivacyAction.EXPORT)
            )
        ],
        [
            make_callback_button(
                voice.gettext(N_("Erase me")), PrivacyCallback(action=PrivacyAction.ASK_TO_ERASE)
            )
        ],
    ]
    return render("privacy.html", voice, rows)


async def tap(query: CallbackQuery, callback_data: PrivacyCallback, person: Person, voice: Voice) -> None:
    """A copy as a file; the question before an erasure; the erasure. Raises `LastOwner`, `TooOften`."""
    message = editable_message(query)
    if message is None:
        return
    match callback_data.action:
        case PrivacyAction.EXPORT:
            await spend(person, RateLimit.EXPORTS)
            text = json.dumps(await export(person), ensure_ascii=False, indent=1)
            await reply_with_file(message, File(_FILE_NAME, text.encode()))
        case PrivacyAction.ASK_TO_ERASE:
            if await solely_owned_accounts(person):
                raise LastOwner()
            await try_to_replace(message, await _render_question(person, voice))
        case PrivacyAction.ERASE:
            await erase(person)
            await try_to_replace(message, render("erased.html", voice))
        case PrivacyAction.BACK:
            await try_to_replace(message, await _render(person, voice))
    await answer_callback_query(query)


async def _render_question(person: Person, voice: Voice) -> RenderedMessage:
    erase_button = make_callback_button(
        voice.gettext(N_("Erase me now")), PrivacyCallback(action=PrivacyAction.ERASE), style="danger"
    )
    back = make_callback_button(voice.gettext(N_("Back")), PrivacyCallback(action=PrivacyAction.BACK))
    return render("erase.html", voice, [[erase_button], [back]], ahead=await commitments(person))


def router() -> Router:
    made = Router(name="privacy")
    made.message.register(index, command_named("privacy"), from_person)
    made.callback_query.register(tap, PrivacyCallback.filter(), from_person)
    return made
