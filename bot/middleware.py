"""The middleware of every update, outermost first: errors, order, duplicates, and the sender."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import structlog
from aiogram.exceptions import TelegramAPIError
from aiogram.types import CallbackQuery, Chat, Message, TelegramObject, Update, User

from backend import clock
from backend.causes import caused_by, current, new_cause
from backend.errors import Refusal, Unavailable
from backend.groups.presence import learn_presence, visit_group
from backend.i18n import N_, Voice, Words, nearest
from backend.instruments import UPDATES_FAILED
from backend.maintenance import UnderMaintenance, check_open
from backend.messages.results import record_group_result
from backend.outbox.states import SendResult
from backend.people.actions import TelegramIdentity, mark_blocked
from backend.people.queries import Person, person_of_telegram
from backend.people.telegram_updates import claim_update, claimed_until_handled, sender_of
from bot.callback_answers import TOO_OLD, answer_callback
from bot.delivery.client import answer_callback_query, answered_taps, reply
from bot.delivery.errors import classify_error
from bot.rendering import render_words
from bot.tap_verification import verify_tap
from bot.updates import is_addressed, speaks_as_chat

log = structlog.get_logger()
Data = dict[str, Any]
Handler = Callable[[TelegramObject, Data], Awaitable[Any]]

UNAVAILABLE = Words(N_("We can’t reach our data right now. Nothing is lost; try again in a moment."))
INTERNAL_ERROR = Words(N_("Something went wrong on our side. We logged it; try again in a moment."))
STILL_RUNNING = Words(N_("This takes longer than usual, and it goes on. Look again in a moment."))
ANSWER_AFTER = 10.0  # seconds; after fifteen Telegram takes no answer
_GROUP_TYPES = ("group", "supergroup")


async def name_cause(handler: Handler, event: TelegramObject, data: Data) -> Any:
    """Give the update an id, or that of the request that brought it, and say in the log which update has it."""
    assert isinstance(event, Update)
    with caused_by(current() or new_cause(), asked_at=clock.now()):
        log.info("update", update=event.update_id, kind=event.event_type)
        return await handler(event, data)


async def refuse_in_maintenance(handler: Handler, event: TelegramObject, data: Data) -> Any:
    """During maintenance answer what a person sent, and ask Telegram for everything else again afterwards. Nothing is
    recorded, not even that the update came. Raises `UnderMaintenance`."""
    await check_open()
    return await handler(event, data)


async def deduplicate(handler: Handler, event: TelegramObject, data: Data) -> Any:
    """Handle an update once, however often and in whichever way it arrives (`X2`)."""
    assert isinstance(event, Update)
    bot_id, sender = data["bot"].id, _identify_sender(event, data)
    data["sender"] = sender
    if _must_be_handled(event):
        async with claimed_until_handled(bot_id, event.update_id, sender) as data["claim"]:
            return await handler(event, data) if data["claim"] is not None else None
    if event.inline_query is not None:
        sender = None
    data["claim"] = await claim_update(bot_id, event.update_id, sender, is_counted=is_addressed(event))
    return await handler(event, data) if data["claim"] is not None else None


def _must_be_handled(event: Update) -> bool:
    """Whether an update comes again if it could not be handled: nobody waits for an answer, so nobody would send it again.
    What people say to each other changes nothing."""
    return not is_addressed(event) and (event.message is None or event.message.text is None)


def _identify_sender(event: Update, data: Data) -> TelegramIdentity | None:
    """The person who sent the update. What speaks as a chat is no person, whoever Telegram names as its sender (`A11`)."""
    user: User | None = None if speaks_as_chat(event) else data.get("event_from_user")
    if user is None or user.is_bot:
        return None
    return TelegramIdentity(
        telegram_id=user.id,
        first_name=user.first_name,
        last_name=user.last_name or "",
        username=user.username or "",
        language_code=user.language_code,
        # Only by a message or a tap: to block the bot is an update from the private chat too.
        may_write=_is_private(data) and (event.message or event.callback_query) is not None,
    )


def _is_private(data: Data) -> bool:
    chat: Chat | None = data.get("event_chat")
    return chat is not None and chat.type == "private"


async def handle_errors(handler: Handler, event: TelegramObject, data: Data) -> Any:
    """Answer every refusal and every error with a sentence: the one place that translates them for the bot.

    Raises `Unavailable` for an update that is not addressed to the bot, so that it is delivered again.
    """
    assert isinstance(event, Update)
    try:
        return await handler(event, data)
    except Refusal as refusal:
        await _answer(event, data, refusal.words, refusal.outcome)
    except UnderMaintenance as error:
        if not is_addressed(event):
            raise
        await _answer(event, data, Words("%(text)s", {"text": error.sentence(_voice(data))}), error.outcome)
    except Unavailable as error:
        if not is_addressed(event):
            raise
        log.warning("unavailable", error=str(error))
        UPDATES_FAILED.labels("database").inc()
        await _answer(event, data, UNAVAILABLE, "busy")
    except TelegramAPIError as error:
        await _record_unreachable(error, data)
    except Exception as error:
        # The answer comes before the log: the person looks at a spinning button.
        await _answer(event, data, INTERNAL_ERROR, "broken")
        log.error("update failed", kind=event.event_type, exc_info=error)
        UPDATES_FAILED.labels("fault").inc()
    return None


async def answer_in_time(handler: Handler, event: TelegramObject, data: Data) -> Any:
    """Answer a tap before Telegram takes no answer any more, whatever its handler still does or waits for (`C2`). The
    handler goes on."""
    assert isinstance(event, Update)
    if event.callback_query is None:
        return await handler(event, data)
    answered: dict[str, bool] = {}
    answered_taps.set(answered)
    query, early = event.callback_query, set[asyncio.Task[None]]()

    def answer_early() -> None:
        task = asyncio.create_task(_answer_early(query, _voice(data)))  # noqa: TID251 — speaks to Telegram alone
        early.add(task)

    timer = asyncio.get_running_loop().call_later(ANSWER_AFTER, answer_early)
    try:
        return await handler(event, data)
    finally:
        timer.cancel()
        for task in early:  # on its way: the only answer that there will be
            await task


async def _answer_early(query: CallbackQuery, voice: Voice) -> None:
    if not _is_answered(query):
        with suppress(TelegramAPIError):
            await answer_callback_query(query, voice.translate(STILL_RUNNING), early=True)


def _is_answered(query: CallbackQuery) -> bool:
    return query.id in (answered_taps.get() or {})


async def answer_every_tap(handler: Handler, event: TelegramObject, data: Data) -> Any:
    """Answer a tap that its handler has not answered (`C2`): its button would spin, and say nothing."""
    assert isinstance(event, Update)
    query = event.callback_query
    try:
        result = await handler(event, data)
    except TelegramAPIError:  # the message is gone, or Telegram did not take what was to be shown
        if query is not None and not _is_answered(query):
            with suppress(TelegramAPIError):
                await answer_callback(query, _voice(data), Words(TOO_OLD), "refused")
        raise
    if query is not None and not _is_answered(query):
        await answer_callback(query, _voice(data), Words(TOO_OLD), "refused")
    return result


async def load_person(handler: Handler, event: TelegramObject, data: Data) -> Any:
    """Give handlers `person`, `voice` and `group`. To act in a linked group makes a member (`A4`)."""
    assert isinstance(event, Update)
    chat: Chat | None = data.get("event_chat")
    sender: TelegramIdentity | None = data["sender"]
    person: Person | None = None
    if sender is not None:
        # Whoever only types the bot's name is not recorded.
        is_typing = event.inline_query is not None
        person = await (
            person_of_telegram(sender.telegram_id) if is_typing else sender_of(data["claim"], sender)
        )
    group = None
    if chat is not None and chat.type in _GROUP_TYPES:
        group = await visit_group(chat.id, person if is_addressed(event) else None)
    elif person is not None and event.message is not None and _is_private(data):
        await learn_presence(person)
    data |= {"person": person, "group": group, "voice": person.voice if person is not None else _voice(data)}
    return await handler(event, data)


async def refuse_forged_taps(handler: Handler, event: TelegramObject, data: Data) -> Any:
    """Let only taps on buttons of ours through (`X9`)."""
    assert isinstance(event, Update)
    if event.callback_query is not None:
        await verify_tap(event.callback_query)
    return await handler(event, data)


def _voice(data: Data) -> Voice:
    user: User | None = data.get("event_from_user")
    loaded: Voice | None = data.get("voice")
    return loaded or Voice(nearest(user.language_code if user else None))


async def _answer(event: Update, data: Data, words: Words, outcome: str) -> None:
    if not is_addressed(event):
        return
    voice = _voice(data)
    try:
        if isinstance(event.event, CallbackQuery):
            await answer_callback(event.event, voice, words, outcome)
        elif isinstance(event.event, Message):
            await reply(event.event, render_words(words, voice))
    except TelegramAPIError as error:
        await _record_unreachable(error, data)


async def _record_unreachable(error: TelegramAPIError, data: Data) -> None:
    """Record that the person has blocked the bot, or that the group does not let it write (`M3`, `A6`)."""
    call = classify_error(error)
    chat: Chat | None = data.get("event_chat")
    log.warning("could not answer", result=call.result, reason=call.reason)
    if chat is None or call.result not in (SendResult.GONE, SendResult.MUTED):
        return
    if chat.type == "private":
        await mark_blocked(chat.id)
    else:
        await record_group_result(chat.id, None, call)
