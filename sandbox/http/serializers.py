"""People, chats, messages and calls as JSON of the control API."""

import base64

from sandbox.api.chats import count_members
from sandbox.telegram import RecordedCall, Telegram
from sandbox.world import GENERAL_TOPIC_ID, Chat, Json, Keyboard, Message, Person


def person_json(person: Person) -> Json:
    """A person, and whether the bot may write to them."""
    return {
        "id": person.id,
        "name": " ".join(part for part in (person.first_name, person.last_name) if part),
        "first_name": person.first_name,
        "username": person.username,
        "language_code": person.language_code,
        "about": person.about,
        "hue": person.hue,
        "may_be_written_to": person.may_be_written_to,
        "blocks_bot": person.blocks_bot,
    }


def chat_json(telegram: Telegram, chat: Chat) -> Json:
    """A chat with its members and the bot's membership."""
    is_private = chat.type == "private"
    member_ids = [person_id for person_id, member in chat.members.items() if member.is_inside]
    return {
        "id": chat.id,
        "type": chat.type,
        "title": telegram.config.bot_title if is_private else chat.title,
        "emoji": chat.emoji,
        "hue": chat.hue,
        "instance": chat.instance,
        "is_forum": chat.is_forum,
        "topics": [
            *([{"id": GENERAL_TOPIC_ID, "name": "General", "closed": False}] if chat.is_forum else []),
            *({"id": t.id, "name": t.name, "closed": t.closed} for t in chat.topics.values()),
        ],
        "members": member_ids,
        "people": len(member_ids),
        "member_count": count_members(chat),
        "bot": {
            "status": chat.bot.status,
            "rights": chat.bot.rights,
            "can_send": chat.bot.can_send,
        },
        "migrated_to": chat.migrated_to,
        "pinned": chat.pinned,
    }


def message_json(telegram: Telegram, message: Message, *, history: bool = True) -> Json:
    """A message with its buttons and, with `history`, every version it had."""
    is_own = message.sender_id == telegram.config.bot_id
    sender = None if is_own else telegram.world.people[message.sender_id]
    data: Json = {
        "id": message.id,
        "chat_id": message.chat_id,
        "thread_id": message.thread_id,
        "from": {
            "id": message.sender_id,
            "name": sender.first_name if sender else telegram.config.bot_title,
            "is_bot": is_own,
            "hue": sender.hue if sender else None,
        },
        "at": message.at,
        "edited_at": message.edited_at,
        "edits": len(message.history) - 1,
        "text": message.text,
        "entities": message.entities,
        "buttons": message.keyboard or [],
        "reply_to": message.reply_to,
        "service": message.service,
        "via_bot": message.via_bot,
        "seen_by": message.seen_by,
        "deleted": message.deleted,
    }
    if message.document is not None:
        data["document"] = {
            "file_name": message.document.file_name,
            "mime_type": message.document.mime_type,
            "content": base64.b64encode(message.document.content).decode(),
        }
    if history:
        data["history"] = [
            {"at": v.at, "text": v.text, "entities": v.entities, "buttons": v.keyboard or []}
            for v in message.history
        ]
    return data


def call_json(call: RecordedCall) -> Json:
    """A call by the bot with its result or error (both None while it runs)."""
    return {
        "number": call.number,
        "at": call.at,
        "method": call.method,
        "params": call.params,
        "result": call.result,
        "error": call.error,
        "done": call.done,
    }


def button_texts(keyboard: Keyboard | None) -> list[str]:
    """The texts of the buttons, row by row."""
    return [button["text"] for row in keyboard or [] for button in row]
