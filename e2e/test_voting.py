"""A vote shows on the card and in the app, wherever it was cast (`P3`)."""

from playwright.sync_api import expect

from e2e.conftest import PHONE, OpenLab
from e2e.running import Stack


def test_a_vote_shows_on_the_card_and_in_the_app(stack: Stack, lab: OpenLab) -> None:
    alice, bob, group = stack.person("Alice"), stack.person("Bob"), stack.group("Tea corner")
    stack.poll(group, "Which tea after class?", ["Chai", "Sencha", "Rooibos"])
    group.wait(text="Which tea", button="Chai")
    chat = lab().be(alice.id, group.id)
    card = chat.message("Which tea")
    phone = lab(size=PHONE).be(bob.id, group.id)
    phone.press(phone.message("Which tea"), "Open in Emerald")
    expect(phone.screen).to_contain_text("Your vote is still missing")
    options = phone.screen.get_by_role("radio")

    chat.press(card, "Chai")
    expect(chat.toast).to_contain_text("Your vote: Chai")
    expect(card).to_contain_text("1 · Chai")
    expect(options.nth(0)).to_contain_text("1", timeout=6000)
    expect(options.nth(0)).to_have_attribute("aria-checked", "false")
    phone.shot("5-alices-vote-seen-by-bob")

    options.nth(1).click()
    expect(options.nth(1)).to_have_attribute("aria-checked", "true")
    expect(phone.screen).to_contain_text("Your vote: Sencha")
    expect(card).to_contain_text("1 · Sencha")
    expect(card).to_contain_text("2 of 8 have voted")
    chat.shot("5-both-votes-on-the-card")

    options.nth(0).click()
    expect(card).to_contain_text("2 · Chai")
    expect(card).to_contain_text("0 · Sencha")
    phone.shot("5-bob-voted-as-alice")


def test_several_choices_by_the_main_button(stack: Stack, lab: OpenLab) -> None:
    bob, group = stack.person("Bob"), stack.group("Planning")
    days = ["Mon", "Wed", "Fri", "Sun"]
    stack.poll(group, "Which days suit you?", days, kind="several", choices_max=2)
    card = group.wait(text="Which days", button="Mon")
    phone = lab(size=PHONE).be(bob.id, group.id)
    phone.press(phone.message("Which days"), "Open in Emerald")
    for day in ("Mon", "Fri"):
        phone.screen.locator(".opt", has_text=day).click()
    expect(phone.screen.locator(".opt", has_text="Sun").get_by_role("checkbox")).to_be_disabled()
    expect(phone.main).to_have_text("Vote for 2")
    phone.shot("5-two-days-chosen")
    phone.main.click()
    expect(phone.screen).to_contain_text("Your vote: Mon, Fri")
    group.wait(message_id=card["id"], text="1 · Fri")
    phone.shot("5-two-days-voted")
    answer = bob.tap(card, "Mon")["answer"]["text"]
    assert "vote" in answer
    expect(phone.screen).to_contain_text("Your vote: Fri", timeout=6000)
