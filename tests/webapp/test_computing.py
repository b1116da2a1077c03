"""What takes long to work out is worked out beside the event loop (`X8`)."""

import asyncio
import threading
from collections.abc import Callable
from contextvars import ContextVar

import pytest

from webapp.computing import compute


async def test_the_loop_goes_on_meanwhile() -> None:
    asked = threading.Event()
    asyncio.get_running_loop().call_later(0.01, asked.set)
    assert await compute(asked.wait, 20)


async def test_on_the_loop_it_would_stand_still(switch_off: Callable[[str], None]) -> None:
    """The control."""
    switch_off("computing.on-the-loop")
    asked = threading.Event()
    asyncio.get_running_loop().call_later(0.01, asked.set)
    assert not await compute(asked.wait, 0.1)


async def test_it_returns_raises_and_sees_what_a_call_would() -> None:
    reader = ContextVar[str]("reader")
    reader.set("Olga")
    assert await compute(reader.get) == "Olga"
    assert await compute(sorted, [1, 2], reverse=True) == [2, 1]
    with pytest.raises(ZeroDivisionError):
        await compute(divmod, 1, 0)
