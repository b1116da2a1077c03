"""Any series read again by others: a calendar library, and RFC 5545 day by day (`S1` to `S3`).

The library (`recurring-ical-events`) reads a whole calendar, zones included, but expands a rule
with the same dateutil as we do; the reading day by day shares nothing with us.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import groupby, product
from zoneinfo import ZoneInfo

import icalendar
import recurring_ical_events
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from backend.events.occurrences import occurrences
from backend.events.rfc5545 import InvalidRecurrence, RecurrenceFault, parse_recurrence

WEEKDAYS = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]
LONG_AGO = datetime(1950, 1, 1, tzinfo=UTC)
# How many days of a series are looked at: some dozens of its dates.
SPANS = {"DAILY": 100, "WEEKLY": 250, "MONTHLY": 900, "YEARLY": 2600}
# The days on which the clocks change, forward and back, in each zone.
CHANGES = {
    "Europe/Helsinki": [date(2026, 3, 29), date(2026, 10, 25), date(2028, 3, 26)],
    "America/New_York": [date(2026, 3, 8), date(2026, 11, 1), date(2028, 11, 5)],
    "Australia/Lord_Howe": [date(2026, 4, 5), date(2026, 10, 4), date(2028, 4, 2)],
}
# Times around which the clocks change there, and an evening.
TIMES = [time(1, 30), time(1, 45), time(2), time(2, 15), time(3), time(3, 30), time(18)]


@dataclass
class Line:
    """One rule as its parts: the values drawn, not our reading of them."""

    freq: str
    interval: int = 1
    by: dict[str, list[int]] = field(default_factory=dict)
    by_day: list[tuple[int, str]] = field(default_factory=list)
    week_start: str = "MO"
    count: int | None = None
    until: date | datetime | None = None

    def text(self) -> str:
        """The rule in RFC 5545."""
        parts = [f"FREQ={self.freq}", f"INTERVAL={self.interval}", f"WKST={self.week_start}"]
        parts += [f"{name}={','.join(map(str, values))}" for name, values in self.by.items()]
        if self.by_day:
            parts.append("BYDAY=" + ",".join(f"{n or ''}{day}" for n, day in self.by_day))
        if self.count is not None:
            parts.append(f"COUNT={self.count}")
        if self.until is not None:
            parts.append(f"UNTIL={written(self.until)}")
        return ";".join(parts)


def written(moment: date | datetime) -> str:
    """A date, a wall clock or (in UTC) an instant in RFC 5545."""
    if not isinstance(moment, datetime):
        return moment.strftime("%Y%m%d")
    return moment.strftime("%Y%m%dT%H%M%S") + ("Z" if moment.tzinfo else "")


@dataclass
class Series:
    """A start and what is drawn to repeat it."""

    zone: str
    starts: datetime
    rules: list[Line]
    exrules: list[Line] = field(default_factory=list)
    rdates: list[datetime] = field(default_factory=list)
    exdates: list[date | datetime] = field(default_factory=list)

    def text(self) -> str:
        """The recurrence in RFC 5545."""
        lines = [f"RRULE:{rule.text()}" for rule in self.rules]
        lines += [f"EXRULE:{rule.text()}" for rule in self.exrules]
        lines += [f"RDATE:{written(moment)}" for moment in self.rdates]
        for moment in self.exdates:
            kind = "" if isinstance(moment, datetime) else ";VALUE=DATE"
            lines.append(f"EXDATE{kind}:{written(moment)}")
        return "\n".join(lines)

    @property
    def until(self) -> datetime:
        """The end of the span that is compared."""
        span = max(SPANS[rule.freq] for rule in self.rules) if self.rules else 100
        return self.starts.replace(tzinfo=UTC) + timedelta(days=span)


def ours(series: Series) -> list[datetime]:
    """The instants we give; ascending and distinct, and each shown by its own wall clock."""
    found = occurrences(
        series.starts,
        series.zone,
        parse_recurrence(series.text()),
        after=LONG_AGO,
        until=series.until,
        limit=10_000,
    )
    instants = [occurrence.original_start for occurrence in found]
    assert instants == sorted(set(instants))
    zone = ZoneInfo(series.zone)
    assert [at.astimezone(zone).replace(tzinfo=None, fold=0) for at in instants] == [
        occurrence.local for occurrence in found
    ]
    return instants


# --- What is drawn ------------------------------------------------------------------------------


def some(low: int, high: int, *, signed: bool = False, most: int = 4) -> st.SearchStrategy[list[int]]:
    """A few distinct numbers, from the end too when signed."""
    numbers = st.integers(low, high)
    if signed:
        numbers |= st.integers(-high, -low)
    return st.lists(numbers, min_size=1, max_size=most, unique=True)


def draw_days(draw: st.DrawFn, line: Line, chosen: str, *, plain: bool) -> None:
    """BYDAY of a rule: by name alone, or by number in the month or year."""
    plain_days = st.lists(st.sampled_from(WEEKDAYS), min_size=1, max_size=4, unique=True).map(
        lambda names: [(0, name) for name in names]
    )
    if "days" in chosen or chosen == "weeks":
        line.by_day = draw(plain_days)
    if "nth" in chosen:
        most = 53 if chosen == "nth" and line.freq == "YEARLY" else 5
        nth = some(1, most, signed=True, most=2)
        line.by_day = [(n, draw(st.sampled_from(WEEKDAYS))) for n in draw(nth)]
        if not plain and draw(st.booleans()):
            line.by_day += [(0, draw(st.sampled_from(WEEKDAYS)))]


def draw_numbers(draw: st.DrawFn, line: Line, chosen: str, *, plain: bool) -> None:
    """The parts of a rule that are lists of numbers, and what goes with weeks."""
    if "BYMONTHDAY" in chosen:
        line.by["BYMONTHDAY"] = draw(some(1, 31, signed=True))
    if "BYMONTH" in chosen.split() or (chosen and draw(st.integers(0, 9)) == 0):
        line.by["BYMONTH"] = draw(some(1, 12))
    if chosen == "BYYEARDAY":
        line.by["BYYEARDAY"] = draw(some(1, 366, signed=True))
    if chosen == "weeks":
        line.by["BYWEEKNO"] = draw(st.lists(st.integers(1, 53) | st.just(-1), min_size=1, max_size=3))
        if not plain and draw(st.booleans()):
            line.by_day = []
    elif line.freq == "WEEKLY":
        line.week_start = draw(st.sampled_from(["MO", "SU", "WE"]))
    if chosen == "BYHOUR" or draw(st.integers(0, 9)) == 0:
        line.by["BYHOUR"] = draw(st.lists(st.integers(0, 4), min_size=1, max_size=3, unique=True))
    if chosen == "BYMINUTE":
        line.by["BYMINUTE"] = draw(st.sampled_from([[0], [15, 45], [10, 35], [0, 30]]))


@st.composite
def lines(draw: st.DrawFn, starts: datetime, *, plain: bool = False) -> Line:
    """A rule; `plain` keeps to what the calendar library reads as RFC 5545 does."""
    line = Line(draw(st.sampled_from(list(SPANS))), draw(st.sampled_from([1, 1, 1, 2, 3])))
    parts: dict[str, list[str]] = {
        "DAILY": ["", "days", "BYMONTHDAY", "BYHOUR", "BYMINUTE"],
        "WEEKLY": ["", "days", "days", "days"],
        "MONTHLY": ["", "days", "nth", "nth", "BYMONTHDAY"],
        "YEARLY": ["", "nth", "BYMONTH", "BYMONTHDAY", "BYYEARDAY", "weeks", "BYMONTH nth"],
    }
    chosen = draw(st.sampled_from(parts[line.freq]))
    draw_days(draw, line, chosen, plain=plain)
    draw_numbers(draw, line, chosen, plain=plain)
    if (line.by or line.by_day) and not (plain and line.freq == "WEEKLY") and draw(st.booleans()):
        line.by["BYSETPOS"] = draw(some(1, 4, signed=True, most=2))
    if draw(st.integers(0, 2)) == 0:
        ends = starts + timedelta(days=draw(st.integers(2 if plain else -3, 90)), minutes=15)
        forms = [ends.replace(tzinfo=UTC), ends, ends.date()]
        line.until = forms[0] if plain else draw(st.sampled_from(forms))
    elif not plain and draw(st.booleans()):
        line.count = draw(st.integers(1, 12))
    return line


@st.composite
def series(draw: st.DrawFn, *, plain: bool = False) -> Series:
    """A series that starts within three weeks before the clocks change where it is."""
    zone = draw(st.sampled_from(list(CHANGES)))
    change = draw(st.sampled_from(CHANGES[zone]))
    day = change - timedelta(days=draw(st.integers(0, 21)))
    starts = datetime.combine(day, draw(st.sampled_from(TIMES)))
    drawn = Series(zone, starts, draw(st.lists(lines(starts, plain=plain), min_size=1, max_size=2)))
    if not plain and draw(st.booleans()):
        drawn.exrules = [draw(lines(starts))]
    near = st.builds(
        datetime.combine,
        st.integers(0, 40).map(lambda days: day + timedelta(days=days)),
        st.just(starts.time()) | st.sampled_from(TIMES),
    ).filter(lambda wall: wall >= starts + timedelta(days=1))
    # Instants are for the other reading: see test_agrees_with_a_calendar_library.
    moments = near if plain else near | near.map(in_utc)
    drawn.rdates = draw(st.lists(moments, max_size=3))
    drawn.exdates = draw(st.lists(moments | near.map(datetime.date), max_size=4))
    drawn.exdates += draw(st.sampled_from([[], [], [starts]]))
    return drawn


def in_utc(wall: datetime) -> datetime:
    """The same figures as an instant."""
    return wall.replace(tzinfo=UTC)


def is_taken(drawn: Series) -> bool:
    """Whether we take it; what is refused is refused for never happening."""
    try:
        parse_recurrence(drawn.text())
    except InvalidRecurrence as refused:
        if refused.fault is not RecurrenceFault.NEVER:
            raise
        return False
    return True


# --- The calendar library -----------------------------------------------------------------------


def by_the_library(drawn: Series) -> list[datetime]:
    """The instants at which a calendar program that uses the library shows the event."""
    text = drawn.text().replace("DATE:2", f"DATE;TZID={drawn.zone}:2")
    text = text.replace(f"VALUE=DATE;TZID={drawn.zone}", "VALUE=DATE")
    event = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Emerald//tests//EN",
        "BEGIN:VEVENT",
        "UID:1",
        f"DTSTART;TZID={drawn.zone}:{written(drawn.starts)}",
        "DURATION:PT1M",
        *text.splitlines(),
        "END:VEVENT",
        "END:VCALENDAR",
    ]
    calendar = icalendar.Calendar.from_ical("\r\n".join(event) + "\r\n")
    since = drawn.starts.replace(tzinfo=UTC) - timedelta(days=2)
    shown = recurring_ical_events.of(calendar).between(since, drawn.until + timedelta(days=1))
    # Two dates that a gap moves onto each other are one to us (S2): a set.
    instants = {event.start.astimezone(UTC) for event in shown}
    return sorted(at for at in instants if at <= drawn.until)


def figures(instant: datetime, place: ZoneInfo) -> set[datetime]:
    """What the clocks in UTC and in the zone show at an instant."""
    return {instant.replace(tzinfo=None), instant.astimezone(place).replace(tzinfo=None)}


@settings(max_examples=150, deadline=None)
@given(series(plain=True).filter(is_taken))
def test_agrees_with_a_calendar_library(drawn: Series) -> None:
    """`S1` to `S3`. COUNT and EXRULE, which the library reads otherwise or not at all, are below.

    A time in a gap needs no allowance: the library, too, moves it forward instead of dropping it
    as RFC 5545 has it. But it compares EXDATE by the figures of the clock there and in UTC alike,
    so that 01:30 in Helsinki also leaves out 04:30, which is 01:30 in UTC: it is not asked that.
    """
    place = ZoneInfo(drawn.zone)
    left_out = [
        moment.replace(tzinfo=place).astimezone(UTC)
        for moment in drawn.exdates
        if isinstance(moment, datetime)
    ]
    assume(
        not any(
            at != out and figures(at, place) & figures(out, place)
            for at in ours(replace(drawn, exdates=[]))
            for out in left_out
        )
    )
    assert ours(drawn) == by_the_library(drawn), drawn.text()


# --- RFC 5545, day by day -----------------------------------------------------------------------


def instant_of(wall: datetime, zone: str) -> datetime:
    """`S3` without PEP 495: the first instant the wall clock shows it, else past the gap."""
    place = ZoneInfo(zone)

    def offset(at: datetime) -> timedelta:
        return at.replace(tzinfo=UTC).astimezone(place).replace(tzinfo=UTC) - at.replace(tzinfo=UTC)

    # The offsets in force half a day before and after, as if the wall clock were in UTC.
    before, after = (offset(wall + timedelta(hours=h) - offset(wall)) for h in (-12, 12))
    shown = [wall - by for by in (before, after) if offset(wall - by) == by]
    return (min(shown) if shown else wall - before).replace(tzinfo=UTC)


def period(line: Line, day: date, first: date) -> int:
    """Which day, week, month or year of the series a day is in, from 0."""
    if line.freq == "DAILY":
        return (day - first).days
    if line.freq == "WEEKLY":
        start = WEEKDAYS.index(line.week_start)
        monday = first - timedelta(days=(first.weekday() - start) % 7)
        return (day - monday).days // 7
    years = day.year - first.year
    return years if line.freq == "YEARLY" else years * 12 + day.month - first.month


def fits_in_year(by: dict[str, list[int]], day: date) -> bool:
    """Whether a day's number and week in its year are ones that the rule names."""
    if "BYYEARDAY" in by:
        year_day, length = day.timetuple().tm_yday, date(day.year, 12, 31).timetuple().tm_yday
        if not {year_day, year_day - length - 1} & set(by["BYYEARDAY"]):
            return False
    if "BYWEEKNO" in by:
        year, week, _ = day.isocalendar()
        weeks = date(year, 12, 28).isocalendar().week
        # A rule's year is the calendar's: the last week of the ISO year before is in it as well.
        if not {week, week - weeks - 1} & set(by["BYWEEKNO"]):
            return False
    return True


