"""Invite links on a page of the members (`A3`, `A4`)."""

import re
from datetime import timedelta
from typing import Any

from backend import clock
from backend.accounts.keys import KEY_PATTERN, bind_key
from backend.people.actions import TelegramIdentity, register_person

PATH = "/dashboard/members/invites"


async def test_a_link_is_made_shown_once_used_and_revoked(noon: Any, dashboard: Any) -> None:
    shown = await dashboard.get(PATH)
    assert "No invite links yet" in dashboard.text(shown)
    made = await dashboard.post(PATH, label="Newsletter", uses="2", expires_on="2026-12-24")
    assert made.status_code == 201 and "https://t.me/" in made.text
    key = KEY_PATTERN.search(made.text)
    assert key is not None
    person = await register_person(TelegramIdentity(900_001, "Kaisa"))
    assert (await bind_key(person, key.group())).role == "MEMBER"
    shown = await dashboard.get(PATH)
    text = dashboard.text(shown)
    assert key.group() not in shown.text
    assert "Newsletter" in text and "1 of 2" in text and "Kaisa" in text and "Valid until" in text
    [joined] = re.findall(r'href="(/dashboard/members\?invite=\d+)"', shown.text)
    listed = await dashboard.get(joined)
    assert "Joined with “Newsletter”" in dashboard.text(listed) and "1 found" in dashboard.text(listed)
    [revoke] = re.findall(r'action="([^"]+/revocation)"', shown.text)
    assert "The link is revoked." in dashboard.text(await dashboard.post(revoke))
    assert "Revoked" in dashboard.text(await dashboard.get(PATH))


async def test_wrong_fields_are_said_and_nothing_typed_is_lost(noon: Any, dashboard: Any) -> None:
    refused = await dashboard.post(PATH, label="Poster", uses="many", expires_on="yesterday")
    assert refused.status_code == 422
    assert 'value="Poster"' in refused.text and 'value="many"' in refused.text
    assert "Choose a day." in dashboard.text(refused)
    clock.advance(timedelta(hours=1))
    asked = await dashboard.post(PATH, follow=False, label="Poster", uses="3", expires_on="")
    assert "/dashboard/sign-in?again=yes" in asked.headers["location"]
    assert "label%3DPoster" in asked.headers["location"]


async def test_keys_for_roles_are_no_invite_links(noon: Any, dashboard: Any) -> None:
    await dashboard.post("/dashboard/keys", label="For helpers", role="HELPER", uses="1")
    assert "For helpers" not in dashboard.text(await dashboard.get(PATH))
