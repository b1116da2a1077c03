"""A sender whose steps and clock the test moves."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tests.telegram import Telegram


@pytest.fixture
def sender(telegram: Telegram, noon: Any) -> Any:
    """A sender whose time stands still; `run` moves it."""
    # Not before the environment of the tests is set, which settings are read from on import.
    from bot.delivery.sender import Sender

    return Sender(telegram.sending)


@pytest.fixture
def run(sender: Any) -> Callable[..., Awaitable[int]]:
    """Run one step to its end, `after` seconds later; how many calls it started."""
    from datetime import timedelta

    from backend import clock

    async def step(after: float = 0) -> int:
        clock.advance(timedelta(seconds=after))
        started: int = await sender.step()
        await sender.settle()
        return started

    return step


@pytest.fixture
def posted(
    telegram: Telegram, olga: Any, instance: Callable[..., Awaitable[str]], run: Any
) -> Callable[..., Awaitable[tuple[str, dict[str, Any]]]]:
    """An instance whose card is in the group: its code, and the message."""
    from backend.cards.actions import post_card

    async def make(**fields: Any) -> tuple[str, dict[str, Any]]:
        code = await instance(**fields)
        await post_card(olga, code)
        await run()
        return code, telegram.last(telegram.chat())

    return make
