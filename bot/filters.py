"""Filters by the kind of chat, and by the kind of sender."""

from aiogram import Bot
from aiogram.filters import Command
from aiogram.types import CallbackQuery, Message

from backend.people.queries import Person


def command_named(*names: str) -> Command:
    """Whether the message is one of these commands, in small or capital letters."""
    return Command(*names, ignore_case=True)


async def names_a_command(message: Message, bot: Bot) -> bool:
    """Whether the message begins with a command for this bot, whatever its name: in a group others have theirs, so
    there it must say for whom it is."""
    word = next(iter((message.text or "").split(maxsplit=1)), "")  # a text may be nothing but space
    if len(word) < 2 or not word.startswith("/"):
        return False
    if message.chat.type == "private":
        return True
    return word.partition("@")[2].casefold() == (await bot.me()).username.casefold()  # type: ignore[union-attr]


async def in_private_chat(message: Message) -> bool:
    """Whether the message is in the private chat with the bot."""
    return message.chat.type == "private"


async def in_group(message: Message) -> bool:
    """Whether the message is in a group."""
    return message.chat.type in ("group", "supergroup")


async def from_person(_: Message | CallbackQuery, person: Person | None = None) -> bool:
    """Whether a person sent it, not a channel, a bot or an anonymous administrator."""
    return person is not None