def fits(line: Line, day: date, first: date) -> bool:
    """Whether a day is one the rule names, its interval and BYSETPOS aside."""
    by, days, tomorrow = line.by, line.by_day, timedelta(days=1)
    month_days, months = by.get("BYMONTHDAY"), by.get("BYMONTH")
    if not (days or month_days or "BYYEARDAY" in by):
        if line.freq == "WEEKLY" or "BYWEEKNO" in by:
            days = [(0, WEEKDAYS[first.weekday()])]
        elif line.freq in ("MONTHLY", "YEARLY"):
            month_days = [first.day]
            if line.freq == "YEARLY" and not months:
                months = [first.month]
    in_month = (day.replace(day=28) + timedelta(days=4)).replace(day=1) - tomorrow
    in_year = date(day.year, 12, 31)
    if months and day.month not in months:
        return False
    if month_days and not {day.day, day.day - in_month.day - 1} & set(month_days):
        return False
    if not fits_in_year(by, day):
        return False
    year_day = day.timetuple().tm_yday
    if not days:
        return True
    if line.freq == "YEARLY" and not months:
        nth, nth_last = (year_day - 1) // 7 + 1, -((in_year - day).days // 7 + 1)
    else:
        nth, nth_last = (day.day - 1) // 7 + 1, -((in_month - day).days // 7 + 1)
    name = WEEKDAYS[day.weekday()]
    return any(name == named and n in (0, nth, nth_last) for n, named in days)


