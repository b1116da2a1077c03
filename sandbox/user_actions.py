"""What people do: write, press, start, block, share."""

import re

from sandbox import bot_api_types
from sandbox.entities import normalize_text
from sandbox.errors import BotApiError, ControlError
from sandbox.groups import send_my_chat_member
from sandbox.telegram import ButtonPress, Telegram
from sandbox.world import Chat, Json, Keyboard, Membership, Message, Person

_START_PAYLOAD = re.compile(r"[A-Za-z0-9_-]{1,64}\Z")


def send_message(
    telegram: Telegram,
    person: Person,
    chat_id: int,
    text: str,
    thread_id: int | None = None,
    reply_to: int | None = None,
) -> Message:
    """A person writes. The bot is told as Telegram's privacy mode allows.

    Raises Impossible where they are not a member, blocked the bot, or the text is empty or longer
    than a message.
    """
    room = require_inside(telegram, person, chat_id)
    if room.type == "private":
        if person.blocks_bot:
            raise ControlError(f"{person.first_name} has blocked the bot. Unblock it first.")
        person.may_be_written_to = person.met_bot = True
    topic = None if thread_id is None else room.topics.get(thread_id)
    if thread_id is not None and topic is None:
        raise ControlError("There is no such topic.", 404)
    if topic is not None and topic.closed and not is_administrator(room, person):
        raise ControlError("This topic is closed.")
    try:
        said, entities = normalize_text(text, [])
    except BotApiError as refused:
        raise ControlError(refused.description.removeprefix("Bad Request: "), 400) from None
    message = telegram.post(room, person.id, said, entities, thread_id=thread_id, reply_to=reply_to)
    if _is_visible_to_bot(telegram, room, message):
        telegram.tell_bot("message", telegram.wire(message), f"chat:{room.id}")
    return message


def _is_visible_to_bot(telegram: Telegram, room: Chat, said: Message) -> bool:
    """Privacy mode: as an ordinary member the bot sees only what is meant for it."""
    if room.type == "private" or room.bot.status == "administrator":
        return room.type == "private" or room.bot.inside
    if not room.bot.inside:
        return False
    other = bot_api_types.find_message(telegram.world, room.id, said.reply_to) if said.reply_to else None
    if other is not None and other.sender_id == telegram.config.bot_id:
        return True
    name = f"@{telegram.config.bot_name}".lower()
    command = re.match(r"/\w+(@\w+)?", said.text)
    if command:
        return command[1] is None or command[1].lower() == name
    return name in said.text.lower()


def press_start(telegram: Telegram, person: Person, payload: str = "") -> Message:
    """START in the private chat: `/start` and the payload of the link that led there.

    Somebody who had blocked the bot unblocks it by that.
    """
    if payload and not _START_PAYLOAD.match(payload):
        raise ControlError("A start payload has 1 to 64 letters, digits, _ or -", 400)
    if person.blocks_bot:
        set_blocked(telegram, person, blocked=False)
    return send_message(telegram, person, person.id, f"/start {payload}".strip())


def allow_writing(telegram: Telegram, person: Person) -> None:
    """They tapped Allow when the Mini App asked; the bot is told by a service message."""
    if person.blocks_bot:
        set_blocked(telegram, person, blocked=False)
    person.may_be_written_to = person.met_bot = True
    room = telegram.private(person.id)
    telegram.tell_service(room, person.id, {"write_access_allowed": {"from_request": True}})


def set_blocked(telegram: Telegram, person: Person, *, blocked: bool) -> None:
    """Stop or restart the bot. Doing it again changes nothing."""
    if person.blocks_bot == blocked:
        return
    person.blocks_bot = blocked
    person.met_bot = True
    before, after = Membership("member"), Membership("kicked")
    if not blocked:
        before, after = after, before
    send_my_chat_member(telegram, telegram.private(person.id), person.id, before, after)
    telegram.touch()


def press_button(
    telegram: Telegram, person: Person, chat_id: int, message_id: int, button: Json
) -> ButtonPress:
    """Press a button with callback data; the answer comes later (`answer_of`)."""
    room = require_inside(telegram, person, chat_id)
    said = require_message(telegram, room, message_id)
    world = telegram.world
    number = str(world.first_callback_id)
    world.first_callback_id += 1
    person.met_bot = True
    now = telegram.clock.now()
    pressed = telegram.presses[number] = ButtonPress(number, person.id, now)
    body = {
        "id": number,
        "from": bot_api_types.to_user(person),
        "message": telegram.wire(said),
        "chat_instance": room.instance,
        "data": button["callback_data"],
    }
    telegram.tell_bot("callback_query", body, f"user:{person.id}")
    return pressed


