"""Making and changing series: the form, the preview of the next dates, and faults (`S1`–`S4`)."""

import re
from datetime import datetime
from html.parser import HTMLParser
from typing import Any

import pytest

GOOD = {
    "title": "Sauna",
    "emoji": "🧖",
    "description": "Bring a towel.",
    "place": "Sompasauna",
    "map_url": "https://maps.example/1",
    "zone": "Europe/Helsinki",
    "starts_on": "2026-11-24",
    "starts_time": "18:00",
    "duration_minutes": "90",
    "repeats": "weekly",
    "interval": "1",
    "weekday": ["TU"],
    "ordinal": "1",
    "ends": "never",
    "capacity": "8",
    "guests_max": "1",
    "opens_before_minutes": "10080",
    "closes_before_minutes": "60",
    "cancel_before_minutes": "360",
    "announce_before_minutes": "2880",
    "queue": "gaps",
    "visibility": "group",
}
TOO_FAR = "This is too far ahead. The first date can be at most 10 years from now."


async def only_series(account: Any) -> Any:
    from backend.events.queries import all_series

    found = await all_series(account.id)
    assert len(found) == 1
    return found[0]


async def test_makes_a_weekly_series(noon: Any, dashboard: Any, account: Any) -> None:
    made = await dashboard.post("/dashboard/series", **GOOD, group=str(account.group_id))
    assert "Done: 8 dates can be booked." in dashboard.text(made)
    assert "Every Tuesday" in dashboard.text(made) and "Post the card" in dashboard.text(made)
    draft = (await only_series(account)).draft
    assert (draft.title, draft.emoji, draft.place) == ("Sauna", "🧖", "Sompasauna")
    assert draft.starts_local == datetime(2026, 11, 24, 18, 0)
    assert draft.rule == "RRULE:FREQ=WEEKLY;BYDAY=TU"
    assert (draft.capacity, draft.guests_max, draft.duration_minutes) == (8, 1, 90)
    assert (draft.opens_before_minutes, draft.closes_before_minutes) == (10080, 60)
    assert (draft.cancel_before_minutes, draft.announce_before_minutes) == (360, 2880)
    assert draft.fill_gaps and draft.group_id == account.group_id and draft.topic_id is None


@pytest.mark.parametrize(
    ("fields", "rule"),
    [
        ({"repeats": "once"}, ""),
        ({"repeats": "daily", "interval": "3"}, "RRULE:FREQ=DAILY;INTERVAL=3"),
        ({"weekday": ["TU", "TH"]}, "RRULE:FREQ=WEEKLY;BYDAY=TU,TH"),
        ({"weekday": []}, "RRULE:FREQ=WEEKLY"),
        ({"interval": "2", "ends": "after", "count": "5"}, "RRULE:FREQ=WEEKLY;INTERVAL=2;BYDAY=TU;COUNT=5"),
        ({"ends": "on", "until": "2027-05-31"}, "RRULE:FREQ=WEEKLY;BYDAY=TU;UNTIL=20270531"),
        ({"repeats": "monthly"}, "RRULE:FREQ=MONTHLY"),
        ({"repeats": "nth", "ordinal": "4", "weekday": []}, "RRULE:FREQ=MONTHLY;BYDAY=4TU"),
        (
            {"repeats": "nth", "ordinal": "-1", "weekday": ["TU"], "starts_on": "2026-11-24"},
            "RRULE:FREQ=MONTHLY;BYDAY=-1TU",
        ),
        (
            {"left_out": ["20261201", "20261208"]},
            "RRULE:FREQ=WEEKLY;BYDAY=TU\nEXDATE;VALUE=DATE:20261201,20261208",
        ),
        (
            {"repeats": "own", "rule": "FREQ=YEARLY\r\nRDATE;VALUE=DATE:20261224"},
            "FREQ=YEARLY\nRDATE;VALUE=DATE:20261224",
        ),
    ],
)
async def test_the_form_becomes_a_rule_and_the_form_again(
    noon: Any, dashboard: Any, account: Any, fields: dict[str, Any], rule: str
) -> None:
    assert (await dashboard.post("/dashboard/series", follow=False, **{**GOOD, **fields})).status_code == 303
    view = await only_series(account)
    assert view.draft.rule == rule
    from webapp.series_form import draft_from_form, form_from_draft

    draft, faults = draft_from_form(form_from_draft(view.draft))
    assert not faults.by_field and draft == view.draft


