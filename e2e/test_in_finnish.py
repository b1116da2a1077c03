"""Väinö's Telegram is in Finnish, so the bot and the app are too."""

from playwright.sync_api import expect

from e2e.conftest import PHONE, OpenLab
from e2e.running import Stack


def test_vaino_reads_finnish(stack: Stack, lab: OpenLab) -> None:
    vaino, group = stack.person("Väinö"), stack.group("Aamuvirkut")
    stack.event(group, "Aamujooga", emoji="🌅", capacity=3, guests_max=1, place="Sali 2")
    card = group.wait(text="Aamujooga", button="Join")
    vaino.start()
    vaino.private.wait(sender="bot", text="Hei")
    here = lab(size=PHONE, locale="fi-FI").be(vaino.id)
    here.say("/events")
    expect(here.message("Aamujooga")).to_contain_text("vapaa")
    here.shot("7-the-bot-speaks-finnish")
    toast = vaino.tap(card, "Join")["answer"]["text"]
    assert "Olet mukana" in toast, toast

    here.be(vaino.id, group.id)
    here.press(here.message("Aamujooga"), "Open in Emerald")
    expect(here.screen).to_contain_text("Olet mukana", timeout=20_000)  # the first opening loads everything
    expect(here.second).to_have_text("Peru")
    here.shot("7-the-app-speaks-finnish")
    here.back.click()
    expect(here.screen.locator("a.row", has_text="Aamujooga")).to_contain_text("Olet mukana")
    here.shot("7-all-that-comes-in-finnish")
