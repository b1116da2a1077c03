"""Sending one thing to Telegram, and what its answer means for us."""

from dataclasses import dataclass
from enum import StrEnum

from aiogram import Bot
from aiogram.exceptions import (
    AiogramError,
    RestartingTelegram,
    TelegramAPIError,
    TelegramBadRequest,
    TelegramEntityTooLarge,
    TelegramForbiddenError,
    TelegramMigrateToChat,
    TelegramNetworkError,
    TelegramNotFound,
    TelegramRetryAfter,
    TelegramServerError,
    TelegramUnauthorizedError,
)
from aiogram.types import BufferedInputFile, Message
from aiohttp import ClientConnectorError

from bot.sheets import Sheet

PATIENCE = 15  # seconds for one call
GENERAL = 1  # the General topic's own id, which Telegram refuses to be addressed by (C4)


class Fate(StrEnum):
    """What became of a call."""

    DONE = "done"
    WAIT = "wait"  # a 429: not done, `seconds` says when again
    GONE = "gone"  # the person blocked the bot or is no more; the bot is out of the group
    MUTED = "muted"  # the bot is in the group but may not write
    MOVED = "moved"  # the group has a new id, `chat_id`
    MISSING = "missing"  # the message to be edited, or the topic, is not there any more
    CLOSED = "closed"  # the topic takes no messages for now; those in it can be edited all the same
    UNSENT = "unsent"  # it never reached Telegram
    UNKNOWN = "unknown"  # it may have been done
    REFUSED = "refused"  # not like this, ever
    MISCONFIGURED = "misconfigured"  # the token is not (or no longer) the bot's


@dataclass(frozen=True, slots=True)
class Answer:
    """How a call ended; `message_id` when something was posted."""

    fate: Fate
    why: str = ""
    message_id: int = 0
    seconds: float = 0
    chat_id: int = 0


async def post(bot: Bot, chat_id: int, sheet: Sheet, topic_id: int | None = None) -> Answer:
    """Write a sheet into a chat, and its topic if it is not the General one."""
    thread = None if topic_id == GENERAL else topic_id
    try:
        if sheet.file is None:
            said = await bot.send_message(
                chat_id,
                sheet.text,
                message_thread_id=thread,
                reply_markup=sheet.keyboard,
                request_timeout=PATIENCE,
            )
        else:
            said = await bot.send_document(
                chat_id,
                BufferedInputFile(sheet.file.content, sheet.file.name),
                caption=sheet.text,
                message_thread_id=thread,
                reply_markup=sheet.keyboard,
                request_timeout=PATIENCE,
            )
    except AiogramError as error:
        return judge(error)
    return Answer(Fate.DONE, message_id=said.message_id)


async def edit(bot: Bot, chat_id: int, message_id: int, sheet: Sheet) -> Answer:
    """Let a message say this sheet."""
    try:
        await bot.edit_message_text(
            sheet.text,
            chat_id=chat_id,
            message_id=message_id,
            reply_markup=sheet.keyboard,
            request_timeout=PATIENCE,
        )
    except AiogramError as error:
        return judge(error)
    return Answer(Fate.DONE)


async def reply(message: Message, sheet: Sheet) -> None:
    """Answer what was written, in its chat and topic. Raises what Telegram says."""
    await message.answer(sheet.text, reply_markup=sheet.keyboard)


# Telegram tells these apart by words only.
_MISSING = (
    "message to edit not found",
    "message can't be edited",
    "message_id_invalid",
    "message thread not found",
    "topic_deleted",
)
_CLOSED = ("topic_closed",)
_MUTED = ("not enough rights", "have no rights", "chat_write_forbidden", "chat_restricted")
_GONE = ("chat not found", "user not found", "peer_id_invalid", "group chat was deactivated")


def judge(error: AiogramError) -> Answer:
    """What an exception of aiogram's means."""
    why = str(getattr(error, "message", error))
    match error:
        case TelegramRetryAfter():
            return Answer(Fate.WAIT, why, seconds=error.retry_after)
        case TelegramMigrateToChat():
            return Answer(Fate.MOVED, why, chat_id=error.migrate_to_chat_id)
        case TelegramForbiddenError():
            return Answer(Fate.MUTED if _says(why, _MUTED) else Fate.GONE, why)
        case TelegramUnauthorizedError() | TelegramNotFound():
            return Answer(Fate.MISCONFIGURED, why)
        case RestartingTelegram():
            return Answer(Fate.UNSENT, why)
        case TelegramNetworkError() if isinstance(error.__cause__, ClientConnectorError):
            return Answer(Fate.UNSENT, why)
        case TelegramBadRequest():
            return Answer(_of_bad_request(why), why)
        case TelegramEntityTooLarge():
            return Answer(Fate.REFUSED, why)
        case TelegramNetworkError() | TelegramServerError():
            return Answer(Fate.UNKNOWN, why)
        case TelegramAPIError():
            return Answer(Fate.REFUSED, why)
    return Answer(Fate.UNKNOWN, why)  # its answer was not readable


def _of_bad_request(why: str) -> Fate:
    if "message is not modified" in why.lower():
        return Fate.DONE
    for words, fate in (
        (_MISSING, Fate.MISSING),
        (_CLOSED, Fate.CLOSED),
        (_MUTED, Fate.MUTED),
        (_GONE, Fate.GONE),
    ):
        if _says(why, words):
            return fate
    return Fate.REFUSED


def _says(why: str, words: tuple[str, ...]) -> bool:
    return any(word in why.lower() for word in words)
