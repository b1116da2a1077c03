"""The calendar's weeks, from Monday to Sunday in the reader's zone, and its months of whole weeks; their titles."""

import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from babel.dates import format_date, format_skeleton

from backend import clock
from backend.bookings.views import InstanceView
from backend.i18n import Voice
from backend.known_zones import reading_zone
from backend.rule_sentences import weekday_names

_SHORT_MONTH = re.compile(r"([ML])\1{2,}")
_NIGHT = timedelta(hours=12)
_NAME = re.compile(r"(\d{4})-W(\d{2})")
_MONTH = re.compile(r"(2[01]\d\d)-(0[1-9]|1[0-2])")


@dataclass(frozen=True, slots=True)
class Week:
    """One ISO week."""

    monday: date

    @property
    def name(self) -> str:
        """Its name in a URL: `2026-W48` (ISO 8601)."""
        year, number, _ = self.monday.isocalendar()
        return f"{year}-W{number:02}"

    @property
    def number(self) -> int:
        return self.monday.isocalendar().week

    @property
    def sunday(self) -> date:
        return self.monday + timedelta(days=6)

    @property
    def before(self) -> "Week":
        return Week(self.monday - timedelta(days=7))

    @property
    def after(self) -> "Week":
        return Week(self.monday + timedelta(days=7))

    @property
    def reach(self) -> tuple[datetime, datetime]:
        """The instants between which every instance starts whose local day is in this week."""
        start = datetime.combine(self.monday, time(), UTC)
        return start - timedelta(days=1), start + timedelta(days=8)

    def title(self, voice: Voice) -> str:
        """`23–29 November`; with the year when it is not this one."""
        skeleton = "MMMd" if self.sunday.year == clock.now().year else "yMMMd"
        differs = "d" if self.monday.month == self.sunday.month else "M"
        if skeleton == "yMMMd" and self.monday.year != self.sunday.year:
            differs = "y"
        # The languages' own patterns for a span of days, with the months' names written out.
        first, last = voice.locale.interval_formats[skeleton][differs]
        return "".join(
            format_date(day, _SHORT_MONTH.sub(r"\1\1\1\1", pattern), voice.locale)
            for day, pattern in ((self.monday, first), (self.sunday, last))
        )


@dataclass(frozen=True, slots=True)
class Month:
    """One month, shown in whole weeks."""

    first: date

    @property
    def name(self) -> str:
        """Its name in a URL: `2026-11`."""
        return f"{self.first:%Y-%m}"

    @property
    def before(self) -> "Month":
        return Month((self.first - timedelta(days=1)).replace(day=1))

    @property
    def after(self) -> "Month":
        return Month((self.first + timedelta(days=31)).replace(day=1))

    @property
    def days(self) -> list[date]:
        """From the Monday of its first week to the Sunday of its last."""
        last = self.after.first - timedelta(days=1)
        monday = self.first - timedelta(days=self.first.weekday())
        return [monday + timedelta(days=n) for n in range((last - monday).days + 7 - last.weekday())]

    @property
    def reach(self) -> tuple[datetime, datetime]:
        """The instants between which every instance starts whose local day is among `days`."""
        days = self.days
        start, end = (datetime.combine(day, time(), UTC) for day in (days[0], days[-1]))
        return start - timedelta(days=1), end + timedelta(days=2)

    def title(self, voice: Voice) -> str:
        """`November 2026`."""
        title = format_skeleton("yMMMM", self.first, locale=voice.locale)
        return title[:1].upper() + title[1:]


@dataclass(frozen=True, slots=True)
class Day:
    """A day of the week or of the list, with its instances."""

    on: date
    weekday: str
    title: str
    today: bool
    dates: tuple[InstanceView, ...]


def week_named(name: str, zone: str) -> Week:
    """The week with this name, else the present week in the zone."""
    found = _NAME.fullmatch(name)
    if found is not None and 2000 <= int(found[1]) < 2200:
        with suppress(ValueError):  # a year has 52 weeks or 53 (ISO 8601)
            return Week(date.fromisocalendar(int(found[1]), int(found[2]), 1))
    today = clock.now().astimezone(reading_zone(zone)).date()
    return Week(today - timedelta(days=today.weekday()))


def month_named(name: str, zone: str) -> Month:
    """The month with this name, else the present month in the zone."""
    found = _MONTH.fullmatch(name)
    if found is not None:
        return Month(date(int(found[1]), int(found[2]), 1))
    return Month(clock.now().astimezone(reading_zone(zone)).date().replace(day=1))


def local_date(view: InstanceView, zone: str) -> date:
    """The day it starts on in the zone."""
    return view.starts_at.astimezone(reading_zone(zone)).date()


def local_days(view: InstanceView, zone: str) -> list[date]:
    """The days it takes place on in the zone. What ends within twelve hours belongs to the day on which
    it starts, also when that is after midnight."""
    first = local_date(view, zone)
    if view.ends_at - view.starts_at < _NIGHT:
        return [first]
    last = (view.ends_at - timedelta(microseconds=1)).astimezone(reading_zone(zone)).date()
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def week_of(view: InstanceView, zone: str) -> Week:
    """The week it starts in, in the zone."""
    day = local_date(view, zone)
    return Week(day - timedelta(days=day.weekday()))


def days(voice: Voice, on: Sequence[date], views: Sequence[InstanceView], zone: str) -> list[Day]:
    """These days of the zone with the instances that take place on each of them."""
    names = weekday_names(voice, "abbreviated")
    today = clock.now().astimezone(reading_zone(zone)).date()
    return [
        Day(
            on=day,
            weekday=names[day.weekday()].capitalize(),
            title=format_date(day, "full", locale=voice.locale),
            today=day == today,
            dates=tuple(view for view in views if day in local_days(view, zone)),
        )
        for day in on
    ]
