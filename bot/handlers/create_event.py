"""/create: a new event, told step by step in the private chat or in one line anywhere."""

from typing import Any

from aiogram import Router
from aiogram.filters import CommandObject
from aiogram.types import CallbackQuery, Message

from backend import clock
from backend.accounts.queries import AccountView, accounts_with, authorize, permitted_accounts
from backend.accounts.rules import Permission
from backend.conversations.actions import (
    Conversation,
    ConversationKind,
    conversation,
    end_others,
    ended_with,
    save_conversation,
)
from backend.errors import Forbidden, Invalid, InvalidForm
from backend.events.create import NewSeries, create_series
from backend.events.drafts import SeriesDraft
from backend.groups.queries import LinkedGroup, groups
from backend.i18n import N_, Voice, Words
from backend.known_zones import reading_zone
from backend.people.queries import Person
from backend.recurrence.rfc5545 import parse_recurrence
from backend.recurrence.rule_description import describe_recurrence
from backend.rule_sentences import describe_in_full
from backend.series_defaults.queries import blank_draft
from bot.callback_answers import answer_callback, replace_message
from bot.card_places import NOWHERE, CardPlace, find_place
from bot.conversations import ask_again, stop
from bot.delivery.client import answer_callback_query, reply
from bot.event_drafts import Answers, Repeat, Step, draft_of, next_step, read_answer, read_line
from bot.filters import command_named, from_person
from bot.handlers.redirects import redirect_from_group
from bot.keyboards.create_event import make_edit_rows, make_step_rows, make_summary_rows
from bot.keyboards.links import make_app_button
from bot.organiser_callbacks import CreateCallback
from bot.rendering import RenderedMessage, render

_KIND = ConversationKind.CREATE_EVENT
_ENDED = N_("This is done or was stopped. /create starts again.")
_SHOWN_DATES = 5


async def create(
    message: Message, command: CommandObject, person: Person, voice: Voice, group: LinkedGroup | None
) -> None:
    """/create: begins the conversation; with flags, makes the event at once."""
    accounts = await permitted_accounts(person, Permission.MANAGE_EVENTS)
    if command.args:
        await _create_in_one_line(message, command.args, accounts, person, voice, group)
        return
    if not await redirect_from_group(message, voice, "create"):
        await begin(message, person, voice)


async def begin(message: Message, person: Person, voice: Voice) -> None:
    """Ask the first question."""
    accounts = await permitted_accounts(person, Permission.MANAGE_EVENTS)
    await end_others(person, _KIND)
    answers: dict[str, Any] = {} if len(accounts) > 1 else {Step.ACCOUNT: accounts[0].id}
    await reply(message, await _go_on(answers, person, voice))


async def _create_in_one_line(
    message: Message,
    line: str,
    accounts: list[AccountView],
    person: Person,
    voice: Voice,
    group: LinkedGroup | None,
) -> None:
    account = next((each for each in accounts if group is None or each.id == group.account_id), None)
    if account is None:
        raise Forbidden()
    topic = message.message_thread_id if message.is_topic_message else None
    place = CardPlace(group.id, topic) if group is not None else CardPlace()
    draft = read_line(line, account.zone, place, voice, await blank_draft(account.id))
    made = await create_series(person, account.id, draft)
    await reply(message, _render_created(made, draft, voice, private=message.chat.type == "private"))


async def _go_on(answers: Answers, person: Person, voice: Voice, step: Step | None = None) -> RenderedMessage:
    """Record the answers; the next question, or the one of this step, or the summary of all."""
    accounts = await accounts_with(person, Permission.MANAGE_EVENTS)
    account = next((each for each in accounts if each.id == answers.get(Step.ACCOUNT)), None)
    if account is None:
        answers = {name: value for name, value in answers.items() if name != Step.ACCOUNT}
    linked = await groups(account.id) if account is not None else []
    if account is not None and not linked:
        answers = {**answers, Step.GROUP: NOWHERE}
    step = step or next_step(answers)
    saved = await save_conversation(person, _KIND, step, answers)
    if step is Step.CONFIRM and account is not None:
        return await _render_summary(saved, account, linked, voice)
    now = clock.now().astimezone(reading_zone(account.zone if account else "UTC"))
    rows = make_step_rows(step, accounts, linked, now.date(), voice)
    return render("create_step.html", voice, rows, step=step, title=answers.get(Step.TITLE, ""))


async def _render_summary(
    saved: Conversation, account: AccountView, linked: list[LinkedGroup], voice: Voice
) -> RenderedMessage:
    draft = draft_of(saved.answers, account.zone, await blank_draft(account.id))
    where, topic = find_place(linked, draft.group_id, draft.topic_id)
    return render(
        "create_summary.html",
        voice,
        make_summary_rows(saved.token, voice),
        draft=draft,
        account=account,
        group=where,
        topic=topic,
        **_describe(draft, voice),
    )


