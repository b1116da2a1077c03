"""Cards in a group through the sandbox: posted once, kept true, and lost where somebody sees it (`C1`,
`C2`, `C6`)."""

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from backend import db
from backend.bookings.actions import book, leave
from backend.cards.actions import announce_due, post_card, post_poll_card
from backend.cards.queries import CardView, cards_of, lost_cards
from backend.events.cancel import cancel_instance
from backend.events.queries import find_instance
from backend.groups.queries import group_of_chat
from backend.linking.actions import link_group
from backend.polls.actions import create_poll
from backend.polls.closing import close_poll
from backend.polls.drafts import OptionDraft, PollDraft
from backend.seats.requests import Via
from bot.delivery.rate_limit import GROUP
from bot.delivery.sender import Sender
from tests.conftest import are_in_group
from tests.telegram import Telegram, buttons

Run = Callable[..., Awaitable[int]]
Posted = Callable[..., Awaitable[tuple[str, dict[str, Any]]]]
Make = Callable[..., Awaitable[str]]


async def card_of(code: str) -> CardView:
    [card] = await cards_of(instance_id=(await find_instance(code)).id)
    return card


async def test_shows_who_joined(telegram: Telegram, run: Run, posted: Posted) -> None:
    """`C2`, `C3`: Alice taps Join; the toast answers at once, the card is edited a moment later."""
    code, card = await posted(capacity=2)
    assert "Evening flow yoga" in card["text"] and "2 free · 0 of 2" in card["text"]
    assert buttons(card) == [["Join", "+1"], ["Open in Emerald ↗"]]

    answer = await telegram.tap("Alice", card, "Join")
    assert answer["text"].startswith("You’re in. See you") and not answer["show_alert"]
    await run(3)
    card = telegram.last(telegram.chat())
    assert "1 free · 1 of 2" in card["text"] and "Alice" in card["text"]
    assert card["edits"] == 1
    kept = await card_of(code)
    assert kept.state == "live" and kept.link.endswith(f"/{card['id']}")


async def test_many_taps_are_one_edit(
    telegram: Telegram, alice: Any, bob: Any, aino: Any, run: Run, posted: Posted
) -> None:
    """`C2`: the newest state wins, and no card is edited twice within three seconds."""
    code, _ = await posted()
    for person in (alice, bob, aino):
        await book(code, person, via=Via.MINIAPP)
    await run(3)
    await leave(code, bob, via=Via.MINIAPP)
    await run(2.9)
    card = telegram.last(telegram.chat())
    assert card["edits"] == 1 and "Alice, Bob, Aino" in card["text"]
    await run(0.1)
    card = telegram.last(telegram.chat())
    assert card["edits"] == 2 and "Alice, Aino" in card["text"] and "Bob" not in card["text"]


async def test_nothing_is_sent_when_nothing_changed(
    telegram: Telegram, alice: Any, run: Run, posted: Posted
) -> None:
    """`C2`: joined and left again before the card was rendered."""
    code, _ = await posted()
    await book(code, alice, via=Via.MINIAPP)
    await leave(code, alice, via=Via.MINIAPP)
    assert await run(3) == 1
    assert telegram.calls("editMessageText") == []
    assert await run(3) == 0


async def test_an_edit_that_telegram_calls_not_modified_is_done(
    telegram: Telegram, run: Run, posted: Posted
) -> None:
    """The answer to the same edit was lost before."""
    await posted()
    await db.execute("UPDATE cards SET digest = 'forgotten', shown_version = 0")
    await run(3)
    [call] = telegram.calls("editMessageText")
    assert "not modified" in call["error"]["description"]
    assert await run(3) == 0


async def test_is_announced_once_by_two_workers(
    telegram: Telegram, instance: Make, run: Run, sender: Sender
) -> None:
    """`C1`: the second sender has no lease, and the second job finds a card."""
    await instance(announce_before_minutes=4 * 24 * 60)
    assert (await announce_due(), await announce_due()) == (1, 0)
    await run()
    other = Sender(telegram.sending)
    assert await other.step() == 0
    assert len(telegram.calls("sendMessage")) == 1


