"""Messages of the bot: where it may send them, and the errors where it may not."""

import pytest
from aiogram import Bot
from aiogram.exceptions import TelegramBadRequest, TelegramForbiddenError, TelegramMigrateToChat

from sandbox.client import Sandbox, SandboxChat, SandboxPerson


async def test_writes_only_to_people_who_pressed_start(bot: Bot, alice: SandboxPerson) -> None:
    with pytest.raises(TelegramForbiddenError, match="bot can't initiate conversation with a user"):
        await bot.send_message(alice.id, "Hello")
    alice.start()
    sent = await bot.send_message(alice.id, "Hello")
    assert sent.chat.type == "private"
    assert alice.private.messages()[-1]["text"] == "Hello"


async def test_does_not_find_people_and_groups_it_never_met(bot: Bot, charlie: SandboxPerson) -> None:
    with pytest.raises(TelegramBadRequest, match="chat not found"):
        await bot.send_message(charlie.id, "Hello")
    with pytest.raises(TelegramBadRequest, match="chat not found"):
        await bot.send_message(-100555, "Hello")


async def test_knows_a_stranger_who_opened_the_app(bot: Bot, charlie: SandboxPerson) -> None:
    charlie.launch()
    with pytest.raises(TelegramForbiddenError, match="can't initiate"):
        await bot.send_message(charlie.id, "Hello")


async def test_updates_report_blocking_and_unblocking(bot: Bot, alice: SandboxPerson) -> None:
    alice.start()
    alice.block()
    with pytest.raises(TelegramForbiddenError, match="bot was blocked by the user"):
        await bot.send_message(alice.id, "Hello")
    alice.start()
    await bot.send_message(alice.id, "Hello again")
    seen = [
        (u.my_chat_member.old_chat_member.status, u.my_chat_member.new_chat_member.status)
        for u in await bot.get_updates()
        if u.my_chat_member
    ]
    assert seen == [("member", "kicked"), ("kicked", "member")]


async def test_may_write_after_the_app_got_consent(bot: Bot, alice: SandboxPerson) -> None:
    alice.allow_writing()
    await bot.send_message(alice.id, "Hello")
    updates = [u.message for u in await bot.get_updates() if u.message]
    assert updates[0].write_access_allowed is not None
    assert updates[0].write_access_allowed.from_request


async def test_cannot_write_where_it_was_kicked(bot: Bot, yoga: SandboxChat) -> None:
    yoga.bot("kicked")
    with pytest.raises(TelegramForbiddenError, match="bot was kicked from the supergroup chat"):
        await bot.send_message(yoga.id, "Hello")


async def test_cannot_write_where_it_left(bot: Bot, yoga: SandboxChat) -> None:
    await bot.leave_chat(yoga.id)
    with pytest.raises(TelegramForbiddenError, match="bot is not a member of the supergroup chat"):
        await bot.send_message(yoga.id, "Hello")


async def test_cannot_write_without_the_right(bot: Bot, yoga: SandboxChat) -> None:
    yoga.bot("muted")
    with pytest.raises(TelegramBadRequest, match="not enough rights to send text messages"):
        await bot.send_message(yoga.id, "Hello")
    yoga.bot("administrator")
    await bot.send_message(yoga.id, "Hello")


async def test_an_upgraded_group_has_a_new_id(bot: Bot, sandbox: Sandbox) -> None:
    group = sandbox.make_chat("Sauna", people=["Alice"])
    grown = group.upgrade()
    with pytest.raises(TelegramMigrateToChat) as moved:
        await bot.send_message(group.id, "Hello")
    assert moved.value.migrate_to_chat_id == grown.id
    await bot.send_message(grown.id, "Hello")
    updates = [u.message for u in await bot.get_updates() if u.message]
    assert [m.migrate_to_chat_id for m in updates if m.migrate_to_chat_id] == [grown.id]
    assert [m.migrate_from_chat_id for m in updates if m.migrate_from_chat_id] == [group.id]