async def test_faults_are_shown_beside_their_fields_and_keep_what_was_typed(
    noon: Any, dashboard: Any, account: Any
) -> None:
    """X5."""
    typed = {
        **GOOD,
        "title": "",
        "emoji": "abc",
        "map_url": "javascript:alert(1)",
        "zone": "Mars/Olympus",
        "capacity": "many <b>",
        "guests_max": "12",
        "duration_minutes": "1",
        "description": "Bring “two” towels & a <friend>.",
        "queue": "gaps",
        "visibility": "link",
    }
    shown = await dashboard.post("/dashboard/series", **typed)
    assert shown.status_code == 422
    text = dashboard.text(shown)
    for fault in (
        "Give it a title.",
        "One emoji, or nothing.",
        "A link that begins with https://, please.",
        "Unknown time zone.",
        "A whole number, please.",
        "Between 0 and 9, please.",
        "Between 5 and 20160, please.",
    ):
        assert fault in text, fault
    for name in ("title", "emoji", "map_url", "zone", "capacity", "guests_max", "duration_minutes"):
        field = re.search(rf'<input[^>]*name="{name}"[^>]*>', shown.text)
        assert field and 'aria-invalid="true"' in field[0], name
        described = re.search(r'aria-describedby="([^"]+)"', field[0])
        assert described and all(f'id="{part}"' in shown.text for part in described[1].split())
    for kept in (
        'value="abc"',
        'value="javascript:alert(1)"',
        'value="Mars/Olympus"',
        'value="many &lt;b&gt;"',
        'value="Sompasauna"',
        'value="2026-11-24"',
        "Bring “two” towels &amp; a &lt;friend&gt;.</textarea>",
        '<option value="weekly" selected>',
        '<option value="360" selected>',
        'value="TU" checked',
        'name="queue" value="gaps" checked',
        'name="visibility" value="link" checked',
    ):
        assert kept in shown.text, kept
    from backend.events.queries import all_series

    assert await all_series(account.id) == []


async def test_a_map_link_that_telegram_would_drop_is_refused_beside_its_field(
    noon: Any, dashboard: Any, account: Any
) -> None:
    """`X5`, `X10`: the card would name the place without the link."""
    for link in ("https://maps", "https://maps.example:99999/", "https://maps.example\\x"):
        shown = await dashboard.post("/dashboard/series", **{**GOOD, "map_url": link})
        assert shown.status_code == 422
        assert "This link leads nowhere. Copy it from the map again." in dashboard.text(shown)
        field = re.search(r'<input[^>]*name="map_url"[^>]*>', shown.text)
        assert field and 'aria-invalid="true"' in field[0] and f'value="{link}"' in field[0]
    await dashboard.post("/dashboard/series", **{**GOOD, "map_url": "HTTPS://maps.example/1"})
    assert (await only_series(account)).draft.map_url == "https://maps.example/1"


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({"starts_on": ""}, "Choose a day and a time."),
        ({"starts_on": "2026-02-30"}, "Choose a day and a time."),
        ({"starts_time": "25:00"}, "Choose a day and a time."),
        ({"starts_on": "2020-01-07", "repeats": "once"}, "All its dates are in the past."),
        ({"starts_on": "2099-01-06"}, TOO_FAR),
        ({"starts_on": "2099-01-06", "repeats": "once"}, TOO_FAR),
        ({"weekday": ["WE"]}, "This day does not fit the rule. The next one that does: Wed 25 Nov at 18:00."),
        (
            {"repeats": "nth", "ordinal": "1", "weekday": []},
            "This day does not fit the rule. The next one that does: Tue 1 Dec at 18:00.",
        ),
        ({"ends": "on", "until": ""}, "Choose the last day."),
        ({"ends": "on", "until": "2026-11-01"}, "It can’t end before it begins."),
        ({"ends": "after", "count": ""}, "Say how many times."),
        ({"repeats": "own", "rule": ""}, "Write the rule, or choose how often it repeats."),
        ({"repeats": "own", "rule": "FREQ=HOURLY"}, "An event can repeat daily or more rarely"),
        ({"interval": "5000"}, "This value is out of range: INTERVAL=5000"),
        ({"left_out": ["soon"]}, "We don’t understand this part of the rule: soon"),
        ({"opens_before_minutes": "30"}, "It can’t close before it opens."),
        ({"group": "999"}, "Choose one of the club’s groups."),
        ({"group": "my group"}, "Choose one of the club’s groups."),
        ({"visibility": "everyone"}, "Choose who can see it."),
    ],
)
async def test_each_fault_has_its_message(
    noon: Any, dashboard: Any, account: Any, fields: dict[str, Any], fault: str
) -> None:
    shown = await dashboard.post("/dashboard/series", **{**GOOD, **fields})
    assert shown.status_code == 422 and fault in dashboard.text(shown)


