"""Places where a test may make the program go wrong, stand still or die. Only ENV=test can name any (`settings.failpoints`).

`FAILPOINTS=a,b=die` switches two on: at the first everybody else goes first, at the second the process is killed.
"""

import asyncio
import os
import signal
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
    """Pass a failpoint: a no-op unless a test arranged something, or `NAME` is on, which yields to everyone else, or
    `NAME=die` is, which is `kill -9`: nothing more is said, written or closed."""
    if _hooks and name in _hooks:
        await _hooks[name]()
    elif not settings.failpoints:
        return
    elif on(f"{name}=die"):
        os.kill(os.getpid(), signal.SIGKILL)
    elif on(name):
        await asyncio.sleep(0.005)
