"""Changes of groups, and of the membership of the bot and of people in them (`A6`)."""

from aiogram import Bot, F, Router
from aiogram.exceptions import TelegramAPIError
from aiogram.filters import IS_MEMBER, IS_NOT_MEMBER, ChatMemberUpdatedFilter
from aiogram.types import CallbackQuery, ChatMemberRestricted, ChatMemberUpdated, Message

from backend import clock
from backend.accounts.actions import edit_account
from backend.accounts.queries import AccountView, account_name, accounts_with, authorize, joined_accounts
from backend.accounts.rules import Permission
from backend.departures.former_members import leave_group
from backend.groups.actions import rename_group
from backend.groups.queries import LinkedGroup
from backend.groups.rules import GroupHealth
from backend.i18n import N_, Voice, Words
from backend.linking.actions import (
    link_group,
    move_group,
    record_topic,
    reopen_general_topic,
    set_health,
    take_back_group,
)
from backend.outbox.states import SendResult
from backend.people.queries import Person, person_of_telegram
from bot.callback_answers import answer_callback, editable_message
from bot.callbacks import AccountZoneCallback, CreateAccountCallback, LinkGroupCallback, TakeBackGroupCallback
from bot.delivery.client import (
    answer_callback_query,
    replace,
    reply,
    send,
)
from bot.delivery.errors import classify_error
from bot.delivery.profile import is_administrator, is_creator
from bot.filters import command_named, from_person, in_group
from bot.handlers.people import NEXT_STEPS, render_next_steps
from bot.handlers.set_up import NOT_ADMINISTRATOR, begin_set_up, create_account_of_group, guess_zone_of
from bot.keyboards.buttons import make_callback_button
from bot.keyboards.groups import ALL_ZONES, make_link_rows, make_other_zone_button, make_zone_rows
from bot.keyboards.links import make_home_button, make_private_chat_button
from bot.rendering import RenderedMessage, Rows, render


async def update_bot_membership(
    update: ChatMemberUpdated, bot: Bot, person: Person | None, voice: Voice, group: LinkedGroup | None
) -> None:
    """The bot joined the group, or its rights changed. Without a club, it offers to link one (`A6`): in private to whoever
    added it, or in the group where it may not write to them."""
    may_write = _may_write(update)
    if group is not None:
        await set_health(update.chat.id, GroupHealth.WELL if may_write else GroupHealth.MUTED)
        await rename_group(update.chat.id, update.chat.title or group.title, forum=bool(update.chat.is_forum))
        return
    joined = update.old_chat_member.status in ("left", "kicked")
    if (
        joined
        and person is not None
        and await begin_set_up(bot, update.chat.id, update.chat.title or "", person)
    ):
        return
    if joined and may_write and person is not None:
        offer = _render_link_offer(await accounts_with(person, Permission.MANAGE_GROUPS), person)
        await send(bot, update.chat.id, offer)


def _render_link_offer(managed: list[AccountView], person: Person) -> RenderedMessage:
    voice = person.voice
    return render("link_offer.html", voice, make_link_rows(managed, voice), accounts=managed, person=person)


async def reply_not_linked(message: Message, person: Person) -> None:
    """Answer a command in a group without a club: organisers get the offer to link it, others the reason."""
    managed = await accounts_with(person, Permission.MANAGE_GROUPS)
    if managed:
        await reply(message, _render_link_offer(managed, person))
    else:
        await reply(message, render("not_linked.html", person.voice))


async def record_bot_removal(update: ChatMemberUpdated) -> None:
    """The bot was removed from the group."""
    await set_health(update.chat.id, GroupHealth.REMOVED)


def _may_write(update: ChatMemberUpdated) -> bool:
    membership = update.new_chat_member
    return not isinstance(membership, ChatMemberRestricted) or bool(membership.can_send_messages)


