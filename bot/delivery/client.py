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

from bot.rendering import RenderedMessage

PATIENCE = 15  # seconds for one call
GENERAL = 1  # the General topic's own id, which Telegram refuses to be addressed by (C4)


class SendResult(StrEnum):
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
class CallResult:
    """How a call ended; `message_id` when something was posted."""

    fate: SendResult
    why: str = ""
    message_id: int = 0
    seconds: float = 0
    chat_id: int = 0


async def post(bot: Bot, chat_id: int, sheet: RenderedMessage, topic_id: int | None = None) -> CallResult:
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
        return classify_error(error)
    return CallResult(SendResult.DONE, message_id=said.message_id)


async def edit(bot: Bot, chat_id: int, message_id: int, sheet: RenderedMessage) -> CallResult:
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
        return classify_error(error)
    return CallResult(SendResult.DONE)


async def reply(message: Message, sheet: RenderedMessage) -> None:
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


def classify_error(error: AiogramError) -> CallResult:
    """What an exception of aiogram's means."""
    why = str(getattr(error, "message", error))
    match error:
        case TelegramRetryAfter():
            return CallResult(SendResult.WAIT, why, seconds=error.retry_after)
        case TelegramMigrateToChat():
            return CallResult(SendResult.MOVED, why, chat_id=error.migrate_to_chat_id)
        case TelegramForbiddenError():
            return CallResult(SendResult.MUTED if _says(why, _MUTED) else SendResult.GONE, why)
        case TelegramUnauthorizedError() | TelegramNotFound():
            return CallResult(SendResult.MISCONFIGURED, why)
        case RestartingTelegram():
            return CallResult(SendResult.UNSENT, why)
        case TelegramNetworkError() if isinstance(error.__cause__, ClientConnectorError):
            return CallResult(SendResult.UNSENT, why)
        case TelegramBadRequest():
            return CallResult(_classify_bad_request(why), why)
        case TelegramEntityTooLarge():
            return CallResult(SendResult.REFUSED, why)
        case TelegramNetworkError() | TelegramServerError():
            return CallResult(SendResult.UNKNOWN, why)
        case TelegramAPIError():
            return CallResult(SendResult.REFUSED, why)
    return CallResult(SendResult.UNKNOWN, why)  # its answer was not readable


def _classify_bad_request(why: str) -> SendResult:
    if "message is not modified" in why.lower():
        return SendResult.DONE
    for words, fate in (
        (_MISSING, SendResult.MISSING),
        (_CLOSED, SendResult.CLOSED),
        (_MUTED, SendResult.MUTED),
        (_GONE, SendResult.GONE),
    ):
        if _says(why, words):
            return fate
    return SendResult.REFUSED


def _says(why: str, words: tuple[str, ...]) -> bool:
    return any(word in why.lower() for word in words)
