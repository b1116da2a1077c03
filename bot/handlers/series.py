"""Answers to what the clock and organisers ask: still coming to a moved date (`S6`), and does it run with so few (`S7`)."""

from aiogram import Bot, Router
from aiogram.types import CallbackQuery, InlineKeyboardMarkup

from backend.bookings.actions import stay
from backend.bookings.queries.event import event
from backend.events.minimum import decide_instance
from backend.i18n import Voice
from backend.people.queries import Person
from backend.seats.requests import Via
from bot.callback_answers import answer_tap, message_of
from bot.callbacks import Decide, Stay
from bot.delivery.client import edit
from bot.filters import by_a_person
from bot.handlers.events import card_for
from bot.keyboards.events import make_event_button


async def still_coming(
    query: CallbackQuery, callback_data: Stay, bot: Bot, person: Person, voice: Voice
) -> None:
    """ "Still coming": answered, and the message then says how they stand."""
    outcome = await stay(callback_data.code, person, via=Via.CARD)
    await answer_tap(query, voice, outcome.words, outcome.kind)
    message = message_of(query)
    if message is not None and message.chat.type == "private":
        sheet = await card_for(callback_data.code, person)
        await edit(bot, message.chat.id, message.message_id, sheet)


async def settle(query: CallbackQuery, callback_data: Decide, person: Person, voice: Voice) -> None:
    """ "Run it", "Call it off"."""
    decision = await decide_instance(callback_data.code, person, run=callback_data.run)
    await answer_tap(query, voice, decision.words, decision.kind)
    await _nothing_more_to_ask(query, callback_data.code, person)


async def _nothing_more_to_ask(query: CallbackQuery, code: str, person: Person) -> None:
    """The question loses its buttons; the way to the event stays."""
    message = message_of(query)
    if message is not None and message.chat.type == "private":
        view = await event(code, person)
        rows = [[make_event_button(view, person.voice, private=True)]]
        await message.edit_reply_markup(reply_markup=InlineKeyboardMarkup(inline_keyboard=rows))


def router() -> Router:
    made = Router(name="series")
    made.callback_query.register(still_coming, Stay.filter(), by_a_person)
    made.callback_query.register(settle, Decide.filter(), by_a_person)
    return made
