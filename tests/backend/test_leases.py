"""Row leases and periodic jobs: one holder at a time over all processes, and none for ever."""

from datetime import datetime, timedelta

from backend import clock, db, leases

LIFE = timedelta(seconds=10)


async def test_one_holder_at_a_time(world: None, noon: datetime) -> None:
    assert await leases.take("sender", "first", LIFE) == 1
    assert await leases.take("sender", "second", LIFE) is None
    assert await leases.is_held("sender")


async def test_renewing_keeps_the_epoch(world: None, noon: datetime) -> None:
    assert await leases.take("sender", "first", LIFE) == 1
    clock.advance(timedelta(seconds=9))
    assert await leases.take("sender", "first", LIFE) == 1
    clock.advance(timedelta(seconds=9))
    assert await leases.take("sender", "second", LIFE) is None


async def test_a_dead_holder_is_followed_within_its_life(world: None, noon: datetime) -> None:
    """Decision 0009: takeover in at most 10 s; the new epoch tells its work from the old one's."""
    await leases.take("sender", "first", LIFE)
    clock.advance(LIFE)
    assert not await leases.is_held("sender")
    assert await leases.take("sender", "second", LIFE) == 2
    assert await leases.take("sender", "first", LIFE) is None


async def test_who_goes_in_peace_is_followed_at_once(world: None, noon: datetime) -> None:
    await leases.take("sender", "first", LIFE)
    await leases.release("sender", "second")
    assert await leases.take("sender", "second", LIFE) is None
    await leases.release("sender", "first")
    assert await leases.take("sender", "second", LIFE) == 2


async def test_a_job_is_claimed_once_until_its_time(world: None, noon: datetime) -> None:
    await leases.register_jobs(["sweep"])
    await leases.register_jobs(["sweep"])
    assert await leases.claim_job("sweep") == 1
    assert await leases.claim_job("sweep") is None
    assert await leases.finish_job("sweep", 1, timedelta(hours=1))
    clock.advance(timedelta(minutes=59))
    assert await leases.claim_job("sweep") is None
    clock.advance(timedelta(minutes=1))
    assert await leases.claim_job("sweep") == 2


async def test_a_job_whose_runner_died_is_due_again(world: None, noon: datetime) -> None:
    """Decision 0009: within 10 s."""
    await leases.register_jobs(["sweep"])
    assert await leases.claim_job("sweep") == 1
    clock.advance(leases.JOB_CLAIM)
    assert await leases.claim_job("sweep") == 2
    assert timedelta(seconds=10) > leases.JOB_CLAIM


async def test_who_lives_keeps_a_job_and_who_was_overtaken_writes_nothing(
    world: None, noon: datetime
) -> None:
    """The epoch fences off who held it before."""
    await leases.register_jobs(["sweep"])
    assert await leases.claim_job("sweep") == 1
    for _ in range(5):
        clock.advance(leases.JOB_RENEW)
        assert await leases.renew_job("sweep", 1)
    assert await leases.claim_job("sweep") is None
    clock.advance(leases.JOB_CLAIM)
    assert await leases.claim_job("sweep") == 2
    assert not await leases.renew_job("sweep", 1)
    assert not await leases.finish_job("sweep", 1, timedelta(days=1), error="late")
    clock.advance(leases.JOB_CLAIM)
    assert await leases.claim_job("sweep") == 3


async def test_a_failed_job_is_tried_again_soon(world: None, noon: datetime) -> None:
    await leases.register_jobs(["sweep"])
    epoch = await leases.claim_job("sweep")
    assert epoch is not None
    await leases.finish_job("sweep", epoch, timedelta(days=1), error="ValueError()")
    clock.advance(leases.AFTER_FAILURE)
    assert await leases.claim_job("sweep")


async def test_rows_of_jobs_that_are_no_more_are_deleted(world: None, noon: datetime) -> None:
    """Those of another version whose workers still run them stay: they are never long overdue."""
    await leases.register_jobs(["sweep", "of another version", "forgotten"])
    clock.advance(leases.ABANDONED)
    for name in ("sweep", "of another version"):
        await leases.claim_job(name)
    clock.advance(timedelta(seconds=9))
    await leases.register_jobs(["sweep", "new"])
    names = await db.rows("SELECT name FROM schedule ORDER BY name")
    assert [row["name"] for row in names] == ["new", "of another version", "sweep"]
    assert await leases.claim_job("new") == 1
