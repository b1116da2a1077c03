"""Alice shares an event and a poll from the Mini App with another group, where Olga opens them by their
button."""

from playwright.sync_api import expect

from e2e.conftest import OpenLab
from e2e.lab import Lab
from e2e.running import Stack


def share(here: Lab, words: str, chat: str) -> None:
    """Tap Share, and choose a chat in Telegram's own dialogue."""
    here.app.get_by_role("link", name=words).click()
    dialog = here.page.get_by_role("dialog")
    expect(dialog).to_contain_text("Share with")
    dialog.get_by_role("button", name=chat).click()
    expect(dialog).to_be_hidden()


def test_olga_opens_what_alice_shared(stack: Stack, lab: OpenLab) -> None:
    alice, olga, yoga = (
        stack.person("Alice"),
        stack.person("Olga"),
        stack.telegram.chat("Kallio Yoga"),
    )
    group = stack.group("Walkers")
    olga.start()  # so the app need not ask whether the bot may write
    stack.event(group, "Forest walk", emoji="🌲", capacity=8, place="Nuuksio, Haukkalampi")
    stack.poll(group, "Tea or soup?", ["Tea", "Soup"])
    group.wait(text="Forest walk", button="Join")
    group.wait(text="Tea or soup?", button="Tea")
    here = lab().be(alice.id, group.id)
    here.press(here.message("Forest walk"), "Open in Emerald")
    expect(here.screen).to_contain_text("Nuuksio")
    share(here, "Share this event", "Kallio Yoga")
    yoga.wait(text="Forest walk", button="Open in Emerald")
    here.press(here.message("Tea or soup?"), "Open in Emerald")
    expect(here.screen).to_contain_text("Share this poll")
    share(here, "Share this poll", "Kallio Yoga")
    yoga.wait(text="Tea or soup?", button="Open in Emerald")

    here.be(olga.id, yoga.id)
    # It is for the walkers' group, and this is another chat.
    expect(here.message("Forest walk")).not_to_contain_text("Nuuksio")
    expect(here.message("Forest walk").locator(".keys button")).to_have_count(1)
    expect(here.message("Tea or soup?")).to_contain_text("· Soup")
    here.shot("9-what-alice-shared")
    here.press(here.message("Forest walk"), "Open in Emerald")
    expect(here.screen).to_contain_text("8 seats free")
    here.main.click()
    expect(here.screen).to_contain_text("You’re in")
    group.wait(text="7 free · 1 of 8")


def test_nothing_is_sent_when_alice_closes_the_dialogue(stack: Stack, lab: OpenLab) -> None:
    alice, group = stack.person("Alice"), stack.group("Ponderers")
    stack.event(group, "Slow reading", emoji="📖", capacity=8)
    group.wait(text="Slow reading", button="Join")
    here = lab().be(alice.id, group.id)
    here.press(here.message("Slow reading"), "Open in Emerald")
    expect(here.main).to_have_text("Join")
    here.app.get_by_role("link", name="Share this event").click()
    dialog = here.page.get_by_role("dialog")
    dialog.get_by_role("button", name="Cancel").click()
    expect(here.main).to_have_text("Join")
    expect(here.page.locator(".msg", has_text="via")).to_have_count(0)
