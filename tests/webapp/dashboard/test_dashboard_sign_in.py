"""Signing in through the bot (`X3`): a confirmation is bound to one browser and used once."""

import re
from datetime import timedelta
from typing import Any

import httpx
import pytest

from backend import clock
from backend.people.sign_in_passes import PASS_LIFE, make_pass
from tests.webapp.dashboard.conftest import Browser, confirm_sign_in

Answer = Any


async def answer(key: str, person: Any, *, yes: bool) -> None:
    from backend.people.sign_ins import answer_sign_in, pending_sign_in

    if yes:
        await confirm_sign_in(key, person)
    else:
        await answer_sign_in((await pending_sign_in(key)).id, person, number=None)


async def test_an_unknown_browser_is_sent_to_the_sign_in(browser: Any, account: Any) -> None:
    sent = await browser().client.get("/dashboard/members?q=bo")
    assert sent.status_code == 303
    assert sent.headers["location"] == "/dashboard/sign-in?next=/dashboard/members%3Fq%3Dbo"


async def test_the_browser_is_signed_in_once_the_person_confirms(browser: Any, olga: Any) -> None:
    mine = browser()
    key = await mine.ask_to_sign_in()
    assert re.fullmatch(r"[\w-]{1,61}", key), "a start parameter takes 64 characters, in_ among them"
    assert (await mine.get("/dashboard/sign-in/state")).status_code == 204
    await answer(key, olga, yes=True)
    told = await mine.get("/dashboard/sign-in/state", HX_Request="true")
    assert told.headers["hx-redirect"] == "/dashboard"
    assert "Kallio Yoga" in mine.text(await mine.get("/dashboard"))


async def test_the_bot_names_the_browser_that_asks(browser: Any, olga: Any) -> None:
    from backend.people.sign_ins import pending_sign_in

    key = await browser().ask_to_sign_in()
    assert (await pending_sign_in(key)).browser == "Firefox on Linux"


async def test_the_page_shows_the_number_that_the_bot_asks_for(browser: Any, olga: Any) -> None:
    """X3: the same after a reload, and among the three of the question."""
    from backend.people.sign_ins import pending_sign_in

    mine = browser()
    key = await mine.ask_to_sign_in()
    shown = [
        re.search(r'id="number"[^>]*>(\d\d)<', (await mine.get("/dashboard/sign-in")).text) for _ in range(2)
    ]
    assert shown[0] and shown[1] and shown[0][1] == shown[1][1]
    numbers = (await pending_sign_in(key)).numbers
    assert len(set(numbers)) == 3 and int(shown[0][1]) in numbers


async def test_the_confirmation_signs_in_no_other_browser(browser: Any, olga: Any) -> None:
    """The link alone signs nobody in: the cookie of the browser that asked does."""
    mine, other = browser(), browser()
    key = await mine.ask_to_sign_in()
    await other.ask_to_sign_in()
    await answer(key, olga, yes=True)
    assert (await other.get("/dashboard/sign-in/state")).status_code == 204
    assert (await other.client.get("/dashboard")).status_code == 303


async def test_a_confirmation_is_good_for_one_session(browser: Any, olga: Any) -> None:
    mine, thief = browser(), browser()
    key = await mine.ask_to_sign_in()
    thief.client.cookies.update(mine.client.cookies)  # who copied the waiting cookie comes too late
    await answer(key, olga, yes=True)
    assert (await mine.get("/dashboard/sign-in")).status_code == 303
    await thief.get("/dashboard/sign-in/state")
    assert (await thief.client.get("/dashboard")).status_code == 303


async def test_a_second_window_of_the_browser_goes_on_too(browser: Any, olga: Any) -> None:
    mine = browser()
    await answer(await mine.ask_to_sign_in(), olga, yes=True)
    for _window in range(2):
        told = await mine.get("/dashboard/sign-in/state", HX_Request="true")
        assert told.headers["hx-redirect"] == "/dashboard"


async def test_coming_back_shows_the_same_link(browser: Any, account: Any) -> None:
    mine = browser()
    assert await mine.ask_to_sign_in() == await mine.ask_to_sign_in()


async def test_a_refused_sign_in_is_shown_and_lets_nobody_in(browser: Any, olga: Any) -> None:
    mine = browser()
    key = await mine.ask_to_sign_in()
    await answer(key, olga, yes=False)
    assert "Declined in Telegram" in mine.text(await mine.get("/dashboard/sign-in"))
    assert (await mine.client.get("/dashboard")).status_code == 303
    assert await mine.ask_to_sign_in() != key


