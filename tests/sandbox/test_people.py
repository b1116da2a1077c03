"""What people write, and what of it the bot is told."""

import pytest
from aiogram import Bot

from sandbox.client import Refused, Sandbox, SandboxChat, SandboxPerson


async def heard(bot: Bot) -> list[str]:
    return [u.message.text for u in await bot.get_updates() if u.message and u.message.text]


async def test_start_carries_the_payload_of_its_link(bot: Bot, alice: SandboxPerson) -> None:
    assert alice.open("https://t.me/emerald_bot?start=key_1") == {
        "kind": "start",
        "payload": "key_1",
    }
    alice.start("key_1")
    (update,) = await bot.get_updates()
    assert update.message is not None
    assert update.message.text == "/start key_1"
    assert [e.type for e in update.message.entities or []] == ["bot_command"]
    with pytest.raises(Refused, match="1 to 64 letters"):
        alice.start("not a payload")


async def test_an_administrator_hears_everything_a_member_what_is_meant_for_it(
    bot: Bot, yoga: SandboxChat, alice: SandboxPerson
) -> None:
    said = ["Hello", "/book", "/book@emerald_bot", "/book@other_bot", "@emerald_bot hi"]
    for text in said:
        alice.say(text, yoga)
    assert await heard(bot) == said
    await bot.get_updates(offset=-1)
    yoga.bot("member")
    await bot.get_updates(offset=999_999_999)
    for text in said:
        alice.say(text, yoga)
    sent = await bot.send_message(yoga.id, "Yes?")
    alice.say("an answer", yoga, reply_to=sent.message_id)
    assert await heard(bot) == ["/book", "/book@emerald_bot", "@emerald_bot hi", "an answer"]


async def test_a_topic_s_message_says_so(bot: Bot, runners: SandboxChat, alice: SandboxPerson) -> None:
    alice.say("Hello", runners, thread_id=3)
    (update,) = await bot.get_updates()
    assert update.message is not None
    assert update.message.message_thread_id == 3
    assert update.message.is_topic_message
    runners.close_topic(3)
    with pytest.raises(Refused, match="topic is closed"):
        alice.say("Hello", runners, thread_id=3)


async def test_nobody_writes_where_they_are_not(
    yoga: SandboxChat, sandbox: Sandbox, alice: SandboxPerson, charlie: SandboxPerson
) -> None:
    with pytest.raises(Refused, match="Charlie is not in"):
        charlie.say("Hello", yoga)
    with pytest.raises(Refused, match="somebody else's private chat"):
        charlie.say("Hello", alice.private)
    with pytest.raises(Refused, match="Nobody here is called"):
        sandbox.person("Nobody")
    alice.block()
    with pytest.raises(Refused, match="has blocked the bot"):
        alice.say("Hello")


async def test_finds_commands_links_and_names_in_what_people_write(
    yoga: SandboxChat, alice: SandboxPerson
) -> None:
    said = alice.say("/book 🧘 https://map.fi/x. @olga_sandbox #yoga a@b.fi </b>", yoga)
    units = said["text"].encode("utf-16-le")
    found = {
        e["type"]: units[e["offset"] * 2 : (e["offset"] + e["length"]) * 2].decode("utf-16-le")
        for e in said["entities"]
    }
    assert found == {
        "bot_command": "/book",
        "url": "https://map.fi/x",
        "mention": "@olga_sandbox",
        "hashtag": "#yoga",
        "email": "a@b.fi",
    }


async def test_waits_in_vain_with_a_reason(yoga: SandboxChat) -> None:
    with pytest.raises(Refused, match="No such message in time") as why:
        yoga.wait(text="never said", timeout=0.05)
    assert why.value.status == 408
