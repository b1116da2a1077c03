"""/groups and /audit: what an organiser looks after, from the chat (`A6`, `C6`, `B10`)."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

import pytest

from backend import db
from backend.bookings.actions import book, remove
from backend.cards.actions import post_card
from backend.seats.requests import Via
from tests.telegram import Telegram, buttons

Make = Callable[..., Awaitable[str]]


async def test_groups_that_are_well_and_that_are_not(
    telegram: Telegram, olga: Any, account: Any, instance: Make, noon: datetime
) -> None:
    await telegram.start("Olga")
    shown = await telegram.say("Olga", "/groups")
    assert shown["text"] == "Groups of Kallio Yoga\n\n✅ Kallio Yoga\nAll is well."
    code = await instance(title="Evening yoga")
    await post_card(olga, code)
    await db.execute("UPDATE cards SET state = 'lost', trouble = 'deleted', lost_at = now()")
    await db.execute("UPDATE groups SET health = 'muted', forum = true")
    shown = await telegram.say("Olga", "/groups")
    assert "🔇 Kallio Yoga\nI’m not allowed to write there." in shown["text"]
    assert "1 card is lost there." in shown["text"] and "send /here in one" in shown["text"]
    await db.execute("UPDATE groups SET health = 'well'")
    answer = await telegram.tap("Olga", shown, "Post again: Evening yoga")
    assert answer["text"] == "The card is on its way to the group."
    assert "lost" not in (await telegram.say("Olga", "/groups"))["text"]


async def test_the_audit_in_pages(
    telegram: Telegram, olga: Any, account: Any, alice: Any, instance: Make, noon: datetime
) -> None:
    await telegram.start("Olga")
    code = await instance(title="Evening <b> yoga")
    membership_id = await db.value("SELECT id FROM memberships WHERE user_id = $1", alice.id)
    for _ in range(12):
        await book(code, alice, via=Via.CARD)
        await remove(code, olga, membership_id)
    shown = await telegram.say("Olga", "/audit")
    entry = "today at 14:00 · Removed from the list · Evening <b> yoga, Thu 26 Nov · Alice\nby Olga Lehtonen"
    assert shown["text"].startswith("Audit log of Kallio Yoga\n\n") and entry in shown["text"]
    assert shown["text"].count(" · ") >= 10 and buttons(shown) == [["Older"]]
    await telegram.tap("Olga", shown, "Older")
    older = telegram.last(telegram.person("Olga").private)
    assert "Created · Evening <b> yoga" in older["text"] and buttons(older)[0][0] == "Newest"
    await telegram.tap("Olga", older, "Newest")
    assert telegram.last(telegram.person("Olga").private)["text"] == shown["text"]


@pytest.mark.parametrize("command", ["groups", "audit"])
async def test_members_strangers_and_groups_read_nothing(
    telegram: Telegram, alice: Any, command: str
) -> None:
    for name in ("Alice", "Charlie"):
        assert (await telegram.say(name, f"/{command}"))["text"] == "Only organisers can do this."
    reply = await telegram.say("Olga", f"/{command}", telegram.chat())
    assert reply["buttons"][0][0]["url"].endswith(f"?start={command}") and len(reply["buttons"]) == 1