async def test_takes_4096_characters_after_parsing_and_no_more(bot: Bot, yoga: SandboxChat) -> None:
    sent = await bot.send_message(yoga.id, f"<b>{'x' * 4096}</b>", parse_mode="HTML")
    assert len(sent.text or "") == 4096
    with pytest.raises(TelegramBadRequest, match="message is too long"):
        await bot.send_message(yoga.id, "x" * 4097)


async def test_refuses_an_empty_text(bot: Bot, yoga: SandboxChat) -> None:
    for text in ("", " \n ", "<b></b>"):
        with pytest.raises(TelegramBadRequest, match="message text is empty"):
            await bot.send_message(yoga.id, text, parse_mode="HTML")


async def test_rejects_markup_it_cannot_parse(bot: Bot, yoga: SandboxChat) -> None:
    with pytest.raises(TelegramBadRequest, match="can't parse entities: Unsupported start tag"):
        await bot.send_message(yoga.id, "a <3 b", parse_mode="HTML")
    with pytest.raises(TelegramBadRequest, match="unsupported parse_mode"):
        await bot.send_message(yoga.id, "*a*", parse_mode="MarkdownV2")


async def test_writes_to_a_topic_and_never_to_topic_1(
    bot: Bot, runners: SandboxChat, yoga: SandboxChat
) -> None:
    """C4: the General topic is addressed by leaving the topic id out."""
    sent = await bot.send_message(runners.id, "Hello", message_thread_id=2)
    assert sent.is_topic_message
    assert sent.message_thread_id == 2
    for chat, thread in ((runners, 1), (runners, 77), (yoga, 2)):
        with pytest.raises(TelegramBadRequest, match="message thread not found"):
            await bot.send_message(chat.id, "Hello", message_thread_id=thread)
    general = await bot.send_message(runners.id, "Hello")
    assert general.message_thread_id is None


async def test_cannot_write_to_a_closed_topic(bot: Bot, runners: SandboxChat) -> None:
    runners.close_topic(2)
    with pytest.raises(TelegramBadRequest, match="TOPIC_CLOSED"):
        await bot.send_message(runners.id, "Hello", message_thread_id=2)
    runners.bot("administrator", ["can_manage_topics"])
    await bot.send_message(runners.id, "Hello", message_thread_id=2)


async def test_a_supergroup_numbers_its_own_messages_private_chats_share_numbers(
    bot: Bot, yoga: SandboxChat, runners: SandboxChat, alice: SandboxPerson, bob: SandboxPerson
) -> None:
    assert (await bot.send_message(yoga.id, "a")).message_id == 2
    assert (await bot.send_message(runners.id, "a")).message_id == 4
    first = alice.start()["id"]
    assert bob.start()["id"] == first + 1
    assert (await bot.send_message(alice.id, "a")).message_id == first + 2


async def test_replies_only_to_an_existing_message(bot: Bot, yoga: SandboxChat, alice: SandboxPerson) -> None:
    asked = alice.say("When?", yoga)["id"]
    sent = await bot.send_message(yoga.id, "At six", reply_to_message_id=asked)
    assert sent.reply_to_message is not None
    assert sent.reply_to_message.text == "When?"
    with pytest.raises(TelegramBadRequest, match="message to be replied not found"):
        await bot.send_message(yoga.id, "At six", reply_to_message_id=999)


async def test_a_mention_by_id_names_its_user(bot: Bot, yoga: SandboxChat, alice: SandboxPerson) -> None:
    sent = await bot.send_message(
        yoga.id, f'<a href="tg://user?id={alice.id}">A</a> and /book', parse_mode="HTML"
    )
    kinds = [(e.type, e.user.first_name if e.user else None) for e in sent.entities or []]
    assert kinds == [("text_mention", "Alice"), ("bot_command", None)]
