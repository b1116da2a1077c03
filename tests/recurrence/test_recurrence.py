"""The occurrences of a series: hand-written examples of `S1` and `S3`, and the examples of RFC 5545."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise, takewhile
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from backend.recurrence.expansion import wall_times
from backend.recurrence.faults import InvalidRecurrence
from backend.recurrence.occurrences import occurrences
from backend.recurrence.rfc5545 import parse_recurrence
from backend.recurrence.rules import Freq, Rule, Weekday, WeekdayNum
from backend.recurrence.steps import Steps
from backend.zones import UnknownZone, find_clock_change, resolve_local

HELSINKI, NEW_YORK, LORD_HOWE = "Europe/Helsinki", "America/New_York", "Australia/Lord_Howe"
LONG_AGO, FAR_AWAY = datetime(1950, 1, 1, tzinfo=UTC), datetime(2500, 1, 1, tzinfo=UTC)


def walls(text: str, starts: datetime, zone: str = HELSINKI, limit: int = 6) -> list[datetime]:
    """The wall clocks of the first occurrences of a series."""
    series = parse_recurrence(text)
    result = occurrences(starts, zone, series, after=LONG_AGO, until=FAR_AWAY, limit=limit)
    return [occurrence.local for occurrence in result]


def days(text: str, starts: datetime, zone: str = HELSINKI, limit: int = 6) -> list[str]:
    """The days of the first occurrences of a series, all of them at the time of its start."""
    result = walls(text, starts, zone, limit)
    assert {wall.time() for wall in result} <= {starts.time()}
    return [wall.date().isoformat() for wall in result]


@pytest.mark.parametrize(
    ("zone", "starts", "offsets"),
    [
        (HELSINKI, datetime(2026, 3, 22, 18), [2, 3, 3]),
        (HELSINKI, datetime(2026, 10, 18, 18), [3, 2, 2]),
        (NEW_YORK, datetime(2026, 3, 1, 18), [-5, -4, -4]),
        (NEW_YORK, datetime(2026, 10, 25, 18), [-4, -5, -5]),
        (LORD_HOWE, datetime(2026, 9, 27, 18), [10.5, 11, 11]),
        (LORD_HOWE, datetime(2026, 3, 29, 18), [11, 10.5, 10.5]),
    ],
)
def test_keeps_the_wall_clock_across_a_dst_change(zone: str, starts: datetime, offsets: list[float]) -> None:
    """`S3`: 18:00 stays 18:00."""
    weekly = parse_recurrence("FREQ=WEEKLY")
    result = occurrences(starts, zone, weekly, after=LONG_AGO, until=FAR_AWAY, limit=3)
    assert [occurrence.local for occurrence in result] == [starts + timedelta(weeks=n) for n in range(3)]
    assert [occurrence.utc_offset for occurrence in result] == [timedelta(hours=hours) for hours in offsets]
    assert [occurrence.original_start for occurrence in result] == [
        (occurrence.local - occurrence.utc_offset).replace(tzinfo=UTC) for occurrence in result
    ]


@pytest.mark.parametrize(
    ("zone", "local", "moved", "gap"),
    [
        (HELSINKI, datetime(2026, 3, 29, 3, 30), datetime(2026, 3, 29, 4, 30), 60),
        (HELSINKI, datetime(2026, 3, 29, 3, 0), datetime(2026, 3, 29, 4, 0), 60),
        (NEW_YORK, datetime(2026, 3, 8, 2, 30), datetime(2026, 3, 8, 3, 30), 60),
        (LORD_HOWE, datetime(2026, 10, 4, 2, 15), datetime(2026, 10, 4, 2, 45), 30),
    ],
)
def test_moves_a_time_that_does_not_exist_forward_by_the_gap(
    zone: str, local: datetime, moved: datetime, gap: int
) -> None:
    """`S3`; `find_clock_change` explains it to the organiser."""
    [occurrence_of_the_change] = [
        occurrence
        for occurrence in occurrences(
            local - timedelta(days=7),
            zone,
            parse_recurrence("FREQ=DAILY;COUNT=15"),
            after=LONG_AGO,
            until=FAR_AWAY,
            limit=99,
        )
        if occurrence.local.date() == local.date()
    ]
    assert occurrence_of_the_change.local == moved
    assert resolve_local(local, zone) == occurrence_of_the_change.original_start
    assert resolve_local(moved, zone) == occurrence_of_the_change.original_start
    change = find_clock_change(local, zone)
    assert change is not None
    assert (change.kind, change.by, change.wall) == ("gap", timedelta(minutes=gap), moved)
    assert find_clock_change(moved, zone) is None


@pytest.mark.parametrize(
    ("zone", "local", "first", "by"),
    [
        (HELSINKI, datetime(2026, 10, 25, 3, 30), datetime(2026, 10, 25, 0, 30), 60),
        (NEW_YORK, datetime(2026, 11, 1, 1, 30), datetime(2026, 11, 1, 5, 30), 60),
        (LORD_HOWE, datetime(2026, 4, 5, 1, 45), datetime(2026, 4, 4, 14, 45), 30),
    ],
)
def test_takes_the_first_of_a_time_that_exists_twice(
    zone: str, local: datetime, first: datetime, by: int
) -> None:
    """`S3`."""
    assert resolve_local(local, zone) == first.replace(tzinfo=UTC)
    assert resolve_local(local.replace(fold=1), zone) == first.replace(tzinfo=UTC)
    daily = parse_recurrence("FREQ=DAILY")
    limits: Any = {"after": first.replace(tzinfo=UTC) - timedelta(hours=12), "until": FAR_AWAY}
    [result] = occurrences(local - timedelta(days=7), zone, daily, **limits, limit=1)
    assert (result.original_start, result.local) == (first.replace(tzinfo=UTC), local)
    change = find_clock_change(local, zone)
    assert change is not None
    assert (change.kind, change.by, change.wall) == ("fold", timedelta(minutes=by), local)


def test_gives_one_occurrence_when_a_gap_moves_two_times_onto_each_other() -> None:
    """`S2`, `S3`: 03:30 does not exist on that day and becomes 04:30, which is an occurrence already."""
    result = walls("FREQ=DAILY;BYHOUR=3,4", datetime(2026, 3, 28, 3, 30), limit=5)
    assert [wall.strftime("%d %H:%M") for wall in result] == [
        "28 03:30",
        "28 04:30",
        "29 04:30",
        "30 03:30",
        "30 04:30",
    ]


def test_keeps_occurrences_in_order_when_a_gap_moves_one_past_another() -> None:
    """`S3`: Lord Howe's 02:10 becomes 02:40, later than 02:35 of the same night; neither is lost."""
    text, starts = "FREQ=DAILY;BYMINUTE=10,35", datetime(2026, 10, 4, 2, 10)
    result = walls(text, starts - timedelta(days=1), LORD_HOWE, limit=4)
    assert [wall.strftime("%d %H:%M") for wall in result] == [
        "03 02:10",
        "03 02:35",
        "04 02:35",
        "04 02:40",
    ]
    assert walls(text, starts - timedelta(days=1), LORD_HOWE, limit=3) == result[:3]


