"""What may be used once is used up in the transaction of what it allows: both are done, or neither.

A confirmation that is tapped twice at once, in two processes, is done by the first of both transactions. The other waits
for it and finds nothing left. If the first fails, nothing is used up.
"""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

Use = Callable[[], Awaitable[None]]

_use: ContextVar[Use | None] = ContextVar("use", default=None)


@contextmanager
def used_with(use: Use) -> Iterator[None]:
    """The first transaction that is opened inside begins by awaiting `use`, which raises where nothing is left."""
    token = _use.set(use)
    try:
        yield
    finally:
        _use.reset(token)


async def use_up() -> None:
    """Called where a transaction begins."""
    use = _use.get()
    if use is not None:
        _use.set(None)
        await use()
