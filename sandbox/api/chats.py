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
    chat = require_known_chat(telegram, call.chat_id)
    if chat.type != "private":
        chat = require_bot_inside(telegram, call.chat_id)
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
    full = bot_api_types.to_chat(telegram.world, chat) | {
        "accent_color_id": chat.hue % 7,
        "max_reaction_count": 11,
        "accepted_gift_types": gifts,
    }
    if chat.type != "private":
        full["permissions"] = dict.fromkeys(_PERMISSIONS, True)
    if chat.pinned and (message := bot_api_types.find_message(telegram.world, chat.id, chat.pinned)):
        full["pinned_message"] = bot_api_types.to_message(
            telegram.world, telegram.config, message, with_reply=False
        )
    return full


def get_chat_member(telegram: Telegram, call: GetChatMember) -> Json:
    chat = require_bot_inside(telegram, call.chat_id)
    if call.user_id == telegram.config.bot_id:
        membership = Membership("member") if chat.type == "private" else chat.bot
        return bot_api_types.to_chat_member(bot_api_types.to_bot_user(telegram.config), membership)
    person = telegram.world.people.get(call.user_id)
    if person is None or not person.met_bot:
        raise bad_request("PARTICIPANT_ID_INVALID")
    if chat.type == "private":
        return bot_api_types.to_chat_member(bot_api_types.to_user(person), Membership("member"))
    return bot_api_types.to_chat_member(
        bot_api_types.to_user(person), chat.members.get(person.id, Membership("left"))
    )


def get_chat_administrators(telegram: Telegram, call: GetChatAdministrators) -> list[Json]:
    chat = require_bot_inside(telegram, call.chat_id)
    if chat.type == "private":
        raise bad_request("there are no administrators in the private chat")
    administrators = [
        bot_api_types.to_chat_member(bot_api_types.to_user(telegram.world.people[person_id]), membership)
        for person_id, membership in chat.members.items()
        if membership.status in {"creator", "administrator"}
    ]
    if chat.bot.status == "administrator":
        bot_user = bot_api_types.to_bot_user(telegram.config)
        administrators.append(bot_api_types.to_chat_member(bot_user, chat.bot))
    return administrators


def get_chat_member_count(telegram: Telegram, call: GetChatMemberCount) -> int:
    return count_members(require_bot_inside(telegram, call.chat_id))


def count_members(chat: Chat) -> int:
    """People and the bot, as Telegram counts them."""
    if chat.type == "private":
        return 2
    return sum(m.is_inside for m in chat.members.values()) + chat.bot.is_inside


def leave_chat(telegram: Telegram, call: LeaveChat) -> bool:
    chat = require_bot_inside(telegram, call.chat_id)
    if chat.type == "private":
        raise bad_request("chat is not a group chat")
    bot_id = telegram.config.bot_id
    event = {"left_chat_member": bot_api_types.to_bot_user(telegram.config)}
    telegram.post_service_message(chat, bot_id, event)
    change_bot_membership(telegram, chat, Membership("left"), by=bot_id)
    return True


def create_forum_topic(telegram: Telegram, call: CreateForumTopic) -> Json:
    chat = _require_forum(telegram, call.chat_id)
    require_right(chat, "can_manage_topics", _NO_RIGHT_TO_MANAGE_TOPICS)
    if not 1 <= len(call.name) <= 128:
        raise bad_request("TOPIC_TITLE_EMPTY" if not call.name else "TOPIC_TITLE_TOO_LONG")
    color = call.icon_color or _ICON_COLORS[0]
    if color not in _ICON_COLORS:
        raise bad_request("wrong icon color specified")
    fields = {"name": call.name, "icon_color": color}
    created = telegram.post(chat, telegram.config.bot_id, service={"forum_topic_created": fields})
    created.thread_id = created.id
    chat.topics[created.id] = Topic(created.id, call.name, icon_color=color)
    return {"message_thread_id": created.id, **fields}


def close_forum_topic(telegram: Telegram, call: CloseForumTopic) -> bool:
    return _set_topic_closed(telegram, call.chat_id, call.message_thread_id, closed=True)


def reopen_forum_topic(telegram: Telegram, call: ReopenForumTopic) -> bool:
    return _set_topic_closed(telegram, call.chat_id, call.message_thread_id, closed=False)


def _set_topic_closed(telegram: Telegram, chat_id: object, thread_id: int, *, closed: bool) -> bool:
    chat = _require_forum(telegram, chat_id)
    require_right(chat, "can_manage_topics", _NO_RIGHT_TO_MANAGE_TOPICS)
    topic = require_topic(chat, thread_id)
    if topic.closed == closed:
        raise bad_request("TOPIC_NOT_MODIFIED")
    topic.closed = closed
    event: Json = {"forum_topic_closed" if closed else "forum_topic_reopened": {}}
    telegram.post_service_message(chat, telegram.config.bot_id, event, thread_id=thread_id)
    return True


def _require_forum(telegram: Telegram, chat_id: object) -> Chat:
    chat = require_bot_inside(telegram, chat_id)
    if not chat.is_forum:
        raise bad_request("the chat is not a forum")
    return chat
