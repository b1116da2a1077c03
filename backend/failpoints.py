"""Points in the code where a test can make the program fail, wait or die. They work with ENV=test only.

`FAILPOINTS=a,b=die` switches two on: at `a` the task yields to all others, at `b` the process is killed.
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


def set_hook(name: str, hook: Hook | None) -> None:
    """Run `hook` whenever the point is reached; None ends that. Raises `RuntimeError` outside ENV=test."""
    if settings.env != "test":
        raise RuntimeError("failpoints are for tests")
    if hook is None:
        _hooks.pop(name, None)
    else:
        _hooks[name] = hook


async def reach(name: str) -> None:
    """Pass a failpoint. Does nothing unless a test has set a hook, or `NAME` is on (yields to all other
    tasks), or `NAME=die` is on (`kill -9`: nothing more is logged, written or closed)."""
    if _hooks and name in _hooks:
        await _hooks[name]()
    elif not settings.failpoints:
        return
    elif on(f"{name}=die"):
        os.kill(os.getpid(), signal.SIGKILL)
    elif on(name):
        await asyncio.sleep(0.005)
