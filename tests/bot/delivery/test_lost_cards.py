"""Cards whose group or topic changes, and the messages that organisers get about them (`A6`, `C6`)."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from backend import clock, db
from backend.accounts.actions import create_own_account
from backend.bookings.actions import book
from backend.cards.actions import announce_due, post_card, post_poll_card
from backend.cards.queries import CardView, cards_of, lost_cards
from backend.events.queries import find_instance
from backend.groups.queries import group, group_of_chat, groups
from backend.linking.actions import link_group, unlink_group
from backend.personal.actions import erase, finish_erasures
from backend.polls.actions import create_poll, vote
from backend.polls.drafts import OptionDraft, PollDraft
from backend.polls.queries import poll
from backend.seats.requests import Via
from tests.conftest import are_in_group
from tests.telegram import Telegram, buttons

Run = Callable[..., Awaitable[int]]
Posted = Callable[..., Awaitable[tuple[str, dict[str, Any]]]]
Make = Callable[..., Awaitable[str]]
QUESTION = PollDraft(question="Where?", options=(OptionDraft("Kallio"), OptionDraft("Töölö")))


async def card_of(code: str) -> CardView:
    """The newest card of a date."""
    return (await cards_of(instance_id=(await find_instance(code)).id))[0]


async def health(account: Any) -> str:
    found = await group(account.group_id)
    assert found is not None
    return found.health


def messages_about_cards(telegram: Telegram, who: str = "Olga") -> list[dict[str, Any]]:
    """What the bot wrote to somebody about cards."""
    return [m for m in telegram.person(who).private.messages() if "card of" in m["text"]]


def cards_in(room: Any) -> list[dict[str, Any]]:
    return [m for m in room.messages() if m["from"]["is_bot"]]


@pytest.fixture
async def runners(telegram: Telegram, olga: Any, account: Any) -> Any:
    """Sunday Runners, a forum, linked to the club as well."""
    room = telegram.chat("Sunday Runners")
    await link_group(olga, account.id, chat_id=room.id, title="Sunday Runners", forum=True)
    return room


async def test_organisers_post_a_deleted_card_again_by_a_tap(
    telegram: Telegram, alice: Any, account: Any, run: Run, posted: Posted
) -> None:
    """`C6`: once, with a button; the new card is the one that follows from then on."""
    await telegram.start("Olga")
    code, card = await posted()
    telegram.chat().delete(card["id"])
    await book(code, alice, via=Via.MINIAPP)
    for _ in range(3):
        await run(3)
    [message] = messages_about_cards(telegram)
    assert message["text"] == (
        "📌 The card of Evening flow yoga is gone from Kallio Yoga: somebody deleted it. You can post it again."
    )
    assert buttons(message) == [["Post it again"]]

    answer = await telegram.tap("Olga", message, "Post it again")
    assert answer["text"] == "The card is on its way to the group." and not answer["show_alert"]
    assert messages_about_cards(telegram)[0]["buttons"] == []
    await run(3)
    again = telegram.last(telegram.chat())
    assert again["id"] > card["id"] and "Alice" in again["text"]
    assert await lost_cards(account.id) == [] and len(messages_about_cards(telegram)) == 1


async def test_two_organisers_who_tap_post_one_card(
    telegram: Telegram, alice: Any, bob: Any, run: Run, posted: Posted
) -> None:
    """`C1`: Bob organises too; the second to tap reads that it is done."""
    async with db.transaction():
        await db.execute("UPDATE memberships SET role = 'ADMIN' WHERE user_id = $1", bob.id)
    await telegram.start("Olga")
    await telegram.start("Bob")
    code, card = await posted()
    telegram.chat().delete(card["id"])
    await book(code, alice, via=Via.MINIAPP)
    for _ in range(3):
        await run(3)
    assert [len(messages_about_cards(telegram, who)) for who in ("Olga", "Bob", "Alice")] == [1, 1, 0]
    await telegram.tap("Olga", messages_about_cards(telegram)[0], "Post it again")
    second = await telegram.tap("Bob", messages_about_cards(telegram, "Bob")[0], "Post it again")
    assert second["text"] == "That is already done: nothing is missing there."
    await run(3)
    await run(3)
    assert len(cards_in(telegram.chat())) == 1


async def test_a_former_organiser_posts_nothing(
    telegram: Telegram, olga: Any, alice: Any, account: Any, run: Run, posted: Posted
) -> None:
    """`X4`: having the button is no permission."""
    await telegram.start("Olga")
    code, card = await posted()
    telegram.chat().delete(card["id"])
    await book(code, alice, via=Via.MINIAPP)
    await run(3)
    await run(3)
    async with db.transaction():
        await db.execute(
            "UPDATE memberships SET role = 'HELPER' WHERE user_id = $1 AND account_id = $2",
            olga.id,
            account.id,
        )
    answer = await telegram.tap("Olga", messages_about_cards(telegram)[0], "Post it again")
    assert answer["show_alert"]
    assert (await card_of(code)).state == "lost"


async def test_a_muted_group_s_cards_stand_still_and_go_on_by_themselves(
    telegram: Telegram, alice: Any, bob: Any, account: Any, run: Run, posted: Posted
) -> None:
    """`A6`, `C6`: one message for all of them; once the bot may write again, the same messages are edited."""
    await telegram.start("Olga")
    codes = [(await posted(title=f"Lesson {n}"))[0] for n in (1, 2, 3)]
    await telegram.during(telegram.chat().bot, "muted")
    assert await health(account) == "muted"
    assert {card.trouble for card in await lost_cards(account.id)} == {"muted"}
    for code in codes:
        await book(code, alice, via=Via.MINIAPP)
    await run(3)
    [message] = messages_about_cards(telegram)
    assert message["text"] == (
        "🔇 The bot isn’t allowed to write in Kallio Yoga, so the card of Lesson 1 is not updated. Allow it to"
        " send messages, and everything continues. The same goes for 2 more cards there."
    )
    await telegram.during(telegram.chat().bot, "administrator")
    assert await health(account) == "well" and await lost_cards(account.id) == []
    await run(3)
    shown = cards_in(telegram.chat())
    assert len(shown) == 3 and all("Alice" in card["text"] for card in shown)


async def test_a_group_found_muted_by_an_edit_is_one_message_too(
    telegram: Telegram, alice: Any, account: Any, run: Run, posted: Posted
) -> None:
    """No update came; the first refused edit loses all cards there."""
    await telegram.start("Olga")
    codes = [(await posted(title=f"Lesson {n}"))[0] for n in (1, 2, 3)]
    telegram.chat().bot("muted")
    for code in codes:
        await book(code, alice, via=Via.MINIAPP)
    await run(3)
    await run(3)
    assert await health(account) == "muted" and len(await lost_cards(account.id)) == 3
    assert len(messages_about_cards(telegram)) == 1


async def test_an_organiser_who_acted_in_time_gets_no_message(
    telegram: Telegram, account: Any, run: Run, posted: Posted
) -> None:
    """A stale message is not sent (`M4`)."""
    await telegram.start("Olga")
    await posted()
    await telegram.during(telegram.chat().bot, "muted")
    await telegram.during(telegram.chat().bot, "member")
    await run(3)
    assert messages_about_cards(telegram) == []


async def test_a_bot_put_out_and_back_in_goes_on(
    telegram: Telegram, alice: Any, account: Any, run: Run, posted: Posted
) -> None:
    await telegram.start("Olga")
    code, _ = await posted()
    await telegram.during(telegram.chat().bot, "kicked")
    await run(3)
    assert "no longer in Kallio Yoga" in messages_about_cards(telegram)[0]["text"]
    assert await health(account) == "removed" and (await card_of(code)).trouble == "removed"
    await book(code, alice, via=Via.MINIAPP)
    await telegram.during(telegram.chat().bot, "member")
    await run(3)
    [shown] = cards_in(telegram.chat())
    assert "Alice" in shown["text"] and (await card_of(code)).state == "live"


async def test_a_card_refused_by_a_muted_group_is_posted_once_it_may(
    telegram: Telegram, olga: Any, account: Any, instance: Make, run: Run
) -> None:
    """It was never in the chat, so this is no second time (`C1`)."""
    telegram.chat().bot("muted")
    code = await instance()
    await post_card(olga, code)
    await run()
    assert (await card_of(code)).trouble == "muted"
    await telegram.during(telegram.chat().bot, "member")
    await run(3)
    assert (await card_of(code)).state == "live" and len(cards_in(telegram.chat())) == 1


async def test_a_post_that_gets_through_shows_that_the_group_is_well(
    telegram: Telegram, olga: Any, alice: Any, account: Any, run: Run, posted: Posted
) -> None:
    """Telegram sends no update when a chat's rules change; a post by an organiser shows it, and the cards
    go on."""
    code, _ = await posted(title="Lesson 1")
    await telegram.during(telegram.chat().bot, "muted")
    telegram.chat().bot("member")
    async with db.transaction():  # as if no update had come
        await db.execute("DELETE FROM telegram_updates")
    await book(code, alice, via=Via.MINIAPP)
    other, _ = await posted(title="Lesson 2")
    await run(3)
    assert await health(account) == "well"
    assert {(await card_of(each)).state for each in (code, other)} == {"live"}
    assert "Alice" in cards_in(telegram.chat())[0]["text"]


async def test_a_closed_topic_takes_no_card_but_its_cards_still_follow(
    telegram: Telegram, olga: Any, alice: Any, account: Any, runners: Any, instance: Make, run: Run
) -> None:
    """As Telegram does: posting is refused, editing is not. Open again, the refused one is posted."""
    await telegram.start("Olga")
    found = await group_of_chat(runners.id)
    assert found is not None
    there = await instance(title="Short run", group_id=found.id, topic_id=2)
    await post_card(olga, there)
    await run()
    await telegram.during(runners.close_topic, 2)
    await are_in_group(found.id, alice)
    await book(there, alice, via=Via.MINIAPP)
    refused = await instance(title="Long run", group_id=found.id, topic_id=2)
    await post_card(olga, refused)
    await run(3)
    await run(3)
    [card] = cards_in(runners)
    assert "Alice" in card["text"] and (await card_of(there)).state == "live"
    assert (await card_of(refused)).trouble == "topic-closed"
    assert "its topic is closed" in messages_about_cards(telegram)[0]["text"]
    [topic] = [t for g in await groups(account.id) for t in g.topics if t.topic_id == 2]
    assert topic.closed

    await telegram.during(runners.close_topic, 2, closed=False)
    await run(3)
    assert (await card_of(refused)).state == "live"
    assert telegram.last(runners)["thread_id"] == 2 and len(cards_in(runners)) == 2


async def test_a_closed_topic_is_recorded_from_the_refusal_alone(
    telegram: Telegram, olga: Any, account: Any, runners: Any, instance: Make, run: Run
) -> None:
    found = await group_of_chat(runners.id)
    assert found is not None
    runners.close_topic(2)
    await post_card(olga, await instance(group_id=found.id, topic_id=2))
    await run()
    [linked] = [g for g in await groups(account.id) if g.id == found.id]
    assert [(t.topic_id, t.closed) for t in linked.topics] == [(2, True)]


async def test_a_deleted_topic_takes_its_cards_with_it(
    telegram: Telegram, olga: Any, alice: Any, account: Any, runners: Any, instance: Make, run: Run
) -> None:
    """Its messages are gone, and nothing can be posted there; the organiser chooses another place and
    posts again."""
    await telegram.start("Olga")
    found = await group_of_chat(runners.id)
    assert found is not None
    code = await instance(group_id=found.id, topic_id=2)
    await post_card(olga, code)
    await run()
    runners.delete_topic(2)
    await are_in_group(found.id, alice)
    await book(code, alice, via=Via.MINIAPP)
    await run(3)
    assert (await card_of(code)).trouble == "deleted"
    await run(3)
    await telegram.tap("Olga", messages_about_cards(telegram)[0], "Post it again")
    await run(3)
    await run(3)
    assert (await card_of(code)).trouble == "topic-gone"
    assert "its topic is gone" in messages_about_cards(telegram)[1]["text"]
    async with db.transaction():
        await db.execute("UPDATE event_series SET topic_id = 3")
    await telegram.tap("Olga", messages_about_cards(telegram)[1], "Post it again")
    await run(3)
    assert telegram.last(runners)["thread_id"] == 3 and await lost_cards(account.id) == []


async def test_a_renamed_topic_stays_closed(telegram: Telegram, account: Any, runners: Any) -> None:
    await telegram.during(runners.close_topic, 2)
    await telegram.during(runners.rename_topic, 2, "Runs & walks")
    [topic] = [t for g in await groups(account.id) for t in g.topics]
    assert (topic.name, topic.closed) == ("Runs & walks", True)


async def test_a_deleted_chat_is_a_group_that_is_gone(
    telegram: Telegram, alice: Any, account: Any, run: Run, posted: Posted
) -> None:
    """No update comes; the next edit is refused."""
    await telegram.start("Olga")
    code, _ = await posted()
    telegram.chat().destroy()
    await book(code, alice, via=Via.MINIAPP)
    await run(3)
    await run(3)
    card = await card_of(code)
    assert await health(account) == "removed" and card.trouble == "removed"
    assert "the group chat was deleted" in card.error
    assert "no longer in Kallio Yoga" in messages_about_cards(telegram)[0]["text"]


async def test_an_upgraded_group_s_cards_are_posted_again_together(
    telegram: Telegram, olga: Any, account: Any, instance: Make, run: Run
) -> None:
    """`A6`: recorded from the refusal alone; one message is about all cards, one tap posts all in the new
    chat."""
    await telegram.start("Olga")
    basic = telegram.sandbox.make_chat("Padel", type="group", creator="Olga", with_bot=True)
    linked = await link_group(olga, account.id, chat_id=basic.id, title="Padel")
    codes = [await instance(title=f"Padel {n}", group_id=linked.id) for n in (1, 2)]
    for code in codes:
        await post_card(olga, code)
    await run()
    grown = basic.upgrade()
    await book(codes[0], olga, via=Via.MINIAPP)
    await run(3)
    await run(3)
    found = await group(linked.id)
    assert found is not None and found.chat_id == grown.id
    [message] = messages_about_cards(telegram)
    assert "has become a supergroup" in message["text"]
    assert message["text"].endswith("The same goes for 1 more card there.")
    await telegram.tap("Olga", message, "Post it again")
    await run(3)
    assert sorted(card["text"].splitlines()[0] for card in cards_in(grown)) == [
        "🧘 Padel 1",
        "🧘 Padel 2",
    ]
    assert await lost_cards(account.id) == []


async def test_an_upgraded_group_that_was_linked_anew_is_one_group(
    telegram: Telegram, olga: Any, account: Any, instance: Make
) -> None:
    """The new chat was linked before the upgrade was known: series and polls move over."""
    from backend.linking.actions import move_group

    basic = await link_group(olga, account.id, chat_id=-55, title="Padel")
    code = await instance(group_id=basic.id)
    await post_card(olga, code)
    grown = await link_group(olga, account.id, chat_id=-10055, title="Padel")
    await move_group(-55, -10055)
    assert await group(basic.id) is None
    assert await db.value("SELECT group_id FROM event_series") == grown.id
    assert (await card_of(code)).group_id == grown.id


async def test_organisers_post_a_poll_s_card_again_too(
    telegram: Telegram, olga: Any, account: Any, run: Run
) -> None:
    await telegram.start("Olga")
    options = (OptionDraft("Soup"), OptionDraft("Stew"))
    draft = PollDraft(question="Dinner <here>?", options=options, group_id=account.group_id)
    code = await create_poll(olga, account.id, draft)
    await post_poll_card(olga, code)
    await run()
    card = telegram.last(telegram.chat())
    telegram.chat().delete(card["id"])
    await vote(code, olga, [(await poll(code, olga)).options[0].id], via=Via.MINIAPP)
    await run(3)
    await run(3)
    [message] = messages_about_cards(telegram)
    assert "The card of Dinner <here>? is gone" in message["text"]
    await telegram.tap("Olga", message, "Post it again")
    await run(3)
    assert "Dinner <here>?" in telegram.last(telegram.chat())["text"]


async def test_a_lost_card_of_an_ended_instance_is_nobody_s_concern(
    telegram: Telegram, account: Any, run: Run, posted: Posted
) -> None:
    await telegram.start("Olga")
    await posted()
    clock.advance(timedelta(days=5))
    await telegram.during(telegram.chat().bot, "kicked")
    await run(3)
    assert messages_about_cards(telegram) == [] and await lost_cards(account.id) == []


async def test_a_tap_recovers_a_card_that_may_have_been_posted(
    telegram: Telegram, olga: Any, account: Any, instance: Make, run: Run
) -> None:
    """`C1`: Telegram applied the post and its answer was lost. Never posted again by itself, but who taps
    it shows that it is there, and from then on it follows."""
    await telegram.start("Olga")
    telegram.sandbox.fault(method="sendMessage", chat_id=account.chat_id, drop_after_apply=True)
    code = await instance()
    await post_card(olga, code)
    await run()
    await run(3)
    assert (await card_of(code)).trouble == "unknown"
    assert "may not have reached Kallio Yoga" in messages_about_cards(telegram)[0]["text"]
    [card] = cards_in(telegram.chat())
    answer = await telegram.tap("Alice", card, "Join")
    assert answer["text"].startswith("You’re in.")
    known = await card_of(code)
    assert known.state == "live" and known.link.endswith(f"/{card['id']}")
    await run(3)
    [card] = cards_in(telegram.chat())
    assert "Alice" in card["text"] and await lost_cards(account.id) == []
    again = await telegram.tap("Olga", messages_about_cards(telegram)[0], "Post it again")
    assert again["text"] == "That is already done: nothing is missing there."


async def test_a_tap_recovers_a_poll_s_card_too(
    telegram: Telegram, olga: Any, account: Any, run: Run
) -> None:
    telegram.sandbox.fault(method="sendMessage", chat_id=account.chat_id, drop_after_apply=True)
    options = (OptionDraft("Soup"), OptionDraft("Stew"))
    draft = PollDraft(question="Dinner?", options=options, group_id=account.group_id)
    await post_poll_card(olga, await create_poll(olga, account.id, draft))
    await run()
    assert [card.trouble for card in await lost_cards(account.id)] == ["unknown"]
    await telegram.tap("Alice", telegram.last(telegram.chat()), "Soup")
    await run(3)
    assert "1 of " in telegram.last(telegram.chat())["text"] and await lost_cards(account.id) == []


def shown(telegram: Telegram, message: dict[str, Any]) -> dict[str, Any]:
    """A message of the group as it looks now."""
    [found] = [each for each in telegram.chat().messages() if each["id"] == message["id"]]
    return found


async def test_cards_of_an_unlinked_group_lose_their_buttons_until_it_is_linked_again(
    telegram: Telegram, olga: Any, alice: Any, bob: Any, account: Any, run: Run, posted: Posted
) -> None:
    """`A6`: they stay as they are meanwhile, and then follow what changed."""
    code, card = await posted()
    question = replace(QUESTION, group_id=account.group_id)
    await post_poll_card(olga, await create_poll(olga, account.id, question))
    await run(3)
    poll_card = telegram.last(telegram.chat())
    assert buttons(card)[0] == ["Join", "+1"] and poll_card["buttons"]

    await unlink_group(olga, account.id, account.group_id)
    await run(3)
    assert shown(telegram, card)["buttons"] == shown(telegram, poll_card)["buttons"] == []
    await book(code, alice, via=Via.MINIAPP)
    calls = len(telegram.calls("editMessageText"))
    for _ in range(3):
        await run(60)
    assert len(telegram.calls("editMessageText")) == calls
    assert "Alice" not in shown(telegram, card)["text"]

    await link_group(olga, account.id, chat_id=account.chat_id, title="Kallio Yoga")
    await run(3)
    again = shown(telegram, card)
    assert buttons(again)[0] == ["Join", "+1", "Leave"] and "Alice" in again["text"]
    assert shown(telegram, poll_card)["buttons"]
    await telegram.tap("Bob", again, "Join")
    await run(3)
    assert "Bob" in shown(telegram, card)["text"]
    assert len(cards_in(telegram.chat())) == 2


async def test_a_card_that_was_lost_for_good_does_not_come_back(
    telegram: Telegram, olga: Any, account: Any, run: Run, posted: Posted, alice: Any
) -> None:
    """A deleted one; and another club that links the chat gets none of the first one's cards."""
    code, card = await posted()
    telegram.chat().delete(card["id"])
    await book(code, alice, via=Via.MINIAPP)
    await run(3)
    other_code, other = await posted(title="Pilates")
    await unlink_group(olga, account.id, account.group_id)
    await run(3)
    assert [row["state"] for row in await db.rows("SELECT state FROM cards")] == ["unlinked"]
    other_account = await create_own_account(alice, "Chess")
    await link_group(alice, other_account, chat_id=account.chat_id, title="Kallio Yoga")
    await run(3)
    assert shown(telegram, other)["buttons"] == []
    assert await cards_of(instance_id=(await find_instance(other_code)).id) == []


