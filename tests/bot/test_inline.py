"""Inline mode: `@bot yoga` in any chat, and the card that comes of it (`C9`)."""

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from backend import db
from backend.bookings.queries.people import attendance
from backend.cards.shared import SHARED_MAX, is_shared_card, share_instance
from backend.events.queries import find_instance
from backend.people.queries import person_of_telegram
from backend.polls.actions import create_poll
from backend.polls.drafts import OptionDraft, PollDraft
from bot import inline
from sandbox.client import SandboxChat
from tests.telegram import Telegram, buttons

Make = Callable[..., Awaitable[str]]
TEA = PollDraft(question="Which tea?", options=(OptionDraft("Chai"), OptionDraft("Mate")))
_ids = itertools.count(920_000_000)


async def offered(
    telegram: Telegram, name: str, query: str = "", chat: SandboxChat | None = None, offset: str = ""
) -> dict[str, Any]:
    person = telegram.person(name)
    return await telegram.during(person.ask_inline, query, chat, offset=offset)


def titles(answer: dict[str, Any]) -> list[str]:
    return [result["title"] for result in answer["results"]]


@pytest.fixture
def padel(telegram: Telegram) -> SandboxChat:
    """A group of Alice's friends, in which the bot is not."""
    return telegram.sandbox.make_chat("Padel", creator="Alice", people=["Charlie"], with_bot=False)


@pytest.fixture
def shared(
    telegram: Telegram, padel: SandboxChat, instance: Make, alice: Any
) -> Callable[..., Awaitable[Any]]:
    """A date that Alice has sent to her friends: its code, and the message."""

    async def send(**fields: Any) -> tuple[str, dict[str, Any]]:
        code = await instance(**fields)
        telegram.sandbox.advance(60)  # what was answered before is not answered again without the bot
        answer = await offered(telegram, "Alice", "yoga", padel)
        await telegram.during(telegram.person("Alice").choose, answer, f"e_{code}", padel)
        return code, sent_in(padel)

    return send


def sent_in(chat: SandboxChat) -> dict[str, Any]:
    return [message for message in chat.messages() if message["via_bot"]][-1]


async def test_offers_dates_and_polls_by_their_words(
    telegram: Telegram, olga: Any, account: Any, series: Any, alice: Any, noon: Any
) -> None:
    await series()
    await series(title="Sauna", emoji="🧖", group_id=None)
    await create_poll(olga, account.id, TEA)
    every = ["🧘 Evening flow yoga", "🧖 Sauna", "📊 Which tea?"]
    assert titles(await offered(telegram, "Alice")) == every
    assert titles(await offered(telegram, "Alice", "evning")) == every[:1]
    assert titles(await offered(telegram, "Alice", "TEA")) == every[2:]
    assert titles(await offered(telegram, "Alice", "thursday")) == every[:2]
    [first, *_] = (await offered(telegram, "Alice"))["results"]
    assert first["description"] == "Thu 26 Nov, 18:00–19:15 · Kallio Yoga"


