"""The Mini App in a real browser, in Telegram's frame and alone: what only a browser can show."""

import re
from datetime import datetime, timedelta
from typing import Any

import pytest
from playwright.async_api import expect

from backend import clock, db
from backend.bookings import actions as seats
from backend.bookings.queries.event import event
from backend.seats.requests import Via
from tests.webapp.browsing import DARK, freeze_clock, last_client_event, wait_for_client

BLOCKED = "() => { try { sessionStorage.length; return false; } catch { return true; } }"


async def test_the_main_button_books(phone: Any, alice: Any, instance: Any) -> None:
    """The main button copies the text and colours of the page's own button, which is hidden; haptic feedback
    follows."""
    code = await instance()
    page, app = await phone.framed(alice, f"/app/events/{code}")
    button = await last_client_event(page, "web_app_setup_main_button")
    assert (button["is_visible"], button["text"]) == (True, "Join")
    assert await last_client_event(page, "web_app_expand") is not None
    assert not await app.locator("#do-join").is_visible()
    await page.evaluate("emit('main_button_pressed')")
    await app.wait_for_selector("#screen[data-outcome=booked]")
    await wait_for_client(
        page, "() => last('web_app_trigger_haptic_feedback')?.notification_type === 'success'"
    )
    await wait_for_client(page, "() => last('web_app_setup_main_button').text === 'Check-in code'")
    second = await last_client_event(page, "web_app_setup_secondary_button")
    assert (second["is_visible"], second["text"]) == (True, "Leave")
    assert (await event(code, alice)).mine.seats == 1  # type: ignore[union-attr]


async def test_an_old_client_gets_the_pages_own_buttons(phone: Any, alice: Any, instance: Any) -> None:
    code = await instance()
    await seats.book(code, alice, via=Via.CARD)
    page, app = await phone.framed(alice, f"/app/events/{code}", version="6.0")
    await expect(app.locator("#do-leave")).to_be_visible()
    assert await last_client_event(page, "web_app_setup_secondary_button") is None
    assert await last_client_event(page, "web_app_setup_back_button") is None


async def test_leaving_asks_before_the_seat_goes_to_others(
    phone: Any, alice: Any, bob: Any, instance: Any
) -> None:
    code = await instance(capacity=1)
    await seats.book(code, alice, via=Via.CARD)
    await seats.book(code, bob, via=Via.CARD)
    page, app = await phone.framed(alice, f"/app/events/{code}")
    await page.evaluate("emit('secondary_button_pressed')")
    await wait_for_client(page, "() => last('web_app_open_popup')")
    popup = await last_client_event(page, "web_app_open_popup")
    assert popup["message"].startswith("Others are in line")
    assert popup["buttons"][0] == {"id": "yes", "type": "destructive", "text": "Leave"}
    await page.evaluate("emit('popup_closed', {})")
    await page.evaluate("emit('secondary_button_pressed')")
    await wait_for_client(
        page, "() => events.filter(one => one.eventType === 'web_app_open_popup').length === 2"
    )
    assert (await event(code, alice)).mine.seats == 1  # type: ignore[union-attr]
    await page.evaluate("emit('popup_closed', {button_id: 'yes'})")
    await app.wait_for_selector("#screen[data-outcome=left]")
    assert (await event(code, bob)).mine.seats == 1  # type: ignore[union-attr]


async def test_a_session_survives_a_reload_without_storage(
    private_phone: Any, alice: Any, instance: Any
) -> None:
    """In a frame of another site whose storage is blocked, navigation and a full reload keep the reader."""
    code = await instance()
    page, app = await private_phone.framed(alice)
    assert await app.evaluate(BLOCKED)
    await app.locator(f'a[href="/app/events/{code}"]').click()
    await app.wait_for_selector("#join")
    await app.evaluate("location.reload()")
    await app.wait_for_selector("#join")
    assert (await app.evaluate("location.pathname")) == f"/app/events/{code}"
    await wait_for_client(page, "() => last('web_app_setup_back_button').is_visible")
    await page.evaluate("emit('back_button_pressed')")
    await app.wait_for_selector(".tabs")
    await wait_for_client(page, "() => !last('web_app_setup_back_button').is_visible")