async def test_a_series_that_moves_to_another_group_is_announced_there(
    telegram: Telegram, olga: Any, account: Any, run: Run, posted: Posted, runners: Any
) -> None:
    """`C1`: a card without buttons in a chat that is not the club's announces nothing."""
    await posted()
    await unlink_group(olga, account.id, account.group_id)
    where = await group_of_chat(runners.id)
    assert where is not None
    async with db.transaction():
        await db.execute("UPDATE event_series SET group_id = $1", where.id)
    assert await announce_due() == 0  # not yet its time
    clock.advance(timedelta(days=2))
    assert await announce_due() == 1
    await run(3)
    assert "Join" in buttons(telegram.last(runners))[0]


async def test_buttons_that_cannot_be_taken_away_trouble_nobody(
    telegram: Telegram, olga: Any, account: Any, run: Run, posted: Posted
) -> None:
    """The bot is not in the group any more: it tries once, and no organiser is told."""
    await telegram.start("Olga")
    await posted()
    telegram.chat().bot("kicked")
    await unlink_group(olga, account.id, account.group_id)
    calls = len(telegram.calls("editMessageText"))
    for _ in range(4):
        await run(60)
    assert len(telegram.calls("editMessageText")) == calls + 1
    assert messages_about_cards(telegram) == []


async def test_the_name_of_who_was_erased_leaves_a_card_of_an_unlinked_group(
    telegram: Telegram, olga: Any, alice: Any, account: Any, run: Run, posted: Posted
) -> None:
    """`A7`: also where the bot follows nothing else any more; and it is asked for no more edits than one."""
    code, card = await posted()
    await book(code, alice, via=Via.MINIAPP)
    await run(3)
    assert "Alice" in shown(telegram, card)["text"]
    await unlink_group(olga, account.id, account.group_id)
    await run(3)
    await erase(alice)
    await run(3)
    assert "Alice" not in shown(telegram, card)["text"] and shown(telegram, card)["buttons"] == []
    calls = len(telegram.calls("editMessageText"))
    await finish_erasures()
    await run(3)
    assert len(telegram.calls("editMessageText")) == calls
