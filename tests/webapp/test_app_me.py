"""The reader's own page: language, time zone, reminders, kinds of message, clubs (`M5`)."""

from typing import Any

import pytest

from backend.i18n import languages
from backend.people.preferences import Mutable, choose_reminders, preferences
from tests.webapp.test_app_bookings import root, text_of


async def test_the_page_shows_the_readers_clubs_and_roles(
    app_of: Any, olga: Any, alice: Any, account: Any
) -> None:
    hers = await (await app_of(olga)).get("/app/me")
    assert "Kallio Yoga" in hers.text
    assert "You own it" in text_of(hers)
    assert "/dashboard" in hers.text
    member = await (await app_of(alice)).get("/app/me")
    assert "You’re a member" in text_of(member)
    assert "/dashboard" not in member.text


async def test_a_chosen_language_is_kept(app_of: Any, alice: Any) -> None:
    for language in languages():
        answer = await (await app_of(alice)).ask("PATCH", "/app/me", data={"language": language})
        assert root(answer)["data-outcome"] == "saved"
        assert (
            f'value="{language}" lang="{language}" selected'
            in (await (await app_of(alice)).get("/app/me")).text
        )


async def test_unknown_languages_and_zones_are_refused(app_of: Any, alice: Any) -> None:
    app = await app_of(alice)
    for form in (
        {"language": "tlh"},
        {"zone": "Mars/Olympus"},
        {"zone": "../etc/passwd"},
        {"zone": "Factory"},
        {"zone": "localtime"},
    ):
        answer = await app.ask("PATCH", "/app/me", data=form)
        assert answer.status_code == 422
        assert root(answer)["role"] == "alert"


async def test_a_chosen_zone_is_kept(app_of: Any, alice: Any) -> None:
    app = await app_of(alice)
    assert "Not known yet" in (await app.get("/app/me")).text
    answer = await app.ask("PATCH", "/app/me", data={"zone": "Australia/Lord_Howe"})
    assert "Australia/Lord_Howe" in answer.text


async def test_reminder_times_can_be_chosen(app_of: Any, alice: Any) -> None:
    """`M5`: as each series has it, at one's own times, or never."""
    app = await app_of(alice)
    assert 'value="series" checked' in (await app.get("/app/me")).text
    own = await app.ask("PUT", "/app/me/reminders", data={"when": "own"})
    assert root(own)["data-outcome"] == "saved"
    assert (await preferences(alice)).leads == (1440, 120)
    for chosen in (["60"], ["2880", "15"]):
        page = await app.ask("PUT", "/app/me/reminders", data={"when": "own", "lead": chosen})
        assert (await preferences(alice)).leads == tuple(int(lead) for lead in chosen)
        for lead in chosen:
            assert f'value="{lead}" checked' in page.text
    never = await app.ask("PUT", "/app/me/reminders", data={"when": "never", "lead": ["60"]})
    assert 'value="never" checked' in never.text
    assert (await preferences(alice)).leads == ()
    await app.ask("PUT", "/app/me/reminders", data={"when": "series"})
    assert (await preferences(alice)).leads is None


async def test_a_lead_chosen_elsewhere_is_shown_too(app_of: Any, alice: Any) -> None:
    await choose_reminders(alice, [95])
    page = text_of(await (await app_of(alice)).get("/app/me"))
    assert "95 minutes" in page


@pytest.mark.parametrize(
    ("form", "status"),
    [
        ({"when": "own", "lead": ["1"]}, 422),
        ({"when": "own", "lead": ["15", "30", "60", "120", "180", "1440"]}, 422),
        ({"when": "own", "lead": ["x"]}, 422),
        ({"when": "own", "lead": [str(10**30)]}, 422),
        ({"when": "sometimes"}, 422),
    ],
)
async def test_invalid_reminder_times_are_explained(app_of: Any, alice: Any, form: Any, status: int) -> None:
    """`X5`"""
    answer = await (await app_of(alice)).ask("PUT", "/app/me/reminders", data=form)
    assert answer.status_code == status
    assert root(answer)["role"] == "alert"
    assert (await preferences(alice)).leads is None


async def test_kinds_of_message_can_be_muted(app_of: Any, alice: Any) -> None:
    """`M5`: the form sends only the wanted kinds."""
    app = await app_of(alice)
    page = (await app.get("/app/me")).text
    assert page.count('role="switch"') == page.count("checked><span") == len(tuple(Mutable))
    some = await app.ask("PUT", "/app/me/kinds", data={"kind": ["polls", "nudges"]})
    assert (await preferences(alice)).muted == {"reminders", "announcements"}
    assert some.text.count("checked><span") == 2
    await app.ask("PUT", "/app/me/kinds")
    assert (await preferences(alice)).muted == set(Mutable)
    await app.ask("PUT", "/app/me/kinds", data={"kind": list(Mutable)})
    assert (await preferences(alice)).muted == frozenset()
