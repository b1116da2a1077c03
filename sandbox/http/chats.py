"""`/_control/chats/…`: groups, their messages and topics, and the bot's membership."""

from typing import Literal

import msgspec
from litestar import Router, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody

from sandbox import groups, user_actions
from sandbox.errors import ControlError
from sandbox.http import serializers
from sandbox.http.people import find_person
from sandbox.telegram import Telegram
from sandbox.world import Chat, Json


class NewChat(msgspec.Struct, forbid_unknown_fields=True):
    """A new group; `people` are ids or first names. With `topics` it is a forum."""

    title: str
    creator: str = "Olga"
    type: str = "group"
    people: list[str] = []
    topics: list[str] = []
    with_bot: bool = True


class BotStatusChange(msgspec.Struct, forbid_unknown_fields=True):
    """The bot's new status, and who changes it. `rights` are those of an administrator."""

    status: Literal["administrator", "member", "muted", "kicked"]
    rights: list[str] | None = None
    by: str = "Olga"


class TitleChange(msgspec.Struct, forbid_unknown_fields=True):
    """A new title, and who sets it."""

    title: str
    by: str = "Olga"


class TopicChange(msgspec.Struct, forbid_unknown_fields=True):
    """Whether a topic is closed, or its new name, and who changes it."""

    closed: bool | None = None
    name: str | None = None
    by: str = "Olga"


class Actor(msgspec.Struct, forbid_unknown_fields=True):
    """The person who acts, by id or first name."""

    by: str = "Olga"


class AdminChange(msgspec.Struct, forbid_unknown_fields=True):
    """A member who becomes an administrator of the chat, or an ordinary member again."""

    who: str
    admin: bool = True


def provide_chat(telegram: NamedDependency[Telegram], chat_id: FromPath[int]) -> Chat:
    """The chat of the path, by id; a private chat is created if needed."""
    return telegram.chat(chat_id)


def _require_group(chat: Chat) -> Chat:
    if chat.type == "private":
        raise ControlError("That is no group.", 400)
    return chat


@get("/")
async def index(telegram: NamedDependency[Telegram]) -> list[Json]:
    return [serializers.chat_json(telegram, chat) for chat in telegram.world.chats.values()]


@post("/")
async def create(telegram: NamedDependency[Telegram], data: JSONBody[NewChat]) -> Json:
    people = [find_person(telegram, name).id for name in data.people]
    chat = groups.create_group(
        telegram,
        find_person(telegram, data.creator),
        data.title,
        data.type,
        people,
        with_bot=data.with_bot,
        topics=data.topics,
    )
    return serializers.chat_json(telegram, chat)


@get("/{chat_id:int}")
async def show(telegram: NamedDependency[Telegram], chat: NamedDependency[Chat]) -> Json:
    return serializers.chat_json(telegram, chat)


@get("/{chat_id:int}/messages")
async def index_messages(
    telegram: NamedDependency[Telegram],
    chat: NamedDependency[Chat],
    after: FromQuery[int] = 0,
    deleted: FromQuery[bool] = False,
) -> list[Json]:
    """The messages, oldest first; deleted ones only with `deleted`."""
    return [
        serializers.message_json(telegram, message)
        for message in telegram.messages_in(chat.id)
        if message.id > after and (deleted or not message.deleted)
    ]


@delete("/{chat_id:int}/messages/{message_id:int}", status_code=200)
async def destroy_message(
    telegram: NamedDependency[Telegram],
    chat: NamedDependency[Chat],
    message_id: FromPath[int],
) -> Json:
    user_actions.delete_message(telegram, chat, message_id)
    return {"deleted": message_id}


@post("/{chat_id:int}/bot", status_code=200)
async def set_bot_status(
    telegram: NamedDependency[Telegram], chat: NamedDependency[Chat], data: JSONBody[BotStatusChange]
) -> Json:
    by = find_person(telegram, data.by)
    match data.status:
        case "kicked":
            groups.kick_bot(telegram, _require_group(chat), by)
        case "muted":
            groups.set_bot_rights(telegram, _require_group(chat), by, can_send=False)
        case "member" | "administrator":
            if not _require_group(chat).bot.is_inside:
                groups.add_bot(telegram, chat, by, as_admin=data.status == "administrator")
            if data.status == "member":
                groups.set_bot_rights(telegram, chat, by)
            elif data.rights is not None:
                groups.set_bot_rights(telegram, chat, by, rights=data.rights)
            elif chat.bot.status != "administrator":
                groups.set_bot_rights(telegram, chat, by, rights=list(groups.DEFAULT_ADMIN_RIGHTS))
    return serializers.chat_json(telegram, chat)


@post("/{chat_id:int}/upgrade", status_code=200)
async def upgrade_group(
    telegram: NamedDependency[Telegram], chat: NamedDependency[Chat], data: JSONBody[Actor]
) -> Json:
    return serializers.chat_json(
        telegram, groups.upgrade_group(telegram, chat, find_person(telegram, data.by))
    )


@post("/{chat_id:int}/title", status_code=200)
async def set_title(
    telegram: NamedDependency[Telegram], chat: NamedDependency[Chat], data: JSONBody[TitleChange]
) -> Json:
    groups.rename_group(telegram, _require_group(chat), find_person(telegram, data.by), data.title)
    return serializers.chat_json(telegram, chat)


@post("/{chat_id:int}/admins", status_code=200)
async def set_administrator(
    telegram: NamedDependency[Telegram], chat: NamedDependency[Chat], data: JSONBody[AdminChange]
) -> Json:
    person = find_person(telegram, data.who)
    groups.set_administrator(telegram, _require_group(chat), person, admin=data.admin)
    return serializers.chat_json(telegram, chat)


@post("/{chat_id:int}/topics/{thread_id:int}", status_code=200)
async def update_topic(
    telegram: NamedDependency[Telegram],
    chat: NamedDependency[Chat],
    thread_id: FromPath[int],
    data: JSONBody[TopicChange],
) -> Json:
    by = find_person(telegram, data.by)
    if data.closed is not None:
        groups.set_topic_closed(telegram, chat, by, thread_id, data.closed)
    if data.name is not None:
        groups.rename_topic(telegram, chat, by, thread_id, data.name)
    return serializers.chat_json(telegram, chat)


@delete("/{chat_id:int}/topics/{thread_id:int}", status_code=200)
async def destroy_topic(
    telegram: NamedDependency[Telegram], chat: NamedDependency[Chat], thread_id: FromPath[int]
) -> Json:
    groups.delete_topic(telegram, chat, thread_id)
    return serializers.chat_json(telegram, chat)


@delete("/{chat_id:int}", status_code=200)
async def destroy(telegram: NamedDependency[Telegram], chat: NamedDependency[Chat]) -> Json:
    groups.delete_group(telegram, _require_group(chat))
    return {"destroyed": chat.id}


router = Router(
    "/_control/chats",
    route_handlers=[
        index,
        create,
        show,
        index_messages,
        destroy_message,
        set_bot_status,
        upgrade_group,
        set_title,
        set_administrator,
        update_topic,
        destroy_topic,
        destroy,
    ],
)