async def test_a_made_up_form_is_a_form_with_faults(dashboard: Any, account: Any) -> None:
    for sent in (
        {},
        {"title": "a\x00b", "weekday": "XX", "repeats": "never", "ends": "?"},
        {"title": ["a", "b"], "capacity": "٣", "guests_max": "-1", "starts_on": "٢٠٢٦-١١-٢٤"},
    ):
        assert (await dashboard.post("/dashboard/series", **sent)).status_code == 422


async def test_the_preview_shows_the_next_dates(noon: Any, dashboard: Any) -> None:
    shown = await dashboard.post("/dashboard/series/preview", **{**GOOD, "title": ""})
    text = dashboard.text(shown)
    assert shown.status_code == 200 and "<html" not in shown.text
    assert "Every Tuesday at 18:00." in text and "Tue 24 Nov 18:00" in text
    assert "And so on." in text


async def test_left_out_dates_are_struck_and_can_be_restored(noon: Any, dashboard: Any) -> None:
    shown = await dashboard.post(
        "/dashboard/series/preview", **{**GOOD, "left_out": ["20261201", "20280101"]}
    )
    assert "<s>Tue 1 Dec</s>" in shown.text
    assert 'value="20261201" checked' in shown.text
    assert 'type="hidden" name="left_out" value="20280101"' in shown.text, "what is not shown stays"
    assert "Not on 1 Dec 2026 and 1 Jan 2028." in dashboard.text(shown)


async def test_general_can_be_chosen_where_the_group_has_another_topic(
    noon: Any, dashboard: Any, account: Any
) -> None:
    from backend import db

    new = await dashboard.get("/dashboard/series/new")
    assert "› General" not in new.text
    async with db.transaction():
        await db.execute("UPDATE groups SET forum = true, card_topic_id = 7 WHERE id = $1", account.group_id)
    place = f"{account.group_id}:1"
    new = await dashboard.get("/dashboard/series/new")
    assert f'<option value="{place}">Kallio Yoga › General</option>' in new.text
    await dashboard.post("/dashboard/series", **{**GOOD, "group": place})
    made = await only_series(account)
    assert (made.draft.group_id, made.draft.topic_id) == (account.group_id, 1)
    form = await dashboard.get(f"/dashboard/series/{made.id}")
    assert f'<option value="{place}" selected>' in form.text


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"starts_on": "2099-01-06"}, TOO_FAR),
        ({"starts_on": "2020-01-07", "repeats": "once"}, "All its dates are in the past."),
        (
            {"repeats": "own", "rule": "FREQ=WEEKLY;COUNT=1\nEXDATE:20261124T180000"},
            "Its rule leaves out every date.",
        ),
    ],
)
async def test_the_preview_says_why_there_are_no_dates(
    noon: Any, dashboard: Any, fields: dict[str, Any], why: str
) -> None:
    shown = await dashboard.post("/dashboard/series/preview", **{**GOOD, **fields})
    assert why in dashboard.text(shown)


