"""/settings in the private chat: kinds, lead times, language, time zone (`M5`)."""

from typing import Any

from backend.people.preferences import preferences
from tests.telegram import Telegram, buttons


async def test_a_tap_mutes_and_unmutes_a_kind(telegram: Telegram, alice: Any) -> None:
    await telegram.start("Alice")
    reply = await telegram.say("Alice", "/settings")
    assert reply["text"].startswith("Notifications\n\n🔔 Reminders\n")
    assert "We always tell you about changes" in reply["text"]
    assert "Reminders come as set for each event." in reply["text"]
    assert buttons(reply)[0] == ["🔔 Reminders", "🔔 “Are you coming?”"]
    await telegram.tap("Alice", reply, "🔔 Announcements")
    assert (await preferences(alice)).muted == {"announcements"}
    reply = telegram.last(telegram.person("Alice").private)
    assert "🔕 Announcements" in reply["text"]
    await telegram.tap("Alice", reply, "🔕 Announcements")
    assert (await preferences(alice)).muted == frozenset()


async def test_lead_times_are_chosen(telegram: Telegram, alice: Any) -> None:
    await telegram.start("Alice")
    room = telegram.person("Alice").private
    await telegram.tap("Alice", await telegram.say("Alice", "/settings"), "Lead time")
    assert buttons(telegram.last(room))[-3:] == [
        ["✓ As set for each event"],
        ["No reminder"],
        ["Back"],
    ]
    for label in ("1 day before", "30 minutes before", "1 hour before", "✓ 1 day before"):
        await telegram.tap("Alice", telegram.last(room), label)
    assert (await preferences(alice)).leads == (60, 30)
    await telegram.tap("Alice", telegram.last(room), "Back")
    assert "Reminders: 1 hour before, 30 minutes before." in telegram.last(room)["text"]
    await telegram.tap("Alice", telegram.last(room), "Lead time")
    await telegram.tap("Alice", telegram.last(room), "No reminder")
    assert (await preferences(alice)).leads == ()
    await telegram.tap("Alice", telegram.last(room), "As set for each event")
    assert (await preferences(alice)).leads is None


async def test_a_chosen_language_applies_at_once(telegram: Telegram, alice: Any) -> None:
    await telegram.start("Alice")
    room = telegram.person("Alice").private
    await telegram.tap("Alice", await telegram.say("Alice", "/settings"), "Language")
    assert ["✓ English"] in buttons(telegram.last(room))
    await telegram.tap("Alice", telegram.last(room), "Suomi")
    assert (await preferences(alice)).language == "fi"
    assert "Suomi" in telegram.last(room)["text"]


async def test_a_zone_is_chosen_near_the_clubs_or_typed(telegram: Telegram, alice: Any, account: Any) -> None:
    await telegram.start("Alice")
    room = telegram.person("Alice").private
    await telegram.tap("Alice", await telegram.say("Alice", "/settings"), "Time zone")
    shown = [row[0] for row in buttons(telegram.last(room))]
    assert shown[0] == "Europe/Helsinki" and "Europe/Tallinn" in shown and "Asia/Tokyo" not in shown
    await telegram.tap("Alice", telegram.last(room), "Europe/Tallinn")
    assert (await preferences(alice)).zone == "Europe/Tallinn"
    reply = await telegram.say("Alice", "/settings zone America/Argentina/ComodRivadavia")
    assert "America/Argentina/ComodRivadavia" in reply["text"]
    await telegram.tap("Alice", reply, "Time zone")
    assert buttons(telegram.last(room))[0] == ["America/Argentina/ComodRivadavia"]
    for name in ("Mars/Olympus", "Factory", "localtime"):
        reply = await telegram.say("Alice", f"/settings zone {name}")
        assert reply["text"] == "Unknown time zone."
    assert (await preferences(alice)).zone == "America/Argentina/ComodRivadavia"


async def test_settings_in_a_group_lead_to_the_private_chat(telegram: Telegram, alice: Any) -> None:
    await telegram.start("Alice")
    reply = await telegram.say("Alice", "/settings", telegram.chat())
    assert "Ask me there" in str(buttons(reply))


async def test_a_forged_lead_counts_as_none(telegram: Telegram, alice: Any) -> None:
    """`X5`: a lead that is not a number counts as none."""
    from bot.handlers.preferences import toggle_lead

    assert toggle_lead("soon", await preferences(alice)) == set()
