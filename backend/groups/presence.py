"""Whether a person is in a group (`A4`, `A5`). Telegram's answers are kept for ten minutes."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import timedelta

from backend import clock, db
from backend.accounts.memberships import end_membership_through_groups, is_shut_out, join
from backend.accounts.rules import JoinedThrough
from backend.batching import Batcher
from backend.groups.queries import LinkedGroup, group, group_from
from backend.people.queries import Person

PRESENCE_TTL = timedelta(minutes=10)  # how long an answer of getChatMember is believed
RECHECK_AFTER = timedelta(days=1)

ASKED_AT_ONCE = 5  # groups about which Telegram is asked while somebody waits
ANSWERS_WITHIN = 2.0  # seconds for all of these answers; later ones are asked for the next time

# Those never asked about come first. Whoever has a role sees all that is the club's.
UNKNOWN_GROUPS = """
SELECT w.user_id, g.group_id FROM unnest($1::bigint[]) AS w (user_id) CROSS JOIN LATERAL (
    SELECT g.id AS group_id FROM memberships m JOIN groups g ON g.account_id = m.account_id
    LEFT JOIN group_members p ON p.group_id = g.id AND p.user_id = m.user_id
    WHERE m.user_id = w.user_id AND m.left_at IS NULL AND m.visitor_since IS NULL AND m.role = 'MEMBER'
        AND p.present IS NOT TRUE AND coalesce(p.checked_at <= $2, true)
    ORDER BY p.checked_at NULLS FIRST, g.id LIMIT $3
) g
"""
OVERDUE_GROUPS = """
SELECT user_id, group_id FROM group_members WHERE user_id = ANY($1::bigint[]) AND present AND checked_at < $2
"""

# $1 Telegram's ids of chats, $2 people, $3 seen after.
VISITED = """
SELECT w.number, g.*, EXISTS (
    SELECT 1 FROM group_members p JOIN memberships m ON m.account_id = p.account_id AND m.user_id = p.user_id
    WHERE p.group_id = g.id AND p.user_id = w.user_id AND p.present AND p.checked_at > $3
        AND m.left_at IS NULL AND m.visitor_since IS NULL
) AS recent
FROM unnest($1::bigint[], $2::bigint[]) WITH ORDINALITY AS w (chat_id, user_id, number) JOIN groups g ON g.chat_id = w.chat_id
"""

# Asks Telegram whether a person is in a chat now, by Telegram's ids of both; None when Telegram does not
# answer.
MembershipChecker = Callable[[int, int], Awaitable[bool | None]]
_membership_checker: MembershipChecker | None = None


def set_membership_checker(checker: MembershipChecker) -> None:
    """Set the function that asks Telegram, which the domain itself does not speak. Each process sets it when
    it starts."""
    global _membership_checker
    _membership_checker = checker


async def visit_group(chat_id: int, person: Person | None) -> LinkedGroup | None:
    """The group of this Telegram chat, or None when it is not linked. The person, if given, acted in it: `mark_present`."""
    where, is_recent = await _visits.submit((chat_id, person.id if person is not None else 0))
    if where is not None and person is not None and not is_recent:
        await mark_present(person, where)
    return where


async def _find_visited(_: int, visits: Sequence[tuple[int, int]]) -> list[tuple[LinkedGroup | None, bool]]:
    """Each visit's group, and whether the visitor is a member of its account and was seen in it of late."""
    chats, people = zip(*visits, strict=True)
    rows = await db.rows(VISITED, chats, people, clock.now() - PRESENCE_TTL)
    found = {row["number"]: (group_from(row), row["recent"]) for row in rows}
    return [found.get(number, (None, False)) for number, _ in enumerate(visits, 1)]


async def mark_present(person: Person, where: LinkedGroup) -> None:
    """Record that the person acted in a linked group: they are in it, and become a member of its account
    (`A4`), unless an organiser removed them (`A9`)."""
    await _record_presence(person, where, present=True)
    if await is_shut_out(where.account_id, person.id):
        return
    await join(person, where.account_id, through=JoinedThrough.GROUP)


