"""Recurrences as text: parsing, refusing, describing and building them (`S1`)."""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from backend.recurrence.expansion import wall_times
from backend.recurrence.faults import InvalidRecurrence
from backend.recurrence.occurrences import occurrences
from backend.recurrence.rfc5545 import build_rule, parse_recurrence
from backend.recurrence.rule_description import describe_recurrence
from backend.recurrence.rules import DateOrDateTime, Freq, Recurrence, Rule, Weekday, WeekdayNum
from tests.fuzzing import examples

STARTS = datetime(2026, 4, 1, 18)
MO, TU, WE, TH, FR = Weekday.MO, Weekday.TU, Weekday.WE, Weekday.TH, Weekday.FR


def test_parses_every_property() -> None:
    """`S1`: RRULE, RDATE, EXDATE and EXRULE, in any case, order and folding."""
    recurrence = parse_recurrence(
        "exdate;tzid=America/New_York:20260408T110000\r\n"
        "RRULE:FREQ=MONTHLY;BYDAY=MO,\r\n"
        " TU;BYSETPOS=-1;UNTIL=20270101T000000Z;\r\n"
        "\r\n"
        "rrule:freq=weekly;wkst=su;interval=2;count=5;byday=tu\r\n"
        "FREQ=DAILY;BYHOUR=18,9;UNTIL=20260501\r\n"
        "RDATE;VALUE=DATE:20260403,20260404\r\n"
        "RDATE:20260405T180000\r\n"
        "EXRULE:FREQ=YEARLY;UNTIL=20300101T180000\r\n"
    )
    monthly, weekly, daily = recurrence.rules
    assert (monthly.freq, monthly.by_day) == (Freq.MONTHLY, (WeekdayNum(MO), WeekdayNum(TU)))
    assert (monthly.by_set_pos, monthly.until) == ((-1,), datetime(2027, 1, 1, tzinfo=UTC))
    assert (weekly.freq, weekly.interval, weekly.count) == (Freq.WEEKLY, 2, 5)
    assert (weekly.week_start, weekly.until) == (Weekday.SU, None)
    assert (daily.by_hour, daily.until) == ((9, 18), date(2026, 5, 1))
    assert recurrence.rdates == (date(2026, 4, 3), date(2026, 4, 4), datetime(2026, 4, 5, 18))
    assert recurrence.exdates == (datetime(2026, 4, 8, 15, tzinfo=UTC),)
    assert [rule.until for rule in recurrence.exrules] == [datetime(2030, 1, 1, 18)]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("every Tuesday", "rule.syntax"),
        ("RRULE:", "rule.syntax"),
        ("RRULE", "rule.syntax"),
        ("INTERVAL=2", "rule.syntax"),
        ("FREQ=FORTNIGHTLY", "rule.syntax"),
        ("FREQ=WEEKLY;FREQ=DAILY", "rule.syntax"),
        ("FREQ=WEEKLY;BYDAY=", "rule.syntax"),
        ("FREQ=WEEKLY;BYDAY=XX", "rule.syntax"),
        ("FREQ=WEEKLY;;COUNT=2", "rule.syntax"),
        ("FREQ=WEEKLY;COUNT=two", "rule.syntax"),
        ("FREQ=WEEKLY;COUNT=1_0", "rule.syntax"),
        ("FREQ=WEEKLY;COUNT=\u0661", "rule.syntax"),
        ("FREQ=DA\u0131LY", "rule.syntax"),
        ("FREQ=WEEKLY;WKST=NO", "rule.syntax"),
        ("FREQ=WEEKLY;UNTIL=tomorrow", "rule.syntax"),
        ("FREQ=WEEKLY;BYEASTER=1", "rule.syntax"),
        ("FREQ=WEEKLY;SKIP=FORWARD", "rule.syntax"),
        ("DTSTART:20260401T180000\nRRULE:FREQ=WEEKLY", "rule.syntax"),
        ("RRULE;X=1:FREQ=WEEKLY", "rule.syntax"),
        ("RDATE;VALUE=TEXT:20260401", "rule.syntax"),
        ("RDATE;VALUE=DATE:20260401T180000", "rule.syntax"),
        ("RDATE;VALUE=DATE-TIME:20260401", "rule.syntax"),
        ("RDATE:20260401T180000+0300", "rule.syntax"),
        ("EXDATE:", "rule.syntax"),
        (";TZID=UTC:20260401", "rule.syntax"),
        ("FREQ=WEEKLY;INTERVAL=0", "rule.value"),
        ("FREQ=WEEKLY;INTERVAL=-1", "rule.value"),
        ("FREQ=WEEKLY;COUNT=0", "rule.value"),
        ("FREQ=MONTHLY;BYMONTHDAY=0", "rule.value"),
        ("FREQ=MONTHLY;BYMONTHDAY=32", "rule.value"),
        ("FREQ=MONTHLY;BYDAY=0MO", "rule.value"),
        ("FREQ=YEARLY;BYMONTH=-1", "rule.value"),
        ("FREQ=DAILY;BYHOUR=24", "rule.value"),
        ("FREQ=DAILY;BYSECOND=61", "rule.value"),
        ("FREQ=WEEKLY;UNTIL=20260230", "rule.value"),
        ("EXDATE:20260401T250000", "rule.value"),
        ("RDATE:00010101T000000", "rule.value"),
        ("RDATE;TZID=Asia/Tokyo:99991231T235959", "rule.value"),
        ("FREQ=WEEKLY;BYDAY=2TU", "rule.together"),
        ("FREQ=WEEKLY;BYMONTHDAY=1", "rule.together"),
        ("FREQ=MONTHLY;BYYEARDAY=1", "rule.together"),
        ("FREQ=MONTHLY;BYWEEKNO=1", "rule.together"),
        ("FREQ=YEARLY;BYWEEKNO=1;BYDAY=1MO", "rule.together"),
        ("FREQ=MONTHLY;BYSETPOS=1", "rule.together"),
        ("FREQ=WEEKLY;COUNT=2;UNTIL=20270101", "rule.ends-twice"),
        ("FREQ=HOURLY", "rule.too-often"),
        ("FREQ=MINUTELY;INTERVAL=5", "rule.too-often"),
        ("EXRULE:FREQ=SECONDLY", "rule.too-often"),
        ("FREQ=DAILY;BYHOUR=8,9,10,11;BYMINUTE=0,15,30,45", "rule.too-often"),
        ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "rule.never"),
        ("FREQ=DAILY;BYMONTH=4;BYMONTHDAY=31", "rule.never"),
        ("FREQ=MONTHLY;BYDAY=1MO;BYMONTHDAY=8", "rule.never"),
        ("FREQ=MONTHLY;BYDAY=2MO;BYSETPOS=2", "rule.never"),
        ("FREQ=MONTHLY;BYDAY=1MO,6TU", "rule.never"),
        ("FREQ=MONTHLY;BYDAY=53SU", "rule.never"),
        ("FREQ=YEARLY;BYMONTH=12;BYDAY=-53SU", "rule.never"),
        ("FREQ=WEEKLY\nEXRULE:FREQ=YEARLY;BYYEARDAY=366;BYMONTH=1", "rule.never"),
        ("RDATE;TZID=Mars/Olympus:20260401T180000", "rule.zone"),
        ("EXDATE;TZID=../../etc/passwd:20260401T180000", "rule.zone"),
        ("EXDATE;TZID=:20260401T180000", "rule.zone"),
        ("RDATE;VALUE=PERIOD:20260401T180000/PT1H", "rule.period"),
        ("RDATE:20260401T180000/20260401T190000", "rule.period"),
        ("FREQ=DAILY\n" * 9, "rule.too-long"),
        ("RDATE:" + ",".join(["20260401"] * 501), "rule.too-long"),
        ("FREQ=DAILY;BYHOUR=" + "1," * 20_000, "rule.too-long"),
    ],
)
def test_refuses_each_fault_with_its_own_sentence(text: str, fault: str) -> None:
    """`X5`: the sentence names the part at fault and stays short."""
    with pytest.raises(InvalidRecurrence) as refused:
        parse_recurrence(text)
    assert refused.value.fault == fault
    assert refused.value.words.message % refused.value.words.values == str(refused.value)
    assert len(str(refused.value)) < 200


