"""The Mini App by keyboard and screen reader: the focus keeps its place, and results are announced."""

from typing import Any

from playwright.async_api import Page, expect

from backend.bookings import actions as seats
from backend.bookings.queries.event import event
from backend.polls.actions import create_poll
from backend.polls.drafts import OptionDraft, PollDraft
from backend.seats.requests import Via

FOCUSED = "document.activeElement?.innerText.trim() ?? ''"


async def tab_to(page: Page, words: str) -> None:
    """Press Tab until the focused element has this text."""
    for _ in range(60):
        await page.keyboard.press("Tab")
        if words in await page.evaluate(FOCUSED):
            return
    raise AssertionError(f"Tab does not lead to “{words}”")


async def test_a_member_books_and_leaves_by_keyboard(phone: Any, alice: Any, instance: Any) -> None:
    """The result is in a live region, and gets the focus when the pressed button is gone."""
    code = await instance()
    page = await phone.opened(alice, f"/app/events/{code}", version="5.0")
    await page.wait_for_selector("#do-join")
    await tab_to(page, "Join")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("status").filter(has_text="You’re in")).to_be_focused()
    await tab_to(page, "Leave")
    await page.keyboard.press("Enter")
    await expect(page.locator("#do-join")).to_be_visible()
    assert await page.evaluate("document.activeElement !== document.body")
    assert (await event(code, alice)).mine.seats == 0  # type: ignore[union-attr]


async def test_a_refusal_is_an_alert(phone: Any, alice: Any, bob: Any, instance: Any) -> None:
    """Screen readers read it out at once."""
    code = await instance(capacity=3, guests_max=2)
    await seats.book(code, alice, via=Via.CARD)
    page = await phone.opened(alice, f"/app/events/{code}", version="5.0")
    more = page.get_by_label("One guest more")
    await expect(more).to_be_enabled()
    await page.evaluate("document.getElementById('live').setAttribute('hx-trigger', 'never')")
    await seats.book(code, bob, guests=1, via=Via.CARD)
    await more.focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("alert")).to_contain_text("Your own seat is safe.")


async def test_arrow_keys_move_the_focus_and_only_a_press_votes(
    phone: Any, alice: Any, olga: Any, account: Any
) -> None:
    options = tuple(OptionDraft(text) for text in ("Soup", "Pie", "Tea"))
    code = await create_poll(olga, account.id, PollDraft(question="What?", options=options))
    page = await phone.opened(alice, f"/app/polls/{code}", version="5.0")
    await page.wait_for_selector("[role=radio]")
    await page.get_by_role("radio").first.focus()
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("ArrowDown")
    await expect(page.get_by_role("radio", name="Tea")).to_be_focused()
    await page.keyboard.press("ArrowDown")
    await expect(page.get_by_role("radio", name="Soup")).to_be_focused()
    assert await page.get_by_role("radio", checked=True).count() == 0
    await page.keyboard.press("Space")
    await expect(page.get_by_role("status")).to_contain_text("Your vote: Soup")
    await expect(page.get_by_role("radio", name="Soup")).to_be_checked()
