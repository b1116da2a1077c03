"""Chats, members and topics, and the updates about them."""

import pytest
from aiogram import Bot
from aiogram.exceptions import TelegramBadRequest, TelegramForbiddenError
from aiogram.types import ChatMemberAdministrator, ChatMemberRestricted

from sandbox.client import Refused, Sandbox, SandboxChat, SandboxPerson


async def test_reports_the_status_of_members(
    bot: Bot, yoga: SandboxChat, alice: SandboxPerson, charlie: SandboxPerson
) -> None:
    charlie.launch()
    statuses = [
        (await bot.get_chat_member(yoga.id, user_id)).status for user_id in (1001, alice.id, charlie.id)
    ]
    assert statuses == ["creator", "member", "left"]
    assert await bot.get_chat_member_count(yoga.id) == 9
    admins = await bot.get_chat_administrators(yoga.id)
    assert [(a.status, a.user.first_name) for a in admins] == [
        ("creator", "Olga"),
        ("administrator", "Emerald"),
    ]
    with pytest.raises(TelegramBadRequest, match="PARTICIPANT_ID_INVALID"):
        await bot.get_chat_member(yoga.id, 555)


async def test_reports_the_bots_own_rights(bot: Bot, yoga: SandboxChat) -> None:
    own = await bot.get_chat_member(yoga.id, 42)
    assert isinstance(own, ChatMemberAdministrator)
    assert own.can_delete_messages
    assert not own.can_manage_topics
    yoga.bot("muted")
    own = await bot.get_chat_member(yoga.id, 42)
    assert isinstance(own, ChatMemberRestricted)
    assert not own.can_send_messages


async def test_describes_chats(bot: Bot, runners: SandboxChat, alice: SandboxPerson) -> None:
    forum = await bot.get_chat(runners.id)
    assert (forum.type, forum.title, forum.is_forum) == ("supergroup", "Sunday Runners", True)
    private = await bot.get_chat(alice.id)
    assert (private.type, private.first_name) == ("private", "Alice")


async def test_sees_nothing_of_a_group_it_was_removed_from(bot: Bot, yoga: SandboxChat) -> None:
    yoga.bot("kicked")
    with pytest.raises(TelegramForbiddenError, match="bot was kicked"):
        await bot.get_chat(yoga.id)
    with pytest.raises(TelegramForbiddenError, match="bot was kicked"):
        await bot.get_chat_member(yoga.id, 1001)


async def test_an_update_names_who_added_the_bot(bot: Bot, sandbox: Sandbox) -> None:
    """A6: adding the bot to a chat names the adder."""
    sandbox.make_chat("Sauna", creator="Alice", people=["Bob"])
    added, joined = await bot.get_updates()
    assert added.my_chat_member is not None
    assert added.my_chat_member.from_user.first_name == "Alice"
    assert added.my_chat_member.chat.title == "Sauna"
    assert (
        added.my_chat_member.old_chat_member.status,
        added.my_chat_member.new_chat_member.status,
    ) == ("left", "member")
    assert joined.message is not None
    assert joined.message.new_chat_members is not None
    assert joined.message.new_chat_members[0].id == 42


async def test_updates_report_lost_rights_removal_and_a_new_title(bot: Bot, yoga: SandboxChat) -> None:
    """A6: removal, rights lost and a renamed group can be followed."""
    yoga.rename("Kallio Yoga & Friends")
    yoga.bot("muted")
    yoga.bot("kicked")
    updates = await bot.get_updates()
    assert [u.my_chat_member.new_chat_member.status for u in updates if u.my_chat_member] == [
        "restricted",
        "kicked",
    ]
    titles = [u.message.new_chat_title for u in updates if u.message and u.message.new_chat_title]
    assert titles == ["Kallio Yoga & Friends"]


async def test_reports_membership_changes_only_when_requested(
    bot: Bot, yoga: SandboxChat, bob: SandboxPerson
) -> None:
    bob.leave(yoga)
    assert not [u for u in await bot.get_updates() if u.chat_member]
    await bot.get_updates(allowed_updates=["chat_member"])
    bob.join(yoga)
    updates = [u.chat_member for u in await bot.get_updates() if u.chat_member]
    assert [(t.new_chat_member.user.first_name, t.new_chat_member.status) for t in updates] == [
        ("Bob", "member")
    ]


