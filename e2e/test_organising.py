"""Olga signs in to the dashboard, creates a weekly event, posts its card, and sees who comes."""

from datetime import timedelta

from playwright.sync_api import Page, expect

from backend import clock
from e2e.conftest import Open, OpenLab
from e2e.lab import shot
from e2e.running import Stack


def test_olga_runs_a_weekly_event(stack: Stack, window: Open, lab: OpenLab) -> None:
    olga, alice, group = stack.person("Olga"), stack.person("Alice"), stack.group("Cold water club")
    dashboard = window()
    dashboard.goto(f"{stack.app}/dashboard")
    expect(dashboard.get_by_role("heading", level=1)).to_have_text("Sign in with Telegram")
    shot(dashboard, "4-signing-in")
    link = dashboard.get_by_role("link", name="Open in Telegram").get_attribute("href")
    assert link
    chat = lab().be(olga.id)
    payload = link.partition("start=")[2]
    olga.start(payload)
    asked = chat.message("Is it you who signs in")
    expect(asked).to_contain_text("Browser: Chrom")
    chat.shot("4-the-bot-asks-olga")
    chat.press(asked, dashboard.locator("#number").inner_text())

    expect(dashboard.get_by_role("link", name="New event")).to_be_visible()
    shot(dashboard, "4-the-week")
    dashboard.get_by_role("link", name="New event").first.click()
    in_two_days = (clock.now() + timedelta(days=2)).date().isoformat()
    dashboard.get_by_label("Title").fill("Winter swimming")
    dashboard.get_by_label("Emoji").fill("🏊")
    dashboard.get_by_label("First date").fill(in_two_days)
    dashboard.get_by_label("Time", exact=True).fill("07:30")
    dashboard.locator("#repeats").select_option("weekly")
    dashboard.locator("#preview .dates li").nth(3).wait_for()
    dashboard.get_by_label("Place", exact=True).fill("Allas Sea Pool")
    dashboard.get_by_label("Seats", exact=True).fill("0")
    dashboard.get_by_label("Guests per booking").fill("1")
    dashboard.get_by_label("Posts its card to").select_option(label="Cold water club")
    dashboard.get_by_role("button", name="Make it").click()
    expect(dashboard.locator(".err").first).to_be_visible()
    expect(dashboard.get_by_label("Title")).to_have_value("Winter swimming")
    shot(dashboard, "4-a-fault-beside-its-field")
    dashboard.get_by_label("Seats", exact=True).fill("3")
    dashboard.get_by_role("button", name="Make it").click()
    expect(dashboard.get_by_role("heading", level=1)).to_have_text("Winter swimming")
    expect(dashboard.locator("main")).to_contain_text("No one yet.")
    shot(dashboard, "4-made")
    dashboard.get_by_role("button", name="Post the card").click()
    expect(dashboard.locator("#notice")).to_contain_text("on its way")

    card = group.wait(text="Winter swimming", button="Join")
    alice.tap(card, "Join")
    alice.tap(card, "+1")
    row = dashboard.get_by_role("row", name="Alice")
    expect(row).to_contain_text("2 seats", timeout=15_000)
    expect(dashboard.locator("main")).to_contain_text("In “Cold water club”")
    shot(dashboard, "4-who-comes")
    add_herself(dashboard)
    dashboard.set_viewport_size({"width": 390, "height": 844})
    shot(dashboard, "4-who-comes-on-a-phone")


def add_herself(dashboard: Page) -> None:
    """Olga finds herself by a part of her name, and takes a seat."""
    dashboard.get_by_text("Add a person").click()
    dashboard.get_by_label("Find a member").fill("olg")
    expect(dashboard.locator("#to-add")).to_contain_text("Give a seat")
    expect(dashboard.get_by_role("radio")).to_have_count(1)
    shot(dashboard, "4-a-person-to-add")
    dashboard.get_by_role("button", name="Give a seat").click()
    expect(dashboard.locator("#notice")).to_contain_text("Olga")
    expect(dashboard.get_by_role("row", name="Olga")).to_contain_text("1 seat")
