"""Setting up a group in the private chat with whoever added the bot (`A6`)."""

import itertools
from typing import Any

import pytest

from backend import db
from backend.accounts.queries import joined_accounts
from backend.cards.actions import announce_due, post_card, post_poll_card
from backend.groups.actions import record_seen_topic
from backend.groups.queries import group_of_chat, groups
from backend.people.queries import person_of_telegram
from backend.polls.actions import create_poll
from backend.polls.drafts import OptionDraft, PollDraft
from bot.card_places import CardPlace, find_place, list_places
from sandbox.client import SandboxChat
from tests.telegram import Telegram, buttons

FRESH = {"creator": "Olga", "with_bot": False, "type": "supergroup"}
_ids = itertools.count(930_000_000)


async def added(telegram: Telegram, status: str = "member", by: str = "Olga", **fields: Any) -> SandboxChat:
    """A new group to which somebody who has pressed Start adds the bot."""
    await telegram.start(by)
    room = telegram.sandbox.make_chat("Padel <club>", **FRESH | {"creator": by} | fields)
    await telegram.during(room.bot, status, by=by)
    return room


def asked(telegram: Telegram, name: str = "Olga") -> dict[str, Any]:
    return telegram.last(telegram.person(name).private)


def said_by_bot(room: SandboxChat) -> list[str]:
    return [message["text"] for message in room.messages() if message["from"]["is_bot"]]


async def test_whoever_added_the_bot_links_the_group_in_private(
    telegram: Telegram, olga: Any, account: Any
) -> None:
    """The group reads nothing of it."""
    room = await added(telegram)
    question = asked(telegram)
    assert question["text"].startswith("You added me to Padel <club>. Which club does it belong to?")
    assert buttons(question) == [["Link to Kallio Yoga"]]
    await telegram.tap("Olga", question, "Link to Kallio Yoga")
    linked = await group_of_chat(room.id)
    assert linked is not None and (linked.account_id, linked.title) == (account.id, "Padel <club>")
    state = asked(telegram)
    assert state["text"].startswith("✅ Padel <club> belongs to Kallio Yoga.")
    assert "I’m no administrator there." in state["text"] and buttons(state) == [["Check again"]]
    assert said_by_bot(room) == []


async def test_missing_rights_are_named_with_what_they_are_for(
    telegram: Telegram, olga: Any, account: Any
) -> None:
    room = await added(telegram)
    await telegram.tap("Olga", asked(telegram), "Link")
    await telegram.during(room.bot, "administrator", ["can_manage_chat"])
    await telegram.tap("Olga", asked(telegram), "Check again")
    assert "I’m not allowed to delete messages there: a club’s key" in asked(telegram)["text"]
    await telegram.during(room.bot, "administrator", ["can_delete_messages"])
    await telegram.tap("Olga", asked(telegram), "Check again")
    assert "I have all the rights I need." in asked(telegram)["text"]
    await telegram.during(room.bot, "muted")
    await telegram.tap("Olga", asked(telegram), "Check again")
    assert "I’m not allowed to write in the group" in asked(telegram)["text"]


async def test_topics_are_known_by_here_and_listed(telegram: Telegram, olga: Any, account: Any) -> None:
    room = await added(telegram, "administrator", topics=["Courts", "Talk"])
    await telegram.tap("Olga", asked(telegram), "Link")
    assert "If one is missing, send /here in it" in asked(telegram)["text"]
    assert "In which topic" not in asked(telegram)["text"]
    first, second = (topic["id"] for topic in room.now["topics"] if topic["id"] != 1)
    for topic in (first, second):
        said = await telegram.say("Olga", "/here", room, thread_id=topic)
        assert said["text"].startswith("📍 Cards appear in this topic from now on")
    question = next(m for m in reversed(telegram.person("Olga").private.messages()) if m["buttons"])
    await telegram.tap("Olga", question, "Check again")
    assert "In which topic should cards appear?" in asked(telegram)["text"]
    assert buttons(asked(telegram)) == [["General topic", "Courts"], ["✓ Talk"], ["Check again"]]


