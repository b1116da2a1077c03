"""What `dashboard.js` adds to the pages, in a browser."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Page, ViewportSize, expect

from tests.webapp.browsing import chromium, serve, wait_until_idle
from webapp.dashboard.cookies import SESSION

NARROW, WIDE = ViewportSize(width=390, height=844), ViewportSize(width=1280, height=860)

Open = Callable[..., Awaitable[Page]]


@pytest.fixture
async def open_page(site: Any, noon: Any, dashboard: Any) -> AsyncIterator[Open]:
    """Open a page of the dashboard in a window of its own, signed in as Olga or not at all."""
    await dashboard.get("/dashboard")
    [cookie] = [c for c in dashboard.client.cookies.jar if c.name.endswith(SESSION)]
    async with serve(site) as port, chromium() as browser:
        pages = []

        async def open_one(
            path: str, size: ViewportSize = WIDE, *, javascript: bool = True, is_signed_in: bool = True
        ) -> Page:
            context = await browser.new_context(viewport=size, java_script_enabled=javascript)
            address = f"http://127.0.0.1:{port}"
            if is_signed_in:
                await context.add_cookies([{"name": SESSION, "value": cookie.value or "", "url": address}])
            pages.append(await context.new_page())
            await pages[-1].goto(f"{address}{path}")
            return pages[-1]

        yield open_one
        for page in pages:
            await page.goto("about:blank")
        await wait_until_idle()


@pytest.mark.parametrize("javascript", [True, False])
async def test_a_menu_that_is_open_while_the_window_grows_hides_nothing(
    open_page: Open, alice: Any, javascript: bool
) -> None:
    """Turning a tablet with the menu open leaves the page in its place; the next turn back has no menu open."""
    page = await open_page("/dashboard/members", NARROW, javascript=javascript)
    nav, work = page.locator("#nav"), page.locator("#work")
    await page.get_by_role("button", name="Menu").click()
    await expect(nav).to_be_visible()
    await page.set_viewport_size(WIDE)
    await expect(page.locator("#nav:popover-open")).to_have_count(0 if javascript else 1)
    beside, content = await nav.bounding_box(), await work.bounding_box()
    assert beside and content
    assert (beside["x"], beside["width"], content["x"]) == (0, 224, 224)
    assert content["width"] > 1000
    await page.get_by_role("button", name="Change Alice").click()  # nothing lies over the page
    if javascript:
        await page.set_viewport_size(NARROW)
        await expect(nav).to_be_hidden()


async def test_the_link_from_the_mini_app_signs_in_a_browser_that_nobody_is_signed_in_at(
    open_page: Open, app_of: Any, account: Any, olga: Any
) -> None:
    """X3: its button needs no session, so the script waits for none."""
    link = await (await app_of(olga)).ask(
        "POST", f"/app/clubs/{account.id}/sign-in", params={"next": "/dashboard/members"}
    )
    where = urlsplit(link.text)
    page = await open_page(f"{where.path}?{where.query}", is_signed_in=False)
    await page.get_by_role("button", name="Continue as Olga").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Members")


async def test_the_address_is_that_of_the_page_a_button_led_to(open_page: Open) -> None:
    """Reloading after a club was closed shows the settings again, not the form."""
    page = await open_page("/dashboard/settings/closing")
    await page.locator("form[data-htmx-powered]").first.wait_for(state="attached")
    await page.get_by_label("Name of the club").fill("Kallio Yoga")
    await page.get_by_role("button", name="Close it in seven days").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Settings")
    await expect(page).to_have_url(re.compile(r"/dashboard/settings$"))


async def test_the_search_for_the_next_person_is_empty(
    open_page: Open, instance: Any, alice: Any, bob: Any
) -> None:
    """After Alice has a seat, the members who have none are there to choose from."""
    page = await open_page(f"/dashboard/events/{await instance()}")
    await page.locator("form[data-htmx-powered]").first.wait_for(state="attached")
    add, who, found = (
        page.get_by_text("Add a person"),
        page.locator("#who"),
        page.locator("#to-add label.radio"),
    )
    await add.click()
    await who.fill("ali")
    await expect(found).to_have_count(1)
    await page.get_by_role("button", name="Give a seat").first.click()
    await expect(page.locator("#notice")).to_contain_text("Alice has 1 seat")
    await add.click()
    await expect(who).to_have_value("")
    await who.focus()
    await expect(found.filter(has_text="Bob")).to_be_visible()
    await expect(found.filter(has_text="Alice")).to_have_count(0)
