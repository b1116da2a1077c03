"""What nothing else understood: old buttons, and words to the bot alone."""

from aiogram import F, Router
from aiogram.filters import CommandObject, CommandStart
from aiogram.types import CallbackQuery, Message

from backend.i18n import N_, Voice, Words
from backend.people.queries import Person
from bot.callback_answers import answer_callback
from bot.filters import from_person, in_private_chat
from bot.handlers import bookings, people, regulars


async def answer_unknown_button(query: CallbackQuery, voice: Voice) -> None:
    """A button of another version: say so, for a tap is never left spinning."""
    words = Words(N_("This button is too old. Open the app instead."))
    await answer_callback(query, voice, words, "refused")


async def start_with_unknown_payload(
    message: Message, command: CommandObject, person: Person, voice: Voice
) -> None:
    """`/start` with what no other handler knows: the private half of a group's answer, else a welcome."""
    if command.args == "mine":
        await bookings.index(message, person, voice)
        return
    if command.args == "regulars":
        await regulars.index(message, person, voice)
        return
    await people.start(message, person, voice)


async def answer_other_text(message: Message, voice: Voice) -> None:
    """Anything else said in private: what can be said."""
    await people.help_command(message, voice)


def router() -> Router:
    made = Router(name="strays")
    made.callback_query.register(answer_unknown_button)
    made.message.register(start_with_unknown_payload, CommandStart(deep_link=True), from_person)
    made.message.register(answer_other_text, F.text, in_private_chat, from_person)
    return made