@pytest.fixture
async def forum(telegram: Telegram, olga: Any, account: Any) -> SandboxChat:
    """A group of the club with the topics Courts and Talk, both known."""
    room = await added(telegram, "administrator", topics=["Courts", "Talk"])
    await telegram.tap("Olga", asked(telegram), "Link")
    linked = await group_of_chat(room.id)
    assert linked is not None
    for topic in room.now["topics"]:
        if topic["id"] != 1:
            await record_seen_topic(linked.id, topic["id"], topic["name"])
    await telegram.tap("Olga", asked(telegram), "Check again")
    return room


async def test_cards_appear_in_the_topic_of_the_group_or_of_their_own(
    telegram: Telegram, forum: SandboxChat, olga: Any, account: Any, series: Any, run: Any
) -> None:
    """Chosen by a tap; a series with a topic of its own keeps that, and General can be chosen again."""
    linked = await group_of_chat(forum.id)
    assert linked is not None
    courts, talk = (topic["id"] for topic in forum.now["topics"] if topic["id"] != 1)
    plain = await series(title="Padel", group_id=linked.id)
    own = await series(title="Chat", group_id=linked.id, topic_id=talk)

    async def topics_of_new_cards() -> list[int | None]:
        for made in (plain, own):
            await post_card(olga, made.first_code)
            await run(after=3)
        return [message["thread_id"] for message in forum.messages() if message["buttons"]][-2:]

    assert await topics_of_new_cards() == [None, talk]
    await telegram.tap("Olga", asked(telegram), "Courts")
    assert buttons(asked(telegram))[0] == ["General topic", "✓ Courts"]
    assert await topics_of_new_cards() == [courts, talk]
    poll = PollDraft(question="When?", options=(OptionDraft("A"), OptionDraft("B")), group_id=linked.id)
    await post_poll_card(olga, await create_poll(olga, account.id, poll))
    await run(after=3)
    assert telegram.last(forum)["thread_id"] == courts
    await telegram.tap("Olga", asked(telegram), "General topic")
    assert await topics_of_new_cards() == [None, talk]


async def test_one_event_can_go_to_general_though_the_group_chose_a_topic(
    telegram: Telegram, forum: SandboxChat, olga: Any, account: Any, series: Any, run: Any
) -> None:
    [linked] = [each for each in await groups(account.id) if each.chat_id == forum.id]
    assert [name for _, name in list_places([linked])] == [
        *("Padel <club>", "Padel <club> · Courts", "Padel <club> · Talk")
    ]
    await telegram.tap("Olga", asked(telegram), "Talk")
    [linked] = [each for each in await groups(account.id) if each.chat_id == forum.id]
    places = {name: CardPlace.parse(place) for place, name in list_places([linked])}
    assert [*places] == [
        *("Padel <club>", "Padel <club> · General", "Padel <club> · Courts", "Padel <club> · Talk")
    ]
    general = places["Padel <club> · General"]
    assert find_place([linked], general.group_id, general.topic_id) == (linked, "General")
    due = await series(
        title="Tennis",
        group_id=general.group_id,
        topic_id=general.topic_id,
        announce_before_minutes=30 * 24 * 60,
    )
    assert await announce_due() == 1
    await run()
    assert telegram.last(forum)["thread_id"] is None
    await post_card(olga, due.first_code)
    await run(after=3)
    assert telegram.last(forum)["thread_id"] is None
    assert await db.value("SELECT count(*) FROM cards WHERE topic_id IS NOT NULL") == 0


async def test_what_is_announced_by_itself_goes_there_too(
    telegram: Telegram, forum: SandboxChat, series: Any, run: Any
) -> None:
    linked = await group_of_chat(forum.id)
    assert linked is not None
    await telegram.tap("Olga", asked(telegram), "Talk")
    await series(title="Padel", group_id=linked.id, announce_before_minutes=30 * 24 * 60)
    assert await announce_due() == 1
    await run()
    assert telegram.last(forum)["thread_id"] == forum.now["topics"][-1]["id"]


