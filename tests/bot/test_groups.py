"""Changes of groups that the bot records (`A6`)."""

import json
from datetime import datetime
from typing import Any

import pytest

from backend import db
from backend.accounts.memberships import change_role
from backend.accounts.queries import joined_accounts
from backend.accounts.rules import Role
from backend.groups.presence import mark_present
from backend.groups.queries import group, group_of_chat, groups
from backend.linking.actions import link_group
from backend.people.actions import choose_zone
from backend.people.queries import person_of_telegram
from bot.zone_choices import guess_zone
from tests.telegram import Telegram, buttons

FRESH = {"creator": "Olga", "with_bot": False, "type": "supergroup"}


async def test_a_new_group_is_offered_the_clubs_of_whoever_added_the_bot(
    telegram: Telegram, olga: Any, account: Any
) -> None:
    """Only an organiser's tap links it."""
    room = telegram.sandbox.make_chat("Padel <club>", people=["Bob"], **FRESH)
    await telegram.during(room.bot, "member")
    offer = telegram.last(room)
    assert "Olga, which club does this group belong to?" in offer["text"]
    assert buttons(offer) == [["Link to Kallio Yoga"]]
    refused = await telegram.tap("Bob", offer, "Link")
    assert refused["show_alert"] and await group_of_chat(room.id) is None
    await telegram.tap("Olga", offer, "Link")
    linked = await group_of_chat(room.id)
    assert linked is not None and (linked.account_id, linked.title) == (account.id, "Padel <club>")
    assert "belongs to Kallio Yoga now" in telegram.last(room)["text"]


async def test_an_administrator_without_a_club_can_create_one_for_the_group(telegram: Telegram) -> None:
    room = telegram.sandbox.make_chat("Padel", people=["Bob"], **FRESH | {"creator": "Pekka"})
    await telegram.during(room.bot, "member", by="Pekka")
    offer = telegram.last(room)
    assert buttons(offer) == [["Make a club of this group"]] or len(offer["buttons"]) == 1
    refused = await telegram.tap("Bob", offer, offer["buttons"][0][0]["text"])
    assert refused["show_alert"]
    await telegram.tap("Pekka", offer, offer["buttons"][0][0]["text"])
    pekka = await person_of_telegram(1008)
    assert pekka is not None and await joined_accounts(pekka) == []
    question = telegram.last(room)
    refused = await telegram.tap("Bob", question, question["buttons"][0][0]["text"])
    assert refused["show_alert"] and await joined_accounts(pekka) == []
    await telegram.tap("Pekka", question, question["buttons"][0][0]["text"])
    [made] = await joined_accounts(pekka)
    assert (made.name, str(made.role), made.zone) == ("Padel", "OWNER", "Europe/Helsinki")
    assert [g.title for g in await groups(made.id)] == ["Padel"]


async def test_a_club_made_of_a_group_has_the_zone_its_founder_chose(
    noon: datetime, telegram: Telegram
) -> None:
    """S1: never UTC without a word. The country of the language is the first guess, and any other can be
    chosen, also afterwards."""
    room = telegram.sandbox.make_chat("Padel", **FRESH | {"creator": "Charlie"})
    await telegram.during(room.bot, "member", by="Charlie")
    await telegram.tap("Charlie", telegram.last(room), "Make a club of this group")
    question = telegram.last(room)
    assert "Which time zone is the club in?" in question["text"]
    assert buttons(question)[0] == ["London · 12:00", "Reykjavik · 12:00"]
    await telegram.tap("Charlie", question, "Other time zones")
    assert ["Kolkata · 17:30", "Bangkok · 19:00"] in buttons(telegram.last(room))
    await telegram.tap("Charlie", telegram.last(room), "Tokyo · 21:00")
    assert "🕒 Time zone: Tokyo, 21:00 now." in telegram.last(room)["text"]
    charlie = await person_of_telegram(1009)
    assert charlie is not None and [account.zone for account in await joined_accounts(charlie)] == [
        "Asia/Tokyo"
    ]
    await telegram.tap("Charlie", telegram.last(room), "Another time zone")
    assert buttons(telegram.last(room))[0] == ["Tokyo · 21:00", "Shanghai · 20:00"]
    await telegram.tap("Charlie", telegram.last(room), "Shanghai · 20:00")
    assert [(account.name, account.zone) for account in await joined_accounts(charlie)] == [
        ("Padel", "Asia/Shanghai")
    ]
    assert "🕒 Time zone: Shanghai, 20:00 now." in telegram.last(room)["text"]


async def test_a_founder_whose_browser_said_their_zone_is_not_asked(
    noon: datetime, telegram: Telegram
) -> None:
    await telegram.start("Charlie")
    charlie = await person_of_telegram(1009)
    assert charlie is not None
    await choose_zone(charlie, "America/New_York")
    room = telegram.sandbox.make_chat("Padel", **FRESH | {"creator": "Charlie"})
    await telegram.during(room.bot, "member", by="Charlie")
    private = telegram.person("Charlie").private
    await telegram.tap("Charlie", telegram.last(private), "Make a club of this group")
    assert "time zone" not in " ".join(message["text"] for message in private.messages()).lower()
    [made] = await joined_accounts(charlie)
    assert made.zone == "America/New_York"