async def test_goes_to_its_topic(
    telegram: Telegram, olga: Any, account: Any, instance: Make, run: Run
) -> None:
    """A forum's topic, and the General one by leaving the id out (`C4`)."""
    runners = telegram.chat("Sunday Runners")
    group = await link_group(olga, account.id, chat_id=runners.id, title="Sunday Runners", forum=True)
    for topic_id in (2, 1, None):
        await post_card(olga, await instance(group_id=group.id, topic_id=topic_id))
    for _ in range(3):
        await run()
    threads = [m["thread_id"] for m in runners.messages() if m["from"]["is_bot"]]
    assert sorted(threads, key=str) == [2, None, None]


async def test_a_deleted_card_is_lost(
    telegram: Telegram, alice: Any, account: Any, run: Run, posted: Posted
) -> None:
    """`C6`"""
    code, card = await posted()
    telegram.chat().delete(card["id"])
    await book(code, alice, via=Via.MINIAPP)
    await run(3)
    [lost] = await lost_cards(account.id)
    assert "message to edit not found" in lost.error and lost.trouble == "deleted"
    await run(3)
    assert len(telegram.calls("editMessageText")) == 1


@pytest.mark.parametrize(("standing", "health"), [("muted", "muted"), ("kicked", "removed")])
async def test_a_group_that_mutes_the_bot_is_recorded(
    telegram: Telegram, alice: Any, account: Any, run: Run, posted: Posted, standing: str, health: str
) -> None:
    """`A6`, `C6`: by the edit that fails, even if no update came."""
    code, _ = await posted()
    telegram.chat().bot(standing)
    await book(code, alice, via=Via.MINIAPP)
    await run(3)
    group = await group_of_chat(account.chat_id)
    assert group is not None and group.health == health
    assert (await card_of(code)).state == "lost"


async def test_a_card_that_may_have_been_posted_is_not_posted_again(
    telegram: Telegram, olga: Any, account: Any, instance: Make, run: Run
) -> None:
    """`C1`: it was, but the answer was lost on its way."""
    telegram.sandbox.fault(method="sendMessage", drop_after_apply=True)
    await post_card(olga, await instance())
    await run()
    await run(60)
    assert len([m for m in telegram.chat().messages() if m["from"]["is_bot"]]) == 1
    [lost] = await lost_cards(account.id)
    assert lost.error.startswith("may have been posted")


async def test_a_card_that_telegram_refuses_for_now_is_posted_later(
    telegram: Telegram, olga: Any, instance: Make, run: Run
) -> None:
    telegram.sandbox.fault(method="sendMessage", error_code=429, retry_after=7)
    code = await instance()
    await post_card(olga, code)
    await run()
    assert await run(6.9) == 0
    assert await run(0.1) == 1
    assert (await card_of(code)).state == "live"


async def test_an_edit_that_failed_is_made_later(
    telegram: Telegram, alice: Any, run: Run, posted: Posted
) -> None:
    """`C2`: under load an edit may lag, it is never lost."""
    code, _ = await posted()
    telegram.sandbox.fault(method="editMessageText", error_code=502, description="Bad Gateway")
    telegram.sandbox.fault(method="editMessageText", error_code=429, retry_after=20)
    await book(code, alice, via=Via.MINIAPP)
    await run(3)
    await run(3)
    assert await run(19.9) == 0
    await run(0.1)
    assert "Alice" in telegram.last(telegram.chat())["text"]


async def test_a_minute_of_a_group_has_its_limit(
    telegram: Telegram, olga: Any, alice: Any, instance: Make, run: Run
) -> None:
    """`M2`, `C2`: many cards in one group share its minute, and none is forgotten."""
    most = GROUP[0]
    codes = [await instance(title=f"Lesson {n}") for n in range(most + 2)]
    for code in codes:
        await post_card(olga, code)
    for _ in range(3):
        await run(1)
    assert len(telegram.calls("sendMessage")) == most
    assert await run(30) == 0
    for _ in range(3):
        await run(15)
    assert len(telegram.calls("sendMessage")) == most + 2


