"""The only module that calls Telegram through aiogram. What posts or edits of its own accord gets a
`CallResult`; what answers somebody raises Telegram's errors, which the middleware handles in one place.

Processes that must not load aiogram make their two calls by `emerald/telegram_http.py` (decision 0019).
"""

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress
from contextvars import ContextVar
from typing import Any

import structlog
from aiogram import Bot
from aiogram.client.default import DefaultBotProperties
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.session.middlewares.base import BaseRequestMiddleware, NextRequestMiddlewareType
from aiogram.client.telegram import PRODUCTION, TelegramAPIServer
from aiogram.enums import ParseMode
from aiogram.exceptions import AiogramError, TelegramAPIError, TelegramRetryAfter
from aiogram.methods import (
    AnswerCallbackQuery,
    DeleteMessage,
    EditMessageReplyMarkup,
    EditMessageText,
    GetUpdates,
    Response,
    SendDocument,
    SendMessage,
    TelegramMethod,
)
from aiogram.methods.base import TelegramType
from aiogram.types import (
    BufferedInputFile,
    CallbackQuery,
    InlineKeyboardMarkup,
    InlineQuery,
    InlineQueryResultArticle,
    InlineQueryResultsButton,
    Message,
)

from backend import failpoints
from backend.instruments import TELEGRAM_CALLS, TELEGRAM_SECONDS
from backend.outbox.replies import Reply, hold_reply
from backend.outbox.states import CallResult, SendResult
from backend.settings import Settings
from bot.delivery.ephemeral import show_to_one
from bot.delivery.errors import classify_error
from bot.rendering import File, RenderedMessage, Rows

log = structlog.get_logger()

CALL_ERRORS = AiogramError  # what a call raises that came to nothing
TIMEOUT = 15  # seconds for one call
GENERAL = 1  # the General topic's own id, which Telegram refuses to be addressed by (C4)
TOO_MANY = "too many requests"
RETRY_AFTER_DEFAULT = 5  # seconds to wait after a 429 that names none
IN_RESPONSE = "in-response"  # the result of a call that a response carries: Telegram does not say


class NameRateLimits(BaseRequestMiddleware):
    """Raises `TelegramRetryAfter` for a 429 that does not say how long to wait, as proxies answer: aiogram would
    take it for a refusal for good, and the message would be dropped."""

    async def __call__(
        self,
        make_request: NextRequestMiddlewareType[TelegramType],
        bot: Bot,
        method: TelegramMethod[TelegramType],
    ) -> Response[TelegramType]:
        try:
            return await make_request(bot, method)
        except TelegramAPIError as error:
            if type(error) is TelegramAPIError and TOO_MANY in error.message.lower():
                raise TelegramRetryAfter(method, error.message, RETRY_AFTER_DEFAULT) from error
            raise


class CountCalls(BaseRequestMiddleware):
    """Counts each call, how long it took and what came of it, for `/metrics`. Long polls are not timed: they wait."""

    async def __call__(
        self,
        make_request: NextRequestMiddlewareType[TelegramType],
        bot: Bot,
        method: TelegramMethod[TelegramType],
    ) -> Response[TelegramType]:
        name, result, started = method.__api_method__, SendResult.UNKNOWN, time.perf_counter()
        try:
            answer = await make_request(bot, method)
        except AiogramError as error:
            result = classify_error(error).result
            raise
        else:
            result = SendResult.DONE
            return answer
        finally:
            TELEGRAM_CALLS.labels(name, result).inc()
            if name != GetUpdates.__api_method__:
                TELEGRAM_SECONDS.labels(name).observe(time.perf_counter() - started)


def make_bot(settings: Settings) -> Bot:
    """The bot of these settings. The caller closes its `session`. It never waits out a 429."""
    url = settings.telegram_api_url
    session = AiohttpSession(api=TelegramAPIServer.from_base(url) if url else PRODUCTION)
    session.middleware(CountCalls())
    session.middleware(NameRateLimits())
    return Bot(
        settings.telegram_bot_token,
        session=session,
        default=DefaultBotProperties(parse_mode=ParseMode.HTML, link_preview_is_disabled=True),
    )


# --- of the sender's own accord: the result is returned ---


