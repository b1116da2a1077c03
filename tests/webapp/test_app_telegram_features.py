"""Telegram's features in a real browser: settings, home screen, closing, write access, progress, safe areas;
and without them."""

import asyncio
from typing import Any

from playwright.async_api import expect

from backend.bookings import actions as seats
from backend.people.queries import person
from backend.seats.requests import Via
from tests.webapp.browsing import last_client_event, wait_for_client

ALLOW = {"id": "yes", "type": "default", "text": "Allow"}
NOT_NOW = {"id": "no", "type": "default", "text": "Not now"}
KEPT = "method => last('web_app_invoke_custom_method')?.method === method"


async def test_the_settings_button_opens_the_readers_page(phone: Any, alice: Any, instance: Any) -> None:
    code = await instance()
    page, app = await phone.framed(alice, f"/app/events/{code}")
    assert (await last_client_event(page, "web_app_setup_settings_button"))["is_visible"] is True
    await page.evaluate("emit('settings_button_pressed')")
    await expect(app.locator("h1")).to_have_text("Alice")
    await page.evaluate("emit('settings_button_pressed')")
    await app.evaluate("history.back()")
    await app.wait_for_selector("#join")


async def test_an_old_client_has_no_settings_button(phone: Any, alice: Any) -> None:
    page, app = await phone.framed(alice, "/app/me", version="6.9")
    assert await last_client_event(page, "web_app_setup_settings_button") is None
    await expect(app.locator("#home-screen")).to_be_hidden()
    assert await last_client_event(page, "web_app_check_home_screen") is None


async def test_the_home_screen_shortcut_is_offered_while_it_is_missing(phone: Any, alice: Any) -> None:
    """Only on the reader's own page, and only while the client says that it can be added."""
    page, app = await phone.framed(alice, "/app/me")
    row = app.locator("#home-screen")
    await wait_for_client(page, "() => events.some(one => one.eventType === 'web_app_check_home_screen')")
    await expect(row).to_be_hidden()
    await page.evaluate("emit('home_screen_checked', {status: 'missed'})")
    await expect(row).to_be_visible()
    await app.locator("#kinds input").first.click()
    await app.wait_for_selector("#screen[data-outcome=saved]")
    await expect(row).to_be_visible()
    await row.get_by_role("button").click()
    await wait_for_client(page, "() => events.some(one => one.eventType === 'web_app_add_to_home_screen')")
    await page.evaluate("emit('home_screen_added')")
    await expect(row).to_be_hidden()


async def test_the_home_screen_shortcut_is_not_offered_where_unsupported(phone: Any, alice: Any) -> None:
    for status in ("added", "unsupported"):
        page, app = await phone.framed(alice, "/app/me")
        await wait_for_client(page, "() => events.some(one => one.eventType === 'web_app_check_home_screen')")
        await page.evaluate("status => emit('home_screen_checked', {status})", status)
        await app.locator("#kinds input").first.click()
        await app.wait_for_selector("#screen[data-outcome=saved]")
        await expect(app.locator("#home-screen")).to_be_hidden()
        await page.close()


async def booked(page: Any, app: Any) -> None:
    await page.evaluate("emit('main_button_pressed')")
    await app.wait_for_selector("#screen[data-outcome=booked]")


async def stored(page: Any, value: str) -> None:
    """Whether the client's storage remembers that the question was asked."""
    await wait_for_client(page, KEPT, "getStorageValues")
    asked = await last_client_event(page, "web_app_invoke_custom_method")
    await page.evaluate(
        "([id, value]) => emit('custom_method_invoked', {req_id: id, result: {asked_to_write: value}})",
        [asked["req_id"], value],
    )


async def test_the_first_booking_asks_for_write_access(phone: Any, charlie: Any, instance: Any) -> None:
    """`M3`: first the reason, then Telegram's own question; the seat does not depend on the answer."""
    code = await instance(visibility="link")
    page, app = await phone.framed(charlie, f"/app/events/{code}")
    assert await last_client_event(page, "web_app_request_write_access") is None
    await booked(page, app)
    await stored(page, "")
    await wait_for_client(page, "() => last('web_app_open_popup')")
    popup = await last_client_event(page, "web_app_open_popup")
    assert popup["message"] == "May we write to you when this is moved or cancelled?"
    assert popup["buttons"] == [ALLOW, NOT_NOW]
    assert await last_client_event(page, "web_app_request_write_access") is None
    await wait_for_client(page, KEPT, "saveStorageValue")
    await page.evaluate("emit('popup_closed', {button_id: 'yes'})")
    await wait_for_client(page, "() => last('web_app_request_write_access') !== undefined")
    await expect(app.locator("[data-write]")).to_have_count(1)
    await page.evaluate("emit('write_access_requested', {status: 'allowed'})")
    await expect(app.locator("[data-write]")).to_have_count(0)
    known = await person(charlie.id)
    assert known is not None
    assert known.reachable


async def test_a_declined_question_is_not_repeated(phone: Any, charlie: Any, instance: Any) -> None:
    """Neither Telegram's question after "not now", nor ours with the next booking; the row stays."""
    first, second = await instance(visibility="link"), await instance(visibility="link")
    page, app = await phone.framed(charlie, f"/app/events/{first}")
    await booked(page, app)
    await stored(page, "")
    await wait_for_client(page, "() => last('web_app_open_popup')")
    await page.evaluate("emit('popup_closed', {button_id: 'no'})")
    await expect(app.locator("[data-write]")).to_have_count(1)
    later, app = await phone.framed(charlie, f"/app/events/{second}")
    await booked(later, app)
    await stored(later, "1")
    await expect(app.locator("[data-write]")).to_have_count(1)
    for one in (page, later):
        assert await last_client_event(one, "web_app_request_write_access") is None
    assert await last_client_event(later, "web_app_open_popup") is None


