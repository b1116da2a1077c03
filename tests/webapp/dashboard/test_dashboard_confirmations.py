"""Making keys and changing owners asks Telegram again: a stolen session is not enough (`X3`)."""

import html
import re
from datetime import timedelta
from typing import Any

import pytest

from backend import clock, db
from backend.accounts.memberships import change_role
from backend.accounts.rules import Role
from tests.bookings.lookups import membership_of
from tests.webapp.dashboard.conftest import ORIGIN, Browser, confirm_sign_in

A_KEY = {"label": "For Mikko & co", "role": "HELPER", "uses": "3", "expires_on": ""}


async def send(dashboard: Browser, path: str, **fields: str) -> Any:
    """Send a form and do not follow the answer."""
    return await dashboard.post(path, follow=False, **fields)


async def keys_made() -> int:
    return int(await db.value("SELECT count(*) FROM api_keys WHERE label <> 'First owner'"))


@pytest.fixture
async def later(noon: Any, dashboard: Browser) -> Browser:
    """Olga's browser, six minutes after her sign-in."""
    await dashboard.get("/dashboard/keys")
    clock.advance(timedelta(minutes=6))
    return dashboard


async def confirm_again(dashboard: Browser, person: Any, asked: Any) -> Any:
    """Follow the way through Telegram and back; the page it ends on."""
    assert asked.status_code == 303 and asked.headers["location"].startswith("/dashboard/sign-in?again=yes")
    page = await dashboard.get(asked.headers["location"])
    assert "Confirm in Telegram that it is you" in dashboard.text(page)
    key = re.search(r"\?start=in_([\w-]+)", html.unescape(page.text))
    assert key
    await confirm_sign_in(key[1], person)
    done = await dashboard.get("/dashboard/sign-in/state")
    assert done.status_code == 303
    return await dashboard.get(done.headers["location"])


async def test_a_key_is_made_right_after_the_sign_in(noon: Any, dashboard: Browser) -> None:
    clock.advance(timedelta(minutes=4))
    assert (await send(dashboard, "/dashboard/keys", **A_KEY)).status_code == 201


async def test_later_telegram_is_asked_and_nothing_typed_is_lost(later: Browser, olga: Any) -> None:
    before = dict(later.client.cookies)
    asked = await send(later, "/dashboard/keys", **A_KEY)
    assert await keys_made() == 0
    form = await confirm_again(later, olga, asked)
    assert form.url.path == "/dashboard/keys" and 'value="For Mikko &amp; co"' in form.text
    assert 'value="HELPER" selected' in form.text and 'value="3"' in form.text
    assert (await send(later, "/dashboard/keys", **A_KEY)).status_code == 201
    assert await keys_made() == 1
    later.client.cookies.update(before)
    assert (await later.client.get("/dashboard/keys")).status_code == 303, "the old session has ended"


async def test_the_page_asks_for_no_second_confirmation_while_one_is_new(
    dashboard: Browser, noon: Any
) -> None:
    answer = await dashboard.client.get("/dashboard/sign-in?again=yes&next=/dashboard/keys")
    assert (answer.status_code, answer.headers["location"]) == (303, "/dashboard/keys")


@pytest.mark.parametrize("act", ["make", "unmake", "remove"])
async def test_owners_change_only_after_a_confirmation(
    later: Browser, account: Any, olga: Any, alice: Any, act: str
) -> None:
    hers = await membership_of(alice)
    if act != "make":
        await change_role(olga, account.id, hers, Role.OWNER)
    path, fields = {
        "make": ("role", {"role": "OWNER"}),
        "unmake": ("role", {"role": "ADMIN"}),
        "remove": ("removal", {}),
    }[act]
    before = await db.row("SELECT role, left_at FROM memberships WHERE id = $1", hers)
    asked = await send(later, f"/dashboard/members/{hers}/{path}", **fields)
    assert await db.row("SELECT role, left_at FROM memberships WHERE id = $1", hers) == before
    assert (await confirm_again(later, olga, asked)).url.path == "/dashboard/members"
    done = await send(later, f"/dashboard/members/{hers}/{path}", **fields)
    assert done.headers["location"].startswith("/dashboard/members")
    assert await db.row("SELECT role, left_at FROM memberships WHERE id = $1", hers) != before


async def test_other_roles_change_without(later: Browser, alice: Any) -> None:
    done = await send(later, f"/dashboard/members/{await membership_of(alice)}/role", role="ADMIN")
    assert done.headers["location"].startswith("/dashboard/members")


async def test_a_page_of_htmx_is_led_there_too(later: Browser) -> None:
    answer = await later.client.post(
        "/dashboard/keys",
        data={"csrf": later.csrf, **A_KEY},
        headers={"Origin": ORIGIN, "Sec-Fetch-Site": "same-origin", "HX-Request": "true"},
    )
    assert answer.headers["hx-redirect"].startswith("/dashboard/sign-in?again=yes&next=/dashboard/keys%3F")
    assert await keys_made() == 0


async def test_an_old_session_would_be_enough(later: Browser, switch_off: Any) -> None:
    """The control of the tests before."""
    switch_off("confirmations.skipped")
    assert (await send(later, "/dashboard/keys", **A_KEY)).status_code == 201
    assert await keys_made() == 1


async def test_the_club_is_handed_over_only_after_a_confirmation(
    later: Browser, account: Any, olga: Any, alice: Any
) -> None:
    """A2: whom they chose is still chosen after it."""
    hers = await membership_of(alice)
    page = await later.get("/dashboard/settings/ownership?q=alice")
    assert f"membership={hers}" in page.text
    asked = await send(later, "/dashboard/settings/ownership", membership=str(hers))
    assert await db.value("SELECT role FROM memberships WHERE id = $1", hers) == "MEMBER"
    chosen = await confirm_again(later, olga, asked)
    assert "If Alice becomes the owner" in later.text(chosen)
    done = await later.post("/dashboard/settings/ownership", membership=str(hers))
    assert "Alice is the owner now. You stay an organiser." in later.text(done)
    assert await db.value("SELECT role FROM memberships WHERE id = $1", hers) == "OWNER"
    assert (await later.get("/dashboard/settings/ownership")).status_code == 403
    nobody = await later.post("/dashboard/settings/ownership", membership="x")
    assert nobody.status_code == 403
