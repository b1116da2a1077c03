"""Changing a date from /list: what that would do first, then a tap (`S4`, `S5`, `S6`)."""

from datetime import datetime, timedelta
from typing import Any

from aiogram import Router
from aiogram.types import CallbackQuery, Message

from backend import clock
from backend.accounts.queries import account_voice
from backend.accounts.rules import Permission
from backend.bookings.views import InstanceView
from backend.consequences.actions import TooMuchToPreview, consequences_of
from backend.consequences.sentences import lines_of
from backend.conversations.actions import (
    Conversation,
    ConversationKind,
    conversation,
    end_conversation,
    end_others,
    save_conversation,
)
from backend.errors import Busy, Invalid
from backend.events.cancel import cancel_instance, restore_instance, validate_reason
from backend.events.edit import InstanceChanges, edit_instance
from backend.events.reschedule import move_instance, resolve_new_time
from backend.i18n import N_, Voice, Words
from backend.people.queries import Person
from backend.zones import wall_clock
from bot.callback_answers import answer_and_replace
from bot.conversations import ask_again
from bot.delivery.client import reply
from bot.event_drafts import Step, read_answer
from bot.filters import from_person
from bot.handlers.organising import load_authorized, render_date
from bot.keyboards.date_changes import (
    REASONS,
    STEPS,
    make_confirm_rows,
    make_move_rows,
    make_reason_rows,
    make_seats_rows,
    make_title_rows,
)
from bot.organiser_callbacks import ChangeDateAction, ChangeDateCallback, DateStep
from bot.rendering import RenderedMessage, render

_KIND = ConversationKind.CHANGE_DATE
_ENDED = N_("This was too long ago, or is done. Look again.")


async def tap(query: CallbackQuery, callback_data: ChangeDateCallback, person: Person, voice: Voice) -> None:
    """A button under a date. Raises `Forbidden`, `NotFound`, and what the acts do."""
    code, value = callback_data.code, callback_data.value
    view = await load_authorized(code, person, Permission.MANAGE_EVENTS)
    done: Words | None = None
    match callback_data.action:
        case ChangeDateAction.ASK_TO_CANCEL:
            rendered = await _ask(view, DateStep.REASON, person, voice)
        case ChangeDateAction.ASK_TO_MOVE:
            rendered = await _ask(view, DateStep.STARTS, person, voice)
        case ChangeDateAction.REASON:
            if not 0 <= value < len(REASONS):
                raise Invalid(N_("Tap one of the buttons, please."))
            reason = (await account_voice(view.account_id)).gettext(REASONS[value])
            rendered = await _preview(view, DateStep.REASON, reason, person, voice)
        case ChangeDateAction.LATER:
            if value not in STEPS:
                raise Invalid(N_("Tap one of the buttons, please."))
            starts = wall_clock(view.starts_at, view.zone) + timedelta(minutes=value)
            rendered = await _preview(view, DateStep.STARTS, _stored(starts), person, voice)
        case ChangeDateAction.ASK_FOR_TITLE:
            rendered = await _ask(view, DateStep.TITLE, person, voice)
        case ChangeDateAction.ASK_FOR_SEATS:
            rendered = await _ask(view, DateStep.SEATS, person, voice)
        case ChangeDateAction.SEATS:
            seats = value and read_answer(Step.SEATS, str(value), clock.now().date(), "en")
            rendered = await _preview(view, DateStep.SEATS, seats, person, voice)
        case ChangeDateAction.CANCEL | ChangeDateAction.MOVE | ChangeDateAction.SAVE:
            done = await _change(view, value, person)
            rendered = await render_date(code, person, voice)
        case ChangeDateAction.RESTORE:
            await restore_instance(code, person)
            done = Words(N_("It takes place after all. Everyone gets their seat back and will be told."))
            rendered = await render_date(code, person, voice)
    await answer_and_replace(query, voice, rendered, done)


def _stored(starts: datetime) -> str:
    return starts.replace(tzinfo=None, second=0, microsecond=0).isoformat()


async def _ask(view: InstanceView, step: DateStep, person: Person, voice: Voice) -> RenderedMessage:
    """A question, which can be answered by a text too."""
    await end_others(person, _KIND)
    await save_conversation(person, _KIND, step, {"code": view.code})
    return _render_question(view, step, voice)


