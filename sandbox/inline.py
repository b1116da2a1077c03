"""Inline mode, as people use it: they type the bot's name and words in any chat, and choose a result, which they send."""

import secrets

from sandbox import bot_api_types
from sandbox.errors import ControlError
from sandbox.telegram import InlineAsk, Telegram
from sandbox.user_actions import require_inside, show_to_bot
from sandbox.world import Json, Message, Person

_QUERY_MAX = 256


def type_query(telegram: Telegram, person: Person, chat_id: int, query: str, offset: str = "") -> InlineAsk:
    """A person types `@bot query`, or scrolls to the end of the results: then `offset` is the bot's own. What was answered
    lately is answered again without the bot.

    Raises ControlError where inline mode is off.
    """
    if not telegram.world.inline_mode:
        raise ControlError("Inline mode is off.")
    chat = require_inside(telegram, person, chat_id)
    query = query.strip()[:_QUERY_MAX]
    ask = InlineAsk(secrets.token_hex(8), person.id, query, offset, telegram.clock.now())
    telegram.inline_asks[ask.id] = ask
    for owner in (person.id, 0):  # 0: an answer that is not personal is everybody's
        cached = telegram.inline_cache.get((owner, query, offset))
        if cached is not None and telegram.clock.now() < cached.until:
            ask.answer = cached.answer
            return ask
    body = {
        "id": ask.id,
        "from": bot_api_types.to_user(person),
        "query": query,
        "offset": offset,
        "chat_type": "sender" if chat.type == "private" else chat.type,
    }
    telegram.queue_update("inline_query", body, f"inline:{person.id}")
    return ask


async def wait_for_results(telegram: Telegram, ask: InlineAsk, within: float) -> Json | None:
    """What the bot offers; None when no answer came `within` that many real seconds."""
    await telegram.changes.wait_until(lambda: ask.answer is not None, within)
    return ask.answer


def choose(
    telegram: Telegram,
    person: Person,
    chat_id: int,
    ask_id: str,
    result_id: str,
    thread_id: int | None = None,
) -> Message:
    """Send one of the results. The bot need not be in the chat; if it asked for feedback it is told, and of a message with
    buttons it learns the id by which it may edit it.

    Raises ControlError (404) for what was not offered to this person.
    """
    ask = telegram.inline_asks.get(ask_id)
    results = ask.answer["results"] if ask is not None and ask.answer is not None else []
    chosen = next((result for result in results if result["id"] == result_id), None)
    if ask is None or ask.user_id != person.id or chosen is None:
        raise ControlError("That was not offered.", 404)
    chat = require_inside(telegram, person, chat_id)
    message = telegram.post(
        chat,
        person.id,
        chosen["text"],
        chosen["entities"],
        keyboard=chosen["keyboard"],
        via_bot=True,
        thread_id=thread_id,
    )
    feedback: Json = {
        "result_id": result_id,
        "from": bot_api_types.to_user(person),
        "query": ask.query,
    }
    if message.keyboard:
        message.inline_id = secrets.token_urlsafe(18)
        telegram.world.inline_messages[message.inline_id] = [chat.id, message.id]
        feedback["inline_message_id"] = message.inline_id
    if telegram.world.inline_feedback:
        telegram.queue_update("chosen_inline_result", feedback, f"user:{person.id}")
    show_to_bot(telegram, chat, message)
    return message
