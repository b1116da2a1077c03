"""/announce: an organiser previews an announcement, sends it, follows it, and can stop it (`C5`)."""

from aiogram import Bot, Router
from aiogram.filters import CommandObject
from aiogram.types import CallbackQuery, Message

from backend.accounts.queries import accounts_with, permitted_accounts
from backend.accounts.rules import Permission
from backend.announcements.actions import (
    AlreadySent,
    change_recipients,
    create_announcement,
    schedule_announcement,
    send_at_night,
    stop_announcement,
    watch_progress,
)
from backend.announcements.drafts import AnnouncementDraft
from backend.announcements.queries import Announcement, audience, own_announcement, progress
from backend.announcements.rules import AnnouncementState
from backend.groups.queries import groups
from backend.i18n import N_, Voice, Words
from backend.people.queries import Person
from bot.announcements import MORNING, render_announcement, render_progress, render_question
from bot.callback_answers import answer_callback, editable_message
from bot.callbacks import AnnouncementAction, AnnouncementCallback
from bot.delivery.client import reply, try_to_replace
from bot.filters import command_named, from_person
from bot.handlers.redirects import redirect_from_group
from bot.rendering import RenderedMessage, render

_SENDING = (AnnouncementAction.SEND, AnnouncementAction.SEND_AT_NIGHT)


async def create(message: Message, command: CommandObject, person: Person, voice: Voice) -> None:
    """`/announce` and the text: a preview, then the question whether to send it."""
    if await redirect_from_group(message, voice, "announce"):
        return
    accounts_of_person = await permitted_accounts(person, Permission.ANNOUNCE)
    if not command.args:
        await reply(message, render("announcement_how.html", voice))
        return
    draft = AnnouncementDraft(text=command.args, all_groups=True, to_members=True)
    draft_id = await create_announcement(person, accounts_of_person[0].id, draft)
    created = await own_announcement(person, draft_id)
    await reply(message, render_announcement(created, voice, private=True))
    await reply(message, await _render_question(created, person, voice))


async def _render_question(draft: Announcement, person: Person, voice: Voice) -> RenderedMessage:
    accounts = await accounts_with(person, Permission.ANNOUNCE)
    others = [account for account in accounts if account.id != draft.account_id]
    group_count = len(await groups(draft.account_id))
    return render_question(draft, await audience(person, draft.id), others, group_count, voice)


async def tap(
    query: CallbackQuery, callback_data: AnnouncementCallback, bot: Bot, person: Person, voice: Voice
) -> None:
    """A button under the question, or [Stop] under the progress message."""
    message = editable_message(query)
    draft = await own_announcement(person, callback_data.id)
    words = Words(N_("Done."))
    match callback_data.action:
        case AnnouncementAction.TOGGLE_GROUPS:
            to_groups = not (await audience(person, draft.id)).groups
            await change_recipients(person, draft.id, all_groups=to_groups, to_members=draft.to_members)
        case AnnouncementAction.TOGGLE_MEMBERS:
            to_groups = bool((await audience(person, draft.id)).groups)
            await change_recipients(person, draft.id, all_groups=to_groups, to_members=not draft.to_members)
        case AnnouncementAction.CHANGE_ACCOUNT:
            draft = await _move_to_account(draft, callback_data.account_id, person)
        case AnnouncementAction.SEND:
            words = _on_its_way((await audience(person, draft.id)).asleep)
            await schedule_announcement(person, draft.id)
        case AnnouncementAction.SEND_AT_NIGHT:
            words = _on_its_way(0)
            await send_at_night(person, draft.id)
            if draft.state is AnnouncementState.DRAFT:
                await schedule_announcement(person, draft.id)
        case AnnouncementAction.CANCEL:
            await stop_announcement(person, draft.id)
            words = Words(N_("Nothing was sent."))
        case AnnouncementAction.STOP:
            await stop_announcement(person, draft.id)
            words = Words(N_("Stopped. Messages already sent stay."))
    await answer_callback(query, voice, words, "done")
    if message is not None:
        rendered = await _render_after(callback_data.action, draft, person, voice)
        await try_to_replace(message, rendered)
        if callback_data.action in _SENDING:
            await watch_progress(person, draft.id, message.chat.id, message.message_id)


def _on_its_way(asleep: int) -> Words:
    if not asleep:
        return Words(N_("On its way."))
    return Words(
        N_("On its way. %(n)s recipient gets it at %(hour)s in their own time zone."),
        {"hour": MORNING},
        N_("On its way. %(n)s recipients get it at %(hour)s in their own time zone."),
        asleep,
    )


async def _render_after(
    action: AnnouncementAction, draft: Announcement, person: Person, voice: Voice
) -> RenderedMessage:
    if action is AnnouncementAction.CANCEL:
        return render("announcement_cancelled.html", voice)
    if action is AnnouncementAction.STOP or action in _SENDING:
        return render_progress(await progress(person, draft.id), voice)
    return await _render_question(await own_announcement(person, draft.id), person, voice)


async def _move_to_account(draft: Announcement, account_id: int, person: Person) -> Announcement:
    """A draft of the same text for another club; the first draft is discarded. Raises `AlreadySent`."""
    if draft.state is not AnnouncementState.DRAFT:
        raise AlreadySent()
    copy = AnnouncementDraft(text=draft.text, all_groups=True, to_members=True)
    copy_id = await create_announcement(person, account_id, copy)
    await stop_announcement(person, draft.id)
    return await own_announcement(person, copy_id)


def router() -> Router:
    made = Router(name="announcements")
    made.message.register(create, command_named("announce"), from_person)
    made.callback_query.register(tap, AnnouncementCallback.filter(), from_person)
    return made
