"""In a dark theme, in a frame of another site whose cookies and storage are blocked, and after a full
reload."""

from playwright.sync_api import expect

from e2e.conftest import PHONE, OpenLab
from e2e.lab import shot
from e2e.running import Stack

STORES = (
    """() => { try { sessionStorage.setItem('a', '1'); return 'stored'; } catch (e) { return e.name; } }"""
)


def test_alice_books_without_storage(stack: Stack, lab: OpenLab) -> None:
    alice, group = stack.person("Alice"), stack.group("Night owls")
    alice.start()  # so the app need not ask whether the bot may write
    code = stack.event(
        group,
        "Candlelight yin",
        emoji="🕯",
        capacity=5,
        guests_max=2,
        place="Sali 1",
        description="Slow and warm. Blankets are there.",
    )
    card = group.wait(text="Candlelight yin", button="Join")
    here = lab(size=PHONE, dark=True, cross_site=True).be(alice.id, group.id)
    here.shot("6-the-group-in-the-dark")
    here.press(here.message("Candlelight yin"), "Open in Emerald")
    expect(here.screen.get_by_role("heading", level=1)).to_have_text("Candlelight yin")
    assert here.frame.evaluate(STORES) == "SecurityError"
    assert here.frame.evaluate("document.documentElement.dataset.scheme") == "dark"
    here.main.click()
    expect(here.screen).to_contain_text("You’re in")
    expect(here.second).to_have_text("Leave")
    here.shot("6-alice-is-in-in-the-dark")
    group.wait(message_id=card["id"], text="4 free · 1 of 5")

    here.reload()
    expect(here.second).to_have_text("Leave")
    expect(here.screen.get_by_role("heading", level=1)).to_have_text("Candlelight yin")
    expect(here.screen).to_contain_text("You’re in")
    here.back.click()
    expect(here.screen.locator(f"a.row[href$='{code}']")).to_contain_text("You’re in")
    here.shot("6-all-that-comes-in-the-dark")
    here.screen.get_by_role("link", name="Mine").click()
    expect(here.screen).to_contain_text("Candlelight yin")
    here.screen.get_by_role("link", name="Polls", exact=True).click()
    expect(here.screen).to_contain_text("Christmas party")
    here.shot("6-polls-in-the-dark")
    here.screen.get_by_role("link", name="Me", exact=True).click()
    expect(here.screen).to_contain_text("As Telegram knows you")
    here.shot("6-me-in-the-dark")
    here.screen.get_by_role("link", name="Mine").click()
    here.screen.get_by_role("link", name="Candlelight yin").click()
    here.second.click()
    expect(here.main).to_have_text("Join")
    here.shot("6-alice-left-in-the-dark")
    group.wait(message_id=card["id"], text="5 free · 0 of 5")


def test_the_dashboard_in_a_dark_theme(stack: Stack, lab: OpenLab) -> None:
    olga = stack.person("Olga")
    here = lab(dark=True).be(olga.id)
    dashboard = here.page.context.new_page()
    dashboard.goto(f"{stack.app}/dashboard")
    link = dashboard.get_by_role("link", name="Open in Telegram").get_attribute("href")
    assert link
    olga.start(link.partition("start=")[2])
    here.press(here.message("Is it you who signs in"), dashboard.locator("#number").inner_text())
    expect(dashboard.get_by_role("link", name="New event")).to_be_visible()
    dashboard.get_by_role("link", name="List", exact=True).click()
    expect(dashboard.get_by_role("link", name="Padel Americano").first).to_be_visible()
    shot(dashboard, "6-the-dashboard-in-the-dark")
    dashboard.get_by_role("link", name="Polls").click()
    expect(dashboard.get_by_role("link", name="Christmas party")).to_be_visible()
