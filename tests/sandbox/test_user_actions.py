"""Messages of people, and which of them the bot receives."""

import pytest
from aiogram import Bot

from sandbox.client import Refused, Sandbox, SandboxChat, SandboxPerson


async def received_texts(bot: Bot) -> list[str]:
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


async def test_privacy_mode_hides_messages_from_an_ordinary_member(
    bot: Bot, yoga: SandboxChat, alice: SandboxPerson
) -> None:
    texts = ["Hello", "/book", "/book@emerald_bot", "/book@other_bot", "@emerald_bot hi"]
    for text in texts:
        alice.say(text, yoga)
    assert await received_texts(bot) == texts
    await bot.get_updates(offset=-1)
    yoga.bot("member")
    await bot.get_updates(offset=999_999_999)
    for text in texts:
        alice.say(text, yoga)
    sent = await bot.send_message(yoga.id, "Yes?")
    alice.say("an answer", yoga, reply_to=sent.message_id)
    assert await received_texts(bot) == ["/book", "/book@emerald_bot", "@emerald_bot hi", "an answer"]


async def test_a_message_in_a_topic_names_the_topic(
    bot: Bot, runners: SandboxChat, alice: SandboxPerson
) -> None:
    alice.say("Hello", runners, thread_id=3)
    (update,) = await bot.get_updates()
    assert update.message is not None
    assert update.message.message_thread_id == 3
    assert update.message.is_topic_message
    runners.close_topic(3)
    with pytest.raises(Refused, match="topic is closed"):
        alice.say("Hello", runners, thread_id=3)


async def test_only_members_write_to_a_chat(
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


async def test_finds_commands_links_and_mentions_in_messages(yoga: SandboxChat, alice: SandboxPerson) -> None:
    message = alice.say("/book 🧘 https://map.fi/x. @olga_sandbox #yoga a@b.fi </b>", yoga)
    units = message["text"].encode("utf-16-le")
    found = {
        e["type"]: units[e["offset"] * 2 : (e["offset"] + e["length"]) * 2].decode("utf-16-le")
        for e in message["entities"]
    }
    assert found == {
        "bot_command": "/book",
        "url": "https://map.fi/x",
        "mention": "@olga_sandbox",
        "hashtag": "#yoga",
        "email": "a@b.fi",
    }


async def test_a_wait_that_times_out_says_why(yoga: SandboxChat) -> None:
    with pytest.raises(Refused, match="No such message in time") as error:
        yoga.wait(text="never said", timeout=0.05)
    assert error.value.status == 408