def test_survives_a_day_that_a_country_skipped() -> None:
    """`S3`: Samoa had no 30 December 2011; that day's occurrence moves to the 31st, which has one already."""
    assert days("FREQ=DAILY;COUNT=4", datetime(2011, 12, 29, 18), "Pacific/Apia") == [
        "2011-12-29",
        "2011-12-31",
        "2012-01-01",
    ]


def test_has_one_occurrence_without_a_rule() -> None:
    """`S1`: a single event is a series with one occurrence."""
    assert days("", datetime(2026, 5, 1, 18)) == ["2026-05-01"]
    assert days("\r\n  \n", datetime(2026, 5, 1, 18)) == ["2026-05-01"]


def test_has_its_start_even_when_no_rule_matches_it() -> None:
    """RFC 5545 §3.8.5.3: the start is the first occurrence and the first that COUNT counts."""
    wednesday = datetime(2026, 4, 1, 18)
    assert days("FREQ=WEEKLY;BYDAY=TU;COUNT=3", wednesday) == [
        "2026-04-01",
        "2026-04-07",
        "2026-04-14",
    ]
    assert days("FREQ=WEEKLY;UNTIL=20260301T000000Z", wednesday) == ["2026-04-01"]
    assert days("FREQ=DAILY;INTERVAL=7;BYDAY=TU", wednesday) == ["2026-04-01"]


def test_can_exclude_the_start() -> None:
    """An excluded occurrence is counted, and no other takes its place."""
    text = "RRULE:FREQ=DAILY;COUNT=3\nEXDATE:20260401T180000"
    assert days(text, datetime(2026, 4, 1, 18)) == ["2026-04-02", "2026-04-03"]


