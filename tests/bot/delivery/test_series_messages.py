"""Messages about instances that move, or that too few people join, through the sandbox (`S6`, `S7`)."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from backend import clock, db
from backend.bookings.actions import answer, book
from backend.bookings.queries.event import event
from backend.events.minimum import decide_minimum, warn_of_minimum
from backend.events.reschedule import move_instance, move_responses
from backend.people.actions import TelegramIdentity, register_person
from backend.seats.requests import Via
from tests.telegram import Telegram, buttons

Run = Callable[..., Awaitable[int]]
Make = Callable[..., Awaitable[str]]
THURSDAY = datetime(2026, 11, 26, 18, 0)


async def started(telegram: Telegram, *names: str) -> None:
    """These people have pressed START, so the bot may write to them."""
    for name in names:
        await telegram.start(name)


async def test_everybody_booked_is_asked_whether_they_still_come(
    telegram: Telegram, olga: Any, alice: Any, bob: Any, instance: Make, run: Run
) -> None:
    """`S6`: and their two answers."""
    await started(telegram, "Alice", "Bob")
    code = await instance(starts_local=THURSDAY, title="Run <free>")
    await book(code, alice, via=Via.CARD)
    await book(code, bob, guests=1, via=Via.CARD)
    await move_instance(code, olga, THURSDAY.replace(hour=11))
    await run()
    message = telegram.last(telegram.person("Alice").private)
    assert message["text"] == (
        "🔁 Run <free> has moved: Thu 26 Nov, 11:00 instead of 18:00."
        " Are you still coming? Your seat stays yours until you answer."
    )
    assert buttons(message) == [["Still coming", "Not this time"], ["Open in Emerald"]]
    done = await telegram.tap("Alice", message, "Still coming")
    assert done["text"] == "Good: your seat stays yours. See you Thu 26 Nov at 11:00."
    assert not done["show_alert"]
    assert buttons(telegram.last(telegram.person("Alice").private)) == [
        ["+1", "Leave"],
        ["Open in Emerald"],
    ]

    message = telegram.last(telegram.person("Bob").private)
    assert "Your seats stay yours until you answer." in message["text"]
    done = await telegram.tap("Bob", message, "Not this time")
    assert "You’ve left" in done["text"]
    found = await move_responses(code, olga)
    assert (found.stay, found.left, found.silent) == (["Alice Moore"], ["Bob"], [])


async def test_not_this_time_is_free_after_the_deadline_too(
    telegram: Telegram, olga: Any, alice: Any, instance: Make, run: Run
) -> None:
    """`S6`, `B6`: nobody promised to come at another time."""
    await started(telegram, "Alice")
    code = await instance(starts_local=THURSDAY, cancel_before_minutes=7 * 24 * 60)
    await book(code, alice, via=Via.CARD)
    await move_instance(code, olga, THURSDAY + timedelta(days=1))
    await run()
    message = telegram.last(telegram.person("Alice").private)
    assert "has moved: Fri 27 Nov, 18:00 instead of Thu 26 Nov, 18:00." in message["text"]
    await telegram.tap("Alice", message, "Not this time")
    assert (await move_responses(code, olga)).left == ["Alice Moore"]
    assert await db.value("SELECT count(*) FROM absences") == 0


async def test_the_others_learn_of_a_move_and_are_not_asked(
    telegram: Telegram, olga: Any, alice: Any, bob: Any, instance: Make, run: Run
) -> None:
    """`S6`"""
    await started(telegram, "Alice", "Bob")
    code = await instance(starts_local=THURSDAY, capacity=1)
    await book(code, olga, via=Via.CARD)
    await book(code, alice, via=Via.CARD)
    await answer(code, bob, maybe=True, via=Via.CARD)
    await move_instance(code, olga, THURSDAY.replace(hour=11))
    await run()
    for name in ("Alice", "Bob"):
        message = telegram.last(telegram.person(name).private)
        assert message["text"] == "🔁 Evening flow yoga has moved: Thu 26 Nov, 11:00 instead of 18:00."
        assert buttons(message) == [["Open in Emerald"]]


async def test_how_many_are_missing_is_sent_and_then_that_it_runs(
    telegram: Telegram, alice: Any, bob: Any, instance: Make, run: Run
) -> None:
    """`S7`"""
    await started(telegram, "Alice")
    code = await instance(starts_local=THURSDAY, min_to_run=2, decide_by_itself=True)
    await book(code, alice, via=Via.CARD)
    clock.advance(datetime(2026, 11, 24, 16, 0, tzinfo=UTC) - clock.now())
    assert await warn_of_minimum() == 1
    await run()
    message = telegram.last(telegram.person("Alice").private)
    assert message["text"] == (
        "⏳ Evening flow yoga, Thu 26 Nov, 18:00: 1 more person is needed by tomorrow at 18:00, or it is called off."
    )
    await book(code, bob, via=Via.CARD)
    clock.advance(timedelta(days=1))
    assert await decide_minimum() == 1
    await run()
    message = telegram.last(telegram.person("Alice").private)
    assert message["text"] == ("✅ Evening flow yoga takes place: Thu 26 Nov, 18:00. You can count on it.")


async def test_an_organiser_decides_with_a_tap(
    telegram: Telegram, olga: Any, alice: Any, instance: Make, run: Run
) -> None:
    """`S7`, `S5`: run it, or call it off; only organisers can."""
    await started(telegram, "Olga", "Alice")
    run_it, call_off = [
        await instance(starts_local=THURSDAY, min_to_run=3, title=title) for title in ("A", "B")
    ]
    for code in (run_it, call_off):
        await book(code, alice, via=Via.CARD)
    clock.advance(datetime(2026, 11, 25, 16, 0, tzinfo=UTC) - clock.now())
    assert await warn_of_minimum() == 0
    assert await decide_minimum() == 2
    await run()
    first = telegram.last(telegram.person("Olga").private)
    assert first["text"] == (
        "⏳ A, Thu 26 Nov, 18:00: 1 signed up, and at least 3 are needed. Should it go ahead?"
    )
    assert buttons(first) == [["Go ahead", "Call it off"], ["Open in Emerald"]]
    assert (await telegram.tap("Olga", first, "Go ahead"))["text"].startswith("It goes ahead.")
    assert buttons(telegram.last(telegram.person("Olga").private)) == [["Open in Emerald"]]
    await run(2)
    second = telegram.last(telegram.person("Olga").private)
    done = await telegram.tap("Olga", second, "Call it off")
    assert done["text"] == "Called off. Everyone concerned will be told."
    assert (await event(run_it, olga)).decided_at is not None
    assert (await event(call_off, olga)).state == "CANCELLED"
    await run(2)
    message = telegram.last(telegram.person("Alice").private)
    assert "Too few people: 1 signed up, and at least 3 are needed." in message["text"]


async def test_the_question_is_in_the_readers_language(
    telegram: Telegram, olga: Any, instance: Make, run: Run
) -> None:
    """`M5`"""
    await started(telegram, "Väinö")
    vaino = await register_person(TelegramIdentity(1005, "Väinö", language_code="fi"))
    code = await instance(starts_local=THURSDAY, visibility="link")
    await book(code, vaino, via=Via.CARD)
    await move_instance(code, olga, THURSDAY.replace(hour=11))
    await run()
    message = telegram.last(telegram.person("Väinö").private)
    assert "to 26.11." in message["text"] and "11.00" in message["text"]
