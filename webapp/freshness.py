"""How screens follow what others do: each asks every few seconds whether what it shows is still so.

A screen carries the mark of the rows it was made from and the moment at which the clock alone may change it: an offer that
expires, a window that opens, a day that ends. Both are sent back as `seen`; while the moment is ahead and the mark is the same, the answer is 204
and costs one query of a few index reads; else the whole screen comes again and is morphed into place, so that focus and
what is typed stay.
"""

import hashlib
from collections.abc import Iterable
from datetime import datetime, time

from backend import clock
from backend.people.queries import Person
from backend.zones import next_time_of_day

MIDNIGHT = time()


def etag_of(*made_from: object) -> str:
    """A short text that changes whenever any of these does: frozen records, texts, numbers, instants."""
    return hashlib.blake2b(repr(made_from).encode(), digest_size=9).hexdigest()


def seen_token(mark: str, person: Person, turns: Iterable[datetime], zones: Iterable[str]) -> str:
    """What a screen sends back: its mark, and until when it holds, which is the next of `turns`, or the next midnight
    where its dates or the reader are."""
    now = clock.now()
    midnights = (next_time_of_day(now, zone, MIDNIGHT) for zone in {person.zone or "UTC", *zones})
    until = min(moment for moment in (*turns, *midnights) if moment > now)
    return f"{mark}-{int(until.timestamp() * 1000):x}"


def is_fresh(seen: str, mark: str) -> bool:
    """Whether what a screen sent back holds: its mark is this one, and its moment has not come."""
    was, _, until = seen.partition("-")
    if not mark or was != mark:
        return False
    try:
        return clock.now().timestamp() * 1000 < int(until, 16)
    except ValueError:
        return False
