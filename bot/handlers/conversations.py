"""/cancel: what the person is in the middle of telling the bot is let go."""

from aiogram import Router
from aiogram.types import Message

from backend.conversations.actions import ConversationKind, end_conversation
from backend.i18n import N_, Voice
from backend.people.queries import Person
from bot.delivery.client import reply
from bot.filters import command_named, from_person
from bot.rendering import plain


async def cancel(message: Message, person: Person, voice: Voice) -> None:
    """/cancel"""
    ended = [await end_conversation(person, kind) for kind in ConversationKind]
    sentence = N_("Stopped. Nothing was saved.") if any(ended) else N_("There was nothing to stop.")
    await reply(message, plain(voice.gettext(sentence)))


def router() -> Router:
    made = Router(name="conversations")
    made.message.register(cancel, command_named("cancel"), from_person)
    return made
