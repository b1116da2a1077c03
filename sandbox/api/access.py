"""The chats the bot can reach and its rights there. Every error is worded as Telegram words it."""

from sandbox.errors import bad_request, forbidden
from sandbox.telegram import Telegram
from sandbox.world import GENERAL_TOPIC_ID, Chat, Topic

_CHAT_TYPE_TEXTS = {"group": "group chat", "supergroup": "supergroup chat"}


def parse_chat_id(chat_id: object) -> int | str | None:
    """A chat id from a call: a number, a number as text, or @name. None for anything else."""
    if isinstance(chat_id, str) and chat_id.lstrip("-").isdigit():
        return int(chat_id)
    return chat_id if isinstance(chat_id, int | str) else None


def require_known_chat(telegram: Telegram, chat_id: object) -> Chat:
    """The chat. Raises 400 when the bot never met it, 400 with the new id after an upgrade."""
    number = parse_chat_id(chat_id)
    world = telegram.world
    if isinstance(number, int) and number in world.people:
        if not world.people[number].met_bot:
            raise bad_request("chat not found")
        return telegram.private_chat(number)
    chat = world.chats.get(number) if isinstance(number, int) else None
    if chat is None or chat.type == "private" or not chat.met_bot:
        raise bad_request("chat not found")
    if chat.migrated_to is not None:
        raise bad_request("group chat was upgraded to a supergroup chat", migrate_to_chat_id=chat.migrated_to)
    return chat


def require_bot_inside(telegram: Telegram, chat_id: object) -> Chat:
    """The chat. Raises 403 when the bot was kicked or has left, or the chat was deleted."""
    chat = require_known_chat(telegram, chat_id)
    if chat.type == "private":
        return chat
    if chat.destroyed:
        raise forbidden("the group chat was deleted")
    if chat.bot.status == "kicked":
        raise forbidden(f"bot was kicked from the {_CHAT_TYPE_TEXTS[chat.type]}")
    if not chat.bot.is_inside:
        raise forbidden(f"bot is not a member of the {_CHAT_TYPE_TEXTS[chat.type]}")
    return chat


def require_writable(telegram: Telegram, chat_id: object, thread_id: int | None = None) -> Chat:
    """The chat. Raises 400 or 403 when the bot may not write to it, or to the topic `thread_id`, now."""
    chat = require_bot_inside(telegram, chat_id)
    if chat.type == "private":
        person = telegram.world.people[chat.id]
        if person.blocks_bot:
            raise forbidden("bot was blocked by the user")
        if not person.may_be_written_to:
            raise forbidden("bot can't initiate conversation with a user")
    elif not chat.bot.can_send:
        raise bad_request("not enough rights to send text messages to the chat")
    is_closed = thread_id is not None and require_topic(chat, thread_id).closed
    if is_closed and not has_right(chat, "can_manage_topics"):
        raise bad_request("TOPIC_CLOSED")
    return chat


def require_topic(chat: Chat, thread_id: int) -> Topic:
    """The topic. Raises 400 for the General one (1) too: calls address it by leaving the id out."""
    if not chat.is_forum or thread_id == GENERAL_TOPIC_ID or thread_id not in chat.topics:
        raise bad_request("message thread not found")
    return chat.topics[thread_id]


def has_right(chat: Chat, right: str) -> bool:
    """Whether the bot is an administrator with that right."""
    return chat.bot.status == "administrator" and right in chat.bot.rights


def require_right(chat: Chat, right: str, reason: str) -> None:
    """Raises 400 with `reason` unless the bot has the right."""
    if not has_right(chat, right):
        raise bad_request(reason)
