"""Live screens in a real browser: they follow changes, are silent in the background, and lose nothing without
a connection.

The browser's clock is driven where durations matter.
"""

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from playwright.async_api import Page, Request, expect

from backend.bookings import actions as seats
from backend.bookings.queries.event import event
from backend.polls import actions as polls
from backend.polls.drafts import OptionDraft, PollDraft
from backend.polls.queries import poll
from backend.seats.requests import Via
from tests.webapp.browsing import (
    Phone,
    freeze_clock,
    last_client_event,
    serve,
    wait_for_client,
    wait_until_idle,
)

SOON = 2600  # milliseconds: the longest interval from a response to the next check
HIDE = (
    "() => { Object.defineProperty(document, 'hidden', { value: true, configurable: true }); "
    "document.dispatchEvent(new Event('visibilitychange')); }"
)
SHOW = "() => { delete document.hidden; document.dispatchEvent(new Event('visibilitychange')); }"


def counted(page: Page, what: str) -> list[Request]:
    """The requests from now on whose URL or method contains this."""
    found: list[Request] = []
    page.on("request", lambda r: found.append(r) if what in f"{r.method} {r.url}" else None)
    return found


async def opened(phone: Any, person: Any, path: str, ready: str) -> Page:
    """A screen whose clock stands still once it is loaded."""
    page: Page = await phone.opened(person, path, version="5.0")
    await page.wait_for_selector(ready)
    return page


@pytest.mark.parametrize(
    ("path", "before", "after"),
    [
        ("/app/events/{code}", "3 seats free", "2 seats free"),
        ("/app/events", "3 free", "2 free"),
        ("/app/month", "3 free", "2 free"),
        ("/app/bookings", "Evening flow yoga", "Morning yoga"),
    ],
)
async def test_changes_are_on_the_screen_within_three_seconds(
    phone: Any,
    alice: Any,
    bob: Any,
    olga: Any,
    instance: Any,
    noon: Any,
    path: str,
    before: str,
    after: str,
) -> None:
    from backend.events.edit import InstanceChanges, edit_instance

    code = await instance(capacity=3)
    if path.endswith("bookings"):
        await seats.book(code, alice, via=Via.CARD)
    page = await opened(phone, alice, path.format(code=code), f"text={before}")
    await freeze_clock(page)
    await seats.book(code, bob, via=Via.CARD)
    await edit_instance(code, olga, InstanceChanges(title="Morning yoga"))
    await page.clock.run_for(SOON)
    await expect(page.get_by_text(after).first).to_be_visible()


async def test_votes_are_on_the_screen_within_three_seconds(
    phone: Any, alice: Any, bob: Any, ask: Any
) -> None:
    """`P3`"""
    code = await ask()
    page = await opened(phone, alice, f"/app/polls/{code}", "text=0 of 4 have voted")
    await freeze_clock(page)
    await polls.tap_option(code, bob, (await poll(code, bob)).options[0].id, via=Via.CARD)
    await page.clock.run_for(SOON)
    await expect(page.get_by_text("1 of 4 have voted").first).to_be_visible()


@pytest.fixture
def ask(olga: Any, account: Any) -> Any:
    async def make(**fields: Any) -> str:
        draft = {
            "question": "Who brings what?",
            "options": (OptionDraft("Soup"), OptionDraft("Pie"), OptionDraft("Tea")),
            "kind": "single",
            "choices_max": 1,
            "anonymous": False,
            "results": "live",
            "closes_at": None,
        }
        return await polls.create_poll(olga, account.id, PollDraft(**{**draft, **fields}))

    return make


async def test_a_hidden_page_asks_nothing_and_once_when_it_is_shown(
    phone: Any, alice: Any, instance: Any
) -> None:
    code = await instance()
    page = await opened(phone, alice, f"/app/events/{code}", "#do-join")
    await freeze_clock(page)
    asked = counted(page, "seen=")
    await page.clock.run_for(2000)
    assert len(asked) <= 1  # the interval varies, and is never shorter than this
    await page.evaluate(HIDE)
    asked.clear()
    await page.clock.run_for(120_000)
    assert asked == []
    async with page.expect_request(lambda request: "seen=" in request.url):
        await page.evaluate(SHOW)
    assert len(asked) == 1