async def post(bot: Bot, chat_id: int, rendered: RenderedMessage, topic_id: int | None = None) -> CallResult:
    """Post a message in a chat, and in its topic if that is not the General one."""
    thread = None if topic_id == GENERAL else topic_id
    try:
        if rendered.file is None:
            posted = await bot.send_message(
                chat_id,
                rendered.text,
                message_thread_id=thread,
                reply_markup=rendered.keyboard,
                request_timeout=TIMEOUT,
            )
        else:
            posted = await bot.send_document(
                chat_id,
                BufferedInputFile(rendered.file.content, rendered.file.name),
                caption=rendered.text,
                message_thread_id=thread,
                reply_markup=rendered.keyboard,
                request_timeout=TIMEOUT,
            )
    except AiogramError as error:
        return classify_error(error)
    return CallResult(SendResult.DONE, message_id=posted.message_id)


async def edit(bot: Bot, chat_id: int, message_id: int, rendered: RenderedMessage) -> CallResult:
    """Make a message show this instead."""
    text, keyboard = rendered.text, rendered.keyboard
    return await _call(
        bot, EditMessageText(chat_id=chat_id, message_id=message_id, text=text, reply_markup=keyboard)
    )


async def edit_inline(bot: Bot, inline_message_id: str, rendered: RenderedMessage) -> CallResult:
    """Make a message that somebody sent by inline mode show this instead."""
    text, keyboard = rendered.text, rendered.keyboard
    return await _call(
        bot, EditMessageText(inline_message_id=inline_message_id, text=text, reply_markup=keyboard)
    )


async def _call(bot: Bot, method: TelegramMethod[Any]) -> CallResult:
    try:
        await bot(method, request_timeout=TIMEOUT)
    except AiogramError as error:
        return classify_error(error)
    return CallResult(SendResult.DONE)


# --- answering somebody: what Telegram says is raised, but for a 429: then the sender sends it later ---


async def reply(message: Message, rendered: RenderedMessage) -> None:
    """Answer a message, in its chat and topic; a command that only the bot saw, so that only its sender sees the answer."""
    if message.ephemeral_message_id is not None:
        await reply_to_sender(message, rendered)
    else:
        await _now_or_later(message.answer(rendered.text, reply_markup=rendered.keyboard))


async def reply_to_sender(
    message: Message, rendered: RenderedMessage, otherwise: RenderedMessage | None = None
) -> None:
    """Answer a message in a group so that only its sender sees the answer. Where Telegram does not take that, all see it, or
    what is for them `otherwise`."""
    sender = message.from_user
    if sender is None or not await show_to_one(message, sender.id, rendered):
        shown = otherwise or rendered
        await _now_or_later(message.answer(shown.text, reply_markup=shown.keyboard))


async def reply_with_file(message: Message, file: File) -> None:
    """Answer a message with a file, in its chat and topic."""
    await _now_or_later(message.answer_document(BufferedInputFile(file.content, file.name)))


async def send(bot: Bot, chat_id: int, rendered: RenderedMessage) -> None:
    """Write to a chat in which nothing was written that could be answered."""
    method = SendMessage(chat_id=chat_id, text=rendered.text, reply_markup=rendered.keyboard)
    await _now_or_later(method.as_(bot))


async def try_to_send(bot: Bot, chat_id: int, rendered: RenderedMessage) -> None:
    """The same where it is enough to try."""
    with suppress(AiogramError):
        await send(bot, chat_id, rendered)


async def replace(message: Message, rendered: RenderedMessage) -> None:
    """Make the message of a button that was tapped show this instead."""
    await _now_or_later(message.edit_text(rendered.text, reply_markup=rendered.keyboard))


async def try_to_replace(message: Message, rendered: RenderedMessage) -> None:
    """The same where the tap is answered anyhow: what else Telegram refuses leaves the message as it is."""
    with suppress(AiogramError):
        await replace(message, rendered)


async def replace_buttons(message: Message, rows: Rows) -> None:
    """Leave the text of a message and give it these buttons, or none."""
    keyboard = InlineKeyboardMarkup(inline_keyboard=rows) if rows else None
    await _now_or_later(message.edit_reply_markup(reply_markup=keyboard))


