"""Linking groups, and following what happens to them in Telegram (`A6`, `A10`).

This slice stands above cards, series and polls because all three refer to groups. One transaction changes
them together.
"""

from backend import clock, db
from backend.accounts.actions import allow_own_account, insert_own_account
from backend.accounts.queries import account_name, authorize
from backend.accounts.rules import Permission
from backend.audit.actions import record_audit
from backend.cards.lost import link_cards, lose_cards, move_cards, restore_cards, unlink_cards
from backend.cards.rules import CardTrouble
from backend.errors import Invalid, NotFound
from backend.events.groups import detach_series, move_series
from backend.groups.actions import (
    change_chat_id,
    clear_card_topic,
    delete_group,
    delete_topic,
    merge_groups,
    update_card_topic,
    update_health,
    upsert_group,
    upsert_topic,
)
from backend.groups.queries import LinkedGroup, group_of_chat
from backend.groups.rules import GENERAL_TOPIC, GroupHealth
from backend.i18n import N_
from backend.outbox.kinds import Kind
from backend.outbox.organisers import notify_organisers
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
    account = await authorize(person, account_id, Permission.MANAGE_GROUPS)
    async with db.transaction():
        return await _link(person, account.id, account.name, chat_id, title, forum)


async def link_new_account(
    person: Person, name: str, *, zone: str, language: str, chat_id: int, title: str, forum: bool = False
) -> int:
    """Make an account whose OWNER is this person, and link the chat to it; its id. Nothing is made when another account
    has the chat.

    Raises `Invalid`, `TooOften`.
    """
    name = await allow_own_account(person, name, zone=zone)
    async with db.transaction():
        account_id = await insert_own_account(person, name, zone=zone, language=language)
        await _link(person, account_id, name, chat_id, title, forum)
    return account_id


async def _link(
    person: Person, account_id: int, account_name: str, chat_id: int, title: str, forum: bool
) -> LinkedGroup:
    at = clock.now()
    was = await group_of_chat(chat_id)
    linked = await upsert_group(account_id, person.id, chat_id=chat_id, title=title, forum=forum)
    if linked is None:
        raise Invalid(N_("This group belongs to another club already."))
    await restore_cards(linked.id, UNWRITABLE, at)
    await link_cards(account_id, linked.id, chat_id, at)
    await record_audit(account_id, person.id, "link", "group", chat=chat_id, title=title)
    if was is None:
        await notify_organisers(
            account_id,
            Kind.GROUP_LINKED,
            linked.id,
            at,
            besides=person.id,
            group=title,
            account_name=account_name,
        )
    return linked


async def unlink_group(person: Person, account_id: int, group_id: int) -> None:
    """Unlink a group. Its series and polls stay without a group; its cards lose their buttons. Raises
    `Forbidden`, `NotFound`."""
    account = await authorize(person, account_id, Permission.MANAGE_GROUPS)
    async with db.transaction():
        await _unlink(person, account.id, group_id)


async def take_back_group(person: Person, where: LinkedGroup) -> None:
    """Unlink a group as the one who created its chat in Telegram, which the caller has asked Telegram about; no role in
    the club is needed. The club's organisers are notified. Raises `NotFound` when it is linked no more."""
    at = clock.now()
    async with db.transaction():
        await _unlink(person, where.account_id, where.id)
        await notify_organisers(
            where.account_id,
            Kind.GROUP_TAKEN_BACK,
            where.id,
            at,
            besides=person.id,
            group=where.title,
            account_name=await account_name(where.account_id),
        )


async def _unlink(person: Person, account_id: int, group_id: int) -> None:
    await detach_series(account_id, group_id)
    await detach_polls(account_id, group_id)
    await unlink_cards(account_id, group_id, clock.now())
    title = await delete_group(account_id, group_id)
    if title is None:
        raise NotFound()
    await record_audit(account_id, person.id, "unlink", f"group {group_id}", title=title)


async def choose_card_topic(person: Person, account_id: int, group_id: int, topic_id: int | None) -> None:
    """Let the cards of series and polls that have no topic of their own go to this topic of the group from now on, None for the
    General one. Raises `Invalid` for a topic that is closed or not known, `Forbidden`, `NotFound`."""
    account = await authorize(person, account_id, Permission.MANAGE_GROUPS)
    async with db.transaction():
        if not await update_card_topic(account.id, group_id, topic_id):
            if topic_id is None:
                raise NotFound()
            raise Invalid(
                N_("This topic is closed, so no card can appear in it. Open it again, or choose another.")
            )
        await record_audit(account.id, person.id, "choose topic", f"group {group_id}", topic=topic_id)


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


async def forget_topic(chat_id: int, topic_id: int) -> None:
    """Telegram says that this topic is gone. If cards went there by the group's choice, they go to General from now on, and
    organisers are told; once, for it is chosen no more."""
    async with db.transaction():
        group = await group_of_chat(chat_id)
        if group is None:
            return
        name = await delete_topic(group.id, topic_id)
        if await clear_card_topic(group.id, topic_id):
            await notify_organisers(
                group.account_id,
                Kind.TOPIC_GONE,
                group.id,
                clock.now(),
                group=group.title,
                topic=name,
                account_name=await account_name(group.account_id),
            )


async def reopen_general_topic(chat_id: int) -> None:
    """The General topic, which has no row, was reopened: restore its cards."""
    async with db.transaction():
        await _restore_cards_of_topic(chat_id, GENERAL_TOPIC)


async def _restore_cards_of_topic(chat_id: int, topic_id: int) -> None:
    where = await group_of_chat(chat_id)
    if where is not None:
        await restore_cards(where.id, [CardTrouble.TOPIC_CLOSED], clock.now(), topic_id=topic_id)