@pytest.mark.parametrize("until", ["20260415T150000Z", "20260415T180000", "20260415", "20260415T235959"])
def test_includes_the_occurrence_at_until(until: str) -> None:
    """RFC 5545 §3.3.10: UNTIL is inclusive, in UTC (15:00Z is 18:00 in Helsinki) or local."""
    result = days(f"FREQ=WEEKLY;UNTIL={until}", datetime(2026, 4, 1, 18))
    assert result == ["2026-04-01", "2026-04-08", "2026-04-15"]


@pytest.mark.parametrize("until", ["20260415T145959Z", "20260415T175959", "20260414"])
def test_ends_before_an_occurrence_after_until(until: str) -> None:
    """An UNTIL in UTC is compared as an instant, a local one with the wall clock."""
    result = days(f"FREQ=WEEKLY;UNTIL={until}", datetime(2026, 4, 1, 18))
    assert result == ["2026-04-01", "2026-04-08"]


@pytest.mark.parametrize(
    "exdate",
    [
        "EXDATE:20260408T180000",
        "EXDATE:20260408T150000Z",
        "EXDATE;TZID=Europe/Helsinki:20260408T180000",
        'exdate;tzid="America/New_York":20260408T110000',
        "EXDATE;VALUE=DATE:20260408",
        "EXDATE;VALUE=DATE-TIME:20260408T180000,20260409T180000",
        "EXDATE:20260101T180000,\r\n 20260408T180000",
        "EXRULE:FREQ=MONTHLY;BYDAY=2WE",
        "EXRULE:FREQ=WEEKLY;INTERVAL=9;BYDAY=WE\nEXDATE:20260408",
    ],
)
def test_excludes_dates_however_they_are_written(exdate: str) -> None:
    """`S1`. The last EXRULE excludes the start as well."""
    result = days(f"RRULE:FREQ=WEEKLY\r\n{exdate}", datetime(2026, 4, 1, 18), limit=4)
    later = ["2026-04-15", "2026-04-22", "2026-04-29"]
    assert [day for day in result if day != "2026-04-01"][:3] == later
    assert ("2026-04-01" in result) is ("INTERVAL=9" not in exdate)


def test_excludes_an_occurrence_that_was_moved_by_a_gap() -> None:
    """An EXDATE may name the time before or after the move."""
    starts = datetime(2026, 3, 28, 3, 30)
    for exdate in ("20260329T033000", "20260329T043000", "20260329T013000Z", "20260329"):
        result = walls(f"RRULE:FREQ=DAILY\nEXDATE:{exdate}", starts, limit=2)
        assert [wall.day for wall in result] == [28, 30]


def test_adds_rdates() -> None:
    """`S1`: local, in UTC, in a zone, as a day at the series' own time, and before its start; none twice."""
    lines = [
        "RRULE:FREQ=WEEKLY;COUNT=2",
        "RDATE:20260403T180000",
        "RDATE:20260404T150000Z,20260404T150000Z",
        "RDATE;TZID=America/New_York:20260405T110000",
        "RDATE;VALUE=DATE:20260406,20260408",
        "RDATE:20251224T180000",
    ]
    assert days("\n".join(lines), datetime(2026, 4, 1, 18), limit=99) == [
        "2025-12-24",
        "2026-04-01",
        "2026-04-03",
        "2026-04-04",
        "2026-04-05",
        "2026-04-06",
        "2026-04-08",
    ]


def test_an_rdate_in_utc_can_be_the_second_of_a_time_that_exists_twice() -> None:
    """`S3` applies to wall clocks; an RDATE in UTC is an instant."""
    text = "RDATE:20261025T003000Z,20261025T013000Z"
    result = occurrences(
        datetime(2026, 10, 24, 18),
        HELSINKI,
        parse_recurrence(text),
        after=LONG_AGO,
        until=FAR_AWAY,
        limit=9,
    )
    assert [occurrence.original_start.hour for occurrence in result] == [15, 0, 1]
    assert result[1].local == result[2].local == datetime(2026, 10, 25, 3, 30)


