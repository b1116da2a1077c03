"""Linking groups, and following what happens to them in Telegram (`A6`, `A10`).

This slice stands above cards, series and polls because all three refer to groups. One transaction changes
them together.
"""

from backend import clock, db
from backend.accounts.queries import authorize
from backend.accounts.rules import Permission
from backend.audit.actions import record_audit
from backend.cards.lost import link_cards, lose_cards, move_cards, restore_cards, unlink_cards
from backend.cards.rules import CardTrouble
from backend.errors import Invalid, NotFound
from backend.events.groups import detach_series, move_series
from backend.groups.actions import (
    change_chat_id,
    delete_group,
    merge_groups,
    update_health,
    upsert_group,
    upsert_topic,
)
from backend.groups.queries import LinkedGroup, group_of_chat
from backend.groups.rules import GENERAL_TOPIC, GroupHealth
from backend.i18n import N_
from backend.people.queries import Person
from backend.polls.groups import detach_polls, move_polls

UNWRITABLE = (CardTrouble.MUTED, CardTrouble.REMOVED)  # troubles that end when the bot may write again


async def link_group(
    person: Person, account_id: int, *, chat_id: int, title: str, forum: bool = False
) -> LinkedGroup:
    """Link a chat to the account; doing it again changes nothing. Cards that stayed there get their buttons
    back.

    Raises `Invalid` when another account has the chat, `Forbidden`, `NotFound`.
    """
    club = await authorize(person, account_id, Permission.MANAGE_GROUPS)
    async with db.transaction():
        linked = await upsert_group(club.id, person.id, chat_id=chat_id, title=title, forum=forum)
        if linked is None:
            raise Invalid(N_("This group belongs to another club already."))
        await restore_cards(linked.id, UNWRITABLE, clock.now())
        await link_cards(club.id, linked.id, chat_id, clock.now())
        await record_audit(club.id, person.id, "link", "group", chat=chat_id, title=title)
    return linked


async def unlink_group(person: Person, account_id: int, group_id: int) -> None:
    """Unlink a group. Its series and polls stay without a group; its cards lose their buttons. Raises
    `Forbidden`, `NotFound`."""
    club = await authorize(person, account_id, Permission.MANAGE_GROUPS)
    async with db.transaction():
        await detach_series(club.id, group_id)
        await detach_polls(club.id, group_id)
        await unlink_cards(club.id, group_id, clock.now())
        if not await delete_group(club.id, group_id):
            raise NotFound()
        await record_audit(club.id, person.id, "unlink", f"group {group_id}")


async def set_health(chat_id: int, health: GroupHealth, why: str = "") -> None:
    """Record whether the bot may write in the chat. Its cards there are lost or restored with it (`C6`)."""
    at = clock.now()
    async with db.transaction():
        group_id = await update_health(chat_id, health)
        if group_id is None:
            return
        if health is GroupHealth.WELL:
            await restore_cards(group_id, UNWRITABLE, at)
        else:
            await lose_cards(CardTrouble(health), why, at, group_id=group_id)


async def move_group(old_chat_id: int, new_chat_id: int) -> None:
    """Follow a group that became a supergroup (`A6`): its id changes, and its messages stay behind in the old
    chat."""
    async with db.transaction():
        await db.execute("SELECT 1 FROM groups WHERE chat_id = $1 FOR UPDATE", old_chat_id)
        old = await group_of_chat(old_chat_id)
        if old is None:
            return
        # Otherwise the new chat's messages with the same numbers would be edited.
        await lose_cards(CardTrouble.MOVED, "the group became a supergroup", clock.now(), group_id=old.id)
        new = await group_of_chat(new_chat_id)
        if new is None:
            await change_chat_id(old.id, new_chat_id)
        elif new.account_id == old.account_id:  # the new chat was linked before this update arrived
            await move_series(old.id, new.id)
            await move_polls(old.id, new.id)
            await move_cards(old.id, new.id)
            await merge_groups(old.id, new.id)
        else:
            await update_health(old_chat_id, GroupHealth.REMOVED)


async def record_topic(chat_id: int, topic_id: int, name: str | None, *, closed: bool | None = None) -> None:
    """Record a forum topic that was seen, renamed (`name`), closed or reopened (`closed`). Reopening restores
    its cards."""
    async with db.transaction():
        await upsert_topic(chat_id, topic_id, name=name, closed=closed)
        if closed is False:
            await _restore_cards_of_topic(chat_id, topic_id)


async def reopen_general_topic(chat_id: int) -> None:
    """The General topic, which has no row, was reopened: restore its cards."""
    async with db.transaction():
        await _restore_cards_of_topic(chat_id, GENERAL_TOPIC)


async def _restore_cards_of_topic(chat_id: int, topic_id: int) -> None:
    where = await group_of_chat(chat_id)
    if where is not None:
        await restore_cards(where.id, [CardTrouble.TOPIC_CLOSED], clock.now(), topic_id=topic_id)
