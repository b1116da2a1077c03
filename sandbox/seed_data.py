"""The people and groups a new sandbox starts with."""

from msgspec.structs import replace

from sandbox.world import Chat, Membership, Message, Person, Topic, World

KALLIO_CHAT_ID = -1001000000001
RUNNERS_CHAT_ID = -1001000000002
OLGA_ID = 1001
CHARLIE_ID = 1009

_BOT_RIGHTS = [
    "can_manage_chat",
    "can_delete_messages",
    "can_invite_users",
    "can_pin_messages",
    "can_change_info",
]

_PEOPLE = (
    Person(1001, "Olga", "Lehtonen", "olga_sandbox", "en", "organises Kallio Yoga", 2),
    Person(1002, "Alice", "Moore", "alice_sandbox", "en", "member", 4),
    Person(1003, "Bob", "", "bob_sandbox", "en", "member", 3),
    Person(1004, "Светлана", "Орлова", "", "ru", "member · русский", 6),
    Person(1005, "Väinö", "Korhonen", "", "fi", "member · suomi", 1),
    Person(1006, "Aino", "Virtanen", "aino_sandbox", "fi", "member · suomi", 5),
    Person(1007, "Mikko", "", "", "fi", "member · suomi", 0),
    Person(1008, "Pekka", "Nieminen", "", "fi", "member · suomi", 3),
    Person(1009, "Charlie", "Stone", "charlie_sandbox", "en", "a stranger", 7),
)


def initial_world(now: float) -> World:
    """Olga organises, seven are members, Charlie is a stranger; the bot administers both groups."""
    world = World(people={p.id: replace(p) for p in _PEOPLE})
    member_ids = [p.id for p in _PEOPLE if p.id != CHARLIE_ID]
    yoga = _make_group(KALLIO_CHAT_ID, "Kallio Yoga", "🌿", 3, "7210364758195301288", member_ids)
    runners = _make_group(RUNNERS_CHAT_ID, "Sunday Runners", "🏃", 1, "5934820176650213397", member_ids)
    runners.is_forum = True
    for chat in (yoga, runners):
        world.chats[chat.id] = chat
        created = Message(1, chat.id, OLGA_ID, now, service={"supergroup_chat_created": True})
        created.record(now)
        world.messages[chat.id] = [created]
        chat.next_message_id = 2
    for topic in (Topic(2, "Runs", icon_color=0xFFD67E), Topic(3, "Chatter", icon_color=0xCB86DB)):
        runners.topics[topic.id] = topic
        fields = {"name": topic.name, "icon_color": topic.icon_color}
        created = Message(
            topic.id,
            runners.id,
            OLGA_ID,
            now,
            thread_id=topic.id,
            service={"forum_topic_created": fields},
        )
        created.record(now)
        world.messages[runners.id].append(created)
        runners.next_message_id = topic.id + 1
    for person_id in member_ids:
        world.people[person_id].met_bot = True
    return world


def _make_group(id: int, title: str, emoji: str, hue: int, instance: str, people: list[int]) -> Chat:
    members = {person_id: Membership("member") for person_id in people}
    members[OLGA_ID] = Membership("creator")
    return Chat(
        id,
        "supergroup",
        title,
        emoji,
        hue,
        instance,
        members=members,
        bot=Membership("administrator", list(_BOT_RIGHTS)),
        met_bot=True,
    )