def _describe(draft: SeriesDraft, voice: Voice) -> dict[str, Any]:
    """The rule in words, and its first dates. Raises `InvalidForm`."""
    voice = voice.or_zone(draft.zone)
    dates = draft.next_occurrences(clock.now(), limit=_SHOWN_DATES)
    described = describe_recurrence(parse_recurrence(draft.rule), draft.starts_local)
    return {
        "sentence": describe_in_full(voice, described, draft.starts_local, draft.zone),
        "dates": [
            f"{voice.date(each.original_start, draft.zone)}, {voice.hour(each.original_start, draft.zone)}"
            for each in dates
        ],
    }


def _render_created(made: NewSeries, draft: SeriesDraft, voice: Voice, *, private: bool) -> RenderedMessage:
    code, label = made.first_code, voice.gettext(N_("Open in Emerald"))
    rows = [[make_app_button(label, f"e_{code}", f"events/{code}", private=private)]]
    return render("created.html", voice, rows, draft=draft, **_describe(draft, voice))


async def answer_typed(message: Message, person: Person, voice: Voice, asked: Conversation) -> None:
    """A text while something is asked: the answer to that; or why it is none, and the question again."""
    step = Step(asked.step)
    accounts = await accounts_with(person, Permission.MANAGE_EVENTS)
    account = next((each for each in accounts if each.id == asked.answers.get(Step.ACCOUNT)), None)
    today = clock.now().astimezone(reading_zone(account.zone if account else "UTC")).date()
    try:
        answer = read_answer(step, message.text or "", today, voice.language)
    except Invalid as fault:
        again = await _go_on(asked.answers, person, voice, step=step)
        await reply(message, ask_again(again, fault.words, voice))
        return
    await reply(message, await _go_on({**asked.answers, step: answer}, person, voice))


async def tap(query: CallbackQuery, callback_data: CreateCallback, person: Person, voice: Voice) -> None:
    """A button of the conversation. Raises `Invalid` when it was ended meanwhile."""
    asked = await conversation(person, _KIND)
    if asked is None:
        raise Invalid(_ENDED)
    what, value = callback_data.what, callback_data.value
    if what == "cancel":
        await stop(query, _KIND, person, voice)
        return
    if what == "edit" and not value:
        await answer_callback_query(query)
        rendered = render("create_edit.html", voice, make_edit_rows(voice))
    elif what == "edit":
        await answer_callback_query(query)
        rendered = await _go_on(asked.answers, person, voice, step=Step(value))
    elif what == Step.CONFIRM:
        rendered = await _create(query, asked, value, person, voice)
    else:
        answers = {**asked.answers, Step(what): _read_tapped(Step(what), value)}
        rendered = await _go_on(answers, person, voice)
        await answer_callback_query(query)
    await replace_message(query, rendered)


def _read_tapped(step: Step, value: str) -> Any:
    """The value of a button as it is stored. Raises `Invalid` for one that no button has."""
    try:
        match step:
            case Step.REPEAT:
                return Repeat(value).value
            case Step.ACCOUNT:
                return int(value)
            case Step.SEATS:
                return int(value) and read_answer(Step.SEATS, value, clock.now().date(), "en")
            case Step.GROUP:
                return str(CardPlace.parse(value))
            case Step.TIME | Step.DAY:
                return read_answer(step, value, clock.now().date(), "en")
    except ValueError:
        pass
    raise Invalid(N_("Tap one of the buttons, please."))


async def _create(
    query: CallbackQuery, asked: Conversation, token: str, person: Person, voice: Voice
) -> RenderedMessage:
    """Make the event, once: whoever ends the conversation makes it. What is refused is asked for again."""
    if token != str(asked.token) or next_step(asked.answers) is not Step.CONFIRM:
        await answer_callback(query, voice, Words(N_("Something has changed since. Look again.")), "refused")
        return await _go_on(asked.answers, person, voice)
    account = await authorize(person, asked.answers[Step.ACCOUNT], Permission.MANAGE_EVENTS)
    draft = draft_of(asked.answers, account.zone, await blank_draft(account.id))
    try:
        with ended_with(person, asked, _ENDED):
            made = await create_series(person, account.id, draft)
    except InvalidForm as form:
        await answer_callback(query, voice, form.first, "invalid")
        return await _go_on(asked.answers, person, voice)
    await answer_callback(query, voice, Words(N_("Created.")), "done")
    return _render_created(made, draft, voice, private=True)


def router() -> Router:
    made = Router(name="create event")
    made.message.register(create, command_named("create"), from_person)
    made.callback_query.register(tap, CreateCallback.filter(), from_person)
    return made
