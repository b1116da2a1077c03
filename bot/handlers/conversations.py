"""What somebody types while the bot asks them something; /cancel, which lets that go."""

from aiogram import F, Router
from aiogram.types import Message

from backend.conversations.actions import Conversation, ConversationKind, conversations, end_conversation
from backend.i18n import N_, Voice
from backend.people.queries import Person
from bot.conversations import STOPPED
from bot.delivery.client import reply
from bot.filters import command_named, from_person, in_private_chat
from bot.handlers import create_event, create_poll, date_changes
from bot.organiser_callbacks import DateStep
from bot.rendering import plain

# Those whose questions a text answers; of several that are under way the first is meant.
_ANSWER_TYPED = {
    ConversationKind.CHANGE_DATE: date_changes.answer_typed,
    ConversationKind.CREATE_POLL: create_poll.answer_typed,
    ConversationKind.CREATE_EVENT: create_event.answer_typed,
}
_TAPPED_ALONE = (ConversationKind.CHANGE_DATE, DateStep.CONFIRM)  # a step that no text answers


async def cancel(message: Message, person: Person, voice: Voice) -> None:
    """/cancel"""
    ended = [await end_conversation(person, kind) for kind in ConversationKind]
    sentence = STOPPED if any(ended) else N_("There was nothing to stop.")
    await reply(message, plain(voice.gettext(sentence)))


async def is_asked(message: Message, person: Person | None = None) -> dict[str, Conversation] | bool:
    """Whether the person is asked something that a text answers, and writes no command."""
    if person is None or (message.text or "").startswith("/"):
        return False
    under_way = await conversations(person, list(_ANSWER_TYPED))
    for kind in _ANSWER_TYPED:
        asked = under_way.get(kind)
        if asked is not None and (kind, asked.step) != _TAPPED_ALONE:
            return {"asked": asked}
    return False


async def answer_typed(message: Message, person: Person, voice: Voice, asked: Conversation) -> None:
    """A text while something is asked."""
    await _ANSWER_TYPED[asked.kind](message, person, voice, asked)


def router() -> Router:
    made = Router(name="conversations")
    made.message.register(cancel, command_named("cancel"), from_person)
    made.message.register(answer_typed, F.text, in_private_chat, from_person, is_asked)
    return made