async def test_only_an_owner_chooses_the_zone_of_a_club(telegram: Telegram, olga: Any, account: Any) -> None:
    room = telegram.sandbox.make_chat("Padel <club>", people=["Bob"], **FRESH)
    await telegram.during(room.bot, "member")
    await telegram.tap("Olga", telegram.last(room), "Link to Kallio Yoga")
    linked = telegram.last(room)
    assert "Time zone: Helsinki" in linked["text"]
    assert (await telegram.tap("Bob", linked, "Another time zone"))["show_alert"]
    assert "Time zone: Helsinki" in telegram.last(room)["text"]


@pytest.mark.parametrize(
    ("tag", "zone"),
    [
        ("fi", "Europe/Helsinki"),
        ("ru", "Europe/Moscow"),
        ("de", "Europe/Berlin"),
        ("pt-br", "America/Sao_Paulo"),
        ("uk", "Europe/Kyiv"),
        ("hi", "Asia/Kolkata"),
        ("zh-hans", "Asia/Shanghai"),
        ("en", "Europe/London"),
        ("xx", "Europe/London"),
        ("", "Europe/London"),
        (None, "Europe/London"),
    ],
)
def test_the_country_of_a_language_is_the_first_guess(tag: str | None, zone: str) -> None:
    assert guess_zone(tag) == zone


async def test_a_linked_group_is_not_taken_by_another_club(
    telegram: Telegram, olga: Any, account: Any
) -> None:
    """`A1`: after the bot was removed and added again, the group still belongs to its club."""
    yoga = telegram.chat()
    await telegram.during(yoga.bot, "kicked")
    found = await group_of_chat(yoga.id)
    assert found is not None and found.health == "removed"
    before = telegram.last(yoga)["id"]
    await telegram.during(yoga.bot, "member")
    found = await group_of_chat(yoga.id)
    assert found is not None and found.health == "well"
    assert not [m for m in yoga.messages(after=before) if m["from"]["is_bot"]]


async def test_lost_and_restored_rights_are_recorded(telegram: Telegram, account: Any) -> None:
    yoga = telegram.chat()
    for standing, health in (("muted", "muted"), ("administrator", "well")):
        await telegram.during(yoga.bot, standing)
        found = await group_of_chat(yoga.id)
        assert found is not None and found.health == health


async def test_a_new_title_is_recorded(telegram: Telegram, account: Any) -> None:
    await telegram.during(telegram.chat().rename, "Kallio Yoga & Tea")
    found = await group(account.group_id)
    assert found is not None and found.title == "Kallio Yoga & Tea"


async def test_an_upgrade_to_a_supergroup_is_recorded(telegram: Telegram, olga: Any, account: Any) -> None:
    basic = telegram.sandbox.make_chat("Padel", creator="Olga", with_bot=False, type="group")
    await telegram.during(basic.bot, "member")
    await telegram.tap("Olga", telegram.last(basic), "Link")
    grown = await telegram.during(basic.upgrade)
    assert await group_of_chat(basic.id) is None
    found = await group_of_chat(grown.id)
    assert found is not None and found.account_id == account.id


async def test_topics_are_recorded_with_their_names(telegram: Telegram, olga: Any, account: Any) -> None:
    runners = telegram.chat("Sunday Runners")
    await telegram.during(runners.bot, "kicked")
    await telegram.during(runners.bot, "administrator", ["can_manage_topics"])
    await telegram.tap("Olga", telegram.last(runners), "Link")
    found = await group_of_chat(runners.id)
    assert found is not None and found.forum
    await telegram.during(runners.close_topic, 2)
    [linked] = [g for g in await groups(account.id) if g.id == found.id]
    assert [(t.topic_id, t.closed) for t in linked.topics] == [(2, True)]
    await telegram.during(runners.close_topic, 2, closed=False)
    await telegram.bot.create_forum_topic(runners.id, "Sauna")
    await telegram.pump()
    [linked] = [g for g in await groups(account.id) if g.id == found.id]
    assert (2, False) in [(t.topic_id, t.closed) for t in linked.topics]


async def test_members_who_leave_the_group_leave_the_club_they_joined_through_it(
    telegram: Telegram, account: Any
) -> None:
    """`A5`"""
    yoga = telegram.chat()
    where = await group_of_chat(yoga.id)
    assert where is not None
    await telegram.say("Mikko", "/events", yoga)
    mikko = await person_of_telegram(1007)
    assert mikko is not None and len(await joined_accounts(mikko)) == 1
    await telegram.during(telegram.person("Mikko").leave, yoga)
    assert await joined_accounts(mikko) == []
    again = await person_of_telegram(1007)
    assert again is not None and (again.first_name, again.language) == ("Mikko", mikko.language)


