"""The only module that calls Telegram through aiogram. What posts or edits of its own accord gets a
`CallResult`; what answers somebody raises Telegram's errors, which the middleware handles in one place.

Processes that must not load aiogram make their two calls by `emerald/telegram_http.py` (decision 0019).
"""

import asyncio
import time
from collections.abc import Sequence
from contextvars import ContextVar

from aiogram import Bot
from aiogram.client.default import DefaultBotProperties
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.session.middlewares.base import BaseRequestMiddleware, NextRequestMiddlewareType
from aiogram.client.telegram import PRODUCTION, TelegramAPIServer
from aiogram.enums import ParseMode
from aiogram.exceptions import AiogramError, TelegramAPIError, TelegramRetryAfter
from aiogram.methods import GetUpdates, Response, TelegramMethod
from aiogram.methods.base import TelegramType
from aiogram.types import (
    BotCommand,
    BotCommandScopeUnion,
    BufferedInputFile,
    CallbackQuery,
    InlineKeyboardMarkup,
    MenuButtonWebApp,
    Message,
    Update,
    WebAppInfo,
)

from backend.instruments import TELEGRAM_CALLS, TELEGRAM_SECONDS
from backend.outbox.states import CallResult, SendResult
from backend.settings import Settings
from bot.delivery.errors import classify_error
from bot.rendering import File, RenderedMessage, Rows

TIMEOUT = 15  # seconds for one call
GENERAL = 1  # the General topic's own id, which Telegram refuses to be addressed by (C4)
REPLY_WAIT_MAX = 30  # seconds a reply waits when Telegram says "too many"
REPLY_TRIES = 3
TOO_MANY = "too many requests"
RETRY_AFTER_DEFAULT = 5  # seconds to wait after a 429 that names none
ADMINISTRATORS = ("creator", "administrator")


class RetryAfter(BaseRequestMiddleware):
    """Repeats a call after the `retry_after` of a 429, unless nobody would wait that long."""

    async def __call__(
        self,
        make_request: NextRequestMiddlewareType[TelegramType],
        bot: Bot,
        method: TelegramMethod[TelegramType],
    ) -> Response[TelegramType]:
        for _ in range(REPLY_TRIES - 1):
            try:
                return await make_request(bot, method)
            except TelegramRetryAfter as refusal:
                if refusal.retry_after > REPLY_WAIT_MAX:
                    raise
                await asyncio.sleep(refusal.retry_after)
        return await make_request(bot, method)


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


def make_bot(settings: Settings, *, retries: bool = False) -> Bot:
    """The bot of these settings. The caller closes its `session`.

    `retries` is for handlers, which wait out a 429; the sender has its own rate limit and must not wait.
    """
    url = settings.telegram_api_url
    session = AiohttpSession(api=TelegramAPIServer.from_base(url) if url else PRODUCTION)
    if retries:
        session.middleware(RetryAfter())
    session.middleware(CountCalls())  # within: each try counts
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
    try:
        await bot.edit_message_text(
            rendered.text,
            chat_id=chat_id,
            message_id=message_id,
            reply_markup=rendered.keyboard,
            request_timeout=TIMEOUT,
        )
    except AiogramError as error:
        return classify_error(error)
    return CallResult(SendResult.DONE)


# --- answering somebody: what Telegram says is raised ---


async def reply(message: Message, rendered: RenderedMessage) -> None:
    """Answer a message, in its chat and topic."""
    await message.answer(rendered.text, reply_markup=rendered.keyboard)


async def reply_with_file(message: Message, file: File) -> None:
    """Answer a message with a file, in its chat and topic."""
    await message.answer_document(BufferedInputFile(file.content, file.name))


async def send(bot: Bot, chat_id: int, rendered: RenderedMessage) -> None:
    """Write to a chat in which nothing was written that could be answered."""
    await bot.send_message(chat_id, rendered.text, reply_markup=rendered.keyboard)


async def replace(message: Message, rendered: RenderedMessage) -> None:
    """Make the message of a button that was tapped show this instead."""
    await message.edit_text(rendered.text, reply_markup=rendered.keyboard)


async def replace_buttons(message: Message, rows: Rows) -> None:
    """Leave the text of a message and give it these buttons, or none."""
    keyboard = InlineKeyboardMarkup(inline_keyboard=rows) if rows else None
    await message.edit_reply_markup(reply_markup=keyboard)


async def delete(message: Message) -> None:
    await message.delete()


# The ids of the taps that were answered while the present update is handled, and whether that was because its handler
# took long; None outside of updates.
answered_taps: ContextVar[dict[str, bool] | None] = ContextVar("answered_taps", default=None)


async def answer_callback_query(
    query: CallbackQuery, text: str = "", *, alert: bool = False, early: bool = False
) -> None:
    """Answer the tap on a button: by an alert that must be closed, a toast that vanishes, or silently. After an `early`
    answer, before its handler was done, Telegram takes no other."""
    answered = answered_taps.get()
    if answered is not None:
        if answered.get(query.id):
            return
        answered[query.id] = early
    await query.answer(text or None, show_alert=alert or None)


async def is_administrator(message: Message, telegram_id: int) -> bool:
    """Whether a person administers the chat of a message, a group."""
    return await _status(message, telegram_id) in ADMINISTRATORS


async def is_creator(message: Message, telegram_id: int) -> bool:
    """Whether a person is the creator of the chat of a message, a group: its owner, as Telegram's apps call them."""
    return await _status(message, telegram_id) == "creator"


async def _status(message: Message, telegram_id: int) -> str:
    if message.chat.type not in ("group", "supergroup"):
        return ""  # in private chats everybody is a member, and a channel is no group of a club's
    member = await message.chat.get_member(telegram_id)
    return str(member.status)


# --- the bot itself ---


async def set_commands(
    bot: Bot, commands: Sequence[BotCommand], scope: BotCommandScopeUnion, language: str | None
) -> None:
    """Set the list of commands in these chats; without a language it is for all that have none."""
    await bot.set_my_commands(list(commands), scope=scope, language_code=language)


async def set_menu_button(bot: Bot, text: str, url: str) -> None:
    await bot.set_chat_menu_button(menu_button=MenuButtonWebApp(text=text, web_app=WebAppInfo(url=url)))


async def set_webhook(bot: Bot, url: str, secret: str, kinds: Sequence[str], connections: int) -> None:
    """Have updates of these kinds brought to us."""
    await bot.set_webhook(url, secret_token=secret, allowed_updates=list(kinds), max_connections=connections)


async def delete_webhook(bot: Bot) -> None:
    await bot.delete_webhook()


async def get_updates(bot: Bot, offset: int | None, kinds: Sequence[str], seconds: int) -> list[Update]:
    """Fetch updates of these kinds; Telegram waits up to this many seconds for the first."""
    return await bot.get_updates(
        offset=offset, timeout=seconds, allowed_updates=list(kinds), request_timeout=seconds + 10
    )
