"""Periodic jobs run once at their time, with any number of workers, also when workers die (decision 0009)."""

import asyncio
import signal
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from backend import clock, db, leases
from backend.errors import Busy
from bench.statements import noted_statements
from bot.delivery.sender import LEASE_TTL
from emerald import worker
from emerald.schedule import SCHEDULE, Job, run_due
from emerald.worker import JOB_INTERVAL, REST_INTERVAL, is_alive, send_heartbeat
from tests.processes import together
from tests.telegram import Telegram
from tests.workers import emerald, ended, until


async def test_every_job_runs_and_is_due_again_in_its_time(
    world: None, noon: datetime, instance: Any
) -> None:
    await instance(rule="FREQ=WEEKLY")
    await leases.register_jobs([job.name for job in SCHEDULE])
    await run_due()
    rows = {row["name"]: row for row in await db.rows("SELECT * FROM schedule")}
    for job in SCHEDULE:
        assert rows[job.name]["next_run_at"] == noon + job.every, job.name
        assert rows[job.name]["error"] == ""


async def test_a_job_that_fails_delays_no_other(world: None, noon: datetime) -> None:
    ran: list[str] = []

    async def fails() -> int:
        raise ValueError("no")

    async def is_busy() -> int:
        raise Busy()

    async def works() -> int:
        ran.append("works")
        return 0

    hour = timedelta(hours=1)
    jobs = (Job("fails", hour, fails), Job("busy", hour, is_busy), Job("works", hour, works))
    await leases.register_jobs([job.name for job in jobs])
    await run_due(jobs)
    await run_due(jobs)
    assert ran == ["works"]
    errors = {row["name"]: row["error"] for row in await db.rows("SELECT * FROM schedule")}
    assert errors == {"fails": "ValueError('no')", "busy": "Busy", "works": ""}
    clock.advance(leases.AFTER_FAILURE)
    assert await leases.claim_job("fails") and not await leases.claim_job("works")


async def test_concurrent_workers_run_a_job_once_at_a_time(world: None) -> None:
    under_way = 0
    ran = 0
    release = asyncio.Event()

    async def count() -> int:
        nonlocal under_way, ran
        under_way, ran = under_way + 1, ran + 1
        assert under_way == 1
        await release.wait()
        under_way -= 1
        return 1

    jobs = (Job("count", timedelta(hours=1), count),)
    await leases.register_jobs(["count"])
    workers = [asyncio.create_task(run_due(jobs)) for _ in range(8)]
    # All but the one that runs it return at once.
    for _ in range(7):
        await asyncio.wait(workers, return_when=asyncio.FIRST_COMPLETED)
        workers = [worker for worker in workers if not worker.done()]
        if len(workers) == 1:
            break
    release.set()
    await asyncio.gather(*workers)
    assert ran == 1


