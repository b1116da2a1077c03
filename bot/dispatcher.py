"""The bot's way to Telegram, and the way of an update through the bot: one for long polling and for the webhook."""

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

_MAX_WAIT_SECONDS = 30  # seconds a reply waits when Telegram says "too many"
_MAX_TRIES = 3


class RetryAfter(BaseRequestMiddleware):
    """A reply that Telegram refuses for now is sent when it says so, unless nobody would wait for it any more."""

    async def __call__(
        self,
        make_request: NextRequestMiddlewareType[TelegramType],
        bot: Bot,
        method: TelegramMethod[TelegramType],
    ) -> Response[TelegramType]:
        for _ in range(_MAX_TRIES - 1):
            try:
                return await make_request(bot, method)
            except TelegramRetryAfter as refusal:
                if refusal.retry_after > _MAX_WAIT_SECONDS:
                    raise
                await asyncio.sleep(refusal.retry_after)
        return await make_request(bot, method)


def make_bot(settings: Settings, *, patient: bool = False) -> Bot:
    """The bot of these settings; `patient` for a door that answers people, not for the sender, which paces itself.

    The caller closes its `session`.
    """
    url = settings.telegram_api_url
    session = AiohttpSession(api=TelegramAPIServer.from_base(url) if url else PRODUCTION)
    if patient:
        session.middleware(RetryAfter())
    return Bot(
        settings.telegram_bot_token,
        session=session,
        default=DefaultBotProperties(parse_mode=ParseMode.HTML, link_preview_is_disabled=True),
    )


def make_dispatcher() -> Dispatcher:
    """All handlers behind all middleware. No conversation has a state: every button says all it means."""
    dispatcher: Dispatcher = Dispatcher(disable_fsm=True)
    for each in (InOrder(), handle_errors, deduplicate, load_person, recover_cards):
        dispatcher.update.outer_middleware(each)
    for make in ROUTERS:
        dispatcher.include_router(make())
    return dispatcher


def _build_common_models() -> None:
    """Build what the first tap needs before anybody taps; processes forked after this share it."""
    calls: tuple[type[TelegramMethod[Any]], ...] = (
        GetUpdates,
        SendMessage,
        EditMessageText,
        AnswerCallbackQuery,
    )
    for call in calls:
        call.model_rebuild()
        answer: Any = Response.__class_getitem__(call.__returning__)
        answer.model_rebuild()
    Update.model_rebuild()


_build_common_models()


def used_update_types(dispatcher: Dispatcher) -> list[str]:
    """What Telegram is asked to tell us: the kinds that have a handler."""
    kinds: list[Any] = dispatcher.resolve_used_update_types()
    return [str(kind) for kind in kinds]
