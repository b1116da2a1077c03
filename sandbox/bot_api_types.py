"""People, chats and messages as the Bot API writes them down."""

from sandbox.config import Config
from sandbox.world import ADMIN_RIGHTS, Chat, Document, Json, Membership, Message, Person, World

_RESTRICTED_PERMISSIONS = (
    "can_send_audios",
    "can_send_documents",
    "can_send_photos",
    "can_send_videos",
    "can_send_video_notes",
    "can_send_voice_notes",
    "can_send_polls",
    "can_send_other_messages",
    "can_add_web_page_previews",
    "can_react_to_messages",
    "can_edit_tag",
    "can_change_info",
    "can_invite_users",
    "can_pin_messages",
    "can_manage_topics",
)


def to_user(person: Person) -> Json:
    """`User` of somebody; empty fields are left out, as Telegram does."""
    data: Json = {"id": person.id, "is_bot": False, "first_name": person.first_name}
    if person.last_name:
        data["last_name"] = person.last_name
    if person.username:
        data["username"] = person.username
    if person.language_code:
        data["language_code"] = person.language_code
    return data


def to_bot_user(config: Config) -> Json:
    """`User` of the bot, as others see it."""
    return {
        "id": config.bot_id,
        "is_bot": True,
        "first_name": config.bot_title,
        "username": config.bot_name,
    }


def to_sender(world: World, config: Config, sender_id: int) -> Json:
    """`User` of a message's sender, the bot included."""
    return to_bot_user(config) if sender_id == config.bot_id else to_user(world.people[sender_id])


def to_chat(world: World, room: Chat) -> Json:
    """`Chat` as it stands in messages."""
    if room.type == "private":
        person = to_user(world.people[room.id])
        shown = ("first_name", "last_name", "username")
        kept: Json = {key: person[key] for key in shown if key in person}
        return {"id": room.id, "type": "private", **kept}
    data: Json = {"id": room.id, "type": room.type, "title": room.title}
    if room.is_forum:
        data["is_forum"] = True
    return data


def to_message(world: World, config: Config, said: Message, *, with_reply: bool = True) -> Json:
    """`Message`; one level of `reply_to_message`, as Telegram gives."""
    room = world.chats[said.chat_id]
    data: Json = {
        "message_id": said.id,
        "from": to_sender(world, config, said.sender_id),
        "chat": to_chat(world, room),
        "date": int(said.at),
    }
    if said.edited_at is not None:
        data["edit_date"] = int(said.edited_at)
    if said.thread_id is not None:
        data |= {"message_thread_id": said.thread_id, "is_topic_message": True}
    # In a topic, what answers nothing else answers the message that opened the topic.
    answered = said.reply_to or (said.thread_id if said.thread_id != said.id else None)
    if with_reply and answered is not None and (other := find_message(world, said.chat_id, answered)):
        data["reply_to_message"] = to_message(world, config, other, with_reply=False)
    if said.via_bot:
        data["via_bot"] = to_bot_user(config)
    if said.service is not None:
        return data | said.service
    if said.document is not None:
        data["document"] = to_document(said, said.document)
    text, entities = ("caption", "caption_entities") if said.document else ("text", "entities")
    if said.text or said.document is None:
        data[text] = said.text
    if said.entities:
        data[entities] = said.entities
    if said.keyboard:
        data["reply_markup"] = {"inline_keyboard": said.keyboard}
    return data


def to_document(said: Message, file: Document) -> Json:
    """`Document`; its ids name the message it came in."""
    return {
        "file_id": f"document-{said.chat_id}-{said.id}",
        "file_unique_id": f"unique-{said.chat_id}-{said.id}",
        "file_name": file.file_name,
        "mime_type": file.mime_type,
        "file_size": len(file.content),
    }


def find_message(world: World, chat_id: int, message_id: int) -> Message | None:
    """The message with that id, unless it was deleted. Ids grow, so look from the end."""
    for said in reversed(world.messages.get(chat_id, [])):
        if said.id == message_id:
            return None if said.deleted else said
    return None


def to_chat_member(who: Json, standing: Membership) -> Json:
    """`ChatMember` of a person or the bot."""
    data: Json = {"user": who, "status": standing.status}
    match standing.status:
        case "creator":
            data["is_anonymous"] = False
        case "administrator":
            data |= {"can_be_edited": False, "is_anonymous": False}
            data |= {right: right in standing.rights for right in ADMIN_RIGHTS}
        case "restricted":
            data |= {"is_member": True, "can_send_messages": standing.can_send, "until_date": 0}
            data |= dict.fromkeys(_RESTRICTED_PERMISSIONS, False)
        case "kicked":
            data["until_date"] = 0
        case _:
            pass
    return data