def test_names_the_part_at_fault() -> None:
    """`X5`: in a long text the organiser sees which piece to correct."""
    with pytest.raises(InvalidRecurrence, match=re.escape("BYDAY=XX")):
        parse_recurrence("RRULE:FREQ=WEEKLY;COUNT=4;BYDAY=XX\nEXDATE:20260401T180000")


RULES = [
    "RRULE:FREQ=MONTHLY;INTERVAL=2;BYDAY=1SU,-1SU;BYSETPOS=-1;COUNT=10",
    "FREQ=WEEKLY;UNTIL=19971224T000000Z;WKST=SU;BYDAY=MO,WE,FR",
    "RRULE:FREQ=YEARLY;BYWEEKNO=20;BYMONTH=5\nEXDATE;TZID=America/New_York:19970902T090000",
    "EXRULE:FREQ=DAILY;BYHOUR=9,18\r\nRDATE;VALUE=DATE:20260401,20260402",
]
TOKENS = sorted({word for rule in RULES for word in re.findall(r"\w+|\W", rule)} | {"0", "99999999"})
random_tokens = st.lists(st.sampled_from(TOKENS), max_size=30).map("".join)


@st.composite
def damaged_rules(draw: st.DrawFn) -> str:
    """A rule with pieces moved, doubled, removed or replaced."""
    text = draw(st.sampled_from(RULES))
    for _ in range(draw(st.integers(1, 3))):
        at, to = sorted(draw(st.tuples(*[st.integers(0, len(text))] * 2)))
        text = text[:at] + draw(random_tokens | st.text(max_size=3) | st.just(text[at:to])) + text[to:]
    return text


