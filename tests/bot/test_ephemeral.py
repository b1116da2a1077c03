"""Personal answers in groups are shown to one person alone where Telegram does that, else as before (`M7`)."""

from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest

from backend.bookings.actions import book
from backend.seats.requests import Via
from bot.bot_setup import set_up_bot
from bot.command_names import EPHEMERAL_COMMANDS
from bot.delivery import ephemeral
from tests.telegram import Telegram, buttons

Make = Callable[..., Awaitable[str]]


@pytest.fixture(autouse=True)
def nothing_known() -> Iterator[None]:
    """As a process that has just started."""
    ephemeral.forget()
    yield
    ephemeral.forget()


@pytest.fixture
async def full(instance: Make, bob: Any) -> str:
    code = await instance(capacity=1)
    await book(code, bob, via=Via.MINIAPP)
    return code


async def test_a_place_in_line_is_shown_to_who_asked(telegram: Telegram, full: str, alice: Any) -> None:
    """And in private, where it stays: Telegram does not promise to deliver what one alone sees."""
    await telegram.start("Alice")
    shown = await telegram.say("Alice", f"/book {full}", telegram.chat())
    assert "1st in line" in shown["text"] and shown["seen_by"] == 1002
    assert buttons(shown) == [["Open in Emerald ↗"]]
    assert "1st in line" in telegram.last(telegram.person("Alice").private)["text"]


async def test_who_has_not_pressed_start_reads_it_with_the_way_there(
    telegram: Telegram, full: str, charlie: Any
) -> None:
    telegram.person("Charlie").join(telegram.chat())
    shown = await telegram.say("Charlie", f"/book {full}", telegram.chat())
    assert "1st in line" in shown["text"] and shown["seen_by"] == 1009
    assert buttons(shown) == [["Open in Emerald ↗"], ["Start the private chat"]]
    assert telegram.person("Charlie").tap(shown, "Start the private chat")["payload"] == f"e_{full}"


async def test_what_everybody_may_read_is_said_to_all(telegram: Telegram, instance: Make, alice: Any) -> None:
    code = await instance()
    said = await telegram.say("Alice", f"/book {code}", telegram.chat())
    assert "Alice is in." in said["text"] and not said["seen_by"]


@pytest.mark.parametrize("command", ["/settings", "/privacy", "/myclubs", "/regulars", "/leave"])
async def test_the_way_to_the_private_chat_is_for_one_too(
    telegram: Telegram, account: Any, alice: Any, command: str
) -> None:
    shown = await telegram.say("Alice", command, telegram.chat())
    assert shown["text"].startswith("That is for you alone") and shown["seen_by"] == 1002


async def test_a_group_that_takes_none_is_answered_as_before_and_not_asked_each_time(
    telegram: Telegram, account: Any, alice: Any, noon: Any
) -> None:
    """The bot is no administrator there: refused."""
    telegram.chat().bot("member")
    for _ in range(3):
        said = await telegram.say("Alice", "/settings", telegram.chat())
        assert said["text"].startswith("That is for you alone") and not said["seen_by"]
    refused = [call for call in telegram.calls("sendMessage") if call["error"]]
    assert len(refused) == 1


@pytest.mark.parametrize("status", ["administrator", "member"])
async def test_lists_of_ones_own_are_read_in_the_group(
    telegram: Telegram, full: str, alice: Any, bob: Any, status: str
) -> None:
    """By the person alone. The command too, as their app sends it that was told so; then no rights are needed."""
    await set_up_bot(telegram.bot, webhook=False)
    await book(full, alice, via=Via.MINIAPP)
    room = telegram.chat()
    room.bot(status)
    for name, command, words in (("Alice", "/queue", "1st in line"), ("Bob", "/mybookings", "one seat")):
        shown = await telegram.say(name, command, room)
        assert words in shown["text"] and "Only you see this." in shown["text"]
        assert shown["seen_by"] == telegram.person(name).id and buttons(shown) == [["Ask me there"]]
        asked = next(each for each in reversed(room.messages()) if each["text"] == command)
        assert asked["seen_by"] == telegram.person(name).id


async def test_a_list_of_nothing_says_so_there_too(telegram: Telegram, account: Any, alice: Any) -> None:
    for command, words in (("/queue", "You’re in no line."), ("/mybookings", "You have no bookings yet.")):
        shown = await telegram.say("Alice", command, telegram.chat())
        assert shown["text"].startswith(words) and shown["seen_by"] == 1002 and buttons(shown) == []


