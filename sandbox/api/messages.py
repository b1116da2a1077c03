"""Sending, editing, deleting, pinning."""

from typing import Any

from aiogram.methods import (
    DeleteMessage,
    EditMessageReplyMarkup,
    EditMessageText,
    PinChatMessage,
    SendChatAction,
    SendDocument,
    SendMessage,
)

from sandbox import bot_api_types
from sandbox.api.access import has_right, require_bot_inside, require_right, require_writable
from sandbox.api.ephemeral import read_receiver
from sandbox.entities import normalize_text
from sandbox.errors import bad_request
from sandbox.keyboards import read_keyboard
from sandbox.markup import read_html
from sandbox.params import to_json
from sandbox.telegram import Telegram
from sandbox.world import Chat, Json, Message

_DELETABLE_SECONDS = 48 * 3600
_ACTIONS = frozenset(
    {
        "typing",
        "upload_photo",
        "record_video",
        "upload_video",
        "record_voice",
        "upload_voice",
        "upload_document",
        "choose_sticker",
        "find_location",
        "record_video_note",
        "upload_video_note",
    }
)


def send_message(telegram: Telegram, call: SendMessage) -> Json:
    chat = require_writable(telegram, call.chat_id, call.message_thread_id)
    text, entities = parse_text(telegram, call.text, call.parse_mode, call.entities)
    keyboard = read_keyboard(telegram.config, call.reply_markup, private=chat.type == "private")
    seen_by = read_receiver(telegram, chat, call)
    message = telegram.post(
        chat,
        telegram.config.bot_id,
        text,
        entities,
        keyboard=keyboard,
        thread_id=call.message_thread_id,
        reply_to=None if seen_by else find_replied_message_id(telegram, chat, call),
        seen_by=seen_by,
    )
    return telegram.to_message(message)


def edit_message_text(telegram: Telegram, call: EditMessageText) -> Json | bool:
    if call.inline_message_id is not None:
        inline = _require_inline_message(telegram, call.inline_message_id)
        text, entities = parse_text(telegram, call.text or "", call.parse_mode, call.entities)
        keyboard = read_keyboard(telegram.config, call.reply_markup, private=False)
        _change(telegram, inline, text, entities, keyboard)
        return True
    message = require_own_message(telegram, call.chat_id, call.message_id)
    if message.document is not None:
        raise bad_request("there is no text in the message to edit")
    text, entities = parse_text(telegram, call.text or "", call.parse_mode, call.entities)
    private = telegram.world.chats[message.chat_id].type == "private"
    keyboard = read_keyboard(telegram.config, call.reply_markup, private=private)
    return _save_edit(telegram, message, text, entities, keyboard)


def edit_message_reply_markup(telegram: Telegram, call: EditMessageReplyMarkup) -> Json | bool:
    if call.inline_message_id is not None:
        inline = _require_inline_message(telegram, call.inline_message_id)
        keyboard = read_keyboard(telegram.config, call.reply_markup, private=False)
        _change(telegram, inline, inline.text, inline.entities, keyboard)
        return True
    message = require_own_message(telegram, call.chat_id, call.message_id)
    private = telegram.world.chats[message.chat_id].type == "private"
    keyboard = read_keyboard(telegram.config, call.reply_markup, private=private)
    return _save_edit(telegram, message, message.text, message.entities, keyboard)


def delete_message(telegram: Telegram, call: DeleteMessage) -> bool:
    chat = require_bot_inside(telegram, call.chat_id)
    message = bot_api_types.find_message(telegram.world, chat.id, call.message_id)
    if message is None:
        raise bad_request("message to delete not found")
    is_own = message.sender_id == telegram.config.bot_id
    is_recent = telegram.clock.now() - message.at < _DELETABLE_SECONDS
    # In a private chat a bot may delete the messages of both sides, for two days.
    is_allowed = is_recent and (is_own or chat.type == "private")
    created_group = "group_chat_created" in (message.service or {})
    if created_group or not (is_allowed or has_right(chat, "can_delete_messages")):
        raise bad_request("message can't be deleted")
    message.deleted = True
    telegram.mark_changed()
    return True


