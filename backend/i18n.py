"""Sentences, dates and times in the reader's language: gettext catalogues
(`locales/<language>/LC_MESSAGES/emerald.po`) and Babel.

The keys are the English sentences of the source (decision 0005). The `.po` files are compiled in memory, so
what is in git is what people read. A new language is one new file.
"""

import gettext
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from functools import cache, lru_cache
from io import BytesIO
from pathlib import Path

from babel import Locale
from babel.dates import (
    format_date,
    format_skeleton,
    format_time,
    get_timezone_location,
)
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from backend import clock
from backend.known_zones import reading_zone
from backend.typed_text import isolate_once

CATALOGUES = Path(__file__).resolve().parent.parent / "locales"
# British English has a 24-hour clock and the day before the month, as most clubs write.
LOCALES = {"en": "en_GB", "fi": "fi_FI", "ru": "ru_RU"}
DEFAULT = "en"
_FULL_DATES = {"en": "EEEE d MMMM", "fi": "cccc d. MMMM", "ru": "EEEE, d MMMM"}
# What ends within this time, though after midnight, is shown as one evening.
_NIGHT = timedelta(hours=12)


def N_(message: str) -> str:  # noqa: N802
    """Mark a sentence for the catalogues. It is translated later, when its reader is known."""
    return message


@cache
def languages() -> tuple[str, ...]:
    """The languages that have a catalogue, English first."""
    found = sorted(p.parent.parent.name for p in CATALOGUES.glob("*/LC_MESSAGES/emerald.po"))
    return (DEFAULT, *(code for code in found if code != DEFAULT))


def nearest(code: str | None) -> str:
    """The language with a catalogue for an IETF tag such as `fi` or `pt-br`; English when there is none."""
    short = (code or "").replace("_", "-").split("-")[0].lower()
    return short if short in languages() else DEFAULT


@cache
def catalogue(language: str) -> gettext.NullTranslations:
    """The compiled catalogue of one language. English needs none: its sentences are the keys."""
    path = CATALOGUES / language / "LC_MESSAGES" / "emerald.po"
    if not path.is_file():
        return gettext.NullTranslations()
    compiled = BytesIO()
    with path.open("rb") as source:
        write_mo(compiled, read_po(source, locale=language))
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


# A screen shows a hundred times and dates, most of them the same few, so each is formatted once.


@cache
def _locale(language: str) -> Locale:
    return Locale.parse(LOCALES.get(language, language))


@lru_cache(4096)
def _hour(language: str, hour: int, minute: int) -> str:
    return format_time(time(hour, minute), "short", locale=_locale(language))


@lru_cache(4096)
def _date(language: str, skeleton: str, day: date) -> str:
    at = datetime.combine(day, time())
    text = format_skeleton(skeleton, at, locale=_locale(language)).replace("\u202f", " ")
    # British English puts a comma before the month only where a year follows, and lists show both.
    return text.replace(",", "") if language == DEFAULT else text


@lru_cache(4096)
def _full_date(language: str, day: date) -> str:
    return format_date(day, _FULL_DATES.get(language, "EEEE, d MMMM"), locale=_locale(language))


@lru_cache(1024)
def _city(language: str, zone: str) -> str:
    place = get_timezone_location(reading_zone(zone), locale=_locale(language), return_city=True)
    return place.rpartition("/")[2]  # CLDR has no name for `Argentina/Buenos Aires`


@dataclass(frozen=True, slots=True)
class Ordinal:
    """A number that a sentence shows as an ordinal."""

    n: int


@dataclass(frozen=True, slots=True)
class Words:
    """A sentence before translation: its key, the key of its plural when the number `n` chooses the form, and
    its values.

    Values are text, numbers or aware datetimes; `zone` is the zone in which those times are shown.
    """

    message: str
    values: Mapping[str, object] = field(default_factory=dict)
    plural: str = ""
    n: int = 0
    zone: str | None = None


