"""Messages in a group that one person alone sees (Bot API 10.2, *ephemeral*): a part of the client (decision 0019).

Telegram takes them from an administrator at any time, else within fifteen seconds of the person's tap or of their ephemeral
command. It does not promise to deliver them: what must be known is sent in private as well.
"""

from datetime import datetime, timedelta

import structlog
from aiogram.exceptions import AiogramError, TelegramBadRequest, TelegramForbiddenError, TelegramNotFound
from aiogram.methods import DeleteEphemeralMessage
from aiogram.types import EphemeralMessageParameters, Message, ReplyParameters

from backend import clock
from bot.rendering import RenderedMessage

log = structlog.get_logger()

AGAIN_AFTER = timedelta(minutes=10)  # a group that took none is asked again
REFUSING_MAX = 1000  # groups remembered
_GROUP_TYPES = ("group", "supergroup")
_known: dict[int, bool] = {}  # by the bot's id: whether its Bot API server knows ephemeral messages
_refusing: dict[int, datetime] = {}  # groups in which the bot is no administrator, until when


async def show_to_one(
    message: Message, receiver: int, rendered: RenderedMessage, *, tap_id: str | None = None
) -> bool:
    """Show this in the chat of a message, a group, to one person alone: in reply to their command, or to their tap with that
    id. False where Telegram did not take it; then nobody saw it."""
    is_invited = tap_id is not None or message.ephemeral_message_id is not None
    if message.chat.type not in _GROUP_TYPES or not (is_invited or _may_take(message.chat.id)):
        return False
    try:
        if not await _is_known(message, receiver):
            return False
        await message.answer(
            rendered.text,
            reply_markup=rendered.keyboard,
            reply_parameters=_reply_to(message),
            ephemeral_message_parameters=EphemeralMessageParameters(
                receiver_user_id=receiver, callback_query_id=tap_id
            ),
        )
    except (TelegramBadRequest, TelegramForbiddenError) as error:
        log.info("ephemeral message refused", reason=error.message)
        if not is_invited:
            _remember_refusal(message.chat.id)
        return False
    except AiogramError as error:
        log.warning("ephemeral message failed", error=str(error))
        return False
    return True


def _reply_to(message: Message) -> ReplyParameters | None:
    if message.ephemeral_message_id is None:
        return None
    return ReplyParameters(ephemeral_message_id=message.ephemeral_message_id)


async def _is_known(message: Message, receiver: int) -> bool:
    """Whether the Bot API server knows ephemeral messages. An older one, of one's own, would ignore the parameter, and all the
    group would read what is for one: so it is asked first, once in a process, to delete one that does not exist."""
    bot = message.bot
    assert bot is not None
    if bot.id not in _known:
        try:
            await bot(
                DeleteEphemeralMessage(
                    chat_id=message.chat.id, receiver_user_id=receiver, ephemeral_message_id=0
                )
            )
        except TelegramNotFound:
            _known[bot.id] = False
            return False
        except TelegramBadRequest:  # there is no such message
            pass
        _known[bot.id] = True
    return _known[bot.id]


def _may_take(chat_id: int) -> bool:
    until = _refusing.get(chat_id)
    return until is None or clock.now() >= until


def _remember_refusal(chat_id: int) -> None:
    if len(_refusing) >= REFUSING_MAX:
        _refusing.clear()
    _refusing[chat_id] = clock.now() + AGAIN_AFTER


def forget() -> None:
    """Forget what servers and groups have answered."""
    _known.clear()
    _refusing.clear()
