"""What becomes of groups, followed by the bot (`A6`)."""

from typing import Any

from backend import db
from backend.accounts.queries import clubs
from backend.groups.presence import mark_present
from backend.groups.queries import group, group_of_chat, groups
from backend.people.queries import person_of_telegram
from tests.telegram import Telegram, buttons

FRESH = {"creator": "Olga", "with_bot": False, "type": "supergroup"}


async def test_added_it_offers_the_adders_clubs(telegram: Telegram, olga: Any, club: Any) -> None:
    """Linked by a tap of an organiser, and by nobody else's."""
    room = telegram.sandbox.make_chat("Padel <club>", people=["Bob"], **FRESH)
    await telegram.during(room.bot, "member")
    offer = telegram.last(room)
    assert "Olga, which club does this group belong to?" in offer["text"]
    assert buttons(offer) == [["Link to Kallio Yoga"]]
    refused = await telegram.tap("Bob", offer, "Link")
    assert refused["show_alert"] and await group_of_chat(room.id) is None
    await telegram.tap("Olga", offer, "Link")
    linked = await group_of_chat(room.id)
    assert linked is not None and (linked.account_id, linked.title) == (club.id, "Padel <club>")
    assert "belongs to Kallio Yoga now" in telegram.last(room)["text"]


async def test_who_organises_nothing_can_make_a_club_of_the_group(telegram: Telegram) -> None:
    room = telegram.sandbox.make_chat("Padel", people=["Bob"], **FRESH | {"creator": "Pekka"})
    await telegram.during(room.bot, "member", by="Pekka")
    offer = telegram.last(room)
    assert buttons(offer) == [["Make a club of this group"]] or len(offer["buttons"]) == 1
    refused = await telegram.tap("Bob", offer, offer["buttons"][0][0]["text"])
    assert refused["show_alert"]
    await telegram.tap("Pekka", offer, offer["buttons"][0][0]["text"])
    pekka = await person_of_telegram(1008)
    assert pekka is not None
    [made] = await clubs(pekka)
    assert (made.name, str(made.role)) == ("Padel", "OWNER")
    assert [g.title for g in await groups(made.id)] == ["Padel"]


async def test_a_linked_group_is_not_taken_by_another_club(telegram: Telegram, olga: Any, club: Any) -> None:
    """`A1`: the bot is put out and in again; it is still the club's."""
    yoga = telegram.room()
    await telegram.during(yoga.bot, "kicked")
    found = await group_of_chat(yoga.id)
    assert found is not None and found.health == "removed"
    before = telegram.last(yoga)["id"]
    await telegram.during(yoga.bot, "member")
    found = await group_of_chat(yoga.id)
    assert found is not None and found.health == "well"
    assert not [m for m in yoga.messages(after=before) if m["from"]["is_bot"]]


async def test_rights_lost_and_given_back_are_seen(telegram: Telegram, club: Any) -> None:
    yoga = telegram.room()
    for standing, health in (("muted", "muted"), ("administrator", "well")):
        await telegram.during(yoga.bot, standing)
        found = await group_of_chat(yoga.id)
        assert found is not None and found.health == health


async def test_a_new_title_is_followed(telegram: Telegram, club: Any) -> None:
    await telegram.during(telegram.room().rename, "Kallio Yoga & Tea")
    found = await group(club.group_id)
    assert found is not None and found.title == "Kallio Yoga & Tea"


async def test_an_upgrade_is_followed(telegram: Telegram, olga: Any, club: Any) -> None:
    basic = telegram.sandbox.make_chat("Padel", creator="Olga", with_bot=False, type="group")
    await telegram.during(basic.bot, "member")
    await telegram.tap("Olga", telegram.last(basic), "Link")
    grown = await telegram.during(basic.upgrade)
    assert await group_of_chat(basic.id) is None
    found = await group_of_chat(grown.id)
    assert found is not None and found.account_id == club.id


async def test_topics_are_known_by_name(telegram: Telegram, olga: Any, club: Any) -> None:
    runners = telegram.room("Sunday Runners")
    await telegram.during(runners.bot, "kicked")
    await telegram.during(runners.bot, "administrator", ["can_manage_topics"])
    await telegram.tap("Olga", telegram.last(runners), "Link")
    found = await group_of_chat(runners.id)
    assert found is not None and found.forum
    await telegram.during(runners.close_topic, 2)
    [linked] = [g for g in await groups(club.id) if g.id == found.id]
    assert [(t.topic_id, t.closed) for t in linked.topics] == [(2, True)]
    await telegram.during(runners.close_topic, 2, closed=False)
    await telegram.bot.create_forum_topic(runners.id, "Sauna")
    await telegram.pump()
    [linked] = [g for g in await groups(club.id) if g.id == found.id]
    assert (2, False) in [(t.topic_id, t.closed) for t in linked.topics]


async def test_who_leaves_the_group_leaves_the_club_it_let_them_into(telegram: Telegram, club: Any) -> None:
    """`A5`"""
    yoga = telegram.room()
    where = await group_of_chat(yoga.id)
    assert where is not None
    await telegram.say("Mikko", "/events", yoga)
    mikko = await person_of_telegram(1007)
    assert mikko is not None and len(await clubs(mikko)) == 1
    await telegram.during(telegram.person("Mikko").leave, yoga)
    assert await clubs(mikko) == []
    again = await person_of_telegram(1007)
    assert again is not None and (again.first_name, again.language) == ("Mikko", mikko.language)


async def test_blocking_and_coming_back(telegram: Telegram, alice: Any) -> None:
    """`M3`"""
    await telegram.start("Alice")
    await telegram.during(telegram.person("Alice").block)
    assert not (await person_of_telegram(1002)).reachable  # type: ignore[union-attr]
    await telegram.during(telegram.person("Alice").block, False)
    assert (await person_of_telegram(1002)).reachable  # type: ignore[union-attr]


async def test_a_reply_the_group_forbids_is_seen(telegram: Telegram, club: Any) -> None:
    """`A6`: nobody told us, but the answer could not be given."""
    yoga = telegram.room()
    yoga.bot("muted")
    await telegram.pump()
    async with db.transaction():
        await db.execute("UPDATE groups SET health = 'well'")
    await telegram.say("Alice", "/events", yoga)
    found = await group_of_chat(yoga.id)
    assert found is not None and found.health == "muted"


async def test_being_seen_twice_is_being_seen(telegram: Telegram, alice: Any, club: Any) -> None:
    where = await group(club.group_id)
    assert where is not None
    await mark_present(alice, where)
    await telegram.say("Alice", "/events", telegram.room())
    assert len(await clubs(alice)) == 1
