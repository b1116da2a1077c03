"""The zones in which stored times are read.

Names are checked at every door (`backend.zones.zone_names`). One that was stored all the same, by an older
version or before newer zone data dropped it, stops nobody's reading: it counts as none.
"""

from zoneinfo import ZoneInfo

from backend.zones import zone_names

FALLBACK = "UTC"


def first_known(*names: str | None) -> str:
    """The first of these names that is an IANA zone; UTC when none is."""
    known = zone_names()
    for name in names:
        if name in known and name:
            return name
    return FALLBACK


def known_or_none(name: str | None) -> str | None:
    """The name when it is an IANA zone, else None."""
    return name if name in zone_names() else None


def reading_zone(name: str) -> ZoneInfo:
    """The zone of this name, or UTC when there is none."""
    return ZoneInfo(first_known(name))