async def test_a_direct_link_opens_its_event(phone: Any, alice: Any, instance: Any) -> None:
    """`A4`; the back button of a screen that was opened first leads to its parent."""
    code = await instance()
    page, app = await phone.framed(alice, launch={"start_param": f"e_{code}"})
    await app.wait_for_selector("#join")
    await page.evaluate("emit('back_button_pressed')")
    await app.wait_for_selector(".tabs [aria-current]")


async def test_a_direct_link_to_another_club_finds_nothing(phone: Any, charlie: Any, instance: Any) -> None:
    """`A1`"""
    code = await instance()
    _, app = await phone.framed(charlie, launch={"start_param": f"e_{code}"})
    await expect(app.locator("h1")).to_contain_text("Not found, or you don’t have access")
    await app.locator("a", has_text="See upcoming events").click()
    await expect(app.locator("h2")).to_contain_text("no club yet")


async def test_the_theme_follows_the_client(phone: Any, alice: Any, instance: Any) -> None:
    page, app = await phone.framed(alice)
    assert await app.evaluate("document.documentElement.dataset.scheme") == "light"
    await page.evaluate("theme => emit('theme_changed', {theme_params: theme})", DARK)
    await expect(app.locator("html")).to_have_attribute("data-scheme", "dark")
    ground = await app.evaluate("getComputedStyle(document.body).backgroundColor")
    assert ground == "rgb(15, 15, 15)"


async def test_two_quick_taps_are_one(phone: Any, alice: Any, instance: Any) -> None:
    code = await instance()
    page = await phone.opened(alice, f"/app/events/{code}", version="5.0")
    asked = []
    page.on("request", lambda r: asked.append(r.url) if r.method == "POST" else None)
    await page.wait_for_selector("#do-join")
    await page.evaluate("for (let i = 0; i < 4; i++) document.getElementById('do-join').click()")
    await page.wait_for_selector("#screen[data-outcome=booked]")
    assert len([url for url in asked if url.endswith("/booking")]) == 1


async def test_back_forward_and_reload_show_the_right_screen(phone: Any, alice: Any, instance: Any) -> None:
    code = await instance()
    page = await phone.opened(alice)
    await page.click(f'a[href="/app/events/{code}"]')
    await page.wait_for_selector("#join")
    await page.locator("a.tools, .seats").first.wait_for()
    await page.go_back()
    await page.wait_for_selector(".tabs")
    await page.go_forward()
    await page.wait_for_selector("#join")
    await page.reload()
    await page.wait_for_selector("#join")
    assert page.url.partition("#")[0].endswith(f"/app/events/{code}")
    await page.go_back()
    await page.wait_for_selector(".tabs")


async def test_joining_brings_the_chosen_number_of_guests(phone: Any, alice: Any, instance: Any) -> None:
    code = await instance(guests_max=2)
    page = await phone.opened(alice, f"/app/events/{code}", version="5.0")
    more = page.get_by_label("One guest more")
    await more.click()
    await more.click()
    await expect(more).to_be_disabled()
    await page.click("#do-join")
    await page.wait_for_selector("#screen[data-outcome=booked]")
    await expect(page.locator(".status strong")).to_have_text("You’re in, with 2 guests")
    await page.click("#fewer")
    await expect(page.locator(".status strong")).to_have_text("You’re in, with 1 guest")


