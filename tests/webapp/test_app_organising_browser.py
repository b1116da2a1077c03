"""Check-in and organisers' forms in a real browser: Telegram's scanner, quick taps, and text that stays
(`B12`, `X5`)."""

import re
from datetime import timedelta
from typing import Any

from playwright.async_api import expect

from backend import clock
from backend.bookings import actions as seats
from backend.bookings.attendance import check_in_code
from backend.bookings.queries.event import event
from backend.bookings.roster import roster_counts
from backend.seats.requests import Via
from tests.webapp.browsing import last_client_event, wait_for_client
from tests.webapp.test_app_check_ins import member_of

OPENED = "n => events.filter(one => one.eventType === 'web_app_open_scan_qr_popup').length === n"
BUZZED = "kind => last('web_app_trigger_haptic_feedback')?.notification_type === kind"


async def sees(page: Any, code: str) -> None:
    """Telegram's scanner reads this code."""
    await page.evaluate("data => emit('qr_text_received', { data })", code)


async def test_codes_are_scanned_one_after_another(
    phone: Any, alice: Any, bob: Any, aino: Any, olga: Any, account: Any, instance: Any
) -> None:
    """`B12`: after a success the scanner stays open and vibrates; other results are shown in it and behind
    it."""
    code = await instance()
    for person in (alice, bob):
        await seats.book(code, person, guests=1, via=Via.CARD)
    hers, his, nobodys = [check_in_code(code, await member_of(one, account)) for one in (alice, bob, aino)]
    page, app = await phone.framed(olga, f"/app/events/{code}/check-ins")
    await wait_for_client(page, "() => last('web_app_setup_main_button')?.text === 'Scan codes'")
    await page.evaluate("emit('main_button_pressed')")
    await wait_for_client(page, OPENED, 1)
    assert (await last_client_event(page, "web_app_open_scan_qr_popup"))[
        "text"
    ] == "Hold the code in the frame"
    for _ in range(5):  # a code in view is read again and again
        await sees(page, hers)
    await expect(app.locator("#notice")).to_contain_text("Alice is here: 2 of 2.")
    await wait_for_client(page, BUZZED, "success")
    await sees(page, his)
    await expect(app.locator("#notice")).to_contain_text("Bob is here: 2 of 2.")
    await expect(app.locator("#door")).to_contain_text("4 of 4 are here")
    assert await page.evaluate(OPENED, 1)
    await sees(page, hers)
    await wait_for_client(page, "() => last('web_app_close_scan_qr_popup') !== undefined")
    await page.evaluate("emit('scan_qr_popup_closed')")
    await wait_for_client(page, OPENED, 2)
    known = "Alice was checked in already: 2 of 2."
    assert (await last_client_event(page, "web_app_open_scan_qr_popup"))["text"] == known
    await wait_for_client(page, BUZZED, "warning")
    await sees(page, nobodys)
    await wait_for_client(
        page, OPENED, 3
    )  # also with a client that does not report that its scanner has closed
    left = "This member has no seat on this date."
    assert (await last_client_event(page, "web_app_open_scan_qr_popup"))["text"] == left
    await expect(app.locator("#notice")).to_contain_text(left)
    await wait_for_client(page, BUZZED, "error")
    await page.evaluate("emit('scan_qr_popup_closed')")
    await page.evaluate("emit('main_button_pressed')")
    await wait_for_client(page, OPENED, 4)
    await page.evaluate("emit('main_button_pressed')")  # the scanner was closed without an event
    await wait_for_client(page, OPENED, 5)


async def test_without_a_scanner_a_field_is_offered(
    phone: Any, alice: Any, olga: Any, account: Any, instance: Any
) -> None:
    """`B12`: with the reason."""
    code = await instance()
    await seats.book(code, alice, via=Via.CARD)
    page, app = await phone.framed(olga, f"/app/events/{code}/check-ins", version="6.3")
    await page.evaluate("emit('main_button_pressed')")
    await expect(app.locator("#notice")).to_contain_text("this Telegram has no scanner")
    assert await last_client_event(page, "web_app_open_scan_qr_popup") is None
    await app.locator("#scanned").fill("emerald:nonsense")
    await app.locator("#by-code button").click()
    await expect(app.locator("#notice")).to_contain_text("not a check-in code")
    await expect(app.locator("#scanned")).to_have_value("emerald:nonsense")
    await app.locator("#scanned").fill(check_in_code(code, await member_of(alice, account)))
    await app.locator("#by-code button").click()
    await expect(app.locator("#notice")).to_contain_text("Alice is here.")
    await expect(app.locator("#scanned")).to_have_value("")


async def test_quick_taps_on_several_people_are_all_sent(
    phone: Any, crowd: Any, olga: Any, account: Any, instance: Any
) -> None:
    """`B12`: none is dropped, and two taps on one person are not in and out again."""
    code = await instance(capacity=None)
    people = await crowd(5)
    for person in people:
        await seats.book(code, person, via=Via.CARD)
    page = await phone.opened(olga, f"/app/events/{code}/check-ins")
    await page.locator(".toggle").first.wait_for()
    await page.evaluate("document.querySelectorAll('.toggle').forEach(one => one.click())")
    await expect(page.locator("#door")).to_contain_text("5 of 5 are here")
    assert (await roster_counts((await event(code, olga)).id)).checked_in == 5
    await page.locator(".toggle").nth(2).click()
    await expect(page.locator("#door")).to_contain_text("4 of 5 are here")
    await expect(page.locator(".toggle").nth(2)).to_have_attribute("aria-pressed", "false")


