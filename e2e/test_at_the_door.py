"""Olga runs an evening from her phone: she adds a person, checks Alice in by scanning, moves the instance,
and makes another."""

import re
from datetime import timedelta

from playwright.sync_api import expect

from backend import clock
from e2e.conftest import PHONE, OpenLab
from e2e.lab import Lab
from e2e.running import Stack
from sandbox.client import SandboxChat


def test_olga_runs_an_evening_from_her_phone(stack: Stack, lab: OpenLab) -> None:
    olga, alice, group = stack.person("Olga"), stack.person("Alice"), stack.group("Folk dancers")
    code = stack.event(group, "Folk dancing", emoji="💃", capacity=3, guests_max=1)
    card = group.wait(text="Folk dancing", button="Join")
    alice.tap(card, "Join")

    hers = lab(size=PHONE).be(alice.id, group.id)
    hers.press(hers.message("Folk dancing"), "Open in Emerald")
    hers.main.click()
    shown = hers.screen.locator(".qr figcaption")
    expect(shown).to_contain_text(f"emerald:{code}:")
    scanned = shown.inner_text()

    here = lab(size=PHONE).be(olga.id, group.id)
    here.press(here.message("Folk dancing"), "Open in Emerald")
    here.screen.get_by_role("link", name="Organise").click()
    expect(here.screen).to_contain_text("0 of 1 is here")
    here.shot("door-1-organise")

    here.screen.get_by_role("link", name="People", exact=True).click()
    here.main.click()
    here.screen.get_by_label("Name", exact=True).fill("Grandma Kerttu")
    here.screen.get_by_role("button", name="Give a seat", exact=True).click()
    expect(here.screen.locator("#notice")).to_contain_text("Grandma Kerttu has 1 seat.")
    here.shot("door-2-added-by-name")
    group.wait(message_id=card["id"], text="2 of 3")
    here.back.click()
    expect(here.screen.locator("#people")).to_contain_text("without Telegram")
    here.back.click()

    here.screen.get_by_role("link", name="Check people in").click()
    expect(here.main).to_have_text("Scan codes")
    here.main.click()
    scanner = here.phone.get_by_role("alertdialog")
    field = scanner.get_by_label("Text of the code")
    field.fill(scanned)
    field.press("Enter")
    expect(here.screen.locator("#notice")).to_contain_text("is here.")
    expect(here.phone.locator("[data-haptic=success]")).to_have_count(1)
    field.fill("https://example.com")
    field.press("Enter")
    expect(scanner).to_contain_text("This is not a check-in code of Emerald.")
    here.shot("door-3-the-scanner-says-why-not")
    scanner.get_by_role("button", name="Cancel").click()
    here.screen.get_by_role("button", name="Check in Grandma Kerttu").click()
    expect(here.screen).to_contain_text("2 of 2 are here")
    here.shot("door-4-everybody-is-here")
    expect(hers.screen).to_contain_text("You’re checked in", timeout=6000)

    here.back.click()
    move_and_cancel(here, group, card["id"])


def move_and_cancel(here: Lab, group: SandboxChat, message_id: int) -> None:
    """The evening is moved, cancelled, and restored; each time the card in the group shows it."""
    here.screen.get_by_role("link", name="Move to another time").click()
    here.screen.get_by_label("Time", exact=True).fill("19:30")
    expect(here.screen.locator("#what-if")).to_contain_text("still coming?")
    expect(here.screen.locator("#what-if")).to_contain_text(
        re.compile("Tell them yourself: .*Grandma Kerttu")
    )
    here.shot("door-5-before-it-is-moved")
    here.main.click()
    expect(here.screen.locator("#notice")).to_contain_text("Moved to")
    group.wait(message_id=message_id, text="19:30 (was 18:00)")

    here.back.click()
    here.screen.get_by_role("link", name="Cancel this date").click()
    here.screen.get_by_label("Why? People will read this.").fill("The hall is flooded")
    here.main.click()
    expect(here.screen).to_contain_text("Cancelled by Olga")
    group.wait(message_id=message_id, text="The hall is flooded")
    here.screen.get_by_role("button", name="Undo", exact=True).click()
    expect(here.screen.locator("#notice")).to_contain_text("It takes place after all.")
    group.wait(message_id=message_id, text="2 of 3")


def test_olga_creates_an_event_on_her_phone(stack: Stack, lab: OpenLab) -> None:
    olga, group = stack.person("Olga"), stack.group("Chess evenings")
    here = lab().be(olga.id)
    here.phone.get_by_role("button", name="Open as Olga").click()
    here.screen.get_by_role("link", name="New event").click()
    here.main.click()
    expect(here.screen.locator("#fault-title")).to_contain_text("Give it a title.")
    here.shot("make-1-what-is-marked")
    here.screen.get_by_label("Title").fill("Blitz night")
    here.screen.get_by_label("Emoji").fill("♟")
    here.screen.get_by_label("Day").fill((clock.now() + timedelta(days=9)).date().isoformat())
    here.screen.get_by_label("Time", exact=True).fill("18:30")
    here.screen.get_by_label("Seats").fill("8")
    here.screen.get_by_label("Posts its card to").select_option(label="Chess evenings")
    here.screen.get_by_label("When the card is posted").select_option(label="right away")
    expect(here.screen.locator("#preview")).to_contain_text("To “Chess evenings”, right away")
    here.shot("make-2-seen-beforehand")
    here.main.click()
    expect(here.screen.get_by_role("heading", level=1)).to_have_text("Blitz night")
    group.wait(text="Blitz night", button="Join")