async def test_no_check_runs_while_a_tap_is_under_way(phone: Any, alice: Any, instance: Any) -> None:
    """A second tap is dropped too, and the button shows at once that it was pressed."""
    code = await instance()
    page = await opened(phone, alice, f"/app/events/{code}", "#do-join")
    may_go_on = asyncio.Event()

    async def slowly(route: Any) -> None:
        await may_go_on.wait()
        await route.continue_()

    await page.route("**/booking", slowly)
    await freeze_clock(page)
    asked, taps = counted(page, "seen="), counted(page, "/booking")
    felt = (
        "() => { const join = document.querySelector('#do-join'); join.click(); return new "
        "Promise(done => requestAnimationFrame(() => done(document.querySelector('.htmx-request, "
        "[aria-busy]') !== null))); }"
    )
    async with page.expect_request("**/booking"):
        pressed = asyncio.create_task(page.evaluate(felt))
        await page.clock.run_for(50)
        assert await pressed
    await page.evaluate("document.querySelector('#do-join').click()")
    asked.clear()
    await page.clock.run_for(10_000)
    assert (len(asked), len(taps)) == (0, 1)
    may_go_on.set()
    await page.wait_for_selector("#standing[data-outcome=booked], #screen[data-outcome=booked]")
    await page.clock.run_for(SOON)
    assert len(taps) == 1


async def test_the_main_button_shows_progress(phone: Any, alice: Any, instance: Any) -> None:
    code = await instance()
    page, app = await phone.framed(alice, f"/app/events/{code}")
    may_go_on = asyncio.Event()

    async def slowly(route: Any) -> None:
        await may_go_on.wait()
        await route.continue_()

    await page.route("**/booking", slowly)
    await page.evaluate("emit('main_button_pressed')")
    await wait_for_client(page, "() => last('web_app_setup_main_button').is_progress_visible")
    await page.evaluate("emit('main_button_pressed')")
    may_go_on.set()
    await app.wait_for_selector("#screen[data-outcome=booked]")
    await wait_for_client(page, "() => !last('web_app_setup_main_button').is_progress_visible")
    assert (await last_client_event(page, "web_app_setup_main_button"))["text"] == "Check-in code"


async def test_two_devices_show_the_same_result(phone: Any, alice: Any, bob: Any, instance: Any) -> None:
    """`B3`: the last seat is on both screens, and is one seat; a reader who waits on one device waits on the
    other."""
    code = await instance(capacity=1)
    one = await opened(phone, alice, f"/app/events/{code}", "#do-join")
    other = await opened(phone, bob, f"/app/events/{code}", "#do-join")
    second = await opened(phone, bob, f"/app/events/{code}", "#do-join")
    async with asyncio.TaskGroup() as both:
        both.create_task(one.evaluate("document.querySelector('#do-join').click()"))
        both.create_task(other.evaluate("document.querySelector('#do-join').click()"))
    await expect(one.locator("#do-leave")).to_be_visible()
    await expect(other.locator("#do-leave")).to_be_visible()
    views = [await event(code, person) for person in (alice, bob)]
    assert sorted(view.mine.seats for view in views if view.mine) == [0, 1]
    for page, view in ((one, views[0]), (other, views[1]), (second, views[1])):
        sure = "You’re in" if view.mine and view.mine.seats else "You’re 1st in line"
        await expect(page.locator("#standing strong")).to_have_text(sure)


async def test_back_and_forward_keep_the_place_and_show_the_present_state(
    phone: Any, alice: Any, bob: Any, series: Any
) -> None:
    for _ in range(3):
        await series(rule="FREQ=WEEKLY", capacity=3)
    page = await opened(phone, alice, "/app/events", "a.row >> nth=20")
    await page.evaluate("scrollTo(0, 900)")
    row = page.locator("a.row").nth(14)
    code = str(await row.get_attribute("href")).rpartition("/")[2]
    await row.evaluate("row => row.click()")  # Playwright's own click may scroll
    await page.wait_for_selector("#do-join")
    assert await page.evaluate("scrollY") == 0
    await seats.book(code, bob, via=Via.CARD)
    await page.click("#do-join")
    await page.wait_for_selector("#screen[data-outcome=booked]")
    await page.go_back()
    await expect(page.locator(f'a.row[href$="{code}"]')).to_contain_text("You’re in")
    await page.wait_for_function("() => scrollY === 900")
    await seats.leave(code, alice, via=Via.CARD)
    await page.go_forward()
    await expect(page.locator("#do-join")).to_be_visible()
    await expect(page.locator("#seats h2")).to_have_text("2 seats free")


