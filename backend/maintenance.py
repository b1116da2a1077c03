"""Announced maintenance: from a moment to another every door answers politely and changes nothing, in all processes.

One row of the database says so. Each process reads it every few seconds, and goes on by what it read last while
the database is away, which it may well be during maintenance. When the time is over, everything is open again
by itself.
"""

import asyncio
import time
from dataclasses import dataclass
from datetime import datetime, timedelta

from piccolo.columns import Integer, Text, Timestamptz
from piccolo.table import Table

from backend import clock, db, failpoints
from backend.engine import DB
from backend.errors import Busy, Invalid, Unavailable
from backend.i18n import N_, Voice, Words
from backend.typed_text import clean_line

READ_EVERY = 3.0  # seconds
READ_TIMEOUT = 1.0  # seconds
LONGEST = timedelta(days=2)
MESSAGE_MAX = 200  # characters


class Maintenance(Table, tablename="maintenance", db=DB):
    """The only row of its table: the last maintenance, past, present or to come."""

    id = Integer(primary_key=True, default=1)
    starts_at = Timestamptz(default=None)
    ends_at = Timestamptz(default=None)
    message = Text(default="")


@dataclass(frozen=True, slots=True)
class Window:
    """A maintenance. `message` is the operator's own sentence, or ""."""

    starts_at: datetime
    ends_at: datetime
    message: str

    @property
    def is_on(self) -> bool:
        """Whether it is on now."""
        return self.starts_at <= clock.now() < self.ends_at


class UnderMaintenance(Unavailable):
    """Every door is closed for `seconds` more. The same request, or update, may come again then."""

    outcome = "maintenance"

    def __init__(self, window: Window) -> None:
        super().__init__("maintenance")
        self.message = window.message
        self.seconds = max(1, int((window.ends_at - clock.now()).total_seconds()) + 1)

    def sentence(self, voice: Voice) -> str:
        """What a person reads, with the operator's own sentence after it."""
        minutes = -(-self.seconds // 60)
        words = Words(
            N_("Emerald is being maintained and is back in about %(n)s minute. Nothing is lost."),
            {"n": minutes},
            plural=N_("Emerald is being maintained and is back in about %(n)s minutes. Nothing is lost."),
            n=minutes,
        )
        return f"{voice.translate(words)} {self.message}".rstrip()


@dataclass(slots=True)
class _Known:
    """What this process knows, and when it reads again."""

    window: Window | None = None
    next_read: float = 0.0


_known = _Known()


async def check_open() -> None:
    """Raise `UnderMaintenance` while maintenance is on. Reads the database at most every `READ_EVERY`
    seconds."""
    if time.monotonic() >= _known.next_read:
        # Before the reading: whoever comes meanwhile goes on by what is known.
        _known.next_read = time.monotonic() + READ_EVERY
        try:
            async with asyncio.timeout(READ_TIMEOUT):
                _known.window = await window()
        except (Unavailable, Busy, TimeoutError):
            pass  # the database is away: what was read last still counts
    known = _known.window
    if known is not None and known.is_on and not failpoints.on("maintenance.ignored"):
        raise UnderMaintenance(known)


async def is_on() -> bool:
    """Whether maintenance is on."""
    try:
        await check_open()
    except UnderMaintenance:
        return True
    return False


def forget() -> None:
    """Read the row again at the next question."""
    _known.window, _known.next_read = None, 0.0


async def window() -> Window | None:
    """The maintenance that is on or to come, else None. Raises `Unavailable`, `Busy`."""
    row = await db.row("SELECT starts_at, ends_at, message FROM maintenance WHERE ends_at > $1", clock.now())
    return Window(**dict(row)) if row is not None else None


SET = """
INSERT INTO maintenance (id, starts_at, ends_at, message) VALUES (1, $1, $2, $3)
ON CONFLICT ON CONSTRAINT maintenance_pkey DO UPDATE SET starts_at = $1, ends_at = $2, message = $3
"""


async def plan(starts_at: datetime, ends_at: datetime, message: str) -> Window:
    """Begin maintenance, or plan it. There is one at a time: the last word counts. Raises `Invalid`."""
    message = clean_line(message)
    if ends_at <= max(starts_at, clock.now()):
        raise Invalid(N_("The end must be after the start, and in the future."), field="until")
    if ends_at - starts_at > LONGEST:
        raise Invalid(N_("Maintenance takes two days at most."), field="until")
    if len(message) > MESSAGE_MAX:
        raise Invalid(N_("That is too long: %(most)s characters at most."), field="message", most=MESSAGE_MAX)
    await db.execute_single(SET, starts_at, ends_at, message)
    forget()
    return Window(starts_at, ends_at, message)


async def end() -> bool:
    """End maintenance, or drop the planned one. Whether there was one."""
    now = clock.now()
    ended = await db.execute_single(
        "UPDATE maintenance SET ends_at = $1, starts_at = least(starts_at, $1) WHERE ends_at > $1 RETURNING true",
        now,
    )
    forget()
    return bool(ended)
