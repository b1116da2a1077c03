"""While 0.3.0 and this version serve beside one another, each reads the sessions of the other: nobody signs in again, neither
during an update nor after going back (decision 0055)."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from backend import clock
from backend.people.browser_sessions import end_sessions
from tests.webapp import released_sessions
from tests.webapp.conftest import App
from webapp.miniapp import authentication


@pytest.fixture
def of_0_3_0(web: httpx.AsyncClient, alice: Any, noon: Any) -> App:
    return App(web, released_sessions.issue_session(alice, clock.now(), clock.now()))


async def test_a_session_of_0_3_0_is_read(of_0_3_0: App, alice: Any, instance: Any) -> None:
    assert "Alice" in (await of_0_3_0.get("/app/me")).text
    booked = await of_0_3_0.ask("POST", f"/app/events/{await instance()}/booking", data={"guests": "0"})
    assert 'data-outcome="booked"' in booked.text


async def test_0_3_0_reads_our_sessions(alice: Any, noon: Any) -> None:
    opened, signed = noon - timedelta(hours=2), noon - timedelta(hours=3)
    session = authentication.issue_session(alice, opened, signed)
    claims, theirs = authentication.read_claims(session), released_sessions.read_claims(session)
    assert claims is not None and theirs is not None
    for name in ("person_id", "version", "opened_at", "issued_at", "signed_at"):
        assert getattr(theirs, name) == getattr(claims, name)


async def test_the_renewed_session_is_read_by_both(web: httpx.AsyncClient, of_0_3_0: App) -> None:
    """It is of today's form, so that nginx counts its holder (X7)."""
    clock.advance(timedelta(minutes=6))
    renewed = (await of_0_3_0.get("/app/me")).headers["x-session"]
    assert released_sessions.read_claims(renewed) is not None
    assert "=" in renewed and "=" not in of_0_3_0.session
    assert (await App(web, renewed).get("/app/me")).status_code == 200


@pytest.mark.parametrize("minutes", [0, 30])
async def test_a_session_of_0_3_0_lives_no_longer_than_it_would_have(of_0_3_0: App, minutes: int) -> None:
    clock.advance(timedelta(minutes=59))
    assert (await of_0_3_0.get("/app/me")).status_code == 200
    clock.advance(timedelta(minutes=1 + minutes))
    assert (await of_0_3_0.get("/app/me")).status_code == 401


async def test_no_renewal_goes_beyond_twelve_hours(web: httpx.AsyncClient, alice: Any, noon: Any) -> None:
    opened = clock.now() - timedelta(hours=11, minutes=50)
    app = App(web, released_sessions.issue_session(alice, opened, opened))
    clock.advance(timedelta(minutes=6))
    renewed = App(web, (await app.get("/app/me")).headers["x-session"])
    clock.advance(timedelta(minutes=5))
    assert [(await one.get("/app/me")).status_code for one in (app, renewed)] == [401, 401]


async def test_it_ends_with_all_the_others(of_0_3_0: App, alice: Any) -> None:
    """Signing out everywhere, and the key that signs."""
    await end_sessions(alice)
    assert (await of_0_3_0.get("/app/me")).status_code == 401


async def test_an_organiser_with_an_old_signature_must_open_the_app_again(
    web: httpx.AsyncClient, olga: Any, instance: Any, noon: Any
) -> None:
    """X1: as with 0.3.0, and so after each renewal."""
    path, signed = f"/app/events/{await instance()}/seats", clock.now() - timedelta(minutes=50)
    app = App(web, released_sessions.issue_session(olga, clock.now(), signed))
    assert (await app.ask("PUT", path, data={"capacity": "9"})).status_code == 200
    clock.advance(timedelta(minutes=11))
    refused = await app.ask("PUT", path, data={"capacity": "8"})
    assert refused.status_code == 403 and 'data-outcome="open-again"' in refused.text
    renewed = App(web, refused.headers["x-session"])
    assert (await renewed.ask("PUT", path, data={"capacity": "8"})).status_code == 403


async def test_no_session_of_today_becomes_one_without_a_holder(
    web: httpx.AsyncClient, app_of: Any, alice: Any, bob: Any, of_0_3_0: App
) -> None:
    """X7: nobody cuts off the name that nginx counts them by, and nobody gives themselves one."""
    session, others = (await app_of(alice)).session, (await app_of(bob)).session
    signed, _, holder = session.partition("=")
    forged = (
        signed,
        f"{signed}=",
        f"{signed}={others.partition('=')[2]}",
        f"{session}=",
        f"{session}={holder}",
        f"{holder}.{signed}",  # as versions between 0.3.0 and 0.4.0 had it
        f"{of_0_3_0.session}=",
        f"{of_0_3_0.session}={holder}",
    )
    for token in forged:
        assert (await App(web, token).get("/app/me")).status_code == 401, token
    assert (await App(web, session).get("/app/me")).status_code == 200
