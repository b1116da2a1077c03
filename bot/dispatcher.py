"""Makes the bot and its dispatcher, the same for long polling and for the webhook."""

import asyncio
from typing import Any

from aiogram import Bot, Dispatcher
from aiogram.client.default import DefaultBotProperties
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.session.middlewares.base import BaseRequestMiddleware, NextRequestMiddlewareType
from aiogram.client.telegram import PRODUCTION, TelegramAPIServer
from aiogram.enums import ParseMode
from aiogram.exceptions import TelegramRetryAfter
from aiogram.methods import (
    AnswerCallbackQuery,
    EditMessageText,
    GetUpdates,
    Response,
    SendMessage,
    TelegramMethod,
)
from aiogram.methods.base import TelegramType
from aiogram.types import Update

from backend.settings import Settings
from bot.handlers import ROUTERS
from bot.handlers.cards import recover_cards
from bot.middleware import InOrder, deduplicate, handle_errors, load_person

_MAX_WAIT_SECONDS = 30  # of a reply, when Telegram answers 429
_MAX_TRIES = 3


class RetryAfter(BaseRequestMiddleware):
    """Repeats a call after the `retry_after` of a 429, unless nobody would wait that long."""

    async def __call__(
        self,
        make_request: NextRequestMiddlewareType[TelegramType],
        bot: Bot,
        method: TelegramMethod[TelegramType],
    ) -> Response[TelegramType]:
        for _ in range(_MAX_TRIES - 1):
            try:
                return await make_request(bot, method)
            except TelegramRetryAfter as error:
                if error.retry_after > _MAX_WAIT_SECONDS:
                    raise
                await asyncio.sleep(error.retry_after)
        return await make_request(bot, method)


def make_bot(settings: Settings, *, retries: bool = False) -> Bot:
    """The bot of these settings. The caller closes its `session`.

    `retries` is for handlers, which wait out a 429; the sender has its own rate limit and must not wait.
    """
    url = settings.telegram_api_url
    session = AiohttpSession(api=TelegramAPIServer.from_base(url) if url else PRODUCTION)
    if retries:
        session.middleware(RetryAfter())
    return Bot(
        settings.telegram_bot_token,
        session=session,
        default=DefaultBotProperties(parse_mode=ParseMode.HTML, link_preview_is_disabled=True),
    )


def make_dispatcher() -> Dispatcher:
    """All handlers behind all middleware. Conversations have no state: a button's data says everything."""
    dispatcher: Dispatcher = Dispatcher(disable_fsm=True)
    for middleware in (InOrder(), handle_errors, deduplicate, load_person, recover_cards):
        dispatcher.update.outer_middleware(middleware)
    for make_router in ROUTERS:
        dispatcher.include_router(make_router())
    return dispatcher


def _build_common_models() -> None:
    """Build the models of the first tap before anyone taps; processes forked after this share them."""
    methods: tuple[type[TelegramMethod[Any]], ...] = (
        GetUpdates,
        SendMessage,
        EditMessageText,
        AnswerCallbackQuery,
    )
    for method in methods:
        method.model_rebuild()
        response: Any = Response.__class_getitem__(method.__returning__)
        response.model_rebuild()
    Update.model_rebuild()


_build_common_models()


def used_update_types(dispatcher: Dispatcher) -> list[str]:
    """The kinds of updates that have a handler, for `allowed_updates`."""
    kinds: list[Any] = dispatcher.resolve_used_update_types()
    return [str(kind) for kind in kinds]