async def test_a_reachable_member_is_not_asked(phone: Any, alice: Any, instance: Any) -> None:
    code = await instance()
    page, app = await phone.framed(alice, f"/app/events/{code}")
    await booked(page, app)
    await wait_for_client(page, "() => last('web_app_setup_main_button').text === 'Check-in code'")
    assert await last_client_event(page, "web_app_invoke_custom_method") is None


async def test_an_old_client_books_and_has_the_row(phone: Any, charlie: Any, instance: Any) -> None:
    code = await instance(visibility="link")
    page, app = await phone.framed(charlie, f"/app/events/{code}", version="6.2")
    await booked(page, app)
    await expect(app.locator("[data-write]")).to_be_visible()
    assert await last_client_event(page, "web_app_open_popup") is None
    await app.locator("[data-write]").click()
    await wait_for_client(page, "() => last('web_app_open_tg_link')")
    assert "start=hello" in (await last_client_event(page, "web_app_open_tg_link"))["path_full"]


async def test_closing_asks_only_while_something_is_typed(phone: Any, alice: Any, instance: Any) -> None:
    """For unsent text in any form; not for a search, nor for a form that has sent itself."""
    await instance()
    page, app = await phone.framed(alice, "/app/events?q=")
    async with page.expect_response("**/app/events?*q=yoga*"):
        await app.locator("#sought").fill("yoga")
    assert await last_client_event(page, "web_app_setup_closing_behavior") is None
    page, app = await phone.framed(alice, "/app/me")
    form = "<form id='f'><input id='t' value='Yoga'><select><option>a<option>b</select><textarea>x</textarea></form>"
    await app.evaluate("html => document.querySelector('.body').insertAdjacentHTML('beforeend', html)", form)
    await app.locator("#t").fill("Yoga tonight")
    await wait_for_client(page, "() => last('web_app_setup_closing_behavior')?.need_confirmation")
    await app.locator("#t").fill("Yoga")
    await wait_for_client(page, "() => !last('web_app_setup_closing_behavior').need_confirmation")
    await app.locator("#f select").select_option("b")
    await wait_for_client(page, "() => last('web_app_setup_closing_behavior').need_confirmation")


async def test_only_the_pressed_button_shows_progress(
    phone: Any, alice: Any, bob: Any, instance: Any
) -> None:
    """Other buttons, and a stepper, do not change Telegram's buttons."""
    code = await instance(capacity=4, guests_max=2)
    await seats.book(code, alice, via=Via.CARD)
    page, app = await phone.framed(alice, f"/app/events/{code}")
    held = asyncio.Event()

    async def hold(route: Any) -> None:
        await held.wait()
        await route.continue_()

    await page.route("**/booking", hold)
    await app.locator("#more").click()
    await app.wait_for_selector("#screen[aria-busy]")
    assert not (await last_client_event(page, "web_app_setup_secondary_button"))["is_progress_visible"]
    held.set()
    await app.wait_for_selector("#screen:not([aria-busy])")
    await expect(app.locator("#more")).to_be_focused()
    held.clear()
    await page.evaluate("emit('secondary_button_pressed')")
    await wait_for_client(page, "() => last('web_app_setup_secondary_button').is_progress_visible")
    assert not (await last_client_event(page, "web_app_setup_main_button"))["is_progress_visible"]
    held.set()
    await app.wait_for_selector("#screen[data-outcome=left]")


async def test_content_stays_within_the_safe_area(phone: Any, alice: Any, instance: Any) -> None:
    """In full screen Telegram's own buttons cover a part of the page too."""
    await instance()
    page, app = await phone.framed(alice, "/app/events")
    before = await app.evaluate("document.querySelector('.tabs').getBoundingClientRect().bottom")
    for event, edges in (
        ("safe_area_changed", {"top": 44, "bottom": 34, "left": 50, "right": 10}),
        ("content_safe_area_changed", {"top": 46, "bottom": 0, "left": 0, "right": 0}),
    ):
        await page.evaluate("([event, edges]) => emit(event, edges)", [event, edges])
    await app.wait_for_function(
        "() => getComputedStyle(document.querySelector('.body')).paddingTop === '102px'"
    )
    after = await app.evaluate("document.querySelector('.tabs').getBoundingClientRect().bottom")
    left = await app.evaluate("document.querySelector('.tabs').getBoundingClientRect().left")
    assert (before - after, left) == (34, 50)


async def test_unsupported_features_have_no_row(phone: Any, alice: Any) -> None:
    """A client that supports none of them shows the page without them."""
    page = await phone.opened(alice, "/app/me", version="5.0")
    await page.wait_for_selector("#kinds")
    await expect(page.locator("#home-screen")).to_be_hidden()


async def test_choices_and_steppers_give_haptic_feedback(phone: Any, alice: Any, instance: Any) -> None:
    """Selection feedback for choices, none for navigation."""
    code = await instance(guests_max=2)
    await seats.book(code, alice, via=Via.CARD)
    felt = (
        "n => events.filter(one => one.eventType === 'web_app_trigger_haptic_feedback' && "
        "one.eventData.type === 'selection_change').length === n"
    )
    page, app = await phone.framed(alice, "/app/me")
    await app.locator("#kinds input").first.click()
    await wait_for_client(page, felt, 1)
    await app.wait_for_selector("#screen[data-outcome=saved]")
    await app.get_by_role("link", name="Events", exact=True).first.click()
    await app.locator(f'a[href="/app/events/{code}"]').click()
    await app.locator("#more").click()
    await wait_for_client(page, felt, 2)
