"""Requests that arrive together are processed together, and each gets its own true result, whatever happens
to its batch."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextvars import ContextVar

import pytest

from backend import batching
from backend.batching import (
    BATCH_MAX,
    BATCH_STATS,
    BEGUN_WITHIN,
    Batcher,
    SharedTransactionBatcher,
    TransactionBatcher,
)
from backend.errors import Busy, OutcomeUnknown, Refusal, Unavailable

Try = Callable[[Sequence[str]], Exception | None]


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batching, "RETRY_PAUSES", (0.001, 0.001))


@pytest.fixture(autouse=True)
def no_figures_left() -> Iterator[None]:
    yield
    BATCH_STATS.pop("tests", None)


class Ledger:
    """What transactions have written. `faults` are what happens to each try in turn; `rejects` is the error
    of a try that gets as far as writing; `committed` is whether a commit whose reply is lost has happened."""

    def __init__(
        self, *faults: Exception | None, rejects: Try = lambda _: None, committed: bool = True
    ) -> None:
        self.faults = list(faults)
        self.rejects = rejects
        self.committed = committed
        self.tries: list[tuple[list[str], bool]] = []
        self.written: list[str] = []

    async def process(self, _: int, requests: Sequence[str], maybe_committed: bool) -> list[str | Exception]:
        self.tries.append((list(requests), maybe_committed))
        fault = self.faults.pop(0) if self.faults else None
        if fault is not None and not isinstance(fault, OutcomeUnknown):
            raise fault
        done = self.written if maybe_committed else []
        fresh = [one for one in requests if one not in done and not one.startswith("refuse")]
        if rejected := self.rejects(requests):
            raise rejected
        if fault is None or self.committed:
            self.written += fresh
        if fault is not None:
            raise fault
        return [Refusal("no") if one.startswith("refuse") else one.upper() for one in requests]

    def batcher(self) -> TransactionBatcher[str, str]:
        """Requests are grouped by their first word."""
        return TransactionBatcher("tests", self.process, group_by=lambda request: request.split()[0])


def faulty(name: str, error: type[Exception] = RuntimeError) -> Try:
    return lambda requests: error(name) if name in requests else None


async def submit_all(batcher: Batcher[str, str], *requests: str) -> list[str]:
    """Submitted at once; each result, an exception by its type."""
    results = await asyncio.gather(*(batcher.submit(one) for one in requests), return_exceptions=True)
    return [one if isinstance(one, str) else type(one).__name__ for one in results]


# --- collecting ---


async def test_what_arrives_meanwhile_is_the_next_batch() -> None:
    started, release = asyncio.Event(), asyncio.Event()
    batches: list[list[int]] = []

    async def process(key: int, numbers: Sequence[int]) -> list[int | Exception]:
        batches.append(list(numbers))
        started.set()
        await release.wait()
        return [key + n for n in numbers]

    batcher: Batcher[int, int] = Batcher("tests", process)
    first = asyncio.ensure_future(batcher.submit(1))
    await started.wait()
    others = [asyncio.ensure_future(batcher.submit(n)) for n in (2, 3, 4)]
    await asyncio.sleep(0)
    assert batches == [[1]], "a lone request waits for no other"
    release.set()
    assert await asyncio.gather(first, *others) == [1, 2, 3, 4]
    assert batches == [[1], [2, 3, 4]]
    stats = BATCH_STATS["tests"]
    assert (stats.batches, stats.requests, stats.largest) == (2, 4, 3)


async def test_each_key_has_batches_of_its_own_side_by_side() -> None:
    both = asyncio.Barrier(2)

    async def process(key: int, numbers: Sequence[int]) -> list[int | Exception]:
        await both.wait()
        return [key] * len(numbers)

    batcher: Batcher[int, int] = Batcher("tests", process, key=lambda number: number)
    async with asyncio.timeout(5):
        assert [*await asyncio.gather(batcher.submit(1), batcher.submit(2))] == [1, 2]


async def test_no_batch_is_larger_than_its_limit() -> None:
    sizes: list[int] = []

    async def process(_: int, numbers: Sequence[int]) -> list[int | Exception]:
        sizes.append(len(numbers))
        return list(numbers)

    batcher: Batcher[int, int] = Batcher("tests", process)
    numbers = range(BATCH_MAX + 10)
    assert await asyncio.gather(*(batcher.submit(n) for n in numbers)) == list(numbers)
    assert sizes == [BATCH_MAX, 10]


async def test_a_cancelled_caller_takes_nothing_from_the_others() -> None:
    release = asyncio.Event()

    async def process(_: int, numbers: Sequence[int]) -> list[int | Exception]:
        await release.wait()
        return [ValueError("unread") if n == 1 else n for n in numbers]

    batcher: Batcher[int, int] = Batcher("tests", process)
    gone, stays = (asyncio.ensure_future(batcher.submit(n)) for n in (1, 2))
    await asyncio.sleep(0)
    gone.cancel()
    release.set()
    assert await stays == 2
    assert gone.cancelled()


async def test_no_caller_waits_for_a_batch_that_was_cancelled() -> None:
    """Neither the callers of that batch nor those of the next."""
    started, release = asyncio.Event(), asyncio.Event()

    async def process(_: int, numbers: Sequence[int]) -> list[int | Exception]:
        started.set()
        await release.wait()
        raise asyncio.CancelledError

    batcher: Batcher[int, int] = Batcher("tests", process)
    first = asyncio.ensure_future(batcher.submit(1))
    await started.wait()
    second = asyncio.ensure_future(batcher.submit(2))
    await asyncio.sleep(0)
    release.set()
    done, _ = await asyncio.wait({first, second}, timeout=5)
    assert [one.cancelled() for one in done] == [True, True]


async def test_a_batch_does_not_run_in_its_first_callers_context() -> None:
    """The caller may be inside a transaction; the batch must not join it."""
    inside: ContextVar[bool] = ContextVar("inside", default=False)
    seen: list[bool] = []

    async def process(_: int, numbers: Sequence[int]) -> list[int | Exception]:
        seen.append(inside.get())
        return list(numbers)

    inside.set(True)
    await Batcher("tests", process).submit(1)
    assert seen == [False]


async def test_an_error_of_a_plain_batch_is_raised_at_each_caller() -> None:
    async def process(_: int, requests: Sequence[str]) -> list[str | Exception]:
        raise Unavailable("gone")

    assert await submit_all(Batcher("tests", process), "a", "b") == ["Unavailable", "Unavailable"]


# --- trying again ---


async def test_a_lost_connection_is_tried_again() -> None:
    ledger = Ledger(Unavailable(), Unavailable())
    assert await submit_all(ledger.batcher(), "a 1", "b 1") == ["A 1", "B 1"]
    assert [maybe for _, maybe in ledger.tries] == [False, False, False]
    assert ledger.written == ["a 1", "b 1"]


async def test_a_connection_that_stays_lost_is_unavailable() -> None:
    ledger = Ledger(*[Unavailable()] * 3)
    assert await submit_all(ledger.batcher(), "a 1") == ["Unavailable"]
    assert len(ledger.tries) == 3


@pytest.mark.parametrize("committed", [True, False])
async def test_after_a_lost_commit_the_next_try_knows_and_nothing_is_done_twice(committed: bool) -> None:
    """B2, B8."""
    ledger = Ledger(OutcomeUnknown(), Unavailable(), committed=committed)
    assert await submit_all(ledger.batcher(), "a 1", "a 2", "refuse 3") == ["A 1", "A 2", "Refusal"]
    assert [maybe for _, maybe in ledger.tries] == [False, True, True]
    assert ledger.written == ["a 1", "a 2"]


@pytest.mark.parametrize("last", [Unavailable("down"), Busy(), RuntimeError("a fault")])
async def test_what_cannot_be_found_out_is_unknown_and_never_a_failure(last: Exception) -> None:
    ledger = Ledger(OutcomeUnknown(), last, last)
    with pytest.raises(OutcomeUnknown) as unknown:
        await ledger.batcher().process_batch(0, ["a 1"])
    assert unknown.value.__cause__ is last


@pytest.fixture
def advance(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Let seconds pass for the batchers."""
    passed = [0.0]
    monkeypatch.setattr(batching, "_now", lambda: passed[0])

    def advance(seconds: float) -> None:
        passed[0] += seconds

    return advance


