"""An owner asks to close the club, reads what it means, and keeps it after all."""

from playwright.sync_api import expect

from e2e.conftest import Open
from e2e.lab import shot
from e2e.running import Stack


def test_olga_closes_the_club_and_keeps_it(stack: Stack, window: Open) -> None:
    dashboard = window()
    dashboard.goto(f"{stack.app}/dashboard/settings")
    dashboard.get_by_role("link", name="Log in with Telegram").click()
    dashboard.get_by_role("button", name="Olga").click()
    shot(dashboard, "5-settings")
    dashboard.get_by_role("link", name="Close the club…").click()
    shot(dashboard, "5-closing-a-club")
    with dashboard.expect_download() as taken:
        dashboard.get_by_role("link", name="Export the club").click()
    assert taken.value.suggested_filename == "emerald-club.json"
    dashboard.get_by_label("Name of the club").fill("Kallio")
    dashboard.get_by_role("button", name="Close it in seven days").click()
    expect(dashboard.locator(".err")).to_contain_text("exactly")
    dashboard.get_by_label("Name of the club").fill("Kallio Yoga")
    dashboard.get_by_role("button", name="Close it in seven days").click()
    banner = dashboard.get_by_label("This club is being closed")
    expect(banner).to_contain_text("This club closes on")
    shot(dashboard, "5-the-club-is-being-closed")
    phone = window(size=(390, 844), dark=True)
    phone.context.add_cookies(dashboard.context.cookies())  # type: ignore[arg-type]
    phone.goto(f"{stack.app}/dashboard/settings")
    shot(phone, "5-the-club-is-being-closed-on-a-phone")
    banner.get_by_role("button", name="Keep the club").click()
    expect(dashboard.locator("#notice")).to_contain_text("The club stays")
    expect(banner).to_have_count(0)
    phone.goto(f"{stack.app}/dashboard/settings/closing")
    shot(phone, "5-closing-a-club-on-a-phone")
