"""Computing that takes long, beside the event loop: nobody else's request waits until it is done (`X8`).

Python runs one thread at a time. A thread that computes gives way to the event loop every `SWITCH_INTERVAL`, so what
others wait for is that long, and not as long as the whole of it. `limit_turns` bounds how much of it one person has.
"""

import asyncio
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from typing import ParamSpec, TypeVar

from backend import failpoints

THREADS_MAX = 2  # each more of them is one more that the event loop takes turns with
SWITCH_INTERVAL = 0.0001  # seconds; Python's own is fifty times that, each time the loop wakes

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

_threads = ThreadPoolExecutor(THREADS_MAX, thread_name_prefix="computing")


async def compute(
    function: Callable[Arguments, Result], *args: Arguments.args, **options: Arguments.kwargs
) -> Result:
    """The result of a function that neither waits nor asks the database. Raises what it raises."""
    work = partial(copy_context().run, function, *args, **options)
    if failpoints.on("computing.on-the-loop"):
        return work()
    return await asyncio.get_running_loop().run_in_executor(_threads, work)


def give_way_to_the_loop() -> None:
    """Have threads that compute give way often, in a process that serves."""
    sys.setswitchinterval(SWITCH_INTERVAL)