async def wait_for_answer(telegram: Telegram, pressed: ButtonPress, within: float) -> Json | None:
    """What the bot answered; None when it did not `within` so many real seconds."""
    await telegram.changes.wait_for(lambda: pressed.answered, within)
    return pressed.answer


def find_button(said: Message, text: str | None, row: int | None, col: int | None) -> Json:
    """The button by its words (exactly, else as its beginning) or by its place."""
    keyboard: Keyboard = said.keyboard or []
    if text is not None:
        every = [button for line in keyboard for button in line]
        for fits in (
            [b for b in every if b["text"] == text],
            [b for b in every if b["text"].startswith(text)],
        ):
            if fits:
                return fits[0]
        shown = ", ".join(b["text"] for b in every) or "none"
        raise ControlError(f'No button says "{text}". There are: {shown}.', 404)
    if row is None or col is None:
        raise ControlError("Say which button: its text, or row and col.", 400)
    if not (0 <= row < len(keyboard) and 0 <= col < len(keyboard[row])):
        raise ControlError("There is no button at that place.", 404)
    return keyboard[row][col]


def require_inside(telegram: Telegram, person: Person, chat_id: int) -> Chat:
    """A chat this person sees; Impossible (403) when they are not in it."""
    room = telegram.room(chat_id)
    if room.type == "private":
        if room.id != person.id:
            raise ControlError("That is somebody else's private chat.", 403)
        return room
    standing = room.members.get(person.id)
    if standing is None or not standing.inside:
        raise ControlError(f"{person.first_name} is not in {room.title}.", 403)
    if room.migrated_to is not None:
        return telegram.world.chats[room.migrated_to]
    return room


def require_message(telegram: Telegram, room: Chat, message_id: int) -> Message:
    """A message that is there; Impossible (404) when it is not."""
    said = bot_api_types.find_message(telegram.world, room.id, message_id)
    if said is None:
        raise ControlError("There is no such message.", 404)
    return said


def delete_message(telegram: Telegram, room: Chat, message_id: int) -> None:
    """A message goes. Telegram does not tell bots about it."""
    require_message(telegram, room, message_id).deleted = True
    telegram.touch()


def is_administrator(room: Chat, person: Person) -> bool:
    """Whether they own or administer the chat."""
    standing = room.members.get(person.id)
    return standing is not None and standing.status in {"creator", "administrator"}


def share_prepared_message(telegram: Telegram, person: Person, prepared_id: str, chat_id: int) -> Message:
    """Somebody sends a message the bot prepared for them; it is theirs, "via" the bot."""
    prepared = telegram.world.prepared.get(prepared_id)
    if prepared is None or prepared.user_id != person.id:
        raise ControlError("MESSAGE_EXPIRED", 404)
    if telegram.clock.now() > prepared.expires_at:
        raise ControlError("MESSAGE_EXPIRED", 410)
    room = require_inside(telegram, person, chat_id)
    if ("private" if room.type == "private" else "group") not in prepared.kinds:
        raise ControlError("MESSAGE_SEND_FAILED")
    what = prepared.result
    said = telegram.post(
        room, person.id, what["text"], what["entities"], keyboard=what["keyboard"], via_bot=True
    )
    if room.type == "private" or room.bot.inside:
        telegram.tell_bot("message", telegram.wire(said), f"chat:{room.id}")
    return said


_STORAGE_KEY = re.compile(r"[A-Za-z0-9_-]{1,128}\Z")


def call_cloud_storage(person: Person, method: str, params: Json) -> Json:
    """The Mini App's CloudStorage of one person: `{"result": …}` or `{"error": …}`."""
    kept = person.storage
    match method:
        case "saveStorageValue":
            key, value = str(params.get("key", "")), str(params.get("value", ""))
            if not _STORAGE_KEY.match(key):
                return {"error": "KEY_INVALID"}
            if len(value) > 4096:
                return {"error": "VALUE_INVALID"}
            if key not in kept and len(kept) >= 1024:
                return {"error": "QUOTA_EXCEEDED"}
            kept[key] = value
            return {"result": True}
        case "getStorageValues":
            return {"result": {key: kept.get(key, "") for key in params.get("keys", [])}}
        case "deleteStorageValues":
            for key in params.get("keys", []):
                kept.pop(key, None)
            return {"result": True}
        case "getStorageKeys":
            return {"result": list(kept)}
        case _:
            return {"error": "METHOD_INVALID"}
