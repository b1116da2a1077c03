"""A sign-in is declined in Telegram: nobody is signed in, and the next try works."""

from playwright.sync_api import expect

from e2e.conftest import Open
from e2e.lab import shot
from e2e.running import Stack


def test_a_declined_sign_in_can_be_repeated(stack: Stack, window: Open) -> None:
    olga = stack.person("Olga")
    dashboard = window()
    dashboard.goto(f"{stack.app}/dashboard")
    link = dashboard.get_by_role("link", name="Open in Telegram")
    first = link.get_attribute("href")
    assert first
    olga.start(first.partition("start=")[2])
    asked = olga.private.wait(sender="bot", button="It wasn’t me")
    olga.tap(asked, "It wasn’t me")
    expect(dashboard.get_by_text("Declined in Telegram")).to_be_visible()
    expect(link).to_have_count(0)
    shot(dashboard, "4-a-no-in-telegram")
    dashboard.get_by_role("link", name="Ask again").click()
    expect(link).to_be_visible()
    assert link.get_attribute("href") != first