async def test_nothing_is_tried_again_after_its_time(advance: Callable[[float], None]) -> None:
    """Whoever asked has been told that it failed, and may have asked for the contrary since."""

    def take_too_long(_: Sequence[str]) -> Exception:
        advance(BEGUN_WITHIN)
        return OutcomeUnknown("the server was silent")

    ledger = Ledger(rejects=take_too_long)
    assert await submit_all(ledger.batcher(), "leave") == ["OutcomeUnknown"]
    assert len(ledger.tries) == 1


async def test_only_what_is_too_old_is_tried_no_more(advance: Callable[[float], None]) -> None:
    """The younger ones of its batch go on."""
    begun, answers = asyncio.Event(), asyncio.Event()
    ledger = Ledger()

    async def process(key: int, requests: Sequence[str], maybe_committed: bool) -> list[str | Exception]:
        begun.set()
        await answers.wait()
        return await ledger.process(key, requests, maybe_committed)

    batcher: TransactionBatcher[str, str] = TransactionBatcher("tests", process)
    running = asyncio.create_task(batcher.submit("first"))
    await begun.wait()
    old = asyncio.create_task(batcher.submit("old"))
    await asyncio.sleep(0)  # it is in line now
    advance(BEGUN_WITHIN - 1)
    young = asyncio.create_task(batcher.submit("young"))
    await asyncio.sleep(0)

    def take_too_long(requests: Sequence[str]) -> Exception | None:
        if "old" not in requests:
            return None
        advance(2)
        return Unavailable("the server was silent")

    ledger.rejects = take_too_long
    answers.set()
    assert [await running, await young] == ["FIRST", "YOUNG"]
    with pytest.raises(Unavailable, match="silent"):
        await old
    assert [requests for requests, _ in ledger.tries[1:]] == [["old", "young"], ["young"]]


