"""Polls as organisers make, follow and close them (`P1`, `P2`)."""

from datetime import timedelta
from typing import Any

import pytest

GOOD = {
    "question": "What do we cook?",
    "option": ["Karjalanpaisti", "Vegan ramen", "", "Пельмени"],
    "limit": ["", "", "", "8"],
    "kind": "single",
    "choices_max": "2",
    "results": "live",
    "closes": "",
}


async def made(dashboard: Any, **fields: Any) -> str:
    answer = await dashboard.post("/dashboard/polls", follow=False, **{**GOOD, **fields})
    assert answer.status_code == 303, dashboard.text(answer)
    return str(answer.headers["location"].rsplit("/", 1)[1])


async def test_makes_a_poll_and_shows_who_voted_for_what(
    noon: Any, dashboard: Any, account: Any, alice: Any
) -> None:
    from backend.polls.actions import vote
    from backend.polls.queries import poll
    from backend.seats.requests import Via

    code = await made(dashboard, group=str(account.group_id))
    options = (await poll(code, alice)).options
    assert [(o.text, o.votes_max) for o in options] == [
        ("Karjalanpaisti", None),
        ("Vegan ramen", None),
        ("Пельмени", 8),
    ]
    await vote(code, alice, [options[2].id], via=Via.CARD)
    shown = dashboard.text(await dashboard.get(f"/dashboard/polls/{code}"))
    assert "Voted 1 of 4" in shown and "Пельмени 1 of 8 Alice" in shown
    assert "Post the card" in shown
    assert "What do we cook? 1 of 4 have voted Open" in dashboard.text(
        await dashboard.get("/dashboard/polls")
    )


async def test_closes_a_poll_for_good(noon: Any, dashboard: Any) -> None:
    code = await made(dashboard)
    shown = dashboard.text(await dashboard.post(f"/dashboard/polls/{code}/closure"))
    assert "The poll is closed." in shown and "Close the poll" not in shown
    assert "Closed today at 14:00" in dashboard.text(await dashboard.get("/dashboard/polls"))


async def test_a_deadline_is_in_the_clubs_time(noon: Any, dashboard: Any, olga: Any) -> None:
    from backend.polls.queries import poll

    code = await made(dashboard, closes="2026-11-24T18:00")
    closes_at = (await poll(code, olga)).closes_at
    assert closes_at is not None and closes_at.isoformat() == "2026-11-24T16:00:00+00:00"
    assert "until tomorrow at 18:00" in dashboard.text(await dashboard.get(f"/dashboard/polls/{code}"))


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({"question": ""}, "Ask something."),
        ({"option": ["Only one", "", ""], "limit": ["", "", ""]}, "Between 2 and 40 options, please."),
        ({"option": ["Tea", "tea"], "limit": ["", ""]}, "This option already exists."),
        (
            {"option": ["Tea", "", "Coffee"], "limit": ["", "3", ""]},
            "Write something or remove this option.",
        ),
        ({"limit": ["some", "", "", ""]}, "A whole number, please."),
        ({"limit": ["0", "", "", ""]}, "Between 1 and 100000 votes, please; or leave it empty."),
        ({"kind": "several", "choices_max": "0"}, "please"),
        ({"kind": "ranked"}, "Choose one, several, or dates."),
        ({"closes": "2026-11-22T18:00"}, "Choose a time in the future"),
        ({"closes": "soon"}, "Choose a day and a time."),
        ({"group": "999"}, "Choose one of the club’s groups."),
    ],
)
async def test_each_fault_has_its_message_and_keeps_what_was_typed(
    noon: Any, dashboard: Any, fields: dict[str, Any], fault: str
) -> None:
    typed = {**GOOD, "anonymous": "1", **fields}
    shown = await dashboard.post("/dashboard/polls", **typed)
    assert shown.status_code == 422 and fault in dashboard.text(shown)
    for text in (*typed["option"], *typed["limit"], typed["choices_max"]):
        assert f'value="{text}"' in shown.text
    assert 'name="anonymous" value="1" checked' in shown.text


async def test_a_fault_is_shown_at_its_line(noon: Any, dashboard: Any) -> None:
    """Empty lines are left out of the poll, and still count as lines of the form."""
    shown = await dashboard.post(
        "/dashboard/polls", **{**GOOD, "option": ["Tea", "", "", "TEA"], "limit": ["", "", "", ""]}
    )
    assert 'id="fault-option-3"' in shown.text and 'id="fault-option-1"' not in shown.text


