"""The navigation, which is beside the page on a wide window and a menu on a narrow one."""

from typing import Any

from playwright.async_api import expect

from tests.webapp.browsing import chromium, serve, wait_until_idle
from webapp.dashboard.cookies import SESSION

NARROW, WIDE = {"width": 390, "height": 844}, {"width": 1280, "height": 860}


async def test_a_menu_that_is_open_while_the_window_grows_hides_nothing(
    site: Any, noon: Any, dashboard: Any
) -> None:
    """Turning a tablet with the menu open leaves the page in its place, and the next turn back has no menu open."""
    await dashboard.get("/dashboard")
    [cookie] = [c for c in dashboard.client.cookies.jar if c.name.endswith(SESSION)]
    async with serve(site) as port, chromium() as browser:
        for javascript in (True, False):
            context = await browser.new_context(viewport=NARROW, java_script_enabled=javascript)
            await context.add_cookies(
                [{"name": SESSION, "value": cookie.value or "", "url": f"http://127.0.0.1:{port}"}]
            )
            page = await context.new_page()
            await page.goto(f"http://127.0.0.1:{port}/dashboard/members")
            nav, work = page.locator("#nav"), page.locator("#work")
            await page.get_by_role("button", name="Menu").click()
            await expect(nav).to_be_visible()
            await page.set_viewport_size(WIDE)
            await expect(nav).to_be_visible()
            await expect(page.locator("#nav:popover-open")).to_have_count(0 if javascript else 1)
            beside, content = await nav.bounding_box(), await work.bounding_box()
            assert beside and content
            assert (beside["x"], beside["width"]) == (0, 224)
            assert content["x"] == 224 and content["width"] > 1000
            await page.get_by_role("button", name="Change Alice").click()  # nothing lies over the page
            if javascript:
                await page.set_viewport_size(NARROW)
                await expect(nav).to_be_hidden()
            await page.goto("about:blank")
            await context.close()
        await wait_until_idle()
