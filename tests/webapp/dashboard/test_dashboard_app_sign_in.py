"""From the Mini App into the dashboard without signing in anew (`X3`): a link that is good once, for two minutes, for
the person it was made for, and only while they help to run a club."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest

from backend import clock, db
from backend.accounts.memberships import change_role
from backend.accounts.rules import Role
from backend.people.browser_sessions import end_sessions
from tests.bookings.lookups import membership_of
from tests.webapp.conftest import init_data, launch_of
from tests.webapp.dashboard.conftest import ORIGIN, Browser

OURS = {"Origin": ORIGIN, "Sec-Fetch-Site": "same-origin"}


@pytest.fixture
def link_of(app_of: Any, account: Any) -> Callable[..., Any]:
    """The link that the Mini App of this person gets, without its host."""

    async def ask(person: Any, page: str = "/dashboard") -> str:
        app = await app_of(person)
        answer = await app.ask("POST", f"/app/clubs/{account.id}/sign-in", params={"next": page})
        assert answer.status_code == 200, answer.text
        made = urlsplit(answer.text)
        return f"{made.path}?{made.query}"

    return ask


async def press(browser: Browser, **headers: str) -> Any:
    """The button of the page."""
    return await browser.client.post("/dashboard/sign-in/app", headers={**OURS, **headers})


async def is_signed_in(browser: Browser) -> bool:
    return (await browser.client.get("/dashboard")).status_code == 200


async def test_the_page_names_the_person_and_its_button_signs_the_browser_in(
    browser: Any, link_of: Any, olga: Any
) -> None:
    mine = browser()
    page = await mine.get(await link_of(olga, "/dashboard/members?q=bo"))
    assert "Open the dashboard as Olga?" in mine.text(page)
    assert not await is_signed_in(mine), "reading the page signs nobody in"
    done = await press(mine)
    assert (done.status_code, done.headers["location"]) == (303, "/dashboard/members?q=bo")
    assert "Kallio Yoga" in mine.text(await mine.get("/dashboard"))


async def test_the_browser_is_listed_with_the_others_and_can_be_signed_out(
    browser: Any, link_of: Any, dashboard: Browser, olga: Any
) -> None:
    mine = browser()
    await mine.get(await link_of(olga))
    await press(mine, **{"User-Agent": "Mozilla/5.0 (Windows NT 10.0) Gecko/20100101 Firefox/145.0"})
    assert "Firefox on Windows" in dashboard.text(await dashboard.get("/dashboard/settings"))
    added = await db.value("SELECT max(id) FROM web_sessions")
    await dashboard.post(f"/dashboard/settings/browsers/{added}/removal")
    assert not await is_signed_in(mine) and await is_signed_in(dashboard)


async def test_a_link_is_good_once(browser: Any, link_of: Any, olga: Any) -> None:
    link, mine, thief = await link_of(olga), browser(), browser()
    for one in (mine, thief):
        await one.get(link)
    await press(mine)
    late = await press(thief)
    assert late.status_code == 422 and "used already" in thief.text(late)
    assert "used already" in thief.text(await thief.get(link))
    assert not await is_signed_in(thief)


async def test_of_many_at_once_one_is_signed_in(browser: Any, link_of: Any, olga: Any) -> None:
    link, browsers = await link_of(olga), [browser() for _ in range(6)]
    for one in browsers:
        await one.get(link)
    answers = await asyncio.gather(*(press(one) for one in browsers))
    assert sorted(answer.status_code for answer in answers) == [303] + [422] * 5
    assert await db.value("SELECT count(*) FROM web_sessions") == 1


async def test_a_link_ends_after_two_minutes(noon: Any, browser: Any, link_of: Any, olga: Any) -> None:
    link, mine, late = await link_of(olga), browser(), browser()
    await mine.get(link)
    clock.advance(timedelta(minutes=2, seconds=1))
    assert (await press(mine)).status_code == 422
    assert "too old" in late.text(await late.get(link))
    assert not await is_signed_in(mine)


async def test_whose_role_was_revoked_meanwhile_is_not_let_in(
    browser: Any, link_of: Any, olga: Any, alice: Any, account: Any
) -> None:
    await change_role(olga, account.id, await membership_of(alice), Role.ADMIN)
    link, mine = await link_of(alice), browser()
    await mine.get(link)
    await change_role(olga, account.id, await membership_of(alice), Role.MEMBER)
    refused = await press(mine)
    assert refused.status_code == 422 and "no longer help to run a club" in mine.text(refused)
    assert await db.value("SELECT count(*) FROM web_sessions") == 0


async def test_signing_out_everywhere_ends_links_too(
    noon: Any, browser: Any, link_of: Any, olga: Any
) -> None:
    link, mine = await link_of(olga), browser()
    await mine.get(link)
    await end_sessions(olga)
    assert (await press(mine)).status_code == 422 and not await is_signed_in(mine)


async def test_only_organisers_and_helpers_get_a_link(
    app_of: Any, alice: Any, charlie: Any, account: Any
) -> None:
    path = f"/app/clubs/{account.id}/sign-in"
    assert (await (await app_of(alice)).ask("POST", path)).status_code == 403
    assert (await (await app_of(charlie)).ask("POST", path)).status_code == 404
    assert await db.value("SELECT count(*) FROM sign_ins") == 0


async def test_the_app_must_have_been_opened_within_the_hour(
    noon: Any, app_of: Any, olga: Any, account: Any
) -> None:
    """X1"""
    app = await app_of(olga)
    for _ in range(2):
        clock.advance(timedelta(minutes=31))
        answer = await app.ask("POST", f"/app/clubs/{account.id}/sign-in")
        app = replace(app, session=answer.headers.get("x-session", app.session))
    assert answer.status_code == 403


@pytest.mark.parametrize("headers", [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}])
async def test_another_site_signs_no_browser_in_as_somebody_else(
    browser: Any, link_of: Any, olga: Any, headers: dict[str, str]
) -> None:
    mine = browser()
    await mine.get(await link_of(olga))
    assert (await press(mine, **headers)).status_code == 403
    assert not await is_signed_in(mine)


async def test_the_button_of_a_page_that_was_never_opened_does_nothing(
    browser: Any, link_of: Any, olga: Any
) -> None:
    """The link alone is not enough: its page keeps it in a cookie, which another site cannot have sent."""
    link, mine = await link_of(olga), browser()
    sent = await mine.client.post(link, data={"key": link.partition("key=")[2]}, headers=OURS)
    assert sent.status_code == 422 and not await is_signed_in(mine)


async def test_a_link_leads_to_no_other_site(browser: Any, link_of: Any, olga: Any) -> None:
    mine = browser()
    await mine.get(await link_of(olga, "https://evil.example/dashboard"))
    assert (await press(mine)).headers["location"] == "/dashboard"


async def test_whoever_is_signed_in_already_goes_on(dashboard: Browser, link_of: Any, olga: Any) -> None:
    answer = await dashboard.get(await link_of(olga, "/dashboard/polls"))
    assert (answer.status_code, answer.headers["location"]) == (303, "/dashboard/polls")


async def test_another_person_of_the_same_browser_reads_that_they_will_be_signed_out(
    dashboard: Browser, link_of: Any, olga: Any, alice: Any, account: Any
) -> None:
    await change_role(olga, account.id, await membership_of(alice), Role.HELPER)
    page = await dashboard.get(await link_of(alice))
    assert "Olga is signed in here now" in dashboard.text(page)
    await press(dashboard)
    live = await db.rows("SELECT user_id FROM web_sessions WHERE revoked_at IS NULL")
    assert [row["user_id"] for row in live] == [alice.id]


async def test_an_old_signature_confirms_no_new_key(
    noon: Any, web: Any, browser: Any, olga: Any, account: Any
) -> None:
    """X3: what asks Telegram again goes by its signature, not by when the browser was signed in with it."""
    raw = init_data(launch_of(olga.telegram_id, "Olga"))
    opened = await web.post("/app/session", headers={"Authorization": f"tma {raw}"})
    clock.advance(timedelta(minutes=6))
    bearer = {"Authorization": f"Bearer {opened.headers['x-session']}", "HX-Request": "true"}
    made = await web.post(f"/app/clubs/{account.id}/sign-in", headers=bearer)
    mine = browser()
    await mine.get(made.text.removeprefix(ORIGIN))
    assert (await press(mine)).status_code == 303
    asked = await mine.post(
        "/dashboard/keys", follow=False, label="Mine", role="HELPER", uses="", expires_on=""
    )
    assert asked.status_code == 303 and asked.headers["location"].startswith("/dashboard/sign-in?again=yes")


async def test_a_person_gets_no_endless_number_of_links(app_of: Any, olga: Any, account: Any) -> None:
    """X7"""
    app = await app_of(olga)
    answers = [await app.ask("POST", f"/app/clubs/{account.id}/sign-in") for _ in range(21)]
    assert [answer.status_code for answer in answers] == [200] * 20 + [429]


async def test_the_apps_screens_offer_it_to_organisers_only(
    app_of: Any, olga: Any, alice: Any, account: Any, instance: Any
) -> None:
    code = await instance()
    app = await app_of(olga)
    for path in (f"/app/clubs/{account.id}", f"/app/events/{code}/organising"):
        assert f'data-signs-in="/app/clubs/{account.id}/sign-in?next=' in (await app.get(path)).text
    assert "data-signs-in" not in (await (await app_of(alice)).get(f"/app/clubs/{account.id}")).text
