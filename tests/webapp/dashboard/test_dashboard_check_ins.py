"""Checking people in at the door, and closing the list (`B12`)."""

import html
import re
from datetime import timedelta
from typing import Any

import pytest
from playwright.async_api import expect

from backend import clock, db
from backend.accounts.memberships import change_role
from backend.accounts.rules import Role
from backend.bookings import actions
from backend.bookings.attendance import check_in, complete_ended
from backend.seats.requests import Via
from tests.bookings.lookups import membership_of
from tests.webapp.browsing import chromium, serve, wait_until_idle
from webapp.dashboard.cookies import SESSION


@pytest.fixture
async def code(noon: Any, instance: Any, alice: Any, bob: Any, aino: Any) -> str:
    """Alice, Bob with two guests, and Aino have seats."""
    made = str(await instance(capacity=12, guests_max=3))
    await actions.book(made, alice, via=Via.CARD)
    await actions.book(made, bob, guests=2, via=Via.CARD)
    await actions.book(made, aino, via=Via.CARD)
    return made


async def came(person: Any) -> int | None:
    found: int | None = await db.value(
        "SELECT b.came FROM bookings b JOIN memberships m ON m.id = b.membership_id WHERE m.user_id = $1",
        person.id,
    )
    return found


def names(shown: Any) -> list[str]:
    return re.findall(r'<th scope="row">.*?<bdi>(.*?)</bdi>', shown.text)


async def test_a_tap_checks_in_and_the_same_tap_undoes_it(code: str, dashboard: Any, bob: Any) -> None:
    path = f"/dashboard/events/{code}/check-ins"
    shown = await dashboard.get(path)
    assert names(shown) == ["Aino", "Alice", "Bob"]
    assert "0 of 5 are here" in dashboard.text(shown)
    bobs = f"{path}/{await membership_of(bob)}"
    for _ in range(2):  # a second tap that was under way already changes nothing
        shown = await dashboard.post(bobs, here="yes")
        assert await came(bob) == 3 and "3 of 5 are here" in dashboard.text(shown)
    assert "2 of 3 are here" in dashboard.text(await dashboard.post(bobs, here="yes", came="2"))
    shown = await dashboard.post(bobs, here="no")
    assert await came(bob) is None and "0 of 5 are here" in dashboard.text(shown)
    assert (await dashboard.post(bobs, here="yes", came="9")).status_code == 422


async def test_among_those_not_here_yet_the_notice_undoes(code: str, dashboard: Any, bob: Any) -> None:
    path = f"/dashboard/events/{code}/check-ins"
    shown = await dashboard.post(f"{path}/{await membership_of(bob)}?show=missing", here="yes")
    assert len(names(shown)) == 2 and "is here: 3 of 3" in dashboard.text(shown)
    undo = re.search(r'id="notice".*?action="([^"]+)"', shown.text, re.S)
    assert undo
    shown = await dashboard.post(html.unescape(undo[1]), here="no")
    assert len(names(shown)) == 3 and await came(bob) is None


async def test_helpers_check_in_but_do_not_close_the_list(
    code: str, sign_in: Any, olga: Any, account: Any, aino: Any, alice: Any
) -> None:
    await change_role(olga, account.id, await membership_of(aino), Role.HELPER)
    helper = await sign_in(aino)
    shown = await helper.post(f"/dashboard/events/{code}/check-ins/{await membership_of(alice)}", here="yes")
    assert shown.status_code == 200 and await came(alice) == 1
    assert (await helper.get(f"/dashboard/events/{code}/closure")).status_code == 403
    assert (await helper.post(f"/dashboard/events/{code}/closure")).status_code == 403


