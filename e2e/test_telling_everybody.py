"""Olga checks people in at the door by keyboard, announces something and stops it, and tries a message again."""

from playwright.sync_api import Page, expect

from e2e.conftest import Open, OpenLab
from e2e.lab import shot
from e2e.running import Stack
from sandbox.client import SandboxPerson


def test_olga_runs_the_door_and_tells_everybody(stack: Stack, window: Open, lab: OpenLab) -> None:
    olga, alice, group = stack.person("Olga"), stack.person("Alice"), stack.group("Night swimmers")
    code = stack.event(group, "Night swimming", emoji="🌊", capacity=5)
    alice.tap(group.wait(text="Night swimming", button="Join"), "Join")
    dashboard = window()
    sign_in(stack, dashboard, olga, lab)

    dashboard.goto(f"{stack.app}/dashboard/events/{code}/check-ins")
    # HTMX starts after the page has loaded; before it does, Enter sends the form as without scripts.
    dashboard.locator("#find[data-htmx-powered]").wait_for()
    dashboard.keyboard.press("/")
    dashboard.keyboard.type("ali")
    dashboard.keyboard.press("Enter")
    expect(dashboard.locator("#here-head")).to_have_text("1 of 1 is here")
    shot(dashboard, "7-at-the-door-by-keyboard")

    dashboard.get_by_role("link", name="Announcements").click()
    dashboard.get_by_role("link", name="New announcement").click()
    dashboard.get_by_label("Text").fill("The water is 4 degrees")
    expect(dashboard.locator("#preview-text")).to_have_text("The water is 4 degrees")
    dashboard.get_by_label("Night swimmers", exact=True).check()
    dashboard.get_by_role("button", name="Continue").click()
    expect(dashboard.locator("main")).to_contain_text("Draft")
    shot(dashboard, "7-an-announcement-before-it-goes-out")
    dashboard.get_by_label("Later").fill("2099-01-01T10:00")
    dashboard.get_by_role("button", name="Send").click()
    expect(dashboard.locator("#fault-at")).to_be_visible()
    dashboard.get_by_label("Later").fill("")
    dashboard.get_by_label("At night too").check()
    dashboard.get_by_role("button", name="Send").click()
    group.wait(text="The water is 4 degrees")
    expect(dashboard.locator("main")).to_contain_text("1 of 1", timeout=20_000)

    dashboard.get_by_role("link", name="Messages").click()
    expect(dashboard.get_by_role("heading", level=1)).to_have_text("Messages")


def sign_in(stack: Stack, dashboard: Page, olga: SandboxPerson, lab: OpenLab) -> None:
    """Through the bot, by the number that the browser shows."""
    dashboard.goto(f"{stack.app}/dashboard")
    link = dashboard.get_by_role("link", name="Open in Telegram").get_attribute("href")
    assert link
    chat = lab().be(olga.id)
    olga.start(link.partition("start=")[2])
    chat.press(chat.message("Is it you who signs in"), dashboard.locator("#number").inner_text())
    expect(dashboard.get_by_role("link", name="New event").first).to_be_visible()