async def delete(message: Message) -> None:
    await _now_or_later(message.delete())


_REPLIES: dict[str, type[TelegramMethod[Any]]] = {
    method.__api_method__: method
    for method in (SendMessage, SendDocument, EditMessageText, EditMessageReplyMarkup, DeleteMessage)
}


async def _now_or_later(method: TelegramMethod[Any]) -> None:
    """Make a call, and leave it to the sender when Telegram says "too many": the person waits, and nobody behind them."""
    try:
        await method
    except TelegramRetryAfter as refusal:
        if failpoints.on("bot.replies-wait"):
            await asyncio.sleep(refusal.retry_after)
            await method
            return
        payload = method.model_dump(mode="json", exclude_defaults=True, exclude={"document"})
        file = getattr(method, "document", None)
        await hold_reply(
            payload["chat_id"],
            method.__api_method__,
            payload,
            retry_after=refusal.retry_after,
            message_id=payload.get("message_id"),
            file=file.data if isinstance(file, BufferedInputFile) else None,
            file_name=file.filename or "" if isinstance(file, BufferedInputFile) else "",
        )


async def send_held(bot: Bot, held: Reply) -> CallResult:
    """Make a call that was left to the sender."""
    parameters = dict(held.payload)
    if held.file is not None:
        parameters["document"] = BufferedInputFile(held.file, held.file_name)
    return await _call(bot, _REPLIES[held.method].model_validate(parameters))


# The ids of the taps that were answered while the present update is handled, and whether that was because its handler
# took long; None outside of updates.
answered_taps: ContextVar[dict[str, bool] | None] = ContextVar("answered_taps", default=None)
# The call that the response to the webhook's request will carry, until it is sent; None where updates are polled.
in_response: ContextVar[asyncio.Future[dict[str, Any]] | None] = ContextVar("in_response", default=None)


async def answer_callback_query(
    query: CallbackQuery, text: str = "", *, alert: bool = False, early: bool = False
) -> None:
    """Answer the tap on a button: by an alert that must be closed, a toast, or silently. After an `early` answer, before its
    handler was done, Telegram takes no other. A webhook's response carries it, if that is still to be sent (decision 0057)."""
    answered = answered_taps.get()
    if answered is not None:
        if answered.get(query.id):
            return
        answered[query.id] = early
    response = in_response.get()
    if response is not None and not response.done():
        name = AnswerCallbackQuery.__api_method__
        call = {"method": name, "callback_query_id": query.id, "text": text, "show_alert": alert}
        response.set_result({field: value for field, value in call.items() if value})
        TELEGRAM_CALLS.labels(name, IN_RESPONSE).inc()
        return
    try:
        await query.answer(text or None, show_alert=alert or None)
    except TelegramRetryAfter as refusal:
        # After fifteen seconds Telegram takes none: there is nothing to wait for.
        log.warning("answer to a tap dropped", retry_after=refusal.retry_after)


async def answer_inline_query(
    query: InlineQuery,
    results: Sequence[InlineQueryResultArticle],
    *,
    seconds: int,
    next_offset: str = "",
    button: InlineQueryResultsButton | None = None,
) -> None:
    """Offer results to this person alone; for this many seconds Telegram may answer the same query by itself."""
    with suppress(TelegramRetryAfter):  # the next letter is the next query
        await query.answer(
            list(results),
            cache_time=seconds,
            is_personal=True,
            next_offset=next_offset or None,
            button=button,
        )


class _GetRawUpdates(TelegramMethod[list[dict[str, Any]]]):
    """`getUpdates`, as JSON: one update that is not understood must not keep the others from being read."""

    __returning__ = list[dict[str, Any]]
    __api_method__ = GetUpdates.__api_method__

    offset: int | None = None
    timeout: int | None = None
    allowed_updates: list[str] | None = None


async def get_updates(
    bot: Bot, offset: int | None, kinds: Sequence[str], seconds: int
) -> list[dict[str, Any]]:
    """Fetch updates of these kinds, as JSON; Telegram waits up to this many seconds for the first."""
    call = _GetRawUpdates(offset=offset, timeout=seconds, allowed_updates=list(kinds))
    return await bot(call, request_timeout=seconds + 10)
