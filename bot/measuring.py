"""How long the bot takes for an update, by what it is: for `/metrics`."""

import time
from typing import Any

from aiogram.types import TelegramObject, Update

from backend.instruments import UPDATE_SECONDS
from bot.command_names import COMMANDS, ORGANISER_COMMANDS
from bot.middleware import Data, Handler

_KNOWN = frozenset({*COMMANDS, *ORGANISER_COMMANDS, "start"})


def kind_of(event: Update) -> str:
    """A label with few values: a command of ours as `/book`, `tap`, or Telegram's name for the kind."""
    if event.callback_query is not None:
        return "tap"
    words = (event.message.text or "").split(maxsplit=1) if event.message else []
    command = words[0].removeprefix("/").partition("@")[0] if words and words[0].startswith("/") else ""
    return f"/{command}" if command in _KNOWN else event.event_type


async def measure(handler: Handler, event: TelegramObject, data: Data) -> Any:
    """Time the whole of an update: its wait for earlier ones of the same person, its handler, and the answer."""
    assert isinstance(event, Update)
    started = time.perf_counter()
    try:
        return await handler(event, data)
    finally:
        UPDATE_SECONDS.labels(kind_of(event)).observe(time.perf_counter() - started)
