"""API keys: bound in private, refused in a group (`A3`)."""

from typing import Any

from backend.accounts.keys import create_key
from backend.accounts.queries import joined_accounts
from backend.accounts.rules import Role
from backend.people.queries import person_of_telegram
from tests.telegram import Telegram


async def role_of(telegram_id: int) -> list[Role]:
    person = await person_of_telegram(telegram_id)
    assert person is not None
    return [account.role for account in await joined_accounts(person)]


async def test_start_with_a_key_binds_it_and_deletes_the_message(
    telegram: Telegram, olga: Any, account: Any
) -> None:
    """The key does not stay in the chat, where others might read it."""
    key = await create_key(olga, account.id, label="Charlie", role=Role.ADMIN)
    reply = await telegram.say("Charlie", f"/start {key}")
    assert reply["text"].startswith("You’re an organiser of Kallio Yoga now.")
    assert await role_of(1009) == [Role.ADMIN]
    assert not any(key in m["text"] for m in telegram.person("Charlie").private.messages())


async def test_a_key_is_accepted_as_payload_and_alone(telegram: Telegram, olga: Any, account: Any) -> None:
    """As the payload of a link, and as a message of its own."""
    keys = [await create_key(olga, account.id, label="x", role=Role.HELPER) for _ in range(2)]
    assert "helper of Kallio Yoga" in (await telegram.start("Charlie", keys[0]))["text"]
    assert "helper of Kallio Yoga" in (await telegram.say("Bob", f" {keys[1]} "))["text"]
    assert await role_of(1003) == [Role.HELPER]


async def test_a_used_up_key_binds_nobody(telegram: Telegram, olga: Any, account: Any) -> None:
    key = await create_key(olga, account.id, label="x", role=Role.ADMIN, uses=1)
    await telegram.start("Charlie", key)
    reply = await telegram.start("Alice", key)
    assert reply["text"] == "This key is not valid. Ask your organiser for a new one."
    assert await role_of(1002) == [Role.MEMBER]


async def test_a_key_in_a_group_is_refused_deleted_and_explained_in_private(
    telegram: Telegram, olga: Any, account: Any
) -> None:
    key = await create_key(olga, account.id, label="x", role=Role.ADMIN)
    await telegram.start("Bob")
    yoga = telegram.chat()
    await telegram.say("Bob", f"here: /start {key}", yoga)
    assert not any(key in m["text"] for m in yoga.messages())
    answer = telegram.last(telegram.person("Bob").private)
    assert "where others can read it. I did not use it. I deleted the message." in answer["text"]
    assert "Revoke the key" in answer["text"]
    assert await role_of(1003) == [Role.MEMBER]


async def test_a_key_the_bot_cannot_delete_is_explained_in_the_group(
    telegram: Telegram, olga: Any, account: Any
) -> None:
    """Charlie has no private chat with the bot: the answer comes where he wrote, without the key."""
    key = await create_key(olga, account.id, label="x", role=Role.ADMIN)
    yoga = telegram.chat()
    telegram.person("Charlie").join(yoga)
    # Without administrator's rights a bot reads only commands, so the key comes with one.
    yoga.bot("member")
    await telegram.pump()
    answer = await telegram.say("Charlie", f"/start {key}", yoga)
    assert "please delete it yourself" in answer["text"] and key not in answer["text"]
    assert await role_of(1009) == [Role.MEMBER]