async def link(query: CallbackQuery, callback_data: LinkGroupCallback, person: Person, voice: Voice) -> None:
    """Link the group to a club. Only an organiser of that club can who administers the group too."""
    message = editable_message(query)
    if message is None:
        return
    if not await is_administrator(message, person.telegram_id):
        await _refuse_all_but_administrators(query, voice)
        return
    chat = message.chat
    await link_group(
        person,
        callback_data.account_id,
        chat_id=chat.id,
        title=chat.title or "",
        forum=bool(chat.is_forum),
    )
    await _show_linked(query, message, callback_data.account_id, person, voice)


async def create_account(query: CallbackQuery, bot: Bot, person: Person, voice: Voice) -> None:
    """Create a club named after the group and link it, once its zone is known. Only an administrator of the
    group can, who reads then what comes next: at once if the bot may write to them, else by a button."""
    message = editable_message(query)
    if message is None:
        return
    if not await is_administrator(message, person.telegram_id):
        await _refuse_all_but_administrators(query, voice)
        return
    if person.zone is None:
        await answer_callback_query(query)
        rows = make_zone_rows(0, guess_zone_of(query, person), voice)
        await replace(message, render("account_zone.html", voice, rows))
        return
    await _create_account(query, bot, message, person.zone, person, voice)


async def choose_account_zone(
    query: CallbackQuery,
    callback_data: AccountZoneCallback,
    bot: Bot,
    person: Person,
    voice: Voice,
) -> None:
    """The zone of the club that is to be made of the group, or of one that was just made. For the first only
    an administrator of the group can choose, for the other an owner of the club."""
    message = editable_message(query)
    if message is None:
        return
    account_id, zone = callback_data.account_id, callback_data.zone
    if not account_id and not await is_administrator(message, person.telegram_id):
        await _refuse_all_but_administrators(query, voice)
        return
    account = await authorize(person, account_id, Permission.MANAGE_OWNERS) if account_id else None
    if zone in ("", ALL_ZONES):
        await answer_callback_query(query)
        guess = account.zone if account else guess_zone_of(query, person)
        rows = make_zone_rows(account_id, guess, voice, all_zones=zone == ALL_ZONES)
        await replace(message, render("account_zone.html", voice, rows))
    elif account is None:
        await _create_account(query, bot, message, zone, person, voice)
    else:
        await edit_account(person, account_id, name=account.name, zone=zone, language=account.language)
        await _show_linked(query, message, account_id, person, voice)


async def offer_to_take_back(message: Message, person: Person, group: LinkedGroup | None) -> None:
    """/unlink: whoever created the group in Telegram can take it back from the club it is linked to."""
    if group is None:
        await reply_not_linked(message, person)
        return
    voice = person.voice
    rows: Rows = []
    if is_owner := await is_creator(message, person.telegram_id):
        rows = [[make_callback_button(voice.gettext(N_("Unlink this group")), TakeBackGroupCallback())]]
    name = await account_name(group.account_id)
    await reply(message, render("take_back.html", voice, rows, account_name=name, is_owner=is_owner))


async def take_back(query: CallbackQuery, person: Person, voice: Voice, group: LinkedGroup | None) -> None:
    """Unlink the group, and offer to link it to a club of theirs."""
    message = editable_message(query)
    if message is None or group is None:
        return
    if not await is_creator(message, person.telegram_id):
        words = Words(N_("Only the owner of this group can do this."))
        await answer_callback(query, voice, words, "forbidden")
        return
    await take_back_group(person, group)
    await answer_callback_query(query)
    await replace(message, _render_link_offer(await accounts_with(person, Permission.MANAGE_GROUPS), person))


async def _refuse_all_but_administrators(query: CallbackQuery, voice: Voice) -> None:
    await answer_callback(query, voice, Words(NOT_ADMINISTRATOR), "forbidden")


async def _create_account(
    query: CallbackQuery, bot: Bot, message: Message, zone: str, person: Person, voice: Voice
) -> None:
    chat = message.chat
    account_id = await create_account_of_group(
        person, voice, zone, chat_id=chat.id, title=chat.title or "", forum=bool(chat.is_forum)
    )
    account = await _show_linked(query, message, account_id, person, voice)
    if person.reachable:
        try:
            await send(bot, person.telegram_id, render_next_steps(account, person))
        except TelegramAPIError as error:
            if classify_error(error).result is not SendResult.GONE:
                raise


