"""The middleware of every update, outermost first: errors, order, duplicates, and the sender."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import structlog
from aiogram.exceptions import TelegramAPIError
from aiogram.types import CallbackQuery, Chat, Message, TelegramObject, Update, User

from backend import clock, failpoints
from backend.causes import caused_by, current, new_cause
from backend.errors import Refusal, TooOften, Unavailable
from backend.groups.presence import learn_presence, visit_group
from backend.i18n import N_, Voice, Words, nearest
from backend.instruments import UPDATES_FAILED
from backend.maintenance import UnderMaintenance, check_open
from backend.messages.results import record_group_result
from backend.outbox.states import SendResult
from backend.people.actions import TelegramIdentity, mark_blocked
from backend.people.queries import Person, person_of_telegram
from backend.people.rate_limits import RateLimit, spend
from backend.people.telegram_updates import claim_update, limit_updates, sender_of
from bot.callback_answers import TOO_OLD, answer_callback
from bot.delivery.client import answer_callback_query, answered_taps, reply
from bot.delivery.errors import classify_error
from bot.rendering import render_words
from bot.tap_verification import verify_tap

log = structlog.get_logger()
Data = dict[str, Any]
Handler = Callable[[TelegramObject, Data], Awaitable[Any]]

UNAVAILABLE = Words(N_("We can’t reach our data right now. Nothing is lost; try again in a moment."))
INTERNAL_ERROR = Words(N_("Something went wrong on our side. We logged it; try again in a moment."))
STILL_RUNNING = Words(N_("This takes longer than usual, and it goes on. Look again in a moment."))
ANSWER_AFTER = 10.0  # seconds; after fifteen Telegram takes no answer
_GROUP_TYPES = ("group", "supergroup")


class TooManyAtOnce(Refusal):
    """Somebody sends faster than they can be answered."""

    outcome = "busy"
    message = N_("That was too many at once. Please wait until I’ve answered the earlier ones.")


SILENT_MAX = 1000  # people remembered, before those are forgotten who may write again
QUEUE_MAX = 5  # updates of one person that wait or are handled


@dataclass(slots=True)
class _Queue:
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    size: int = 0
    told: bool = False  # that there are too many


class InOrder:
    """Handles the updates of one person, or of one chat, one at a time in the order of arrival.

    To join and then leave must not become to leave and then join. What somebody sends while `QUEUE_MAX` of theirs
    are not done yet is dropped, so that nobody's taps take what others wait for; they are told once, until all
    of theirs are done. Only what people send is dropped: who left a group is always recorded.
    """

    def __init__(self) -> None:
        self._queues: dict[int, _Queue] = {}

    async def __call__(self, handler: Handler, event: TelegramObject, data: Data) -> Any:
        user: User | None = data.get("event_from_user")
        chat: Chat | None = data.get("event_chat")
        key = user.id if user else chat.id if chat else 0
        queue = self._queues.setdefault(key, _Queue())
        if queue.size >= QUEUE_MAX and is_addressed(event) and not failpoints.on("bot.no-queue-limit"):
            if queue.told:
                return None
            queue.told = True
            raise TooManyAtOnce()
        queue.size += 1
        try:
            async with queue.lock:  # asyncio grants a lock in the order of the requests
                return await handler(event, data)
        finally:
            queue.size -= 1
            if not queue.size:
                del self._queues[key]


async def name_cause(handler: Handler, event: TelegramObject, data: Data) -> Any:
    """Give the update an id, or that of the request that brought it, and say in the log which update has it."""
    assert isinstance(event, Update)
    with caused_by(current() or new_cause()):
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
    sender = data["sender"] = _identify_sender(event, data)
    claim = await claim_update(
        data["bot"].id,
        event.update_id,
        sender if event.inline_query is None else None,
        is_counted=is_addressed(event),
    )
    if claim is None:
        return None
    data["claim"] = claim
    return await handler(event, data)


def _identify_sender(event: Update, data: Data) -> TelegramIdentity | None:
    """The person who sent the update. What speaks as a chat is no person, whoever Telegram names as its sender (`A11`)."""
    user: User | None = None if _speaks_as_chat(event) else data.get("event_from_user")
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


class RateLimiter:
    """Let a person send only so much in a minute (`X7`). Every tap beyond that is answered, and the first message.

    Two middlewares: `limit` counts in the database, for all processes; `drop` stands before the work that an update
    is, and leaves out what `limit` would not answer, so that a flood costs next to nothing.
    """

    def __init__(self) -> None:
        self._silent_until: dict[int, datetime] = {}  # by Telegram's ids

    async def drop(self, handler: Handler, event: TelegramObject, data: Data) -> Any:
        assert isinstance(event, Update)
        user: User | None = data.get("event_from_user")
        until = self._silent_until.get(user.id) if user is not None else None
        if until is not None and clock.now() < until and event.callback_query is None and is_addressed(event):
            return None
        return await handler(event, data)

    async def limit(self, handler: Handler, event: TelegramObject, data: Data) -> Any:
        assert isinstance(event, Update)
        person: Person | None = data["person"]
        if person is not None and is_addressed(event):
            is_query = event.inline_query is not None
            try:
                if is_query:
                    await spend(person, RateLimit.INLINE_QUERIES)
                else:
                    await limit_updates(data["claim"], person)
            except TooOften as refusal:
                if event.callback_query is None and not is_query and not refusal.is_first:
                    self._be_silent(person, timedelta(seconds=refusal.retry_after))
                    return None
                raise
        return await handler(event, data)

    def _be_silent(self, person: Person, time: timedelta) -> None:
        now = clock.now()
        if len(self._silent_until) >= SILENT_MAX:
            self._silent_until = {key: until for key, until in self._silent_until.items() if now < until}
        # A moment less: the seconds were rounded up.
        self._silent_until[person.telegram_id] = now + time - timedelta(seconds=1)


async def refuse_forged_taps(handler: Handler, event: TelegramObject, data: Data) -> Any:
    """Let only taps on buttons of ours through (`X9`)."""
    assert isinstance(event, Update)
    if event.callback_query is not None:
        await verify_tap(event.callback_query)
    return await handler(event, data)


def _speaks_as_chat(event: Update) -> bool:
    """Whether a channel or an anonymous administrator sent it. (A tap is always a person's.)"""
    return isinstance(event.event, Message) and event.event.sender_chat is not None


def _voice(data: Data) -> Voice:
    user: User | None = data.get("event_from_user")
    loaded: Voice | None = data.get("voice")
    return loaded or Voice(nearest(user.language_code if user else None))


def is_addressed(event: TelegramObject) -> bool:
    """Whether a person expects an answer to an update: to a tap, a command, what they type in inline mode, or anything in a
    private chat."""
    assert isinstance(event, Update)
    if event.callback_query is not None or event.inline_query is not None:
        return True
    message = event.message
    if message is None:
        return False
    return message.chat.type == "private" or (message.text or "").startswith("/")


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