def _render_question(view: InstanceView, step: DateStep, voice: Voice) -> RenderedMessage:
    match step:
        case DateStep.STARTS:
            rows = make_move_rows(view.code, voice)
        case DateStep.SEATS:
            rows = make_seats_rows(view, voice)
        case DateStep.TITLE:
            rows = make_title_rows(view.code, voice)
        case _:
            rows = make_reason_rows(view.code, voice)
    return render("change_question.html", voice.or_zone(view.account_zone), rows, view=view, step=step)


async def _do(view: InstanceView, what: DateStep, value: Any, person: Person) -> Words:
    """Change the date; what the organiser reads. Raises what the act does."""
    match what:
        case DateStep.STARTS:
            await move_instance(view.code, person, datetime.fromisoformat(value))
            return Words(N_("Moved. Everyone who is booked is asked whether they still come."))
        case DateStep.SEATS:
            await edit_instance(view.code, person, InstanceChanges(capacity=value or None))
        case DateStep.TITLE:
            await edit_instance(view.code, person, InstanceChanges(title=value))
        case _:
            await cancel_instance(view.code, person, value)
            return Words(N_("Cancelled. Everyone booked, in line or “maybe” will be told."))
    return Words(N_("Saved."))


async def _preview(
    view: InstanceView, what: DateStep, value: Any, person: Person, voice: Voice
) -> RenderedMessage:
    """What the change would do, with the button that does it. Raises what the change does."""
    starts_at = view.starts_at
    if what is DateStep.STARTS:
        length = view.ends_at - starts_at
        starts_at, _ = resolve_new_time(view.zone, length, datetime.fromisoformat(value), None, clock.now())

    async def act() -> None:
        await _do(view, what, value, person)

    voice = voice.or_zone(view.account_zone)
    try:
        found = await consequences_of(act, view.account_id, view.series_id)
        lines, unknown = list(lines_of(voice, found, is_whole=False)), None
    except (TooMuchToPreview, Busy) as refusal:
        lines, unknown = [], refusal.words
    answers = {"code": view.code, "what": what, "value": value}
    saved = await save_conversation(person, _KIND, DateStep.CONFIRM, answers)
    rows = make_confirm_rows(view.code, saved.token, voice, what)
    return render(
        "change_preview.html",
        voice,
        rows,
        view=view,
        what=what,
        value=value,
        starts_at=starts_at,
        lines=lines,
        unknown=unknown,
    )


async def _change(view: InstanceView, token: int, person: Person) -> Words:
    """Do what was asked for, once; what the organiser reads. Raises `Invalid` when something was answered since."""
    asked = await conversation(person, _KIND)
    if (
        asked is None
        or asked.token != token
        or asked.step != DateStep.CONFIRM
        or asked.answers["code"] != view.code
    ):
        raise Invalid(_ENDED)
    done = await _do(view, DateStep(asked.answers["what"]), asked.answers["value"], person)
    await end_conversation(person, _KIND, token=token)
    return done


async def answer_typed(message: Message, person: Person, voice: Voice, asked: Conversation) -> None:
    """An answer to a question about a date; what is none is asked for again, with why."""
    view = await load_authorized(asked.answers["code"], person, Permission.MANAGE_EVENTS)
    step = DateStep(asked.step)
    try:
        value = _read_typed(view, step, message.text or "", voice.language)
        rendered = await _preview(view, step, value, person, voice)
    except Invalid as fault:
        again = _render_question(view, step, voice)
        rendered = ask_again(again, fault.words, voice)
    await reply(message, rendered)


def _read_typed(view: InstanceView, step: DateStep, text: str, language: str) -> Any:
    """The value that a text asks for; of a new start its last word is the time where that is one, the others are the day. Raises
    `Invalid`."""
    today = wall_clock(clock.now(), view.zone).date()
    if step in (DateStep.TITLE, DateStep.SEATS):
        return read_answer(Step(step), text, today, language)
    if step is DateStep.REASON:
        return validate_reason(text)
    was = wall_clock(view.starts_at, view.zone)
    *day, last = text.split() or [""]
    day_text, time_text = " ".join(day), last
    if ":" not in last:
        day_text, time_text = text, f"{was:%H:%M}"
    day_read = read_answer(Step.DAY, day_text, today, language) if day_text else was.date().isoformat()
    time_read = read_answer(Step.TIME, time_text, today, language)
    return f"{day_read}T{time_read}"


def router() -> Router:
    made = Router(name="date changes")
    made.callback_query.register(tap, ChangeDateCallback.filter(), from_person)
    return made
