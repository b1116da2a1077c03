"""Linking groups and following what becomes of them (`A5`, `A6`), and knowing who is in them (`A4`)."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

from backend import clock, db
from backend.accounts.memberships import join
from backend.accounts.queries import authorize
from backend.accounts.rules import JoinedThrough, Permission
from backend.audit.actions import record_audit
from backend.errors import Invalid, NotFound
from backend.groups.cards import GENERAL_TOPIC, lose_cards, restore_cards
from backend.groups.queries import LinkedGroup, group, group_of_chat
from backend.i18n import N_
from backend.people.queries import Person

PRESENCE_TTL = timedelta(minutes=10)  # how long an answer of getChatMember is believed

# Asks Telegram whether a person (by Telegram id) is in a chat now; None when it cannot be told. Set by what is started.
MembershipChecker = Callable[[int, int], Awaitable[bool | None]]
_membership_checker: MembershipChecker | None = None


def set_membership_checker(lookup: MembershipChecker) -> None:
    """Say how presence is looked up: the domain itself does not speak Telegram."""
    global _membership_checker
    _membership_checker = lookup


async def link_group(
    person: Person, account_id: int, *, chat_id: int, title: str, forum: bool = False
) -> LinkedGroup:
    """Link a chat to the club, or find it linked already. Raises `Invalid` when another club has it, `Forbidden`."""
    club = await authorize(person, account_id, Permission.MANAGE_GROUPS)
    async with db.transaction():
        owner = await db.value(
            "INSERT INTO groups AS g (account_id, chat_id, title, forum, health, linked_by, linked_at)"
            " VALUES ($1, $2, $3, $4, 'well', $5, $6) ON CONFLICT ON CONSTRAINT groups_chat_id_key DO UPDATE SET"
            " title = $3, forum = $4, health = 'well' WHERE g.account_id = $1 RETURNING account_id",
            club.id,
            chat_id,
            title,
            forum,
            person.id,
            clock.now(),
        )
        if owner is None:
            raise Invalid(N_("This group belongs to another club already."))
        await record_audit(club.id, person.id, "link", "group", chat=chat_id, title=title)
        found = await group_of_chat(chat_id)
        assert found is not None
        await restore_cards(found.id, ["muted", "removed"], clock.now())
    return found


async def unlink_group(person: Person, account_id: int, group_id: int) -> None:
    """Let a group go: its series and cards stay, without a group. Raises `Forbidden`, `NotFound`."""
    club = await authorize(person, account_id, Permission.MANAGE_GROUPS)
    async with db.transaction():
        await db.execute(
            "UPDATE event_series SET group_id = NULL, topic_id = NULL WHERE group_id = $1 AND account_id = $2",
            group_id,
            club.id,
        )
        await db.execute(
            "UPDATE polls SET group_id = NULL, topic_id = NULL WHERE group_id = $1 AND account_id = $2",
            group_id,
            club.id,
        )
        await db.execute("DELETE FROM cards WHERE group_id = $1 AND account_id = $2", group_id, club.id)
        if not await db.execute("DELETE FROM groups WHERE id = $1 AND account_id = $2", group_id, club.id):
            raise NotFound()
        await record_audit(club.id, person.id, "unlink", f"group {group_id}")


async def rename_group(chat_id: int, title: str, *, forum: bool) -> None:
    """The chat has this title now."""
    await db.execute_single(
        "UPDATE groups SET title = $2, forum = $3 WHERE chat_id = $1 AND (title, forum) <> ($2, $3)",
        chat_id,
        title,
        forum,
    )


async def set_health(chat_id: int, health: str, why: str = "") -> None:
    """The bot's standing in the chat: `well`, `muted` or `removed`. Its cards there are lost, or go on, with it (`C6`)."""
    at = clock.now()
    async with db.transaction():
        changed = await db.value(
            "UPDATE groups SET health = $2 WHERE chat_id = $1 AND health <> $2 RETURNING id",
            chat_id,
            health,
        )
        if changed is None:
            return
        if health == "well":
            await restore_cards(changed, ["muted", "removed"], at)
        else:
            await lose_cards(health, why, at, group_id=changed)


async def move_group(old_chat_id: int, new_chat_id: int) -> None:
    """The group was upgraded to a supergroup: its id changes, its cards' messages are gone with the old one (`A6`)."""
    at = clock.now()
    async with db.transaction():
        old = await db.row("SELECT id, account_id FROM groups WHERE chat_id = $1 FOR UPDATE", old_chat_id)
        if old is None:
            return
        # Otherwise the new chat's messages of the same numbers would be edited.
        await lose_cards("moved", "the group became a supergroup", at, group_id=old["id"])
        new = await db.row("SELECT id, account_id FROM groups WHERE chat_id = $1", new_chat_id)
        if new is None:
            await db.execute("UPDATE groups SET chat_id = $2 WHERE id = $1", old["id"], new_chat_id)
        elif new["account_id"] == old["account_id"]:  # linked anew before we heard of it
            await _merge(old["id"], new["id"])
        else:
            await db.execute("UPDATE groups SET health = 'removed' WHERE id = $1", old["id"])