async def test_what_has_waited_too_long_is_never_begun(advance: Callable[[float], None]) -> None:
    begun, answers = asyncio.Event(), asyncio.Event()

    async def process(_: int, requests: Sequence[str], maybe_committed: bool) -> list[str | Exception]:
        begun.set()
        await answers.wait()
        return [one.upper() for one in requests]

    batcher: TransactionBatcher[str, str] = TransactionBatcher("tests", process)
    slow = asyncio.create_task(submit_all(batcher, "one"))
    await begun.wait()
    late = asyncio.create_task(batcher.submit("leave"))
    await asyncio.sleep(0)  # it is in line now
    advance(BEGUN_WITHIN + 1)
    answers.set()
    assert await slow == ["ONE"]
    with pytest.raises(Unavailable, match="too long"):
        await late
    assert await submit_all(batcher, "leave") == ["LEAVE"], "asked again"


async def test_a_lock_that_takes_too_long_is_busy_at_once() -> None:
    ledger = Ledger(Busy(), Busy())
    assert await submit_all(ledger.batcher(), "a 1", "a 2") == ["Busy", "Busy"]
    assert len(ledger.tries) == 1, "each request by itself would only wait again"


async def test_a_lock_that_takes_too_long_is_waited_for_again_when_the_outcome_is_unknown() -> None:
    ledger = Ledger(OutcomeUnknown(), Busy())
    assert await submit_all(ledger.batcher(), "a 1") == ["A 1"]
    assert ledger.written == ["a 1"]


# --- splitting ---


async def test_one_bad_request_harms_no_other() -> None:
    """X9: its group is processed apart from the others, then each request of it."""
    ledger = Ledger(rejects=faulty("b 2"))
    results = await submit_all(ledger.batcher(), "a 1", "b 1", "a 2", "b 2", "b 3")
    assert results == ["A 1", "B 1", "A 2", "RuntimeError", "B 3"]
    assert [requests for requests, _ in ledger.tries] == [
        ["a 1", "b 1", "a 2", "b 2", "b 3"],
        ["a 1", "a 2"],
        ["b 1", "b 2", "b 3"],
        ["b 1"],
        ["b 2"],
        ["b 3"],
    ]
    assert ledger.written == ["a 1", "a 2", "b 1", "b 3"]


async def test_a_group_whose_lock_is_taken_does_not_hold_up_the_others() -> None:
    ledger = Ledger(rejects=faulty("b 1", Busy))
    assert await submit_all(ledger.batcher(), "a 1", "b 1", "b 2") == ["A 1", "Busy", "Busy"]
    assert [requests for requests, _ in ledger.tries][1:] == [["a 1"], ["b 1", "b 2"]]


async def test_parts_of_a_batch_that_may_be_committed_know_it_too() -> None:
    ledger = Ledger(OutcomeUnknown(), RuntimeError("the batch"), RuntimeError("one of them"))
    assert await submit_all(ledger.batcher(), "a 1", "a 2") == ["OutcomeUnknown", "A 2"]
    assert [maybe for _, maybe in ledger.tries] == [False, True, True, True]
    assert ledger.written == ["a 1", "a 2"]


async def test_two_equal_requests_each_get_their_result() -> None:
    """Requests are told apart by their place in the batch."""
    ledger = Ledger(RuntimeError("the batch"))
    assert await submit_all(ledger.batcher(), "a", "a") == ["A", "A"]


# --- one transaction for several keys ---


