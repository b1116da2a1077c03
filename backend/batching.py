"""Process together what arrives together: one batch at a time for each key, and the next batch takes every
request that arrived meanwhile. No batch waits to become larger, so a lone request waits for nothing."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Hashable, Sequence
from contextvars import Context
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from backend.errors import Busy, OutcomeUnknown, Unavailable
from backend.rehearsal import is_rehearsing

Request = TypeVar("Request")
Result = TypeVar("Result")

BATCH_MAX = 256  # requests in one batch

# Seconds between the tries after a lost connection. Whoever would have to wait longer gets the error (503).
RETRY_PAUSES = (0.05, 0.2, 0.6, 1.5)

# Seconds after which what a person asked for is begun no more: nginx says after 30 that it failed, and they may have asked
# for the contrary since.
BEGUN_WITHIN = 20.0


@dataclass(slots=True)
class BatchStats:
    """What the batchers of one name have processed since this process started; shown as metrics."""

    batches: int = 0
    requests: int = 0
    largest: int = 0  # requests in the largest batch


BATCH_STATS: dict[str, BatchStats] = {}  # by the batcher's name


@dataclass(slots=True)
class _Submitted(Generic[Request, Result]):
    """A request that waits, since `at` by the loop's clock, and the result its caller waits for."""

    request: Request
    result: asyncio.Future[Result]
    at: float


class Batcher(Generic[Request, Result]):
    """Collects requests by their `key`; without one, all together.

    `process(key, requests)` returns one result or exception for each request, in order. If it raises, each of
    its requests gets that exception. `name` is the label of the metrics.
    """

    def __init__(
        self,
        name: str,
        process: Callable[[int, Sequence[Request]], Awaitable[Sequence[Result | Exception]]],
        *,
        key: Callable[[Request], int] = lambda _: 0,
    ) -> None:
        self._process = process
        self._key = key
        self._stats = BATCH_STATS.setdefault(name, BatchStats())
        self._waiting: dict[int, deque[_Submitted[Request, Result]]] = {}
        self._running: set[asyncio.Task[None]] = set()

    async def submit(self, request: Request) -> Result:
        """The result of one request. Once submitted, it is processed even if its caller is cancelled."""
        if is_rehearsing():
            raise RuntimeError("a batch has a transaction of its own, which is never rolled back")
        result: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._enqueue(self._key(request), _Submitted(request, result, _now()))
        return await result  # nobody else waits for it: a caller that is cancelled may cancel it

    def _enqueue(self, key: int, submitted: _Submitted[Request, Result]) -> None:
        waiting = self._waiting.get(key)
        if waiting is None:
            waiting = self._waiting[key] = deque()
            self._start(self._run(key, waiting))
        waiting.append(submitted)

    def _start(self, running: Coroutine[Any, Any, None]) -> None:
        # In a context of its own: the first caller may be inside a transaction, which the batch must not join.
        task = asyncio.create_task(running, context=Context())  # noqa: TID251
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _run(self, key: int, waiting: deque[_Submitted[Request, Result]]) -> None:
        try:
            while waiting:
                await self._process_and_resolve(
                    key, [waiting.popleft() for _ in range(min(len(waiting), BATCH_MAX))]
                )
        finally:
            del self._waiting[key]
            for one in waiting:
                one.result.cancel()

    async def _process_and_resolve(self, key: int, batch: Sequence[_Submitted[Request, Result]]) -> None:
        self._count(len(batch))
        try:
            try:
                results: Sequence[Result | Exception] = await self._process_submitted(
                    key, [one.request for one in batch], [one.at for one in batch]
                )
            except Exception as error:  # raised again at each caller: nothing is swallowed
                results = [error] * len(batch)
            for one, result in zip(batch, results, strict=True):
                _resolve(one.result, result)
        finally:
            # Only when this task was cancelled is a result missing: no caller waits for it forever.
            for one in batch:
                one.result.cancel()

    async def _process_submitted(
        self, key: int, requests: Sequence[Request], at: Sequence[float]
    ) -> Sequence[Result | Exception]:
        """Process a batch whose requests were submitted `at` these times."""
        return await self._process(key, requests)

    def _count(self, requests: int) -> None:
        self._stats.batches += 1
        self._stats.requests += requests
        self._stats.largest = max(self._stats.largest, requests)


