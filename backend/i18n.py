"""Sentences, dates and times in the reader's language: gettext catalogues
(`locales/<language>/LC_MESSAGES/emerald.po`) and Babel.

The keys are the English sentences of the source (decision 0005). The `.po` files are compiled in memory, so
what is in git is what people read. A new language is one new file.
"""

import gettext
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import cache, lru_cache
from io import BytesIO
from pathlib import Path

from babel import Locale
from babel.dates import format_date, format_datetime, format_skeleton, format_time
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from backend import clock
from backend.known_zones import reading_zone

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
    """How one reader is addressed: their language, and their time zone when it is known."""

    language: str = DEFAULT
    zone: str | None = None

    @property
    def locale(self) -> Locale:
        return _locale(self.language)

    def gettext(self, message: str, /, **values: object) -> str:
        """The translation of a sentence, with its named values filled in."""
        sentence = catalogue(self.language).gettext(message) if message else ""
        return sentence % self._format_values(values) if values else sentence

    def ngettext(self, singular: str, plural: str, n: int, /, **values: object) -> str:
        """The translation of a sentence in the plural form for `n`; `%(n)s` is the number."""
        sentence = catalogue(self.language).ngettext(singular, plural, n)
        return sentence % self._format_values({"n": n, **values})

    def translate(self, words: Words) -> str:
        """The translation of the words of an outcome or a refusal."""
        voice = Voice(self.language, words.zone or self.zone)
        if words.plural:
            return voice.ngettext(words.message, words.plural, words.n, **words.values)
        return voice.gettext(words.message, **words.values)

    def _format_values(self, values: Mapping[str, object]) -> dict[str, object]:
        return {name: self._format_value(value) for name, value in values.items()}

    def _format_value(self, value: object) -> object:
        if isinstance(value, datetime):
            return self.moment(value, self.zone or "UTC")
        return self.ordinal(value.n) if isinstance(value, Ordinal) else value

    # --- times; every `at` is an aware instant, every `zone` an IANA name ---

    def hour(self, at: datetime, zone: str) -> str:
        """`18:00`, in Finnish `18.00`."""
        local = at.astimezone(reading_zone(zone))
        return _hour(self.language, local.hour, local.minute)

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
        day = self.near_day(at, zone)
        hour = self.hour(at, zone)
        if day == 0:
            return self.gettext(N_("today at %(hour)s"), hour=hour)
        if day == 1:
            return self.gettext(N_("tomorrow at %(hour)s"), hour=hour)
        return self.gettext(N_("%(date)s at %(hour)s"), date=self.date(at, zone), hour=hour)

    def until(self, at: datetime, zone: str) -> str:
        """`14:32` today, else with its day: `tomorrow at 08:20`."""
        return self.moment(at, zone) if self.near_day(at, zone) else self.hour(at, zone)

    def span(self, starts_at: datetime, ends_at: datetime, zone: str) -> str:
        """`Tue 24 Nov, 18:00–19:15`, with the date of the end when that is another day."""
        start, end = (t.astimezone(reading_zone(zone)) for t in (starts_at, ends_at))
        hours, last = self.hour(starts_at, zone), self.hour(ends_at, zone)
        if start.date() == end.date() or end - start < _NIGHT:
            return self._when(starts_at, zone, f"{hours}–{last}")
        return f"{self._when(starts_at, zone, hours)} – {self._when(ends_at, zone, last)}"

    def _when(self, at: datetime, zone: str, hours: str) -> str:
        return self.gettext(N_("%(date)s, %(hours)s"), date=self.date(at, zone), hours=hours)

    def stamp(self, at: datetime, zone: str) -> str:
        """Date and time in figures, for tables and logs that people read."""
        return format_datetime(at, "short", tzinfo=reading_zone(zone), locale=self.locale)

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