async def is_present(person: Person, group_id: int) -> bool:
    """Whether the person is in the group (`A5`). Asks Telegram unless it answered within the last ten
    minutes; when it does not answer, its last answer counts."""
    where = await group(group_id)
    if where is None:
        return False
    known = await db.row(
        "SELECT present, checked_at FROM group_members WHERE group_id = $1 AND user_id = $2",
        group_id,
        person.id,
    )
    if known is not None and known["checked_at"] > clock.now() - PRESENCE_TTL:
        return bool(known["present"])
    present = (
        await _membership_checker(where.chat_id, person.telegram_id)
        if _membership_checker is not None
        else None
    )
    if present is None:
        return known is not None and bool(known["present"])
    await _record_presence(person, where, present=present)
    return present


async def mark_absent(person: Person, where: LinkedGroup) -> int | None:
    """Record that the person left the group or was removed from it. A member who joined through a group
    leaves the account with the last of its groups: the id of the membership that ended, else None."""
    await _record_presence(person, where, present=False)
    async with db.transaction():
        return await end_membership_through_groups(where.account_id, person.id)


async def recheck_presence(person: Person) -> list[int]:
    """Ask Telegram again about the groups it last answered for over a day ago (`A5`); the ids of the
    memberships that ended."""
    ended = []
    for group_id in await _overdue.submit(person.id):
        where = await group(group_id)
        if where is not None and not await is_present(person, where.id):
            ended.append(await mark_absent(person, where))
    return [membership_id for membership_id in ended if membership_id is not None]


async def _find_overdue(_: int, user_ids: Sequence[int]) -> list[list[int]]:
    return _of_each(user_ids, await db.rows(OVERDUE_GROUPS, user_ids, clock.now() - RECHECK_AFTER))


async def _find_unknown(_: int, user_ids: Sequence[int]) -> list[list[int]]:
    values = list(set(user_ids)), clock.now() - PRESENCE_TTL, ASKED_AT_ONCE
    return _of_each(user_ids, await db.rows(UNKNOWN_GROUPS, *values))


def _of_each(user_ids: Sequence[int], rows: Sequence[db.Row]) -> list[list[int]]:
    """The groups of each of these people, in the order of the rows."""
    found: dict[int, list[int]] = {}
    for row in rows:
        found.setdefault(row["user_id"], []).append(row["group_id"])
    return [found.get(user_id, []) for user_id in user_ids]


# Everybody who taps in a group or opens the app is looked up, often hundreds at once.
_overdue: Batcher[int, list[int]] = Batcher("presence", _find_overdue)
_visits: Batcher[tuple[int, int], tuple[LinkedGroup | None, bool]] = Batcher("groups", _find_visited)
_unknown: Batcher[int, list[int]] = Batcher("unknown presence", _find_unknown)


async def learn_presence(person: Person) -> None:
    """Ask Telegram about groups of the person's clubs in which they are not known to be, at most `ASKED_AT_ONCE` of them and each
    every ten minutes: what takes place there is shown to those who are in it (`A5`). All are asked about together, and
    after `ANSWERS_WITHIN` nobody waits any longer."""
    checker = _membership_checker
    found = [await group(group_id) for group_id in await _unknown.submit(person.id)]
    if checker is None or not found:
        return
    answers: list[tuple[LinkedGroup, bool | None]] = []

    async def ask(where: LinkedGroup) -> None:
        answers.append((where, await checker(where.chat_id, person.telegram_id)))

    with suppress(TimeoutError):
        async with asyncio.timeout(ANSWERS_WITHIN), asyncio.TaskGroup() as asking:
            for where in filter(None, found):
                asking.create_task(ask(where))
    for where, present in answers:
        if present is not None:
            await _record_presence(person, where, present=present)


async def _record_presence(person: Person, where: LinkedGroup, *, present: bool) -> None:
    await db.execute_single(
        "INSERT INTO group_members (account_id, group_id, user_id, present, checked_at) VALUES ($1, $2, $3, $4, $5)"
        " ON CONFLICT ON CONSTRAINT group_members_pkey DO UPDATE SET present = $4, checked_at = $5",
        where.account_id,
        where.id,
        person.id,
        present,
        clock.now(),
    )


async def forget_presence(user_id: int) -> None:
    """Delete what is known of the person's groups (`A7`), inside the caller's transaction."""
    await db.execute("DELETE FROM group_members WHERE user_id = $1", user_id)
    await db.execute("DELETE FROM shown_lists WHERE user_id = $1", user_id)