async def test_an_older_app_sends_the_command_to_all(telegram: Telegram, full: str, alice: Any) -> None:
    """Where the bot is no administrator, the answer is then the way to the private chat."""
    await set_up_bot(telegram.bot, webhook=False)
    room = telegram.chat()
    room.bot("member")
    await telegram.during(telegram.person("Alice").say, "/mybookings", room, ephemeral=False)
    said = telegram.last(room)
    assert said["text"].startswith("That is for you alone") and not said["seen_by"]


async def test_ephemeral_commands_are_answered_alike_without_rights(
    telegram: Telegram, account: Any, instance: Make, olga: Any
) -> None:
    """Every one, and in its topic; a button under the answer leads elsewhere, because none is tapped there."""
    await instance()
    await set_up_bot(telegram.bot, webhook=False)
    room = telegram.chat()
    room.bot("member")
    for command in EPHEMERAL_COMMANDS:
        await telegram.during(telegram.person("Olga").say, f"/{command}", room, ephemeral=True)
        shown = telegram.last(room)
        assert shown["seen_by"] == 1001, command
        assert all("callback_data" not in button for row in shown["buttons"] for button in row), command


async def test_a_command_for_all_is_never_ephemeral(telegram: Telegram, instance: Make, alice: Any) -> None:
    """What /book does is for everybody to see."""
    code = await instance()
    await set_up_bot(telegram.bot, webhook=False)
    said = await telegram.say("Alice", f"/book {code}", telegram.chat())
    assert "Alice is in." in said["text"] and not said["seen_by"]


async def test_too_late_is_answered_as_before(telegram: Telegram, account: Any, alice: Any) -> None:
    """The ephemeral command is older than 15 seconds when the bot comes to it."""
    await set_up_bot(telegram.bot, webhook=False)
    room = telegram.chat()
    room.bot("member")
    telegram.person("Alice").say("/queue", room, ephemeral=True)
    telegram.sandbox.advance(16)
    await telegram.pump()
    said = telegram.last(room)
    assert said["text"].startswith("That is for you alone") and not said["seen_by"]
    refused = [call for call in telegram.calls("sendMessage") if call["error"]]
    assert len(refused) == 1


async def test_an_older_server_is_never_sent_what_all_would_read(
    telegram: Telegram, full: str, alice: Any
) -> None:
    """It would ignore the parameter, and post Alice's place in line to the group."""
    await telegram.start("Alice")
    telegram.sandbox.ephemeral(known=False)
    said = await telegram.say("Alice", f"/book {full}", telegram.chat())
    assert said["text"].startswith("That is for you alone") and not said["seen_by"]
    await telegram.say("Alice", "/queue", telegram.chat())
    assert not any("in line" in message["text"] for message in telegram.chat().messages())
    assert len(telegram.calls("deleteEphemeralMessage")) == 1


@pytest.mark.parametrize("code", [403, 429, 500])
async def test_trouble_is_answered_as_before(telegram: Telegram, account: Any, alice: Any, code: int) -> None:
    await telegram.say("Alice", "/settings", telegram.chat())
    fault = {"retry_after": 1} if code == 429 else {"description": "Forbidden: no"}
    telegram.sandbox.fault(method="sendMessage", error_code=code, **fault)
    said = await telegram.say("Alice", "/settings", telegram.chat())
    assert said["text"].startswith("That is for you alone") and not said["seen_by"]


async def test_a_tap_that_promises_a_message_shows_the_way_to_start(
    telegram: Telegram, olga: Any, full: str, charlie: Any, run: Any
) -> None:
    """`M3`: within 15 seconds of the tap, also where the bot is no administrator."""
    from backend.cards.actions import post_card

    room = telegram.chat()
    await post_card(olga, full)
    await run()
    card = telegram.last(room)
    room.bot("member")
    telegram.person("Charlie").join(room)
    answer = await telegram.tap("Charlie", card, "Wait for a seat")
    assert "1st in line" in answer["text"]
    shown = telegram.last(room)
    assert shown["seen_by"] == 1009 and buttons(shown) == [["Start the private chat"]]
    assert shown["text"].startswith("Press Start in a chat with me so I can tell you when a seat is yours.")
