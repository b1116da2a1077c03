"""/myclubs: the clubs of the person, and leaving one (`A2`, `A8`)."""

from aiogram import Router
from aiogram.types import CallbackQuery, Message

from backend.accounts.queries import AccountView, joined_accounts
from backend.accounts.rules import Role
from backend.departures.leaving import commitments, leave_account
from backend.errors import NotFound
from backend.i18n import N_, Voice, Words
from backend.people.queries import Person
from backend.seats.requests import Via
from backend.typed_text import unlinked
from bot.callback_answers import answer_callback, replace_message
from bot.callbacks import LeaveAccountCallback
from bot.delivery.client import answer_callback_query, reply
from bot.filters import command_named, from_person
from bot.handlers.redirects import redirect_from_group
from bot.keyboards.buttons import MAX_LABEL_LENGTH, make_callback_button
from bot.keyboards.links import make_home_button
from bot.lists import MAX_ITEMS
from bot.rendering import RenderedMessage, render, shorten

_ROLES = {
    Role.OWNER: N_("Owner"),
    Role.ADMIN: N_("Organiser"),
    Role.HELPER: N_("Helper"),
    Role.MEMBER: N_("Member"),
}


async def index(message: Message, person: Person, voice: Voice) -> None:
    """/myclubs"""
    if not await redirect_from_group(message, voice, "clubs"):
        await reply(message, await _render_accounts(person, voice))


async def _render_accounts(person: Person, voice: Voice) -> RenderedMessage:
    accounts = await joined_accounts(person)
    rows = [
        [
            make_callback_button(
                voice.gettext(N_("Leave %(club)s"), club=shorten(account.name, MAX_LABEL_LENGTH)),
                LeaveAccountCallback(account_id=account.id),
            )
        ]
        for account in accounts[:MAX_ITEMS]
    ]
    listed = [(account.name, voice.gettext(_ROLES[account.role])) for account in accounts]
    return render("my_accounts.html", voice, [*rows, [make_home_button(voice)]], accounts=listed)


async def leave(
    query: CallbackQuery, callback_data: LeaveAccountCallback, person: Person, voice: Voice
) -> None:
    """Ask whether the person leaves the club, with what they would give back; leave it when they are sure. Raises
    `LastOwner`."""
    account = await _find(callback_data.account_id, person)
    if callback_data.answer == "yes":
        await leave_account(person, account.id, via=Via.COMMAND)
        words = Words(N_("You’ve left %(club)s."), {"club": unlinked(shorten(account.name, 80))})
        await answer_callback(query, voice, words, "done")
        rendered = await _render_accounts(person, voice)
    elif callback_data.answer == "no":
        await answer_callback_query(query)
        rendered = await _render_accounts(person, voice)
    else:
        await answer_callback_query(query)
        ahead = await commitments(person, account.id)
        yes, no = (LeaveAccountCallback(account_id=account.id, answer=given) for given in ("yes", "no"))
        rows = [
            [make_callback_button(voice.gettext(N_("Leave the club")), yes, style="danger")],
            [make_callback_button(voice.gettext(N_("Back")), no)],
        ]
        rendered = render("account_leave.html", voice, rows, account=account, ahead=ahead)
    await replace_message(query, rendered)


async def _find(account_id: int, person: Person) -> AccountView:
    for account in await joined_accounts(person):
        if account.id == account_id:
            return account
    raise NotFound()


def router() -> Router:
    made = Router(name="memberships")
    made.message.register(index, command_named("myclubs"), from_person)
    made.callback_query.register(leave, LeaveAccountCallback.filter(), from_person)
    return made