def test_unites_several_rules_and_applies_each_count_by_itself() -> None:
    """`S1`: an occurrence of both rules is one."""
    text = "FREQ=WEEKLY;BYDAY=WE;COUNT=3\nRRULE:FREQ=MONTHLY;BYMONTHDAY=1,8;COUNT=4"
    assert days(text, datetime(2026, 4, 1, 18), limit=99) == [
        "2026-04-01",
        "2026-04-08",
        "2026-04-15",
        "2026-05-01",
        "2026-05-08",
    ]


# Text, day of the start if not 2 September 1997, expected days; all at 9:00 in New York, as in RFC 5545.
RFC_EXAMPLES = [
    ("RRULE:FREQ=DAILY;COUNT=5", "", "09-02 09-03 09-04 09-05 09-06"),
    ("RRULE:FREQ=DAILY;INTERVAL=10;COUNT=5", "", "09-02 09-12 09-22 10-02 10-12"),
    (
        "RRULE:FREQ=WEEKLY;INTERVAL=2;UNTIL=19971224T000000Z;WKST=SU;BYDAY=MO,WE,FR",
        "1997-09-01",
        "09-01 09-03 09-05 09-15 09-17 09-19 09-29 10-01 10-03 10-13 10-15 10-17 10-27 10-29 10-31 "
        "11-10 11-12 11-14 11-24 11-26 11-28 12-08 12-10 12-12 12-22",
    ),
    (
        "RRULE:FREQ=WEEKLY;INTERVAL=2;COUNT=8;WKST=SU;BYDAY=TU,TH",
        "",
        "09-02 09-04 09-16 09-18 09-30 10-02 10-14 10-16",
    ),
    (
        "RRULE:FREQ=MONTHLY;COUNT=10;BYDAY=1FR",
        "1997-09-05",
        "09-05 10-03 11-07 12-05 1998-01-02 02-06 03-06 04-03 05-01 06-05",
    ),
    (
        "RRULE:FREQ=MONTHLY;INTERVAL=2;COUNT=10;BYDAY=1SU,-1SU",
        "1997-09-07",
        "09-07 09-28 11-02 11-30 1998-01-04 01-25 03-01 03-29 05-03 05-31",
    ),
    (
        "RRULE:FREQ=MONTHLY;COUNT=6;BYDAY=-2MO",
        "1997-09-22",
        "09-22 10-20 11-17 12-22 1998-01-19 02-16",
    ),
    ("RRULE:FREQ=MONTHLY;BYMONTHDAY=-3", "1997-09-28", "09-28 10-29 11-28 12-29 1998-01-29 02-26"),
    (
        "RRULE:FREQ=MONTHLY;COUNT=10;BYMONTHDAY=1,-1",
        "1997-09-30",
        "09-30 10-01 10-31 11-01 11-30 12-01 12-31 1998-01-01 01-31 02-01",
    ),
    (
        "RRULE:FREQ=MONTHLY;INTERVAL=18;COUNT=10;BYMONTHDAY=10,11,12,13,14,15",
        "1997-09-10",
        "09-10 09-11 09-12 09-13 09-14 09-15 1999-03-10 03-11 03-12 03-13",
    ),
    (
        "RRULE:FREQ=YEARLY;INTERVAL=3;COUNT=10;BYYEARDAY=1,100,200",
        "1997-01-01",
        "01-01 04-10 07-19 2000-01-01 04-09 07-18 2003-01-01 04-10 07-19 2006-01-01",
    ),
    ("RRULE:FREQ=YEARLY;BYDAY=20MO", "1997-05-19", "05-19 1998-05-18 1999-05-17"),
    ("RRULE:FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO", "1997-05-12", "05-12 1998-05-11 1999-05-17"),
    (
        "EXDATE;TZID=America/New_York:19970902T090000\nRRULE:FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13",
        "",
        "1998-02-13 03-13 11-13 1999-08-13 2000-10-13",
    ),
    (
        "RRULE:FREQ=MONTHLY;BYDAY=SA;BYMONTHDAY=7,8,9,10,11,12,13",
        "1997-09-13",
        "09-13 10-11 11-08 12-13 1998-01-10",
    ),
    (
        "RRULE:FREQ=YEARLY;INTERVAL=4;BYMONTH=11;BYDAY=TU;BYMONTHDAY=2,3,4,5,6,7,8",
        "1996-11-05",
        "1996-11-05 2000-11-07 2004-11-02",
    ),
    ("RRULE:FREQ=MONTHLY;COUNT=3;BYDAY=TU,WE,TH;BYSETPOS=3", "1997-09-04", "09-04 10-07 11-06"),
    (
        "RRULE:FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-2",
        "1997-09-29",
        "09-29 10-30 11-27 12-30 1998-01-29",
    ),
    (
        "RRULE:FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=MO",
        "1997-08-05",
        "08-05 08-10 08-19 08-24",
    ),
    (
        "RRULE:FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=SU",
        "1997-08-05",
        "08-05 08-17 08-19 08-31",
    ),
    (
        "RRULE:FREQ=MONTHLY;BYMONTHDAY=15,30;COUNT=5",
        "2007-01-15",
        "2007-01-15 01-30 02-15 03-15 03-30",
    ),
]