async def test_after_a_refusal_the_next_attempt_is_a_new_question(browser: Any, olga: Any) -> None:
    mine = browser()
    key = await mine.ask_to_sign_in()
    await answer(key, olga, yes=False)
    assert "Declined in Telegram" in mine.text(await mine.get("/dashboard/sign-in/state"))
    assert (await mine.client.get("/dashboard")).status_code == 303
    assert await mine.ask_to_sign_in() != key


async def test_a_link_expires(browser: Any, olga: Any, noon: Any) -> None:
    from backend import clock
    from backend.errors import NotFound
    from backend.people.sign_ins import pending_sign_in

    mine = browser()
    key = await mine.ask_to_sign_in()
    clock.advance(timedelta(minutes=5))
    with pytest.raises(NotFound):
        await pending_sign_in(key)
    assert "too old" in mine.text(await mine.get("/dashboard/sign-in/state"))


async def test_a_confirmation_expires_too(browser: Any, olga: Any, noon: Any) -> None:
    from backend import clock

    mine = browser()
    await answer(await mine.ask_to_sign_in(), olga, yes=True)
    clock.advance(timedelta(minutes=5))
    await mine.get("/dashboard/sign-in")
    assert (await mine.client.get("/dashboard")).status_code == 303


@pytest.mark.parametrize(
    ("asked", "reached"),
    [
        ("/dashboard/members?q=bo", "/dashboard/members?q=bo"),
        ("/dashboard/events/abc", "/dashboard/events/abc"),
        ("https://evil.example/dashboard", "/dashboard"),
        ("//evil.example", "/dashboard"),
        ("/dashboard//evil.example", "/dashboard"),
        ("/dashboard@evil.example", "/dashboard"),
        ("/dashboard/\\evil.example", "/dashboard"),
        ("/dashboard/\r\nSet-Cookie: a=b", "/dashboard"),
        ("/app/", "/dashboard"),
    ],
)
async def test_the_sign_in_returns_to_our_own_pages_only(
    browser: Any, olga: Any, asked: str, reached: str
) -> None:
    mine = browser()
    shown = await mine.client.get("/dashboard/sign-in", params={"next": asked})
    found = re.search(r"\?start=in_([\w-]+)", shown.text)
    assert found
    await answer(found[1], olga, yes=True)
    assert (await mine.get("/dashboard/sign-in")).headers["location"] == reached


async def test_scripts_cannot_read_the_cookies(browser: Any, olga: Any) -> None:
    mine = browser()
    key = await mine.ask_to_sign_in()
    await answer(key, olga, yes=True)
    entered = await mine.client.get("/dashboard/sign-in")
    session = next(
        c for c in entered.headers.get_list("set-cookie") if c.startswith("__Host-emerald-session=")
    )
    attributes = {part.strip().lower() for part in session.split(";")[1:]}
    assert {"httponly", "secure", "samesite=lax", "path=/"} <= attributes
    assert not any(part.startswith("domain") for part in attributes)


async def test_on_localhost_cookies_need_no_tls(browser: Any, account: Any, site: Any) -> None:
    transport = httpx.ASGITransport(site, client=("127.0.0.1", 1))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost:3000") as client:
        shown = await client.get("/dashboard/sign-in")
    cookie = shown.headers["set-cookie"]
    assert cookie.startswith("emerald-sign-in=") and "secure" not in cookie.lower()


async def test_an_altered_cookie_is_ignored(dashboard: Any) -> None:
    name = "__Host-emerald-session"
    good = dashboard.client.cookies[name]
    told, _, signature = good.rpartition(".")
    flipped = ("A" if signature[0] != "A" else "B") + signature[1:]
    for bad in (f"{told}.{flipped}", f"x{told}.{signature}", told, "x", "", "a.b.c", good * 40):
        dashboard.client.cookies.clear()
        dashboard.client.cookies.set(name, bad, domain="emerald.example")
        assert (await dashboard.client.get("/dashboard")).status_code == 303


async def test_a_cookie_of_one_kind_does_not_pass_for_another(browser: Any, account: Any) -> None:
    mine = browser()
    await mine.ask_to_sign_in()
    sealed = mine.client.cookies["__Host-emerald-sign-in"]
    mine.client.cookies.set("__Host-emerald-session", sealed, domain="emerald.example")
    assert (await mine.client.get("/dashboard")).status_code == 303


async def test_signing_out_ends_the_session_in_the_database(dashboard: Any) -> None:
    await dashboard.get("/dashboard")
    kept = dict(dashboard.client.cookies)
    gone = await dashboard.post("/dashboard/sign-out")
    assert "Sign in with Telegram" in dashboard.text(gone)
    dashboard.client.cookies.update(kept)
    assert (await dashboard.client.get("/dashboard")).status_code == 303