async def test_a_half_filled_form_stays_and_closing_asks(
    phone: Any, alice: Any, olga: Any, instance: Any
) -> None:
    """`X5`: the preview follows the form."""
    code = await instance()
    page, app = await phone.framed(olga, f"/app/events/{code}/move")
    await app.locator("#starts-time").fill("19:30")
    await expect(app.locator("#what-if")).to_contain_text("19:30–20:45")
    await wait_for_client(page, "() => last('web_app_setup_closing_behavior')?.need_confirmation === true")
    await app.locator("#field-duration-minutes").fill("3")
    await expect(app.locator("#what-if")).to_contain_text("Between 5 and")
    await expect(app.locator("#starts-time")).to_have_value("19:30")
    await page.evaluate("emit('main_button_pressed')")
    await expect(app.locator("#fault-duration-minutes")).to_be_visible()
    await expect(app.locator("#starts-time")).to_have_value("19:30")
    await app.locator("#field-duration-minutes").fill("60")
    await page.evaluate("emit('main_button_pressed')")
    await expect(app.locator("#notice")).to_contain_text("Moved to")
    await wait_for_client(page, "() => last('web_app_setup_closing_behavior')?.need_confirmation === false")


async def test_a_check_leaves_a_half_filled_form_alone(
    phone: Any, alice: Any, olga: Any, instance: Any
) -> None:
    """`X5`: the screen follows changes, and the typed number stays until it is accepted."""
    code = await instance()
    page = await phone.opened(olga, f"/app/events/{code}/organising")
    await page.locator("#field-capacity").fill("20")
    await seats.book(code, alice, via=Via.CARD)
    await expect(page.locator("#screen")).to_contain_text("1 coming")
    await expect(page.locator("#field-capacity")).to_have_value("20")
    await page.get_by_role("button", name="Save").click()
    await expect(page.locator("#notice")).to_contain_text("1 of 20 seats are taken.")
    await expect(page.locator("#screen")).to_contain_text("19 free")


async def test_adding_a_person_by_name_empties_the_field(phone: Any, olga: Any, instance: Any) -> None:
    code = await instance(guests_max=2)
    page = await phone.opened(olga, f"/app/events/{code}/attendance/new")
    for name in ("Grandma Kerttu", "Ville"):
        await page.locator("#field-name").fill(name)
        await page.locator("#guests").select_option("1")
        await page.get_by_role("button", name="Give a seat", exact=True).click()
        await expect(page.locator("#notice")).to_contain_text(f"{name} has 2 seats.")
        await expect(page.locator("#field-name")).to_have_value("")
        await expect(page.locator("#guests")).to_have_value("0")


async def test_a_removed_party_is_put_back_with_one_tap(
    phone: Any, alice: Any, olga: Any, account: Any, instance: Any
) -> None:
    code = await instance()
    await seats.book(code, alice, guests=1, via=Via.CARD)
    page = await phone.opened(
        olga, f"/app/events/{code}/attendance/{await member_of(alice, account)}", version="5.0"
    )
    await page.locator("#do-remove").click()
    await expect(page.locator("#notice")).to_contain_text("Alice is off the list.")
    await page.locator("#do-undo").click()
    await expect(page.locator("#notice")).to_contain_text("Alice has 2 seats.")
    assert (await event(code, alice)).mine.seats == 2  # type: ignore[union-attr]


async def test_a_created_event_replaces_the_form(phone: Any, olga: Any, account: Any) -> None:
    day = (clock.now() + timedelta(days=10)).date().isoformat()
    page, app = await phone.framed(olga)
    await app.locator("#do-make").click()
    await app.locator("#field-title").fill("Sauna")
    await app.locator("#starts-on").fill(day)
    await app.locator("#starts-time").fill("18:00")
    await expect(app.locator("#preview")).to_contain_text("18:00–19:00")
    await page.evaluate("emit('main_button_pressed')")
    await expect(app.locator("h1")).to_have_text("Sauna")
    assert "/app/series" not in await app.evaluate("location.pathname")
    await page.evaluate("emit('back_button_pressed')")
    await app.wait_for_selector(".tabs")


async def test_the_dashboard_opens_outside_signed_in(phone: Any, olga: Any, account: Any) -> None:
    """X3: in the reader's own browser, by a link that signs them in; where there is none, by the plain one."""
    page, app = await phone.framed(olga, f"/app/clubs/{account.id}")
    await app.locator("#to-dashboard").click()
    await wait_for_client(page, "() => last('web_app_open_link')")
    opened = (await last_client_event(page, "web_app_open_link"))["url"]
    assert re.search(r"/dashboard/sign-in/app\?key=[\w-]{32}&next=%2Fdashboard%3Fclub%3D1$", opened), opened
    await page.context.route("**/sign-in?**", lambda route: route.abort())
    await app.locator("#to-dashboard").click()
    await wait_for_client(page, "() => last('web_app_open_link').url.endsWith('/dashboard?club=1')")
