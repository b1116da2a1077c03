"""People, chats and messages as the objects of the Bot API: `User`, `Chat`, `Message`, `ChatMember`."""

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
    """`User` of a person; empty fields are left out, as Telegram does."""
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


def to_chat(world: World, chat: Chat) -> Json:
    """`Chat` as messages contain it."""
    if chat.type == "private":
        user = to_user(world.people[chat.id])
        names: Json = {key: user[key] for key in ("first_name", "last_name", "username") if key in user}
        return {"id": chat.id, "type": "private", **names}
    data: Json = {"id": chat.id, "type": chat.type, "title": chat.title}
    if chat.is_forum:
        data["is_forum"] = True
    return data


def to_message(world: World, config: Config, message: Message, *, with_reply: bool = True) -> Json:
    """`Message`, with one level of `reply_to_message`, as at Telegram."""
    chat = world.chats[message.chat_id]
    data: Json = {
        "message_id": message.id,
        "from": to_sender(world, config, message.sender_id),
        "chat": to_chat(world, chat),
        "date": int(message.at),
    }
    if message.seen_by:
        data |= {"message_id": 0, "ephemeral_message_id": message.id}
        if message.sender_id == config.bot_id:
            data["receiver_user"] = to_user(world.people[message.seen_by])
    if message.edited_at is not None:
        data["edit_date"] = int(message.edited_at)
    if message.thread_id is not None:
        data |= {"message_thread_id": message.thread_id, "is_topic_message": True}
    # In a topic, a message that replies to no other replies to the one that created the topic.
    reply_to = message.reply_to or (message.thread_id if message.thread_id != message.id else None)
    if with_reply and reply_to is not None and (replied := find_message(world, message.chat_id, reply_to)):
        data["reply_to_message"] = to_message(world, config, replied, with_reply=False)
    if message.via_bot:
        data["via_bot"] = to_bot_user(config)
    if message.service is not None:
        return data | message.service
    if message.document is not None:
        data["document"] = to_document(message, message.document)
    text, entities = ("caption", "caption_entities") if message.document else ("text", "entities")
    if message.text or message.document is None:
        data[text] = message.text
    if message.entities:
        data[entities] = message.entities
    if message.keyboard:
        data["reply_markup"] = {"inline_keyboard": message.keyboard}
    return data


def to_document(message: Message, file: Document) -> Json:
    """`Document`; its ids are made of those of its message."""
    return {
        "file_id": f"document-{message.chat_id}-{message.id}",
        "file_unique_id": f"unique-{message.chat_id}-{message.id}",
        "file_name": file.file_name,
        "mime_type": file.mime_type,
        "file_size": len(file.content),
    }


def find_message(world: World, chat_id: int, message_id: int) -> Message | None:
    """The message with that id, unless it was deleted or is ephemeral. Ids grow, so look from the end."""
    found = find_any_message(world, chat_id, message_id)
    return None if found is None or found.seen_by else found


def find_any_message(world: World, chat_id: int, message_id: int) -> Message | None:
    """The same with ephemeral messages."""
    for message in reversed(world.messages.get(chat_id, [])):
        if message.id == message_id:
            return None if message.deleted else message
    return None


def to_chat_member(user: Json, membership: Membership) -> Json:
    """`ChatMember` of a person or the bot, `user` being its `User`."""
    data: Json = {"user": user, "status": membership.status}
    match membership.status:
        case "creator":
            data["is_anonymous"] = False
        case "administrator":
            data |= {"can_be_edited": False, "is_anonymous": False}
            data |= {right: right in membership.rights for right in ADMIN_RIGHTS}
        case "restricted":
            data |= {"is_member": True, "can_send_messages": membership.can_send, "until_date": 0}
            data |= dict.fromkeys(_RESTRICTED_PERMISSIONS, False)
        case "kicked":
            data["until_date"] = 0
        case _:
            pass
    return data
