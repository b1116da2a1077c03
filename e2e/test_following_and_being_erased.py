"""Bob's own calendar subscribes to his feed; later he has himself erased, and registers again."""

from urllib.parse import urlsplit

import httpx
from playwright.sync_api import expect

from e2e.conftest import PHONE, OpenLab
from e2e.running import Stack


def test_bob_subscribes_to_his_feed_and_is_erased(stack: Stack, lab: OpenLab) -> None:
    bob, group = stack.person("Bob"), stack.group("Choir of Käpylä")
    stack.event(group, "Winter songs", emoji="🎶", capacity=4, guests_max=1)
    card = group.wait(text="Winter songs", button="Join")
    bob.tap(card, "Join")
    here = lab(size=PHONE).be(bob.id, group.id)
    here.press(here.message("Winter songs"), "Open in Emerald")
    expect(here.screen).to_contain_text("You’re in", timeout=20_000)
    here.back.click()
    here.screen.get_by_role("link", name="Me", exact=True).click()
    here.screen.get_by_role("link", name="Calendar feed").click()
    expect(here.main).to_have_text("Make my address", timeout=15_000)
    here.main.click()
    feed_url = here.screen.get_by_label("Your address").input_value()
    path = urlsplit(feed_url).path
    here.shot("8-the-address-of-a-calendar")

    calendar = httpx.get(stack.app + path)
    assert calendar.headers["content-type"].startswith("text/calendar")
    assert "SUMMARY:🎶 Winter songs" in calendar.text
    marks = {"If-None-Match": calendar.headers["etag"]}
    assert httpx.get(stack.app + path, headers=marks).status_code == 304

    here.back.click()
    here.screen.get_by_role("link", name="Erase me").click()
    expect(here.screen).to_contain_text("What stays, without your name")
    here.shot("8-what-goes-and-what-stays")
    here.main.click()
    here.answer("This cannot be undone.", "Erase me")
    expect(here.screen).to_contain_text("You are erased", timeout=15_000)
    here.shot("8-erased")
    assert httpx.get(stack.app + path).status_code == 410
    group.wait(text="4 free")