async def test_an_upgraded_group_keeps_getting_cards(
    telegram: Telegram, olga: Any, alice: Any, account: Any, instance: Make, run: Run
) -> None:
    """`A6`: the id changes; what was posted in the old chat is lost, what is due goes to the new one."""
    basic = telegram.sandbox.make_chat("Padel", type="group", creator="Olga", with_bot=True)
    group = await link_group(olga, account.id, chat_id=basic.id, title="Padel")
    before, after = (await instance(group_id=group.id), await instance(group_id=group.id))
    await post_card(olga, before)
    await run()
    grown = basic.upgrade()
    await post_card(olga, after)
    await run(3)
    await run(3)
    assert "Evening flow yoga" in telegram.last(grown)["text"]
    assert (await card_of(before)).state == "lost"
    assert (await card_of(after)).state == "live"


async def test_a_cancelled_instance_loses_its_buttons(
    telegram: Telegram, olga: Any, run: Run, posted: Posted
) -> None:
    """`S5`"""
    code, _ = await posted(rule="FREQ=WEEKLY")
    await cancel_instance(code, olga, "A <pipe> burst")
    await run(3)
    card = telegram.last(telegram.chat())
    assert "Cancelled by Olga: “A <pipe> burst”" in card["text"]
    assert "Next: " in card["text"]
    [[button]] = buttons(card)
    assert button.startswith("See ")


async def test_time_alone_closes_and_ends_a_card(telegram: Telegram, run: Run, posted: Posted) -> None:
    """Nobody taps, yet the card says what is true: open, closed, ended."""
    await posted(closes_before_minutes=60)
    await run((3 * 24 + 3) * 3600)
    assert "Closed · 0 of 12 coming." in telegram.last(telegram.chat())["text"]
    await run(3 * 3600)
    assert "Ended" in telegram.last(telegram.chat())["text"]


async def test_a_vote_is_counted_on_the_card(telegram: Telegram, olga: Any, account: Any, run: Run) -> None:
    """`P3`: tapped in the group, shown there, and taken back by a second tap."""
    options = (OptionDraft("Karjalanpaisti", 1), OptionDraft("Vegan ramen"))
    code = await create_poll(
        olga, account.id, PollDraft(question="Dinner?", options=options, group_id=account.group_id)
    )
    await post_poll_card(olga, code)
    await run()
    card = telegram.last(telegram.chat())
    assert buttons(card) == [["Karjalanpaisti · 0"], ["Vegan ramen · 0"], ["Open in Emerald ↗"]]
    voted = await telegram.tap("Alice", card, "Karjalanpaisti")
    assert "Karjalanpaisti" in voted["text"] and not voted["show_alert"]
    full = await telegram.tap("Bob", card, "Karjalanpaisti")
    assert full["show_alert"]
    await run(3)
    card = telegram.last(telegram.chat())
    assert "1 · Karjalanpaisti (no place left)" in card["text"]
    await telegram.tap("Alice", card, "Karjalanpaisti")
    await close_poll(code, olga)
    await run(3)
    card = telegram.last(telegram.chat())
    assert "Closed" in card["text"] and buttons(card) == [["Open in Emerald ↗"]]


async def test_all_live_cards_of_an_instance_follow(
    telegram: Telegram, olga: Any, alice: Any, account: Any, instance: Make, run: Run
) -> None:
    """`C2`: posted twice in one group and once in a topic of another; each shows the newest state."""
    runners = telegram.chat("Sunday Runners")
    group = await link_group(olga, account.id, chat_id=runners.id, title="Sunday Runners", forum=True)
    code = await instance()
    for place in ((account.group_id, None), (account.group_id, None), (group.id, 2)):
        await db.execute("UPDATE event_series SET group_id = $1, topic_id = $2", *place)
        await post_card(olga, code)
        await run(1)
    await are_in_group(group.id, alice)
    await book(code, alice, via=Via.MINIAPP)
    await run(3)
    rooms = (telegram.chat(), telegram.chat(), runners)
    shown = [m for room in {r.id: r for r in rooms}.values() for m in room.messages()]
    cards = [m for m in shown if m["from"]["is_bot"]]
    assert len(cards) == 3 and all("Alice" in card["text"] for card in cards)
    assert len(telegram.calls("editMessageText")) == 3