def day_by_day(line: Line, starts: datetime, until: date) -> Iterator[datetime]:
    """The wall clocks of a rule, COUNT and UNTIL aside: every day is asked whether it fits."""
    first = starts.date()
    # BYSETPOS counts in whole periods, the first one from its beginning.
    beginning = first - timedelta(days=first.timetuple().tm_yday + 6)
    every = [beginning + timedelta(days=n) for n in range((until - beginning).days + 370)]
    times = [
        time(hour, minute)
        for hour, minute in product(
            sorted(line.by.get("BYHOUR", [starts.hour])),
            sorted(line.by.get("BYMINUTE", [starts.minute])),
        )
    ]
    for number, days in groupby(every, key=lambda day: period(line, day, first)):
        if number < 0 or number % line.interval:
            continue
        walls = [datetime.combine(day, at) for day in days if fits(line, day, first) for at in times]
        if "BYSETPOS" in line.by:
            places = {n - 1 if n > 0 else len(walls) + n for n in line.by["BYSETPOS"]}
            walls = [wall for place, wall in enumerate(walls) if place in places]
        yield from (wall for wall in walls if wall >= starts)


def ended(
    line: Line, walls: Iterable[datetime], starts: datetime, zone: str, *, counted: bool
) -> Iterator[datetime]:
    """What COUNT and UNTIL leave; `counted` says that the start is the first, fit or not."""
    number = int(counted)
    for wall in walls:
        number += not (counted and wall == starts)
        if line.count is not None and number > line.count:
            return
        if isinstance(line.until, datetime):
            at = instant_of(wall, zone) if line.until.tzinfo else wall
            if at > line.until:
                return
        elif line.until is not None and wall.date() > line.until:
            return
        yield wall


