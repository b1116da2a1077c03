"""Answers to questions of the bot: still coming after a move (`S6`), run with too few people (`S7`)."""

from aiogram import Bot, Router
from aiogram.types import CallbackQuery

from backend.bookings.actions import stay
from backend.bookings.queries.event import event
from backend.events.minimum import decide_instance
from backend.i18n import Voice
from backend.people.queries import Person
from backend.seats.requests import Via
from bot.callback_answers import answer_callback, editable_message
from bot.callbacks import MinimumCallback, StayCallback
from bot.delivery.client import replace_buttons, try_to_replace
from bot.filters import from_person
from bot.handlers.events import render_personal_card
from bot.keyboards.events import make_event_button


async def confirm_attendance(
    query: CallbackQuery, callback_data: StayCallback, bot: Bot, person: Person, voice: Voice
) -> None:
    """ "Still coming": record the answer, then show the instance with the reader's seat."""
    outcome = await stay(callback_data.code, person, via=Via.CARD)
    await answer_callback(query, voice, outcome.words, outcome.kind)
    message = editable_message(query)
    if message is not None and message.chat.type == "private":
        rendered = await render_personal_card(callback_data.code, person)
        await try_to_replace(message, rendered)


async def decide_minimum(
    query: CallbackQuery, callback_data: MinimumCallback, person: Person, voice: Voice
) -> None:
    """ "Run it" or "Call it off", by an organiser."""
    decision = await decide_instance(callback_data.code, person, run=callback_data.run)
    await answer_callback(query, voice, decision.words, decision.kind)
    await _remove_question_buttons(query, callback_data.code, person)


async def _remove_question_buttons(query: CallbackQuery, code: str, person: Person) -> None:
    """Leave only the button that opens the event under the question."""
    message = editable_message(query)
    if message is not None and message.chat.type == "private":
        view = await event(code, person)
        rows = [[make_event_button(view, person.voice, private=True)]]
        await replace_buttons(message, rows)


def router() -> Router:
    made = Router(name="series")
    made.callback_query.register(confirm_attendance, StayCallback.filter(), from_person)
    made.callback_query.register(decide_minimum, MinimumCallback.filter(), from_person)
    return made
