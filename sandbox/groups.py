"""Changes of groups and topics, and of the memberships of people and of the bot."""

import secrets

from sandbox import bot_api_types
from sandbox.errors import ControlError
from sandbox.telegram import Telegram
from sandbox.world import ADMIN_RIGHTS, Chat, Json, Membership, Person, Topic

DEFAULT_ADMIN_RIGHTS = ("can_manage_chat", "can_delete_messages", "can_pin_messages")


def create_group(
    telegram: Telegram,
    creator: Person,
    title: str,
    kind: str,
    people: list[int],
    *,
    with_bot: bool,
    topics: list[str] | None = None,
) -> Chat:
    """A new group or supergroup; with `topics` it is a forum. The bot, if added, is an ordinary member.

    Raises ControlError (400) for a title or a kind that Telegram does not allow.
    """
    if not 1 <= len(title.strip()) <= 128:
        raise ControlError("A group needs a name of 1 to 128 characters.", 400)
    if kind not in {"group", "supergroup"} or (topics and kind == "group"):
        raise ControlError("A group is a group, or a supergroup (which may have topics).", 400)
    world = telegram.world
    # Telegram's ids: supergroups from -1000000000000 downwards, basic groups above that.
    taken = [-n for n in world.chats if n < 0]
    base = 1_000_000_000_000 if kind == "supergroup" else 0
    lowest = 1_000_000_100 + base
    number = max([lowest, *(n for n in taken if (n > 1_000_000_000_000) == bool(base))]) + 1
    chat = Chat(-number, kind, title.strip(), instance=str(secrets.randbits(62)))  # type: ignore[arg-type]
    chat.members = {person_id: Membership("member") for person_id in people if telegram.person(person_id)}
    chat.members[creator.id] = Membership("creator")
    chat.hue = number % 7
    world.chats[chat.id] = chat
    event = "supergroup_chat_created" if kind == "supergroup" else "group_chat_created"
    telegram.post(chat, creator.id, service={event: True})
    if topics:
        chat.is_forum = True
        for name in topics:
            created = telegram.post(chat, creator.id)
            created.thread_id = created.id
            created.service = {"forum_topic_created": {"name": name, "icon_color": 7322096}}
            chat.topics[created.id] = Topic(created.id, name)
    if with_bot:
        add_bot(telegram, chat, creator)
    telegram.mark_changed()
    return chat


def add_bot(telegram: Telegram, chat: Chat, by: Person, *, as_admin: bool = False) -> None:
    """The bot joins: a service message, and a `my_chat_member` update that names who added it."""
    chat.met_bot = True
    _mark_members_known(telegram, chat)
    membership = Membership("administrator", list(DEFAULT_ADMIN_RIGHTS)) if as_admin else Membership("member")
    was_inside = chat.bot.is_inside
    change_bot_membership(telegram, chat, membership, by=by.id)
    if not was_inside:
        added = {"new_chat_members": [bot_api_types.to_bot_user(telegram.config)]}
        telegram.post_service_message(chat, by.id, added)


def kick_bot(telegram: Telegram, chat: Chat, by: Person) -> None:
    """Remove the bot, so that it cannot come back by itself."""
    if not chat.bot.is_inside:
        raise ControlError("The bot is not in this group.")
    left = telegram.post(
        chat, by.id, service={"left_chat_member": bot_api_types.to_bot_user(telegram.config)}
    )
    telegram.queue_update("message", telegram.to_message(left), f"chat:{chat.id}")
    change_bot_membership(telegram, chat, Membership("kicked"), by=by.id)


def set_bot_rights(
    telegram: Telegram,
    chat: Chat,
    by: Person,
    *,
    can_send: bool = True,
    rights: list[str] | None = None,
) -> None:
    """Make the bot an administrator with `rights`, a member (None), or mute it (not `can_send`)."""
    if not chat.bot.is_inside:
        raise ControlError("The bot is not in this group.")
    for right in rights or []:
        if right not in ADMIN_RIGHTS:
            raise ControlError(f"There is no right {right}.", 400)
    if not can_send:
        membership = Membership("restricted", can_send=False)
    elif rights is None:
        membership = Membership("member")
    else:
        membership = Membership("administrator", list(rights))
    change_bot_membership(telegram, chat, membership, by=by.id)


def change_bot_membership(telegram: Telegram, chat: Chat, membership: Membership, *, by: int) -> None:
    """Change the bot's membership of a chat. The bot gets an update if it differs from before."""
    before, chat.bot = chat.bot, membership
    if before != membership:
        send_my_chat_member(telegram, chat, by, before, membership)
    telegram.mark_changed()


