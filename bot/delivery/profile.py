"""The calls that set up the bot itself at Telegram: a part of the client (decision 0019)."""

from collections.abc import Sequence

from aiogram import Bot
from aiogram.types import BotCommand, BotCommandScopeUnion, MenuButtonWebApp, WebAppInfo, WebhookInfo


async def set_commands(
    bot: Bot, commands: Sequence[BotCommand], scope: BotCommandScopeUnion, language: str | None
) -> None:
    """Set the list of commands in these chats; without a language it is for all that have none."""
    await bot.set_my_commands(list(commands), scope=scope, language_code=language)


async def get_commands(bot: Bot, scope: BotCommandScopeUnion, language: str | None) -> list[BotCommand]:
    return await bot.get_my_commands(scope=scope, language_code=language)


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