@pytest.mark.parametrize(("text", "starts", "expected"), RFC_EXAMPLES)
def test_reads_the_examples_of_the_rfc(text: str, starts: str, expected: str) -> None:
    """RFC 5545 §3.8.5.3 (the expected days name a year only where it changes)."""
    first = datetime.fromisoformat(f"{starts or '1997-09-02'}T09:00")
    expected_days, year = [], 1997
    for word in expected.split():
        if len(word) > 5:
            year = int(word[:4])
        expected_days.append(f"{year}-{word[-5:]}")
    result = days(text, first, NEW_YORK, limit=len(expected_days) + 1)
    assert result[: len(expected_days)] == expected_days
    if "COUNT" in text or "UNTIL" in text:
        assert result == expected_days


def test_skips_days_that_a_month_or_year_does_not_have() -> None:
    """RFC 5545 §3.3.10: an invalid date is ignored and not counted."""
    assert days("FREQ=MONTHLY;COUNT=4", datetime(2026, 1, 31, 18)) == [
        "2026-01-31",
        "2026-03-31",
        "2026-05-31",
        "2026-07-31",
    ]
    assert days("FREQ=YEARLY;COUNT=3", datetime(2096, 2, 29, 18)) == [
        "2096-02-29",
        "2104-02-29",
        "2108-02-29",
    ]


def test_follows_the_rfc_where_dateutil_does_not() -> None:
    """Examples in which dateutil by itself departs from RFC 5545."""
    # A weekday without an ordinal beside one with: either matches.
    assert days("FREQ=MONTHLY;BYDAY=MO,1FR", datetime(2026, 6, 1, 18), limit=7) == [
        "2026-06-01",
        "2026-06-05",
        "2026-06-08",
        "2026-06-15",
        "2026-06-22",
        "2026-06-29",
        "2026-07-03",
    ]
    assert days("FREQ=YEARLY;BYDAY=MO,20FR", datetime(2026, 5, 4, 18), limit=5) == [
        "2026-05-04",
        "2026-05-11",
        "2026-05-15",
        "2026-05-18",
        "2026-05-25",
    ]
    # BYSETPOS counts within the whole week, even in the week of the start.
    assert days("FREQ=WEEKLY;BYDAY=MO,WE,FR;BYSETPOS=2", datetime(2026, 4, 1, 18), limit=3) == [
        "2026-04-01",
        "2026-04-08",
        "2026-04-15",
    ]
    # BYWEEKNO alone means the weekday of the start, not seven days.
    assert days("FREQ=YEARLY;BYWEEKNO=20", datetime(2026, 5, 13, 18), limit=3) == [
        "2026-05-13",
        "2027-05-19",
        "2028-05-17",
    ]


def test_gives_occurrences_after_one_instant_up_to_another() -> None:
    """`after` is exclusive and `until` inclusive, so that spans can be joined."""
    starts, weekly = datetime(2026, 4, 1, 18), parse_recurrence("FREQ=WEEKLY")
    first = resolve_local(starts, HELSINKI)
    week = timedelta(weeks=1)

    def between(after: datetime, until: datetime, limit: int = 99) -> list[datetime]:
        result = occurrences(starts, HELSINKI, weekly, after=after, until=until, limit=limit)
        return [occurrence.original_start for occurrence in result]

    assert between(LONG_AGO, first) == [first]
    assert between(first, first + 2 * week) == [first + week, first + 2 * week]
    assert between(first, first + 2 * week, limit=1) == [first + week]
    assert between(first, first + week - timedelta(seconds=1)) == []
    assert between(first, FAR_AWAY, limit=0) == []
    assert between(first + week, first) == []


