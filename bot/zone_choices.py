"""The time zones that the bot offers on buttons, and its first guess where somebody is."""

from babel.core import get_global

from backend import clock
from backend.known_zones import reading_zone

# From west to east; any other zone can be typed, or chosen in the dashboard.
OFFERED_ZONES = (
    "America/Los_Angeles", "America/Denver", "America/Chicago", "America/New_York", "America/Sao_Paulo",
    "Atlantic/Reykjavik", "Europe/London", "Europe/Lisbon", "Europe/Stockholm", "Europe/Berlin",
    "Europe/Paris", "Europe/Madrid", "Europe/Helsinki", "Europe/Tallinn", "Europe/Kyiv",
    "Europe/Istanbul", "Europe/Moscow", "Asia/Tbilisi", "Asia/Yekaterinburg", "Asia/Almaty",
    "Asia/Kolkata", "Asia/Bangkok", "Asia/Shanghai", "Asia/Tokyo", "Australia/Sydney", "Pacific/Auckland",
)  # fmt: skip
_MAX_NEAREST = 6
# English by itself says nothing of a country: Unicode's likely one is the USA. London is in the middle.
_ENGLISH = "Europe/London"


def nearest_zones(zone: str) -> list[str]:
    """The zone itself, then the offered zones whose present offset from UTC is nearest to its."""

    def distance(other: str) -> tuple[float, int]:
        now = clock.now()
        offset, other_offset = (now.astimezone(reading_zone(name)).utcoffset() for name in (zone, other))
        assert offset is not None
        assert other_offset is not None
        return abs((other_offset - offset).total_seconds()), OFFERED_ZONES.index(other)

    others = sorted((name for name in OFFERED_ZONES if name != zone), key=distance)
    return [zone, *others][:_MAX_NEAREST]


def guess_zone(language_tag: str | None) -> str:
    """The offered zone of the country of an IETF language tag, such as `fi` or `pt-br`; of its likely country
    (Unicode's `likelySubtags`) when it names none."""
    language, _, rest = (language_tag or "").replace("_", "-").partition("-")
    country = rest.rpartition("-")[2].upper()
    if len(country) != 2 and language.lower() != "en":  # `zh-hans` names a script
        country = get_global("likely_subtags").get(language.lower(), "").rpartition("_")[2]
    countries = get_global("zone_territories")
    return next((zone for zone in OFFERED_ZONES if country and countries.get(zone) == country), _ENGLISH)