async def _show_linked(
    query: CallbackQuery, message: Message, account_id: int, person: Person, voice: Voice
) -> AccountView:
    account = next(account for account in await joined_accounts(person) if account.id == account_id)
    rows = [[make_home_button(voice, private=False)]]
    if account.has_permission(Permission.MANAGE_OWNERS):
        next_steps = voice.gettext(N_("What comes next, for organisers"))
        rows += [
            [make_other_zone_button(account.id, voice)],
            [make_private_chat_button(next_steps, NEXT_STEPS)],
        ]
    await answer_callback_query(query)
    now = voice.bare_hour(clock.now(), account.zone)
    await replace(
        message, render("linked.html", voice, rows, account=account, city=voice.city(account.zone), now=now)
    )
    return account


async def update_title(message: Message) -> None:
    """The group got a new title."""
    await rename_group(message.chat.id, message.new_chat_title or "", forum=bool(message.chat.is_forum))


async def follow_upgrade(message: Message) -> None:
    """The group became a supergroup with a new id. Telegram reports it in both chats, in either order."""
    if message.migrate_to_chat_id is not None:
        await move_group(message.chat.id, message.migrate_to_chat_id)
    elif message.migrate_from_chat_id is not None:
        await move_group(message.migrate_from_chat_id, message.chat.id)


async def update_topic(message: Message) -> None:
    """A forum topic was created, renamed, closed or reopened."""
    closed: bool | None = None
    if message.forum_topic_closed is not None:
        closed = True
    elif message.forum_topic_reopened is not None:
        closed = False
    if message.message_thread_id is None:  # the General topic, which has no id
        if closed is False:
            await reopen_general_topic(message.chat.id)
        return
    name = None
    if message.forum_topic_created is not None:
        name = message.forum_topic_created.name
    elif message.forum_topic_edited is not None:
        name = message.forum_topic_edited.name
    await record_topic(message.chat.id, message.message_thread_id, name, closed=closed)


async def record_member_removal(update: ChatMemberUpdated, group: LinkedGroup | None) -> None:
    """A person left or was removed: they are no longer in the group, and possibly no longer in the club."""
    await _mark_absent(update.new_chat_member.user.id, group)


async def record_member_leaving(message: Message, group: LinkedGroup | None) -> None:
    """The same as a service message, which is all that a bot without administrator's rights gets."""
    user = message.left_chat_member
    if user is not None and not user.is_bot:
        await _mark_absent(user.id, group)


async def _mark_absent(telegram_id: int, group: LinkedGroup | None) -> None:
    person = await person_of_telegram(telegram_id)
    if group is not None and person is not None:
        await leave_group(person, group)


def router() -> Router:
    made = Router(name="groups")
    # Ids of groups are negative (Bot API, Chat); with another one a button could not name it.
    groups = F.chat.func(lambda chat: chat.type in ("group", "supergroup") and chat.id < 0)
    made.my_chat_member.register(record_bot_removal, groups, ChatMemberUpdatedFilter(IS_NOT_MEMBER))
    made.my_chat_member.register(update_bot_membership, groups)
    made.chat_member.register(
        record_member_removal, groups, ChatMemberUpdatedFilter(IS_MEMBER >> IS_NOT_MEMBER)
    )
    made.callback_query.register(link, LinkGroupCallback.filter(), from_person)
    made.callback_query.register(create_account, CreateAccountCallback.filter(), from_person)
    made.callback_query.register(choose_account_zone, AccountZoneCallback.filter(), from_person)
    made.callback_query.register(take_back, TakeBackGroupCallback.filter(), from_person)
    made.message.register(offer_to_take_back, command_named("unlink"), in_group, from_person)
    made.message.register(update_title, F.new_chat_title, in_group)
    made.message.register(follow_upgrade, F.migrate_to_chat_id | F.migrate_from_chat_id)
    made.message.register(record_member_leaving, F.left_chat_member, in_group)
    made.message.register(
        update_topic,
        F.forum_topic_created | F.forum_topic_edited | F.forum_topic_closed | F.forum_topic_reopened,
        in_group,
    )
    return made
