"""Nothing typed is lost: not when the session ends under an open page, nor when two edit the same thing (`X5`)."""

import asyncio
import re
from typing import Any

import httpx

from backend import db
from backend.accounts.memberships import change_role
from backend.accounts.rules import Role
from backend.people.browser_sessions import end_sessions
from tests.bookings.lookups import membership_of
from tests.webapp.dashboard.conftest import ORIGIN, Browser, confirm_sign_in

TYPED = {"name": "Kallio Yoga Club", "zone": "Europe/Helsinki", "language": "en"}


async def send(browser: Browser, path: str, **fields: str) -> httpx.Response:
    """As htmx sends a form."""
    return await browser.client.post(
        path,
        data={"csrf": browser.csrf, **fields},
        headers={"Origin": ORIGIN, "Sec-Fetch-Site": "same-origin", "HX-Request": "true"},
    )


async def test_a_page_whose_session_ran_out_stays(dashboard: Browser, olga: Any) -> None:
    await dashboard.get("/dashboard/settings")
    await end_sessions(olga)
    answer = await send(dashboard, "/dashboard/settings/club", **TYPED)
    assert answer.status_code == 401 and answer.headers["hx-retarget"] == "#notice"
    assert "all you typed is still here" in dashboard.text(answer) and 'target="_blank"' in answer.text
    assert await db.value("SELECT name FROM accounts ORDER BY id LIMIT 1") == "Kallio Yoga"


async def test_after_signing_in_again_the_same_form_is_good(dashboard: Browser, olga: Any) -> None:
    await dashboard.get("/dashboard/settings")
    old = dashboard.csrf
    await end_sessions(olga)
    waiting = await dashboard.client.get("/dashboard/sign-in/renewal", headers={"HX-Request": "true"})
    assert waiting.status_code == 204
    window = await dashboard.client.get("/dashboard/sign-in/renewal")
    assert window.headers["location"] == "/dashboard/sign-in?next=/dashboard/sign-in/renewal"
    page = await dashboard.get(window.headers["location"])
    key = re.search(r"\?start=in_([\w-]+)", page.text)
    assert key
    await confirm_sign_in(key[1], olga)
    landed = await dashboard.get("/dashboard/sign-in")
    assert landed.headers["location"] == "/dashboard/sign-in/renewal"
    assert "You’re signed in again" in dashboard.text(await dashboard.get("/dashboard/sign-in/renewal"))
    renewed = await dashboard.client.get("/dashboard/sign-in/renewal", headers={"HX-Request": "true"})
    token = re.search(r'data-csrf="([0-9a-f]{64})"', renewed.text)
    assert token and token[1] != old and "signed in again as" in dashboard.text(renewed)
    dashboard.csrf = token[1]
    assert (await send(dashboard, "/dashboard/settings/club", **TYPED)).status_code == 303


async def test_a_form_older_than_the_sign_in_can_be_sent_again(dashboard: Browser) -> None:
    dashboard.csrf = "0" * 64
    answer = await send(dashboard, "/dashboard/settings/club", **TYPED)
    token = re.search(r'data-csrf="([0-9a-f]{64})"', answer.text)
    assert answer.status_code == 403 and token
    assert await db.value("SELECT name FROM accounts ORDER BY id LIMIT 1") == "Kallio Yoga", "not by itself"
    dashboard.csrf = token[1]
    assert (await send(dashboard, "/dashboard/settings/club", **TYPED)).status_code == 303


async def test_another_site_gets_no_token(dashboard: Browser) -> None:
    await dashboard.get("/dashboard/settings")
    answer = await dashboard.client.post(
        "/dashboard/settings/club",
        data=TYPED,
        headers={"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site", "HX-Request": "true"},
    )
    assert answer.status_code == 403 and "data-csrf" not in answer.text


async def test_who_saves_second_sees_both_versions(
    dashboard: Browser, sign_in: Any, account: Any, olga: Any, alice: Any
) -> None:
    await change_role(olga, account.id, await membership_of(alice), Role.OWNER)
    other = await sign_in(alice)
    version = re.search(r'name="version" value="(\w+)"', (await dashboard.get("/dashboard/settings")).text)
    assert version
    await other.get("/dashboard/settings")
    mine, theirs = {**TYPED, "name": "Olga’s yoga"}, {**TYPED, "name": "Alice’s yoga"}
    assert (await send(other, "/dashboard/settings/club", **theirs, version=version[1])).status_code == 303
    both = await send(dashboard, "/dashboard/settings/club", **mine, version=version[1])
    assert both.status_code == 409
    assert 'value="Olga’s yoga"' in both.text and "<bdi>Alice’s yoga</bdi>" in both.text
    assert await db.value("SELECT name FROM accounts WHERE id = $1", account.id) == "Alice’s yoga"
    newer = re.search(r'name="version" value="(\w+)"', both.text)
    assert newer and newer[1] != version[1]
    assert (await send(dashboard, "/dashboard/settings/club", **mine, version=newer[1])).status_code == 303
    assert await db.value("SELECT name FROM accounts WHERE id = $1", account.id) == "Olga’s yoga"


async def test_of_two_at_once_one_is_told(dashboard: Browser, account: Any) -> None:
    page = await dashboard.get("/dashboard/settings")
    version = re.search(r'name="version" value="(\w+)"', page.text)
    assert version
    answers = await asyncio.gather(
        *(
            send(dashboard, "/dashboard/settings/club", **{**TYPED, "name": f"Club {n}"}, version=version[1])
            for n in range(5)
        )
    )
    assert sorted(answer.status_code for answer in answers) == [303, 409, 409, 409, 409]


async def test_a_new_role_acts_at_the_next_request(
    dashboard: Browser, sign_in: Any, account: Any, olga: Any, alice: Any
) -> None:
    """X4: the session stays, what it may does not."""
    hers = await membership_of(alice)
    await change_role(olga, account.id, hers, Role.ADMIN)
    other = await sign_in(alice)
    assert (await other.get("/dashboard/members")).status_code == 200
    await change_role(olga, account.id, hers, Role.HELPER)
    assert (await other.get("/dashboard/members")).status_code == 403
    await change_role(olga, account.id, hers, Role.MEMBER)
    assert "You don’t organise a club here yet" in other.text(await other.get("/dashboard"))
