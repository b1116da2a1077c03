"""A session ends while somebody types: the page stays, and goes on after a sign-in in another window."""

from playwright.sync_api import expect

from e2e.conftest import Open
from e2e.lab import shot
from e2e.running import Stack


def test_the_form_is_there_after_signing_in_again(stack: Stack, window: Open) -> None:
    dashboard = window()
    dashboard.goto(f"{stack.app}/dashboard/series/new")
    dashboard.get_by_role("link", name="Log in with Telegram").click()
    dashboard.get_by_role("button", name="Olga").click()
    dashboard.get_by_label("Title").fill("Typed for an hour")
    dashboard.get_by_label("First date").fill("2027-02-01")
    dashboard.get_by_label("Time", exact=True).fill("07:30")
    dashboard.context.clear_cookies()
    dashboard.get_by_role("button", name="Make it").click()
    notice = dashboard.locator("#notice")
    expect(notice).to_contain_text("all you typed is still here")
    shot(dashboard, "5-the-session-ended")
    with dashboard.context.expect_page() as opened:
        notice.get_by_role("link", name="Sign in").click()
    other = opened.value
    other.get_by_role("link", name="Log in with Telegram").click()
    other.get_by_role("button", name="Olga").click()
    expect(other.get_by_role("heading", level=1)).to_have_text("You’re signed in again")
    shot(other, "5-close-this-window")
    other.close()
    expect(notice).to_contain_text("signed in again as Olga", timeout=15_000)
    expect(dashboard.get_by_label("Title")).to_have_value("Typed for an hour")
    shot(dashboard, "5-signed-in-again")
    dashboard.get_by_role("button", name="Make it").click()
    expect(dashboard.get_by_role("heading", level=1)).to_have_text("Typed for an hour")