async def test_a_busy_evening_stays_within_telegram_s_limits_and_loses_nothing(
    telegram: Telegram, olga: Any, crowd: Any, instance: Make, run: Run
) -> None:
    """`C2`, `M2`: thirty cards of one group change all the time, with Telegram's own limits switched on.
    None is refused, none is edited twice within three seconds, each has its turn, and in the end each
    shows the truth."""
    telegram.sandbox.flood(True)

    async def pass_time(seconds: float) -> None:
        telegram.sandbox.advance(seconds)
        await run(seconds)

    codes = [await instance(title=f"Lesson {n:02}", capacity=None) for n in range(30)]
    for code in codes:
        await post_card(olga, code)
    for _ in range(12):
        await pass_time(15)
    first, *others = await crowd(25)
    for person in others:
        for code in codes:
            await book(code, person, via=Via.MINIAPP)
        await pass_time(15)
    cards = [m for m in telegram.chat().messages() if m["from"]["is_bot"]]
    assert len(cards) == 30 and min(card["edits"] for card in cards) >= 2, "each has its turn"
    for code in codes:
        await book(code, first, via=Via.MINIAPP)
    for _ in range(10):
        await pass_time(15)
    cards = [m for m in telegram.chat().messages() if m["from"]["is_bot"]]
    assert all("25 coming" in card["text"] for card in cards), "nothing is lost"
    assert telegram.sandbox.counters()["flood_refused"] == 0
    for card in cards:
        moments = [version["at"] for version in card["history"]]
        assert all(b - a >= 3 for a, b in itertools.pairwise(moments))
    assert await run(30) == 0


async def test_one_card_that_changes_all_the_time_is_edited_every_three_seconds(
    telegram: Telegram, crowd: Any, run: Run, posted: Posted
) -> None:
    """`C2`: at most; and its last edit shows the last state."""
    code, _ = await posted(capacity=None)
    for person in await crowd(12):
        await book(code, person, via=Via.MINIAPP)
        await run(1)
    await run(3)
    card = telegram.last(telegram.chat())
    assert card["edits"] == 4 and "12 coming" in card["text"]


async def test_five_hundred_people_with_the_longest_names_fit(
    telegram: Telegram, olga: Any, account: Any, crowd: Any, instance: Make, run: Run
) -> None:
    """`C4`: 4096 characters as Telegram counts them, after reading the markup; the rest is a link to the
    app."""
    nasty = '<b>&amp;🧘"</tg-time>'
    code = await instance(
        title=(nasty * 12)[:120],
        place=(nasty * 16)[:160],
        capacity=500,
        map_url="https://x.fi/?a=1&b=2",
    )
    people = await crowd(500)
    await db.execute("UPDATE telegram_users SET first_name = $1", (nasty * 5)[:60])
    for start in range(0, 500, 50):
        await asyncio.gather(*(book(code, p, via=Via.CARD) for p in people[start : start + 50]))
    await post_card(olga, code)
    await run()
    message = telegram.last(telegram.chat())
    assert (await card_of(code)).state == "live"
    assert message["text"].endswith(" and 493 more")
    assert nasty in message["text"].replace("\u2060", "")
    assert len(message["text"]) <= 4096
    [more] = [e for e in message["entities"] if e.get("url", "").endswith(f"startapp=e_{code}")]
    assert message["text"].encode("utf-16-le")[2 * more["offset"] :].decode("utf-16-le") == "493 more"
    await cancel_instance(code, olga, (nasty * 20)[:300])
    await run(3)
    assert "Cancelled" in telegram.last(telegram.chat())["text"]