async def test_guests_are_named_when_booking_and_later(
    phone: Any, alice: Any, bob: Any, instance: Any
) -> None:
    """`B1`: a field for each. Typed names survive other people's changes; Enter sends only the name."""
    code = await instance(guests_max=2)
    app = await phone.opened(alice, f"/app/events/{code}", version="5.0")
    first, second = app.locator("[name=name]").nth(0), app.locator("[name=name]").nth(1)
    await expect(first).to_be_hidden()
    more = app.locator("[data-step='1']")
    await more.click()
    await more.click()
    await second.fill("Mum")
    await seats.book(code, bob, via=Via.CARD)
    await expect(app.locator("#seats")).to_contain_text("Bob")
    await expect(second).to_have_value("Mum")
    await second.press("Enter")
    await app.locator("#do-join").click()
    await expect(app.locator("#party #guest-2")).to_have_value("Mum")
    await first.fill("Dad")
    await seats.leave(code, bob, via=Via.CARD)
    await expect(app.locator("#seats")).not_to_contain_text("Bob")
    await expect(first).to_have_value("Dad")
    await first.press("Enter")
    await app.wait_for_selector("#screen[data-outcome=named]")
    assert (await event(code, alice)).mine.guest_names == ("Dad", "Mum")  # type: ignore[union-attr]
    await first.fill("Papa")
    await app.locator("#fewer").click()
    await expect(second).to_have_count(0)
    assert (await event(code, alice)).mine.guest_names == ("Papa",)  # type: ignore[union-attr]


async def test_leaving_is_undone_from_the_notice(phone: Any, alice: Any, instance: Any) -> None:
    """Leaving asks nothing; undo books the same guests again."""
    code = await instance(guests_max=2)
    await seats.book(code, alice, guests=1, names=("Mum",), via=Via.CARD)
    page = await phone.opened(alice, f"/app/events/{code}", version="5.0")
    await page.locator("#do-leave").click()
    await expect(page.locator("#standing")).to_contain_text("You’ve left.")
    await expect(page.locator("#join")).to_contain_text("Bring guests")
    await page.locator("#do-undo").click()
    await expect(page.locator("#standing")).to_contain_text("You’re in, with 1 guest")
    await expect(page.locator("#guest-1")).to_have_value("Mum")
    await page.locator("#do-leave").click()
    await page.locator("[data-step='1']").click()
    await page.locator("#do-join").click()
    await expect(page.locator("#standing")).to_contain_text("You’re in, with 1 guest")


async def test_a_screen_follows_changes_and_keeps_the_chosen_guests(
    phone: Any, alice: Any, bob: Any, instance: Any
) -> None:
    code = await instance(capacity=6, guests_max=2)
    page = await phone.opened(alice, f"/app/events/{code}")
    await page.get_by_label("One guest more").click()
    await seats.book(code, bob, guests=1, via=Via.CARD)
    await expect(page.locator("#seats h2")).to_have_text("4 seats free")
    await expect(page.locator("output")).to_have_text("1")
    await expect(page.locator("input[name=guests]")).to_have_value("1")


async def test_a_refusal_stays_until_the_next_request(
    phone: Any, alice: Any, bob: Any, instance: Any
) -> None:
    code = await instance(capacity=3, guests_max=2)
    await seats.book(code, alice, via=Via.CARD)
    page = await phone.opened(alice, f"/app/events/{code}", version="5.0")
    await page.wait_for_selector("#more")
    await seats.book(code, bob, guests=1, via=Via.CARD)
    await page.evaluate("document.getElementById('more').click()")
    await expect(page.locator("#notice[role=alert]")).to_contain_text("Your own seat is safe.")
    await page.click("#do-leave")
    await page.wait_for_selector("#screen[data-outcome=left]")
    await expect(page.locator("#notice")).to_be_empty()


async def test_offline_the_screen_stays_and_says_how_old_it_is(phone: Any, alice: Any, instance: Any) -> None:
    code = await instance()
    page = await phone.opened(alice, f"/app/events/{code}", version="5.0")
    await page.wait_for_selector("#do-join")
    await phone.context.set_offline(True)
    await page.click("#do-join")
    banner = page.locator("#offline")
    await expect(banner).to_contain_text("No connection. This is what we knew at")
    await expect(banner).to_contain_text("Your answer is not sent yet.")
    await expect(page.locator("#do-join")).to_be_visible()
    await phone.context.set_offline(False)
    await banner.get_by_role("button", name="Retry").click()
    await page.wait_for_selector("#screen[data-outcome=booked]")
    await expect(banner).to_be_hidden()


