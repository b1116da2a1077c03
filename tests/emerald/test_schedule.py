"""What runs when, whoever runs it."""

from datetime import datetime, timedelta
from typing import Any

from backend import clock, db
from backend.errors import Busy
from backend.messages import leases
from emerald.schedule import SCHEDULE, Duty, tick
from emerald.worker import beat, is_alive


async def test_every_duty_runs_and_is_due_again_in_its_time(
    world: None, noon: datetime, instance: Any
) -> None:
    await instance(rule="FREQ=WEEKLY")
    await leases.enlist([duty.name for duty in SCHEDULE])
    await tick()
    rows = {row["name"]: row for row in await db.rows("SELECT * FROM schedule")}
    for duty in SCHEDULE:
        assert rows[duty.name]["next_run_at"] == noon + duty.every, duty.name
        assert rows[duty.name]["error"] == ""


async def test_a_duty_that_fails_holds_up_no_other(world: None, noon: datetime) -> None:
    ran: list[str] = []

    async def fails() -> int:
        raise ValueError("no")

    async def is_busy() -> int:
        raise Busy()

    async def works() -> int:
        ran.append("works")
        return 0

    hour = timedelta(hours=1)
    duties = (Duty("fails", hour, fails), Duty("busy", hour, is_busy), Duty("works", hour, works))
    await leases.enlist([duty.name for duty in duties])
    await tick(duties)
    await tick(duties)
    assert ran == ["works"]
    errors = {row["name"]: row["error"] for row in await db.rows("SELECT * FROM schedule")}
    assert errors == {"fails": "ValueError('no')", "busy": "Busy", "works": ""}
    clock.advance(leases.AFTER_FAILURE)
    assert await leases.claim_duty("fails") and not await leases.claim_duty("works")


async def test_a_worker_is_known_by_its_heartbeat(world: None, noon: datetime) -> None:
    assert not await is_alive()
    await beat()
    await beat()
    assert await is_alive()
    clock.advance(timedelta(seconds=16))
    assert not await is_alive()
