"""What befalls groups: made, upgraded, renamed; people and the bot come, rise and go."""

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
    """A new group; with topics it is a forum. The bot, if added, joins as an ordinary member."""
    if not 1 <= len(title.strip()) <= 128:
        raise ControlError("A group needs a name of 1 to 128 characters.", 400)
    if kind not in {"group", "supergroup"} or (topics and kind == "group"):
        raise ControlError("A group is a group, or a supergroup (which may have topics).", 400)
    world = telegram.world
    taken = [-n for n in world.chats if n < 0]
    base = 1_000_000_000_000 if kind == "supergroup" else 0
    floor = 1_000_000_100 + base
    number = max([floor, *(n for n in taken if (n > 1_000_000_000_000) == bool(base))]) + 1
    room = Chat(-number, kind, title.strip(), instance=str(secrets.randbits(62)))  # type: ignore[arg-type]
    room.members = {one: Membership("member") for one in people if telegram.person(one)}
    room.members[creator.id] = Membership("creator")
    room.hue = number % 7
    world.chats[room.id] = room
    made = "supergroup_chat_created" if kind == "supergroup" else "group_chat_created"
    telegram.post(room, creator.id, service={made: True})
    if topics:
        room.is_forum = True
        for name in topics:
            opened = telegram.post(room, creator.id)
            opened.thread_id = opened.id
            opened.service = {"forum_topic_created": {"name": name, "icon_color": 7322096}}
            room.topics[opened.id] = Topic(opened.id, name)
    if with_bot:
        add_bot(telegram, room, creator)
    telegram.touch()
    return room


def add_bot(telegram: Telegram, room: Chat, by: Person, *, as_admin: bool = False) -> None:
    """The bot joins: a service message, and `my_chat_member` which names who added it."""
    room.met_bot = True
    _mark_members_known(telegram, room)
    wanted = Membership("administrator", list(DEFAULT_ADMIN_RIGHTS)) if as_admin else Membership("member")
    was_inside = room.bot.inside
    change_bot_membership(telegram, room, wanted, by=by.id)
    if not was_inside:
        added = {"new_chat_members": [bot_api_types.to_bot_user(telegram.config)]}
        telegram.tell_service(room, by.id, added)


def kick_bot(telegram: Telegram, room: Chat, by: Person) -> None:
    """The bot is removed and may not come back by itself."""
    if not room.bot.inside:
        raise ControlError("The bot is not in this group.")
    gone = telegram.post(
        room, by.id, service={"left_chat_member": bot_api_types.to_bot_user(telegram.config)}
    )
    telegram.tell_bot("message", telegram.wire(gone), f"chat:{room.id}")
    change_bot_membership(telegram, room, Membership("kicked"), by=by.id)


def set_bot_rights(
    telegram: Telegram,
    room: Chat,
    by: Person,
    *,
    can_send: bool = True,
    rights: list[str] | None = None,
) -> None:
    """The bot becomes an administrator with `rights`, a member (None), or is muted."""
    if not room.bot.inside:
        raise ControlError("The bot is not in this group.")
    for right in rights or []:
        if right not in ADMIN_RIGHTS:
            raise ControlError(f"There is no right {right}.", 400)
    if not can_send:
        wanted = Membership("restricted", can_send=False)
    elif rights is None:
        wanted = Membership("member")
    else:
        wanted = Membership("administrator", list(rights))
    change_bot_membership(telegram, room, wanted, by=by.id)


def change_bot_membership(telegram: Telegram, room: Chat, wanted: Membership, *, by: int) -> None:
    """Change what the bot is in a chat and tell it. The same again tells nothing."""
    before, room.bot = room.bot, wanted
    if before != wanted:
        send_my_chat_member(telegram, room, by, before, wanted)
    telegram.touch()


def send_my_chat_member(
    telegram: Telegram, room: Chat, by: int, before: Membership, after: Membership
) -> None:
    own = bot_api_types.to_bot_user(telegram.config)
    body = {
        "chat": bot_api_types.to_chat(telegram.world, room),
        "from": bot_api_types.to_sender(telegram.world, telegram.config, by),
        "date": int(telegram.clock.now()),
        "old_chat_member": bot_api_types.to_chat_member(own, before),
        "new_chat_member": bot_api_types.to_chat_member(own, after),
    }
    telegram.tell_bot("my_chat_member", body, f"chat:{room.id}")


