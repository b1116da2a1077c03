"""Keys: bound in private, refused in a group (`A3`)."""

from typing import Any

from backend.accounts.keys import create_key
from backend.accounts.queries import clubs
from backend.accounts.rules import Role
from backend.people.queries import person_of_telegram
from tests.telegram import Telegram


async def role_of(telegram_id: int) -> list[Role]:
    person = await person_of_telegram(telegram_id)
    assert person is not None
    return [club.role for club in await clubs(person)]


async def test_start_with_a_key_binds(telegram: Telegram, olga: Any, club: Any) -> None:
    """And the key does not stay in the chat for whoever looks at that screen next."""
    key = await create_key(olga, club.id, label="Charlie", role=Role.ADMIN)
    said = await telegram.say("Charlie", f"/start {key}")
    assert said["text"].startswith("You’re an organiser of Kallio Yoga now.")
    assert await role_of(1009) == [Role.ADMIN]
    assert not any(key in m["text"] for m in telegram.person("Charlie").private.messages())


async def test_a_key_is_understood_however_it_comes(telegram: Telegram, olga: Any, club: Any) -> None:
    """As a link's payload, and alone."""
    keys = [await create_key(olga, club.id, label="x", role=Role.HELPER) for _ in range(2)]
    assert "helper of Kallio Yoga" in (await telegram.start("Charlie", keys[0]))["text"]
    assert "helper of Kallio Yoga" in (await telegram.say("Bob", f" {keys[1]} "))["text"]
    assert await role_of(1003) == [Role.HELPER]


async def test_a_used_up_key_binds_nobody(telegram: Telegram, olga: Any, club: Any) -> None:
    key = await create_key(olga, club.id, label="x", role=Role.ADMIN, uses=1)
    await telegram.start("Charlie", key)
    said = await telegram.start("Alice", key)
    assert said["text"] == "This key is not valid. Ask your organiser for a new one."
    assert await role_of(1002) == [Role.MEMBER]


async def test_in_a_group_it_is_refused_deleted_and_its_owner_told(
    telegram: Telegram, olga: Any, club: Any
) -> None:
    key = await create_key(olga, club.id, label="x", role=Role.ADMIN)
    await telegram.start("Bob")
    yoga = telegram.room()
    await telegram.say("Bob", f"here: /start {key}", yoga)
    assert not any(key in m["text"] for m in yoga.messages())
    told = telegram.last(telegram.person("Bob").private)
    assert "where others can read it" in told["text"] and "Revoke the key" in told["text"]
    assert "I deleted the message." in told["text"]
    assert await role_of(1003) == [Role.MEMBER]


async def test_where_the_bot_may_not_delete_it_says_so(telegram: Telegram, olga: Any, club: Any) -> None:
    """Charlie has no private chat with the bot: he is told where he wrote, without the key."""
    key = await create_key(olga, club.id, label="x", role=Role.ADMIN)
    yoga = telegram.room()
    telegram.person("Charlie").join(yoga)
    # Without an administrator's rights a bot reads commands only, so the key comes with one.
    yoga.bot("member")
    await telegram.pump()
    told = await telegram.say("Charlie", f"/start {key}", yoga)
    assert "please delete it yourself" in told["text"] and key not in told["text"]
    assert await role_of(1009) == [Role.MEMBER]
