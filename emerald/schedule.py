"""What runs when: one table. A worker claims a job's row before it runs the job, so any number of workers run
it once."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

import structlog

from backend import failpoints, leases
from backend.announcements.fan_out import fan_out
from backend.bookings.actions import fill_all
from backend.bookings.attendance import complete_ended
from backend.bookings.reminders import remind_due, remind_unanswered
from backend.cards.actions import announce_due
from backend.causes import caused_by, new_cause
from backend.closing.actions import close_due_accounts
from backend.conversations.actions import follow_up_conversations
from backend.departures.former_members import finish_departures
from backend.errors import Busy, Unavailable
from backend.events.materialization import materialize_all_series
from backend.events.minimum import decide_minimum, warn_of_minimum
from backend.events.zone_changes import keep_wall_clocks
from backend.instruments import JOB_SECONDS, JOBS_FAILED
from backend.people.expiry import delete_expired
from backend.personal.actions import finish_erasures
from backend.polls.closing import close_due
from backend.polls.zone_changes import keep_poll_dates
from backend.seats.regulars import seat_all_regulars
from emerald.archive import archive_nightly
from emerald.doctor import count_violations

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Job:
    """Something that is done again and again. `run` may run twice without harm, and returns how much it did.
    `name` is the key of its row: a job that gets another name needs a migration."""

    name: str
    every: timedelta
    run: Callable[[], Awaitable[int]]


SCHEDULE = (
    Job("keep wall clocks", timedelta(minutes=10), keep_wall_clocks),
    Job("keep dates of polls", timedelta(minutes=10), keep_poll_dates),
    Job("materialize instances", timedelta(days=1), materialize_all_series),
    Job("complete instances", timedelta(minutes=1), complete_ended),
    Job("announce instances", timedelta(minutes=1), announce_due),
    Job("seat regulars", timedelta(minutes=10), seat_all_regulars),
    Job("fill free seats", timedelta(minutes=1), fill_all),
    Job("warn of minimum", timedelta(minutes=1), warn_of_minimum),
    Job("decide minimum", timedelta(minutes=1), decide_minimum),
    Job("close polls", timedelta(minutes=1), close_due),
    Job("remind booked members", timedelta(minutes=1), remind_due),
    Job("remind unanswered members", timedelta(minutes=1), remind_unanswered),
    Job("follow up conversations", timedelta(minutes=1), follow_up_conversations),
    Job("fan out announcements", timedelta(seconds=2), fan_out),
    Job("delete expired updates", timedelta(hours=1), delete_expired),
    Job("archive", timedelta(days=1), archive_nightly),
    Job("finish departures", timedelta(minutes=10), finish_departures),
    Job("finish erasures", timedelta(hours=1), finish_erasures),
    Job("close accounts", timedelta(minutes=10), close_due_accounts),
    Job("check invariants", timedelta(days=1), count_violations),
)


class ClaimLost(Exception):
    """Another worker has claimed the job, because this one did not renew its claim in time."""


async def run_due(jobs: Sequence[Job] = SCHEDULE) -> None:
    """Run those of these jobs that are due, one after another. A job that fails is tried again soon and
    delays no other.

    Raises `Unavailable` only when the schedule itself cannot be read.
    """
    for job in await find_due(jobs):
        await run_claimed(job)


async def find_due(jobs: Sequence[Job]) -> list[Job]:
    """Those of these jobs that are due. Raises `Unavailable`."""
    due = await leases.due_jobs([job.name for job in jobs])
    return [job for job in jobs if job.name in due]


async def run_claimed(job: Job) -> None:
    """Run the job, unless another worker claims it first."""
    if (epoch := await leases.claim_job(job.name)) is not None:
        with caused_by(new_cause()):
            await _run(job, epoch)


async def _run(job: Job, epoch: int) -> None:
    error, started = "", time.perf_counter()
    try:
        done = await _run_while_claimed(job, epoch)
    except ClaimLost:
        log.warning("job claim lost", job=job.name)
        return
    except (Busy, Unavailable) as reason:
        error = type(reason).__name__
        log.warning("job postponed", job=job.name, error=str(reason))
    except Exception as reason:
        error = repr(reason)
        log.exception("job failed", job=job.name)
    else:
        if done:
            log.info("job done", job=job.name, count=done)
    JOB_SECONDS.labels(job.name).observe(time.perf_counter() - started)
    if error:
        JOBS_FAILED.labels(job.name).inc()
    if not await leases.finish_job(job.name, epoch, job.every, error=error):
        log.warning("job claim lost at its end", job=job.name)


async def _run_while_claimed(job: Job, epoch: int) -> int:
    """Run the job, and renew the claim meanwhile. When the claim is lost, the job is cancelled and its
    transaction rolled back.

    Raises `ClaimLost`, and what the job raises.
    """
    running = asyncio.ensure_future(_run_job(job))
    try:
        while not running.done():
            await asyncio.wait({running}, timeout=leases.JOB_RENEW.total_seconds())
            if not running.done() and not await leases.renew_job(job.name, epoch):
                raise ClaimLost
        return running.result()
    finally:
        if running.cancel():
            await asyncio.gather(running, return_exceptions=True)


async def _run_job(job: Job) -> int:
    await failpoints.reach(f"job.{job.name}")
    return await job.run()
