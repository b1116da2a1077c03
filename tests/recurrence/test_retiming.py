"""Rules of series that start at another wall clock: edited (`S11`) or copied (`S9`)."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from backend.recurrence.retiming import copy_rule, retime
from backend.recurrence.rfc5545 import build_rule, format_recurrence, parse_recurrence
from backend.recurrence.rules import Freq, Recurrence, Weekday
from backend.recurrence.timing import SeriesBounds, SeriesTiming
from backend.zones import resolve_local

HELSINKI = "Europe/Helsinki"
TUESDAY = datetime(2026, 12, 1, 18)
LONG_AGO, FAR_AWAY = datetime(2000, 1, 1, tzinfo=UTC), datetime(2090, 1, 1, tzinfo=UTC)


def timing_of(rule: str, starts: datetime = TUESDAY, zone: str = HELSINKI) -> SeriesTiming:
    return SeriesTiming(starts, zone, rule, 60)


def walls(timing: SeriesTiming, limit: int = 40) -> list[datetime]:
    return [one.local for one in timing.occurrences(after=LONG_AGO, until=FAR_AWAY, limit=limit)]


def retimed(rule: str, starts: datetime, zone: str = HELSINKI) -> list[datetime]:
    return walls(timing_of(retime(timing_of(rule), starts, zone), starts, zone))


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=WEEKLY;COUNT=5\nEXDATE;TZID=Europe/Helsinki:20261215T180000",
        "FREQ=WEEKLY;COUNT=5\nEXDATE;TZID=FLE Standard Time:20261215T180000",
        "FREQ=WEEKLY;COUNT=5\nEXDATE:20261215T160000Z,20261222T180000",
        "FREQ=WEEKLY;COUNT=5\nEXDATE;VALUE=DATE:20261215",
        "FREQ=WEEKLY;UNTIL=20261222T155959Z",
        "FREQ=WEEKLY;UNTIL=20261222T160000Z",
        "FREQ=WEEKLY;UNTIL=20261222T175959",
        "FREQ=WEEKLY;UNTIL=20261222",
        "FREQ=WEEKLY;COUNT=5\nEXRULE:FREQ=WEEKLY;INTERVAL=2;UNTIL=20261215T155959Z",
        "FREQ=WEEKLY;COUNT=3\nRRULE:FREQ=MONTHLY;UNTIL=20270301T155959Z\nEXDATE:20261208T160000Z",
        "RDATE;VALUE=DATE:20261203,20261210\nEXDATE:20261210T180000",
    ],
)
@pytest.mark.parametrize(
    ("hour", "zone"), [(17, HELSINKI), (19, HELSINKI), (0, HELSINKI), (18, "Asia/Tokyo"), (9, "Pacific/Apia")]
)
def test_the_days_stay_when_the_hour_or_the_zone_changes(rule: str, hour: int, zone: str) -> None:
    """`S11`: what was left out stays left out, and the last day stays the last."""
    days = [wall.date() for wall in walls(timing_of(rule))]
    assert retimed(rule, TUESDAY.replace(hour=hour), zone) == [
        datetime.combine(day, time(hour)) for day in days
    ]


def test_what_has_an_hour_of_its_own_keeps_it() -> None:
    """`S11`: also what an EXDATE takes back of it. At the hour of the series an extra date was updated."""
    rule = (
        "FREQ=WEEKLY;COUNT=2\nRDATE:20261203T120000,20261204T120000,20261205T100000Z,20261206T160000Z\n"
        "EXDATE:20261204T100000Z,20261208T190000"
    )
    assert retimed(rule, TUESDAY.replace(hour=19)) == [
        datetime(2026, 12, 1, 19),
        datetime(2026, 12, 3, 12),
        datetime(2026, 12, 5, 12),
        datetime(2026, 12, 6, 19),
        datetime(2026, 12, 8, 19),
    ]


def test_the_second_of_a_doubled_hour_leaves_out_no_first() -> None:
    rule = "FREQ=DAILY;COUNT=3\nEXDATE:20271031T013000Z"  # 03:30 in Helsinki, for the second time
    timing = timing_of(rule, datetime(2027, 10, 30, 3, 30))
    assert [wall.day for wall in walls(timing)] == [30, 31, 1]
    again = retime(timing, datetime(2027, 10, 30, 3, 40), HELSINKI)
    assert [wall.day for wall in walls(timing_of(again, datetime(2027, 10, 30, 3, 40)))] == [30, 31, 1]


def test_the_text_stays_while_neither_hour_nor_zone_changes() -> None:
    rule = "FREQ=WEEKLY;UNTIL=20261222T155959Z\nEXDATE;TZID=Europe/Helsinki:20261215T180000"
    assert retime(timing_of(rule), datetime(2026, 12, 8, 18), HELSINKI) == rule


FAR_ENDS = ["FREQ=YEARLY;UNTIL=99991231T235959Z", "FREQ=YEARLY;UNTIL=00010101T000000Z"]


@pytest.mark.parametrize("rule", FAR_ENDS)
@pytest.mark.parametrize("zone", [HELSINKI, "America/New_York"])
def test_ends_at_the_ends_of_the_calendar_can_be_moved(rule: str, zone: str) -> None:
    timing = timing_of(rule, zone=zone)
    later = TUESDAY.replace(hour=19)
    moved = walls(timing_of(retime(timing, later, zone), later, zone))
    assert [wall.date() for wall in moved] == [wall.date() for wall in walls(timing)]
    assert walls(timing_of(copy_rule(timing, later), later, zone))[0] == later


# --- Any stored rule -------------------------------------------------------------------------------

DAYS = st.dates(date(2026, 11, 20), date(2027, 4, 30))
HOURS = st.sampled_from([time(0), time(3, 30), time(12), time(18), time(23, 59)])
ZONES = st.sampled_from([HELSINKI, "America/New_York", "Africa/Casablanca", "UTC"])


@st.composite
def timings(draw: st.DrawFn, *, ends: bool = False, plain: bool = False) -> SeriesTiming:
    """A series with one rule without hours of its own, and exceptions written in every way."""
    zone, starts = draw(ZONES), datetime.combine(draw(DAYS), draw(HOURS))
    freq = draw(
        st.sampled_from([Freq.DAILY, Freq.WEEKLY] if plain else [Freq.DAILY, Freq.WEEKLY, Freq.MONTHLY])
    )
    weekdays = () if freq is not Freq.WEEKLY else draw(st.lists(st.sampled_from(Weekday), max_size=3))
    end = draw(st.sampled_from(["count", "until"] if ends else ["count", "until", "never"]))
    until = draw(DAYS | st.builds(datetime.combine, DAYS, HOURS)) if end == "until" else None
    if isinstance(until, datetime) and draw(st.booleans()):
        until = until.replace(tzinfo=UTC)
    count = draw(st.integers(1, 20)) if end == "count" else None
    rule = build_rule(freq, draw(st.integers(1, 3)), weekdays, None, until, count)
    timing = SeriesTiming(starts, zone, rule, 60)
    dates = walls(timing, limit=12)
    left_out = [_written(draw, wall, zone) for wall in dates if draw(st.integers(0, 3)) == 0]
    if not plain:
        left_out += draw(st.lists(st.builds(datetime.combine, DAYS, HOURS), max_size=2))
    extra = [] if plain else draw(st.lists(st.builds(datetime.combine, DAYS, HOURS), max_size=2))
    recurrence = Recurrence(parse_recurrence(rule).rules, (), tuple(extra), tuple(left_out))
    return SeriesTiming(starts, zone, format_recurrence(recurrence), 60)


def _written(draw: st.DrawFn, wall: datetime, zone: str) -> date | datetime:
    kind = draw(st.sampled_from(["day", "wall", "utc"]))
    return wall.date() if kind == "day" else wall if kind == "wall" else resolve_local(wall, zone)


def dates_of_rule(timing: SeriesTiming) -> list[date]:
    """The days on which it takes place at its own hour."""
    own = {
        resolve_local(datetime.combine(one.local.date(), timing.starts_local.time()), timing.zone)
        for one in timing.occurrences(after=LONG_AGO, until=FAR_AWAY, limit=30)
    }
    found = timing.occurrences(after=LONG_AGO, until=FAR_AWAY, limit=30)
    return [one.local.date() for one in found if one.original_start in own]


@given(timings(), HOURS)
def test_another_hour_changes_no_day(timing: SeriesTiming, hour: time) -> None:
    """`S11`: for any rule, however its exceptions and its end are written."""
    starts = datetime.combine(timing.starts_local.date(), hour)
    extras = parse_recurrence(timing.rule).rdates
    assume(not any(isinstance(value, datetime) and value.time() == hour for value in extras))
    moved = SeriesTiming(starts, timing.zone, retime(timing, starts, timing.zone), 60)
    assert dates_of_rule(moved) == dates_of_rule(timing)


@given(timings())
def test_a_formatted_recurrence_is_parsed_to_the_same(timing: SeriesTiming) -> None:
    recurrence = parse_recurrence(timing.rule)
    assert parse_recurrence(format_recurrence(recurrence)) == recurrence


# --- Copies ----------------------------------------------------------------------------------------


def copied(rule: str, starts: datetime, bounds: SeriesBounds | None = None) -> list[str]:
    timing = SeriesTiming(TUESDAY, HELSINKI, rule, 60, bounds or SeriesBounds())
    copy = timing_of(copy_rule(timing, starts), starts)
    return [f"{wall:%m-%d %H}" for wall in walls(copy, limit=6)]


JANUARY = datetime(2027, 1, 5, 19)


@pytest.mark.parametrize(
    ("rule", "dates"),
    [
        ("", ["01-05 19"]),
        ("FREQ=WEEKLY;COUNT=3", ["01-05 19", "01-12 19", "01-19 19"]),
        ("FREQ=WEEKLY;UNTIL=20261215", ["01-05 19", "01-12 19", "01-19 19"]),
        ("FREQ=WEEKLY;UNTIL=20261215T160000Z", ["01-05 19", "01-12 19", "01-19 19"]),
        ("FREQ=WEEKLY;UNTIL=20261222T155959Z", ["01-05 19", "01-12 19", "01-19 19"]),
        ("FREQ=WEEKLY;COUNT=4\nEXDATE:20261215T160000Z", ["01-05 19", "01-12 19", "01-26 19"]),
        ("FREQ=WEEKLY;COUNT=2\nRDATE:20261203T120000", ["01-05 19", "01-07 12", "01-12 19"]),
        ("FREQ=WEEKLY;COUNT=2\nRDATE:20261110T180000", ["12-15 18", "01-05 19", "01-12 19"]),
        ("RDATE;VALUE=DATE:20261203", ["01-05 19", "01-07 19"]),
        ("FREQ=WEEKLY;COUNT=2\nRRULE:FREQ=MONTHLY;UNTIL=20270101", ["01-05 19", "01-12 19", "02-05 19"]),
        ("FREQ=WEEKLY;COUNT=5\nEXRULE:FREQ=WEEKLY;INTERVAL=2;UNTIL=20261215", ["01-12 19", "01-26 19", "02-02 19"]),
    ],
)  # fmt: skip
def test_a_copy_of_a_course_has_as_many_dates(rule: str, dates: list[str]) -> None:
    """`S9`: with the same numbers left out."""
    assert copied(rule, JANUARY) == dates


def test_a_copy_of_a_half_of_a_split_course_has_the_dates_of_that_half() -> None:
    """`S4`, `S9`."""
    split = resolve_local(datetime(2026, 12, 15, 18), HELSINKI)
    rule = "FREQ=WEEKLY;COUNT=5\nEXDATE:20261222T180000"
    assert copied(rule, JANUARY, SeriesBounds(before=split)) == ["01-05 19", "01-12 19"]
    assert copied(rule, JANUARY, SeriesBounds(since=split)) == ["01-05 19", "01-19 19"]
    assert copied("FREQ=WEEKLY", JANUARY, SeriesBounds(before=split)) == ["01-05 19", "01-12 19"]


def test_a_copy_of_a_series_without_an_end_leaves_out_the_same_days() -> None:
    rule = "FREQ=WEEKLY\nEXDATE:20270112T160000Z\nRDATE:20261203T120000,20270107T120000"
    assert copied(rule, JANUARY)[:4] == ["01-05 19", "01-07 12", "01-19 19", "01-26 19"]


@given(timings(ends=True, plain=True), st.integers(1, 60), HOURS)
def test_any_copy_of_a_course_has_as_many_dates(timing: SeriesTiming, weeks: int, hour: time) -> None:
    """`S9`."""
    starts = datetime.combine(timing.starts_local.date(), hour) + timedelta(weeks=weeks)
    copy = SeriesTiming(starts, timing.zone, copy_rule(timing, starts), 60)
    assert _count(copy) == _count(timing)


def _count(timing: SeriesTiming) -> int:
    found: Sequence[object] = timing.occurrences(after=LONG_AGO, until=FAR_AWAY, limit=4000)
    return len(found)