async def test_blocking_and_unblocking_are_recorded(telegram: Telegram, alice: Any) -> None:
    """`M3`"""
    await telegram.start("Alice")
    await telegram.during(telegram.person("Alice").block)
    assert not (await person_of_telegram(1002)).reachable  # type: ignore[union-attr]
    await telegram.during(telegram.person("Alice").block, False)
    assert (await person_of_telegram(1002)).reachable  # type: ignore[union-attr]


async def test_a_forbidden_reply_records_a_muted_group(telegram: Telegram, account: Any) -> None:
    """`A6`: no update reported it, but the reply failed."""
    yoga = telegram.chat()
    yoga.bot("muted")
    await telegram.pump()
    async with db.transaction():
        await db.execute("UPDATE groups SET health = 'well'")
    await telegram.say("Alice", "/events", yoga)
    found = await group_of_chat(yoga.id)
    assert found is not None and found.health == "muted"


async def test_a_person_is_marked_present_once(telegram: Telegram, alice: Any, account: Any) -> None:
    where = await group(account.group_id)
    assert where is not None
    await mark_present(alice, where)
    await telegram.say("Alice", "/events", telegram.chat())
    assert len(await joined_accounts(alice)) == 1


async def notified(kind: str) -> dict[int, dict[str, Any]]:
    """Who has a message of this kind, with what it says."""
    rows = await db.rows("SELECT user_id, detail FROM messages WHERE kind = $1", kind)
    return {row["user_id"]: json.loads(row["detail"]) for row in rows}


async def test_an_organiser_who_does_not_administer_the_group_cannot_link_it(
    telegram: Telegram, olga: Any, account: Any
) -> None:
    """`A6`"""
    room = telegram.sandbox.make_chat("Padel", people=["Olga"], **FRESH | {"creator": "Bob"})
    await telegram.during(room.bot, "member", by="Bob")
    await telegram.say("Olga", "/events", room)
    offer = telegram.last(room)
    refused = await telegram.tap("Olga", offer, "Link to Kallio Yoga")
    assert refused["text"] == "Only an administrator of this group can do this."
    assert await group_of_chat(room.id) is None


async def test_the_other_organisers_are_told_of_a_group_that_was_linked(
    telegram: Telegram, olga: Any, alice: Any, account: Any
) -> None:
    membership = await db.value("SELECT id FROM memberships WHERE user_id = $1", alice.id)
    await change_role(olga, account.id, membership, Role.ADMIN)
    room = telegram.sandbox.make_chat("Padel", **FRESH)
    await telegram.during(room.bot, "member")
    await telegram.tap("Olga", telegram.last(room), "Link to Kallio Yoga")
    told = {alice.id: {"group": "Padel", "account_name": "Kallio Yoga"}}
    assert await notified("group-linked") == told


async def test_the_owner_of_a_group_takes_it_back(telegram: Telegram, olga: Any, account: Any) -> None:
    """`A6`: whichever club it was linked to; that club's organisers are told."""
    room = telegram.sandbox.make_chat("Padel", people=["Alice"], **FRESH | {"creator": "Bob"})
    await telegram.during(room.bot, "member", by="Bob")
    linked = await link_group(olga, account.id, chat_id=room.id, title="Padel")
    await telegram.say("Alice", "/unlink", room)
    assert "Only the owner of the group" in telegram.last(room)["text"]
    assert buttons(telegram.last(room)) == []
    await telegram.say("Bob", "/unlink", room)
    offer = telegram.last(room)
    assert (await telegram.tap("Alice", offer, "Unlink this group"))["show_alert"]
    assert await group_of_chat(room.id) == linked
    await telegram.tap("Bob", offer, "Unlink this group")
    assert await group_of_chat(room.id) is None
    assert await notified("group-taken-back") == {olga.id: {"group": "Padel", "account_name": "Kallio Yoga"}}

    assert buttons(telegram.last(room)) == [["Make a club of this group"]]


async def test_a_group_that_is_taken_leaves_no_new_club_behind(
    telegram: Telegram, olga: Any, account: Any
) -> None:
    """`A6`: somebody else was faster between the question and the tap."""
    room = telegram.sandbox.make_chat("Padel", **FRESH | {"creator": "Charlie"})
    await telegram.during(room.bot, "member", by="Charlie")
    await telegram.tap("Charlie", telegram.last(room), "Make a club of this group")
    await link_group(olga, account.id, chat_id=room.id, title="Padel")
    question = telegram.last(room)
    refused = await telegram.tap("Charlie", question, question["buttons"][0][0]["text"])
    assert refused["text"] == "This group belongs to another club already."
    assert await db.value("SELECT count(*) FROM accounts WHERE name = 'Padel'") == 0
