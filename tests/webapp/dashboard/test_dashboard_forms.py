"""Whatever is sent, a form is read, and its faults are sentences (`X5`)."""

from dataclasses import asdict, replace
from datetime import UTC, date, datetime
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzzing import examples

TEXTS = st.one_of(
    st.text(max_size=12),
    st.sampled_from(
        [
            "",
            "0",
            "1",
            "-1",
            "7",
            "60",
            "99999999999",
            "TU",
            "2026-11-24",
            "0001-01-01",
            "9999-12-31",
            "18:00",
            "24:00",
            "18:00+02:00",
            "once",
            "daily",
            "weekly",
            "monthly",
            "nth",
            "own",
            "never",
            "on",
            "after",
            "Europe/Helsinki",
            "America/New_York",
            "FREQ=DAILY",
            "FREQ=WEEKLY;BYDAY=MO",
            "20261201",
            "1:2",
            "link",
            "group",
            "strict",
        ]
    ),
)
SEVERAL = st.lists(TEXTS, max_size=3).map(tuple)


def forms() -> Any:
    from webapp.series_form import SeriesForm

    kinds = {k: SEVERAL if isinstance(v, tuple) else TEXTS for k, v in asdict(SeriesForm()).items()}
    return st.fixed_dictionaries({}, optional=kinds)


SENSIBLE = st.fixed_dictionaries(
    {
        "repeats": st.sampled_from(["once", "daily", "weekly", "monthly", "nth", "own"]),
        "interval": st.sampled_from(["1", "2", "3", "12"]),
        "weekday": st.lists(st.sampled_from(["MO", "TU", "WE", "SU"]), max_size=3, unique=True).map(tuple),
        "ordinal": st.sampled_from(["1", "2", "5", "-1"]),
        "ends": st.sampled_from(["never", "on", "after"]),
        "until": st.sampled_from(["2027-03-28", "2027-12-31"]),
        "count": st.sampled_from(["1", "10"]),
        "starts_on": st.sampled_from(["2026-11-24", "2026-11-30", "2027-01-31", "2027-03-28"]),
        "starts_time": st.sampled_from(["18:00", "03:30", "00:00"]),
        "left_out": st.sampled_from([(), ("20261201",), ("20261201T160000Z", "20270105T180000")]),
        "rule": st.sampled_from(
            ["FREQ=YEARLY", "RDATE;VALUE=DATE:20261224", "FREQ=MONTHLY;BYSETPOS=1;BYDAY=TU,WE"]
        ),
    }
)


@given(st.data())
@examples(120)
def test_any_form_becomes_a_draft_or_faults(data: Any) -> None:
    from backend.i18n import Voice
    from webapp.series_form import SeriesForm, draft_from_form

    _draft, faults = draft_from_form(SeriesForm(**data.draw(forms())))
    for words in faults.by_field.values():
        assert Voice("en").translate(words).endswith((".", ":", "?")) or words.values


@given(SENSIBLE)
@settings(max_examples=120)
def test_a_draft_becomes_the_same_form_again(fields: dict[str, Any]) -> None:
    """Opening a series and saving it untouched keeps every date."""
    from backend.i18n import Voice
    from webapp import series_preview
    from webapp.series_form import SeriesForm, draft_from_form, form_from_draft

    form = replace(SeriesForm(title="Sauna", zone="Europe/Helsinki"), **fields)
    draft, faults = draft_from_form(form)
    if faults.by_field:
        return
    again, none = draft_from_form(form_from_draft(draft))
    assert not none.by_field
    at = datetime(2026, 11, 1, tzinfo=UTC)
    assert again.next_occurrences(at, limit=60) == draft.next_occurrences(at, limit=60)
    assert replace(again, rule="") == replace(draft, rule="")
    series_preview.preview(Voice("en"), draft, can_leave_out=form.repeats not in ("own", "once"))


