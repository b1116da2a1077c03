"""What every update passes through, outermost first: its turn, answered whatever happens, once, and who it is from."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import structlog
from aiogram.exceptions import TelegramAPIError
from aiogram.types import CallbackQuery, Chat, Message, TelegramObject, Update, User

from backend.errors import Refusal, Unavailable
from backend.groups.presence import mark_present
from backend.groups.queries import group_of_chat
from backend.groups.rules import GroupHealth
from backend.i18n import N_, Voice, Words, nearest
from backend.linking.actions import set_health
from backend.people.actions import TelegramIdentity, mark_blocked, register_person
from backend.people.telegram_updates import claim_update
from bot.callback_answers import answer_callback
from bot.delivery.client import SendResult, classify_error, reply
from bot.rendering import plain

log = structlog.get_logger()
Data = dict[str, Any]
Handler = Callable[[TelegramObject, Data], Awaitable[Any]]

UNAVAILABLE = Words(N_("We can’t get at our notes right now. Nothing is lost; try again in a moment."))
INTERNAL_ERROR = Words(N_("Something went wrong on our side, and it is written down. Try again in a moment."))
_GROUP_TYPES = ("group", "supergroup")


@dataclass(slots=True)
class _Queue:
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    asked: int = 0


class InOrder:
    """One update of a person, or of a chat, at a time and in the order of arrival: join, then leave, is not leave, then join.

    Webhooks keep that order themselves; while polling, updates are handled side by side.
    """

    def __init__(self) -> None:
        self._lanes: dict[int, _Queue] = {}

    async def __call__(self, handler: Handler, event: TelegramObject, data: Data) -> Any:
        user: User | None = data.get("event_from_user")
        chat: Chat | None = data.get("event_chat")
        key = user.id if user else chat.id if chat else 0
        lane = self._lanes.setdefault(key, _Queue())
        lane.asked += 1
        try:
            async with lane.lock:  # asyncio hands a lock on in the order of asking
                return await handler(event, data)
        finally:
            lane.asked -= 1
            if not lane.asked:
                del self._lanes[key]


async def deduplicate(handler: Handler, event: TelegramObject, data: Data) -> Any:
    """An update is handled once, however often and through whatever it arrives (`X2`)."""
    assert isinstance(event, Update)
    if await claim_update(data["bot"].id, event.update_id):
        return await handler(event, data)
    return None


async def handle_errors(handler: Handler, event: TelegramObject, data: Data) -> Any:
    """Every no, and every fault, becomes a sentence for who asked: the one place that translates them for the bot.

    Raises `Unavailable` for an update that is nobody's question.
    """
    assert isinstance(event, Update)
    try:
        return await handler(event, data)
    except Refusal as no:
        await _answer(event, data, no.words, no.outcome)
    except Unavailable as error:
        if not _is_addressed(event):
            raise  # nobody to tell: whoever brought it may bring it again
        log.warning("unavailable", error=str(error))
        await _answer(event, data, UNAVAILABLE, "busy")
    except TelegramAPIError as error:
        await _record_unreachable(error, data)
    except Exception as error:
        await _answer(
            event, data, INTERNAL_ERROR, "broken"
        )  # first, for somebody looks at a button that spins
        log.error("update failed", kind=event.event_type, exc_info=error)
    return None


async def load_person(handler: Handler, event: TelegramObject, data: Data) -> Any:
    """Handlers get `person` and `voice`, and in a linked group `group`; acting there makes a member (`A4`)."""
    assert isinstance(event, Update)
    user: User | None = data.get("event_from_user")
    chat: Chat | None = data.get("event_chat")
    group = await group_of_chat(chat.id) if chat is not None and chat.type in _GROUP_TYPES else None
    data |= {"person": None, "voice": _voice(data), "group": group}
    if user is not None and not user.is_bot:
        private = chat is not None and chat.type == "private"
        person = data["person"] = await register_person(
            TelegramIdentity(
                telegram_id=user.id,
                first_name=user.first_name,
                last_name=user.last_name or "",
                username=user.username or "",
                language_code=user.language_code,
                # A message or a tap in the private chat; being blocked is an update from there too.
                may_write=private and (event.message or event.callback_query) is not None,
            )
        )
        data["voice"] = person.voice
        if group is not None and _is_addressed(event):
            await mark_present(person, group)
    return await handler(event, data)


def _voice(data: Data) -> Voice:
    user: User | None = data.get("event_from_user")
    known: Voice | None = data.get("voice")
    return known or Voice(nearest(user.language_code if user else None))


def _is_addressed(event: Update) -> bool:
    """Whether somebody asked the bot for something: a tap, a command, or anything in a private chat."""
    if event.callback_query is not None:
        return True
    message = event.message
    if message is None:
        return False
    return message.chat.type == "private" or (message.text or "").startswith("/")


async def _answer(event: Update, data: Data, words: Words, outcome: str) -> None:
    if not _is_addressed(event):
        return
    voice = _voice(data)
    try:
        if isinstance(event.event, CallbackQuery):
            await answer_callback(event.event, voice, words, outcome)
        elif isinstance(event.event, Message):
            await reply(event.event, plain(voice.tell(words)))
    except TelegramAPIError as error:
        await _record_unreachable(error, data)


async def _record_unreachable(error: TelegramAPIError, data: Data) -> None:
    """Who cannot be answered has blocked the bot, or their group does not let it write: that is noted (`M3`, `A6`)."""
    answer = classify_error(error)
    chat: Chat | None = data.get("event_chat")
    log.warning("could not answer", fate=answer.fate, why=answer.why)
    if chat is None or answer.fate not in (SendResult.GONE, SendResult.MUTED):
        return
    if chat.type == "private":
        await mark_blocked(chat.id)
    else:
        await set_health(
            chat.id, GroupHealth.REMOVED if answer.fate is SendResult.GONE else GroupHealth.MUTED
        )
