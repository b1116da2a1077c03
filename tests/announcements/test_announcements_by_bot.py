"""/announce in the organiser's private chat: preview, sending, progress, stopping (`C5`)."""

from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from backend import clock, db
from backend.accounts.actions import create_account
from backend.accounts.keys import bind_key
from backend.accounts.memberships import add_membership
from backend.accounts.rules import JoinedThrough, Role
from backend.announcements.actions import create_announcement, schedule_announcement
from backend.announcements.drafts import AnnouncementDraft
from backend.announcements.fan_out import fan_out
from backend.announcements.rules import TEXT_MAX
from backend.groups.rules import GroupHealth
from backend.linking.actions import link_group, set_health
from backend.people.actions import choose_zone, mark_blocked
from bot.delivery.sender import Sender
from tests.telegram import Telegram, buttons

Run = Callable[..., Awaitable[int]]


async def start(telegram: Telegram, *names: str) -> None:
    for name in names:
        await telegram.start(name)


async def test_an_organiser_previews_an_announcement_sends_it_and_watches_its_progress(
    telegram: Telegram, olga: Any, alice: Any, bob: Any, aino: Any, account: Any, run: Run
) -> None:
    await start(telegram, "Olga", "Alice")
    question = await telegram.say("Olga", "/announce The hall is <closed>.\n\nSee  you & yours")
    room = telegram.person("Olga").private
    shown = room.messages()[-2]
    assert shown["text"] == "📣 Kallio Yoga\n\nThe hall is <closed>.\n\nSee  you & yours"
    assert "It goes to 1 group: Kallio Yoga." in question["text"]
    assert "It goes to 4 members in private." in question["text"]
    assert buttons(question) == [["✓ The groups", "✓ The members"], ["Send now", "Cancel"]]

    assert (await telegram.tap("Olga", question, "Send now"))["text"] == "On its way."
    question = telegram.last(room)
    assert "Sending begins in a moment." in question["text"]
    assert buttons(question) == [["Stop"]]
    await fan_out()
    await run(1)
    assert telegram.last(telegram.chat())["text"] == "The hall is <closed>.\n\nSee  you & yours"
    alices = telegram.last(telegram.person("Alice").private)
    assert alices["text"] == shown["text"]
    for _ in range(4):
        await run(3)
    await fan_out()
    await run(3)
    shown_progress = next(m for m in room.messages() if m["id"] == question["id"])
    assert "Sent." in shown_progress["text"] and "Delivered: 3" in shown_progress["text"]
    assert "Blocked the bot: 2" in shown_progress["text"]  # Bob and Aino never pressed START in this chat
    assert buttons(shown_progress) == []
    assert await db.value("SELECT watch_message_id FROM announcements") is None


async def test_the_progress_is_edited_at_most_every_three_seconds(
    telegram: Telegram, olga: Any, account: Any, run: Run, crowd: Any
) -> None:
    """`C2`"""
    await start(telegram, "Olga")
    await crowd(120)
    async with db.transaction():
        await db.execute("UPDATE telegram_users SET may_write_at = seen_at")
    question = await telegram.say("Olga", "/announce Hello")
    await telegram.tap("Olga", question, "Send now")
    await fan_out()
    before = len(telegram.calls("editMessageText", 1001))
    for _ in range(10):
        await run(0.5)
    assert len(telegram.calls("editMessageText", 1001)) - before == 2


async def test_a_cancelled_announcement_is_not_sent(
    telegram: Telegram, olga: Any, account: Any, run: Run
) -> None:
    await start(telegram, "Olga")
    question = await telegram.say("Olga", "/announce Never mind")
    await telegram.tap("Olga", question, "Cancel")
    assert telegram.last(telegram.person("Olga").private)["text"] == "Nothing was sent."
    await fan_out()
    assert await run(1) == 0


async def test_an_organiser_chooses_the_recipients(
    telegram: Telegram, olga: Any, account: Any, run: Run
) -> None:
    await start(telegram, "Olga")
    question = await telegram.say("Olga", "/announce For the group")
    room = telegram.person("Olga").private
    await telegram.tap("Olga", question, "✓ The members")
    assert "member" not in telegram.last(room)["text"].replace("The members", "")
    await telegram.tap("Olga", telegram.last(room), "✓ The groups")
    assert "Choose who to tell." in telegram.last(room)["text"]
    refused = await telegram.tap("Olga", telegram.last(room), "Send now")
    assert refused["text"] == "Choose the groups or members to tell."
    await telegram.tap("Olga", telegram.last(room), "The groups")
    await telegram.tap("Olga", telegram.last(room), "Send now")
    await fan_out()
    await run(1)
    assert telegram.last(telegram.chat())["text"] == "For the group"
    assert [m for m in room.messages() if "📣" in m["text"]][1:] == []


