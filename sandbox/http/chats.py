"""`/_control/chats/…`: groups, what is said in them, and what befalls the bot there."""

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
from sandbox.world import Chat, Json, Person


class NewChat(msgspec.Struct, forbid_unknown_fields=True):
    """A group somebody makes; `people` by id or first name. Topics make it a forum."""

    title: str
    creator: str = "Olga"
    type: str = "group"
    people: list[str] = []
    topics: list[str] = []
    with_bot: bool = True


class BotStatusChange(msgspec.Struct, forbid_unknown_fields=True):
    """What the bot becomes, and by whom. `rights` are those of an administrator."""

    status: Literal["administrator", "member", "muted", "kicked"]
    rights: list[str] | None = None
    by: str = "Olga"


class TitleChange(msgspec.Struct, forbid_unknown_fields=True):
    """A new name."""

    title: str
    by: str = "Olga"


class TopicChange(msgspec.Struct, forbid_unknown_fields=True):
    """Whether a topic is closed, or its new name."""

    closed: bool | None = None
    name: str | None = None
    by: str = "Olga"


class Actor(msgspec.Struct, forbid_unknown_fields=True):
    """Who does it."""

    by: str = "Olga"


class AdminChange(msgspec.Struct, forbid_unknown_fields=True):
    """A member becomes an administrator of the chat, or an ordinary one again."""

    who: str
    admin: bool = True


def provide_chat(telegram: NamedDependency[Telegram], chat_id: FromPath[int]) -> Chat:
    """The chat of the path; also where a private chat does not exist yet."""
    return telegram.room(chat_id)


def _require_group(room: Chat) -> Chat:
    if room.type == "private":
        raise ControlError("That is no group.", 400)
    return room


def _actor(telegram: Telegram, name: str) -> Person:
    return find_person(telegram, name)


@get("/")
async def index(telegram: NamedDependency[Telegram]) -> list[Json]:
    return [serializers.chat_json(telegram, room) for room in telegram.world.chats.values()]


@post("/")
async def create(telegram: NamedDependency[Telegram], data: JSONBody[NewChat]) -> Json:
    people = [find_person(telegram, name).id for name in data.people]
    room = groups.create_group(
        telegram,
        _actor(telegram, data.creator),
        data.title,
        data.type,
        people,
        with_bot=data.with_bot,
        topics=data.topics,
    )
    return serializers.chat_json(telegram, room)


@get("/{chat_id:int}")
async def show(telegram: NamedDependency[Telegram], room: NamedDependency[Chat]) -> Json:
    return serializers.chat_json(telegram, room)


@get("/{chat_id:int}/messages")
async def index_messages(
    telegram: NamedDependency[Telegram],
    room: NamedDependency[Chat],
    after: FromQuery[int] = 0,
    deleted: FromQuery[bool] = False,
) -> list[Json]:
    """Oldest first; deleted ones only when asked for."""
    return [
        serializers.message_json(telegram, said)
        for said in telegram.said_in(room.id)
        if said.id > after and (deleted or not said.deleted)
    ]


@delete("/{chat_id:int}/messages/{message_id:int}", status_code=200)
async def destroy_message(
    telegram: NamedDependency[Telegram],
    room: NamedDependency[Chat],
    message_id: FromPath[int],
) -> Json:
    user_actions.delete_message(telegram, room, message_id)
    return {"deleted": message_id}


@post("/{chat_id:int}/bot", status_code=200)
async def set_bot_status(
    telegram: NamedDependency[Telegram], room: NamedDependency[Chat], data: JSONBody[BotStatusChange]
) -> Json:
    by = _actor(telegram, data.by)
    match data.status:
        case "kicked":
            groups.kick_bot(telegram, _require_group(room), by)
        case "muted":
            groups.set_bot_rights(telegram, _require_group(room), by, can_send=False)
        case "member" | "administrator":
            if not _require_group(room).bot.inside:
                groups.add_bot(telegram, room, by, as_admin=data.status == "administrator")
            if data.status == "member":
                groups.set_bot_rights(telegram, room, by)
            elif data.rights is not None:
                groups.set_bot_rights(telegram, room, by, rights=data.rights)
            elif room.bot.status != "administrator":
                groups.set_bot_rights(telegram, room, by, rights=list(groups.DEFAULT_ADMIN_RIGHTS))
    return serializers.chat_json(telegram, room)


@post("/{chat_id:int}/upgrade", status_code=200)
async def upgrade_group(
    telegram: NamedDependency[Telegram], room: NamedDependency[Chat], data: JSONBody[Actor]
) -> Json:
    return serializers.chat_json(telegram, groups.upgrade_group(telegram, room, _actor(telegram, data.by)))


@post("/{chat_id:int}/title", status_code=200)
async def set_title(
    telegram: NamedDependency[Telegram], room: NamedDependency[Chat], data: JSONBody[TitleChange]
) -> Json:
    groups.rename_group(telegram, _require_group(room), _actor(telegram, data.by), data.title)
    return serializers.chat_json(telegram, room)


@post("/{chat_id:int}/admins", status_code=200)
async def set_administrator(
    telegram: NamedDependency[Telegram], room: NamedDependency[Chat], data: JSONBody[AdminChange]
) -> Json:
    who = find_person(telegram, data.who)
    groups.set_administrator(telegram, _require_group(room), who, admin=data.admin)
    return serializers.chat_json(telegram, room)


@post("/{chat_id:int}/topics/{thread_id:int}", status_code=200)
async def update_topic(
    telegram: NamedDependency[Telegram],
    room: NamedDependency[Chat],
    thread_id: FromPath[int],
    data: JSONBody[TopicChange],
) -> Json:
    by = _actor(telegram, data.by)
    if data.closed is not None:
        groups.set_topic_closed(telegram, room, by, thread_id, data.closed)
    if data.name is not None:
        groups.rename_topic(telegram, room, by, thread_id, data.name)
    return serializers.chat_json(telegram, room)


@delete("/{chat_id:int}/topics/{thread_id:int}", status_code=200)
async def destroy_topic(
    telegram: NamedDependency[Telegram], room: NamedDependency[Chat], thread_id: FromPath[int]
) -> Json:
    groups.delete_topic(telegram, room, thread_id)
    return serializers.chat_json(telegram, room)


@delete("/{chat_id:int}", status_code=200)
async def destroy(telegram: NamedDependency[Telegram], room: NamedDependency[Chat]) -> Json:
    groups.delete_group(telegram, _require_group(room))
    return {"destroyed": room.id}


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