async def test_leaves_a_group(bot: Bot, yoga: SandboxChat) -> None:
    await bot.leave_chat(yoga.id)
    assert yoga.now["bot"]["status"] == "left"
    assert "left_chat_member" in yoga.messages()[-1]["service"]


async def test_makes_closes_and_opens_topics_with_the_right(bot: Bot, runners: SandboxChat) -> None:
    with pytest.raises(TelegramBadRequest, match="not enough rights to manage topics"):
        await bot.create_forum_topic(runners.id, "Races")
    runners.bot("administrator", ["can_manage_topics"])
    topic = await bot.create_forum_topic(runners.id, "Races")
    sent = await bot.send_message(runners.id, "Go", message_thread_id=topic.message_thread_id)
    assert sent.reply_to_message is not None
    assert sent.reply_to_message.forum_topic_created is not None
    await bot.close_forum_topic(runners.id, topic.message_thread_id)
    with pytest.raises(TelegramBadRequest, match="TOPIC_NOT_MODIFIED"):
        await bot.close_forum_topic(runners.id, topic.message_thread_id)
    await bot.reopen_forum_topic(runners.id, topic.message_thread_id)
    assert [t["closed"] for t in runners.now["topics"]] == [False] * 4


async def test_has_no_topics_outside_a_forum(bot: Bot, yoga: SandboxChat) -> None:
    with pytest.raises(TelegramBadRequest, match="the chat is not a forum"):
        await bot.create_forum_topic(yoga.id, "Races")


async def test_only_a_basic_group_can_be_upgraded(yoga: SandboxChat) -> None:
    with pytest.raises(Refused, match="Only a basic group"):
        yoga.upgrade()


async def test_accepts_a_chat_action(bot: Bot, yoga: SandboxChat) -> None:
    await bot.send_chat_action(yoga.id, "typing")
    with pytest.raises(TelegramBadRequest, match="wrong parameter action"):
        await bot.send_chat_action(yoga.id, "dancing")


async def test_a_deleted_topic_is_gone_with_its_messages(bot: Bot, runners: SandboxChat) -> None:
    sent = await bot.send_message(runners.id, "Go", message_thread_id=2)
    runners.delete_topic(2)
    with pytest.raises(TelegramBadRequest, match="message to edit not found"):
        await bot.edit_message_text("Went", chat_id=runners.id, message_id=sent.message_id)
    with pytest.raises(TelegramBadRequest, match="message thread not found"):
        await bot.send_message(runners.id, "Go", message_thread_id=2)
    with pytest.raises(Refused, match="no such topic"):
        runners.delete_topic(2)


async def test_a_message_in_a_closed_topic_can_be_edited(bot: Bot, runners: SandboxChat) -> None:
    sent = await bot.send_message(runners.id, "Go", message_thread_id=2)
    runners.close_topic(2)
    await bot.edit_message_text("Went", chat_id=runners.id, message_id=sent.message_id)
    with pytest.raises(TelegramBadRequest, match="TOPIC_CLOSED"):
        await bot.send_message(runners.id, "Go", message_thread_id=2)


async def test_a_service_message_reports_a_topics_new_name(bot: Bot, runners: SandboxChat) -> None:
    runners.rename_topic(2, "Races")
    [update] = [u for u in await bot.get_updates() if u.message and u.message.forum_topic_edited]
    assert update.message is not None and update.message.forum_topic_edited is not None
    assert (update.message.message_thread_id, update.message.forum_topic_edited.name) == (
        2,
        "Races",
    )


async def test_a_deleted_group_is_out_of_reach(bot: Bot, yoga: SandboxChat) -> None:
    yoga.destroy()
    with pytest.raises(TelegramForbiddenError, match="the group chat was deleted"):
        await bot.send_message(yoga.id, "Hello")
