"""Whatever is sent, a form is read, and its faults are sentences (`X5`)."""

from dataclasses import asdict, replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

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
@settings(max_examples=120)
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
    from datetime import UTC, datetime

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
