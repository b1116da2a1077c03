"""Which chats the bot reaches and what it may do there. One place, the words of Telegram."""

from sandbox.errors import bad_request, forbidden
from sandbox.telegram import Telegram
from sandbox.world import GENERAL_TOPIC_ID, Chat, Topic

_CHAT_TYPE_TEXTS = {"group": "group chat", "supergroup": "supergroup chat"}


def parse_chat_id(chat_id: object) -> int | str | None:
    """A chat id as it came: a number, a number in letters, or @name."""
    if isinstance(chat_id, str) and chat_id.lstrip("-").isdigit():
        return int(chat_id)
    return chat_id if isinstance(chat_id, int | str) else None


def require_known_chat(telegram: Telegram, chat_id: object) -> Chat:
    """The chat the bot means. 400 when it never met it, 400 with the new id after an upgrade."""
    number = parse_chat_id(chat_id)
    world = telegram.world
    if isinstance(number, int) and number in world.people:
        if not world.people[number].met_bot:
            raise bad_request("chat not found")
        return telegram.private(number)
    room = world.chats.get(number) if isinstance(number, int) else None
    if room is None or room.type == "private" or not room.met_bot:
        raise bad_request("chat not found")
    if room.migrated_to is not None:
        raise bad_request("group chat was upgraded to a supergroup chat", migrate_to_chat_id=room.migrated_to)
    return room


def require_bot_inside(telegram: Telegram, chat_id: object) -> Chat:
    """A chat the bot is in: 403 when it was kicked or has left, or the chat was deleted."""
    room = require_known_chat(telegram, chat_id)
    if room.type == "private":
        return room
    if room.destroyed:
        raise forbidden("the group chat was deleted")
    if room.bot.status == "kicked":
        raise forbidden(f"bot was kicked from the {_CHAT_TYPE_TEXTS[room.type]}")
    if not room.bot.inside:
        raise forbidden(f"bot is not a member of the {_CHAT_TYPE_TEXTS[room.type]}")
    return room


def require_writable(telegram: Telegram, chat_id: object, thread_id: int | None = None) -> Chat:
    """A chat, and a topic of it, the bot may write to now."""
    room = require_bot_inside(telegram, chat_id)
    if room.type == "private":
        person = telegram.world.people[room.id]
        if person.blocks_bot:
            raise forbidden("bot was blocked by the user")
        if not person.may_be_written_to:
            raise forbidden("bot can't initiate conversation with a user")
    elif not room.bot.can_send:
        raise bad_request("not enough rights to send text messages to the chat")
    closed = thread_id is not None and require_topic(room, thread_id).closed
    if closed and not has_right(room, "can_manage_topics"):
        raise bad_request("TOPIC_CLOSED")
    return room


def require_topic(room: Chat, thread_id: int) -> Topic:
    """The topic; the General one (1) is addressed by leaving the id out, so it is not found."""
    if not room.is_forum or thread_id == GENERAL_TOPIC_ID or thread_id not in room.topics:
        raise bad_request("message thread not found")
    return room.topics[thread_id]


def has_right(room: Chat, right: str) -> bool:
    """Whether the bot has that administrator's right."""
    return room.bot.status == "administrator" and right in room.bot.rights


def require_right(room: Chat, right: str, why: str) -> None:
    """400 with `why` unless the bot has the right."""
    if not has_right(room, right):
        raise bad_request(why)
