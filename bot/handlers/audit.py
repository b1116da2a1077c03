"""/audit: what organisers did lately, in the private chat (`B10`)."""

from aiogram import Router
from aiogram.types import CallbackQuery, Message

from backend.accounts.queries import AccountView, accounts_with
from backend.accounts.rules import Permission
from backend.errors import Forbidden
from backend.i18n import N_, Voice
from backend.people.queries import Person
from backend.reports.acts import ACTS
from backend.reports.audit import AuditFilter, audit_lines
from bot.callback_answers import answer_and_replace
from bot.delivery.client import reply
from bot.filters import command_named, from_person
from bot.handlers.redirects import redirect_from_group
from bot.keyboards.buttons import MAX_LABEL_LENGTH, make_callback_button
from bot.organiser_callbacks import AuditCallback
from bot.rendering import RenderedMessage, Rows, render, shorten

_PAGE_SIZE = 10
_ACCOUNTS_MAX = 20


async def index(message: Message, person: Person, voice: Voice) -> None:
    """/audit: the newest acts. Raises `Forbidden`."""
    if not await redirect_from_group(message, voice, "audit"):
        await show_newest(message, person, voice)


async def show_newest(message: Message, person: Person, voice: Voice) -> None:
    """The newest acts of the first club. Raises `Forbidden`."""
    await reply(message, await _render_page(AuditCallback(account_id=0), person, voice))


async def tap(query: CallbackQuery, callback_data: AuditCallback, person: Person, voice: Voice) -> None:
    """Another page, or another club. Raises `Forbidden`."""
    await answer_and_replace(query, voice, await _render_page(callback_data, person, voice))


async def _render_page(page: AuditCallback, person: Person, voice: Voice) -> RenderedMessage:
    accounts = await accounts_with(person, Permission.MANAGE_MEMBERS)
    account = next((each for each in accounts if page.account_id in (0, each.id)), None)
    if account is None:
        raise Forbidden()
    after = page.after or None
    lines, following = await audit_lines(person, account.id, AuditFilter(), after=after, limit=_PAGE_SIZE)
    rows = _make_rows(account, accounts, voice, following=following, is_newest=after is None)
    acts = {verb: voice.gettext(words) for verb, words in ACTS.items()}
    return render("audit.html", voice.or_zone(account.zone), rows, account=account, lines=lines, acts=acts)


def _make_rows(
    account: AccountView, accounts: list[AccountView], voice: Voice, *, following: int | None, is_newest: bool
) -> Rows:
    turns = []
    if not is_newest:
        newest = AuditCallback(account_id=account.id)
        turns.append(make_callback_button(voice.gettext(N_("Newest")), newest))
    if following is not None:
        older = AuditCallback(account_id=account.id, after=following)
        turns.append(make_callback_button(voice.gettext(N_("Older")), older))
    others = [
        [make_callback_button(shorten(each.name, MAX_LABEL_LENGTH), AuditCallback(account_id=each.id))]
        for each in accounts[:_ACCOUNTS_MAX]
        if each.id != account.id
    ]
    return [*([turns] if turns else []), *others]


def router() -> Router:
    made = Router(name="audit")
    made.message.register(index, command_named("audit"), from_person)
    made.callback_query.register(tap, AuditCallback.filter(), from_person)
    return made
