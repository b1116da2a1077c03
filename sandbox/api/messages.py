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
    room = require_writable(telegram, call.chat_id, call.message_thread_id)
    text, entities = parse_text(telegram, call.text, call.parse_mode, call.entities)
    keyboard = read_keyboard(telegram.config, call.reply_markup, private=room.type == "private")
    said = telegram.post(
        room,
        telegram.config.bot_id,
        text,
        entities,
        keyboard=keyboard,
        thread_id=call.message_thread_id,
        reply_to=find_replied_message_id(telegram, room, call),
    )
    return telegram.wire(said)


def edit_message_text(telegram: Telegram, call: EditMessageText) -> Json:
    said = require_own_message(telegram, call.chat_id, call.message_id)
    if said.document is not None:
        raise bad_request("there is no text in the message to edit")
    text, entities = parse_text(telegram, call.text or "", call.parse_mode, call.entities)
    private = telegram.world.chats[said.chat_id].type == "private"
    keyboard = read_keyboard(telegram.config, call.reply_markup, private=private)
    return _save_edit(telegram, said, text, entities, keyboard)


def edit_message_reply_markup(telegram: Telegram, call: EditMessageReplyMarkup) -> Json:
    said = require_own_message(telegram, call.chat_id, call.message_id)
    private = telegram.world.chats[said.chat_id].type == "private"
    keyboard = read_keyboard(telegram.config, call.reply_markup, private=private)
    return _save_edit(telegram, said, said.text, said.entities, keyboard)


def delete_message(telegram: Telegram, call: DeleteMessage) -> bool:
    room = require_bot_inside(telegram, call.chat_id)
    said = bot_api_types.find_message(telegram.world, room.id, call.message_id)
    if said is None:
        raise bad_request("message to delete not found")
    own = said.sender_id == telegram.config.bot_id
    fresh = telegram.clock.now() - said.at < _DELETABLE_SECONDS
    # In a private chat a bot may take back either side's messages, for two days.
    allowed = fresh if room.type == "private" else own and fresh
    if not (allowed or has_right(room, "can_delete_messages")) or "group_chat_created" in (
        said.service or {}
    ):
        raise bad_request("message can't be deleted")
    said.deleted = True
    telegram.touch()
    return True


def pin_chat_message(telegram: Telegram, call: PinChatMessage) -> bool:
    room = require_bot_inside(telegram, call.chat_id)
    if room.type != "private":
        require_right(room, "can_pin_messages", "not enough rights to manage pinned messages in the chat")
    said = bot_api_types.find_message(telegram.world, room.id, call.message_id)
    if said is None:
        raise bad_request("message to pin not found")
    room.pinned = said.id
    pinned = bot_api_types.to_message(telegram.world, telegram.config, said, with_reply=False)
    service = {"pinned_message": pinned}
    telegram.tell_service(room, telegram.config.bot_id, service, thread_id=said.thread_id)
    return True


def send_chat_action(telegram: Telegram, call: SendChatAction) -> bool:
    require_writable(telegram, call.chat_id, call.message_thread_id)
    if call.action not in _ACTIONS:
        raise bad_request("wrong parameter action in request")
    return True


def parse_text(telegram: Telegram, text: str, parse_mode: Any, entities: Any) -> tuple[str, list[Json]]:
    """Text and entities as Telegram keeps them. Only HTML is read; other modes are refused."""
    marks: list[Json] = to_json(entities) if isinstance(entities, list) else []
    mode = parse_mode if isinstance(parse_mode, str) else ""
    if mode and not marks:
        if mode.lower() != "html":
            raise bad_request("unsupported parse_mode")
        text, marks = read_html(text)
    return normalize_text(text, [m for m in (_resolve_mention(telegram, mark) for mark in marks) if m])


def _resolve_mention(telegram: Telegram, mark: Json) -> Json | None:
    """A mention by id names its user in full; of somebody unknown nothing stays but the text."""
    if mark["type"] != "text_mention":
        return mark
    who = mark["user"] if isinstance(mark["user"], int) else mark["user"]["id"]
    person = telegram.world.people.get(who)
    if person is None or not person.met_bot:
        return None
    return mark | {"user": bot_api_types.to_user(person)}


def require_own_message(telegram: Telegram, chat_id: object, message_id: int | None) -> Message:
    """The bot's own message that is to be changed; 400 when it is gone or another's."""
    if chat_id is None or message_id is None:
        raise bad_request("message identifier is not specified")
    room = require_bot_inside(telegram, chat_id)
    said = bot_api_types.find_message(telegram.world, room.id, message_id)
    if said is None:
        raise bad_request("message to edit not found")
    if said.sender_id != telegram.config.bot_id or said.service is not None:
        raise bad_request("message can't be edited")
    return said


def _save_edit(telegram: Telegram, said: Message, text: str, entities: list[Json], keyboard: Any) -> Json:
    room = require_writable(telegram, said.chat_id)
    if (text, entities, keyboard) == (said.text, said.entities, said.keyboard):
        raise bad_request(
            "message is not modified: specified new message content and reply markup are exactly "
            "the same as a current content and reply markup of the message"
        )
    now = telegram.clock.now()
    said.text, said.entities, said.keyboard = text, entities, keyboard
    said.edited_at = now
    said.record(now)
    telegram.touch()
    return telegram.wire(bot_api_types.find_message(telegram.world, room.id, said.id) or said)


def find_replied_message_id(telegram: Telegram, room: Chat, call: SendMessage | SendDocument) -> int | None:
    """The message this one answers. Raises 400 when there is none, unless that is allowed."""
    lenient = bool(call.allow_sending_without_reply)
    wanted = call.reply_to_message_id
    if call.reply_parameters is not None:
        wanted = call.reply_parameters.message_id
        lenient = call.reply_parameters.allow_sending_without_reply is True
    if wanted is None:
        return None
    if bot_api_types.find_message(telegram.world, room.id, wanted) is None:
        if lenient:
            return None
        raise bad_request("message to be replied not found")
    return wanted