def hour_in_helsinki() -> str:
    return f"{datetime.now(ZoneInfo('Europe/Helsinki')):%H:%M}"


async def test_the_offline_banner_comes_and_goes_with_the_connection(
    phone: Any, alice: Any, bob: Any, instance: Any
) -> None:
    code, begun = await instance(capacity=3), hour_in_helsinki()
    page = await opened(phone, alice, f"/app/events/{code}", "#do-join")
    banner, join = page.locator("#offline"), page.locator("#do-join")
    bold = await join.evaluate("e => getComputedStyle(e).backgroundColor")
    asked = counted(page, "seen=")
    await phone.context.set_offline(True)
    await expect(banner).to_contain_text("No connection. This is what we knew at")
    known = re.compile(f"{begun}|{hour_in_helsinki()}")
    await expect(banner.locator("time")).to_have_text(known)
    await expect(banner.locator("[data-unsent]")).to_be_hidden()
    assert await join.evaluate("e => getComputedStyle(e).backgroundColor") != bold
    asked.clear()
    await seats.book(code, bob, via=Via.CARD)
    async with page.expect_request(lambda request: "seen=" in request.url):
        await phone.context.set_offline(False)
    await expect(banner).to_be_hidden()
    await expect(page.locator("#seats h2")).to_have_text("2 seats free")
    assert await join.evaluate("e => getComputedStyle(e).backgroundColor") == bold


async def test_an_unsent_answer_is_sent_once(phone: Any, alice: Any, instance: Any) -> None:
    """The connection comes back, but the answer waits for the reader to send it."""
    code = await instance()
    page = await opened(phone, alice, f"/app/events/{code}", "#do-join")
    await page.click('[data-step="1"]')
    await phone.context.set_offline(True)
    await page.click("#do-join")
    banner = page.locator("#offline")
    await expect(banner).to_contain_text("Your answer is not sent yet.")
    async with page.expect_response(lambda answer: "seen=" in answer.url):
        await phone.context.set_offline(False)
    await expect(banner).to_contain_text("Your answer is not sent yet.")
    taps = counted(page, "POST ")
    await page.evaluate(
        "() => { const retry = document.querySelector('[data-retry]'); retry.click(); retry.click(); }"
    )
    await page.wait_for_selector("#screen[data-outcome=booked]")
    await expect(banner).to_be_hidden()
    assert len([tap for tap in taps if tap.url.endswith("/booking")]) == 1
    view = await event(code, alice)
    assert view.mine is not None
    assert view.mine.seats == 2


async def test_an_answer_refused_with_503_stays_unsent(phone: Any, alice: Any, instance: Any) -> None:
    """A 503 of a gateway sent it nowhere: later checks do not hide the banner."""
    code = await instance()
    page = await opened(phone, alice, f"/app/events/{code}", "#do-join")
    await page.route("**/booking", lambda route: route.fulfill(status=503, body="<h1>away</h1>"))
    await page.click("#do-join")
    banner = page.locator("#offline")
    await expect(banner).to_contain_text("Your answer is not sent yet.")
    async with page.expect_response(lambda answer: "seen=" in answer.url):
        pass
    await expect(banner).to_contain_text("Your answer is not sent yet.")
    await page.unroute("**/booking")
    await banner.get_by_role("button", name="Retry").click()
    await page.wait_for_selector("#screen[data-outcome=booked]")
    await expect(banner).to_be_hidden()


