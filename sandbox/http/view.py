"""`/_control/view`: all one person sees, in one answer, for the page."""

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromQuery

from sandbox.api.bot_profile import menu_button
from sandbox.commands import visible_commands
from sandbox.http import serializers
from sandbox.telegram import Telegram
from sandbox.themes import THEMES
from sandbox.world import Chat, Json, Message, Person

_MAX_MESSAGES = 150  # messages of the open chat


@get("/_control/view")
async def view(
    telegram: NamedDependency[Telegram],
    who: FromQuery[int],
    chat_id: FromQuery[int | None] = None,
) -> Json:
    """The cast, the person's chats with their last message, and the open chat.

    Without `chat_id`, or with one the person does not see, the first of their chats is open.
    """
    person = telegram.person(who)
    rooms = [room for room in telegram.world.chats.values() if _is_visible_to(room, person)]
    rooms.append(telegram.private(person.id))
    moved = {room.id: room.migrated_to for room in telegram.world.chats.values()}
    chat_id = moved.get(chat_id or 0) or chat_id
    open_room = next((room for room in rooms if room.id == chat_id), rooms[0])
    said = [m for m in telegram.said_in(open_room.id) if not m.deleted][-_MAX_MESSAGES:]
    descriptions = telegram.world.descriptions
    return {
        "version": telegram.changes.version,
        "run": telegram.changes.run,
        "now": telegram.clock.now(),
        "bot": {
            "id": telegram.config.bot_id,
            "name": telegram.config.bot_title,
            "username": telegram.config.bot_name,
            "description": descriptions.get(person.language_code) or descriptions.get("", ""),
        },
        "app": {"origin": telegram.config.app_origin, "url": telegram.config.mini_app_url},
        "themes": THEMES,
        "people": [serializers.person_json(telegram, one) for one in telegram.world.people.values()],
        "me": serializers.person_json(telegram, person),
        "chats": [
            {**serializers.chat_json(telegram, room), "last": _last_message(telegram, room)} for room in rooms
        ],
        "chat": {
            **serializers.chat_json(telegram, open_room),
            "messages": [serializers.message_json(telegram, one, history=False) for one in said],
            "pinned_text": _pinned_text(open_room, said),
            "commands": visible_commands(telegram.world, open_room, person.id),
            "menu_button": menu_button(telegram, person.id),
        },
        "faults": len(telegram.faults.waiting),
    }


def _is_visible_to(room: Chat, person: Person) -> bool:
    if room.type == "private" or room.migrated_to is not None:
        return False
    standing = room.members.get(person.id)
    return standing is not None and standing.inside


def _last_message(telegram: Telegram, room: Chat) -> Json | None:
    for said in reversed(telegram.said_in(room.id)):
        if not said.deleted and said.service is None:
            return {"id": said.id, "at": said.at, "text": said.text[:80], "by": said.sender_id}
    return None


def _pinned_text(room: Chat, said: list[Message]) -> str:
    return next((m.text for m in said if m.id == room.pinned), "")
