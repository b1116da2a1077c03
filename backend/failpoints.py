"""Places where a test may make the program go wrong or stand still. Only ENV=test can name any (`settings.failpoints`)."""

import asyncio
from collections.abc import Awaitable, Callable

from backend.settings import settings

Hook = Callable[[], Awaitable[None]]
_hooks: dict[str, Hook] = {}


def on(name: str) -> bool:
    """Whether a failpoint is switched on for this process."""
    return name in settings.failpoints


def arrange(name: str, hook: Hook | None) -> None:
    """Run `hook` whenever the point is reached, or no longer. Raises `RuntimeError` outside ENV=test."""
    if settings.env != "test":
        raise RuntimeError("failpoints are for tests")
    if hook is None:
        _hooks.pop(name, None)
    else:
        _hooks[name] = hook


async def reach(name: str) -> None:
    """Pass a failpoint: a no-op unless a test arranged something, or `NAME` is on, which yields to everyone else."""
    if _hooks and name in _hooks:
        await _hooks[name]()
    elif settings.failpoints and on(name):
        await asyncio.sleep(0.005)