@examples(500)
@given(st.text() | random_tokens | damaged_rules())
@example("\x1c:\x1e")
@example("RRULE:FREQ=WEEKLY;UNTIL=00000000")
@example("FREQ=DAILY;INTERVAL=999;BYMONTH=2;BYMONTHDAY=29")
def test_parses_or_refuses_any_text(text: str) -> None:
    """`X5`: it raises nothing but `InvalidRecurrence`; what it parses can be expanded and described."""
    try:
        recurrence = parse_recurrence(text)
    except InvalidRecurrence:
        return
    limits: Any = {
        "after": datetime(2026, 1, 1, tzinfo=UTC),
        "until": datetime(2027, 1, 1, tzinfo=UTC),
    }
    instants = occurrences(STARTS, "Europe/Helsinki", recurrence, **limits, limit=20)
    assert len(instants) <= 20
    assert len(describe_recurrence(recurrence, STARTS).rules) == len(recurrence.rules)


# --- The description --------------------------------------------------------------------------------------


def test_describes_a_single_event() -> None:
    """`S1`: nothing repeats."""
    description = describe_recurrence(Recurrence(), STARTS)
    assert (description.is_single, description.rules, description.builder_rule) == (True, (), None)


def test_describes_what_the_start_implies() -> None:
    """RFC 5545 §3.3.10: absent parts follow from the start (a Wednesday, 1 April, 18:00)."""
    weekly, monthly, yearly = describe_recurrence(
        parse_recurrence("FREQ=WEEKLY\nFREQ=MONTHLY\nFREQ=YEARLY"), STARTS
    ).rules
    assert (weekly.days, weekly.times) == ((WeekdayNum(WE),), (time(18),))
    assert (monthly.days, monthly.month_days, monthly.months) == ((), (1,), ())
    assert (yearly.month_days, yearly.months) == ((1,), (4,))


def test_describes_every_part_of_a_long_recurrence() -> None:
    """The rule builder cannot express it."""
    description = describe_recurrence(
        parse_recurrence(
            "RRULE:FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1;BYHOUR=9,18;COUNT=5\n"
            "RDATE:20260504T180000\nRDATE;VALUE=DATE:20260503\nEXDATE:20260601T150000Z\n"
            "EXRULE:FREQ=YEARLY;BYMONTH=12"
        ),
        STARTS,
    )
    [rule_description] = description.rules
    assert rule_description.weekdays == (MO, TU, WE, TH, FR)
    assert (rule_description.positions, rule_description.count, rule_description.ordinal) == ((-1,), 5, None)
    assert rule_description.times == (time(9), time(18))
    assert [rule.months for rule in description.exrules] == [(12,)]
    assert description.rdates == (date(2026, 5, 3), datetime(2026, 5, 4, 18))
    assert description.exdates == (datetime(2026, 6, 1, 15, tzinfo=UTC),)
    assert description.builder_rule is None
    assert not description.is_single


def test_recognises_the_second_tuesday_however_it_is_written() -> None:
    """Some calendars write it with BYSETPOS."""
    for text in ("FREQ=MONTHLY;BYDAY=2TU", "FREQ=MONTHLY;BYDAY=TU;BYSETPOS=2"):
        description = describe_recurrence(parse_recurrence(text), STARTS)
        assert description.builder_rule is not None
        assert (description.builder_rule.ordinal, description.builder_rule.weekdays) == (2, (TU,))