def test_ends_soon_on_rules_that_hardly_ever_match() -> None:
    """Only a century is searched: nobody waits for the year 9999."""
    starts = datetime(2026, 4, 1, 18)
    assert days("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=29;BYDAY=MO", starts, limit=99) == [
        "2026-04-01",
        "2044-02-29",
        "2072-02-29",
        "2112-02-29",
    ]
    assert days("RRULE:FREQ=MONTHLY\nEXRULE:FREQ=MONTHLY", starts) == []


def test_ends_after_a_century() -> None:
    weekly = Rule(Freq.WEEKLY, by_day=(WeekdayNum(Weekday.SU),))
    sunday = datetime(2998, 4, 1, 18)
    result = list(wall_times(weekly, sunday, steps=Steps(200_000)))
    assert result[0] == sunday
    assert {after - before for before, after in pairwise(result)} == {timedelta(weeks=1)}
    assert result[-1] > datetime(3098, 4, 1)
    assert len(result) < 101 * 53


def test_ignores_fractions_of_a_second_and_fold() -> None:
    """The start means the same wall clock without them."""
    starts = datetime(2026, 10, 25, 3, 30, fold=1)
    assert walls("", starts.replace(microsecond=5)) == [starts.replace(fold=0)]


@pytest.mark.parametrize(
    ("starts", "zone", "after", "fault"),
    [
        (datetime(2026, 4, 1, 18), "Mars/Olympus", LONG_AGO, UnknownZone),
        (datetime(2026, 4, 1, 18), "../etc/passwd", LONG_AGO, UnknownZone),
        (datetime(2026, 4, 1, 18), "Europe", LONG_AGO, UnknownZone),
        (datetime(2026, 4, 1, 18), "", LONG_AGO, UnknownZone),
        (datetime(2026, 4, 1, 18, tzinfo=UTC), HELSINKI, LONG_AGO, ValueError),
        (datetime(2026, 4, 1, 18), HELSINKI, datetime(2026, 1, 1), ValueError),
        (datetime(1, 1, 1), HELSINKI, LONG_AGO, ValueError),
        (datetime.max, HELSINKI, LONG_AGO, ValueError),
    ],
)
def test_refuses_arguments_that_are_no_wall_clock_zone_or_limit(
    starts: datetime, zone: str, after: datetime, fault: type[Exception]
) -> None:
    """A caller's mistake raises."""
    with pytest.raises(fault):
        occurrences(starts, zone, parse_recurrence(""), after=after, until=FAR_AWAY, limit=1)


def test_most_wall_clocks_have_no_clock_change() -> None:
    """They exist exactly once."""
    assert find_clock_change(datetime(2026, 5, 1, 18), HELSINKI) is None
    assert find_clock_change(datetime.combine(date(2026, 3, 29), datetime.min.time()), "UTC") is None


@given(st.data())
def test_what_is_jumped_over_changes_nothing_that_follows(data: st.DataObject) -> None:
    """Rules of every kind, from a wall clock many periods later."""
    freq = data.draw(st.sampled_from(["DAILY", "WEEKLY", "MONTHLY", "YEARLY"]))
    parts = {
        "INTERVAL": st.integers(1, 7).map(str),
        "BYMONTH": st.sampled_from(["2", "1,7,12"]),
        "BYMONTHDAY": st.sampled_from(["31", "-1", "13,29"]),
        "BYDAY": st.sampled_from(["MO", "SU,WE", "TH,FR"]),
        "BYHOUR": st.sampled_from(["0,23", "9,18"]),
        "BYSETPOS": st.sampled_from(["1", "-1", "2"]),
        "WKST": st.sampled_from(["SU", "WE"]),
    }
    names = data.draw(st.sets(st.sampled_from(sorted(parts)), max_size=4))
    text = ";".join([f"FREQ={freq}", *(f"{name}={data.draw(parts[name])}" for name in sorted(names))])
    try:
        [rule] = parse_recurrence(text).rules
    except InvalidRecurrence:
        assume(False)
    starts = data.draw(st.datetimes(datetime(2019, 12, 1), datetime(2021, 3, 1))).replace(microsecond=0)
    since = starts + timedelta(minutes=data.draw(st.integers(0, 5 * 365 * 24 * 60)))
    ahead = takewhile(lambda wall: wall < since + timedelta(days=800), wall_times(rule, starts, since=since))
    read = takewhile(lambda wall: wall < since + timedelta(days=800), wall_times(rule, starts))
    assert list(ahead) == [wall for wall in read if wall >= since]
