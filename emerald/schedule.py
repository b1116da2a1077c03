"""What runs when: one literal table. Whoever claims a duty's row runs it, so that any number of workers do it once."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

import structlog

from backend import failpoints, leases
from backend.announcements.actions import fan_out
from backend.bookings.actions import fill_all
from backend.bookings.attendance import complete_ended
from backend.bookings.reminders import remind_due, remind_unanswered
from backend.cards.actions import announce_due
from backend.errors import Busy, Unavailable
from backend.events.materialization import materialize_all_series
from backend.events.minimum import decide_minimum, warn_of_minimum
from backend.people.expiry import delete_expired
from backend.personal.actions import finish_erasures
from backend.polls.closing import close_due
from backend.seats.regulars import seat_regulars

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Job:
    """Something done every so often. `run` may be run twice without harm and says how much it did."""

    name: str
    every: timedelta
    run: Callable[[], Awaitable[int]]


SCHEDULE = (
    Job("make the dates of the weeks ahead", timedelta(days=1), materialize_all_series),
    Job("complete what has ended", timedelta(minutes=1), complete_ended),
    Job("announce what is near", timedelta(minutes=1), announce_due),
    Job("seat regulars", timedelta(minutes=10), seat_regulars),
    Job("fill free seats", timedelta(minutes=1), fill_all),
    Job("warn where too few come", timedelta(minutes=1), warn_of_minimum),
    Job("decide whether dates run", timedelta(minutes=1), decide_minimum),
    Job("close polls", timedelta(minutes=1), close_due),
    Job("remind who is booked", timedelta(minutes=1), remind_due),
    Job("ask who has not answered", timedelta(minutes=1), remind_unanswered),
    Job("make the messages of announcements", timedelta(seconds=2), fan_out),
    Job("forget updates and sign-ins", timedelta(hours=1), delete_expired),
    Job("finish erasing people", timedelta(hours=1), finish_erasures),
)


class ClaimLost(Exception):
    """Another worker has claimed the duty meanwhile, for this one gave no sign of life: it is theirs now."""


async def tick(duties: tuple[Job, ...] = SCHEDULE) -> None:
    """Run what is due of these, one after another. A duty that fails is tried again soon and holds up no other.

    Raises `Unavailable` only when the schedule itself cannot be read.
    """
    due = await leases.due_jobs([duty.name for duty in duties])
    for duty in duties:
        if duty.name in due and (epoch := await leases.claim_job(duty.name)) is not None:
            await _run(duty, epoch)


async def _run(duty: Job, epoch: int) -> None:
    error = ""
    try:
        done = await _while_ours(duty, epoch)
    except ClaimLost:
        log.warning("duty overtaken", duty=duty.name)
        return
    except (Busy, Unavailable) as reason:
        error = type(reason).__name__
        log.warning("duty put off", duty=duty.name, error=str(reason))
    except Exception as reason:
        error = repr(reason)
        log.exception("duty failed", duty=duty.name)
    else:
        if done:
            log.info("duty done", duty=duty.name, count=done)
    if not await leases.finish_job(duty.name, epoch, duty.every, error=error):
        log.warning("duty overtaken at its end", duty=duty.name)


async def _while_ours(duty: Job, epoch: int) -> int:
    """Run it and renew the claim meanwhile. Without a claim it is stopped: what it had begun is rolled back.

    Raises `Overtaken`, and what the duty raises.
    """
    running = asyncio.ensure_future(_begun(duty))
    try:
        while not running.done():
            await asyncio.wait({running}, timeout=leases.JOB_RENEW.total_seconds())
            if not running.done() and not await leases.renew_job(duty.name, epoch):
                raise ClaimLost
        return running.result()
    finally:
        if running.cancel():
            await asyncio.gather(running, return_exceptions=True)


async def _begun(duty: Job) -> int:
    await failpoints.reach(f"duty.{duty.name}")
    return await duty.run()