@dataclass(frozen=True, slots=True)
class Voice:
    """How one reader is addressed: their language, and their time zone when it is known.

    A time of another zone's clock is followed by that zone's city (`S3`). A reader whose zone is unknown reads
    bare times.
    """

    language: str = DEFAULT
    zone: str | None = None

    @property
    def locale(self) -> Locale:
        return _locale(self.language)

    def or_zone(self, zone: str) -> "Voice":
        """The same voice; a reader whose zone is unknown counts as being in this one."""
        return self if self.zone else replace(self, zone=zone)

    def gettext(self, message: str, /, **values: object) -> str:
        """The translation of a sentence, with its named values filled in."""
        sentence = catalogue(self.language).gettext(message) if message else ""
        return sentence % self._format_values(values, self.zone) if values else sentence

    def ngettext(self, singular: str, plural: str, n: int, /, **values: object) -> str:
        """The translation of a sentence in the plural form for `n`; `%(n)s` is the number."""
        sentence = catalogue(self.language).ngettext(singular, plural, n)
        return sentence % self._format_values({"n": n, **values}, self.zone)

    def translate(self, words: Words) -> str:
        """The translation of the words of an outcome or a refusal."""
        values = self._format_values(words.values, words.zone or self.zone)
        if words.plural:
            return self.ngettext(words.message, words.plural, words.n, **values)
        return self.gettext(words.message, **values)

    def _format_values(self, values: Mapping[str, object], zone: str | None) -> dict[str, object]:
        return {name: self._format_value(value, zone or "UTC") for name, value in values.items()}

    def _format_value(self, value: object, zone: str) -> object:
        if isinstance(value, datetime):
            return self.moment(value, zone)
        if isinstance(value, str):
            return isolate_once(value)
        return self.ordinal(value.n) if isinstance(value, Ordinal) else value

    # --- times; every `at` is an aware instant, every `zone` an IANA name ---

    def hour(self, at: datetime, zone: str) -> str:
        """`18:00`, in Finnish `18.00`; `18:00 (London)` where the reader's clock shows another time."""
        return self._with_city(self.bare_hour(at, zone), at, zone)

    def bare_hour(self, at: datetime, zone: str) -> str:
        """`18:00`: beside another time that names the zone."""
        local = at.astimezone(reading_zone(zone))
        return _hour(self.language, local.hour, local.minute)

    def hour_of_day(self, at: datetime, zone: str) -> str:
        """The hour in a list under the reader's days: with its date, where that is another one in the zone."""
        return self._with_other_date(self.hour(at, zone), at, zone)

    def hours_of_day(self, starts_at: datetime, ends_at: datetime, zone: str) -> str:
        """`18:00–19:15`, in such a list."""
        return self._with_other_date(self.hours(starts_at, ends_at, zone), starts_at, zone)

    def _with_other_date(self, hours: str, at: datetime, zone: str) -> str:
        if (
            self.zone is None
            or at.astimezone(reading_zone(zone)).date() == at.astimezone(reading_zone(self.zone)).date()
        ):
            return hours
        return self._when(at, zone, hours)

    def is_elsewhere(self, at: datetime, zone: str) -> bool:
        """Whether the reader's clock shows another time at that instant than one in the zone (`S3`)."""
        if self.zone is None:
            return False
        return (
            at.astimezone(reading_zone(zone)).utcoffset()
            != at.astimezone(reading_zone(self.zone)).utcoffset()
        )

    def city(self, zone: str) -> str:
        """The city that stands for the zone: `London`, in Finnish `Lontoo`."""
        return _city(self.language, zone)

    def _with_city(self, hours: str, at: datetime, zone: str) -> str:
        if not self.is_elsewhere(at, zone):
            return hours
        return self.gettext(N_("%(hours)s (%(city)s)"), hours=hours, city=self.city(zone))

    def date(self, at: datetime, zone: str) -> str:
        """`Tue 24 Nov`; with the year when it is not this one."""
        local = at.astimezone(reading_zone(zone))
        this_year = local.year == clock.now().astimezone(reading_zone(zone)).year
        return _date(self.language, "MMMEd" if this_year else "yMMMEd", local.date())

    def full_date(self, at: datetime, zone: str) -> str:
        """`Tuesday 24 November`."""
        return _full_date(self.language, at.astimezone(reading_zone(zone)).date())

    def month(self, at: datetime, zone: str) -> str:
        """`November 2026`."""
        return _date(self.language, "yMMMM", at.astimezone(reading_zone(zone)).date())

    def moment(self, at: datetime, zone: str) -> str:
        """`today at 18:00`, `tomorrow at 18:00`, else `Tue 24 Nov at 18:00`."""
        return _moment(self, at, zone, clock.now().replace(second=0, microsecond=0))

    def until(self, at: datetime, zone: str) -> str:
        """`14:32` today, else with its day: `tomorrow at 08:20`."""
        return self.hour(at, zone) if self._shared_day(at, zone) == 0 else self.moment(at, zone)

    def _shared_day(self, at: datetime, zone: str) -> int | None:
        """How many days from today, where that is the same in the zone and for the reader, else None: no word
        such as "today" then means the same day to both."""
        day = self.near_day(at, zone)
        return day if self.zone is None or self.near_day(at, self.zone) == day else None

    def span(self, starts_at: datetime, ends_at: datetime, zone: str) -> str:
        """`Tue 24 Nov, 18:00–19:15`, with the date of the end when that is another day."""
        start, end = (t.astimezone(reading_zone(zone)) for t in (starts_at, ends_at))
        if start.date() == end.date() or end - start < _NIGHT:
            return self._when(starts_at, zone, self.hours(starts_at, ends_at, zone))
        first, last = self.bare_hour(starts_at, zone), self.hour(ends_at, zone)
        return f"{self._when(starts_at, zone, first)} – {self._when(ends_at, zone, last)}"

    def hours(self, starts_at: datetime, ends_at: datetime, zone: str) -> str:
        """`18:00–19:15`."""
        return f"{self.bare_hour(starts_at, zone)}–{self.hour(ends_at, zone)}"

    def _when(self, at: datetime, zone: str, hours: str) -> str:
        return self.gettext(N_("%(date)s, %(hours)s"), date=self.date(at, zone), hours=hours)

    def day(self, at: datetime, zone: str) -> str:
        """`Today`, `Tomorrow`, else `Tue 24 Nov`."""
        near = self._shared_day(at, zone)
        return self.day_name(at, zone) if near in (0, 1) else self.date(at, zone)

    def day_name(self, at: datetime, zone: str) -> str:
        """`Today`, `Tomorrow` or the full date: the heading of a day in a list."""
        near = self.near_day(at, zone)
        if near == 0:
            return self.gettext(N_("Today"))
        return self.gettext(N_("Tomorrow")) if near == 1 else self.full_date(at, zone)

    def near_day(self, at: datetime, zone: str) -> int:
        """How many calendar days in that zone from today: 0 today, 1 tomorrow, -1 yesterday."""
        here = reading_zone(zone)
        return (at.astimezone(here).date() - clock.now().astimezone(here).date()).days

    def ordinal(self, n: int) -> str:
        """An ordinal: English `3rd`, Finnish `3.`, Russian `3-й`."""
        if self.language == "en":
            tail = "th" if 10 <= n % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(n % 10, "th")
            return f"{n}{tail}"
        return f"{n}-й" if self.language == "ru" else f"{n}."


# Those who book at the same time are answered with the same moment. What is "today" changes with the minute.
@lru_cache(4096)
def _moment(voice: Voice, at: datetime, zone: str, minute: datetime) -> str:
    day = voice._shared_day(at, zone)
    hour = voice.hour(at, zone)
    if day == 0:
        return voice.gettext(N_("today at %(hour)s"), hour=hour)
    if day == 1:
        return voice.gettext(N_("tomorrow at %(hour)s"), hour=hour)
    return voice.gettext(N_("%(date)s at %(hour)s"), date=voice.date(at, zone), hour=hour)
