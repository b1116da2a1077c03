"""/poll: a new poll, told step by step in the private chat, or at once anywhere (`P1`)."""

from typing import Any

from aiogram import Router
from aiogram.filters import CommandObject
from aiogram.types import CallbackQuery, Message

from backend.accounts.queries import AccountView, permitted_accounts
from backend.accounts.rules import Permission
from backend.cards.actions import post_poll_card
from backend.conversations.actions import (
    Conversation,
    ConversationEnded,
    ConversationKind,
    conversation,
    end_others,
    ended_with,
    save_conversation,
)
from backend.errors import Forbidden, Invalid, Refusal
from backend.groups.queries import LinkedGroup, groups
from backend.i18n import N_, Voice, Words
from backend.people.queries import Person
from backend.polls.actions import create_poll
from backend.polls.drafts import PollDraft
from bot.callback_answers import answer_callback, replace_message
from bot.card_places import NOWHERE, CardPlace, find_place
from bot.conversations import ask_again, stop
from bot.delivery.client import answer_callback_query, reply
from bot.filters import command_named, from_person
from bot.handlers.redirects import redirect_from_group
from bot.keyboards.create_poll import make_poll_step_rows, make_poll_summary_rows
from bot.keyboards.links import make_app_button
from bot.organiser_callbacks import CreatePollCallback
from bot.poll_drafts import (
    Answers,
    PollStep,
    PollSwitch,
    draft_of,
    next_step,
    read_options,
    read_poll,
    validate_answers,
)
from bot.rendering import RenderedMessage, render

_KIND = ConversationKind.CREATE_POLL
_ENDED = N_("This is done or was stopped. /poll starts again.")


async def poll_command(
    message: Message, command: CommandObject, person: Person, voice: Voice, group: LinkedGroup | None
) -> None:
    """/poll: begins the conversation; with a question and options in a group, makes the poll at once. Raises `Forbidden`,
    `Invalid`, `InvalidForm`."""
    accounts = await permitted_accounts(person, Permission.MANAGE_POLLS)
    if message.chat.type != "private" and command.args and group is not None:
        await _create_at_once(message, command.args, accounts, person, voice, group)
        return
    if not await redirect_from_group(message, voice, "poll"):
        await _begin(message, command.args or "", accounts, person, voice)


async def ask_for_poll(message: Message, person: Person, voice: Voice) -> None:
    """/poll without a question. Raises `Forbidden`."""
    await _begin(message, "", await permitted_accounts(person, Permission.MANAGE_POLLS), person, voice)


async def _begin(
    message: Message, text: str, accounts: list[AccountView], person: Person, voice: Voice
) -> None:
    await end_others(person, _KIND)
    answers: dict[str, Any] = {} if len(accounts) > 1 else {PollStep.ACCOUNT: accounts[0].id}
    if text.strip():
        answers |= read_poll(text)
        validate_answers(answers)
    await reply(message, await _go_on(answers, person, voice))


async def _create_at_once(
    message: Message,
    text: str,
    accounts: list[AccountView],
    person: Person,
    voice: Voice,
    group: LinkedGroup,
) -> None:
    """The poll of a message in a group, whose card comes there, in its topic."""
    account = next((each for each in accounts if each.id == group.account_id), None)
    if account is None:
        raise Forbidden()
    topic = message.message_thread_id if message.is_topic_message else None
    answers = {**read_poll(text), PollStep.GROUP: str(CardPlace(group.id, topic))}
    validate_answers(answers)
    draft = draft_of(answers)
    code = await _create(draft, account, person)
    await reply(message, _render_created(code, draft, voice, private=False))


async def _create(draft: PollDraft, account: AccountView, person: Person) -> str:
    """Make the poll, and post its card where it has a group; its code. Raises `InvalidForm`, `TooOften`, `Forbidden`."""
    code = await create_poll(person, account.id, draft)
    await _post(code, draft, person)
    return code


async def _post(code: str, draft: PollDraft, person: Person) -> None:
    if draft.group_id is not None:
        await post_poll_card(person, code)


def _render_created(code: str, draft: PollDraft, voice: Voice, *, private: bool) -> RenderedMessage:
    rows = [
        [make_app_button(voice.gettext(N_("Open in Emerald")), f"p_{code}", f"polls/{code}", private=private)]
    ]
    return render("poll_created.html", voice, rows, draft=draft)


