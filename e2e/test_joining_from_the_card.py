"""Alice joins from the card in the group, and everybody sees the card change."""

from playwright.sync_api import expect

from e2e.conftest import OpenLab
from e2e.running import Stack


def test_alice_joins_from_the_card(stack: Stack, lab: OpenLab) -> None:
    alice, group = stack.person("Alice"), stack.telegram.chat("Kallio Yoga")
    stack.event(group, "Morning stretch", emoji="🤸", capacity=6, guests_max=1, place="Sali 2")
    group.wait(text="Morning stretch", button="Join")
    here = lab().be(alice.id, group.id)
    card = here.message("Morning stretch")
    expect(card).to_contain_text("6 free · 0 of 6")

    here.press(card, "Join")
    expect(here.toast).to_contain_text("You’re in.")
    expect(card).to_contain_text("5 free · 1 of 6")
    expect(card).to_contain_text("Alice")
    here.shot("1-alice-joined-from-the-card")

    here.press(card, "+1")
    expect(card).to_contain_text("4 free · 2 of 6")
    expect(card).to_contain_text("Alice +1")
    here.press(card, "+1")
    here.alert("1 guest")

    here.press(card, "Leave")
    expect(here.toast).to_contain_text("You’ve left")
    expect(card).to_contain_text("6 free · 0 of 6")
    expect(card).not_to_contain_text("Alice")
