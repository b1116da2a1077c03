"""/poll: a new poll, told step by step or at once (`P1`)."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from backend import clock, db
from backend.conversations.actions import follow_up_conversations
from backend.errors import Invalid
from backend.outbox.replies import claim_replies
from backend.people.rate_limits import RateLimit
from bot.poll_drafts import read_poll, validate_answers
from tests.telegram import Telegram, buttons


@pytest.fixture(autouse=True)
async def started(telegram: Telegram, olga: Any, noon: datetime) -> None:
    await telegram.start("Olga")


def shown_to_olga(telegram: Telegram) -> dict[str, Any]:
    return telegram.last(telegram.person("Olga").private)


async def polls() -> list[Any]:
    rows = await db.rows(
        "SELECT question, kind, anonymous, group_id IS NOT NULL AS in_group, (SELECT array_agg(o.text ORDER BY o.id)"
        " FROM poll_options o WHERE o.poll_id = p.id) AS options FROM polls p ORDER BY id"
    )
    return [tuple(row.values()) for row in rows]


async def test_step_by_step(telegram: Telegram, account: Any) -> None:
    assert (await telegram.say("Olga", "/poll"))["text"].startswith("What do you want to ask?")
    assert (await telegram.say("Olga", "What do we <b> cook?"))["text"].startswith("What can one choose?")
    assert (await telegram.say("Olga", "Stew"))["text"].startswith("Between 2 and 40 options, please.")
    asked = await telegram.say("Olga", "- Stew\n2. Soup\n\n")
    assert asked["text"].startswith("Where does its card go?")
    await telegram.tap("Olga", asked, "Kallio Yoga")
    summary = shown_to_olga(telegram)
    assert summary["text"] == "New poll: What do we <b> cook?\n\n1. Stew\n2. Soup\n\nKallio Yoga"
    assert buttons(summary) == [
        ["Create it"],
        ["Several answers", "Without names"],
        ["Write it again", "Stop"],
    ]
    for label in ("Several answers", "Without names"):
        await telegram.tap("Olga", shown_to_olga(telegram), label)
    assert buttons(shown_to_olga(telegram))[1] == ["✓ Several answers", "✓ Without names"]
    assert await polls() == []
    assert (await telegram.tap("Olga", shown_to_olga(telegram), "Create it"))["text"] == "Created."
    assert shown_to_olga(telegram)["text"].startswith("Created: What do we <b> cook?")
    assert await polls() == [("What do we <b> cook?", "several", True, True, ["Stew", "Soup"])]
    assert await db.value("SELECT count(*) FROM cards WHERE poll_id IS NOT NULL") == 1


async def test_an_older_summary_makes_nothing(telegram: Telegram) -> None:
    await telegram.tap("Olga", await telegram.say("Olga", "/poll Tea? Yes / No"), "No group")
    older = shown_to_olga(telegram)
    await telegram.tap("Olga", await telegram.say("Olga", "/poll Cake? Yes / No"), "No group")
    answer = await telegram.tap("Olga", older, "Create it")
    assert answer["text"] == "Something has changed since. Look again." and await polls() == []


async def test_a_poll_that_is_refused_at_the_end_can_be_corrected(telegram: Telegram, olga: Any) -> None:
    """Nothing that was answered is lost (`X5`): here the limit of new polls is reached."""
    await telegram.tap("Olga", await telegram.say("Olga", "/poll Tea? Yes / No"), "No group")
    await db.execute(
        "INSERT INTO rate_limits (user_id, name, since, used) VALUES ($1, 'POLLS', $2, $3)",
        olga.id,
        clock.now() - RateLimit.POLLS.window + timedelta(minutes=10),
        RateLimit.POLLS.uses,
    )
    refused = await telegram.tap("Olga", shown_to_olga(telegram), "Create it")
    assert refused["text"].startswith("That was too often.") and refused["show_alert"]
    assert shown_to_olga(telegram)["text"].startswith("New poll: Tea?") and await polls() == []
    await telegram.tap("Olga", shown_to_olga(telegram), "Without names")
    clock.advance(timedelta(minutes=10))
    assert (await telegram.tap("Olga", shown_to_olga(telegram), "Create it"))["text"] == "Created."
    assert await polls() == [("Tea?", "single", True, False, ["Yes", "No"])]


async def test_in_one_line(telegram: Telegram) -> None:
    asked = await telegram.say("Olga", "/poll Tea or coffee? Tea / Coffee / Both")
    await telegram.tap("Olga", asked, "No group")
    await telegram.tap("Olga", shown_to_olga(telegram), "Create it")
    assert await polls() == [("Tea or coffee?", "single", False, False, ["Tea", "Coffee", "Both"])]
    assert "Tea or coffee?" in (await telegram.say("Olga", "/polls"))["text"]


async def test_at_once_in_a_group(telegram: Telegram) -> None:
    reply = await telegram.say("Olga", "/poll Tea or coffee?\nTea\nCoffee", telegram.chat())
    assert reply["text"].startswith("Created: Tea or coffee?")
    assert await polls() == [("Tea or coffee?", "single", False, True, ["Tea", "Coffee"])]
    short = await telegram.say("Olga", "/poll Tea?", telegram.chat())
    assert short["text"] == "Send the options too, one on each line."
    bare = await telegram.say("Olga", "/poll", telegram.chat())
    assert bare["buttons"][0][0]["url"].endswith("?start=poll")
    assert (await telegram.start("Olga", "poll"))["text"].startswith("What do you want to ask?")


async def test_written_anew_and_stopped(telegram: Telegram) -> None:
    asked = await telegram.say("Olga", "/poll Tea? Yes / No")
    await telegram.tap("Olga", asked, "No group")
    await telegram.tap("Olga", shown_to_olga(telegram), "Write it again")
    assert shown_to_olga(telegram)["text"].startswith("What do you want to ask?")
    summary = await telegram.say("Olga", "Cake?\nYes\nNo")
    assert summary["text"].startswith("New poll: Cake?")
    await telegram.tap("Olga", summary, "Stop")
    assert shown_to_olga(telegram)["text"] == "Stopped. Nothing was saved."
    other = await telegram.say("Olga", "/poll Cake? Yes / No")
    await telegram.say("Olga", "/cancel")
    late = await telegram.tap("Olga", other, "No group")
    assert late["text"].startswith("This is done or was stopped.") and await polls() == []


async def test_one_thing_is_asked_at_a_time(telegram: Telegram) -> None:
    await telegram.say("Olga", "/create")
    await telegram.say("Olga", "/poll")
    assert (await telegram.say("Olga", "Cake?"))["text"].startswith("What can one choose?")
    await telegram.say("Olga", "/create")
    assert (await telegram.say("Olga", "Padel"))["text"] == "Padel: how often?"


async def test_who_does_not_answer_is_reminded_once(telegram: Telegram) -> None:
    """`M8`"""
    await telegram.say("Olga", "/poll")
    clock.advance(timedelta(minutes=6))
    assert (await follow_up_conversations(), await follow_up_conversations()) == (1, 0)
    [reminder] = await claim_replies(10, [])
    assert "Your new poll isn’t finished" in str(reminder.payload["text"])


@pytest.mark.parametrize("text", ["/poll", "/poll Tea? Yes / No"])
async def test_members_and_strangers_ask_nothing(telegram: Telegram, alice: Any, text: str) -> None:
    for name in ("Alice", "Charlie"):
        assert (await telegram.say(name, text))["text"] == "Only organisers can do this."
    assert (await telegram.say("Alice", text, telegram.chat()))["text"] == "Only organisers can do this."
    assert await polls() == []


@pytest.mark.parametrize(
    ("text", "question", "options"),
    [
        ("Tea or coffee? Tea / Coffee", "Tea or coffee?", ["Tea", "Coffee"]),
        ("Tea or coffee?\n• Tea\n• 24/7 coffee", "Tea or coffee?", ["Tea", "24/7 coffee"]),
        ("Which day\nTuesday; late\nFriday", "Which day", ["Tuesday; late", "Friday"]),
        ("Which? 1; 2 ;3", "Which?", ["1", "2", "3"]),
        ("Sauna?", "Sauna?", None),
        ("Sauna", "Sauna", None),
    ],
)
def test_reading_a_poll(text: str, question: str, options: list[str] | None) -> None:
    read = read_poll(text)
    assert (read["question"], read.get("options")) == (question, options)


@pytest.mark.parametrize("text", ["\n", "?", "Q?\nSame\nsame", "x" * 400, "Q?\n" + "x" * 200 + "\ny"])
def test_odd_texts_are_refused_with_a_sentence(text: str) -> None:
    if text == "?":
        validate_answers(read_poll(text))
        return
    with pytest.raises(Invalid):
        validate_answers(read_poll(text))