def send_my_chat_member(
    telegram: Telegram, chat: Chat, by: int, before: Membership, after: Membership
) -> None:
    """Queue the `my_chat_member` update about a change of the bot's membership."""
    own = bot_api_types.to_bot_user(telegram.config)
    body = {
        "chat": bot_api_types.to_chat(telegram.world, chat),
        "from": bot_api_types.to_sender(telegram.world, telegram.config, by),
        "date": int(telegram.clock.now()),
        "old_chat_member": bot_api_types.to_chat_member(own, before),
        "new_chat_member": bot_api_types.to_chat_member(own, after),
    }
    telegram.queue_update("my_chat_member", body, f"chat:{chat.id}")


def set_inside(telegram: Telegram, chat: Chat, person: Person, *, inside: bool, by: Person) -> None:
    """Let a person join a group or leave it; `by` is who added or removed them, or they themselves."""
    before = chat.members.get(person.id, Membership("left"))
    if before.is_inside == inside:
        return
    if before.status == "creator":
        raise ControlError("The owner of a group cannot leave it here.")
    after = Membership("member") if inside else Membership("left" if by is person else "kicked")
    chat.members[person.id] = after
    if inside and chat.bot.is_inside:
        person.met_bot = True
    user = bot_api_types.to_user(person)
    event: Json = {"new_chat_members": [user]} if inside else {"left_chat_member": user}
    telegram.post_service_message(chat, by.id, event)
    body = {
        "chat": bot_api_types.to_chat(telegram.world, chat),
        "from": bot_api_types.to_user(by),
        "date": int(telegram.clock.now()),
        "old_chat_member": bot_api_types.to_chat_member(user, before),
        "new_chat_member": bot_api_types.to_chat_member(user, after),
    }
    telegram.queue_update("chat_member", body, f"chat:{chat.id}")
    telegram.mark_changed()


def set_administrator(telegram: Telegram, chat: Chat, person: Person, *, admin: bool) -> None:
    """Make a member an administrator of the chat, or an ordinary member again."""
    member = chat.members.get(person.id)
    if member is None or not member.is_inside or member.status == "creator":
        raise ControlError("Only a member can become an administrator.")
    chat.members[person.id] = (
        Membership("administrator", list(DEFAULT_ADMIN_RIGHTS)) if admin else Membership("member")
    )
    telegram.mark_changed()


def rename_group(telegram: Telegram, chat: Chat, by: Person, title: str) -> None:
    """Give a group a new name; the bot learns it from a service message."""
    chat.title = title
    telegram.post_service_message(chat, by.id, {"new_chat_title": title})


def upgrade_group(telegram: Telegram, chat: Chat, by: Person) -> Chat:
    """Turn a basic group into a supergroup with a new id; the old messages stay in the old chat."""
    if chat.type != "group" or chat.migrated_to is not None:
        raise ControlError("Only a basic group can be upgraded to a supergroup.")
    supergroup = create_group(telegram, by, chat.title, "supergroup", [], with_bot=False)
    supergroup.emoji, supergroup.hue = chat.emoji, chat.hue
    supergroup.members = dict(chat.members)
    supergroup.bot, supergroup.met_bot = chat.bot, chat.met_bot
    telegram.world.messages[supergroup.id] = []
    supergroup.next_message_id = 1
    telegram.post_service_message(chat, by.id, {"migrate_to_chat_id": supergroup.id})
    chat.migrated_to = supergroup.id
    telegram.post_service_message(supergroup, by.id, {"migrate_from_chat_id": chat.id})
    return supergroup


def set_topic_closed(telegram: Telegram, chat: Chat, by: Person, thread_id: int, closed: bool) -> None:
    """Close a topic, or open it again."""
    if thread_id not in chat.topics:
        raise ControlError("There is no such topic.", 404)
    chat.topics[thread_id].closed = closed
    event: Json = {"forum_topic_closed" if closed else "forum_topic_reopened": {}}
    telegram.post_service_message(chat, by.id, event, thread_id=thread_id)


def rename_topic(telegram: Telegram, chat: Chat, by: Person, thread_id: int, name: str) -> None:
    """Give a topic a new name; the bot learns it from a service message."""
    if thread_id not in chat.topics:
        raise ControlError("There is no such topic.", 404)
    chat.topics[thread_id].name = name
    telegram.post_service_message(chat, by.id, {"forum_topic_edited": {"name": name}}, thread_id=thread_id)


def delete_topic(telegram: Telegram, chat: Chat, thread_id: int) -> None:
    """Delete a topic with all its messages. Telegram sends bots no update about it."""
    if chat.topics.pop(thread_id, None) is None:
        raise ControlError("There is no such topic.", 404)
    for message in telegram.messages_in(chat.id):
        if message.thread_id == thread_id:
            message.deleted = True
    telegram.mark_changed()


def delete_group(telegram: Telegram, chat: Chat) -> None:
    """The owner deletes the group: all members are gone, and bots get no update."""
    chat.destroyed = True
    chat.members.clear()
    telegram.mark_changed()


def _mark_members_known(telegram: Telegram, chat: Chat) -> None:
    for person_id, membership in chat.members.items():
        if membership.is_inside:
            telegram.world.people[person_id].met_bot = True
