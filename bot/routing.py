"""Finds the handlers of an update by the command or the kind of button that it brings."""

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property, partial
from typing import Any

from aiogram import Dispatcher
from aiogram.dispatcher.event.bases import UNHANDLED
from aiogram.dispatcher.event.handler import HandlerObject
from aiogram.filters import Command
from aiogram.filters.callback_data import CallbackQueryFilter
from aiogram.types import CallbackQuery, Message, TelegramObject

OTHER = ""  # the key of what is no command and no button, or none that a handler has a name of

Index = dict[str, list[HandlerObject]]


class IndexedDispatcher(Dispatcher):
    """A dispatcher that asks only those handlers which want an update's command or kind of button, and those that want neither.

    The order is that of the routers and of the handlers in them. aiogram would ask them all, through every router: most of the
    work for a command. It would resolve each magic filter (`F.text`) in a thread, which is done in place here. Routers have no
    filters and no middlewares of their own.

    `drops` says of an update as it came whether its middlewares would drop it unanswered.
    """

    drops: Callable[[Mapping[str, Any]], bool]

    async def propagate_event(self, update_type: str, event: TelegramObject, **kwargs: Any) -> Any:
        for handler in self.handlers_for(update_type, event):
            is_wanted, data = await handler.check(event, **kwargs)
            if is_wanted:
                return await handler.call(event, **data)
        return UNHANDLED

    def handlers_for(self, update_type: str, event: TelegramObject) -> list[HandlerObject]:
        """The handlers that may want it, in order."""
        index = self._indexes.get(update_type)
        if index is None:
            return []
        return index.get(_key_of(event), index[OTHER])

    @cached_property
    def _indexes(self) -> dict[str, Index]:
        indexes: dict[str, Index] = {}
        for update_type in self.resolve_used_update_types():
            handlers = list(self._handlers_of(update_type))
            for one in (each for handler in handlers for each in handler.filters or ()):
                if one.magic is not None:
                    one.callback, one.awaitable = partial(_resolve, one.magic), True
            keys = {OTHER, *(key for handler in handlers for key in _keys_of(handler) or ())}
            indexes[update_type] = {key: [h for h in handlers if _wants(h, key)] for key in keys}
        return indexes

    def _handlers_of(self, update_type: str) -> Iterator[HandlerObject]:
        for router in self.chain_tail:
            observer = router.observers[update_type]
            if [*observer.middleware, *observer.outer_middleware, *(observer._handler.filters or ())]:
                raise TypeError(f"the router {router.name} has filters or middlewares of its own")
            yield from observer.handlers


async def _resolve(magic: Any, event: TelegramObject) -> Any:
    return magic.resolve(event)


def _wants(handler: HandlerObject, key: str) -> bool:
    keys = _keys_of(handler)
    return keys is None or key in keys


def _keys_of(handler: HandlerObject) -> set[str] | None:
    """The only keys of what the handler wants; None when its filters name none."""
    for one in handler.filters or ():
        if isinstance(one.callback, Command) and one.callback.prefix == "/":
            names = one.callback.commands
            if all(isinstance(name, str) for name in names):
                return {str(name).casefold() for name in names}
        if isinstance(one.callback, CallbackQueryFilter):
            return {one.callback.callback_data.__prefix__}
    return None


def _key_of(event: TelegramObject) -> str:
    if isinstance(event, CallbackQuery):
        return (event.data or "").partition(":")[0]
    if isinstance(event, Message):
        words = (event.text or event.caption or "").split(maxsplit=1)
        if words and words[0].startswith("/"):
            return words[0][1:].partition("@")[0].casefold()
    return OTHER