class Desk:
    """What shared transactions have begun, as they ended one by one; a request is (key, number)."""

    def __init__(self) -> None:
        self.begun: list[list[tuple[int, int]]] = []
        self.begins = asyncio.Condition()
        self.ends: list[asyncio.Event] = []
        self.batcher: SharedTransactionBatcher[tuple[int, int], int] = SharedTransactionBatcher(
            "tests", self.process, key=lambda request: request[0]
        )

    async def process(self, _: int, requests: Sequence[tuple[int, int]], __: bool) -> list[int | Exception]:
        end = asyncio.Event()
        self.begun.append(list(requests))
        self.ends.append(end)
        async with self.begins:
            self.begins.notify_all()
        await end.wait()
        return [number for _, number in requests]

    def submit(self, *requests: tuple[int, int]) -> list[asyncio.Future[int]]:
        return [asyncio.ensure_future(self.batcher.submit(request)) for request in requests]

    async def until_begun(self, transactions: int) -> None:
        async with asyncio.timeout(5), self.begins:
            await self.begins.wait_for(lambda: len(self.begun) >= transactions)

    async def settle(self) -> None:
        """Let every task run as far as it can."""
        for _ in range(10):
            await asyncio.sleep(0)

    async def finish(self, *futures: asyncio.Future[int]) -> list[int]:
        """End each transaction as it begins; the results."""
        ended = asyncio.gather(*futures)
        async with asyncio.timeout(5):
            while not ended.done():
                for end in self.ends:
                    end.set()
                await asyncio.sleep(0)
        return list(await ended)


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SharedTransactionBatcher, "PATIENCE", 3600.0)


@pytest.mark.usefixtures("patient")
async def test_the_next_transaction_is_shared_by_all_keys_that_wait() -> None:
    desk = Desk()
    first = desk.submit((1, 1))
    await desk.until_begun(1)
    others = desk.submit((2, 2), (1, 3), (3, 4), (2, 5))
    await desk.settle()
    assert desk.begun == [[(1, 1)]], "a few wait for the first"
    assert await desk.finish(*first, *others) == [1, 2, 3, 4, 5]
    assert desk.begun == [[(1, 1)], [(2, 2), (2, 5), (3, 4), (1, 3)]]


@pytest.mark.usefixtures("patient")
async def test_another_transaction_begins_beside_it_for_as_many_as_it_is_worth() -> None:
    desk, worth = Desk(), SharedTransactionBatcher.WORTH_ANOTHER
    first = desk.submit((1, 1))
    await desk.until_begun(1)
    of_same = desk.submit(*((1, number) for number in range(2, 2 + worth)))
    few = desk.submit(*((number, number) for number in range(100, 99 + worth)))
    await desk.settle()
    assert len(desk.begun) == 1, "the others of its key have to wait for it, and the rest are too few"
    last = desk.submit((99, 99))
    await desk.until_begun(2)
    assert {key for key, _ in desk.begun[1]} == {99, *range(100, 99 + worth)}
    assert await desk.finish(*first, *of_same, *few, *last)
    assert desk.begun[2] == [(1, number) for number in range(2, 2 + worth)]


@pytest.mark.usefixtures("patient")
async def test_only_so_many_transactions_run_at_a_time() -> None:
    desk = Desk()
    worth, at_once = SharedTransactionBatcher.WORTH_ANOTHER, SharedTransactionBatcher.AT_ONCE
    futures = []
    for turn in range(at_once + 2):
        futures += desk.submit(*((turn * worth + number, 0) for number in range(worth)))
        await desk.settle()
    assert len(desk.begun) == at_once
    await desk.finish(*futures)
    assert len(desk.begun) == at_once + 1


async def test_nobody_waits_long_for_a_transaction_that_is_held_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SharedTransactionBatcher, "PATIENCE", 0.0)
    desk = Desk()
    held = desk.submit((1, 1))
    await desk.until_begun(1)
    other = desk.submit((2, 2), (1, 3))
    await desk.until_begun(2)
    assert desk.begun == [[(1, 1)], [(2, 2)]]
    await desk.finish(*held, *other)


@pytest.mark.usefixtures("patient")
async def test_a_crowd_at_one_key_keeps_no_other_waiting_twice() -> None:
    desk = Desk()
    first = desk.submit((9, 0))
    await desk.until_begun(1)
    crowd = desk.submit(*((1, number) for number in range(2 * BATCH_MAX)))
    await desk.until_begun(2)
    other = desk.submit((2, 0))
    await desk.finish(*first, *crowd, *other)
    assert [len(batch) for batch in desk.begun] == [1, BATCH_MAX, BATCH_MAX, 1]
    assert desk.begun[2][0] == (2, 0)


@pytest.mark.usefixtures("patient")
async def test_no_caller_waits_when_the_loop_ends() -> None:
    desk = Desk()
    callers = desk.submit((1, 1))
    await desk.until_begun(1)
    callers += desk.submit((2, 2), (1, 3))
    await desk.settle()
    for task in desk.batcher._running:
        task.cancel()
    await desk.settle()
    assert all(caller.cancelled() for caller in callers)
    again = desk.submit((1, 4))
    assert await desk.finish(*again) == [4]
