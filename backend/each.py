"""Doing one thing for each of many, where one that fails holds up none of the others (`X9`)."""

from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

import structlog

from backend.errors import Busy, Unavailable

log = structlog.get_logger()

Item = TypeVar("Item")
BUSY_MAX = 3  # items that somebody else has locked; each was waited for
_NAMED_MAX = 5  # of those that failed, in the words of the error


class SomeFailed(Exception):
    """All were tried, and these failed. The schedule shows its words as the reason of the job."""

    def __init__(self, failed: list[tuple[object, Exception]]) -> None:
        self.failed = failed
        named = "; ".join(f"{item}: {error!r}" for item, error in failed[:_NAMED_MAX])
        super().__init__(f"{len(failed)} failed: {named}")


async def try_each(
    what: str,
    items: Iterable[Item],
    act: Callable[[Item], Awaitable[int]],
) -> tuple[int, list[tuple[object, Exception]]]:
    """Do it for each, one after another; the sum of what was done, and what failed.

    A failure is logged under `what`. Raises `Unavailable` at once, and `Busy` when more than `BUSY_MAX` were: those are about
    the database and not about an item.
    """
    done = busy = 0
    failed: list[tuple[object, Exception]] = []
    for item in items:
        try:
            done += await act(item)
        except Unavailable:
            raise
        except Exception as error:
            busy += isinstance(error, Busy)
            if busy > BUSY_MAX:
                raise
            log.exception("one of many failed", what=what, item=item)
            failed.append((item, error))
    return done, failed


async def do_each(what: str, items: Iterable[Item], act: Callable[[Item], Awaitable[int]]) -> int:
    """Do it for each, one after another; the sum of what was done.

    Raises `SomeFailed` after the last when some failed; `Busy` and `Unavailable` as `try_each` does.
    """
    done, failed = await try_each(what, items, act)
    if failed:
        raise SomeFailed(failed)
    return done
