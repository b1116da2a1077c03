"""Filters: where something was said, and by whom."""

from aiogram.types import CallbackQuery, Message

from backend.people.queries import Person


async def in_private_chat(message: Message) -> bool:
    """In the private chat with the bot."""
    return message.chat.type == "private"


async def in_group(message: Message) -> bool:
    """In a group."""
    return message.chat.type in ("group", "supergroup")


async def from_person(_: Message | CallbackQuery, person: Person | None = None) -> bool:
    """By somebody of flesh and blood: not by a channel, a bot, or an anonymous administrator."""
    return person is not None