async def test_the_preview_names_clock_changes(noon: Any, dashboard: Any) -> None:
    """S3."""
    spring = {**GOOD, "starts_on": "2027-03-23", "starts_time": "18:00"}
    shown = dashboard.text(await dashboard.post("/dashboard/series/preview", **spring))
    assert "The clocks go forward an hour on 28 March 2027" in shown
    autumn = {**GOOD, "starts_on": "2027-10-26"}
    assert "The clocks go back an hour on 31 October 2027" in dashboard.text(
        await dashboard.post("/dashboard/series/preview", **autumn)
    )
    skipped = {**GOOD, "repeats": "daily", "starts_on": "2027-03-27", "starts_time": "03:30"}
    shown = dashboard.text(await dashboard.post("/dashboard/series/preview", **skipped))
    assert "The clocks go forward that night and skip the usual hour." in shown
    once = {**GOOD, "repeats": "once", "starts_on": "2027-03-28", "starts_time": "03:30"}
    shown = dashboard.text(await dashboard.post("/dashboard/series/preview", **once))
    assert "The clocks go forward that night and skip this hour: it becomes 04:30." in shown
    doubled = {**skipped, "starts_on": "2027-10-30"}
    shown = dashboard.text(await dashboard.post("/dashboard/series/preview", **doubled))
    assert "This hour comes twice that night; the first one counts." in shown


@pytest.mark.parametrize(
    ("zone", "starts_on", "note"),
    [
        ("Europe/Dublin", "2027-03-23", "The clocks go forward an hour on 28 March 2027"),
        ("Europe/Dublin", "2027-10-26", "The clocks go back an hour on 31 October 2027"),
        ("Africa/Casablanca", "2027-02-02", "The clocks go back an hour on 7 February 2027"),
        ("Africa/Casablanca", "2027-03-09", "The clocks go forward an hour on 14 March 2027"),
        ("Australia/Lord_Howe", "2027-03-30", "The clocks go back 30 minutes on 4 April 2027"),
        ("Australia/Lord_Howe", "2027-09-28", "The clocks go forward 30 minutes on 3 October 2027"),
    ],
)
async def test_a_clock_change_is_described_by_what_the_clocks_do(
    zone: str, starts_on: str, note: str, noon: Any, dashboard: Any, zones_of: Any
) -> None:
    """S3: daylight saving time is no season. In Dublin it is negative and in winter, in Casablanca it was in Ramadan."""
    zones_of("2025b")
    draft = {**GOOD, "zone": zone, "starts_on": starts_on, "starts_time": "18:00"}
    shown = dashboard.text(await dashboard.post("/dashboard/series/preview", **draft))
    assert note in shown


async def test_a_zone_that_keeps_its_clocks_shows_no_change(noon: Any, dashboard: Any, zones_of: Any) -> None:
    """S3, S10: Vancouver keeps its clocks from 2026 on; its data call it another time from 1 November."""
    zones_of("2026f")
    draft = {**GOOD, "zone": "America/Vancouver", "starts_on": "2027-10-26", "starts_time": "18:00"}
    shown = dashboard.text(await dashboard.post("/dashboard/series/preview", **draft))
    assert "The clocks go" not in shown


async def test_an_impossible_preview_says_why(noon: Any, dashboard: Any) -> None:
    shown = await dashboard.post("/dashboard/series/preview", **{**GOOD, "weekday": ["WE"]})
    assert shown.status_code == 200 and "This day does not fit the rule" in dashboard.text(shown)
    empty = await dashboard.post("/dashboard/series/preview", **{**GOOD, "starts_on": "", "starts_time": ""})
    assert "Choose the first day and the time" in dashboard.text(empty)


async def test_the_weekday_of_the_first_date_is_marked_where_none_is_chosen(
    noon: Any, dashboard: Any
) -> None:
    """A weekly rule without weekdays follows its first date; the mark follows it with the preview."""
    for day, weekday in (("2026-11-24", "TU"), ("2026-11-26", "TH"), ("", "")):
        typed = {**GOOD, "weekday": [], "starts_on": day}
        shown = await dashboard.post("/dashboard/series/preview", **typed)
        assert re.findall(r'data-first="(.*?)"', shown.text) == [weekday] * bool(weekday)
    form = await dashboard.get("/dashboard/series/new")
    assert "With none chosen, it is the weekday of the first date." in dashboard.text(form)


