"""Makes the dispatcher, the same for long polling and for the webhook."""

from typing import Any

from aiogram import Dispatcher
from aiogram.methods import (
    AnswerCallbackQuery,
    EditMessageText,
    GetUpdates,
    Response,
    SendMessage,
    TelegramMethod,
)
from aiogram.types import Message, Update

from bot.handlers import ROUTERS
from bot.handlers.cards import recover_cards
from bot.handlers.topics import learn_topic
from bot.measuring import measure
from bot.middleware import (
    answer_every_tap,
    answer_in_time,
    deduplicate,
    handle_errors,
    load_person,
    name_cause,
    refuse_forged_taps,
    refuse_in_maintenance,
)
from bot.routing import IndexedDispatcher
from bot.sender_limits import Dropping, InOrder, UpdateLimiter


def make_dispatcher() -> IndexedDispatcher:
    """All handlers behind all middleware. What a button's data cannot say of a conversation is in the database
    (decision 0053), never in the dispatcher."""
    order, rate = InOrder(), UpdateLimiter()
    dispatcher = IndexedDispatcher(disable_fsm=True)
    dispatcher.drops = Dropping(order, rate).drops
    for middleware in (
        name_cause, measure, handle_errors, answer_in_time, order, rate.drop, refuse_in_maintenance, deduplicate,
        answer_every_tap, load_person, rate.limit, learn_topic, refuse_forged_taps, recover_cards,
    ):  # fmt: skip
        dispatcher.update.outer_middleware(middleware)
    for make_router in ROUTERS:
        dispatcher.include_router(make_router())
    return dispatcher


def _build_common_models() -> None:
    """Build the models of the first tap before anyone taps; processes forked after this share them. What others contain
    comes first: they take it over, and do not build it again."""
    Message.model_rebuild()
    Update.model_rebuild()
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


_build_common_models()


def used_update_types(dispatcher: Dispatcher) -> list[str]:
    """The kinds of updates that have a handler, for `allowed_updates`."""
    kinds: list[Any] = dispatcher.resolve_used_update_types()
    return [str(kind) for kind in kinds]
