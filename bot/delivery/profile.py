"""The calls that set up the bot itself at Telegram, and look at it in a group: a part of the client (decision 0019)."""

from collections.abc import Sequence
from dataclasses import dataclass

from aiogram import Bot
from aiogram.exceptions import (
    TelegramBadRequest,
    TelegramForbiddenError,
    TelegramMigrateToChat,
    TelegramRetryAfter,
)
from aiogram.types import (
    BotCommand,
    BotCommandScopeChat,
    BotCommandScopeUnion,
    ChatMemberAdministrator,
    ChatMemberRestricted,
    MenuButtonWebApp,
    Message,
    WebAppInfo,
    WebhookInfo,
)

from backend.errors import Unavailable

ADMINISTRATORS = ("creator", "administrator")


async def set_commands(
    bot: Bot, commands: Sequence[BotCommand], scope: BotCommandScopeUnion, language: str | None
) -> None:
    """Set the list of commands in these chats; without a language it is for all that have none."""
    await bot.set_my_commands(list(commands), scope=scope, language_code=language)


async def get_commands(bot: Bot, scope: BotCommandScopeUnion, language: str | None) -> list[BotCommand]:
    return await bot.get_my_commands(scope=scope, language_code=language)


async def get_commands_of_chat(bot: Bot, chat_id: int) -> list[BotCommand] | None:
    """The list of a chat's own; none for one that has what all have, and None where Telegram knows no such chat of the bot."""
    try:
        return await get_commands(bot, BotCommandScopeChat(chat_id=chat_id), None)
    except (TelegramBadRequest, TelegramForbiddenError):
        return None


async def set_commands_of_chat(bot: Bot, chat_id: int, commands: Sequence[BotCommand]) -> None:
    """Give a chat a list of its own; with no commands it has again what all have."""
    scope = BotCommandScopeChat(chat_id=chat_id)
    if commands:
        await set_commands(bot, commands, scope, None)
    else:
        await bot.delete_my_commands(scope=scope)


async def get_menu_button(bot: Bot) -> str:
    """The address that the menu button opens; "" for one that opens no web app."""
    button = await bot.get_chat_menu_button()
    return button.web_app.url if isinstance(button, MenuButtonWebApp) else ""


async def get_webhook(bot: Bot) -> WebhookInfo:
    return await bot.get_webhook_info()


async def set_menu_button(bot: Bot, text: str, url: str) -> None:
    await bot.set_chat_menu_button(menu_button=MenuButtonWebApp(text=text, web_app=WebAppInfo(url=url)))


async def set_webhook(bot: Bot, url: str, secret: str, kinds: Sequence[str], connections: int) -> None:
    """Have updates of these kinds brought to us."""
    await bot.set_webhook(url, secret_token=secret, allowed_updates=list(kinds), max_connections=connections)


async def delete_webhook(bot: Bot) -> None:
    await bot.delete_webhook()


async def has_inline_mode(bot: Bot) -> bool:
    """Whether @BotFather has switched inline mode on."""
    return bool((await bot.get_me()).supports_inline_queries)


async def is_administrator(message: Message, telegram_id: int) -> bool:
    """Whether a person administers the chat of a message, a group."""
    return await _status(message, telegram_id) in ADMINISTRATORS


async def is_creator(message: Message, telegram_id: int) -> bool:
    """Whether a person is the creator of the chat of a message, a group: its owner, as Telegram's apps call them."""
    return await _status(message, telegram_id) == "creator"


async def _status(message: Message, telegram_id: int) -> str:
    if message.chat.type not in ("group", "supergroup"):
        return ""  # in private chats everybody is a member, and a channel is no group of a club's
    try:
        member = await message.chat.get_member(telegram_id)
    except TelegramRetryAfter as refusal:
        raise Unavailable(f"Telegram says who administers a group in {refusal.retry_after} s") from refusal
    return str(member.status)


@dataclass(frozen=True, slots=True)
class GroupFacts:
    """A group as Telegram describes it now: whether the person who asks administers it, and what the bot may do there."""

    chat_id: int
    title: str
    is_forum: bool
    is_administered_by_person: bool
    may_write: bool
    is_administrator: bool
    may_delete: bool


async def look_at_group(bot: Bot, chat_id: int, telegram_id: int) -> GroupFacts | None:
    """The group with this id of Telegram's, for this person; None where the bot is not, or that is no group. Raises
    `Unavailable`."""
    try:
        chat = await bot.get_chat(chat_id)
        if chat.type not in ("group", "supergroup"):
            return None
        person = await bot.get_chat_member(chat_id, telegram_id)
        own = await bot.get_chat_member(chat_id, bot.id)
    except TelegramRetryAfter as refusal:
        raise Unavailable(f"Telegram describes a group in {refusal.retry_after} s") from refusal
    except (TelegramBadRequest, TelegramForbiddenError, TelegramMigrateToChat):
        return None
    return GroupFacts(
        chat_id=chat.id,
        title=chat.title or "",
        is_forum=bool(chat.is_forum),
        is_administered_by_person=person.status in ADMINISTRATORS,
        may_write=not isinstance(own, ChatMemberRestricted) or bool(own.can_send_messages),
        is_administrator=isinstance(own, ChatMemberAdministrator),
        may_delete=isinstance(own, ChatMemberAdministrator) and own.can_delete_messages,
    )
