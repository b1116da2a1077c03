"""Random series expanded in two other ways: by a calendar library, and by RFC 5545 day by day (`S1` to `S3`).

The library (`recurring-ical-events`) reads a whole calendar, zones included, but expands a rule with dateutil
as Emerald does. The expansion day by day shares no code with it.
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

from backend.recurrence.faults import InvalidRecurrence, RecurrenceFault
from backend.recurrence.occurrences import occurrences
from backend.recurrence.rfc5545 import parse_recurrence

WEEKDAYS = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]
LONG_AGO = datetime(1950, 1, 1, tzinfo=UTC)
# How many days of a series are compared: some dozens of its occurrences.
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
class DrawnRule:
    """One rule as its parts: the values as drawn, before any parsing."""

    freq: str
    interval: int = 1
    by: dict[str, list[int]] = field(default_factory=dict)
    by_day: list[tuple[int, str]] = field(default_factory=list)
    week_start: str = "MO"
    count: int | None = None
    until: date | datetime | None = None

    def text(self) -> str:
        """The rule as RFC 5545 text."""
        parts = [f"FREQ={self.freq}", f"INTERVAL={self.interval}", f"WKST={self.week_start}"]
        parts += [f"{name}={','.join(map(str, values))}" for name, values in self.by.items()]
        if self.by_day:
            parts.append("BYDAY=" + ",".join(f"{n or ''}{day}" for n, day in self.by_day))
        if self.count is not None:
            parts.append(f"COUNT={self.count}")
        if self.until is not None:
            parts.append(f"UNTIL={to_rfc_text(self.until)}")
        return ";".join(parts)


def to_rfc_text(value: date | datetime) -> str:
    """A date, a wall clock or (in UTC) an instant as RFC 5545 text."""
    if not isinstance(value, datetime):
        return value.strftime("%Y%m%d")
    return value.strftime("%Y%m%dT%H%M%S") + ("Z" if value.tzinfo else "")


@dataclass
class DrawnSeries:
    """A start and the recurrence drawn for it."""

    zone: str
    starts: datetime
    rules: list[DrawnRule]
    exrules: list[DrawnRule] = field(default_factory=list)
    rdates: list[datetime] = field(default_factory=list)
    exdates: list[date | datetime] = field(default_factory=list)

    def text(self) -> str:
        """The recurrence as RFC 5545 text."""
        lines = [f"RRULE:{rule.text()}" for rule in self.rules]
        lines += [f"EXRULE:{rule.text()}" for rule in self.exrules]
        lines += [f"RDATE:{to_rfc_text(value)}" for value in self.rdates]
        for value in self.exdates:
            params = "" if isinstance(value, datetime) else ";VALUE=DATE"
            lines.append(f"EXDATE{params}:{to_rfc_text(value)}")
        return "\n".join(lines)

    @property
    def until(self) -> datetime:
        """The end of the span that is compared."""
        span = max(SPANS[rule.freq] for rule in self.rules) if self.rules else 100
        return self.starts.replace(tzinfo=UTC) + timedelta(days=span)


def our_instants(series: DrawnSeries) -> list[datetime]:
    """The instants of `occurrences`, which are ascending and distinct, each with the right wall clock."""
    result = occurrences(
        series.starts,
        series.zone,
        parse_recurrence(series.text()),
        after=LONG_AGO,
        until=series.until,
        limit=10_000,
    )
    instants = [occurrence.original_start for occurrence in result]
    assert instants == sorted(set(instants))
    zone = ZoneInfo(series.zone)
    assert [at.astimezone(zone).replace(tzinfo=None, fold=0) for at in instants] == [
        occurrence.local for occurrence in result
    ]
    return instants


# --- Drawing series ------------------------------------------------------------------------------


def distinct_numbers(
    low: int, high: int, *, signed: bool = False, most: int = 4
) -> st.SearchStrategy[list[int]]:
    """A few distinct numbers; negative ones too when signed."""
    numbers = st.integers(low, high)
    if signed:
        numbers |= st.integers(-high, -low)
    return st.lists(numbers, min_size=1, max_size=most, unique=True)


def draw_days(draw: st.DrawFn, rule: DrawnRule, kind: str, *, plain: bool) -> None:
    """Draw BYDAY: weekdays alone, or with ordinals in the month or year."""
    plain_days = st.lists(st.sampled_from(WEEKDAYS), min_size=1, max_size=4, unique=True).map(
        lambda names: [(0, name) for name in names]
    )
    if "days" in kind or kind == "weeks":
        rule.by_day = draw(plain_days)
    if "nth" in kind:
        most = 53 if kind == "nth" and rule.freq == "YEARLY" else 5
        nth = distinct_numbers(1, most, signed=True, most=2)
        rule.by_day = [(n, draw(st.sampled_from(WEEKDAYS))) for n in draw(nth)]
        if not plain and draw(st.booleans()):
            rule.by_day += [(0, draw(st.sampled_from(WEEKDAYS)))]


def draw_numbers(draw: st.DrawFn, rule: DrawnRule, kind: str, *, plain: bool) -> None:
    """Draw the parts of a rule that are lists of numbers, and those that depend on weeks."""
    if "BYMONTHDAY" in kind:
        rule.by["BYMONTHDAY"] = draw(distinct_numbers(1, 31, signed=True))
    if "BYMONTH" in kind.split() or (kind and draw(st.integers(0, 9)) == 0):
        rule.by["BYMONTH"] = draw(distinct_numbers(1, 12))
    if kind == "BYYEARDAY":
        rule.by["BYYEARDAY"] = draw(distinct_numbers(1, 366, signed=True))
    if kind == "weeks":
        rule.by["BYWEEKNO"] = draw(st.lists(st.integers(1, 53) | st.just(-1), min_size=1, max_size=3))
        if not plain and draw(st.booleans()):
            rule.by_day = []
    elif rule.freq == "WEEKLY":
        rule.week_start = draw(st.sampled_from(["MO", "SU", "WE"]))
    if kind == "BYHOUR" or draw(st.integers(0, 9)) == 0:
        rule.by["BYHOUR"] = draw(st.lists(st.integers(0, 4), min_size=1, max_size=3, unique=True))
    if kind == "BYMINUTE":
        rule.by["BYMINUTE"] = draw(st.sampled_from([[0], [15, 45], [10, 35], [0, 30]]))


@st.composite
def drawn_rules(draw: st.DrawFn, starts: datetime, *, plain: bool = False) -> DrawnRule:
    """A rule; with `plain` only what the calendar library expands as RFC 5545 says."""
    rule = DrawnRule(draw(st.sampled_from(list(SPANS))), draw(st.sampled_from([1, 1, 1, 2, 3])))
    kinds: dict[str, list[str]] = {
        "DAILY": ["", "days", "BYMONTHDAY", "BYHOUR", "BYMINUTE"],
        "WEEKLY": ["", "days", "days", "days"],
        "MONTHLY": ["", "days", "nth", "nth", "BYMONTHDAY"],
        "YEARLY": ["", "nth", "BYMONTH", "BYMONTHDAY", "BYYEARDAY", "weeks", "BYMONTH nth"],
    }
    kind = draw(st.sampled_from(kinds[rule.freq]))
    draw_days(draw, rule, kind, plain=plain)
    draw_numbers(draw, rule, kind, plain=plain)
    if (rule.by or rule.by_day) and not (plain and rule.freq == "WEEKLY") and draw(st.booleans()):
        rule.by["BYSETPOS"] = draw(distinct_numbers(1, 4, signed=True, most=2))
    if draw(st.integers(0, 2)) == 0:
        end = starts + timedelta(days=draw(st.integers(2 if plain else -3, 90)), minutes=15)
        until_forms = [end.replace(tzinfo=UTC), end, end.date()]
        rule.until = until_forms[0] if plain else draw(st.sampled_from(until_forms))
    elif not plain and draw(st.booleans()):
        rule.count = draw(st.integers(1, 12))
    return rule


@st.composite
def series(draw: st.DrawFn, *, plain: bool = False) -> DrawnSeries:
    """A series that starts at most three weeks before the clocks change in its zone."""
    zone = draw(st.sampled_from(list(CHANGES)))
    change = draw(st.sampled_from(CHANGES[zone]))
    day = change - timedelta(days=draw(st.integers(0, 21)))
    starts = datetime.combine(day, draw(st.sampled_from(TIMES)))
    drawn = DrawnSeries(
        zone, starts, draw(st.lists(drawn_rules(starts, plain=plain), min_size=1, max_size=2))
    )
    if not plain and draw(st.booleans()):
        drawn.exrules = [draw(drawn_rules(starts))]
    wall_clocks_nearby = st.builds(
        datetime.combine,
        st.integers(0, 40).map(lambda days: day + timedelta(days=days)),
        st.just(starts.time()) | st.sampled_from(TIMES),
    ).filter(lambda wall: wall >= starts + timedelta(days=1))
    # Not for the library, which confuses instants: see test_agrees_with_a_calendar_library.
    values = wall_clocks_nearby if plain else wall_clocks_nearby | wall_clocks_nearby.map(in_utc)
    drawn.rdates = draw(st.lists(values, max_size=3))
    drawn.exdates = draw(st.lists(values | wall_clocks_nearby.map(datetime.date), max_size=4))
    drawn.exdates += draw(st.sampled_from([[], [], [starts]]))
    return drawn


def in_utc(wall: datetime) -> datetime:
    """The instant at which a clock in UTC shows this."""
    return wall.replace(tzinfo=UTC)


def is_accepted(drawn: DrawnSeries) -> bool:
    """Whether Emerald accepts it. The only reason to refuse a drawn series is that a rule never matches."""
    try:
        parse_recurrence(drawn.text())
    except InvalidRecurrence as refused:
        if refused.fault is not RecurrenceFault.NEVER:
            raise
        return False
    return True


# --- The calendar library -----------------------------------------------------------------------


def library_instants(drawn: DrawnSeries) -> list[datetime]:
    """The instants at which a calendar that uses the library shows the event."""
    text = drawn.text().replace("DATE:2", f"DATE;TZID={drawn.zone}:2")
    text = text.replace(f"VALUE=DATE;TZID={drawn.zone}", "VALUE=DATE")
    event = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Emerald//tests//EN",
        "BEGIN:VEVENT",
        "UID:1",
        f"DTSTART;TZID={drawn.zone}:{to_rfc_text(drawn.starts)}",
        "DURATION:PT1M",
        *text.splitlines(),
        "END:VEVENT",
        "END:VCALENDAR",
    ]
    calendar = icalendar.Calendar.from_ical("\r\n".join(event) + "\r\n")
    since = drawn.starts.replace(tzinfo=UTC) - timedelta(days=2)
    candidates = recurring_ical_events.of(calendar).between(since, drawn.until + timedelta(days=1))
    # Two occurrences that a gap moves onto each other are one (S2): a set.
    instants = {event.start.astimezone(UTC) for event in candidates}
    return sorted(at for at in instants if at <= drawn.until)


def clock_readings(instant: datetime, tz: ZoneInfo) -> set[datetime]:
    """What clocks in UTC and in the zone show at an instant."""
    return {instant.replace(tzinfo=None), instant.astimezone(tz).replace(tzinfo=None)}


@settings(max_examples=150, deadline=None)
@given(series(plain=True).filter(is_accepted))
def test_agrees_with_a_calendar_library(drawn: DrawnSeries) -> None:
    """`S1` to `S3`, but for COUNT and EXRULE, which the library expands differently or not at all.

    A time in a gap needs no exception: the library also moves it forward, where RFC 5545 drops it. But it
    compares EXDATE with the clock readings in the zone and in UTC alike, so that 01:30 in Helsinki also
    excludes 04:30, which is 01:30 in UTC. Such series are not compared.
    """
    tz = ZoneInfo(drawn.zone)
    excluded = [
        value.replace(tzinfo=tz).astimezone(UTC) for value in drawn.exdates if isinstance(value, datetime)
    ]
    assume(
        not any(
            at != excluded_instant and clock_readings(at, tz) & clock_readings(excluded_instant, tz)
            for at in our_instants(replace(drawn, exdates=[]))
            for excluded_instant in excluded
        )
    )
    assert our_instants(drawn) == library_instants(drawn), drawn.text()


# --- RFC 5545, day by day -----------------------------------------------------------------------


def resolve_independently(wall: datetime, zone: str) -> datetime:
    """`S3` without PEP 495: the first instant at which clocks show it, or else after the gap."""
    tz = ZoneInfo(zone)

    def offset(at: datetime) -> timedelta:
        return at.replace(tzinfo=UTC).astimezone(tz).replace(tzinfo=UTC) - at.replace(tzinfo=UTC)

    # The offsets in force half a day before and after, as if the wall clock were in UTC.
    before, after = (offset(wall + timedelta(hours=h) - offset(wall)) for h in (-12, 12))
    candidates = [wall - by for by in (before, after) if offset(wall - by) == by]
    return (min(candidates) if candidates else wall - before).replace(tzinfo=UTC)


def period_number(rule: DrawnRule, day: date, first: date) -> int:
    """The number, from 0, of the day, week, month or year of the series that contains a day."""
    if rule.freq == "DAILY":
        return (day - first).days
    if rule.freq == "WEEKLY":
        start = WEEKDAYS.index(rule.week_start)
        monday = first - timedelta(days=(first.weekday() - start) % 7)
        return (day - monday).days // 7
    years = day.year - first.year
    return years if rule.freq == "YEARLY" else years * 12 + day.month - first.month


def matches_in_year(by: dict[str, list[int]], day: date) -> bool:
    """Whether the rule contains the number of a day, and of its week, in the year."""
    if "BYYEARDAY" in by:
        year_day, length = day.timetuple().tm_yday, date(day.year, 12, 31).timetuple().tm_yday
        if not {year_day, year_day - length - 1} & set(by["BYYEARDAY"]):
            return False
    if "BYWEEKNO" in by:
        year, week, _ = day.isocalendar()
        weeks = date(year, 12, 28).isocalendar().week
        # A rule counts in calendar years, which also contain the last week of the previous ISO year.
        if not {week, week - weeks - 1} & set(by["BYWEEKNO"]):
            return False
    return True


def matches(rule: DrawnRule, day: date, first: date) -> bool:
    """Whether a day matches the rule, INTERVAL and BYSETPOS aside."""
    by, days, tomorrow = rule.by, rule.by_day, timedelta(days=1)
    month_days, months = by.get("BYMONTHDAY"), by.get("BYMONTH")
    if not (days or month_days or "BYYEARDAY" in by):
        if rule.freq == "WEEKLY" or "BYWEEKNO" in by:
            days = [(0, WEEKDAYS[first.weekday()])]
        elif rule.freq in ("MONTHLY", "YEARLY"):
            month_days = [first.day]
            if rule.freq == "YEARLY" and not months:
                months = [first.month]
    in_month = (day.replace(day=28) + timedelta(days=4)).replace(day=1) - tomorrow
    in_year = date(day.year, 12, 31)
    if months and day.month not in months:
        return False
    if month_days and not {day.day, day.day - in_month.day - 1} & set(month_days):
        return False
    if not matches_in_year(by, day):
        return False
    year_day = day.timetuple().tm_yday
    if not days:
        return True
    if rule.freq == "YEARLY" and not months:
        nth, nth_last = (year_day - 1) // 7 + 1, -((in_year - day).days // 7 + 1)
    else:
        nth, nth_last = (day.day - 1) // 7 + 1, -((in_month - day).days // 7 + 1)
    name = WEEKDAYS[day.weekday()]
    return any(name == wanted_name and n in (0, nth, nth_last) for n, wanted_name in days)


def day_by_day(rule: DrawnRule, starts: datetime, until: date) -> Iterator[datetime]:
    """The wall clocks of a rule, COUNT and UNTIL aside: each day is compared with the rule."""
    first = starts.date()
    # BYSETPOS counts within whole periods, the first one included.
    beginning = first - timedelta(days=first.timetuple().tm_yday + 6)
    all_days = [beginning + timedelta(days=n) for n in range((until - beginning).days + 370)]
    times = [
        time(hour, minute)
        for hour, minute in product(
            sorted(rule.by.get("BYHOUR", [starts.hour])),
            sorted(rule.by.get("BYMINUTE", [starts.minute])),
        )
    ]
    for number, days in groupby(all_days, key=lambda day: period_number(rule, day, first)):
        if number < 0 or number % rule.interval:
            continue
        walls = [datetime.combine(day, at) for day in days if matches(rule, day, first) for at in times]
        if "BYSETPOS" in rule.by:
            positions = {n - 1 if n > 0 else len(walls) + n for n in rule.by["BYSETPOS"]}
            walls = [wall for index, wall in enumerate(walls) if index in positions]
        yield from (wall for wall in walls if wall >= starts)


def apply_count_and_until(
    rule: DrawnRule, walls: Iterable[datetime], starts: datetime, zone: str, *, counted: bool
) -> Iterator[datetime]:
    """What COUNT and UNTIL leave; with `counted` the start is the first even if it does not match."""
    counted_so_far = int(counted)
    for wall in walls:
        counted_so_far += not (counted and wall == starts)
        if rule.count is not None and counted_so_far > rule.count:
            return
        if isinstance(rule.until, datetime):
            at = resolve_independently(wall, zone) if rule.until.tzinfo else wall
            if at > rule.until:
                return
        elif rule.until is not None and wall.date() > rule.until:
            return
        yield wall


def rfc_instants(drawn: DrawnSeries) -> list[datetime]:
    """The instants of a series as RFC 5545 and `S3` define them."""
    zone, starts, until = drawn.zone, drawn.starts, drawn.until.date()

    def instant(value: datetime) -> datetime:
        return value if value.tzinfo else resolve_independently(value, zone)

    def instants_of(rule: DrawnRule, *, counted: bool) -> set[datetime]:
        walls = day_by_day(rule, starts, until)
        return {instant(w) for w in apply_count_and_until(rule, walls, starts, zone, counted=counted)}

    result = {instant(starts), *map(instant, drawn.rdates)}
    for rule in drawn.rules:
        result |= instants_of(rule, counted=True)
    for rule in drawn.exrules:
        result -= instants_of(rule, counted=False)
    result -= {instant(value) for value in drawn.exdates if isinstance(value, datetime)}
    days = {value for value in drawn.exdates if not isinstance(value, datetime)}
    tz = ZoneInfo(zone)
    return sorted(
        at for at in result if instant(starts) <= at <= drawn.until and at.astimezone(tz).date() not in days
    )


@settings(max_examples=200, deadline=None)
@given(series().filter(is_accepted))
def test_agrees_with_the_rfc_applied_day_by_day(drawn: DrawnSeries) -> None:
    """`S1` to `S3`, with everything a recurrence can contain."""
    assert our_instants(drawn) == rfc_instants(drawn), drawn.text()


@settings(max_examples=100, deadline=None)
@given(series().filter(is_accepted), st.data())
def test_gives_the_same_occurrences_in_pieces_as_at_once(drawn: DrawnSeries, data: st.DataObject) -> None:
    """`S2`: neither the limits of a span nor the number asked for changes an occurrence."""
    all_instants = our_instants(drawn)
    first, last = LONG_AGO, drawn.until
    cut = data.draw(st.datetimes(drawn.starts, last.replace(tzinfo=None)), "cut").replace(tzinfo=UTC)
    limit = data.draw(st.integers(1, 8), "limit")
    recurrence = parse_recurrence(drawn.text())

    def between(after: datetime, until: datetime, limit: int = 10_000) -> list[datetime]:
        result = occurrences(drawn.starts, drawn.zone, recurrence, after=after, until=until, limit=limit)
        return [occurrence.original_start for occurrence in result]

    assert between(first, cut) + between(cut, last) == all_instants
    assert between(first, last, limit) == all_instants[:limit]
    assert between(cut, last, limit) == [at for at in all_instants if at > cut][:limit]