async def _go_on(answers: Answers, person: Person, voice: Voice) -> RenderedMessage:
    """Record the answers; the next question, or the summary of all."""
    accounts = await permitted_accounts(person, Permission.MANAGE_POLLS)
    account = next((each for each in accounts if each.id == answers.get(PollStep.ACCOUNT)), None)
    if account is None:
        answers = {name: value for name, value in answers.items() if name != PollStep.ACCOUNT}
    linked = await groups(account.id) if account is not None else []
    if account is not None and not linked:
        answers = {**answers, PollStep.GROUP: NOWHERE}
    step = next_step(answers)
    saved = await save_conversation(person, _KIND, step, answers)
    if step is not PollStep.CONFIRM:
        rows = make_poll_step_rows(step, accounts, linked, voice)
        return render("poll_step.html", voice, rows, step=step)
    draft = draft_of(answers)
    where, topic = find_place(linked, draft.group_id, draft.topic_id)
    rows = make_poll_summary_rows(saved.token, answers, voice)
    return render("poll_summary.html", voice, rows, draft=draft, group=where, topic=topic, account=account)


async def answer_typed(message: Message, person: Person, voice: Voice, asked: Conversation) -> None:
    """A text while something is asked: the answer to that; or why it is none, and the question again."""
    try:
        answers = _read_typed(PollStep(asked.step), message.text or "", asked.answers)
    except Invalid as fault:
        again = await _go_on(asked.answers, person, voice)
        await reply(message, ask_again(again, fault.words, voice))
        return
    await reply(message, await _go_on(answers, person, voice))


def _read_typed(step: PollStep, text: str, answers: Answers) -> Answers:
    """All answers, with what was typed. Raises `Invalid`."""
    match step:
        case PollStep.QUESTION:
            answers = {**answers, **read_poll(text)}
        case PollStep.OPTIONS:
            answers = {**answers, PollStep.OPTIONS: read_options(text)}
        case _:
            raise Invalid(N_("Tap one of the buttons, please."))
    validate_answers(answers)
    return answers


async def tap(query: CallbackQuery, callback_data: CreatePollCallback, person: Person, voice: Voice) -> None:
    """A button of the conversation. Raises `Invalid` when it was ended meanwhile."""
    asked = await conversation(person, _KIND)
    if asked is None:
        raise Invalid(_ENDED)
    what, value = callback_data.what, callback_data.value
    if what == "cancel":
        await stop(query, _KIND, person, voice)
        return
    if what == PollStep.CONFIRM:
        rendered = await _confirm(query, asked, value, person, voice)
    else:
        rendered = await _go_on(_read_tapped(what, value, asked.answers), person, voice)
        await answer_callback_query(query)
    await replace_message(query, rendered)


def _read_tapped(what: str, value: str, answers: Answers) -> Answers:
    """All answers, with the tapped one. Raises `Invalid` for a value that no button has."""
    try:
        match what:
            case PollStep.ACCOUNT:
                return {**answers, what: int(value)}
            case PollStep.GROUP:
                return {**answers, what: str(CardPlace.parse(value))}
            case PollSwitch.SEVERAL | PollSwitch.ANONYMOUS:
                return {**answers, what: not answers.get(what)}
            case PollStep.QUESTION:
                anew = (PollStep.QUESTION, PollStep.OPTIONS)
                return {name: each for name, each in answers.items() if name not in anew}
    except ValueError:
        pass
    raise Invalid(N_("Tap one of the buttons, please."))


async def _confirm(
    query: CallbackQuery, asked: Conversation, token: str, person: Person, voice: Voice
) -> RenderedMessage:
    """Make the poll, once: whoever ends the conversation makes it. When that is refused, the conversation goes on with all that
    was answered."""
    if token != str(asked.token) or next_step(asked.answers) is not PollStep.CONFIRM:
        await answer_callback(query, voice, Words(N_("Something has changed since. Look again.")), "refused")
        return await _go_on(asked.answers, person, voice)
    accounts = await permitted_accounts(person, Permission.MANAGE_POLLS)
    account = next((each for each in accounts if each.id == asked.answers[PollStep.ACCOUNT]), None)
    if account is None:
        raise Forbidden()
    draft = draft_of(asked.answers)
    try:
        with ended_with(person, asked, _ENDED):
            code = await create_poll(person, account.id, draft)
    except ConversationEnded:
        raise
    except Refusal as refusal:
        await answer_callback(query, voice, refusal.words, refusal.outcome)
        return await _go_on(asked.answers, person, voice)
    await _post(code, draft, person)
    await answer_callback(query, voice, Words(N_("Created.")), "done")
    return _render_created(code, draft, voice, private=True)


def router() -> Router:
    made = Router(name="create poll")
    made.message.register(poll_command, command_named("poll"), from_person)
    made.callback_query.register(tap, CreatePollCallback.filter(), from_person)
    return made
