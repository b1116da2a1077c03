"""What runs when: one literal table. Whoever moves a duty's row on runs it, so that any number of workers do it once."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

import structlog

from backend.bookings.actions import fill_all
from backend.bookings.series import decide_minimum, warn_of_minimum
from backend.cards.actions import announce_due
from backend.errors import Busy, Unavailable
from backend.events.actions import complete_ended, materialise_all
from backend.messages import leases
from backend.people.updates import forget
from backend.polls.actions import close_due

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Duty:
    """Something done every so often. `run` may be run twice without harm and says how much it did."""

    name: str
    every: timedelta
    run: Callable[[], Awaitable[int]]


SCHEDULE = (
    Duty("make the dates of the weeks ahead", timedelta(days=1), materialise_all),
    Duty("complete what has ended", timedelta(minutes=1), complete_ended),
    Duty("announce what is near", timedelta(minutes=1), announce_due),
    Duty("fill free seats", timedelta(minutes=1), fill_all),
    Duty("warn where too few come", timedelta(minutes=1), warn_of_minimum),
    Duty("decide whether dates run", timedelta(minutes=1), decide_minimum),
    Duty("close polls", timedelta(minutes=1), close_due),
    Duty("forget updates and sign-ins", timedelta(hours=1), forget),
)


async def tick(duties: tuple[Duty, ...] = SCHEDULE) -> None:
    """Run what is due, one after another. A duty that fails is tried again soon and holds up no other.

    Raises `Unavailable` only when the schedule itself cannot be read.
    """
    for duty in duties:
        if not await leases.claim_duty(duty.name):
            continue
        error = ""
        try:
            done = await duty.run()
        except (Busy, Unavailable) as reason:
            error = type(reason).__name__
            log.warning("duty put off", duty=duty.name, error=str(reason))
        except Exception as reason:
            error = repr(reason)
            log.exception("duty failed", duty=duty.name)
        else:
            if done:
                log.info("duty done", duty=duty.name, count=done)
        await leases.end_duty(duty.name, duty.every, error=error)