async def test_a_long_job_keeps_its_claim(
    world: None, noon: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The claim is renewed as long as the job runs, so no other worker runs it meanwhile."""
    monkeypatch.setattr(leases, "JOB_RENEW", timedelta(milliseconds=5))
    ours = asyncio.Event()

    async def lasts() -> int:
        for _ in range(3):
            clock.advance(leases.JOB_CLAIM / 2)
            # The clock may move on only after the claim is renewed.
            await until(
                "SELECT next_run_at = $1 FROM schedule WHERE name = 'lasts'",
                clock.now() + leases.JOB_CLAIM,
            )
            assert await leases.claim_job("lasts") is None
        ours.set()
        return 1

    await leases.register_jobs(["lasts"])
    await run_due((Job("lasts", timedelta(hours=1), lasts),))
    assert ours.is_set()


async def test_a_worker_that_lost_its_claim_is_stopped_and_writes_nothing(
    world: None, noon: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker that stalled too long: its transaction is rolled back, and the row belongs to the other."""
    monkeypatch.setattr(leases, "JOB_RENEW", timedelta(milliseconds=5))
    written = False

    async def stalls() -> int:
        nonlocal written
        clock.advance(leases.JOB_CLAIM)
        assert await leases.claim_job("stalls") == 2
        async with db.transaction():
            await db.execute("UPDATE schedule SET error = 'by the stalled worker' WHERE name = 'stalls'")
            await asyncio.Event().wait()
        written = True
        return 1

    async with asyncio.timeout(20):
        await leases.register_jobs(["stalls"])
        await run_due((Job("stalls", timedelta(hours=1), stalls),))
    assert not written
    [row] = await db.rows("SELECT * FROM schedule")
    assert (row["epoch"], row["error"]) == (2, "")
    assert row["next_run_at"] == clock.now() + leases.JOB_CLAIM


RUNS = timedelta(0)  # due again at once, so that it would run twice if it could


async def rush(task: dict[str, Any]) -> int:
    """One of several real workers: runs the job until there are a hundred runs. Returns how many were its
    own."""
    mine = 0

    async def run() -> int:
        nonlocal mine
        # A second worker in here would fail: the database refuses the same key.
        await db.execute("INSERT INTO inside VALUES (1)")
        await db.execute("UPDATE runs SET n = n + 1")
        await db.execute("DELETE FROM inside")
        mine += 1
        return 0  # a line in the log would be taken for the answer

    jobs = (Job("rush", RUNS, run),)
    while await db.value("SELECT n < $1 FROM runs", task["runs"]):
        await run_due(jobs)
    return mine


async def test_real_workers_share_a_job_and_never_run_it_at_the_same_time(world: None) -> None:
    await db.execute("CREATE TABLE inside (one integer PRIMARY KEY)")
    await db.execute("CREATE TABLE runs AS SELECT 0 AS n")
    try:
        await leases.register_jobs(["rush"])
        crew = await together(__file__, "rush", [{"runs": 100}] * 2)
        [row] = await db.rows("SELECT * FROM schedule WHERE name = 'rush'")
        assert row["error"] == "" and sum(crew) == row["epoch"] == await db.value("SELECT n FROM runs")
    finally:
        await db.execute("DROP TABLE inside, runs")


async def test_a_job_whose_worker_was_killed_runs_again_within_ten_seconds(
    telegram: Telegram, instance: Any, account: Any
) -> None:
    """Decision 0009: by the other of two real workers; what one has announced is not announced again (`C1`).

    The other takes over when what was claimed runs out, and asks for it often enough: no clock of a busy machine
    is read.
    """
    assert leases.JOB_CLAIM + timedelta(seconds=JOB_INTERVAL) < timedelta(seconds=10)
    assert LEASE_TTL + timedelta(seconds=REST_INTERVAL) < timedelta(seconds=10)
    name = "announce instances"
    first = emerald("work", telegram, failpoints=f"job.{name}=die")
    with first as dying:
        assert await ended(dying, 20) == -signal.SIGKILL
        claim = "SELECT last_run_at, next_run_at FROM schedule WHERE name = $1"
        [claimed] = await db.rows(claim, name)
        assert claimed["next_run_at"] == claimed["last_run_at"] + leases.JOB_CLAIM
        await instance(announce_before_minutes=7 * 24 * 60)
        workers = "FROM pg_stat_activity WHERE application_name = 'emerald-worker'"
        await until(f"SELECT count(*) = 0 {workers}")
        with emerald("work", telegram) as second:
            await until(f"SELECT count(*) > 0 {workers}")
            await until("SELECT error = '' AND epoch > 1 FROM schedule WHERE name = $1", name)
            [again] = await db.rows(claim, name)
            assert again["last_run_at"] >= claimed["next_run_at"]
            await until("SELECT state = 'live' FROM cards")
            for job in SCHEDULE:
                await until("SELECT epoch > 0 AND error = '' FROM schedule WHERE name = $1", job.name)
            second.terminate()
            assert await ended(second) == 0
    assert len(telegram.calls("sendMessage")) == 1


async def test_a_worker_asks_for_all_jobs_every_second_and_a_slow_one_delays_no_other(
    world: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Decision 0009: a job whose claim has run out waits no longer for the next worker."""
    ran: list[str] = []
    slow_ends, quick_ran = asyncio.Event(), asyncio.Event()

    async def slow() -> int:
        ran.append("slow")
        await slow_ends.wait()
        return 0

    async def quick() -> int:
        ran.append("quick")
        quick_ran.set()
        return 0

    async def three_times(act: Callable[[], Awaitable[None]], interval: float) -> None:
        assert interval == 1.0
        for _ in range(3):
            quick_ran.clear()
            with noted_statements() as sent:
                await act()
            assert len([sql for sql in sent if "next_run_at <= $2" in sql]) == 1
            await quick_ran.wait()
            await until("SELECT next_run_at <= now() FROM schedule WHERE name = 'quick'")
        slow_ends.set()

    monkeypatch.setattr(worker, "run_forever", three_times)
    monkeypatch.setattr(worker, "SCHEDULE", (Job("slow", RUNS, slow), Job("quick", RUNS, quick)))
    async with asyncio.timeout(20):
        await worker._run_jobs()
    assert sorted(ran) == ["quick"] * 3 + ["slow"]


async def test_the_sender_looks_less_often_while_there_is_nothing_to_send(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    started, pauses = iter([3, 1, 0, None, 2]), list[float]()

    async def step() -> int | None:
        return next(started)

    async def pause(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 5:
            raise asyncio.CancelledError

    monkeypatch.setattr(worker, "time", SimpleNamespace(monotonic=lambda: 0.0))
    monkeypatch.setattr(worker, "asyncio", SimpleNamespace(sleep=pause))
    with pytest.raises(asyncio.CancelledError):
        await worker.run_forever(step, 0.2, 0.4)
    assert pauses == [0.2, 0.2, 0.4, 0.4, 0.2]


async def test_a_worker_is_known_by_its_heartbeat(world: None, noon: datetime) -> None:
    assert not await is_alive()
    await send_heartbeat()
    await send_heartbeat()
    assert await is_alive()
    clock.advance(timedelta(seconds=16))
    assert not await is_alive()