async def test_a_topic_that_was_closed_cannot_be_chosen(telegram: Telegram, forum: SandboxChat) -> None:
    """The message still has its button."""
    message = asked(telegram)
    await telegram.during(forum.close_topic, forum.now["topics"][-1]["id"])
    answer = await telegram.tap("Olga", message, "Talk")
    assert answer["text"].startswith("This topic is closed, so no card can appear in it.")
    assert answer["show_alert"] and buttons(asked(telegram))[0] == ["✓ General topic", "Courts"]


async def test_here_in_a_closed_topic_says_that_it_is_closed(telegram: Telegram, forum: SandboxChat) -> None:
    """An administrator can write in it all the same, and the bot only if it may manage topics: else it says so in private."""
    talk = forum.now["topics"][-1]["id"]
    await telegram.during(forum.close_topic, talk)
    await telegram.say("Olga", "/here", forum, thread_id=talk)
    sentence = "This topic is closed, so no card can appear in it. Open it again, or choose another."
    assert telegram.last(telegram.person("Olga").private)["text"] == sentence
    await telegram.during(forum.bot, "administrator", ["can_delete_messages", "can_manage_topics"])
    said = await telegram.say("Olga", "/here", forum, thread_id=talk)
    assert said["text"] == sentence


async def test_when_the_chosen_topic_is_deleted_cards_go_to_general(
    telegram: Telegram, forum: SandboxChat, olga: Any, series: Any, run: Any
) -> None:
    """Telegram says so of the next card. Organisers are told once, however many cards were on their way."""
    linked = await group_of_chat(forum.id)
    assert linked is not None
    talk = forum.now["topics"][-1]["id"]
    await telegram.tap("Olga", asked(telegram), "Talk")
    codes = [(await series(title=title, group_id=linked.id)).first_code for title in ("Padel", "Tennis")]
    own = (await series(title="Chat", group_id=linked.id, topic_id=talk)).first_code
    await telegram.during(forum.delete_topic, talk)
    for code in codes:
        await post_card(olga, code)
    for _ in range(6):
        await run(after=3)
    assert [message["thread_id"] for message in forum.messages() if message["buttons"]][-2:] == [None, None]
    linked = await group_of_chat(forum.id)
    assert linked is not None and linked.card_topic_id is None
    told = [m["text"] for m in telegram.person("Olga").private.messages() if "is gone" in m["text"]]
    assert told == [
        "📍 The topic Talk of Padel <club> is gone. Its cards appear in General from now on."
        " To choose another topic, send /here in it."
    ]
    await post_card(olga, own)
    for _ in range(3):
        await run(after=3)
    assert "its topic is gone. Choose another topic" in telegram.last(telegram.person("Olga").private)["text"]


async def test_members_only_let_the_bot_know_a_topic(
    telegram: Telegram, forum: SandboxChat, account: Any, alice: Any
) -> None:
    telegram.person("Alice").join(forum)
    said = await telegram.say("Alice", "/here", forum, thread_id=forum.now["topics"][-1]["id"])
    assert said["text"].startswith("📍 I know this topic now.")
    linked = await group_of_chat(forum.id)
    assert linked is not None and linked.card_topic_id is None


async def test_the_topics_of_a_group_are_found_again_by_groups(
    telegram: Telegram, forum: SandboxChat
) -> None:
    await telegram.say("Olga", "/groups")
    await telegram.tap("Olga", asked(telegram), "Topics of Padel <club>")
    assert buttons(asked(telegram))[0] == ["✓ General topic", "Courts"]


