"""Running an action without its effect: its transaction is read just before it would be committed, and rolled back.

What is shown to somebody before they save comes from the action itself, so that it cannot differ from what saving does
(`docs/decisions/0049`). An action that is rehearsed writes in one transaction, and nothing outside of it.
"""

from collections.abc import Awaitable, Callable
from contextvars import ContextVar

Collector = Callable[[], Awaitable[None]]

# A rehearsal holds the locks of the action. Bookings wait for these 5 s at most (`backend/db.py`): it gives up long before.
LIMITS = (
    "SET LOCAL lock_timeout = '300ms'; SET LOCAL statement_timeout = '1s';"
    " SET LOCAL idle_in_transaction_session_timeout = '2s';"
)

_collector: ContextVar[Collector | None] = ContextVar("collector", default=None)


class _Rehearsed(Exception):
    """Ends the transaction of an action that is rehearsed: it is rolled back."""


def is_rehearsing() -> bool:
    """Whether the present work is to have no effect."""
    return _collector.get() is not None


def limits() -> str:
    """Statements for the beginning of each transaction; "" unless the present work is a rehearsal."""
    return LIMITS if is_rehearsing() else ""


async def before_commit() -> None:
    """Called where a transaction would be committed. In a rehearsal this raises what rolls it back."""
    collect = _collector.get()
    if collect is not None:
        await collect()
        raise _Rehearsed()


async def rehearse(act: Callable[[], Awaitable[object]], collect: Collector) -> None:
    """Run an action and roll its transaction back. `collect` reads inside it what the action has written; it is not
    called for an action that finds nothing to do before it opens one. Raises what the action raises."""
    token = _collector.set(collect)
    try:
        await act()
    except _Rehearsed:
        pass
    finally:
        _collector.reset(token)