async def test_a_proxys_error_page_is_not_swapped_in(phone: Any, alice: Any, instance: Any) -> None:
    code = await instance()
    page = await phone.opened(alice, f"/app/events/{code}", version="5.0")
    await page.wait_for_selector("#do-join")
    broken = "<html><body><h1>502 Bad Gateway</h1></body></html>"
    await page.route("**/booking", lambda route: route.fulfill(status=502, body=broken))
    await page.click("#do-join")
    await expect(page.locator("#offline")).to_be_visible()
    await expect(page.locator("#do-join")).to_be_visible()
    assert "Bad Gateway" not in await page.content()


async def test_an_expired_session_is_replaced_unnoticed(phone: Any, alice: Any, instance: Any) -> None:
    code = await instance()
    page = await phone.opened(alice, f"/app/events/{code}", version="5.0")
    await page.wait_for_selector("#do-join")
    await db.execute("UPDATE telegram_users SET session_version = session_version + 1")
    await page.click("#do-join")
    await page.wait_for_selector("#screen[data-outcome=booked]")


async def test_expired_init_data_asks_to_open_the_app_again(phone: Any, alice: Any, instance: Any) -> None:
    signed_at = int((clock.now() - timedelta(days=2)).timestamp())
    page = await phone.opened(alice, launch={"auth_date": str(signed_at)})
    await expect(page.locator("#stale")).to_contain_text("Please open Emerald again")
    await expect(page.locator("#loading")).to_be_hidden()