async def test_who_has_not_pressed_start_is_asked_in_the_group(
    telegram: Telegram, olga: Any, account: Any
) -> None:
    room = telegram.sandbox.make_chat("Padel", **FRESH)
    await telegram.during(room.bot, "member")
    [offer] = said_by_bot(room)
    assert "Olga, which club does this group belong to?" in offer


async def test_who_has_blocked_the_bot_is_asked_in_the_group(
    telegram: Telegram, olga: Any, account: Any
) -> None:
    await telegram.start("Olga")
    await telegram.during(telegram.person("Olga").block)
    room = telegram.sandbox.make_chat("Padel", **FRESH)
    await telegram.during(room.bot, "member")
    assert len(said_by_bot(room)) == 1


async def test_a_club_is_made_of_the_group_once_its_zone_is_known(telegram: Telegram, noon: Any) -> None:
    """S1: never UTC without a word."""
    room = await added(telegram, by="Charlie")
    await telegram.tap("Charlie", asked(telegram, "Charlie"), "Make a club of this group")
    question = asked(telegram, "Charlie")
    assert "Which time zone is the club in?" in question["text"]
    await telegram.tap("Charlie", question, "Other time zones")
    await telegram.tap("Charlie", asked(telegram, "Charlie"), "Tokyo · 21:00")
    charlie = await person_of_telegram(1009)
    assert charlie is not None
    [made] = await joined_accounts(charlie)
    assert (made.name, str(made.role), made.zone) == ("Padel <club>", "OWNER", "Asia/Tokyo")
    assert [group.chat_id for group in await groups(made.id)] == [room.id]
    texts = [message["text"] for message in telegram.person("Charlie").private.messages()]
    assert any(text.startswith("✅ Padel <club> belongs to Padel <club>.") for text in texts)
    assert any("is ready. What comes next:" in text for text in texts)


async def test_a_group_that_is_linked_already_asks_nothing(
    telegram: Telegram, olga: Any, account: Any
) -> None:
    await telegram.start("Olga")
    before = len(telegram.person("Olga").private.messages())
    room = telegram.chat()
    await telegram.during(room.bot, "kicked")
    await telegram.during(room.bot, "member")
    assert len(telegram.person("Olga").private.messages()) == before


@pytest.mark.parametrize("name", ["Olga", "Alice", "Charlie"])
async def test_forged_taps_reach_no_group_of_others(
    telegram: Telegram, olga: Any, account: Any, alice: Any, name: str
) -> None:
    """`X9`: groups they do not administer, that do not exist, private chats, clubs of others."""
    await telegram.start(name)
    theirs = telegram.sandbox.make_chat("Sauna", creator="Pekka", people=["Olga", "Alice"], type="supergroup")
    linked = telegram.chat().id
    person = telegram.person(name)
    before = await db.rows("SELECT * FROM groups"), await db.rows("SELECT * FROM accounts")
    chats = [theirs.id, -1, -(2**63), -1009999999999] + ([] if name == "Olga" else [linked])
    for chat, action, value in itertools.product(
        chats,
        ("link", "new", "look", "topic"),
        ("", "1", "7", "0", "9" * 20, "٣", "Europe/Helsinki", "*", "x"),
    ):
        if len(f"su:{action}:{chat}:{value}".encode()) > 64:
            continue
        user = {"id": person.id, "is_bot": False, "first_name": name}
        message = {
            "message_id": 1,
            "date": 0,
            "chat": {"id": person.id, "type": "private", "first_name": name},
        }
        data = f"su:{action}:{chat}:{value}"
        query: dict[str, Any] = {"id": person.press(), "chat_instance": "1", "data": data}
        query |= {"from": user, "message": message}
        update = {"update_id": next(_ids), "callback_query": query}
        await telegram.dispatcher.feed_raw_update(telegram.bot, update)
    answers = [call["params"].get("text", "") for call in telegram.calls("answerCallbackQuery")]
    assert all(answers) and not any("went wrong" in text for text in answers)
    assert (await db.rows("SELECT * FROM groups"), await db.rows("SELECT * FROM accounts")) == before