def by_hand(drawn: Series) -> list[datetime]:
    """The instants of a series as RFC 5545 and `S3` have them."""
    zone, starts, until = drawn.zone, drawn.starts, drawn.until.date()

    def instant(moment: datetime) -> datetime:
        return moment if moment.tzinfo else instant_of(moment, zone)

    def of(rule: Line, *, counted: bool) -> set[datetime]:
        walls = day_by_day(rule, starts, until)
        return {instant(w) for w in ended(rule, walls, starts, zone, counted=counted)}

    found = {instant(starts), *map(instant, drawn.rdates)}
    for rule in drawn.rules:
        found |= of(rule, counted=True)
    for rule in drawn.exrules:
        found -= of(rule, counted=False)
    found -= {instant(moment) for moment in drawn.exdates if isinstance(moment, datetime)}
    days = {moment for moment in drawn.exdates if not isinstance(moment, datetime)}
    place = ZoneInfo(zone)
    return sorted(
        at for at in found if instant(starts) <= at <= drawn.until and at.astimezone(place).date() not in days
    )


@settings(max_examples=200, deadline=None)
@given(series().filter(is_taken))
def test_agrees_with_the_rfc_taken_day_by_day(drawn: Series) -> None:
    """`S1` to `S3`, with everything a recurrence can say."""
    assert ours(drawn) == by_hand(drawn), drawn.text()


@settings(max_examples=100, deadline=None)
@given(series().filter(is_taken), st.data())
def test_gives_the_same_dates_in_pieces_as_in_one(drawn: Series, data: st.DataObject) -> None:
    """`S2`: where a span begins, where it ends and how many are asked for changes no date."""
    whole = ours(drawn)
    first, last = LONG_AGO, drawn.until
    cut = data.draw(st.datetimes(drawn.starts, last.replace(tzinfo=None)), "cut").replace(tzinfo=UTC)
    limit = data.draw(st.integers(1, 8), "limit")
    read = parse_recurrence(drawn.text())

    def between(after: datetime, until: datetime, limit: int = 10_000) -> list[datetime]:
        found = occurrences(drawn.starts, drawn.zone, read, after=after, until=until, limit=limit)
        return [occurrence.original_start for occurrence in found]

    assert between(first, cut) + between(cut, last) == whole
    assert between(first, last, limit) == whole[:limit]
    assert between(cut, last, limit) == [at for at in whole if at > cut][:limit]