async def test_opened_while_the_database_is_unavailable_it_offers_retry(
    phone: Any, alice: Any, instance: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not "open it again": the reader did nothing wrong, and Retry leads to the requested screen."""
    from backend.errors import Unavailable
    from webapp.miniapp import authentication

    async def gone(*args: Any) -> None:
        raise Unavailable("connection refused")

    code = await instance()
    with monkeypatch.context() as away:
        away.setattr(authentication, "register_person", gone)
        page = await phone.opened(alice, f"/app/events/{code}", version="5.0")
        banner = page.locator("#offline")
        await expect(banner).to_contain_text("Emerald can’t be reached right now. Nothing is lost")
        await expect(page.locator("#stale")).to_be_hidden()
    await banner.get_by_role("button", name="Retry").click()
    await page.wait_for_selector("#do-join")


async def test_another_person_in_the_same_tab_gets_their_own_session(
    phone: Any, alice: Any, bob: Any
) -> None:
    page = await phone.opened(alice, "/app/me")
    await expect(page.locator("h1")).to_have_text("Alice")
    other = await phone.opened(bob, "/app/me")
    await page.evaluate("address => { location.href = address; location.reload(); }", other.url)
    await expect(page.locator("h1")).to_have_text("Bob")


@pytest.mark.parametrize(("path", "link"), [("/app/events/x7k2", "?startapp=e_x7k2"), ("/app/", "app")])
async def test_outside_telegram_a_link_opens_telegram(phone: Any, path: str, link: str) -> None:
    page = await phone.context.new_page()
    await page.goto(phone.app + path)
    await expect(page.locator("#outside")).to_contain_text("Open in Telegram to join")
    address = await page.locator("#open-in-telegram").get_attribute("href")
    assert address is not None
    assert address.startswith("https://t.me/emerald_test_bot/app")
    assert address.endswith(link)


async def test_links_to_telegram_do_not_navigate_the_frame(phone: Any, alice: Any, instance: Any) -> None:
    """The official script would navigate the frame itself."""
    code = await instance(map_url="https://maps.example/kallio")
    page, app = await phone.framed(alice, f"/app/events/{code}")
    await app.locator("a", has_text="Share this event").click()
    await wait_for_client(page, "() => last('web_app_open_tg_link')")
    assert (await last_client_event(page, "web_app_open_tg_link"))["path_full"].startswith("/share/url?url=")
    await app.locator("a", has_text="Map").click()
    await wait_for_client(page, "() => last('web_app_open_link')")
    assert (await last_client_event(page, "web_app_open_link"))["url"] == "https://maps.example/kallio"
    assert await app.locator("#screen").count() == 1


async def test_the_app_asks_for_write_access_after_a_booking(phone: Any, charlie: Any, instance: Any) -> None:
    """`M3`"""
    from backend.people.queries import person

    code = await instance(visibility="link")
    await seats.book(code, charlie, via=Via.CARD)
    page, app = await phone.framed(charlie, f"/app/events/{code}")
    await app.locator("[data-write]").click()
    await wait_for_client(page, "() => last('web_app_request_write_access') !== undefined")
    await page.evaluate("emit('write_access_requested', {status: 'allowed'})")
    await expect(app.locator("[data-write]")).to_have_count(0)
    known = await person(charlie.id)
    assert known is not None
    assert known.reachable


async def test_several_options_are_one_vote(phone: Any, alice: Any, olga: Any, account: Any) -> None:
    from backend.polls.actions import create_poll
    from backend.polls.drafts import OptionDraft, PollDraft

    code = await create_poll(
        olga,
        account.id,
        PollDraft(
            question="Who brings what?",
            options=(OptionDraft("Soup"), OptionDraft("Pie"), OptionDraft("Tea")),
            kind="several",
            choices_max=2,
            anonymous=False,
            results="live",
            closes_at=None,
        ),
    )
    page, app = await phone.framed(alice, f"/app/polls/{code}")
    assert await last_client_event(page, "web_app_setup_main_button") is None
    await app.locator(".opt", has_text="Soup").click()
    await app.locator(".opt", has_text="Tea").click()
    await wait_for_client(page, "() => last('web_app_setup_main_button').text === 'Vote for 2'")
    assert await app.locator("input[value]:disabled").count() == 1
    closing = await last_client_event(page, "web_app_setup_closing_behavior")
    assert closing["need_confirmation"] is True
    await page.evaluate("emit('main_button_pressed')")
    await app.wait_for_selector("#screen[data-outcome=voted]")
    await expect(app.locator(".status strong")).to_have_text("Your vote: Soup, Tea")
    await wait_for_client(page, "() => !last('web_app_setup_closing_behavior').need_confirmation")


async def test_the_main_button_is_shown_while_the_vote_is_changed(
    phone: Any, alice: Any, olga: Any, account: Any
) -> None:
    """It disappears once the vote is sent, until another option is chosen."""
    from backend.polls.actions import create_poll
    from backend.polls.drafts import OptionDraft, PollDraft

    options = tuple(OptionDraft(text) for text in ("Soup", "Pie", "Cake"))
    draft = PollDraft(question="Food?", options=options, kind="several", choices_max=2)
    code = await create_poll(olga, account.id, draft)
    page, app = await phone.framed(alice, f"/app/polls/{code}")
    button = "() => { const b = last('web_app_setup_main_button'); return b?.is_visible ? b.text : ''; }"
    assert not await page.evaluate(button)
    await app.locator(".opt", has_text="Soup").click()
    await wait_for_client(page, f"text => ({button})() === text", "Vote for 1")
    await page.evaluate("emit('main_button_pressed')")
    await expect(app.locator(".status")).to_contain_text("Your vote: Soup")
    await wait_for_client(page, f"text => ({button})() === text", "")
    await app.locator(".opt", has_text="Cake").click()
    await wait_for_client(page, f"text => ({button})() === text", "Change my vote")
    await app.locator(".opt", has_text="Cake").click()
    await wait_for_client(page, f"text => ({button})() === text", "")
    await app.locator(".opt", has_text="Soup").click()
    await wait_for_client(page, f"text => ({button})() === text", "Take my vote back")


async def test_on_wide_screens_the_table_of_dates_is_the_form(
    phone: Any, alice: Any, bob: Any, olga: Any, account: Any, noon: datetime
) -> None:
    """From 640 px on the table takes the answers, by keyboard too; they are kept when the screen gets
    narrow."""
    from backend.polls.actions import create_poll, vote
    from backend.polls.drafts import OptionDraft, PollDraft
    from backend.polls.queries import poll
    from backend.polls.rules import Answer

    evenings = tuple(OptionDraft("", None, noon + timedelta(days=n)) for n in (1, 2))
    code = await create_poll(olga, account.id, PollDraft(question="When?", kind="dates", options=evenings))
    first, second = [option.id for option in (await poll(code, alice)).options]
    await vote(code, bob, {first: Answer.YES}, via=Via.CARD)
    page = await phone.opened(alice, f"/app/polls/{code}", version="5.0")
    await page.set_viewport_size({"width": 1280, "height": 800})
    await expect(page.locator("#days")).to_be_hidden()
    await expect(page.locator("#do-vote")).to_be_hidden()
    days = page.locator("#table").get_by_role("radiogroup")
    await days.nth(0).get_by_role("radio").nth(0).focus()
    await page.keyboard.press("Space")
    await page.keyboard.press("ArrowDown")
    await days.nth(1).locator("label").nth(2).click()
    await page.set_viewport_size({"width": 390, "height": 844})
    await expect(page.locator(f"#days [name=answer-{first}][value=if-need-be]")).to_be_checked()
    await page.locator(f"#days label:has([name=answer-{second}][value=yes])").click()
    await page.locator("#do-vote").click()
    await page.wait_for_selector("#screen[data-outcome=voted]")
    await expect(page.locator("#do-vote")).to_be_hidden()
    answers = [option.answer for option in (await poll(code, alice)).options]
    assert answers == [Answer.IF_NEED_BE, Answer.YES]


async def test_a_chosen_language_applies_at_once(phone: Any, alice: Any) -> None:
    page = await phone.opened(alice, "/app/me")
    await page.wait_for_selector("#language")
    tongues = await page.locator("#language option").evaluate_all("all => all.map(o => o.value)")
    await page.select_option("#language", tongues[-1])
    await page.wait_for_selector("#screen[data-outcome=saved]")
    await expect(page.locator("#language")).to_have_value(tongues[-1])


async def an_offer(instance: Any, alice: Any, bob: Any, noon: datetime) -> str:
    """The code of an instance today whose only seat is offered to Alice until 14:30 in Helsinki."""
    start = (noon + timedelta(hours=8)).replace(tzinfo=None)
    code = str(await instance(capacity=1, starts_local=start))
    await seats.book(code, bob, via=Via.CARD)
    await seats.book(code, alice, via=Via.CARD)
    await seats.leave(code, bob, via=Via.CARD)
    return code


async def test_the_main_button_accepts_an_offer(
    phone: Any, alice: Any, bob: Any, instance: Any, noon: datetime
) -> None:
    """`W3`"""
    code = await an_offer(instance, alice, bob, noon)
    page, app = await phone.framed(alice, f"/app/events/{code}")
    assert (await last_client_event(page, "web_app_setup_main_button"))["text"] == "Take the seat"
    assert (await last_client_event(page, "web_app_setup_secondary_button"))["text"] == "Pass on"
    await page.evaluate("emit('main_button_pressed')")
    await app.wait_for_selector("#screen[data-outcome=booked]")
    assert (await event(code, alice)).mine.seats == 1  # type: ignore[union-attr]


async def test_an_offer_counts_down_by_the_servers_clock(
    phone: Any, alice: Any, bob: Any, instance: Any, noon: datetime
) -> None:
    """`W3`: whatever the phone's own clock says. At the end the screen asks the server and shows its
    answer."""
    code = await an_offer(instance, alice, bob, noon)
    clock.advance(timedelta(minutes=25, seconds=30))
    page = await phone.opened(alice, f"/app/events/{code}", version="5.0")
    digits = page.locator(".clock b")
    await expect(digits).to_have_text(re.compile(r"^4:(30|2\d)$"))
    await expect(digits).to_have_text(re.compile(r"^4:2\d$"))
    await expect(page.locator(".clock")).to_have_class(re.compile("soon"))
    clock.advance(timedelta(minutes=5))
    await expect(page.locator(".status strong")).to_have_text("The time is up")
    await expect(page.locator("#do-leave")).to_have_text("Leave the line")


async def test_an_expired_countdown_checks_for_changes_at_once(
    phone: Any, alice: Any, bob: Any, instance: Any, noon: datetime
) -> None:
    code = await an_offer(instance, alice, bob, noon)
    page = await phone.opened(alice, f"/app/events/{code}", version="5.0")
    await page.wait_for_selector(".clock")
    await freeze_clock(page)
    async with page.expect_response(lambda answer: "seen=" in answer.url):
        await page.clock.run_for(2600)
    await expect(page.locator("#live")).not_to_have_class(re.compile("htmx-request"))  # it may check again
    await page.evaluate(
        "() => { const clock = document.querySelector('.clock'); clock.dataset.until = clock.dataset.now; }"
    )
    async with page.expect_request(lambda asked: "seen=" in asked.url):
        await page.clock.run_for(1100)  # the next check would be a second later


async def test_a_moved_instance_is_answered_on_the_list(
    phone: Any, alice: Any, olga: Any, instance: Any, noon: datetime
) -> None:
    """`S6`: questions are on top of the list, and answering one keeps the list."""
    from backend.events.reschedule import move_instance

    code = await instance()
    await seats.book(code, alice, via=Via.CARD)
    await move_instance(code, olga, (noon + timedelta(days=4)).replace(tzinfo=None))
    page = await phone.opened(alice, "/app/events", version="5.0")
    await expect(page.locator(".tabs em")).to_contain_text("1")
    await page.get_by_role("button", name="Still coming").click()
    await expect(page.locator(".status strong")).to_contain_text("your seat stays yours")
    await expect(page.locator(".tabs em")).to_have_count(0)
    assert page.url.partition("#")[0].endswith("/app/events")


async def test_telegram_downloads_a_calendar_file_where_it_can(phone: Any, alice: Any, instance: Any) -> None:
    code = await instance()
    page, app = await phone.framed(alice, f"/app/events/{code}")
    await app.locator("a", has_text="Add to my calendar").click()
    await wait_for_client(page, "() => last('web_app_request_file_download')")
    asked = await last_client_event(page, "web_app_request_file_download")
    assert asked["file_name"] == f"{code}.ics"
    assert "/calendar/dates/" in asked["url"]
    _, app = await phone.framed(alice, f"/app/events/{code}", version="7.0")
    await app.locator("#in-chat").wait_for()
    assert await app.locator("a", has_text="Add to my calendar").is_hidden(), "the bot sends it"


async def test_the_check_in_code_is_black_on_white_in_dark_themes(
    phone: Any, alice: Any, instance: Any
) -> None:
    """`B12`"""
    code = await instance()
    await seats.book(code, alice, via=Via.CARD)
    page = await phone.opened(alice, f"/app/events/{code}", version="5.0", theme=DARK)
    await page.click("#do-code")
    await page.wait_for_selector(".qr svg")
    ground = await page.evaluate("getComputedStyle(document.querySelector('.qr')).backgroundColor")
    assert ground == "rgb(255, 255, 255)"
    box = await page.locator(".qr svg").bounding_box()
    assert box is not None
    assert box["width"] >= 300
    await page.go_back()
    await page.wait_for_selector("#do-code")


async def test_searching_keeps_the_focus_in_the_field(phone: Any, alice: Any, instance: Any) -> None:
    await instance(title="Evening flow yoga")
    await instance(title="Padel")
    page = await phone.opened(alice, "/app/events", version="5.0")
    await page.get_by_label("Search").click()
    field = page.locator("#sought")
    await field.press_sequentially("pad", delay=30)
    await expect(page.locator("a.row")).to_have_count(1)
    await field.press_sequentially("el", delay=30)
    await expect(page).to_have_url(re.compile(r"q=padel"))
    await expect(field).to_be_focused()
    await expect(field).to_have_value("padel")


async def test_a_swipe_shows_the_next_month_and_a_tap_opens_a_day(
    phone: Any, alice: Any, instance: Any, noon: datetime
) -> None:
    code = await instance()
    page = await phone.opened(alice, "/app/events", version="5.0")
    await page.get_by_label("Month view").click()
    await expect(page.locator("h1")).to_have_text("November 2026")
    await page.get_by_label("Next month").click()
    await expect(page.locator("h1")).to_have_text("December 2026")
    await page.go_back()
    await page.locator(".month a", has_text="26").click()
    await page.locator(f'a.row[href$="{code}"]').click()
    await page.wait_for_selector("#join")
