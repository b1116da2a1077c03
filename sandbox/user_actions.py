"""The actions of people in Telegram's client: write, press a button, start, block, share."""

import re

from sandbox import bot_api_types
from sandbox.commands import visible_commands
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
    *,
    ephemeral: bool | None = None,
) -> Message:
    """A person writes. The bot gets the message if Telegram's privacy mode allows it.

    A command that the bot offers them as `is_ephemeral` is seen by nobody else, unless `ephemeral` is False: an app that does
    not know that yet. Raises ControlError when they are not a member, blocked the bot, or the text is empty or longer than a
    message; with `ephemeral`, when the command is not offered so.
    """
    chat = require_inside(telegram, person, chat_id)
    if chat.type == "private":
        if person.blocks_bot:
            raise ControlError(f"{person.first_name} has blocked the bot. Unblock it first.")
        person.may_be_written_to = person.met_bot = True
    topic = None if thread_id is None else chat.topics.get(thread_id)
    if thread_id is not None and topic is None:
        raise ControlError("There is no such topic.", 404)
    if topic is not None and topic.closed and not is_administrator(chat, person):
        raise ControlError("This topic is closed.")
    try:
        trimmed, entities = normalize_text(text, [])
    except BotApiError as error:
        raise ControlError(error.description.removeprefix("Bad Request: "), 400) from None
    is_offered = chat.type != "private" and _is_offered_as_ephemeral(telegram, chat, person, trimmed)
    if ephemeral and not is_offered:
        raise ControlError("The bot does not offer this as an ephemeral command.", 400)
    seen_by = person.id if is_offered and ephemeral is not False else 0
    message = telegram.post(
        chat, person.id, trimmed, entities, thread_id=thread_id, reply_to=reply_to, seen_by=seen_by
    )
    if _is_visible_to_bot(telegram, chat, message):
        telegram.queue_update("message", telegram.to_message(message), f"chat:{chat.id}")
    return message


def _is_offered_as_ephemeral(telegram: Telegram, chat: Chat, person: Person, text: str) -> bool:
    """Whether a text begins with a command of this bot that is marked in the list that the person sees in this chat."""
    found = re.match(r"/(\w+)(@\w+)?(?!\S)", text)
    if found is None or (found[2] or "").lower() not in ("", f"@{telegram.config.bot_name}".lower()):
        return False
    offered = visible_commands(telegram.world, chat, person.id)
    return any(each["command"] == found[1] and each.get("is_ephemeral") for each in offered)


def _is_visible_to_bot(telegram: Telegram, chat: Chat, message: Message) -> bool:
    """Privacy mode: as an ordinary member the bot sees only messages meant for it."""
    if chat.type == "private" or chat.bot.status == "administrator":
        return chat.type == "private" or chat.bot.is_inside
    if not chat.bot.is_inside:
        return False
    if message.reply_to:
        replied = bot_api_types.find_message(telegram.world, chat.id, message.reply_to)
        if replied is not None and replied.sender_id == telegram.config.bot_id:
            return True
    name = f"@{telegram.config.bot_name}".lower()
    command = re.match(r"/\w+(@\w+)?", message.text)
    if command:
        return command[1] is None or command[1].lower() == name
    return name in message.text.lower()


def press_start(telegram: Telegram, person: Person, payload: str = "") -> Message:
    """START in the private chat: sends `/start` and the payload of the link that led there.

    A person who had blocked the bot unblocks it by that. Raises ControlError (400) for a payload
    that no link can have.
    """
    if payload and not _START_PAYLOAD.match(payload):
        raise ControlError("A start payload has 1 to 64 letters, digits, _ or -", 400)
    if person.blocks_bot:
        set_blocked(telegram, person, blocked=False)
    return send_message(telegram, person, person.id, f"/start {payload}".strip())


def allow_writing(telegram: Telegram, person: Person) -> None:
    """They tapped Allow when the Mini App asked; the bot learns it from a service message."""
    if person.blocks_bot:
        set_blocked(telegram, person, blocked=False)
    person.may_be_written_to = person.met_bot = True
    chat = telegram.private_chat(person.id)
    telegram.post_service_message(chat, person.id, {"write_access_allowed": {"from_request": True}})


def set_blocked(telegram: Telegram, person: Person, *, blocked: bool) -> None:
    """Block or unblock the bot; the bot gets a `my_chat_member` update unless nothing changes."""
    if person.blocks_bot == blocked:
        return
    person.blocks_bot = blocked
    person.met_bot = True
    before, after = Membership("member"), Membership("kicked")
    if not blocked:
        before, after = after, before
    send_my_chat_member(telegram, telegram.private_chat(person.id), person.id, before, after)
    telegram.mark_changed()


def press_button(
    telegram: Telegram, person: Person, chat_id: int, message_id: int, button: Json
) -> ButtonPress:
    """Press a button with callback data; the answer comes later (`wait_for_answer`)."""
    chat = require_inside(telegram, person, chat_id)
    message = require_message(telegram, chat, message_id)
    press = begin_press(telegram, person)
    body = {
        "id": press.id,
        "from": bot_api_types.to_user(person),
        **(
            {"inline_message_id": message.inline_id}
            if message.inline_id
            else {"message": telegram.to_message(message)}
        ),
        "chat_instance": chat.instance,
        "data": button["callback_data"],
    }
    telegram.queue_update("callback_query", body, f"user:{person.id}")
    return press


