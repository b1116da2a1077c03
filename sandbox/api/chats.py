"""Chats, their members and their topics."""

from aiogram.methods import (
    CloseForumTopic,
    CreateForumTopic,
    GetChat,
    GetChatAdministrators,
    GetChatMember,
    GetChatMemberCount,
    LeaveChat,
    ReopenForumTopic,
)

from sandbox import bot_api_types
from sandbox.api.access import require_bot_inside, require_known_chat, require_right, require_topic
from sandbox.errors import bad_request
from sandbox.groups import change_bot_membership
from sandbox.telegram import Telegram
from sandbox.world import Chat, Json, Membership, Topic

_ICON_COLORS = (7322096, 16766590, 13338331, 9367192, 16749490, 16478047)
_NO_RIGHT_TO_MANAGE_TOPICS = "not enough rights to manage topics"
_PERMISSIONS = (
    "can_send_messages",
    "can_send_audios",
    "can_send_documents",
    "can_send_photos",
    "can_send_videos",
    "can_send_video_notes",
    "can_send_voice_notes",
    "can_send_polls",
    "can_send_other_messages",
    "can_add_web_page_previews",
    "can_invite_users",
)


def get_chat(telegram: Telegram, call: GetChat) -> Json:
    room = require_known_chat(telegram, call.chat_id)
    if room.type != "private":
        room = require_bot_inside(telegram, call.chat_id)
    gifts = dict.fromkeys(
        (
            "unlimited_gifts",
            "limited_gifts",
            "unique_gifts",
            "premium_subscription",
            "gifts_from_channels",
        ),
        False,
    )
    full = bot_api_types.to_chat(telegram.world, room) | {
        "accent_color_id": room.hue % 7,
        "max_reaction_count": 11,
        "accepted_gift_types": gifts,
    }
    if room.type != "private":
        full["permissions"] = dict.fromkeys(_PERMISSIONS, True)
    if room.pinned and (said := bot_api_types.find_message(telegram.world, room.id, room.pinned)):
        full["pinned_message"] = bot_api_types.to_message(
            telegram.world, telegram.config, said, with_reply=False
        )
    return full


def get_chat_member(telegram: Telegram, call: GetChatMember) -> Json:
    room = require_bot_inside(telegram, call.chat_id)
    if call.user_id == telegram.config.bot_id:
        own = Membership("member") if room.type == "private" else room.bot
        return bot_api_types.to_chat_member(bot_api_types.to_bot_user(telegram.config), own)
    person = telegram.world.people.get(call.user_id)
    if person is None or not person.met_bot:
        raise bad_request("PARTICIPANT_ID_INVALID")
    if room.type == "private":
        return bot_api_types.to_chat_member(bot_api_types.to_user(person), Membership("member"))
    return bot_api_types.to_chat_member(
        bot_api_types.to_user(person), room.members.get(person.id, Membership("left"))
    )


def get_chat_administrators(telegram: Telegram, call: GetChatAdministrators) -> list[Json]:
    room = require_bot_inside(telegram, call.chat_id)
    if room.type == "private":
        raise bad_request("there are no administrators in the private chat")
    found = [
        bot_api_types.to_chat_member(bot_api_types.to_user(telegram.world.people[number]), member)
        for number, member in room.members.items()
        if member.status in {"creator", "administrator"}
    ]
    if room.bot.status == "administrator":
        found.append(bot_api_types.to_chat_member(bot_api_types.to_bot_user(telegram.config), room.bot))
    return found


def get_chat_member_count(telegram: Telegram, call: GetChatMemberCount) -> int:
    return count_members(require_bot_inside(telegram, call.chat_id))


def count_members(room: Chat) -> int:
    """People and the bot, as Telegram counts them."""
    if room.type == "private":
        return 2
    return sum(m.inside for m in room.members.values()) + room.bot.inside


def leave_chat(telegram: Telegram, call: LeaveChat) -> bool:
    room = require_bot_inside(telegram, call.chat_id)
    if room.type == "private":
        raise bad_request("chat is not a group chat")
    own = telegram.config.bot_id
    telegram.tell_service(room, own, {"left_chat_member": bot_api_types.to_bot_user(telegram.config)})
    change_bot_membership(telegram, room, Membership("left"), by=own)
    return True


def create_forum_topic(telegram: Telegram, call: CreateForumTopic) -> Json:
    room = _require_forum(telegram, call.chat_id)
    require_right(room, "can_manage_topics", _NO_RIGHT_TO_MANAGE_TOPICS)
    if not 1 <= len(call.name) <= 128:
        raise bad_request("TOPIC_TITLE_EMPTY" if not call.name else "TOPIC_TITLE_TOO_LONG")
    color = call.icon_color or _ICON_COLORS[0]
    if color not in _ICON_COLORS:
        raise bad_request("wrong icon color specified")
    about = {"name": call.name, "icon_color": color}
    made = telegram.post(room, telegram.config.bot_id, service={"forum_topic_created": about})
    made.thread_id = made.id
    room.topics[made.id] = Topic(made.id, call.name, icon_color=color)
    return {"message_thread_id": made.id, **about}


def close_forum_topic(telegram: Telegram, call: CloseForumTopic) -> bool:
    return _set_topic_closed(telegram, call.chat_id, call.message_thread_id, closed=True)


def reopen_forum_topic(telegram: Telegram, call: ReopenForumTopic) -> bool:
    return _set_topic_closed(telegram, call.chat_id, call.message_thread_id, closed=False)


def _set_topic_closed(telegram: Telegram, chat_id: object, thread_id: int, *, closed: bool) -> bool:
    room = _require_forum(telegram, chat_id)
    require_right(room, "can_manage_topics", _NO_RIGHT_TO_MANAGE_TOPICS)
    topic = require_topic(room, thread_id)
    if topic.closed == closed:
        raise bad_request("TOPIC_NOT_MODIFIED")
    topic.closed = closed
    what: Json = {"forum_topic_closed" if closed else "forum_topic_reopened": {}}
    telegram.tell_service(room, telegram.config.bot_id, what, thread_id=thread_id)
    return True


def _require_forum(telegram: Telegram, chat_id: object) -> Chat:
    room = require_bot_inside(telegram, chat_id)
    if not room.is_forum:
        raise bad_request("the chat is not a forum")
    return room