async def test_what_is_called_so_comes_before_what_only_its_club_is(
    telegram: Telegram, series: Any, alice: Any, noon: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The club is Kallio Yoga: its sauna is found by "yoga" too, behind the yoga of later days. Pages follow that order."""
    start = (noon + timedelta(days=2)).replace(tzinfo=None)
    await series(title="Sauna", emoji="🧖", starts_local=start)
    await series(title="Evening flow yoga")
    await series(title="Quiz", place="Yoga hall", emoji="🧘", starts_local=start + timedelta(days=4))
    expected = ["🧘 Evening flow yoga", "🧘 Quiz", "🧖 Sauna"]
    assert titles(await offered(telegram, "Alice", "yoga")) == expected
    assert titles(await offered(telegram, "Alice"))[0] == "🧖 Sauna", "without words the soonest comes first"
    monkeypatch.setattr(inline, "PAGE", 2)
    telegram.sandbox.advance(60)  # what was answered before is not answered again without the bot
    first = await offered(telegram, "Alice", "yoga")
    second = await offered(telegram, "Alice", "yoga", offset=first["next_offset"])
    assert titles(first) + titles(second) == expected


async def test_answers_are_personal_and_kept_a_moment(
    telegram: Telegram, instance: Make, alice: Any, noon: Any
) -> None:
    await instance()
    await offered(telegram, "Alice")
    [call] = telegram.calls("answerInlineQuery")
    assert call["params"]["is_personal"] == "true" and 0 < int(call["params"]["cache_time"]) <= 30


async def test_offers_only_what_the_person_may_see(
    telegram: Telegram, series: Any, alice: Any, bob: Any, account: Any
) -> None:
    """`A5`: Bob is a member, and not in the group of this series."""
    await series()
    await db.execute("UPDATE group_members SET present = false WHERE user_id = $1", bob.id)
    assert titles(await offered(telegram, "Alice", "yoga")) == ["🧘 Evening flow yoga"]
    answer = await offered(telegram, "Bob", "yoga")
    assert titles(answer) == []
    assert answer["button"] == {"text": "Nothing found. See all events", "start_parameter": "events"}


async def test_who_is_unknown_is_led_to_start_and_not_recorded(telegram: Telegram, instance: Make) -> None:
    await instance(visibility="link")
    answer = await offered(telegram, "Mikko", "yoga")
    assert titles(answer) == []
    assert answer["button"]["start_parameter"] == "inline"
    assert await person_of_telegram(1007) is None
    welcome = await telegram.start("Mikko", "inline")
    assert welcome["text"]


async def test_pages_by_offset(
    telegram: Telegram, series: Any, alice: Any, monkeypatch: Any, noon: Any
) -> None:
    monkeypatch.setattr("bot.inline.PAGE", 3)
    await series(rule="FREQ=DAILY;COUNT=7")
    first = await offered(telegram, "Alice")
    second = await offered(telegram, "Alice", offset=first["next_offset"])
    third = await offered(telegram, "Alice", offset=second["next_offset"])
    ids = [[result["id"] for result in page["results"]] for page in (first, second, third)]
    assert [len(page) for page in ids] == [3, 3, 1] and len({*ids[0], *ids[1], *ids[2]}) == 7
    assert third["next_offset"] == ""


@pytest.mark.parametrize("offset", ["-1", "٣", "1e9", "9999999999", "x", "3.0", "1000", "999"])
async def test_an_odd_offset_is_the_first_or_an_empty_page(
    telegram: Telegram, instance: Make, alice: Any, offset: str
) -> None:
    await instance()
    answer = await offered(telegram, "Alice", offset=offset)
    assert len(answer["results"]) == (0 if offset == "999" else 1) and answer["next_offset"] == ""


@pytest.mark.parametrize(
    "query", ["x" * 256, "\u202eyoga", "%", "(((", "[a-", "yoga " * 51, "\x00", "🧘", "+1", "/start", "'; --"]
)
async def test_any_words_are_only_words(telegram: Telegram, instance: Make, alice: Any, query: str) -> None:
    await instance()
    assert (await offered(telegram, "Alice", query))["results"] is not None


async def test_what_is_sent_says_what_and_when_and_has_no_numbers(
    telegram: Telegram, shared: Any, noon: Any
) -> None:
    """It stays like this when Telegram does not say that it was sent; a date of a group does not say where."""
    telegram.sandbox.inline_mode(feedback=False)
    _, message = await shared()
    assert message["text"] == "🧘 Evening flow yoga\n\n🗓 Thu 26 Nov, 18:00–19:15\n\n👥 Kallio Yoga"
    assert buttons(message) == [["Open in Emerald ↗"]]
    assert await db.value("SELECT count(*) FROM shared_cards") == 0
    _, message = await shared(visibility="link", title="Open yoga")
    assert "📍 Kallion kulttuuritalo" in message["text"]


async def test_what_is_chosen_becomes_a_card(telegram: Telegram, shared: Any) -> None:
    code, _ = await shared()
    inline_id = await db.value("SELECT inline_message_id FROM shared_cards")
    assert await is_shared_card(inline_id, code)
    assert not await is_shared_card(inline_id, "x" * 10) and not await is_shared_card("", code)


async def test_what_the_person_may_not_see_becomes_no_card(
    telegram: Telegram, instance: Make, alice: Any, charlie: Any
) -> None:
    """A forged feedback, or one that comes when they have left."""
    code = await instance()
    for result in (f"e_{code}", f"p_{code}", code, "", "e_", "e_\x00", f"x_{code}", "e_" + "y" * 70):
        user = {"id": 1004, "is_bot": False, "first_name": "Charlie"}
        chosen = {"result_id": result, "from": user, "query": "", "inline_message_id": f"id-{result[:3]}"}
        update = {"update_id": next(_ids), "chosen_inline_result": chosen}
        await telegram.dispatcher.feed_raw_update(telegram.bot, update)
    assert await db.value("SELECT count(*) FROM shared_cards") == 0


async def test_cards_of_one_date_are_bounded_with_many_at_once(instance: Make) -> None:
    where = await find_instance(await instance())
    made = await asyncio.gather(*(share_instance(where, f"message-{n}") for n in range(SHARED_MAX + 20)))
    assert sum(made) == SHARED_MAX == await db.value("SELECT count(*) FROM shared_cards")
    assert not await share_instance(where, "x" * 300)


async def test_taps_on_a_shared_card_act_and_are_answered(
    telegram: Telegram, shared: Any, run: Any, padel: SandboxChat
) -> None:
    """By friends too, where a link is enough (`A10`); the message has no chat that the bot knows."""
    code, _ = await shared(visibility="link", capacity=3)
    await run()
    card = sent_in(padel)
    assert buttons(card) == [["Join", "+1"], ["Open in Emerald ↗"]]
    assert (await telegram.tap("Charlie", card, "Join"))["text"].startswith("You’re in.")
    assert (await telegram.tap("Alice", card, "+1"))["text"].startswith("You’re in, with 1 guest.")
    await run(3)
    card = sent_in(padel)
    assert "Full · 3 of 3" in card["text"]
    for name in ("Charlie", "Alice"):
        assert name not in card["text"]
    assert (await telegram.tap("Charlie", card, "Leave"))["text"].startswith("You’ve left")
    found = await attendance((await find_instance(code)).id)
    assert {one.first_name: one.seats for one in found} == {"Alice": 2, "Charlie": 0}


async def test_a_stranger_cannot_join_what_is_for_a_group(
    telegram: Telegram, shared: Any, run: Any, padel: SandboxChat
) -> None:
    code, _ = await shared()
    await run()
    answer = await telegram.tap("Charlie", sent_in(padel), "Join")
    assert answer["text"] == "This is for members of Kallio Yoga. Ask an organiser for an invite."
    assert await attendance((await find_instance(code)).id) == []


async def test_a_shared_poll_takes_votes_of_members_alone(
    telegram: Telegram, olga: Any, account: Any, alice: Any, run: Any, padel: SandboxChat
) -> None:
    await create_poll(olga, account.id, TEA)
    answer = await offered(telegram, "Alice", "tea", padel)
    await telegram.during(telegram.person("Alice").choose, answer, answer["results"][0]["id"], padel)
    message = sent_in(padel)
    assert message["text"] == "📊 Which tea?\n\n· Chai\n· Mate\n\n👥 Kallio Yoga"
    await run()
    card = sent_in(padel)
    assert (await telegram.tap("Alice", card, "Chai"))["text"].startswith("Your vote: Chai.")
    refused = await telegram.tap("Charlie", card, "Mate")
    assert refused["text"].startswith("This is for members of Kallio Yoga.")
    await run(3)
    card = sent_in(padel)
    assert "1 of" in card["text"] and "Alice" not in card["text"]


async def test_in_the_private_chat_it_is_no_command(telegram: Telegram, instance: Make, alice: Any) -> None:
    """Alice sends a date to the bot itself: nothing is asked of it."""
    code = await instance()
    answer = await offered(telegram, "Alice")
    before = len(telegram.calls("sendMessage"))
    await telegram.during(telegram.person("Alice").choose, answer, f"e_{code}")
    assert len(telegram.calls("sendMessage")) == before


async def test_somebody_who_types_for_ever_is_answered_no_more(
    telegram: Telegram, instance: Make, alice: Any, monkeypatch: Any
) -> None:
    """`X7`; and what they tap or write is answered all the same."""
    await instance()
    monkeypatch.setattr(
        "backend.people.rate_limits.RateLimit.INLINE_QUERIES._value_",
        (2, timedelta(minutes=1)),
    )
    for n in range(5):
        user = {"id": 1002, "is_bot": False, "first_name": "Alice"}
        query = {"id": str(n), "from": user, "query": "", "offset": ""}
        update = {"update_id": next(_ids), "inline_query": query}
        await telegram.dispatcher.feed_raw_update(telegram.bot, update)
    assert len(telegram.calls("answerInlineQuery")) == 2
    assert "Evening flow yoga" in (await telegram.say("Alice", "/events"))["text"]


@pytest.mark.parametrize("person", [{"is_bot": True}, {}])
async def test_odd_queries_raise_nothing(telegram: Telegram, instance: Make, person: dict[str, Any]) -> None:
    await instance()
    user = {"id": 990_001, "is_bot": False, "first_name": "\u200b"} | person
    for query in ({"query": "", "offset": ""}, {"query": "yoga", "offset": "7", "chat_type": "channel"}):
        body = {"id": "1", "from": user, **query}
        update = {"update_id": next(_ids), "inline_query": body}
        await telegram.dispatcher.feed_raw_update(telegram.bot, update)
    chosen = {"result_id": "e_x", "from": user, "query": ""}
    await telegram.dispatcher.feed_raw_update(
        telegram.bot, {"update_id": next(_ids), "chosen_inline_result": chosen}
    )


def test_the_prefixes_of_results_are_those_of_links() -> None:
    from bot.handlers import events, polls

    assert (inline.EVENT_PREFIX, inline.POLL_PREFIX) == (events.START_PREFIX, polls.START_PREFIX)
