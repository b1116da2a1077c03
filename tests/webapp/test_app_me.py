"""The reader's own page: language, time zone, clubs (`M5`)."""

from typing import Any

from backend.i18n import languages
from tests.webapp.test_app_bookings import root, text_of


async def test_shows_ones_clubs_and_what_one_is_there(
    app_of: Any, olga: Any, alice: Any, club: Any
) -> None:
    hers = await (await app_of(olga)).get("/app/me")
    assert "Kallio Yoga" in hers.text
    assert "You own it" in text_of(hers)
    assert "/dashboard" in hers.text
    member = await (await app_of(alice)).get("/app/me")
    assert "You’re a member" in text_of(member)
    assert "/dashboard" not in member.text


async def test_a_chosen_language_stays_chosen(app_of: Any, alice: Any) -> None:
    for language in languages():
        answer = await (await app_of(alice)).ask("PATCH", "/app/me", data={"language": language})
        assert root(answer)["data-outcome"] == "saved"
        assert (
            f'value="{language}" lang="{language}" selected'
            in (await (await app_of(alice)).get("/app/me")).text
        )


async def test_refuses_languages_and_zones_there_are_none_of(app_of: Any, alice: Any) -> None:
    app = await app_of(alice)
    for form in ({"language": "tlh"}, {"zone": "Mars/Olympus"}, {"zone": "../etc/passwd"}):
        answer = await app.ask("PATCH", "/app/me", data=form)
        assert answer.status_code == 422
        assert root(answer)["role"] == "alert"


async def test_a_zone_is_kept(app_of: Any, alice: Any) -> None:
    app = await app_of(alice)
    assert "Not known yet" in (await app.get("/app/me")).text
    answer = await app.ask("PATCH", "/app/me", data={"zone": "Australia/Lord_Howe"})
    assert "Australia/Lord_Howe" in answer.text
