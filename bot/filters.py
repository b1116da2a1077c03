"""Filters by the kind of chat, and by the kind of sender."""

from aiogram.types import CallbackQuery, Message

from backend.people.queries import Person


async def in_private_chat(message: Message) -> bool:
    """Whether the message is in the private chat with the bot."""
    return message.chat.type == "private"


async def in_group(message: Message) -> bool:
    """Whether the message is in a group."""
    return message.chat.type in ("group", "supergroup")


async def from_person(_: Message | CallbackQuery, person: Person | None = None) -> bool:
    """Whether a person sent it, not a channel, a bot or an anonymous administrator."""
    return person is not None
