"""What is shown of people, chats and messages to tests and to the page."""

import base64

from sandbox.api.chats import count_members
from sandbox.telegram import RecordedCall, Telegram
from sandbox.world import GENERAL_TOPIC_ID, Chat, Json, Keyboard, Message, Person


def person_json(telegram: Telegram, who: Person) -> Json:
    """A person with what stands between them and the bot."""
    return {
        "id": who.id,
        "name": " ".join(part for part in (who.first_name, who.last_name) if part),
        "first_name": who.first_name,
        "username": who.username,
        "language_code": who.language_code,
        "about": who.about,
        "hue": who.hue,
        "may_be_written_to": who.may_be_written_to,
        "blocks_bot": who.blocks_bot,
    }


def chat_json(telegram: Telegram, room: Chat) -> Json:
    """A chat and what the bot is in it."""
    private = room.type == "private"
    members = [number for number, member in room.members.items() if member.inside]
    return {
        "id": room.id,
        "type": room.type,
        "title": telegram.config.bot_title if private else room.title,
        "emoji": room.emoji,
        "hue": room.hue,
        "instance": room.instance,
        "is_forum": room.is_forum,
        "topics": [
            *([{"id": GENERAL_TOPIC_ID, "name": "General", "closed": False}] if room.is_forum else []),
            *({"id": t.id, "name": t.name, "closed": t.closed} for t in room.topics.values()),
        ],
        "members": members,
        "people": len(members),
        "member_count": count_members(room),
        "bot": {
            "status": room.bot.status,
            "rights": room.bot.rights,
            "can_send": room.bot.can_send,
        },
        "migrated_to": room.migrated_to,
        "pinned": room.pinned,
    }


def message_json(telegram: Telegram, said: Message, *, history: bool = True) -> Json:
    """A message, its buttons with what they do, and every version it had."""
    own = said.sender_id == telegram.config.bot_id
    who = None if own else telegram.world.people[said.sender_id]
    data: Json = {
        "id": said.id,
        "chat_id": said.chat_id,
        "thread_id": said.thread_id,
        "from": {
            "id": said.sender_id,
            "name": who.first_name if who else telegram.config.bot_title,
            "is_bot": own,
            "hue": who.hue if who else None,
        },
        "at": said.at,
        "edited_at": said.edited_at,
        "edits": len(said.history) - 1,
        "text": said.text,
        "entities": said.entities,
        "buttons": said.keyboard or [],
        "reply_to": said.reply_to,
        "service": said.service,
        "via_bot": said.via_bot,
        "deleted": said.deleted,
    }
    if said.document is not None:
        data["document"] = {
            "file_name": said.document.file_name,
            "mime_type": said.document.mime_type,
            "content": base64.b64encode(said.document.content).decode(),
        }
    if history:
        data["history"] = [
            {"at": v.at, "text": v.text, "entities": v.entities, "buttons": v.keyboard or []}
            for v in said.history
        ]
    return data


def call_json(noted: RecordedCall) -> Json:
    """A call by the bot and how it ended (both None while it runs)."""
    return {
        "number": noted.number,
        "at": noted.at,
        "method": noted.method,
        "params": noted.params,
        "result": noted.result,
        "error": noted.error,
        "done": noted.done,
    }


def button_texts(keyboard: Keyboard | None) -> list[str]:
    """What the buttons say, row by row."""
    return [button["text"] for row in keyboard or [] for button in row]