async def test_hidden_results_are_hidden_from_organisers_too(noon: Any, dashboard: Any, alice: Any) -> None:
    from backend.polls.actions import vote
    from backend.polls.queries import poll
    from backend.seats.requests import Via

    code = await made(dashboard, results="closed")
    await vote(code, alice, [(await poll(code, alice)).options[0].id], via=Via.CARD)
    shown = dashboard.text(await dashboard.get(f"/dashboard/polls/{code}"))
    assert "Results are hidden from everybody until the poll closes." in shown
    assert "Alice" not in shown and "Voted 1 of 4" in shown


async def test_an_anonymous_poll_names_nobody(noon: Any, dashboard: Any, alice: Any) -> None:
    from backend.polls.actions import vote
    from backend.polls.queries import poll
    from backend.seats.requests import Via

    code = await made(dashboard, anonymous="1")
    await vote(code, alice, [(await poll(code, alice)).options[0].id], via=Via.CARD)
    shown = dashboard.text(await dashboard.get(f"/dashboard/polls/{code}"))
    assert "Karjalanpaisti 1" in shown and "Alice" not in shown


async def test_posts_its_card(noon: Any, dashboard: Any, account: Any) -> None:
    from backend import db

    code = await made(dashboard, group=str(account.group_id))
    shown = dashboard.text(await dashboard.post(f"/dashboard/polls/{code}/cards"))
    assert "On its way to “Kallio Yoga”" in shown
    assert await db.value("SELECT count(*) FROM cards WHERE poll_id IS NOT NULL") == 1


async def test_a_poll_over_by_its_deadline_is_closed(noon: Any, dashboard: Any) -> None:
    from backend import clock

    code = await made(dashboard, closes="2026-11-24T18:00")
    clock.advance(timedelta(days=2))
    assert "Close the poll" not in dashboard.text(await dashboard.get(f"/dashboard/polls/{code}"))


DATES = {
    "kind": "dates",
    "option": ["2026-11-25 18:00", "2026-11-24T18:00", ""],
    "limit": ["", "3", ""],
}


async def test_makes_a_date_poll(noon: Any, dashboard: Any, alice: Any) -> None:
    """P1: written in the club's time, listed by time."""
    from backend.polls.actions import vote
    from backend.polls.queries import poll
    from backend.polls.rules import Answer
    from backend.seats.requests import Via

    code = await made(dashboard, **DATES)
    options = (await poll(code, alice)).options
    assert [(o.starts_at.isoformat(), o.votes_max) for o in options if o.starts_at] == [
        ("2026-11-24T16:00:00+00:00", 3),
        ("2026-11-25T16:00:00+00:00", None),
    ]
    answers = {options[0].id: Answer.YES, options[1].id: Answer.IF_NEED_BE}
    await vote(code, alice, answers, via=Via.CARD)
    shown = dashboard.text(await dashboard.get(f"/dashboard/polls/{code}"))
    assert "Tue 24 Nov, 18:00 1 of 3 Alice" in shown
    assert "Wed 25 Nov, 18:00 0 1 if need be: Alice" in shown
    assert "Not voted yet Aino, Bob, Olga" in shown


async def test_an_hour_that_the_clocks_skip_moves_with_a_word(noon: Any, dashboard: Any, alice: Any) -> None:
    """S3: as for events. The skipped hour is that of a date, the doubled one that of the deadline."""
    typed = {**GOOD, "kind": "dates", "option": ["2027-03-28T03:30", "2027-11-01T18:00"], "limit": ["", ""]}
    shown = dashboard.text(await dashboard.post("/dashboard/polls", **typed))
    assert (
        "The poll is ready. The clocks go forward that night and skip this hour: it becomes 04:30." in shown
    )
    assert "Sun 28 Mar 2027, 04:30" in shown
    shown = dashboard.text(await dashboard.post("/dashboard/polls", **{**GOOD, "closes": "2027-10-31T03:30"}))
    assert "The poll is ready. This hour comes twice that night; the first one counts." in shown


@pytest.mark.parametrize("wrong", ["tea", "2026-11-22 18:00"])
async def test_an_invalid_date_is_reported_at_its_line(noon: Any, dashboard: Any, wrong: str) -> None:
    """X5."""
    typed = {**GOOD, **DATES, "option": ["2026-11-25 18:00", wrong, "2026-11-26 18:00"]}
    shown = await dashboard.post("/dashboard/polls", **typed)
    assert shown.status_code == 422 and 'id="fault-option-1"' in shown.text
    assert f'value="{wrong}"' in shown.text