@pytest.fixture
async def own_phone(browser: Any, site: Any, world: None) -> AsyncIterator[Any]:
    """A phone whose server can be stopped: `phone, start, stop`."""
    context = await browser.new_context(viewport={"width": 390, "height": 844})
    context.set_default_timeout(15_000)
    running: list[Any] = []
    port = 0

    async def start() -> None:
        nonlocal port
        running.append(serve(site, port))
        port = await running[-1].__aenter__()

    async def stop() -> None:
        await running.pop().__aexit__(None, None, None)

    await start()
    yield Phone(context, f"http://127.0.0.1:{port}", ""), start, stop
    await context.close()
    await wait_until_idle()
    if running:
        await stop()


async def test_checks_back_off_while_the_server_is_unavailable(
    own_phone: Any, alice: Any, bob: Any, instance: Any
) -> None:
    phone, start, stop = own_phone
    code = await instance(capacity=3)
    page = await opened(phone, alice, f"/app/events/{code}", "#do-join")
    await freeze_clock(page)
    banner = page.locator("#offline")
    await stop()
    asked = counted(page, "seen=")
    await page.clock.run_for(SOON)
    await page.wait_for_function("() => performance.now() > 0")
    await expect(banner).to_be_hidden()  # one failure shows nothing
    for _ in range(20):
        await page.clock.run_for(3000)
    await expect(banner).to_contain_text("No connection. This is what we knew at")
    assert 6 <= len(asked) <= 12  # in a minute; 26 without failures
    await seats.book(code, bob, via=Via.CARD)
    await start()
    await page.clock.run_for(11_000)
    await expect(banner).to_be_hidden()
    await expect(page.locator("#seats h2")).to_have_text("2 seats free")
    async with page.expect_request(lambda request: "seen=" in request.url):
        await page.clock.run_for(SOON)


async def test_an_unsent_choice_stays(phone: Any, alice: Any, bob: Any, ask: Any) -> None:
    """`X5`: while others vote, and while the connection comes and goes."""
    code = await ask(kind="several", choices_max=2)
    page = await opened(phone, alice, f"/app/polls/{code}", "#ballot")
    await page.locator(".opt", has_text="Soup").click()
    await page.locator(".opt", has_text="Tea").click()
    chosen = "[...document.querySelectorAll('#ballot input')].map(box => box.checked)"
    assert await page.evaluate(chosen) == [True, False, True]
    await phone.context.set_offline(True)
    await expect(page.locator("#offline")).to_be_visible()
    view = await poll(code, bob)
    await polls.vote(code, bob, [view.options[1].id], via=Via.CARD)
    await phone.context.set_offline(False)
    await expect(page.get_by_text("1 of 4 have voted").first).to_be_visible()
    assert await page.evaluate(chosen) == [True, False, True]
    await expect(page.locator("[data-ballot]")).to_have_text("Vote for 2")


async def test_search_words_and_the_number_of_guests_stay(
    phone: Any, alice: Any, bob: Any, instance: Any
) -> None:
    code = await instance(capacity=6, guests_max=3)
    page = await opened(phone, alice, "/app/events?q=", "#sought")
    await page.locator("#sought").press_sequentially("yog")
    await expect(page.locator("#live")).to_have_attribute("hx-get", re.compile("q=yog"))
    await seats.book(code, bob, via=Via.CARD)
    await expect(page.get_by_text("5 free")).to_be_visible()
    await expect(page.locator("#sought")).to_have_value("yog")
    await expect(page.locator("#sought")).to_be_focused()
    await page.locator("a.row").click()
    await page.click('[data-step="1"]')
    await page.click('[data-step="1"]')
    await seats.leave(code, bob, via=Via.CARD)
    await expect(page.locator("#seats h2")).to_have_text("6 seats free")
    await expect(page.locator("[name=guests]")).to_have_value("2")
    await expect(page.locator("[data-steps] output").first).to_have_text("2")


async def test_reconnecting_keeps_typed_text_on_screens_that_do_not_check(phone: Any, alice: Any) -> None:
    page = await opened(phone, alice, "/app/me", "#language")
    await phone.context.set_offline(True)
    await expect(page.locator("#offline")).to_be_visible()
    await page.evaluate("document.querySelector('#language').value = 'fi'")
    asked = counted(page, "/app/me")
    await phone.context.set_offline(False)
    await expect(page.locator("#offline")).to_be_hidden()
    await expect(page.locator("#language")).to_have_value("fi")
    assert asked == []