def begin_press(telegram: Telegram, person: Person) -> ButtonPress:
    """A press that can be answered. Its update is the caller's: with data that a changed client sends, or a
    message of a kind that is not modelled."""
    world = telegram.world
    query_id = str(world.first_callback_id)
    world.first_callback_id += 1
    person.met_bot = True
    press = telegram.presses[query_id] = ButtonPress(query_id, person.id, telegram.clock.now())
    return press


async def wait_for_answer(telegram: Telegram, press: ButtonPress, within: float) -> Json | None:
    """The bot's answer; None when none came `within` that many real seconds."""
    await telegram.changes.wait_until(lambda: press.is_answered, within)
    return press.answer


def find_button(message: Message, text: str | None, row: int | None, col: int | None) -> Json:
    """The button by its text (exact, else its beginning) or by its place.

    Raises ControlError (404) when there is no such button.
    """
    keyboard: Keyboard = message.keyboard or []
    if text is not None:
        buttons = [button for buttons in keyboard for button in buttons]
        for matches in (
            [b for b in buttons if b["text"] == text],
            [b for b in buttons if b["text"].startswith(text)],
        ):
            if matches:
                return matches[0]
        texts = ", ".join(b["text"] for b in buttons) or "none"
        raise ControlError(f'No button says "{text}". There are: {texts}.', 404)
    if row is None or col is None:
        raise ControlError("Say which button: its text, or row and col.", 400)
    if not (0 <= row < len(keyboard) and 0 <= col < len(keyboard[row])):
        raise ControlError("There is no button at that place.", 404)
    return keyboard[row][col]


def require_inside(telegram: Telegram, person: Person, chat_id: int) -> Chat:
    """The chat, after an upgrade the new one. Raises ControlError (403) for a person who is not in it."""
    chat = telegram.chat(chat_id)
    if chat.type == "private":
        if chat.id != person.id:
            raise ControlError("That is somebody else's private chat.", 403)
        return chat
    membership = chat.members.get(person.id)
    if membership is None or not membership.is_inside:
        raise ControlError(f"{person.first_name} is not in {chat.title}.", 403)
    if chat.migrated_to is not None:
        return telegram.world.chats[chat.migrated_to]
    return chat


def require_message(telegram: Telegram, chat: Chat, message_id: int) -> Message:
    """The message. Raises ControlError (404) when there is none or it was deleted."""
    message = bot_api_types.find_any_message(telegram.world, chat.id, message_id)
    if message is None:
        raise ControlError("There is no such message.", 404)
    return message


def delete_message(telegram: Telegram, chat: Chat, message_id: int) -> None:
    """Delete a message. Telegram sends bots no update about it."""
    require_message(telegram, chat, message_id).deleted = True
    telegram.mark_changed()


def is_administrator(chat: Chat, person: Person) -> bool:
    """Whether they own or administer the chat."""
    membership = chat.members.get(person.id)
    return membership is not None and membership.status in {"creator", "administrator"}


def share_prepared_message(telegram: Telegram, person: Person, prepared_id: str, chat_id: int) -> Message:
    """A person sends a message that the bot prepared for them; they are the sender, "via" the bot.

    Raises ControlError, worded as Telegram's client reports it.
    """
    prepared = telegram.world.prepared.get(prepared_id)
    if prepared is None or prepared.user_id != person.id:
        raise ControlError("MESSAGE_EXPIRED", 404)
    if telegram.clock.now() > prepared.expires_at:
        raise ControlError("MESSAGE_EXPIRED", 410)
    chat = require_inside(telegram, person, chat_id)
    if ("private" if chat.type == "private" else "group") not in prepared.kinds:
        raise ControlError("MESSAGE_SEND_FAILED")
    content = prepared.result
    message = telegram.post(
        chat, person.id, content["text"], content["entities"], keyboard=content["keyboard"], via_bot=True
    )
    show_to_bot(telegram, chat, message)
    return message


def show_to_bot(telegram: Telegram, chat: Chat, message: Message) -> None:
    """The bot reads what was sent by way of it, where it is in the chat."""
    if chat.type == "private" or chat.bot.is_inside:
        telegram.queue_update("message", telegram.to_message(message), f"chat:{chat.id}")


_STORAGE_KEY = re.compile(r"[A-Za-z0-9_-]{1,128}\Z")


def call_cloud_storage(person: Person, method: str, params: Json) -> Json:
    """The Mini App's CloudStorage of one person: `{"result": …}` or `{"error": …}`."""
    values = person.storage
    match method:
        case "saveStorageValue":
            key, value = str(params.get("key", "")), str(params.get("value", ""))
            if not _STORAGE_KEY.match(key):
                return {"error": "KEY_INVALID"}
            if len(value) > 4096:
                return {"error": "VALUE_INVALID"}
            if key not in values and len(values) >= 1024:
                return {"error": "QUOTA_EXCEEDED"}
            values[key] = value
            return {"result": True}
        case "getStorageValues":
            return {"result": {key: values.get(key, "") for key in params.get("keys", [])}}
        case "deleteStorageValues":
            for key in params.get("keys", []):
                values.pop(key, None)
            return {"result": True}
        case "getStorageKeys":
            return {"result": list(values)}
        case _:
            return {"error": "METHOD_INVALID"}