async def test_the_list_is_closed_after_the_end_and_opened_again(
    code: str, dashboard: Any, olga: Any, alice: Any, bob: Any
) -> None:
    """Closing names who is missed beforehand; the notice has the way back."""
    await check_in(code, olga, await membership_of(alice))
    path = f"/dashboard/events/{code}/closure"
    assert "The list can be closed once the date is over" in dashboard.text(await dashboard.get(path))
    clock.advance(timedelta(days=4))
    await complete_ended()
    shown = await dashboard.get(path)
    assert names(shown) == ["Aino", "Bob"] and "2 count as missed" in dashboard.text(shown)
    shown = await dashboard.post(path)
    assert "The list is closed." in dashboard.text(shown) and "2 did not come" in dashboard.text(shown)
    door = await dashboard.get(f"/dashboard/events/{code}/check-ins")
    assert "Attendance is final" in dashboard.text(door) and 'class="tick"' not in door.text
    closed = await dashboard.post(
        f"/dashboard/events/{code}/check-ins/{await membership_of(bob)}", here="yes"
    )
    assert closed.status_code == 422 and await came(bob) is None
    shown = await dashboard.post(f"{path}/removal")
    assert "nobody counts as missed" in dashboard.text(shown) and 'class="tick"' in shown.text


async def test_an_open_list_follows_the_check_ins_of_others(
    code: str, dashboard: Any, olga: Any, bob: Any
) -> None:
    shown = await dashboard.get(f"/dashboard/events/{code}/check-ins?q=bob")
    live = html.unescape(re.findall(r'id="live" hidden hx-get="([^"]+)"', shown.text)[0])
    assert (await dashboard.client.get(live)).status_code == 204
    await check_in(code, olga, await membership_of(bob))
    changed = await dashboard.client.get(live)
    assert names(changed) == ["Bob"] and "3 of 5 are here" in dashboard.text(changed)


async def test_five_hundred_people_come_by_pages(
    noon: Any, instance: Any, crowd: Any, dashboard: Any
) -> None:
    code = await instance(capacity=600)
    for person in await crowd(120):
        await actions.book(code, person, via=Via.CARD)
    shown = await dashboard.get(f"/dashboard/events/{code}/check-ins")
    assert len(names(shown)) == 50 and len(shown.content) <= 100_000
    assert names(await dashboard.get(f"/dashboard/events/{code}/check-ins?q=ber+117")) == ["Member 117"]


async def test_the_door_by_keyboard(
    site: Any, noon: Any, code: str, dashboard: Any, alice: Any, bob: Any
) -> None:
    """`/` goes to the search; three letters and Enter check the only one in, the same again undoes it; arrows choose
    among several."""
    await dashboard.get("/dashboard")
    [cookie] = [c for c in dashboard.client.cookies.jar if c.name.endswith(SESSION)]
    async with serve(site) as port, chromium() as browser:
        page = await browser.new_page()
        await page.context.add_cookies(
            [{"name": SESSION, "value": cookie.value or "", "url": f"http://127.0.0.1:{port}"}]
        )
        await page.goto(f"http://127.0.0.1:{port}/dashboard/events/{code}/check-ins")
        await page.locator("#find[data-htmx-powered]").wait_for()  # HTMX starts after the page has loaded
        ticks, head = page.locator("#door .tick"), page.locator("#here-head")
        await page.keyboard.press("/")
        await page.keyboard.type("bob")
        await page.keyboard.press("Enter")  # before the list has come
        await expect(head).to_have_text("3 of 5 are here")
        await expect(ticks).to_have_count(1)
        await page.keyboard.press("Enter")
        await expect(head).to_have_text("0 of 5 are here")
        await page.keyboard.type("ali")  # the words before are selected
        await expect(page.locator("#door th bdi")).to_have_text(["Alice"])
        await page.keyboard.press("Enter")
        await expect(head).to_have_text("1 of 5 are here")
        await page.keyboard.type("a")
        await expect(ticks).to_have_count(2)
        await page.keyboard.press("Enter")  # of two the first has the focus, and nobody is checked in
        await expect(ticks.first).to_be_focused()
        await expect(head).to_have_text("1 of 5 are here")
        await page.keyboard.press("ArrowDown")
        await expect(ticks.nth(1)).to_be_focused()
        await page.keyboard.press("Enter")
        await expect(head).to_have_text("0 of 5 are here")
        await expect(ticks.nth(1)).to_be_focused()
        await page.keyboard.press("b")
        await expect(page.locator("#q")).to_be_focused()
        await expect(page.locator("#q")).to_have_value("b")
        await page.goto("about:blank")
        await wait_until_idle()
    assert await came(alice) is None and await came(bob) is None
