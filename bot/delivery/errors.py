"""What Telegram's refusals mean for us."""

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
from aiohttp import ClientConnectorError

from backend.outbox.states import CallResult, SendResult

# Telegram distinguishes these only by their wording.
_NOT_FOUND = (
    "message to edit not found",
    "message can't be edited",
    "message_id_invalid",
    "message thread not found",
    "topic_deleted",
)
_TOPIC_CLOSED = ("topic_closed",)
_MUTED = ("not enough rights", "have no rights", "chat_write_forbidden", "chat_restricted")
_GONE = ("chat not found", "user not found", "peer_id_invalid", "group chat was deactivated")


def classify_error(error: AiogramError) -> CallResult:
    """What an exception of aiogram's means."""
    reason = str(getattr(error, "message", error))
    match error:
        case TelegramRetryAfter():
            return CallResult(SendResult.RATE_LIMITED, reason, retry_after=error.retry_after)
        case TelegramMigrateToChat():
            return CallResult(SendResult.MIGRATED, reason, new_chat_id=error.migrate_to_chat_id)
        case TelegramForbiddenError():
            return CallResult(SendResult.MUTED if _has_any(reason, _MUTED) else SendResult.GONE, reason)
        case TelegramUnauthorizedError() | TelegramNotFound():
            return CallResult(SendResult.MISCONFIGURED, reason)
        case RestartingTelegram():
            return CallResult(SendResult.UNSENT, reason)
        case TelegramNetworkError() if isinstance(error.__cause__, ClientConnectorError):
            return CallResult(SendResult.UNSENT, reason)
        case TelegramBadRequest():
            return CallResult(_classify_bad_request(reason), reason)
        case TelegramEntityTooLarge():
            return CallResult(SendResult.REFUSED, reason)
        case TelegramNetworkError() | TelegramServerError():
            return CallResult(SendResult.UNKNOWN, reason)
        case TelegramAPIError():
            return CallResult(SendResult.REFUSED, reason)
    return CallResult(SendResult.UNKNOWN, reason)  # its answer was not readable


def _classify_bad_request(reason: str) -> SendResult:
    if "message is not modified" in reason.lower():
        return SendResult.DONE
    for phrases, result in (
        (_NOT_FOUND, SendResult.NOT_FOUND),
        (_TOPIC_CLOSED, SendResult.TOPIC_CLOSED),
        (_MUTED, SendResult.MUTED),
        (_GONE, SendResult.GONE),
    ):
        if _has_any(reason, phrases):
            return result
    return SendResult.REFUSED


def _has_any(reason: str, phrases: tuple[str, ...]) -> bool:
    return any(phrase in reason.lower() for phrase in phrases)
