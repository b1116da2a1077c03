"""How screens follow changes: each asks every few seconds whether what it shows is still fresh.

A screen carries the etag of the rows it was made from, and the instant at which the clock alone may change
it: an offer expires, a window opens, a day ends. It sends both back as `seen`. While the etag is the same and
the instant ahead, the answer is 204 and costs one query of a few index reads. Otherwise the whole screen is
sent again and morphed into place, so that focus and typed text stay.
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


def seen_token(etag: str, person: Person, changes_at: Iterable[datetime], zones: Iterable[str]) -> str:
    """What a screen sends back: its etag, and until when it is fresh (`next_change`)."""
    return token(etag, next_change(person, changes_at, zones))


def token(etag: str, until: datetime) -> str:
    """The same of a screen that is fresh until then."""
    return f"{etag}-{int(until.timestamp() * 1000):x}"


def next_change(person: Person, changes_at: Iterable[datetime], zones: Iterable[str]) -> datetime:
    """When the clock alone may next change what this reader sees: the first of `changes_at` to come, or the next midnight
    in one of `zones` or where the reader is."""
    now = clock.now()
    midnights = (next_time_of_day(now, zone, MIDNIGHT) for zone in {person.zone or "UTC", *zones})
    return min(moment for moment in (*changes_at, *midnights) if moment > now)


def is_fresh(seen: str, etag: str) -> bool:
    """Whether the token a screen sent back has this etag, and its instant is still ahead."""
    seen_etag, _, until = seen.partition("-")
    if not etag or seen_etag != etag:
        return False
    try:
        return clock.now().timestamp() * 1000 < int(until, 16)
    except ValueError:
        return False
