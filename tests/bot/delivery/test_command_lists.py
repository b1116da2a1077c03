"""An organiser's list of commands comes and goes with the role, without anything they do (`emerald setup-bot`)."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from backend import clock, db
from backend.accounts.keys import bind_key, create_key
from backend.accounts.memberships import change_role, end_membership, restore_membership
from backend.accounts.queries import authorize
from backend.accounts.rules import Permission, Role
from backend.closing.actions import close_due_accounts, request_closing
from backend.departures.handing_over import hand_over
from backend.people.actions import choose_language, mark_blocked
from backend.people.command_lists import GIVE_UP_AFTER, SET_WITHIN, claim_command_lists
from backend.personal.actions import erase
from bot.command_names import ORGANISER_LIST
from bot.delivery.profile import get_commands_of_chat
from tests.telegram import Telegram

Run = Callable[..., Awaitable[int]]
SET = "setMyCommands"


@pytest.fixture
async def started(telegram: Telegram, account: Any) -> None:
    for name in ("Olga", "Alice"):
        await telegram.start(name)


async def offered(telegram: Telegram, person: Any) -> list[str]:
    """The commands of the person's own list; none when they have everybody's."""
    return [each.command for each in await get_commands_of_chat(telegram.bot, person.telegram_id) or ()]


async def membership_of(account: Any, person: Any) -> int:
    return (await authorize(person, account.id, Permission.BOOK)).membership_id


async def give_role(account: Any, olga: Any, person: Any, role: Role) -> None:
    await change_role(olga, account.id, await membership_of(account, person), role)


async def waiting() -> int:
    return int(await db.value("SELECT count(*) FROM due_command_lists"))


async def test_it_comes_and_goes_with_the_role(
    telegram: Telegram, started: None, account: Any, olga: Any, alice: Any, run: Run
) -> None:
    await give_role(account, olga, alice, Role.ADMIN)
    assert await run() == 1
    assert await offered(telegram, alice) == list(ORGANISER_LIST)
    assert (await run(after=60), await waiting()) == (0, 0)
    await give_role(account, olga, alice, Role.MEMBER)
    assert await run(after=1) == 1
    assert await offered(telegram, alice) == []
    assert await offered(telegram, olga) == list(ORGANISER_LIST)


async def test_a_club_that_is_handed_over_brings_it(
    telegram: Telegram, started: None, account: Any, olga: Any, alice: Any, run: Run
) -> None:
    await hand_over(olga, account.id, await membership_of(account, alice))
    await run()
    assert await offered(telegram, alice) == list(ORGANISER_LIST)


async def test_it_goes_with_a_removal_and_comes_back_when_that_is_undone(
    telegram: Telegram, started: None, account: Any, olga: Any, alice: Any, run: Run
) -> None:
    await give_role(account, olga, alice, Role.ADMIN)
    membership = await membership_of(account, alice)
    await run()
    await end_membership(olga, account.id, membership)
    await run(after=1)
    assert await offered(telegram, alice) == []
    async with db.transaction():
        await restore_membership(olga, account.id, membership)
    await run(after=1)
    assert await offered(telegram, alice) == list(ORGANISER_LIST)


async def test_a_key_used_in_the_app_brings_it(
    telegram: Telegram, started: None, account: Any, olga: Any, alice: Any, run: Run
) -> None:
    made = await create_key(olga, account.id, role=Role.ADMIN, label="Alice")
    await bind_key(alice, made)
    await run()
    assert await offered(telegram, alice) == list(ORGANISER_LIST)


async def test_it_goes_when_an_organiser_is_erased(
    telegram: Telegram, started: None, account: Any, olga: Any, alice: Any, bob: Any, run: Run
) -> None:
    """`A7`: their id stays until it was taken back, and nothing after. Of others not even that stays."""
    await give_role(account, olga, alice, Role.ADMIN)
    await run()
    assert await offered(telegram, alice) == list(ORGANISER_LIST)
    await erase(bob)
    assert await waiting() == 0
    await erase(alice)
    assert await waiting() == 1
    await run(after=1)
    assert (await offered(telegram, alice), await waiting()) == ([], 0)


async def test_of_somebody_erased_nothing_stays_though_telegram_is_away(
    telegram: Telegram, started: None, account: Any, olga: Any, alice: Any, noon: Any
) -> None:
    await give_role(account, olga, alice, Role.ADMIN)
    await erase(alice)
    clock.advance(GIVE_UP_AFTER)
    assert (await claim_command_lists(9, ()), await waiting()) == ([], 0)


async def test_it_goes_when_the_club_is_closed(
    telegram: Telegram, started: None, account: Any, olga: Any, run: Run
) -> None:
    await request_closing(olga, account.id, name="Kallio Yoga")
    clock.advance(timedelta(days=8))
    await close_due_accounts()
    while await waiting():
        await run(after=2)
    assert await offered(telegram, olga) == []


async def test_it_follows_the_language(telegram: Telegram, started: None, olga: Any, run: Run) -> None:
    await choose_language(olga, "fi")
    await run()
    listed = await get_commands_of_chat(telegram.bot, olga.telegram_id) or []
    assert next(each.description for each in listed if each.command == "create") == "Luo tapahtuma"


async def test_members_cost_nothing(
    telegram: Telegram, started: None, account: Any, olga: Any, alice: Any, run: Run
) -> None:
    await end_membership(olga, account.id, await membership_of(account, alice))
    await run()
    assert await waiting() == 0 and telegram.calls("deleteMyCommands") == []


@pytest.mark.parametrize("is_blocked", [False, True], ids=["never started", "blocked"])
async def test_nobody_the_bot_may_not_write_to_is_marked(
    telegram: Telegram, account: Any, olga: Any, alice: Any, run: Run, is_blocked: bool
) -> None:
    if is_blocked:
        await mark_blocked(alice.telegram_id)
    else:
        await db.execute("UPDATE telegram_users SET may_write_at = NULL WHERE id = $1", alice.id)
    await give_role(account, olga, alice, Role.ADMIN)
    assert (await run(), telegram.calls(SET)) == (0, [])


async def test_a_chat_that_telegram_does_not_know_is_left_out(
    telegram: Telegram, account: Any, olga: Any, alice: Any, run: Run
) -> None:
    """Alice has never started this bot, whatever we believed."""
    await give_role(account, olga, alice, Role.ADMIN)
    assert (await run(), await waiting()) == (1, 0)


async def test_a_429_is_waited_out_and_holds_up_no_message(
    telegram: Telegram, started: None, account: Any, olga: Any, alice: Any, sender: Any, run: Run
) -> None:
    await give_role(account, olga, alice, Role.ADMIN)
    await choose_language(olga, "fi")
    telegram.sandbox.fault(method=SET, error_code=429, retry_after=20, times=2)
    await run()
    for person in (alice, olga):
        assert sender.limiter.frozen_until(person.telegram_id) is None
    assert (await run(after=19), await offered(telegram, alice)) == (0, [])
    telegram.sandbox.advance(20)
    assert await run(after=2) == 2
    assert await offered(telegram, alice) == list(ORGANISER_LIST)


async def test_it_is_tried_again_while_telegram_is_away_for_a_day(
    telegram: Telegram, started: None, account: Any, olga: Any, alice: Any, run: Run
) -> None:
    await give_role(account, olga, alice, Role.ADMIN)
    telegram.sandbox.fault(method=SET, error_code=500, times=2)
    assert [await run(), await run(after=31), await waiting()] == [1, 1, 1]
    await run(after=GIVE_UP_AFTER.total_seconds())
    assert (await waiting(), await offered(telegram, alice)) == (0, [])


async def test_a_role_that_changes_meanwhile_is_not_missed(
    telegram: Telegram, started: None, account: Any, olga: Any, alice: Any, run: Run
) -> None:
    """The sender has claimed the list, and knows the role of before."""
    await give_role(account, olga, alice, Role.ADMIN)
    first, again = claim_command_lists, list[Any]()

    async def claim(limit: int, busy: Any) -> Any:
        claimed = await first(limit, busy)
        if claimed and not again:
            again.append(claimed[0])
            clock.advance(timedelta(seconds=1))
            await give_role(account, olga, alice, Role.MEMBER)
        return claimed

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("bot.delivery.command_lists.claim_command_lists", claim)
        await run()
        assert await waiting() == 1, "it was marked again"
        await run(after=2)
    assert (await waiting(), await offered(telegram, alice)) == (0, [])


async def test_a_sender_that_dies_leaves_it_to_the_next(
    telegram: Telegram, started: None, account: Any, olga: Any, alice: Any, run: Run
) -> None:
    await give_role(account, olga, alice, Role.ADMIN)
    [claimed] = await claim_command_lists(5, [])
    assert claimed.chat_id == alice.telegram_id and await claim_command_lists(5, []) == []
    await run(after=SET_WITHIN.total_seconds())
    assert await offered(telegram, alice) == list(ORGANISER_LIST)