def _now() -> float:
    return asyncio.get_running_loop().time()


def _resolve(future: asyncio.Future[Result], result: Result | Exception) -> None:
    if future.done():
        return
    if isinstance(result, Exception):
        future.set_exception(result)
        # If the caller was cancelled, the loop must not complain of an exception that nobody retrieved.
        future.exception()
    else:
        future.set_result(result)


class TransactionBatcher(Batcher[Request, Result]):
    """Processes each batch in one transaction, and finds the true result of each request when that fails.

    `process(key, requests, maybe_committed)` makes one try. After a lost connection it is tried again
    (`RETRY_PAUSES`). `maybe_committed` is true when the connection of an earlier try was lost during COMMIT:
    the requests may then be done already, and `process` must do nothing twice. Until that is known no request
    gets a plain "no": what cannot be found out raises `OutcomeUnknown`. No try of a submitted request begins later than
    `BEGUN_WITHIN`; one that was never begun is `Unavailable`. When a batch fails for another
    reason, its groups (`group_by`) are processed one by one, and then their requests, so that one bad request
    harms no other.
    """

    def __init__(
        self,
        name: str,
        process: Callable[[int, Sequence[Request], bool], Awaitable[Sequence[Result | Exception]]],
        *,
        key: Callable[[Request], int] = lambda _: 0,
        group_by: Callable[[Request], Hashable] = lambda _: None,
    ) -> None:
        super().__init__(name, self.process_batch, key=key)
        self._try = process
        self._group_by = group_by

    async def _process_submitted(
        self, key: int, requests: Sequence[Request], at: Sequence[float]
    ) -> Sequence[Result | Exception]:
        until = [one + BEGUN_WITHIN for one in at]
        fresh = [number for number, last in enumerate(until) if last > _now()]
        results: dict[int, Result | Exception] = {}
        if fresh:
            made = await self.process_batch(
                key, [requests[number] for number in fresh], until=[until[number] for number in fresh]
            )
            results = dict(zip(fresh, made, strict=True))
        late = Unavailable("it waited too long to be begun")
        return [results.get(number, late) for number in range(len(requests))]

    async def process_batch(
        self,
        key: int,
        requests: Sequence[Request],
        *,
        maybe_committed: bool = False,
        until: Sequence[float] | None = None,
    ) -> list[Result | Exception]:
        """One result or exception for each request of a list, in order. No further try of a request begins after its `until`, by
        the loop's clock; the others go on without it. Raises what no further try can mend."""
        until = until or [float("inf")] * len(requests)
        for pause in (*RETRY_PAUSES, None):
            try:
                return list(await self._try(key, requests, maybe_committed))
            except Exception as error:
                maybe_committed = maybe_committed or isinstance(error, OutcomeUnknown)
                parts = self._split(requests, error)
                if len(parts) == 1:
                    is_passing = isinstance(error, Unavailable) or (
                        maybe_committed and isinstance(error, Busy)
                    )
                    if pause is None or not is_passing or _now() + pause > max(until):
                        if (failure := _failure(error, maybe_committed)) is error:
                            raise
                        raise failure from error
                    parts = [[one for one in parts[0] if _now() + pause <= until[one[0]]]]
                    await asyncio.sleep(pause)
                if len(parts) > 1 or len(parts[0]) < len(requests):
                    results: dict[int, Result | Exception]
                    results = dict.fromkeys(range(len(requests)), _failure(error, maybe_committed))
                    results |= await self._process_parts(key, parts, maybe_committed, until)
                    return list(results.values())
        raise AssertionError("unreachable")

    def _split(self, requests: Sequence[Request], error: Exception) -> list[list[tuple[int, Request]]]:
        """The parts to process one by one after `error`, each request with its place in the batch. No part is
        blamed for a lost connection. No request of a group is blamed for a lock that took too long: each
        would only wait again."""
        numbered = list(enumerate(requests))
        if isinstance(error, Unavailable):
            return [numbered]
        groups: dict[Hashable, list[tuple[int, Request]]] = {}
        for number, request in numbered:
            groups.setdefault(self._group_by(request), []).append((number, request))
        if len(groups) > 1 or isinstance(error, Busy):
            return list(groups.values())
        return [[one] for one in numbered]

    async def _process_parts(
        self,
        key: int,
        parts: list[list[tuple[int, Request]]],
        maybe_committed: bool,
        until: Sequence[float],
    ) -> dict[int, Result | Exception]:
        """The result of each request of the parts, by its place in the batch."""
        results: dict[int, Result | Exception] = {}
        for part in parts:
            numbers = [number for number, _ in part]
            try:
                part_results = await self.process_batch(
                    key,
                    [request for _, request in part],
                    maybe_committed=maybe_committed,
                    until=[until[number] for number in numbers],
                )
            except Exception as error:  # becomes the result of each request of this part
                part_results = [error] * len(part)
            results.update(zip(numbers, part_results, strict=True))
        return results


