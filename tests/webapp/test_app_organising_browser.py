"""The door in a real browser: Telegram's scanner, quick taps, and forms that keep what is typed (`B12`, `X5`)."""

from datetime import timedelta
from typing import Any

from playwright.async_api import expect

from backend import clock
from backend.bookings import actions as seats
from backend.bookings.attendance import check_in_code
from backend.bookings.queries.event import event
from backend.bookings.roster import roster_counts
from backend.seats.requests import Via
from tests.webapp.browsing import said, until
from tests.webapp.test_app_check_ins import member_of

OPENED = "n => said.filter(one => one.eventType === 'web_app_open_scan_qr_popup').length === n"
BUZZED = "kind => last('web_app_trigger_haptic_feedback')?.notification_type === kind"


async def sees(page: Any, code: str) -> None:
    """Telegram's scanner reads this."""
    await page.evaluate("data => tell('qr_text_received', { data })", code)


async def test_codes_are_scanned_one_after_another(
    phone: Any, alice: Any, bob: Any, aino: Any, olga: Any, club: Any, instance: Any
) -> None:
    """`B12`: while all goes well the scanner stays open and buzzes; what does not is said in it, and behind it."""
    code = await instance()
    for person in (alice, bob):
        await seats.book(code, person, guests=1, via=Via.CARD)
    hers, his, nobodys = [check_in_code(code, await member_of(one, club)) for one in (alice, bob, aino)]
    page, app = await phone.framed(olga, f"/app/events/{code}/check-ins")
    await until(page, "() => last('web_app_setup_main_button')?.text === 'Scan codes'")
    await page.evaluate("tell('main_button_pressed')")
    await until(page, OPENED, 1)
    assert (await said(page, "web_app_open_scan_qr_popup"))["text"] == "Hold the code in the frame"
    for _ in range(5):  # held up, and read again and again
        await sees(page, hers)
    await expect(app.locator("#notice")).to_contain_text("Alice is here: 2 of 2.")
    await until(page, BUZZED, "success")
    await sees(page, his)
    await expect(app.locator("#notice")).to_contain_text("Bob is here: 2 of 2.")
    await expect(app.locator("#door")).to_contain_text("4 of 4 are here")
    assert await page.evaluate(OPENED, 1)
    await sees(page, hers)
    await until(page, "() => last('web_app_close_scan_qr_popup') !== undefined")
    await page.evaluate("tell('scan_qr_popup_closed')")
    await until(page, OPENED, 2)
    known = "Alice was checked in already: 2 of 2."
    assert (await said(page, "web_app_open_scan_qr_popup"))["text"] == known
    await until(page, BUZZED, "warning")
    await sees(page, nobodys)
    await until(page, OPENED, 3)  # also from a client that does not say that its scanner has closed
    left = "This member has no seat on this date."
    assert (await said(page, "web_app_open_scan_qr_popup"))["text"] == left
    await expect(app.locator("#notice")).to_contain_text(left)
    await until(page, BUZZED, "error")
    await page.evaluate("tell('scan_qr_popup_closed')")
    await page.evaluate("tell('main_button_pressed')")
    await until(page, OPENED, 4)
    await page.evaluate("tell('main_button_pressed')")  # put away, and nobody was told
    await until(page, OPENED, 5)


async def test_where_there_is_no_scanner_the_list_and_a_field_are_offered(
    phone: Any, alice: Any, olga: Any, club: Any, instance: Any
) -> None:
    """`B12`: it says why not, and goes on without."""
    code = await instance()
    await seats.book(code, alice, via=Via.CARD)
    page, app = await phone.framed(olga, f"/app/events/{code}/check-ins", version="6.3")
    await page.evaluate("tell('main_button_pressed')")
    await expect(app.locator("#notice")).to_contain_text("this Telegram has no scanner")
    assert await said(page, "web_app_open_scan_qr_popup") is None
    await app.locator("#scanned").fill("emerald:nonsense")
    await app.locator("#by-code button").click()
    await expect(app.locator("#notice")).to_contain_text("not a check-in code")
    await expect(app.locator("#scanned")).to_have_value("emerald:nonsense")
    await app.locator("#scanned").fill(check_in_code(code, await member_of(alice, club)))
    await app.locator("#by-code button").click()
    await expect(app.locator("#notice")).to_contain_text("Alice is here.")
    await expect(app.locator("#scanned")).to_have_value("")


