"""Bob opens the Mini App from the group's card, books with a guest, waits, and gets the seats when Alice
leaves."""

from playwright.sync_api import expect

from e2e.conftest import PHONE, OpenLab
from e2e.running import Stack


def test_bob_waits_and_is_seated(stack: Stack, lab: OpenLab) -> None:
    alice, bob, group = stack.person("Alice"), stack.person("Bob"), stack.group("Sauna crew")
    about = {"capacity": 2, "guests_max": 1, "place": "Kotiharjun sauna"}
    code = stack.event(group, "Sauna evening", emoji="🧖", **about)
    card = group.wait(text="Sauna evening", button="Join")
    assert alice.tap(card, "Join")["answer"]["text"].startswith("You’re in.")
    assert alice.tap(card, "+1")["answer"]["text"].startswith("You’re in, with 1 guest")
    group.wait(message_id=card["id"], text="Full · 2 of 2")

    here = lab(size=PHONE).be(bob.id, group.id)
    here.press(here.message("Sauna evening"), "Open in Emerald")
    expect(here.screen.get_by_role("heading", level=1)).to_have_text("Sauna evening")
    expect(here.screen).to_contain_text("2 of 2 taken")
    here.shot("2-bob-opens-the-event")
    here.screen.get_by_role("button", name="One guest more").click()
    expect(here.main).to_have_text("Join the line")
    here.main.click()
    expect(here.app.locator("[data-outcome=waiting]")).to_be_attached()
    # He never pressed Start: after the booking the app gives the reason, then Telegram asks for write access.
    here.answer("May we write to you when a seat is yours", "Allow")
    here.answer("Allow Emerald to message you?", "Allow")
    expect(here.screen).to_have_attribute("data-place", "1")
    expect(here.screen).to_contain_text("You’re 1st in line")
    expect(here.second).to_have_text("Leave the line")
    here.shot("2-bob-waits-with-a-guest")
    group.wait(message_id=card["id"], text="1 in line")
    expect(here.screen).not_to_contain_text("We can’t write to you yet")

    assert alice.tap(card, "Leave")["answer"]["text"].startswith("You’ve left.")
    expect(here.screen).to_contain_text("You’re in, with 1 guest", timeout=6000)
    expect(here.second).to_have_text("Leave")
    here.shot("2-bob-is-seated")
    message = bob.private.wait(text="Sauna evening", sender="bot")
    assert "You’re in, with 1 guest" in message["text"], message["text"]
    group.wait(message_id=card["id"], text="Full · 2 of 2")

    here.back.click()
    expect(here.screen.locator(f"a.row[href$='{code}']")).to_contain_text("You’re in +1")
    here.shot("2-bob-sees-all-that-comes")
    here.screen.get_by_role("link", name="Mine").click()
    expect(here.screen).to_contain_text("Sauna evening")
    here.shot("2-bob-sees-his-bookings")
    here.be(bob.id)
    expect(here.message("Sauna evening")).to_be_visible()
    here.shot("2-bob-was-told-in-private")
