"""Olga plans a season at her desk: she makes a weekly event, changes it from one date on, moves a date, cancels another and
takes it back; each time she reads what it would do before she does it."""

from datetime import timedelta

from playwright.sync_api import Page, expect

from backend import clock
from e2e.conftest import Open
from e2e.lab import shot
from e2e.running import Stack


def test_olga_plans_a_season(stack: Stack, window: Open) -> None:
    group, alice = stack.group("Kettlebell circle"), stack.person("Alice")
    desk = window()
    desk.goto(f"{stack.app}/dashboard/series/new")
    desk.get_by_role("link", name="Log in with Telegram").click()
    desk.get_by_role("button", name="Olga").click()
    make(desk, "Kettlebell circle")
    first = desk.url
    group.wait(text="Kettlebells", button="Join")
    alice.tap(group.wait(text="Kettlebells", button="Join"), "Join")

    desk.get_by_role("link", name="Series", exact=True).first.click()
    expect(desk.get_by_role("heading", level=1)).to_have_text("Series")
    desk.get_by_role("link", name="Kettlebells").click()
    expect(desk.get_by_label("Title")).to_have_value("Kettlebells")
    desk.locator(".days .ev").nth(2).click()
    desk.get_by_role("link", name="Edit or move").click()
    desk.get_by_label("This date and all that follow").check()
    desk.get_by_label("Seats", exact=True).fill("6")
    desk.get_by_label("Place", exact=True).fill("The new hall")
    expect(desk.locator("#what-if")).to_contain_text("Nobody notices.", timeout=15_000)
    desk.get_by_label("Time", exact=True).fill("20:15")
    expect(desk.locator("#what-if")).to_contain_text("6 dates start at another time", timeout=15_000)
    shot(desk, "6-those-that-follow")
    desk.get_by_role("button", name="Save").click()
    expect(desk.locator("#notice")).to_contain_text("Saved.", timeout=15_000)
    expect(desk.get_by_label("Place", exact=True)).to_have_value("The new hall")

    desk.goto(first)
    desk.get_by_role("link", name="Edit or move").click()
    desk.get_by_label("Time", exact=True).fill("19:45")
    panel = desk.locator("#what-if")
    expect(panel).to_contain_text("1 date moves", timeout=15_000)
    expect(panel).to_contain_text("Alice")
    shot(desk, "6-a-date-moves")
    desk.set_viewport_size({"width": 390, "height": 844})
    shot(desk, "6-a-date-moves-on-a-phone")
    desk.set_viewport_size({"width": 1280, "height": 860})
    desk.get_by_role("button", name="Save").click()
    expect(desk.locator("#notice")).to_contain_text("The other dates are as they were.")

    desk.get_by_role("link", name="Cancel this date").click()
    expect(panel).to_contain_text("1 date is cancelled")
    expect(panel).to_contain_text("Alice")
    desk.get_by_label("Why? People will read this.").fill("The hall is flooded.")
    shot(desk, "6-before-cancelling")
    desk.get_by_role("button", name="Cancel this date").click()
    expect(desk.locator(".status.no")).to_contain_text("The hall is flooded.")
    desk.locator("#notice").get_by_role("button", name="Undo").click()
    expect(desk.locator("#notice")).to_contain_text("It takes place after all.")

    desk.get_by_role("link", name="Calendar").click()
    desk.get_by_role("link", name="Month").click()
    expect(desk.locator(".ev.line", has_text="Kettlebells").first).to_be_visible()
    shot(desk, "6-the-month")


def make(desk: Page, group: str) -> None:
    """A weekly event, with a card in the group."""
    in_two_days = (clock.now() + timedelta(days=2)).date().isoformat()
    desk.get_by_label("Title").fill("Kettlebells")
    desk.get_by_label("First date").fill(in_two_days)
    desk.get_by_label("Time", exact=True).fill("19:00")
    desk.locator("#repeats").select_option("weekly")
    desk.get_by_label("Seats", exact=True).fill("4")
    desk.get_by_label("Posts its card to").select_option(label=group)
    desk.locator("#preview .dates li").nth(3).wait_for()
    desk.get_by_role("button", name="Make it").click()
    desk.get_by_role("button", name="Post the card").click()
    expect(desk.locator("#notice")).to_contain_text("on its way")