@pytest.mark.parametrize(
    "text",
    [
        "FREQ=WEEKLY\nFREQ=MONTHLY",
        "FREQ=WEEKLY\nEXRULE:FREQ=MONTHLY",
        "FREQ=MONTHLY;BYDAY=TU",
        "FREQ=MONTHLY;BYDAY=1TU,3TU",
        "FREQ=MONTHLY;BYMONTHDAY=15",
        "FREQ=MONTHLY;BYDAY=MO,TU;BYSETPOS=1",
        "FREQ=YEARLY;BYMONTH=5",
        "FREQ=YEARLY;BYDAY=20MO",
        "FREQ=DAILY;BYHOUR=9",
        "FREQ=WEEKLY;INTERVAL=2;WKST=SU;BYDAY=TU,SU",
    ],
)
def test_offers_no_builder_rule_that_the_builder_cannot_express(text: str) -> None:
    """The dashboard shows the text of such a rule; opening it does not simplify it."""
    assert describe_recurrence(parse_recurrence(text), STARTS).builder_rule is None


@given(
    st.integers(0, 6),
    st.sets(st.sampled_from(Weekday), max_size=4),
    st.sampled_from(Weekday),
    st.integers(1, 3),
)
@settings(max_examples=400)
def test_the_first_day_of_the_week_is_described_where_it_matters(
    day: int, days: set[Weekday], week_start: Weekday, interval: int
) -> None:
    """`WKST` of RFC 5545 §3.3.10: exactly where weeks from Monday would make other dates."""
    starts = STARTS + timedelta(days=day)
    by_day = tuple(WeekdayNum(one) for one in sorted(days))
    rule = Rule(Freq.WEEKLY, interval, by_day=by_day, week_start=week_start)
    described = describe_recurrence(Recurrence((rule,)), starts).rules[0]
    dates, dates_from_monday = (
        list(islice(wall_times(one, starts), 20)) for one in (rule, replace(rule, week_start=MO))
    )
    assert described.week_start == (week_start if dates != dates_from_monday else None)


# --- The builder --------------------------------------------------------------------------------

UNTIL = (
    st.none()
    | st.dates(date(1900, 1, 1), date(2999, 1, 1))
    | st.datetimes(datetime(1900, 1, 1), datetime(2999, 1, 1)).map(lambda wall: wall.replace(microsecond=0))
)


@settings(max_examples=200, deadline=None)
@given(
    freq=st.sampled_from(Freq),
    interval=st.integers(1, 999),
    weekdays=st.lists(st.sampled_from(Weekday), unique=True),
    ordinal=st.none() | st.integers(-5, 5).filter(bool),
    until=UNTIL | UNTIL.map(lambda u: u.replace(tzinfo=UTC) if isinstance(u, datetime) else u),
    count=st.none() | st.integers(1, 99_999),
    dates=st.lists(st.dates(date(2026, 4, 2), date(2030, 1, 1)), max_size=3, unique=True),
    starts=st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1)).map(
        lambda wall: wall.replace(microsecond=0)
    ),
)
def test_describes_a_built_rule_as_it_was_built(
    freq: Freq,
    interval: int,
    weekdays: Sequence[Weekday],
    ordinal: int | None,
    until: DateOrDateTime | None,
    count: int | None,
    dates: Sequence[date],
    starts: datetime,
) -> None:
    """A rule opened in the builder shows what was chosen and is saved as the same recurrence."""
    assume(until is None or count is None)
    if freq is Freq.MONTHLY:
        assume(bool(weekdays) == (ordinal is not None))
    else:
        assume(ordinal is None)
        assume(freq is not Freq.YEARLY or not weekdays)
    end = (until, count)
    text = build_rule(freq, interval, weekdays, ordinal, *end, rdates=dates, exdates=dates)
    description = describe_recurrence(parse_recurrence(text), starts)
    rule_description = description.builder_rule
    assert rule_description is not None
    assert (rule_description.freq, rule_description.interval, rule_description.ordinal) == (
        freq,
        interval,
        ordinal,
    )
    assert (rule_description.until, rule_description.count) == end
    implied = (Weekday(starts.weekday()),) if freq is Freq.WEEKLY else ()
    assert rule_description.weekdays == (tuple(sorted(weekdays)) or implied)
    assert description.rdates == description.exdates == tuple(sorted(dates))
    rebuilt = build_rule(
        rule_description.freq,
        rule_description.interval,
        rule_description.weekdays,
        rule_description.ordinal,
        rule_description.until,
        rule_description.count,
        rdates=description.rdates,
        exdates=description.exdates,
    )
    assert describe_recurrence(parse_recurrence(rebuilt), starts) == description


