"""How long a step may wait for a table that others use: whoever needs the table next waits behind it."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from backend.errors import Busy

# Shorter than `deadlock_timeout`, one second: where both wait for each other the step gives way, and the server ends nobody's
# transaction. Then the others pass, and the step tries again.
PATIENCE = "SET LOCAL lock_timeout = '500ms'"
TRIES = 120
PAUSE = 0.5  # seconds between tries

T = TypeVar("T")
Say = Callable[[str], None]


async def between_others(do: Callable[[], Awaitable[T]], name: str, say: Say) -> T:
    """Do what needs a table while others work with it, and do it again when they came first; for about two minutes. Raises
    `Busy`."""
    for remaining in range(TRIES - 1, -1, -1):
        try:
            return await do()
        except Busy:
            if not remaining:
                raise
            if remaining == TRIES - 1:
                say(f"{name} needs a table that is in use: trying again.")
        await asyncio.sleep(PAUSE)
    raise AssertionError("unreachable")
