"""/key and /invite: ways into a club, made and shown in the private chat alone (`A3`)."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from aiogram import Bot, Router
from aiogram.types import CallbackQuery, Message

from backend import clock
from backend.accounts.keys import create_key
from backend.accounts.queries import AccountView, permitted_accounts
from backend.accounts.rules import KEY_LIFE, Permission, Role
from backend.conversations.actions import (
    Conversation,
    ConversationKind,
    conversation,
    ended_with,
    save_conversation,
)
from backend.errors import Forbidden, Invalid
from backend.i18n import N_, Voice, Words
from backend.outbox.states import SendResult
from backend.people.queries import Person
from bot.callback_answers import answer_callback, replace_message
from bot.conversations import stop
from bot.delivery.client import answer_callback_query, post, reply
from bot.filters import command_named, from_person
from bot.handlers.redirects import redirect_from_group
from bot.keyboards.buttons import MAX_LABEL_LENGTH, make_callback_button
from bot.keyboards.links import make_start_link
from bot.organiser_callbacks import KeyCallback, KeyStep
from bot.rendering import RenderedMessage, Rows, plain, render, shorten

_KIND = ConversationKind.KEY
_ENDED = N_("This is done or was stopped. Send the command again.")
_INVITE_LIFE = timedelta(days=30)
_USES = (1, 10, 50, 1000)
_ACCOUNTS_MAX = 20
ROLES = {
    Role.MEMBER: N_("A member"),
    Role.HELPER: N_("A helper"),
    Role.ADMIN: N_("An organiser"),
    Role.OWNER: N_("An owner"),
}


async def key(message: Message, person: Person, voice: Voice) -> None:
    """/key: a key for one person, who gets the role that is chosen. Raises `Forbidden`."""
    if not await redirect_from_group(message, voice, "key"):
        await ask_for_key(message, person, voice)


async def ask_for_key(message: Message, person: Person, voice: Voice) -> None:
    """The question of /key. Raises `Forbidden`."""
    await reply(message, await _begin({KeyStep.USES: 1}, person, voice))


async def invite(message: Message, person: Person, voice: Voice) -> None:
    """/invite: a link that makes its readers members. Raises `Forbidden`."""
    if not await redirect_from_group(message, voice, "invite"):
        await ask_to_invite(message, person, voice)


async def ask_to_invite(message: Message, person: Person, voice: Voice) -> None:
    """The question of /invite. Raises `Forbidden`."""
    await reply(message, await _begin({KeyStep.ROLE: Role.MEMBER, "invite": True}, person, voice))


async def _begin(answers: Mapping[str, Any], person: Person, voice: Voice) -> RenderedMessage:
    accounts = await permitted_accounts(person, Permission.MANAGE_KEYS)
    return await _ask({**answers, KeyStep.ACCOUNT: accounts[0].id}, person, voice)


async def _ask(answers: Mapping[str, Any], person: Person, voice: Voice) -> RenderedMessage:
    """Record what was answered; the next question, or at the end whether to make the key."""
    accounts = await permitted_accounts(person, Permission.MANAGE_KEYS)
    account = next((each for each in accounts if each.id == answers[KeyStep.ACCOUNT]), None)
    if account is None:
        raise Forbidden()
    step = next((each for each in (KeyStep.ROLE, KeyStep.USES) if each not in answers), KeyStep.MAKE)
    saved = await save_conversation(person, _KIND, step, answers)
    rows = _make_rows(saved, account, accounts, voice)
    return render(
        "key_question.html",
        voice.or_zone(account.zone),
        rows,
        step=step,
        account=account,
        answers=answers,
        until=_end_of(answers),
    )


def _end_of(answers: Mapping[str, Any]) -> Any:
    return clock.now() + (_INVITE_LIFE if answers.get("invite") else KEY_LIFE)


def _make_rows(saved: Conversation, account: AccountView, accounts: list[AccountView], voice: Voice) -> Rows:
    def button(label: str, what: KeyStep, value: str = "", style: str | None = None) -> Rows:
        return [[make_callback_button(label, KeyCallback(what=what, value=value), style=style)]]

    rows: Rows = []
    match saved.step:
        case KeyStep.ROLE:
            for role, label in ROLES.items():
                if role is not Role.OWNER or account.has_permission(Permission.MANAGE_OWNERS):
                    rows += button(voice.gettext(label), KeyStep.ROLE, role)
        case KeyStep.USES:
            for uses in _USES:
                label = voice.ngettext(N_("%(n)s person"), N_("%(n)s people"), uses)
                rows += button(label, KeyStep.USES, str(uses))
        case _:
            rows += button(voice.gettext(N_("Make it")), KeyStep.MAKE, str(saved.token), "primary")
    if saved.step != KeyStep.MAKE:
        for other in accounts[:_ACCOUNTS_MAX]:
            if other.id != account.id:
                name = shorten(other.name, MAX_LABEL_LENGTH)
                rows += button(
                    voice.gettext(N_("In %(club)s instead"), club=name), KeyStep.ACCOUNT, str(other.id)
                )
    return [*rows, *button(voice.gettext(N_("Stop")), KeyStep.CANCEL)]


async def tap(
    query: CallbackQuery, callback_data: KeyCallback, bot: Bot, person: Person, voice: Voice
) -> None:
    """A button of the conversation. Raises `Invalid` when it was ended meanwhile, `Forbidden`."""
    asked = await conversation(person, _KIND)
    if asked is None:
        raise Invalid(_ENDED)
    what, value = callback_data.what, callback_data.value
    if what is KeyStep.MAKE:
        await _make(query, bot, asked, value, person, voice)
        return
    if what is KeyStep.CANCEL:
        await stop(query, _KIND, person, voice)
        return
    rendered = await _ask({**asked.answers, what: _read(what, value)}, person, voice)
    await answer_callback_query(query)
    await replace_message(query, rendered)


def _read(what: KeyStep, value: str) -> Any:
    """The value of a button. Raises `Invalid` for one that no button has."""
    try:
        match what:
            case KeyStep.ROLE:
                return Role(value)
            case KeyStep.USES:
                if int(value) in _USES:
                    return int(value)
            case KeyStep.ACCOUNT:
                return int(value)
    except ValueError:
        pass
    raise Invalid(N_("Tap one of the buttons, please."))


async def _make(
    query: CallbackQuery, bot: Bot, asked: Conversation, token: str, person: Person, voice: Voice
) -> None:
    """Make the key, once, and show it, once: it is left to no sender, whose table would hold it. Raises `Forbidden`."""
    answers = asked.answers
    if token != str(asked.token) or asked.step != KeyStep.MAKE:
        raise Invalid(N_("Something has changed since. Look again."))
    accounts = await permitted_accounts(person, Permission.MANAGE_KEYS)
    account = next((each for each in accounts if each.id == answers[KeyStep.ACCOUNT]), None)
    if account is None:
        raise Forbidden()
    is_invite = bool(answers.get("invite"))
    with ended_with(person, asked, _ENDED):
        made = await create_key(
            person,
            account.id,
            label=voice.gettext(N_("Invite from the chat") if is_invite else N_("From the chat")),
            role=Role(answers[KeyStep.ROLE]),
            uses=answers[KeyStep.USES],
            expires_at=_end_of(answers),
        )
    shown = render(
        "key_made.html",
        voice.or_zone(account.zone),
        None,
        account=account,
        is_invite=is_invite,
        until=_end_of(answers),
        key=made,
        link=make_start_link(made),
    )
    sent = await post(bot, person.telegram_id, shown)
    done = Words(
        N_("Here it is.") if sent.result is SendResult.DONE else N_("I couldn’t show it. Make another.")
    )
    await answer_callback(query, voice, done, "done")
    await replace_message(query, plain(voice.gettext(N_("Made. It is below, and I show it once."))))


def router() -> Router:
    made = Router(name="keys")
    made.message.register(key, command_named("key"), from_person)
    made.message.register(invite, command_named("invite"), from_person)
    made.callback_query.register(tap, KeyCallback.filter(), from_person)
    return made