def pin_chat_message(telegram: Telegram, call: PinChatMessage) -> bool:
    chat = require_bot_inside(telegram, call.chat_id)
    if chat.type != "private":
        require_right(chat, "can_pin_messages", "not enough rights to manage pinned messages in the chat")
    message = bot_api_types.find_message(telegram.world, chat.id, call.message_id)
    if message is None:
        raise bad_request("message to pin not found")
    chat.pinned = message.id
    pinned = bot_api_types.to_message(telegram.world, telegram.config, message, with_reply=False)
    service = {"pinned_message": pinned}
    telegram.post_service_message(chat, telegram.config.bot_id, service, thread_id=message.thread_id)
    return True


def send_chat_action(telegram: Telegram, call: SendChatAction) -> bool:
    require_writable(telegram, call.chat_id, call.message_thread_id)
    if call.action not in _ACTIONS:
        raise bad_request("wrong parameter action in request")
    return True


def parse_text(telegram: Telegram, text: str, parse_mode: Any, entities: Any) -> tuple[str, list[Json]]:
    """Text and entities as Telegram keeps them. Raises 400 for any parse mode but HTML."""
    parsed: list[Json] = to_json(entities) if isinstance(entities, list) else []
    mode = parse_mode if isinstance(parse_mode, str) else ""
    if mode and not parsed:
        if mode.lower() != "html":
            raise bad_request("unsupported parse_mode")
        text, parsed = read_html(text)
    resolved = (_resolve_mention(telegram, entity) for entity in parsed)
    return normalize_text(text, [entity for entity in resolved if entity])


def _resolve_mention(telegram: Telegram, entity: Json) -> Json | None:
    """The entity, a mention by id with its whole `User`; None for a person the bot does not know."""
    if entity["type"] != "text_mention":
        return entity
    user_id = entity["user"] if isinstance(entity["user"], int) else entity["user"]["id"]
    person = telegram.world.people.get(user_id)
    if person is None or not person.met_bot:
        return None
    return entity | {"user": bot_api_types.to_user(person)}


def require_own_message(telegram: Telegram, chat_id: object, message_id: int | None) -> Message:
    """The bot's own message to edit. Raises 400 when it is gone or not the bot's."""
    if chat_id is None or message_id is None:
        raise bad_request("message identifier is not specified")
    chat = require_bot_inside(telegram, chat_id)
    message = bot_api_types.find_message(telegram.world, chat.id, message_id)
    if message is None:
        raise bad_request("message to edit not found")
    if message.sender_id != telegram.config.bot_id or message.service is not None:
        raise bad_request("message can't be edited")
    return message


def _require_inline_message(telegram: Telegram, inline_message_id: str) -> Message:
    """The message that somebody sent by inline mode, in whatever chat. Raises 400 when it is gone."""
    chat_id, message_id = telegram.world.inline_messages.get(inline_message_id, (0, 0))
    message = bot_api_types.find_message(telegram.world, chat_id, message_id)
    if message is None:
        raise bad_request("MESSAGE_ID_INVALID")
    return message


def _save_edit(telegram: Telegram, message: Message, text: str, entities: list[Json], keyboard: Any) -> Json:
    chat = require_writable(telegram, message.chat_id)
    _change(telegram, message, text, entities, keyboard)
    return telegram.to_message(bot_api_types.find_message(telegram.world, chat.id, message.id) or message)


def _change(telegram: Telegram, message: Message, text: str, entities: list[Json], keyboard: Any) -> None:
    if (text, entities, keyboard) == (message.text, message.entities, message.keyboard):
        raise bad_request(
            "message is not modified: specified new message content and reply markup are exactly "
            "the same as a current content and reply markup of the message"
        )
    now = telegram.clock.now()
    message.text, message.entities, message.keyboard = text, entities, keyboard
    message.edited_at = now
    message.record(now)
    telegram.mark_changed()


def find_replied_message_id(telegram: Telegram, chat: Chat, call: SendMessage | SendDocument) -> int | None:
    """The id of the message this one replies to, or None.

    Raises 400 when that message does not exist and the call does not allow it to be missing.
    """
    may_be_missing = bool(call.allow_sending_without_reply)
    message_id = call.reply_to_message_id
    if call.reply_parameters is not None:
        message_id = call.reply_parameters.message_id
        may_be_missing = call.reply_parameters.allow_sending_without_reply is True
    if message_id is None:
        return None
    if bot_api_types.find_message(telegram.world, chat.id, message_id) is None:
        if may_be_missing:
            return None
        raise bad_request("message to be replied not found")
    return message_id
