"""`/_control/view`: everything one person sees, in one answer, for the page."""

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
    """All people, the person's chats with their last message, and the open chat.

    Without `chat_id`, or with a chat the person does not see, the first of their chats is open.
    """
    person = telegram.person(who)
    chats = [chat for chat in telegram.world.chats.values() if _is_visible_to(chat, person)]
    chats.append(telegram.private_chat(person.id))
    upgraded = {chat.id: chat.migrated_to for chat in telegram.world.chats.values()}
    chat_id = upgraded.get(chat_id or 0) or chat_id
    open_chat = next((chat for chat in chats if chat.id == chat_id), chats[0])
    seen = [m for m in telegram.messages_in(open_chat.id) if not m.deleted and m.seen_by in (0, person.id)]
    messages = seen[-_MAX_MESSAGES:]
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
        "people": [serializers.person_json(one) for one in telegram.world.people.values()],
        "me": serializers.person_json(person),
        "chats": [
            {**serializers.chat_json(telegram, chat), "last": _last_message(telegram, chat)} for chat in chats
        ],
        "chat": {
            **serializers.chat_json(telegram, open_chat),
            "messages": [serializers.message_json(telegram, m, history=False) for m in messages],
            "pinned_text": _pinned_text(open_chat, messages),
            "commands": visible_commands(telegram.world, open_chat, person.id),
            "menu_button": menu_button(telegram, person.id),
        },
        "faults": len(telegram.faults.pending),
    }


def _is_visible_to(chat: Chat, person: Person) -> bool:
    if chat.type == "private" or chat.migrated_to is not None:
        return False
    membership = chat.members.get(person.id)
    return membership is not None and membership.is_inside


def _last_message(telegram: Telegram, chat: Chat) -> Json | None:
    for message in reversed(telegram.messages_in(chat.id)):
        if not message.deleted and message.service is None and not message.seen_by:
            return {"id": message.id, "at": message.at, "text": message.text[:80], "by": message.sender_id}
    return None


def _pinned_text(chat: Chat, messages: list[Message]) -> str:
    return next((message.text for message in messages if message.id == chat.pinned), "")
