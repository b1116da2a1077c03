"""The reader's own pages in a real browser: what only a browser can show."""

from datetime import datetime
from typing import Any

from playwright.async_api import expect

from backend import db
from backend.accounts.queries import joined_accounts
from backend.bookings.actions import book
from backend.people import feeds
from backend.seats.requests import Via
from tests.webapp.browsing import last_client_event, wait_for_client


async def test_a_calendar_feed_is_created_shown_and_copied(phone: Any, alice: Any) -> None:
    page, app = await phone.framed(alice, "/app/me/calendar")
    await wait_for_client(page, "() => last('web_app_setup_main_button')?.text === 'Make my address'")
    await page.evaluate("emit('main_button_pressed')")
    address = app.locator("#address")
    await expect(address).to_be_visible()
    mine = await feeds.feed(alice)
    assert mine is not None
    assert await address.input_value() == f"https://emerald.example/calendar/{mine.token}.ics"
    copy = app.locator("[data-copy]")
    await copy.click()
    marked = await app.evaluate("getSelection().toString() || document.activeElement.id")
    assert mine.token in marked or marked == "address"
    await app.locator("text=Open in my calendar").click()
    await wait_for_client(page, "() => last('web_app_open_link')")
    opened = await last_client_event(page, "web_app_open_link")
    assert opened["url"] == f"https://emerald.example/calendar/{mine.token}"


async def test_leaving_a_club_asks_first(phone: Any, alice: Any, account: Any, instance: Any) -> None:
    await book(await instance(), alice, via=Via.CARD)
    page, app = await phone.framed(alice, f"/app/clubs/{account.id}")
    await app.locator("#do-leave-club").click()
    await wait_for_client(page, "() => last('web_app_open_popup')")
    popup = await last_client_event(page, "web_app_open_popup")
    assert popup["message"].startswith("Your seat on 1 date will be released.")
    assert popup["buttons"][0] == {"id": "yes", "type": "destructive", "text": "Leave the club"}
    await page.evaluate("emit('popup_closed', { button_id: 'yes' })")
    await app.wait_for_selector("#screen[data-outcome=left]")
    assert await joined_accounts(alice) == []


async def test_after_an_erasure_nothing_registers_the_person_again(
    phone: Any, alice: Any, account: Any
) -> None:
    """`A7`: neither a restored connection nor a shown page."""
    page, app = await phone.framed(alice, "/app/me/erasure")
    await wait_for_client(page, "() => last('web_app_setup_main_button')?.text === 'Erase me'")
    await page.evaluate("emit('main_button_pressed')")
    await wait_for_client(page, "() => last('web_app_open_popup')")
    await page.evaluate("emit('popup_closed', { button_id: 'yes' })")
    await app.wait_for_selector("#screen[data-outcome=erased]")
    await app.evaluate("dispatchEvent(new Event('online'))")
    await app.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    await app.locator("[data-close]").click()
    await wait_for_client(page, "() => last('web_app_close')")
    ask = "SELECT count(*) FROM telegram_users WHERE telegram_id = $1"
    assert await db.value(ask, alice.telegram_id) == 0


async def test_an_old_client_gets_the_file_from_the_bot(
    phone: Any, alice: Any, instance: Any, noon: datetime
) -> None:
    """Telegram downloads files since 8.0; a newer client is offered the file, a plain browser too."""
    code = await instance()
    _, app = await phone.framed(alice, f"/app/events/{code}", version="7.10")
    await expect(app.locator("text=Add to my calendar")).to_be_hidden()
    await app.locator("text=Send it to me in the chat").click()
    await expect(app.locator("#in-chat[role=status]")).to_be_visible()
    assert await db.value("SELECT kind FROM messages WHERE user_id = $1", alice.id) == "calendar"
    page, app = await phone.framed(alice, f"/app/events/{code}")
    await expect(app.locator("#in-chat")).to_be_hidden()
    await app.locator("text=Add to my calendar").click()
    await wait_for_client(page, "() => last('web_app_request_file_download')")
