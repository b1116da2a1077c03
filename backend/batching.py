"""Taking together what arrives together: one settle at a time per key, and the next takes all that came meanwhile."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextvars import Context
from dataclasses import dataclass
from typing import Generic, TypeVar

Ask = TypeVar("Ask")
Answer = TypeVar("Answer")

BATCH_MAX = 256  # requests settled by one transaction


@dataclass(slots=True)
class BatchStats:
    """What some lanes have settled since this process began; for who watches it."""

    batches: int = 0
    requests: int = 0
    largest: int = 0  # of the batches


BATCH_STATS: dict[str, BatchStats] = {}  # by the module that settles


class Batcher(Generic[Ask, Answer]):
    """Requests by key. A lone request is settled at once; there is no timer (HOUSE 4b).

    `settle(key, requests)` returns one answer or exception for each request, in order; should it raise, each of its
    requests gets that exception.
    """

    def __init__(
        self, settle: Callable[[int, Sequence[Ask]], Awaitable[Sequence[Answer | Exception]]]
    ) -> None:
        self._settle = settle
        self._tally = BATCH_STATS.setdefault(settle.__module__, BatchStats())
        self._lanes: dict[int, deque[tuple[Ask, asyncio.Future[Answer]]]] = {}
        self._at_work: set[asyncio.Task[None]] = set()

    async def ask(self, key: int, request: Ask) -> Answer:
        """The answer to one request. Once asked, it is settled even if whoever asked has gone."""
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        lane = self._lanes.get(key)
        if lane is None:
            lane = self._lanes[key] = deque()
            # In a context of its own: whoever asks first may be inside a transaction, and this is not.
            task = asyncio.create_task(self._serve(key, lane), context=Context())  # noqa: TID251
            self._at_work.add(task)
            task.add_done_callback(self._at_work.discard)
        lane.append((request, answer))
        return await asyncio.shield(answer)

    async def _serve(self, key: int, lane: deque[tuple[Ask, asyncio.Future[Answer]]]) -> None:
        try:
            while lane:
                batch = [lane.popleft() for _ in range(min(len(lane), BATCH_MAX))]
                await self._answer(key, batch)
        finally:
            del self._lanes[key]
            for _, answer in lane:  # only when this task was cancelled: the process is ending
                answer.cancel()

    async def _answer(self, key: int, batch: list[tuple[Ask, asyncio.Future[Answer]]]) -> None:
        self._tally.batches += 1
        self._tally.requests += len(batch)
        self._tally.largest = max(self._tally.largest, len(batch))
        try:
            said: Sequence[Answer | Exception] = await self._settle(key, [ask for ask, _ in batch])
        except Exception as error:  # each asker gets it raised: nothing is swallowed
            said = [error] * len(batch)
        for (_, answer), what in zip(batch, said, strict=True):
            if answer.done():
                continue
            if isinstance(what, Exception):
                answer.set_exception(what)
                # An asker that has gone away must not make the loop complain of an unread exception.
                answer.exception()
            else:
                answer.set_result(what)