def set_inside(telegram: Telegram, room: Chat, person: Person, *, inside: bool, by: Person) -> None:
    """A person comes into a group or leaves it; by another's hand if `by` is another."""
    was = room.members.get(person.id, Membership("left"))
    if was.inside == inside:
        return
    if was.status == "creator":
        raise ControlError("The owner of a group cannot leave it here.")
    now = Membership("member") if inside else Membership("left" if by is person else "kicked")
    room.members[person.id] = now
    if inside and room.bot.inside:
        person.met_bot = True
    who = bot_api_types.to_user(person)
    what: Json = {"new_chat_members": [who]} if inside else {"left_chat_member": who}
    telegram.tell_service(room, by.id, what)
    body = {
        "chat": bot_api_types.to_chat(telegram.world, room),
        "from": bot_api_types.to_user(by),
        "date": int(telegram.clock.now()),
        "old_chat_member": bot_api_types.to_chat_member(who, was),
        "new_chat_member": bot_api_types.to_chat_member(who, now),
    }
    telegram.tell_bot("chat_member", body, f"chat:{room.id}")
    telegram.touch()


def set_administrator(telegram: Telegram, room: Chat, person: Person, *, admin: bool) -> None:
    """Make a member an administrator of the chat, or an ordinary member again."""
    member = room.members.get(person.id)
    if member is None or not member.inside or member.status == "creator":
        raise ControlError("Only a member can become an administrator.")
    room.members[person.id] = (
        Membership("administrator", list(DEFAULT_ADMIN_RIGHTS)) if admin else Membership("member")
    )
    telegram.touch()


def rename_group(telegram: Telegram, room: Chat, by: Person, title: str) -> None:
    """A group gets a new name; the bot hears of it by a service message."""
    room.title = title
    telegram.tell_service(room, by.id, {"new_chat_title": title})


def upgrade_group(telegram: Telegram, room: Chat, by: Person) -> Chat:
    """A basic group becomes a supergroup with a new id; its old messages stay where they were."""
    if room.type != "group" or room.migrated_to is not None:
        raise ControlError("Only a basic group can be upgraded to a supergroup.")
    grown = create_group(telegram, by, room.title, "supergroup", [], with_bot=False)
    grown.emoji, grown.hue = room.emoji, room.hue
    grown.members = dict(room.members)
    grown.bot, grown.met_bot = room.bot, room.met_bot
    telegram.world.messages[grown.id] = []
    grown.next_message_id = 1
    telegram.tell_service(room, by.id, {"migrate_to_chat_id": grown.id})
    room.migrated_to = grown.id
    telegram.tell_service(grown, by.id, {"migrate_from_chat_id": room.id})
    return grown


def set_topic_closed(telegram: Telegram, room: Chat, by: Person, thread_id: int, closed: bool) -> None:
    """A person closes or reopens a topic."""
    if thread_id not in room.topics:
        raise ControlError("There is no such topic.", 404)
    room.topics[thread_id].closed = closed
    what: Json = {"forum_topic_closed" if closed else "forum_topic_reopened": {}}
    telegram.tell_service(room, by.id, what, thread_id=thread_id)


def rename_topic(telegram: Telegram, room: Chat, by: Person, thread_id: int, name: str) -> None:
    """A topic gets a new name; the bot hears of it by a service message."""
    if thread_id not in room.topics:
        raise ControlError("There is no such topic.", 404)
    room.topics[thread_id].name = name
    telegram.tell_service(room, by.id, {"forum_topic_edited": {"name": name}}, thread_id=thread_id)


def delete_topic(telegram: Telegram, room: Chat, thread_id: int) -> None:
    """A topic goes with all that was said in it. Telegram does not tell bots about it."""
    if room.topics.pop(thread_id, None) is None:
        raise ControlError("There is no such topic.", 404)
    for said in telegram.said_in(room.id):
        if said.thread_id == thread_id:
            said.deleted = True
    telegram.touch()


def delete_group(telegram: Telegram, room: Chat) -> None:
    """The owner deletes the group: nobody is in it any more, and the bot is not told."""
    room.destroyed = True
    room.members.clear()
    telegram.touch()


def _mark_members_known(telegram: Telegram, room: Chat) -> None:
    for number, member in room.members.items():
        if member.inside:
            telegram.world.people[number].met_bot = True