async def test_the_stop_button_stops_an_announcement(
    telegram: Telegram, olga: Any, alice: Any, account: Any, run: Run, crowd: Any, noon: datetime
) -> None:
    """`C5`: waiting messages are not sent."""
    await start(telegram, "Olga", "Alice")
    question = await telegram.say("Olga", "/announce Hello")
    await telegram.tap("Olga", question, "Send now")
    await fan_out()
    room = telegram.person("Olga").private
    assert (await telegram.tap("Olga", telegram.last(room), "Stop"))["text"].startswith("Stopped.")
    await run(1)
    await run(3)
    assert telegram.last(room)["text"].startswith("Stopped.")
    assert not telegram.person("Alice").private.messages()[2:]


async def test_an_organiser_of_two_accounts_chooses_one(
    telegram: Telegram, olga: Any, account: Any, run: Run
) -> None:
    """`A8`"""
    other = await create_account("Sunday Runners")
    await bind_key(olga, other.key)
    await start(telegram, "Olga")
    question = await telegram.say("Olga", "/announce We run at nine")
    assert buttons(question)[1] == ["In Sunday Runners instead"]
    await telegram.tap("Olga", question, "In Sunday Runners instead")
    question = telegram.last(telegram.person("Olga").private)
    assert question["text"].startswith("Sunday Runners:")
    await telegram.tap("Olga", question, "Send now")
    await fan_out()
    await run(1)  # her commands are those of an organiser
    await run(1)  # the progress is shown in the same chat
    await run(1)
    assert telegram.last(telegram.person("Olga").private)["text"] == ("📣 Sunday Runners\n\nWe run at nine")


async def test_only_organisers_announce_and_only_in_private(
    telegram: Telegram, olga: Any, alice: Any, account: Any
) -> None:
    """`X4`: the bare command explains itself."""
    await start(telegram, "Olga", "Alice")
    assert (await telegram.say("Alice", "/announce Hello"))["text"] == "Only organisers can do this."
    assert "/announce" in (await telegram.say("Olga", "/announce"))["text"]
    said = await telegram.say("Olga", "/announce Hello", telegram.chat())
    assert buttons(said) == [["Ask me there ↗"]] or "Ask me there" in str(buttons(said))
    assert await db.value("SELECT count(*) FROM announcements") == 0


async def test_the_longest_text_arrives_complete(
    telegram: Telegram, olga: Any, account: Any, run: Run
) -> None:
    """`C4`: escaped characters count once; without room for the account's name it is left out."""
    await start(telegram, "Olga")
    text = ("<&🧘 " * TEXT_MAX)[: TEXT_MAX - 1] + "."
    number = await create_announcement(olga, account.id, AnnouncementDraft(text=text, to_members=True))
    await schedule_announcement(olga, number)
    await fan_out()
    await run(1)
    assert telegram.last(telegram.person("Olga").private)["text"] == text


@pytest.fixture
def midnight() -> Iterator[datetime]:
    """Half past midnight in Helsinki, where the club is."""
    at = datetime(2026, 11, 23, 22, 30, tzinfo=UTC)
    with clock.stopped(at):
        yield at


async def test_at_night_an_organiser_reads_when_an_announcement_goes(
    midnight: datetime, telegram: Telegram, olga: Any, alice: Any, bob: Any, account: Any
) -> None:
    """`C5`, `M5`: in the morning, on each reader's own clock."""
    await start(telegram, "Olga", "Alice")
    await choose_zone(alice, "America/New_York")  # where it is half past five in the afternoon
    question = await telegram.say("Olga", "/announce The hall is closed.")
    assert "It is night for 4 of them. They get it at 08:00 in their own time zone." in question["text"]
    assert buttons(question)[1:] == [["Send now", "Cancel"], ["Send it to everyone now, at night too"]]
    assert (await telegram.tap("Olga", question, "Send now"))["text"] == (
        "On its way. 4 recipients get it at 08:00 in their own time zone."
    )
    await fan_out()
    sender = Sender(telegram.sending)
    await sender.step()
    await sender.settle()
    room = telegram.person("Olga").private
    assert telegram.last(telegram.person("Alice").private)["text"].endswith("The hall is closed.")
    assert telegram.last(telegram.chat())["text"] != "The hall is closed."
    for _ in range(3):
        clock.advance(timedelta(seconds=4))
        await sender.step()
        await sender.settle()
    shown = next(m for m in room.messages() if m["id"] == question["id"])
    assert (
        "The rest goes out at 08:00 in each reader’s own time zone." in shown["text"]
        and "Waiting for the morning: 4" in shown["text"]
    )
    assert buttons(shown) == [["Stop"], ["Send it to everyone now, at night too"]]

    assert (await telegram.tap("Olga", shown, "Send it to everyone now, at night too"))[
        "text"
    ] == "On its way."
    for _ in range(4):
        clock.advance(timedelta(seconds=4))
        await sender.step()
        await sender.settle()
    assert telegram.last(telegram.chat())["text"] == "The hall is closed."
    shown = next(m for m in room.messages() if m["id"] == question["id"])
    assert "morning" not in shown["text"] and "08:00" not in shown["text"]


