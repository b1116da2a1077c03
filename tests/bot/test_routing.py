"""Which handlers an update is offered to."""

from typing import Any

import pytest
from aiogram import Bot, Router
from aiogram.filters.callback_data import CallbackData
from aiogram.types import CallbackQuery, Chat, Message, TelegramObject, User

from bot.command_names import COMMANDS, ORGANISER_COMMANDS
from bot.dispatcher import make_dispatcher
from bot.filters import command_named
from bot.routing import IndexedDispatcher

ALICE = User(id=1002, is_bot=False, first_name="Alice")
CHAT = Chat(id=1002, type="private")
TEXTS = [
    *(f"/{name}" for name in ("start", "id", *COMMANDS, *ORGANISER_COMMANDS)),
    "/START x",
    "/Book yoga +1",
    "/book@emerald_test_bot 2",
    "/nonsense",
    "/",
    "/ book",
    "book",
    "sk_123",
    " ",
]


def message(text: str, *, as_caption: bool = False) -> Message:
    field = {"caption" if as_caption else "text": text}
    return Message.model_validate({"message_id": 1, "date": 1, "chat": CHAT, "from": ALICE, **field})


def tap(data: str) -> CallbackQuery:
    return CallbackQuery.model_validate({"id": "1", "from": ALICE, "chat_instance": "1", "data": data})


def taps() -> list[str]:
    prefixes = {kind.__prefix__ for kind in CallbackData.__subclasses__()}
    return [*(f"{prefix}{rest}" for prefix in prefixes for rest in ("", ":", ":1", ":a:b")), "old", ":", "s"]


EVENTS: list[tuple[str, TelegramObject]] = [
    *(("message", message(text)) for text in TEXTS),
    *(("message", message(text, as_caption=True)) for text in TEXTS),
    *(("edited_message", message(text)) for text in TEXTS),
    *(("callback_query", tap(data)) for data in taps()),
]


class KnownBot(Bot):
    async def me(self) -> User:
        return User(id=42, is_bot=True, first_name="Emerald", username="emerald_test_bot")


@pytest.fixture(scope="module")
def dispatcher() -> Any:
    return make_dispatcher()


async def test_no_handler_that_is_left_out_wants_the_update(dispatcher: Any) -> None:
    """Every handler that the index leaves out refuses by one of its filters, whoever sent it."""
    left_out = 0
    bot = KnownBot("42:TEST")
    for update_type, event in EVENTS:
        asked = dispatcher.handlers_for(update_type, event)
        if update_type not in dispatcher.resolve_used_update_types():
            assert asked == []
            continue
        handlers = list(dispatcher._handlers_of(update_type))
        assert asked == [handler for handler in handlers if handler in asked], "in order"
        for handler in handlers:
            if handler in asked:
                continue
            left_out += 1
            for one in handler.filters:
                if type(one.callback).__name__ in ("Command", "CommandStart", "CallbackQueryFilter"):
                    assert not await one.call(event, bot=bot), (event, handler.callback)
    assert left_out > 1000


async def test_a_command_is_offered_to_few(dispatcher: Any) -> None:
    everything = len(list(dispatcher._handlers_of("message")))
    assert len(dispatcher.handlers_for("message", message("/mybookings"))) < everything / 3


async def test_the_first_handler_that_wants_it_gets_it() -> None:
    seen: list[str] = []
    dispatcher = IndexedDispatcher(disable_fsm=True)
    first, second = Router(name="first"), Router(name="second")

    async def never(_: Message) -> bool:
        return False

    async def with_words(_: Message) -> dict[str, Any]:
        return {"words": "two words"}

    async def anything(_: Message) -> None:
        seen.append("anything")

    async def book(_: Message, words: str) -> None:
        seen.append(words)

    first.message.register(anything, never)
    second.message.register(book, command_named("book"), with_words)
    second.message.register(anything)
    dispatcher.include_routers(first, second)
    for text in ("/Book 1", "/leave"):
        await dispatcher.propagate_event("message", message(text), bot=KnownBot("42:TEST"))
    assert seen == ["two words", "anything"]


async def test_no_filter_is_given_to_a_thread(dispatcher: Any) -> None:
    """Of every command some ten filters would be."""
    dispatcher.handlers_for("message", message("/book"))
    kinds = dispatcher.resolve_used_update_types()
    handlers = [handler for kind in kinds for handler in dispatcher._handlers_of(kind)]
    assert [handler.callback for handler in handlers if not handler.awaitable] == []
    assert [one.callback for handler in handlers for one in handler.filters if not one.awaitable] == []


async def test_a_router_with_its_own_filter_is_a_fault() -> None:
    """The index would pass over it."""
    dispatcher, router = IndexedDispatcher(disable_fsm=True), Router(name="odd")

    async def anything(_: Message) -> None: ...

    router.message.filter(command_named("book"))
    router.message.register(anything)
    dispatcher.include_router(router)
    with pytest.raises(TypeError, match="odd"):
        dispatcher.handlers_for("message", message("/book"))