def _failure(error: Exception, maybe_committed: bool) -> Exception:
    """What is known after `error`, which says nothing about an earlier try that may have been committed."""
    if maybe_committed and not isinstance(error, OutcomeUnknown):
        return OutcomeUnknown(str(error))
    return error


class SharedTransactionBatcher(TransactionBatcher[Request, Result]):
    """A `TransactionBatcher` whose transactions are shared by requests of several keys; no key is in two at a time, and its
    requests keep their order. `process` gets 0 for the key.

    Of up to `AT_ONCE` transactions one takes whatever waits. Another begins beside it for `WORTH_ANOTHER` requests: it costs
    as much as about ten bookings, and fewer are done sooner by the next one. It begins for any request that has waited for
    `PATIENCE`, as when somebody holds a lock that the first one needs.
    """

    AT_ONCE = 3  # of one process; the rest of the pool is for reads
    WORTH_ANOTHER = 10
    PATIENCE = 0.02  # seconds

    def __init__(
        self,
        name: str,
        process: Callable[[int, Sequence[Request], bool], Awaitable[Sequence[Result | Exception]]],
        *,
        key: Callable[[Request], int],
    ) -> None:
        super().__init__(name, process, key=key, group_by=key)
        self._taken: set[int] = set()  # keys in transactions that run
        self._ready = 0  # requests that wait, and not for one of these
        self._at_work = 0  # transactions that run
        self._is_collecting = False  # one has begun, and has not taken its requests yet
        self._patience: asyncio.TimerHandle | None = None

    def _enqueue(self, key: int, submitted: _Submitted[Request, Result]) -> None:
        self._waiting.setdefault(key, deque()).append(submitted)
        self._ready += key not in self._taken
        self._begin()

    def _begin(self, *, is_late: bool = False) -> None:
        """Begin another transaction, if it is time for one."""
        if not self._ready or self._is_collecting or self._at_work == self.AT_ONCE:
            return
        if self._at_work and self._ready < self.WORTH_ANOTHER and not is_late:
            if self._patience is None:
                self._patience = asyncio.get_running_loop().call_later(self.PATIENCE, self._begin_late)
            return
        self._is_collecting = True
        self._at_work += 1
        self._start(self._run_shared())

    def _begin_late(self) -> None:
        self._patience = None
        self._begin(is_late=True)

    async def _run_shared(self) -> None:
        batch: list[_Submitted[Request, Result]] = []
        keys = self._collect(batch)
        try:
            await self._process_and_resolve(0, batch)
        except asyncio.CancelledError:  # the loop ends
            for waiting in self._waiting.values():
                for one in waiting:
                    one.result.cancel()
            self._waiting.clear()
            self._ready = 0
            raise
        finally:
            self._at_work -= 1
            self._taken -= keys
            # What is left over comes after the others, which have not had a turn yet.
            for key in keys & self._waiting.keys():
                waiting = self._waiting[key] = self._waiting.pop(key)
                self._ready += len(waiting)
            self._begin()

    def _collect(self, batch: list[_Submitted[Request, Result]]) -> set[int]:
        """Take what waits, but for keys that are taken; the keys."""
        keys: set[int] = set()
        for key in [key for key in self._waiting if key not in self._taken]:
            if len(batch) == BATCH_MAX:
                break
            waiting = self._waiting.pop(key)
            while waiting and len(batch) < BATCH_MAX:
                batch.append(waiting.popleft())
            if waiting:
                self._waiting[key] = waiting
                self._ready -= len(waiting)
            keys.add(key)
        self._ready -= len(batch)
        self._taken |= keys
        self._is_collecting = False
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None
        return keys