class FormReader(HTMLParser):
    """The fields that a browser would send of the form in a page, without its button."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.fields: list[tuple[str, str]] = []
        self.inside = False
        self.select = self.textarea = ""
        self.options: list[tuple[str, bool]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        given = dict(attrs)
        if tag == "form":
            self.inside = given.get("id") == "series-form"
        if not self.inside:
            return
        name, kind = given.get("name", ""), given.get("type", "")
        if tag == "input" and name and (kind not in ("checkbox", "radio") or "checked" in given):
            self.fields.append((name, given.get("value", "")))
        elif tag == "select":
            self.select, self.options = name, []
        elif tag == "option" and self.select:
            self.options.append((given["value"], "selected" in given))
        elif tag == "textarea":
            self.textarea = name
            self.fields.append((name, ""))

    def handle_data(self, data: str) -> None:
        if self.inside and self.textarea:
            name, value = self.fields.pop()
            self.fields.append((name, value + data))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.inside = False
        elif tag == "textarea":
            self.textarea = ""
        elif tag == "select" and self.inside and self.select:
            chosen = [value for value, selected in self.options if selected] or [self.options[0][0]]
            self.fields.append((self.select, chosen[-1]))
            self.select = ""

    def as_sent(self) -> dict[str, Any]:
        sent: dict[str, list[str]] = {}
        for name, value in self.fields:
            sent.setdefault(name, []).append(value)
        return {name: values for name, values in sent.items() if name != "csrf"}


@pytest.mark.parametrize(
    "rule",
    [
        "",
        "FREQ=WEEKLY\nEXDATE;TZID=Europe/Helsinki:20261215T180000",
        "FREQ=WEEKLY;UNTIL=20261222T155959Z",
        "FREQ=WEEKLY;INTERVAL=15;COUNT=3\nRDATE:20261203T120000\nEXDATE;VALUE=DATE:20261201",
        "FREQ=MONTHLY;BYDAY=-5TU",
        "FREQ=DAILY;BYDAY=TU,WE\nEXDATE:20261208T160000Z",
        "FREQ=WEEKLY;INTERVAL=2;WKST=SU;BYDAY=TU,SU\r\nEXDATE;TZID=FLE Standard Time:20261215T180000",
        "FREQ=YEARLY;UNTIL=99991231T235959Z",
    ],
)
async def test_a_form_opened_and_saved_changes_no_date(
    rule: str, noon: Any, dashboard: Any, account: Any, series: Any
) -> None:
    """S11: as a browser sends the page back. Then another hour changes no day."""
    made = await series(rule=rule, starts_local=datetime(2026, 12, 1, 18, 0))
    path = f"/dashboard/series/{made.series_id}"
    was = (await only_series(account)).draft
    fields = FormReader((await dashboard.get(path)).text).as_sent()
    saved = await dashboard.post(path, follow=False, **fields)
    assert saved.status_code == 303
    assert (await only_series(account)).draft == was
    later = {**fields, "starts_time": "19:00"}
    shown = await dashboard.post(f"/dashboard/series/preview?series={made.series_id}", **later)
    assert (await dashboard.post(path, follow=False, **later)).status_code == 303
    draft = (await only_series(account)).draft
    before, after = (one.next_occurrences(noon, limit=8) for one in (was, draft))
    assert {one.local.date() for one in before} == {one.local.date() for one in after}
    rows = re.findall(r'<li class="num">(.*?)</li>', shown.text, re.S)
    previewed = [row for row in rows if "<s>" not in row]
    assert len(previewed) == min(8, len(after)) or len(rows) == 8
    assert all("19:00" in row or "12:00" in row for row in previewed)


VEVENT = """BEGIN:VCALENDAR
BEGIN:VEVENT
DTSTART;TZID=Europe/Stockholm:20261201T180000
DTEND;TZID=Europe/Stockholm:20261201T193000
RRULE:FREQ=WEEKLY;BYDAY=TU;COUNT=5
EXDATE;TZID=Europe/Stockholm:20261215T180000
SUMMARY:Löylyä
LOCATION:Sompasauna
ATTENDEE:mailto:a@example.org
END:VEVENT
BEGIN:VEVENT
RECURRENCE-ID;TZID=Europe/Stockholm:20261208T180000
DTSTART;TZID=Europe/Stockholm:20261209T180000
END:VEVENT
END:VCALENDAR"""


async def test_a_pasted_calendar_entry_fills_the_form_and_saves_nothing(
    noon: Any, dashboard: Any, account: Any
) -> None:
    from backend.events.queries import all_series

    typed = {**GOOD, "title": "", "place": "", "repeats": "own", "rule": VEVENT}
    previewed = dashboard.text(await dashboard.post("/dashboard/series/preview", **typed))
    assert "This is a whole calendar entry." in previewed and "Fill the form" in previewed
    shown = await dashboard.post("/dashboard/series", **typed)
    text = dashboard.text(shown)
    assert shown.status_code == 200 and await all_series(account.id) == []
    assert (
        "Filled from the calendar entry: the title, the first date, the time zone, the length, the place, how"
        " often it repeats and dates left out. 1 date was changed separately there and was not used. Change it"
        " here after saving. Not used: ATTENDEE." in text
    )
    assert "Every Tuesday at 18:00, 5 times in all. Not on 15 Dec 2026." in text
    assert (
        await dashboard.post("/dashboard/series", follow=False, **FormReader(shown.text).as_sent())
    ).status_code == 303
    draft = (await only_series(account)).draft
    assert (draft.title, draft.place, draft.zone) == ("Löylyä", "Sompasauna", "Europe/Stockholm")
    assert (draft.starts_local, draft.duration_minutes) == (datetime(2026, 12, 1, 18), 90)
    assert draft.rule == "RRULE:FREQ=WEEKLY;BYDAY=TU;COUNT=5\nEXDATE;VALUE=DATE:20261215"
    assert draft.capacity == 8, "what the entry does not say stays as it was typed"


async def test_a_pasted_first_date_fills_the_form_of_a_stored_series(
    noon: Any, dashboard: Any, account: Any, series: Any
) -> None:
    made = await series(rule="FREQ=WEEKLY")
    before = (await only_series(account)).draft
    path = f"/dashboard/series/{made.series_id}"
    fields = FormReader((await dashboard.get(path)).text).as_sent()
    pasted = {**fields, "repeats": "own", "rule": "DTSTART:20261208T160000Z\nDTEND:20261208T170000Z"}
    shown = FormReader((await dashboard.post(path, **pasted)).text).as_sent()
    assert (await only_series(account)).draft == before
    assert (shown["starts_on"], shown["starts_time"], shown["zone"]) == (
        ["2026-12-08"],
        ["18:00"],
        ["Europe/Helsinki"],
    )
    assert (shown["duration_minutes"], shown["repeats"], shown["title"]) == (["60"], ["once"], [before.title])


async def test_what_cannot_be_read_of_an_entry_is_named(noon: Any, dashboard: Any) -> None:
    """X5."""
    for rule, words in (
        ("DTSTART;TZID=Mars/Olympus:20261201T180000", "There is no such time zone: Mars/Olympus"),
        ("BEGIN:VCALENDAR\nEND:VCALENDAR", "This calendar text contains no event."),
    ):
        shown = await dashboard.post("/dashboard/series", **{**GOOD, "repeats": "own", "rule": rule})
        assert shown.status_code == 422 and words in dashboard.text(shown)
        assert rule.splitlines()[0] in shown.text, "nothing typed is lost"
    often = "DTSTART:20261201T180000\nRRULE:FREQ=HOURLY"
    shown = await dashboard.post("/dashboard/series", **{**GOOD, "repeats": "own", "rule": often})
    assert "An event can repeat daily or more rarely" in dashboard.text(shown)


async def test_the_preview_of_a_split_series_ends_with_its_part(
    noon: Any, dashboard: Any, account: Any, olga: Any, series: Any
) -> None:
    """S4: what is previewed is what is saved, also an hour earlier."""
    from dataclasses import replace

    from backend.bookings.queries.lists import series_instances
    from backend.events.queries import series_by_id
    from backend.events.split import edit_following

    made = await series(rule="FREQ=WEEKLY", starts_local=datetime(2026, 12, 1, 18, 0))
    third = (await series_instances(made.series_id, olga))[2]
    whole = await series_by_id(account.id, made.series_id)
    assert whole is not None
    second = await edit_following(third.code, olga, replace(whole.draft, title="Late yoga"))
    for series_id, first, dates in ((made.series_id, "1 Dec", 2), (second, "15 Dec", 8)):
        for hour in ("18:00", "17:00"):
            path = f"/dashboard/series/{series_id}"
            fields = {**FormReader((await dashboard.get(path)).text).as_sent(), "starts_time": hour}
            shown = await dashboard.post(f"/dashboard/series/preview?series={series_id}", **fields)
            rows = re.findall(r'<li class="num"><span>(.*?)</span>', shown.text, re.S)
            assert (len(rows), rows[0]) == (dates, f"Tue {first}")
    assert (await dashboard.post(path, follow=False, **fields)).status_code == 303
    starts = [f"{one.starts_at:%d.%m. %H}" for one in await series_instances(second, olga)]
    assert starts[0] == "15.12. 15", "17:00 in Helsinki"


async def test_a_changed_series_lists_drifted_instances(
    noon: Any, dashboard: Any, account: Any, alice: Any
) -> None:
    """S4: what somebody has booked stays, and the organiser is shown it."""
    from backend.bookings.actions import book
    from backend.seats.requests import Via

    made = await dashboard.post("/dashboard/series", follow=False, **GOOD)
    await book(made.headers["location"].rsplit("/", 1)[1], alice, via=Via.CARD)
    view = await only_series(account)
    moved = {**GOOD, "starts_on": "2026-11-26", "weekday": ["TH"]}
    shown = await dashboard.post(f"/dashboard/series/{view.id}", **moved)
    text = dashboard.text(shown)
    assert "Saved. 1 date no longer fits the rule but stays: see below." in text
    assert "1 date no longer fits the rule" in text
    assert "Tue 24 Nov, 18:00–19:30 · 1 seat booked" in text
    assert "1 date no longer fits the rule" in dashboard.text(
        await dashboard.get(f"/dashboard/series/{view.id}")
    ), "also when one comes back later"
    code = made.headers["location"].rsplit("/", 1)[1]
    page = await dashboard.get(f"/dashboard/events/{code}")
    assert "This date no longer fits the rule of its event" in dashboard.text(page)
    kept = await dashboard.post(f"/dashboard/events/{code}/keeping")
    assert "Kept. It stays as it is, even if the rule changes." in dashboard.text(kept)
    assert "no longer fits" not in dashboard.text(kept)
    assert "no longer fits" not in dashboard.text(await dashboard.get(f"/dashboard/series/{view.id}"))


async def test_a_date_kept_from_the_list_leads_back_to_the_list(
    noon: Any, dashboard: Any, account: Any, alice: Any
) -> None:
    """S4: two dates have drifted; after the first, the organiser reads about the second."""
    from backend.bookings.actions import book
    from backend.bookings.queries.lists import series_instances
    from backend.seats.requests import Via

    always = {**GOOD, "opens_before_minutes": ""}
    await dashboard.post("/dashboard/series", follow=False, **always)
    view = await only_series(account)
    first, second = (await series_instances(view.id, alice))[:2]
    for one in (first, second):
        await book(one.code, alice, via=Via.CARD)
    shown = await dashboard.post(
        f"/dashboard/series/{view.id}", **{**always, "starts_on": "2026-11-26", "weekday": ["TH"]}
    )
    assert f'name="series" value="{view.id}"' in shown.text
    kept = await dashboard.post(f"/dashboard/events/{first.code}/keeping", follow=False, series=str(view.id))
    assert kept.headers["location"] == f"/dashboard/series/{view.id}"
    text = dashboard.text(await dashboard.get(kept.headers["location"]))
    assert "Kept. It stays as it is" in text and "1 date no longer fits the rule" in text


async def test_what_followed_and_what_did_not_is_named(
    noon: Any, dashboard: Any, account: Any, olga: Any, alice: Any
) -> None:
    """S4: a date that was moved has the new title, but keeps its hour and its seats."""
    from backend.bookings.actions import book
    from backend.events.reschedule import move_instance
    from backend.seats.requests import Via

    made = await dashboard.post("/dashboard/series", follow=False, **GOOD)
    code = made.headers["location"].rsplit("/", 1)[1]
    await book(code, alice, via=Via.CARD)
    view = await only_series(account)
    path = f"/dashboard/series/{view.id}"
    assert "Saved. 8 dates were updated." in dashboard.text(
        await dashboard.post(path, **{**GOOD, "title": "Bath"})
    )
    await move_instance(code, olga, datetime(2026, 11, 25, 19, 0))
    text = dashboard.text(await dashboard.post(path, **{**GOOD, "title": "Löyly", "capacity": "6"}))
    assert "Saved. 1 date keeps its own details: see below. 7 dates were updated." in text
    assert "1 date keeps its own details" in text
    assert "Wed 25 Nov, 19:00–20:30 · Its own details: the time and the seats" in text
    assert "Löyly" in dashboard.text(await dashboard.get(f"/dashboard/events/{code}"))


async def test_a_refused_change_changes_nothing(noon: Any, dashboard: Any, account: Any, series: Any) -> None:
    made = await series(rule="FREQ=WEEKLY")
    before = (await only_series(account)).draft
    shown = await dashboard.post(f"/dashboard/series/{made.series_id}", **{**GOOD, "title": ""})
    assert shown.status_code == 422 and 'value="Sompasauna"' in shown.text
    assert (await only_series(account)).draft == before


async def test_a_rule_the_form_cannot_show_stays_as_it_is(
    noon: Any, dashboard: Any, account: Any, series: Any
) -> None:
    rule = "RRULE:FREQ=MONTHLY;BYDAY=TU;BYSETPOS=1,3"
    made = await series(rule=rule, starts_local=datetime(2026, 12, 1, 18, 0))
    shown = await dashboard.get(f"/dashboard/series/{made.series_id}")
    assert '<option value="own" selected>' in shown.text and rule in shown.text


async def test_topics_can_be_chosen(noon: Any, dashboard: Any, account: Any) -> None:
    from backend.groups.actions import rename_group
    from backend.linking.actions import record_topic

    await rename_group(account.chat_id, "Kallio Yoga", forum=True)
    await record_topic(account.chat_id, 17, "Evenings")
    assert "Kallio Yoga › Evenings" in dashboard.text(await dashboard.get("/dashboard/series/new"))
    await dashboard.post("/dashboard/series", **{**GOOD, "group": f"{account.group_id}:17"})
    draft = (await only_series(account)).draft
    assert (draft.group_id, draft.topic_id) == (account.group_id, 17)
    view = await only_series(account)
    shown = await dashboard.get(f"/dashboard/series/{view.id}")
    assert f'<option value="{account.group_id}:17" selected>' in shown.text


async def test_the_list_shows_the_recurrence_and_the_next_instance(
    noon: Any, dashboard: Any, series: Any
) -> None:
    await series(rule="FREQ=WEEKLY;INTERVAL=2")
    await series(title="Party")
    shown = dashboard.text(await dashboard.get("/dashboard/series"))
    assert "Every 2nd Thursday Thu 26 Nov at 18:00 Kallio Yoga" in shown and "Once" in shown


async def test_columns_the_form_does_not_show_stay_as_they_are(
    noon: Any, dashboard: Any, account: Any, olga: Any
) -> None:
    """`S4`: saving a title is no reason to forget a minimum."""
    from dataclasses import replace

    from backend.events.edit import edit_series

    await dashboard.post("/dashboard/series", **GOOD)
    found = await only_series(account)
    own = {
        "min_to_run": 4,
        "decide_by_itself": True,
        "decide_before_minutes": 600,
        "warn_before_minutes": 700,
        "offers_before_minutes": 500,
        "offer_minutes": 20,
        "first_tap_before_minutes": 60,
        "remind_before_minutes": (90,),
        "remind_unanswered": True,
    }
    await edit_series(olga, account.id, found.id, replace(found.draft, **own))
    await dashboard.post(f"/dashboard/series/{found.id}", **{**GOOD, "title": "Sauna, late"})
    draft = (await only_series(account)).draft
    assert draft.title == "Sauna, late"
    assert {name: getattr(draft, name) for name in own} == own
