"""A person sends the bot so much in a minute and no more (`X7`)."""

from datetime import datetime, timedelta
from typing import Any

from backend import clock, db
from backend.people.queries import person_of_telegram
from backend.people.rate_limits import RateLimit
from tests.telegram import Telegram

TOO_OFTEN = "That was too often. Please try again in 1 min."


async def use_up(name: str, telegram: Telegram) -> None:
    """Leave the person one use."""
    person = await person_of_telegram(telegram.person(name).id)
    assert person is not None
    await db.execute(
        "INSERT INTO rate_limits (user_id, name, since, used) VALUES ($1, $2, $3, $4)"
        " ON CONFLICT ON CONSTRAINT rate_limits_pkey DO UPDATE SET since = $3, used = $4",
        person.id,
        RateLimit.UPDATES.name,
        clock.now(),
        RateLimit.UPDATES.uses - 1,
    )


async def test_a_flood_of_messages_gets_one_answer(
    telegram: Telegram, alice: Any, bob: Any, noon: datetime
) -> None:
    await telegram.start("Alice")
    await telegram.start("Bob")
    await use_up("Alice", telegram)
    chat = telegram.person("Alice").private
    for _ in range(4):
        await telegram.say("Alice", "/id")
    handled = await db.value("SELECT count(*) FROM telegram_updates")
    await telegram.say("Alice", "/id")
    assert await db.value("SELECT count(*) FROM telegram_updates") == handled, "it costs no query any more"
    await telegram.say("Bob", "/id")
    assert telegram.last(telegram.person("Bob").private)["text"] == "You: 1003"
    answers = [message["text"] for message in chat.messages()][-5:]
    assert answers == ["/id", TOO_OFTEN, "/id", "/id", "/id"]
    clock.advance(timedelta(minutes=1))
    await telegram.say("Alice", "/id")
    assert telegram.last(chat)["text"] == "You: 1002"


async def test_every_tap_beyond_it_is_answered(
    telegram: Telegram, alice: Any, bob: Any, noon: datetime
) -> None:
    await telegram.start("Alice")
    await telegram.say("Alice", "/settings")
    message = telegram.last(telegram.person("Alice").private)
    await use_up("Alice", telegram)
    answers = [await telegram.tap("Alice", message, "Language")]
    answers += [await telegram.tap("Alice", message, "Suomi") for _ in range(2)]
    assert [answer["text"] == TOO_OFTEN for answer in answers] == [False, True, True]
    await telegram.start("Bob")
    await telegram.say("Bob", "/id")
    assert telegram.last(telegram.person("Bob").private)["text"] == "You: 1003", "nobody else is limited"