STORED = st.builds(
    lambda rule, end, *lines: "\n".join([rule + end, *lines]).strip(),
    st.sampled_from(
        [
            *("FREQ=WEEKLY", "FREQ=WEEKLY;BYDAY=TU,TH", "RRULE:FREQ=WEEKLY;INTERVAL=2;WKST=SU;BYDAY=TU,SU"),
            *("FREQ=DAILY", "FREQ=DAILY;BYDAY=TU,WE", "FREQ=MONTHLY", "FREQ=MONTHLY;BYDAY=-2TU,1TU", "FREQ=MONTHLY;BYDAY=1TU"),
            *("FREQ=MONTHLY;BYDAY=-5TU", "FREQ=MONTHLY;BYDAY=TU;BYSETPOS=1", "FREQ=YEARLY", "FREQ=WEEKLY;BYHOUR=18"),
            *("FREQ=WEEKLY;BYDAY=WE", "FREQ=WEEKLY\nRRULE:FREQ=MONTHLY", "FREQ=DAILY\nEXRULE:FREQ=WEEKLY"),
            "FREQ=WEEKLY;INTERVAL=13",
        ]
    ),
    st.sampled_from(
        [
            *("", ";COUNT=4", ";UNTIL=20261222", ";UNTIL=20261222T155959Z", ";UNTIL=20261222T160000Z", ";UNTIL=20261222T120000"),
            *(";UNTIL=20261101", ";UNTIL=20261201T155959Z", ";UNTIL=99991231T235959Z", ";UNTIL=00010101T000000Z"),
        ]
    ),
    st.sampled_from(
        [
            *("", "EXDATE;TZID=Europe/Helsinki:20261215T180000", "EXDATE:20261208T160000Z,20261215T180000"),
            *("EXDATE;VALUE=DATE:20261208,20261201", "EXDATE:20261208T190000", "EXDATE;X-A=B:20261209T160000Z"),
        ]
    ),
    st.sampled_from(
        [
            *("", "RDATE:20261203T120000", "RDATE;VALUE=DATE:20261203", "RDATE:20261208T120000", "RDATE:20261110T120000"),
            *("RDATE;TZID=America/New_York:20261203T110000", "RDATE:20261208T180000"),
        ]
    ),
)  # fmt: skip
STARTS = [datetime(2026, 12, 1, 18), datetime(2026, 12, 1, 18, 0, 30)]


@given(STORED, st.sampled_from(STARTS))
@settings(max_examples=300)
def test_saving_any_stored_rule_unchanged_changes_nothing(rule: str, starts: datetime) -> None:
    """S11."""
    from backend.events.drafts import SeriesDraft
    from webapp.series_form import draft_from_form, form_from_draft

    draft = SeriesDraft(title="Sauna", zone="Europe/Helsinki", starts_local=starts, rule=rule)
    again, faults = draft_from_form(form_from_draft(draft), draft)
    assert not faults.by_field and again == draft


@given(STORED, st.sampled_from(["17:00", "19:00", "00:30"]))
@settings(max_examples=300)
def test_another_hour_keeps_the_days_of_any_stored_rule(rule: str, hour: str) -> None:
    """S11: what was left out stays so, and the last day stays the last; an extra date may have its own hour."""
    from backend.events.drafts import SeriesDraft
    from webapp.series_form import draft_from_form, form_from_draft

    draft = SeriesDraft(title="Sauna", zone="Europe/Helsinki", starts_local=STARTS[0], rule=rule)
    opened = form_from_draft(draft)
    changed, faults = draft_from_form(replace(opened, starts_time=hour), draft)
    if "BYHOUR" in changed.rule:
        return  # in its own words the rule has an hour of its own
    if opened.repeats != "own" and faults.by_field:
        raise AssertionError(faults.by_field)
    at = datetime(2026, 11, 1, tzinfo=UTC)
    before, after = (
        {one.local.date() for one in each.next_occurrences(at, limit=90)} for each in (draft, changed)
    )
    compared = min(max(days, default=date.max) for days in (before, after))
    assert {day for day in before if day <= compared} == {day for day in after if day <= compared}


def test_control_characters_never_reach_the_database() -> None:
    from multidict import MultiDict

    from webapp.forms import fill_form
    from webapp.series_form import SeriesForm

    sent = MultiDict({"title": "x" * 20_000, "description": "  a\x00b\x1fc\r\nd\te  "})
    form = fill_form(sent, SeriesForm)
    assert form.description == "a b c\nd e"
    assert len(form.title) == 10_000


def test_the_first_fault_of_a_field_stands() -> None:
    from backend.errors import Invalid
    from webapp.forms import Faults

    faults = Faults()
    faults.add(Invalid("First.", field="a"))
    faults.add(Invalid("Second.", field="a"))
    assert faults.by_field["a"].message == "First."
    assert faults.whole_number("b", "1 000") == 1000 and faults.whole_number("c", "", empty=7) == 7
    assert faults.whole_number("d", "1e3") is None and "d" in faults.by_field