def test_builds_readable_rules() -> None:
    """Organisers can see the text in the form."""
    assert build_rule(Freq.WEEKLY) == "RRULE:FREQ=WEEKLY"
    assert build_rule(
        Freq.MONTHLY,
        2,
        [TH, TU],
        -1,
        until=date(2026, 12, 31),
        rdates=[datetime(2026, 5, 2, 12)],
        exdates=[date(2026, 6, 30), datetime(2026, 7, 28, 15, tzinfo=UTC)],
    ).splitlines() == [
        "RRULE:FREQ=MONTHLY;INTERVAL=2;BYDAY=-1TU,-1TH;UNTIL=20261231",
        "RDATE:20260502T120000",
        "EXDATE;VALUE=DATE:20260630",
        "EXDATE:20260728T150000Z",
    ]
    until = datetime(2026, 7, 28, 18, tzinfo=ZoneInfo("Europe/Helsinki"))
    assert build_rule(Freq.DAILY, until=until) == "RRULE:FREQ=DAILY;UNTIL=20260728T150000Z"


@pytest.mark.parametrize(
    ("freq", "arguments", "fault"),
    [
        (Freq.MONTHLY, {"weekdays": [TU]}, "rule.together"),
        (Freq.MONTHLY, {"ordinal": 2}, "rule.together"),
        (Freq.WEEKLY, {"weekdays": [TU], "ordinal": 2}, "rule.together"),
        (Freq.YEARLY, {"weekdays": [TU]}, "rule.together"),
        (Freq.MONTHLY, {"weekdays": [TU], "ordinal": 6}, "rule.value"),
        (Freq.MONTHLY, {"weekdays": [TU], "ordinal": 0}, "rule.value"),
        (Freq.WEEKLY, {"interval": 0}, "rule.value"),
        (Freq.WEEKLY, {"count": 0}, "rule.value"),
        (Freq.WEEKLY, {"count": 2, "until": date(2027, 1, 1)}, "rule.ends-twice"),
    ],
)
def test_refuses_combinations_that_mean_nothing(freq: Freq, arguments: dict[str, object], fault: str) -> None:
    """`X5`: they are refused as their text would be."""
    with pytest.raises(InvalidRecurrence) as refused:
        build_rule(freq, **arguments)  # type: ignore[arg-type]  # each case has arguments of its own
    assert refused.value.fault == fault


def test_takes_what_other_programs_write() -> None:
    """As pasted from Outlook, from web pages and from Apple's Calendar."""
    [exdate] = parse_recurrence("EXDATE;TZID=FLE Standard Time:20261215T180000").exdates
    assert exdate == datetime(2026, 12, 15, 16, tzinfo=UTC)
    [exdate] = parse_recurrence("EXDATE;X-VOBJ-FLOATINGTIME-ALLOWED=TRUE;VALUE=DATE:20261215").exdates
    assert exdate == date(2026, 12, 15)
    [rule] = parse_recurrence("FREQ=WEEKLY;BYDAY=MO, WE;BYSECOND=60").rules
    assert (rule.by_day, rule.by_second) == ((WeekdayNum(MO), WeekdayNum(WE)), (59,))


def test_every_monday_and_the_first_friday() -> None:
    """RFC 5545 §3.3.10: BYDAY with and without an ordinal is the union of both."""
    found = occurrences(
        datetime(2027, 1, 4, 18),
        "Europe/Helsinki",
        parse_recurrence("FREQ=MONTHLY;BYDAY=MO,1FR"),
        after=datetime(2027, 1, 1, tzinfo=UTC),
        until=datetime(2027, 2, 12, tzinfo=UTC),
        limit=20,
    )
    assert [f"{one.local:%d.%m.}" for one in found] == [
        "04.01.",
        "11.01.",
        "18.01.",
        "25.01.",
        "01.02.",
        "05.02.",
        "08.02.",
    ]


def test_a_count_that_is_too_large_is_out_of_range() -> None:
    with pytest.raises(InvalidRecurrence) as refused:
        parse_recurrence("FREQ=DAILY;COUNT=100000")
    assert refused.value.fault == "rule.value"
