"""Working out what a change would do, by doing it in a transaction that is rolled back (`docs/decisions/0049`)."""

import asyncio
from collections.abc import Awaitable, Callable

from backend import clock
from backend.consequences import queries
from backend.consequences.rules import Consequences, compare
from backend.errors import Busy, Refusal
from backend.i18n import N_
from backend.rehearsal import rehearse

# Seconds. A preview holds the locks of the change, so bookings of these instances wait for it.
HOLD_MAX = 1.0
WAIT_MAX = 1.0  # for the preview of somebody else


class TooMuchToPreview(Refusal):
    """The change reaches so much that to work it out would hold up those who book."""

    outcome = "too-much"
    message = N_("This reaches too much to show beforehand without holding up people who are booking.")


class _OneAtATime:
    """Previews of this process, one after another; after each they rest for as long as it took, so that they hold up
    bookings half of the time at most."""

    def __init__(self) -> None:
        self._lock = asyncio.Lock()
        self._rests_until = 0.0

    async def __aenter__(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(WAIT_MAX):
                await self._lock.acquire()
        except TimeoutError as error:
            raise Busy() from error
        await asyncio.sleep(max(0.0, self._rests_until - loop.time()))
        self._began = loop.time()

    async def __aexit__(self, *_: object) -> None:
        ended = asyncio.get_running_loop().time()
        self._rests_until = ended + (ended - self._began)
        self._lock.release()


_one_at_a_time = _OneAtATime()


async def consequences_of(
    act: Callable[[], Awaitable[object]], account_id: int, series_id: int | None = None
) -> Consequences:
    """What an action on a series or its instances would do; nothing is done. Without `series_id` it makes a new series.

    The caller has authorized the reader for the account. Raises what the action raises, `TooMuchToPreview`, and `Busy`
    while others hold the locks that it needs.
    """
    now = clock.now()
    found: list[Consequences] = []
    before = [] if series_id is None else await queries.snapshots(account_id, series_id, now)
    known = {one.id for one in before}

    async def collect() -> None:
        after = await queries.snapshots(account_id, series_id, now)
        written = [one.id for one in after if one.is_written or one.id not in known]
        found.append(
            compare(
                before,
                after,
                booked=await queries.booked_people(written),
                seats=await queries.seat_changes(written),
                mailings=await queries.mailings(written),
                cards=await queries.card_edits(written),
                now=now,
            )
        )

    async with _one_at_a_time:
        try:
            async with asyncio.timeout(HOLD_MAX):
                await rehearse(act, collect)
        except TimeoutError as error:
            raise TooMuchToPreview() from error
    return found[0] if found else Consequences()