async def test_at_night_an_organiser_can_send_an_announcement_at_once(
    midnight: datetime, telegram: Telegram, olga: Any, account: Any
) -> None:
    """`M5`: deliberately, as maintenance."""
    await start(telegram, "Olga")
    question = await telegram.say("Olga", "/announce The hall is closed.")
    answer = await telegram.tap("Olga", question, "Send it to everyone now, at night too")
    assert answer["text"] == "On its way."
    await fan_out()
    sender = Sender(telegram.sending)
    await sender.step()
    await sender.settle()
    assert telegram.last(telegram.chat())["text"] == "The hall is closed."


async def test_the_question_names_who_cannot_be_reached(
    telegram: Telegram, olga: Any, alice: Any, bob: Any, account: Any, run: Run
) -> None:
    """`C5`: a group that removed the bot is counted as such, and not as a recipient."""
    await start(telegram, "Olga")
    await set_health(account.chat_id, GroupHealth.REMOVED)
    await mark_blocked(alice.telegram_id)
    await mark_blocked(bob.telegram_id)
    question = await telegram.say("Olga", "/announce Hello")
    assert "Cannot be reached: Kallio Yoga, Alice, Bob." in question["text"]
    assert "group" not in question["text"]
    await telegram.tap("Olga", question, "Send now")
    await fan_out()
    for _ in range(4):
        await run(3)
    shown = next(m for m in telegram.person("Olga").private.messages() if m["id"] == question["id"])
    assert "Cannot be reached: 3" in shown["text"] and "Failed" not in shown["text"]


async def test_maintenance_is_marked(telegram: Telegram, olga: Any, account: Any, run: Run) -> None:
    await start(telegram, "Olga")
    draft = AnnouncementDraft(text="Back at ten.", to_members=True, all_groups=True, maintenance=True)
    await schedule_announcement(olga, await create_announcement(olga, account.id, draft))
    await fan_out()
    await run(1)
    assert telegram.last(telegram.chat())["text"] == "🔧 Maintenance\n\nBack at ten."
    assert telegram.last(telegram.person("Olga").private)["text"] == (
        "🔧 Maintenance · Kallio Yoga\n\nBack at ten."
    )


async def make_accounts(owner: Any, count: int, name: str) -> None:
    """More clubs than one person may make in a day."""
    made = [await create_account(f"{name} {n}") for n in range(count)]
    async with db.transaction():
        for one in made:
            await add_membership(one.account_id, owner.id, Role.OWNER, JoinedThrough.HAND, clock.now())


async def test_the_question_fits_with_hundreds_of_groups_and_clubs(
    telegram: Telegram, olga: Any, account: Any, noon: datetime
) -> None:
    """`C4`: ten groups are named; Telegram takes no message of 4,097 characters, nor of 101 buttons."""
    await start(telegram, "Olga")
    for n in range(299):
        title = f"{n:03} " + "Kallio & <friends> " * 7
        await link_group(olga, account.id, chat_id=-1001000010000 - n, title=title[:128])
    await make_accounts(olga, 101, "Walkers")
    question = await telegram.say("Olga", "/announce Hello")
    assert "It goes to 300 groups: 000 Kallio & <friends>" in question["text"].replace("\u2060", "")
    assert question["text"].count("…") == 10 and "… and 290 more." in question["text"]
    assert len(question["text"]) <= 4096
    assert sum(len(row) for row in buttons(question)) <= 100
    assert (await telegram.tap("Olga", question, "Send now"))["text"] == "On its way."


async def test_a_group_is_offered_to_its_adder_who_has_hundreds_of_clubs(
    telegram: Telegram, olga: Any, account: Any
) -> None:
    """`A6`, `C4`"""
    await make_accounts(olga, 120, "Club")
    offer = await telegram.say("Olga", "/events", telegram.chat("Sunday Runners"))
    assert sum(len(row) for row in buttons(offer)) == 100
