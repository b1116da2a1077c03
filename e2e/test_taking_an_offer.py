"""Olga waits; Alice leaves, and Olga gets an offer: her open app shows it, she accepts it, and shows her
check-in code."""

import re

from playwright.sync_api import expect

from e2e.conftest import PHONE, OpenLab
from e2e.running import Stack

WEEK = 7 * 24 * 60


def test_olga_accepts_an_offer(stack: Stack, lab: OpenLab) -> None:
    alice, olga, group = stack.person("Alice"), stack.person("Olga"), stack.group("Sauna crew")
    olga.start()  # so the app need not ask whether the bot may write
    # Offers begin three days ahead, so that one is made at any hour; an offer does not expire in quiet hours.
    about = {"capacity": 1, "offers_before_minutes": WEEK}
    code = stack.event(group, "Rowing by twos", emoji="🚣", **about)
    card = group.wait(text="Rowing by twos", button="Join")
    assert alice.tap(card, "Join")["answer"]["text"].startswith("You’re in.")

    here = lab(size=PHONE).be(olga.id, group.id)
    here.press(here.message("Rowing by twos"), "Open in Emerald")
    here.main.click()
    expect(here.screen).to_contain_text("You’re 1st in line")
    expect(here.screen).to_contain_text("We ask first; you have 30 minutes to say yes.")
    group.wait(message_id=card["id"], text="1 in line", button="Leave")
    assert alice.tap(card, "Leave")["answer"]["text"].startswith("You’ve left.")

    expect(here.screen).to_contain_text("1 seat is yours to take", timeout=6000)
    expect(here.screen.locator(".clock b")).to_have_text(re.compile(r"^\d+:\d\d$|^\d+ h$"))
    expect(here.main).to_have_text("Take the seat")
    expect(here.second).to_have_text("Pass on")
    here.shot("offer-1-held-for-olga")
    here.back.click()
    expect(here.screen).to_contain_text("Needs your answer")
    expect(here.screen.locator(".tabs em")).to_contain_text("1")
    here.shot("offer-2-on-top-of-home")
    here.screen.get_by_role("link", name="Rowing by twos", exact=True).first.click()
    here.main.click()
    expect(here.screen).to_contain_text("You’re in")
    expect(here.screen).not_to_contain_text("yours to take")
    expect(here.main).to_have_text("Check-in code")
    here.main.click()
    expect(here.screen.locator(".qr")).to_contain_text(f"emerald:{code}:")
    here.shot("offer-3-olgas-code")
    here.back.click()
    expect(here.screen.get_by_role("heading", level=1)).to_have_text("Rowing by twos")