@pytest.mark.parametrize(("days", "status"), [(29, 200), (30, 303)])
async def test_a_browser_is_signed_in_for_thirty_days(
    noon: Any, dashboard: Any, days: int, status: int
) -> None:
    """X3: by the database, whatever the cookie says."""
    from backend import clock

    clock.advance(timedelta(days=days))
    assert (await dashboard.client.get("/dashboard/settings")).status_code == status


async def test_a_new_sign_in_ends_the_one_before_in_this_browser(
    browser: Any, sign_in: Any, olga: Any, alice: Any
) -> None:
    mine = await sign_in(olga)
    old = mine.client.cookies["__Host-emerald-session"]
    # A page that waits in another tab from before; Olga's session is still there when the yes comes.
    del mine.client.cookies["__Host-emerald-session"]
    key = await mine.ask_to_sign_in()
    mine.client.cookies.set("__Host-emerald-session", old, domain="emerald.example")
    await answer(key, alice, yes=True)
    await mine.client.get("/dashboard/sign-in/state")
    later = browser()
    later.client.cookies.set("__Host-emerald-session", old, domain="emerald.example")
    assert (await later.client.get("/dashboard")).status_code == 303


async def test_sign_ins_from_one_address_are_limited(browser: Any, account: Any, noon: Any) -> None:
    from backend import clock

    for _ in range(30):
        assert (await browser().client.get("/dashboard/sign-in")).status_code == 200
    refused = await browser().client.get("/dashboard/sign-in")
    assert refused.status_code == 429
    assert "Wait ten minutes" in browser().text(refused)
    clock.advance(timedelta(minutes=10))
    assert (await browser().client.get("/dashboard/sign-in")).status_code == 200


async def test_a_neighbour_keeps_no_organiser_out(browser: Any, sign_in: Any, olga: Any, noon: Any) -> None:
    """X7: a browser with which somebody has signed in before is counted by itself, also when they have signed out.
    It has a limit of its own."""
    mine = await sign_in(olga)
    await mine.post("/dashboard/sign-out")
    for _ in range(31):
        refused = await browser().client.get("/dashboard/sign-in")
    assert refused.status_code == 429
    forged = browser()
    forged.client.cookies.set("__Host-emerald-browser", "eyJpZCI6IngifQ.a.b", domain="emerald.example")
    assert (await forged.client.get("/dashboard/sign-in")).status_code == 429
    await confirm_sign_in(await mine.ask_to_sign_in(), olga)
    assert (await mine.get("/dashboard/sign-in")).status_code == 303
    await mine.get("/dashboard")
    await mine.post("/dashboard/sign-out")
    for n in range(31):
        asked = await mine.client.get("/dashboard/sign-in")
        assert asked.status_code == (200 if n < 30 else 429)
        mine.client.cookies.delete("__Host-emerald-sign-in", domain="emerald.example")


async def test_addresses_are_stored_as_digests(browser: Any, account: Any) -> None:
    from backend import db

    await browser().ask_to_sign_in()
    kept = await db.value("SELECT address_hash FROM sign_ins")
    assert re.fullmatch(r"[0-9a-f]{64}", kept) and "203.0.113.7" not in kept


async def test_a_person_without_a_club_reads_what_to_do(sign_in: Any, charlie: Any) -> None:
    mine = await sign_in(charlie)
    shown = await mine.get("/dashboard")
    assert shown.status_code == 403
    assert "You don’t organise a club here yet" in mine.text(shown)
    assert "Sign in with Telegram" in mine.text(await mine.post("/dashboard/sign-out"))


async def test_a_neighbours_sign_ins_keep_out_nobody_who_comes_by_the_bots_link(
    noon: Any, browser: Any, olga: Any, bob: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """X7: a first visit too. A link counts its person alone, and only a genuine one that is not too old."""
    monkeypatch.setattr("backend.people.sign_ins.OPEN_SIGN_INS_MAX", 2)

    async def status(path: str) -> int:
        return int((await browser().get(path)).status_code)

    mine, other = (f"/dashboard/sign-in?pass={make_pass(person)}" for person in (olga, bob))
    assert [await status("/dashboard/sign-in") for _ in range(3)] == [200, 200, 429]
    assert [await status(mine) for _ in range(3)] == [200, 200, 429]
    assert "the bot and open its link" in Browser.text(await browser().get("/dashboard/sign-in"))
    assert await status(other.replace("pass=", "pass=0")) == 429
    assert await status(other[:-1] + ("0" if other[-1] != "0" else "1")) == 429
    assert await status(other) == 200
    clock.advance(PASS_LIFE)
    for _ in range(2):
        await status("/dashboard/sign-in")
    assert await status(other) == 429, "too old: by the address again"
