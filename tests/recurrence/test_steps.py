"""The steps that a set of rules may take, all of its rules together (`X8`)."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from typing import Any

import pytest
from dateutil.rrule import rrulestr
from hypothesis import assume, example, given
from hypothesis import strategies as st

from backend.errors import InvalidForm
from backend.events.drafts import SeriesDraft
from backend.recurrence.expansion import wall_times
from backend.recurrence.faults import InvalidRecurrence, RecurrenceFault
from backend.recurrence.occurrences import occurrences
from backend.recurrence.retiming import copy_rule
from backend.recurrence.rfc5545 import parse_recurrence
from backend.recurrence.steps import STEPS_MAX, STEPS_TO_SAVE, Steps
from backend.recurrence.timing import MAX_LOOKAHEAD, SeriesTiming
from tests.fuzzing import TooMuchWork, examples, lines_run

HELSINKI = "Europe/Helsinki"
NOW = datetime(2026, 11, 23, tzinfo=UTC)
STARTS = [datetime(2000, 1, 1, 18), datetime(2026, 11, 30, 18)]
HOURS = ",".join(map(str, range(9, 21)))
ALL_DAYS = "MO,TU,WE,TH,FR,SA,SU"

rule_parts = {
    "INTERVAL": st.sampled_from(["2", "7", "97", "999"]),
    "COUNT": st.sampled_from(["2", "250", "2000"]),
    "BYMONTH": st.sampled_from(["2", "1,7,12"]),
    "BYMONTHDAY": st.sampled_from(["29", "31,-31", "13"]),
    "BYYEARDAY": st.sampled_from(["366", "1,-1", "60"]),
    "BYWEEKNO": st.sampled_from(["53", "1,-1"]),
    "BYDAY": st.sampled_from(["MO", ALL_DAYS, "5FR", "-53SU,MO"]),
    "BYHOUR": st.sampled_from([HOURS, "0,23"]),
    "BYSETPOS": st.sampled_from(["1", "-1", "366", "-366,2"]),
    "WKST": st.just("SU"),
}


@st.composite
def rules(draw: st.DrawFn) -> str:
    names = sorted(draw(st.sets(st.sampled_from(sorted(rule_parts)), max_size=5)))
    freq = draw(st.sampled_from(["DAILY", "WEEKLY", "MONTHLY", "YEARLY"]))
    return ";".join([f"FREQ={freq}", *(f"{name}={draw(rule_parts[name])}" for name in names)])


lines = st.builds(lambda name, rule: f"{name}:{rule}", st.sampled_from(["RRULE", "RRULE", "EXRULE"]), rules())
sets_of_rules = st.lists(lines, min_size=1, max_size=8).map(lambda some: "\n".join(some)[:2_000])
WORST = [
    "\n".join([f"RRULE:FREQ=DAILY;BYHOUR={HOURS}"] * 4 + [f"EXRULE:FREQ=DAILY;BYHOUR={HOURS}"] * 4),
    "\n".join(["RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29;BYDAY=MO"] * 8),
    "\n".join([f"RRULE:FREQ=DAILY;INTERVAL={n};BYDAY=TU;BYMONTH=2" for n in range(7, 63, 7)]),
    "\n".join([f"RRULE:FREQ=YEARLY;BYDAY={ALL_DAYS};BYHOUR={HOURS};BYSETPOS=366"] * 8),
    "\n".join(["RRULE:FREQ=WEEKLY;COUNT=250"] * 8),
    "\n".join([f"RRULE:FREQ=DAILY;BYHOUR={HOURS}", *["EXRULE:FREQ=YEARLY;BYWEEKNO=53"] * 7]),
]


# --- Whatever is typed ends, by a measure of its own: lines of Python ---------------------------

# So many lines take some 50 ms. What is asked of a rule in one go: to validate and to show it, to copy a series.
LINES_MAX = 900_000


def every_search(text: str, starts: datetime) -> list[Callable[[], object]]:
    """What the doors do with the text of a rule, each in one go on the event loop."""
    draft = SeriesDraft(title="Sauna", zone=HELSINKI, starts_local=starts, rule=text)
    weeks = NOW + timedelta(weeks=52)
    timing = draft.timing
    return [
        lambda: draft.next_occurrences(NOW, limit=9),
        lambda: timing.occurrences(after=NOW, until=weeks, limit=400),
        lambda: timing.select([starts, starts + timedelta(days=300)]),
        lambda: copy_rule(timing, starts + timedelta(days=1)),
    ]


def spend(text: str, starts: datetime) -> None:
    for search in every_search(text, starts):
        with suppress(InvalidForm, InvalidRecurrence):
            lines_run(search, budget=LINES_MAX)


@examples(25)
@given(sets_of_rules | st.text(max_size=2_000), st.sampled_from(STARTS))
def test_any_text_is_answered_within_its_steps(text: str, starts: datetime) -> None:
    """X8: of up to 2,000 letters, and however long ago the series began."""
    spend(text, starts)


@pytest.mark.parametrize("text", WORST)
def test_the_worst_sets_are_answered_within_their_steps(text: str) -> None:
    spend(text, STARTS[1])


def test_a_set_without_a_budget_would_be_noticed(switch_off: Any) -> None:
    """The control: rules that leave each other out are looked for until the end of the century."""
    switch_off("rules.any-work")
    with pytest.raises(TooMuchWork):
        spend(WORST[0], STARTS[1])


# --- One budget for a set, which ends in a sentence ----------------------------------------------


def taken(text: str, starts: datetime, *, after: datetime, until: datetime, limit: int) -> int:
    steps = Steps()
    occurrences(starts, HELSINKI, parse_recurrence(text), after=after, until=until, limit=limit, steps=steps)
    return STEPS_MAX - steps.left


def test_rules_share_one_budget() -> None:
    """Each of these alone is well within it."""
    span: Any = {"after": NOW, "until": NOW + MAX_LOOKAHEAD, "limit": 100_000}
    one = "RRULE:FREQ=WEEKLY;BYDAY=MO,TU"
    assert STEPS_MAX // 4 < taken(one, STARTS[1], **span) < STEPS_MAX // 2
    with pytest.raises(InvalidRecurrence) as refused:
        taken("\n".join([one] * 4), STARTS[1], **span)
    assert refused.value.fault == RecurrenceFault.TOO_MUCH_WORK


@pytest.mark.parametrize("text", [WORST[0], WORST[3]])
def test_a_set_of_too_much_work_is_refused_in_a_sentence(text: str) -> None:
    """X5: beside the field, when it is shown and before it is saved."""
    draft = SeriesDraft(title="Sauna", zone=HELSINKI, starts_local=STARTS[1], rule=text)
    for ask in (draft.validate, lambda: draft.next_occurrences(NOW, limit=9)):
        with pytest.raises(InvalidForm) as refused:
            ask()
        assert refused.value.faults["rule"].message.startswith("These rules take too long")


@examples(60)
@given(sets_of_rules, st.sampled_from(STARTS), st.integers(0, 60 * 52))
@example("\n".join(["RRULE:FREQ=WEEKLY;COUNT=250"] * 8), STARTS[1], 400)
def test_what_was_saved_is_never_too_much_later(text: str, starts: datetime, weeks: int) -> None:
    """The daily job and every form ask for the same in other years."""
    try:
        SeriesDraft(title="Sauna", zone=HELSINKI, starts_local=starts, rule=text).validate()
    except InvalidForm:
        assume(False)
    now = starts.replace(tzinfo=UTC) + timedelta(weeks=weeks)
    timing = SeriesTiming(starts, HELSINKI, text, 60)
    timing.occurrences(after=now, until=now + timedelta(weeks=8), limit=400)
    timing.occurrences(after=now, until=now + MAX_LOOKAHEAD, limit=1)


def test_what_people_have_is_far_from_the_limit() -> None:
    """Eight birthdays, a studio of twelve hours a day, the first Monday for ten years."""
    plain = [
        "\n".join(f"RRULE:FREQ=YEARLY;BYMONTH={month};BYMONTHDAY=29" for month in range(1, 9)),
        f"RRULE:FREQ=DAILY;BYHOUR={HOURS}",
        "RRULE:FREQ=MONTHLY;BYDAY=1MO;COUNT=120",
        "RRULE:FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1",
    ]
    for rule in plain:
        steps = Steps()
        SeriesDraft(title="Sauna", zone=HELSINKI, starts_local=STARTS[1], rule=rule).validate(steps)
        assert STEPS_MAX - steps.left < STEPS_TO_SAVE * 3 // 4, rule


def test_a_series_of_too_many_dates_to_count_is_copied_by_its_days() -> None:
    """`S9`: as one without an end."""
    rules = "\n".join(f"RRULE:FREQ=MONTHLY;BYDAY={day}FR;UNTIL=20991231" for day in (1, 2, 3))
    timing = SeriesTiming(STARTS[1], HELSINKI, rules, 60)
    assert copy_rule(timing, STARTS[1] + timedelta(days=1)) == rules


@pytest.mark.parametrize("far", [timedelta(days=40), timedelta(days=365 * 150)])
def test_what_lies_between_two_instances_far_apart_is_not_read(far: timedelta) -> None:
    """One was moved by hand to another century."""
    timing = SeriesTiming(STARTS[1], HELSINKI, f"RRULE:FREQ=DAILY;BYHOUR={HOURS}", 60)
    assert timing.select([STARTS[1], STARTS[1] + far]) == {STARTS[1]} | (
        {STARTS[1] + far} if far.days == 40 else set()
    )


# --- The same work however long ago ---------------------------------------------------------------

DENSE = [
    f"FREQ=DAILY;BYHOUR={HOURS}",
    f"FREQ=WEEKLY;BYDAY={ALL_DAYS};BYHOUR={HOURS}",
    f"FREQ=MONTHLY;BYDAY={ALL_DAYS};BYHOUR={HOURS}",
    f"FREQ=YEARLY;BYDAY={ALL_DAYS};BYHOUR={HOURS}",
    f"FREQ=DAILY;BYHOUR={HOURS}\nEXRULE:FREQ=DAILY;BYHOUR={HOURS}",
    f"FREQ=DAILY;BYHOUR={HOURS};UNTIL=20900101",
]


def work_of(rule: str, year: int) -> int:
    """The steps to the dates of four weeks, of a series that began in this year."""
    after = datetime(2027, 6, 1, tzinfo=UTC)
    starts = datetime(year, 1, 3, 18, 0)
    return taken(rule, starts, after=after, until=after + timedelta(days=28), limit=1_000)


@pytest.mark.parametrize("rule", DENSE)
def test_it_is_the_same_work_however_long_ago_a_series_began(rule: str) -> None:
    """X8: what lies before is jumped over, not read."""
    last_year, long_ago = work_of(rule, 2026), work_of(rule, 2000)
    assert long_ago <= last_year + 100
    assert long_ago < STEPS_MAX // 3


def test_it_would_be_read_from_the_start(switch_off: Any) -> None:
    """The control."""
    switch_off("rules.from-the-start")
    assert work_of(DENSE[0], 2026) > 2 * work_of(DENSE[0], 2027)


# --- What dateutil finds --------------------------------------------------------------------------


@examples(40)
@given(rules(), st.integers(0, 500))
def test_the_same_wall_clocks_as_dateutil(text: str, days: int) -> None:
    """But where it departs from RFC 5545: week numbers of the days around New Year, a week that BYSETPOS counts from the start
    on, and BYDAY with and without numbers in one rule, which have examples of their own."""
    assume("BYWEEKNO" not in text and "-53SU,MO" not in text)
    assume(not ("WEEKLY" in text and "BYSETPOS" in text))
    try:
        [rule] = parse_recurrence(text).rules
    except InvalidRecurrence:
        assume(False)
    starts = datetime(2019, 12, 1, 18) + timedelta(days=days)
    end = starts + timedelta(days=800)
    ours = list(takewhile(lambda wall: wall < end, wall_times(rule, starts, until=end, steps=Steps(10**6))))
    other = rrulestr(
        ";".join(part for part in text.split(";") if not part.startswith("COUNT")), dtstart=starts
    )
    assert ours == list(takewhile(lambda wall: wall < end, other))


def test_the_days_around_new_year_belong_to_the_week_of_their_fourth_day() -> None:
    """ISO 8601: 1 January 2022 is in week 52 of 2021, which has no week 53. dateutil says 53."""
    starts = datetime(2021, 12, 1, 18)
    [rule] = parse_recurrence("FREQ=YEARLY;BYWEEKNO=52;BYDAY=SA").rules
    found = wall_times(replace(rule), starts, until=datetime(2022, 12, 31))
    assert [f"{wall:%F}" for wall in found] == ["2022-01-01", "2022-12-31"]


def test_what_was_worked_out_when_a_form_was_read_is_not_worked_out_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It takes the same of the budget all the same."""
    timing = SeriesTiming(datetime(2026, 11, 30, 17), HELSINKI, "RRULE:FREQ=DAILY;COUNT=77", 60)
    first, again = Steps(), Steps()
    timing.check_work(timedelta(weeks=8), first)
    monkeypatch.delattr("backend.recurrence.timing.occurrences")
    monkeypatch.delattr("backend.recurrence.timing.wall_times")
    timing.check_work(timedelta(weeks=8), again)
    assert again.left == first.left < STEPS_MAX
    with pytest.raises(InvalidRecurrence):
        timing.check_work(timedelta(weeks=8), Steps(STEPS_MAX - first.left - 1))