async def test_taps_on_several_people_in_a_row_are_all_meant(
    phone: Any, crowd: Any, olga: Any, club: Any, instance: Any
) -> None:
    """`B12`: none is dropped, and two taps on one are not in and out again."""
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


async def test_what_is_typed_stays_while_others_act_and_is_not_lost_unasked(
    phone: Any, alice: Any, olga: Any, instance: Any
) -> None:
    """`X5`: Telegram asks before it closes a half-filled form; the preview follows what is typed."""
    code = await instance()
    page, app = await phone.framed(olga, f"/app/events/{code}/move")
    await app.locator("#starts-time").fill("19:30")
    await expect(app.locator("#what-if")).to_contain_text("19:30–20:45")
    await until(page, "() => last('web_app_setup_closing_behavior')?.need_confirmation === true")
    await app.locator("#field-duration-minutes").fill("3")
    await expect(app.locator("#what-if")).to_contain_text("Between 5 and")
    await expect(app.locator("#starts-time")).to_have_value("19:30")
    await page.evaluate("tell('main_button_pressed')")
    await expect(app.locator("#fault-duration-minutes")).to_be_visible()
    await expect(app.locator("#starts-time")).to_have_value("19:30")
    await app.locator("#field-duration-minutes").fill("60")
    await page.evaluate("tell('main_button_pressed')")
    await expect(app.locator("#notice")).to_contain_text("Moved to")
    await until(page, "() => last('web_app_setup_closing_behavior')?.need_confirmation === false")


async def test_a_form_half_filled_is_left_alone_by_what_others_do(
    phone: Any, alice: Any, olga: Any, instance: Any
) -> None:
    """`X5`: the screen follows, and the number that is being typed stays until it is taken."""
    code = await instance()
    page = await phone.opened(olga, f"/app/events/{code}/organising")
    await page.locator("#field-capacity").fill("20")
    await seats.book(code, alice, via=Via.CARD)
    await expect(page.locator("#screen")).to_contain_text("1 comes")
    await expect(page.locator("#field-capacity")).to_have_value("20")
    await page.get_by_role("button", name="Save").click()
    await expect(page.locator("#notice")).to_contain_text("1 of 20 seats are taken.")
    await expect(page.locator("#screen")).to_contain_text("19 free")


async def test_who_is_added_by_name_leaves_an_empty_field(phone: Any, olga: Any, instance: Any) -> None:
    code = await instance(guests_max=2)
    page = await phone.opened(olga, f"/app/events/{code}/attendance/new")
    for name in ("Grandma Kerttu", "Ville"):
        await page.locator("#field-name").fill(name)
        await page.locator("#guests").select_option("1")
        await page.get_by_role("button", name="Give a seat", exact=True).click()
        await expect(page.locator("#notice")).to_contain_text(f"{name} has 2 seats.")
        await expect(page.locator("#field-name")).to_have_value("")
        await expect(page.locator("#guests")).to_have_value("0")


async def test_who_was_removed_can_be_put_back_with_one_tap(
    phone: Any, alice: Any, olga: Any, club: Any, instance: Any
) -> None:
    code = await instance()
    await seats.book(code, alice, guests=1, via=Via.CARD)
    page = await phone.opened(
        olga, f"/app/events/{code}/attendance/{await member_of(alice, club)}", version="5.0"
    )
    await page.locator("#do-remove").click()
    await expect(page.locator("#notice")).to_contain_text("Alice is off the list.")
    await page.locator("#do-undo").click()
    await expect(page.locator("#notice")).to_contain_text("Alice has 2 seats.")
    assert (await event(code, alice)).mine.seats == 2  # type: ignore[union-attr]


async def test_an_event_is_made_and_stands_in_place_of_the_form(phone: Any, olga: Any, club: Any) -> None:
    day = (clock.now() + timedelta(days=10)).date().isoformat()
    page, app = await phone.framed(olga)
    await app.locator("#do-make").click()
    await app.locator("#field-title").fill("Sauna")
    await app.locator("#starts-on").fill(day)
    await app.locator("#starts-time").fill("18:00")
    await expect(app.locator("#preview")).to_contain_text("18:00–19:00")
    await page.evaluate("tell('main_button_pressed')")
    await expect(app.locator("h1")).to_have_text("Sauna")
    assert "/app/series" not in await app.evaluate("location.pathname")
    await page.evaluate("tell('back_button_pressed')")
    await app.wait_for_selector(".tabs")