async def _merge(old_id: int, new_id: int) -> None:
    """All that was the old group's is the new one's."""
    for table in ("event_series", "polls", "cards"):
        await db.execute(f"UPDATE {table} SET group_id = $2 WHERE group_id = $1", old_id, new_id)
    await db.execute(
        "INSERT INTO group_members (account_id, group_id, user_id, present, checked_at)"
        " SELECT account_id, $2, user_id, present, checked_at FROM group_members WHERE group_id = $1"
        " ON CONFLICT ON CONSTRAINT group_members_pkey DO NOTHING",
        old_id,
        new_id,
    )
    await db.execute("DELETE FROM groups WHERE id = $1", old_id)


async def record_topic(chat_id: int, topic_id: int, name: str | None, *, closed: bool | None = None) -> None:
    """A forum topic was seen, renamed (`name`), closed or reopened (`closed`, when that was said)."""
    async with db.transaction():
        await db.execute(
            "INSERT INTO group_topics AS t (account_id, group_id, topic_id, name, closed)"
            " SELECT account_id, id, $2::bigint, coalesce($3, 'Topic ' || $2::bigint), coalesce($4, false)"
            " FROM groups WHERE chat_id = $1"
            " ON CONFLICT ON CONSTRAINT group_topics_pkey DO UPDATE SET name = coalesce($3, t.name),"
            " closed = coalesce($4, t.closed)",
            chat_id,
            topic_id,
            name,
            closed,
        )
        if closed is False:
            await _reopen(chat_id, topic_id)


async def reopen_general_topic(chat_id: int) -> None:
    """The General topic takes messages again."""
    async with db.transaction():
        await _reopen(chat_id, GENERAL_TOPIC)


async def _reopen(chat_id: int, topic_id: int) -> None:
    where = await group_of_chat(chat_id)
    if where is not None:
        await restore_cards(where.id, ["topic-closed"], clock.now(), topic_id=topic_id)


async def mark_present(person: Person, where: LinkedGroup) -> None:
    """The person acted in a linked group, so they are in it, and a member of its club (`A4`)."""
    at = clock.now()
    fresh = await db.value(
        "SELECT true FROM group_members g JOIN memberships m ON m.account_id = g.account_id AND m.user_id = g.user_id"
        " WHERE g.group_id = $1 AND g.user_id = $2 AND g.present AND g.checked_at > $3 AND m.left_at IS NULL",
        where.id,
        person.id,
        at - PRESENCE_TTL,
    )
    if fresh:
        return
    await _record_presence(person, where, present=True)
    await join(person, where.account_id, through=JoinedThrough.GROUP)


async def is_present(person: Person, group_id: int) -> bool:
    """Whether the person is in the group: from the answer kept for ten minutes, else Telegram is asked (`A5`)."""
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
    told = (
        await _membership_checker(where.chat_id, person.telegram_id)
        if _membership_checker is not None
        else None
    )
    if told is None:  # Telegram cannot tell now: what it last said stands
        return known is not None and bool(known["present"])
    await _record_presence(person, where, present=told)
    return told


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


async def mark_absent(person: Person, where: LinkedGroup) -> None:
    """The person left the group or was put out of it; a member who came through groups only leaves the club with the last."""
    await _record_presence(person, where, present=False)
    await db.execute_single(
        "UPDATE memberships m SET left_at = $3 WHERE m.account_id = $1 AND m.user_id = $2 AND m.role = 'MEMBER'"
        " AND m.joined_through = 'group' AND m.left_at IS NULL AND NOT EXISTS (SELECT 1 FROM group_members g"
        " WHERE g.account_id = $1 AND g.user_id = $2 AND g.present)",
        where.account_id,
        person.id,
        clock.now(),
    )


async def recheck_presence(person: Person) -> None:
    """Ask anew about groups whose answer is older than a day; who is gone from all of a club's groups leaves it (`A5`)."""
    for row in await db.rows(
        "SELECT g.group_id FROM group_members g WHERE g.user_id = $1 AND g.present AND g.checked_at < $2",
        person.id,
        clock.now() - timedelta(days=1),
    ):
        where = await group(row["group_id"])
        if where is not None and not await is_present(person, where.id):
            await mark_absent(person, where)
