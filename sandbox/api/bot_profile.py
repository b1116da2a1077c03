"""The bot's own profile: name, commands, menu button, descriptions, and the messages it prepared."""

import re
import secrets
from typing import Any

from aiogram.methods import (
    DeleteMyCommands,
    GetChatMenuButton,
    GetMe,
    GetMyCommands,
    GetMyDescription,
    GetMyShortDescription,
    SavePreparedInlineMessage,
    SetChatMenuButton,
    SetMyCommands,
    SetMyDescription,
    SetMyShortDescription,
)
from aiogram.types import InlineQueryResultArticle, InputTextMessageContent

from sandbox import bot_api_types
from sandbox.api.messages import parse_text
from sandbox.commands import check_language, scope_key
from sandbox.errors import bad_request
from sandbox.keyboards import check_web_app, read_keyboard
from sandbox.params import to_json
from sandbox.telegram import Telegram
from sandbox.world import Json, PreparedMessage

_PREPARED_MESSAGE_LIFETIME_SECONDS = 24 * 3600


def get_me(telegram: Telegram, call: GetMe) -> Json:
    return bot_api_types.to_bot_user(telegram.config) | {
        "can_join_groups": True,
        "can_read_all_group_messages": False,
        "supports_inline_queries": telegram.world.inline_mode,
        "can_connect_to_business": False,
        "has_main_web_app": True,
    }


def set_my_commands(telegram: Telegram, call: SetMyCommands) -> bool:
    if len(call.commands) > 100:
        raise bad_request("BOT_COMMANDS_TOO_MUCH")
    for command in call.commands:
        if not re.fullmatch(r"/?[a-z0-9_]{1,32}", command.command):
            raise bad_request("BOT_COMMAND_INVALID")
        if not 1 <= len(command.description) <= 256:
            raise bad_request("BOT_COMMAND_DESCRIPTION_INVALID")
    key = _scope_key(telegram, call)
    telegram.world.commands[key] = [
        {"command": c.command.removeprefix("/"), "description": c.description}
        | ({"is_ephemeral": True} if c.is_ephemeral and telegram.world.knows_ephemeral else {})
        for c in call.commands
    ]
    telegram.mark_changed()
    return True


def get_my_commands(telegram: Telegram, call: GetMyCommands) -> list[Json]:
    return telegram.world.commands.get(_scope_key(telegram, call), [])


def delete_my_commands(telegram: Telegram, call: DeleteMyCommands) -> bool:
    telegram.world.commands.pop(_scope_key(telegram, call), None)
    telegram.mark_changed()
    return True


def _scope_key(telegram: Telegram, call: SetMyCommands | GetMyCommands | DeleteMyCommands) -> str:
    """The list that a call is about. Raises 400 for the list of a chat that there is not."""
    chat_id = getattr(call.scope, "chat_id", None)
    if chat_id is not None and chat_id not in telegram.world.chats and chat_id not in telegram.world.people:
        raise bad_request("chat not found")
    return scope_key(call.scope, call.language_code)


def set_chat_menu_button(telegram: Telegram, call: SetChatMenuButton) -> bool:
    button: Json = {"type": "default"} if call.menu_button is None else to_json(call.menu_button)
    if button["type"] == "web_app":
        if not button["text"].strip():
            raise bad_request("menu button text must be non-empty")
        check_web_app(telegram.config, button["web_app"]["url"])
    chat_id = call.chat_id or 0  # 0: every private chat without a button of its own
    if chat_id and chat_id not in telegram.world.people:
        raise bad_request("chat not found")
    if button["type"] == "default":
        telegram.world.menu_buttons.pop(chat_id, None)
    else:
        telegram.world.menu_buttons[chat_id] = button
    telegram.mark_changed()
    return True


def get_chat_menu_button(telegram: Telegram, call: GetChatMenuButton) -> Json:
    return menu_button(telegram, call.chat_id or 0)


def menu_button(telegram: Telegram, person_id: int) -> Json:
    """The menu button of a private chat: its own, the bot's, or the list of commands."""
    buttons = telegram.world.menu_buttons
    return buttons.get(person_id) or buttons.get(0) or {"type": "commands"}


def set_my_description(telegram: Telegram, call: SetMyDescription) -> bool:
    return _set_description(telegram, "descriptions", call.description, call.language_code, 512)


def get_my_description(telegram: Telegram, call: GetMyDescription) -> Json:
    return {"description": telegram.world.descriptions.get(call.language_code or "", "")}


def set_my_short_description(telegram: Telegram, call: SetMyShortDescription) -> bool:
    return _set_description(telegram, "short_descriptions", call.short_description, call.language_code, 120)


def get_my_short_description(telegram: Telegram, call: GetMyShortDescription) -> Json:
    descriptions = telegram.world.short_descriptions
    return {"short_description": descriptions.get(call.language_code or "", "")}


def _set_description(
    telegram: Telegram, field: str, text: str | None, language: str | None, max_length: int
) -> bool:
    check_language(language)
    if text and len(text) > max_length:
        raise bad_request("BOT_ABOUT_TOO_LONG")
    descriptions: dict[str, str] = getattr(telegram.world, field)
    if text:
        descriptions[language or ""] = text
    else:
        descriptions.pop(language or "", None)
    telegram.mark_changed()
    return True


def save_prepared_inline_message(telegram: Telegram, call: SavePreparedInlineMessage) -> Json:
    """Keep an article with text for a day; other results are not modelled."""
    result: Any = call.result
    content = getattr(result, "input_message_content", None)
    if not isinstance(result, InlineQueryResultArticle) or not isinstance(content, InputTextMessageContent):
        raise bad_request("only articles with text are modelled by the sandbox")
    if call.user_id not in telegram.world.people:
        raise bad_request("USER_ID_INVALID")
    text, entities = parse_text(telegram, content.message_text, content.parse_mode, content.entities)
    chat_types = {
        "private": call.allow_user_chats or call.allow_bot_chats,
        "group": call.allow_group_chats,
    }
    if not (any(chat_types.values()) or call.allow_channel_chats):
        raise bad_request("at least one of the allowed chat types must be specified")
    keyboard = read_keyboard(telegram.config, result.reply_markup, private=False)
    prepared_id = secrets.token_urlsafe(12)
    expires_at = telegram.clock.now() + _PREPARED_MESSAGE_LIFETIME_SECONDS
    telegram.world.prepared[prepared_id] = PreparedMessage(
        prepared_id,
        call.user_id,
        expires_at,
        {"text": text, "entities": entities, "keyboard": keyboard, "title": result.title},
        [chat_type for chat_type, allowed in chat_types.items() if allowed],
    )
    telegram.mark_changed()
    return {"id": prepared_id, "expiration_date": int(expires_at)}
