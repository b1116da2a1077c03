"""The last handlers: for buttons, links and texts that no other handler understands."""

from aiogram import F, Router
from aiogram.filters import Command, CommandObject, CommandStart
from aiogram.types import CallbackQuery, Message

from backend.i18n import N_, Voice, Words
from backend.people.queries import Person
from bot.callback_answers import UNKNOWN_BUTTON, answer_callback
from bot.command_names import COMMANDS
from bot.delivery.client import reply
from bot.filters import from_person, in_group, in_private_chat
from bot.handlers import bookings, people, regulars
from bot.rendering import plain
from bot.retired_callbacks import find_retired_sentence

_NOBODY = N_(
    "I can’t tell who you are while you write as a group or a channel. Write as yourself, or to me in private."
)


async def answer_unknown_button(query: CallbackQuery, voice: Voice) -> None:
    """A retired button, or one of another version: every tap is answered, or the button would spin."""
    sentence = find_retired_sentence(query.data or "") or UNKNOWN_BUTTON
    await answer_callback(query, voice, Words(sentence), "refused")


async def start_with_unknown_payload(
    message: Message, command: CommandObject, person: Person, voice: Voice
) -> None:
    """`/start` with the payload of a redirect from a group runs that command; any other gets a welcome."""
    if command.args == "mine":
        await bookings.index(message, person, voice)
        return
    if command.args == "regulars":
        await regulars.index(message, person, voice)
        return
    await people.start(message, person, voice)


async def answer_other_text(message: Message, voice: Voice) -> None:
    """Any other text in the private chat: the commands."""
    await people.help_command(message, voice)


async def answer_nobody(message: Message, voice: Voice) -> None:
    """A command by an anonymous administrator, or by somebody who writes as a channel: why nothing happens."""
    await reply(message, plain(voice.gettext(_NOBODY)))


def router() -> Router:
    made = Router(name="fallback")
    made.callback_query.register(answer_unknown_button)
    made.message.register(start_with_unknown_payload, CommandStart(deep_link=True), from_person)
    made.message.register(answer_other_text, F.text, in_private_chat, from_person)
    made.message.register(
        answer_nobody, Command(*COMMANDS, "announce"), F.sender_chat, ~F.is_automatic_forward, in_group
    )
    return made