async def test_makes_the_event_of_a_date_poll(noon: Any, dashboard: Any, olga: Any, alice: Any) -> None:
    """P4: with a place, a length and a first claim; faults stand at their fields, and the poll stays open."""
    from backend.bookings.queries.event import event
    from backend.polls.actions import vote
    from backend.polls.queries import poll
    from backend.seats.requests import Via

    code = await made(dashboard, **DATES)
    path = f"/dashboard/polls/{code}/date"
    refused = await dashboard.post(path)
    assert refused.status_code == 422 and "No one said yes to any upcoming date" in dashboard.text(refused)
    await vote(code, alice, [(await poll(code, alice)).options[1].id], via=Via.CARD)
    for fields in ({"capacity": "some"}, {"capacity": "0"}, {"claim_hours": "9999"}):
        refused = await dashboard.post(path, **{"place": "Sali 2", **fields})
        assert refused.status_code == 422 and 'value="Sali 2"' in refused.text
        assert (await poll(code, olga)).open
    shown = dashboard.text(
        await dashboard.post(path, capacity="8", place="Sali 2", duration_minutes="90", claim_hours="12")
    )
    assert "The date is set: Wed 25 Nov at 18:00." in shown
    date = (await poll(code, alice)).event_option
    assert date is not None
    view = await event(date.made, alice)
    assert (view.capacity, view.place) == (8, "Sali 2")
    assert view.claim_until == noon + timedelta(hours=12)


async def test_the_event_of_a_poll_begins_with_the_clubs_defaults(
    noon: Any, dashboard: Any, account: Any, olga: Any, alice: Any
) -> None:
    """S12: they stand in the form, and hold for what the form does not show; a minimum gives way to fewer seats."""
    from backend.events.queries import all_series
    from backend.polls.actions import vote
    from backend.polls.queries import poll
    from backend.seats.requests import Via
    from backend.series_defaults.actions import edit_series_defaults
    from tests.series_defaults.test_series_defaults import OURS

    await edit_series_defaults(olga, account.id, OURS)
    for capacity, least in (("14", 4), ("3", None)):
        code = await made(dashboard, **DATES)
        await vote(code, alice, [(await poll(code, alice)).options[1].id], via=Via.CARD)
        shown = await dashboard.get(f"/dashboard/polls/{code}")
        assert 'name="capacity" type="text" value="14"' in shown.text
        assert 'name="duration_minutes" type="text" value="75"' in shown.text
        await dashboard.post(
            f"/dashboard/polls/{code}/date", capacity=capacity, duration_minutes="", claim_hours="0"
        )
        draft = max(await all_series(account.id), key=lambda view: view.id).draft
        assert (draft.capacity, draft.min_to_run, draft.duration_minutes) == (int(capacity), least, 75)
        assert (draft.guests_max, draft.cancel_before_minutes, draft.fill_gaps) == (2, 6 * 60, True)


async def test_reminds_members_who_have_not_voted(noon: Any, dashboard: Any) -> None:
    """P5: once a day."""
    code = await made(dashboard)
    first = dashboard.text(await dashboard.post(f"/dashboard/polls/{code}/reminder"))
    assert "4 people will be reminded." in first and "Reminded today at 14:00" in first
    again = await dashboard.post(f"/dashboard/polls/{code}/reminder")
    assert "You can remind them again tomorrow at 14:00." in dashboard.text(again)


async def test_polls_come_by_pages_and_are_found_by_their_question(
    dashboard: Any, account: Any, olga: Any, monkeypatch: Any
) -> None:
    from backend.polls.actions import create_poll
    from backend.polls.drafts import OptionDraft, PollDraft

    monkeypatch.setattr("webapp.dashboard.pages.polls.PAGE_SIZE", 3)
    for number in range(5):
        draft = PollDraft(question=f"Question {number}?", options=(OptionDraft("Yes"), OptionDraft("No")))
        await create_poll(olga, account.id, draft)
    first = await dashboard.get("/dashboard/polls")
    assert first.text.count('<th scope="row">') == 3 and "Question 4?" in first.text
    older = first.text.split('rel="next" href="')[1].split('"')[0]
    rest = await dashboard.get(older)
    assert rest.text.count('<th scope="row">') == 2 and "Question 0?" in rest.text
    found = await dashboard.get("/dashboard/polls?q=question+1")
    assert found.text.count('<th scope="row">') == 1 and "Question 1?" in found.text
    assert "No poll with these words" in dashboard.text(await dashboard.get("/dashboard/polls?q=zebra"))
