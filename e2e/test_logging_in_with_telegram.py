"""Log In With Telegram: to Telegram's own page and back to the page that was wanted."""

from playwright.sync_api import expect

from e2e.conftest import Open
from e2e.lab import shot
from e2e.running import Stack


def test_olga_logs_in_and_lands_where_she_wanted_to_go(stack: Stack, window: Open) -> None:
    dashboard = window()
    dashboard.goto(f"{stack.app}/dashboard/members?q=ali")
    shot(dashboard, "5-two-ways-to-sign-in")
    dashboard.get_by_role("link", name="Log in with Telegram").click()
    expect(dashboard.get_by_role("heading", level=1)).to_contain_text("Log in to")
    shot(dashboard, "5-telegrams-page")
    dashboard.get_by_role("button", name="Olga").click()
    expect(dashboard.get_by_role("heading", level=1)).to_have_text("Members")
    expect(dashboard.get_by_role("searchbox")).to_have_value("ali")
    back = dashboard.evaluate("performance.getEntriesByType('navigation')[0].name")
    assert "code=" not in back, "the code is not in the history"
    dashboard.get_by_role("button", name="Sign out").click()
    expect(dashboard.get_by_role("heading", level=1)).to_have_text("Sign in with Telegram")


def test_a_no_at_telegram_leaves_both_ways_open(stack: Stack, window: Open) -> None:
    phone = window(size=(390, 844), dark=True)
    phone.goto(f"{stack.app}/dashboard")
    phone.get_by_role("link", name="Log in with Telegram").click()
    phone.get_by_role("button", name="Cancel").click()
    expect(phone.get_by_role("heading", level=1)).to_have_text(
        "You declined in Telegram, so nobody was signed in."
    )
    shot(phone, "5-declined-at-telegram")
    phone.get_by_role("link", name="Sign in through the bot").click()
    expect(phone.get_by_role("link", name="Open in Telegram")).to_be_visible()
