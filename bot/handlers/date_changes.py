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
    end_others,
    ended_with,
    save_conversation,
)
from backend.errors import Busy, Invalid, InvalidForm, NotFound
from backend.events.cancel import cancel_instance, restore_instance, validate_reason
from backend.events.drafts import SeriesDraft
from backend.events.edit import InstanceChanges, edit_instance, edit_series
from backend.events.queries import series_by_id
from backend.events.reschedule import move_instance, resolve_new_time
from backend.events.split import edit_following
from backend.i18n import N_, Voice, Words
from backend.people.queries import Person
from backend.zones import wall_clock
from bot.callback_answers import answer_and_replace
from bot.conversations import ask_again
from bot.date_scopes import SCOPE_NAMES, Scope, changed_draft, scopes_of
from bot.delivery.client import reply
from bot.event_drafts import Step, read_answer, read_place
from bot.filters import from_person
from bot.handlers.organising import load_authorized, render_date, render_list
from bot.keyboards.date_changes import (
    REASONS,
    STEPS,
    make_confirm_rows,
    make_move_rows,
    make_place_rows,
    make_reason_rows,
    make_seats_rows,
    make_title_rows,
)
from bot.organiser_callbacks import ChangeDateAction, ChangeDateCallback, DateStep
from bot.rendering import RenderedMessage, render

_KIND = ConversationKind.CHANGE_DATE
_QUESTIONS = {
    ChangeDateAction.ASK_TO_CANCEL: DateStep.REASON,
    ChangeDateAction.ASK_TO_MOVE: DateStep.STARTS,
    ChangeDateAction.ASK_FOR_TITLE: DateStep.TITLE,
    ChangeDateAction.ASK_FOR_SEATS: DateStep.SEATS,
    ChangeDateAction.ASK_FOR_PLACE: DateStep.PLACE,
}
_ENDED = N_("This was too long ago, or is done. Look again.")


async def tap(query: CallbackQuery, callback_data: ChangeDateCallback, person: Person, voice: Voice) -> None:
    """A button under a date. Raises `Forbidden`, `NotFound`, and what the acts do."""
    code, value = callback_data.code, callback_data.value
    view = await load_authorized(code, person, Permission.MANAGE_EVENTS)
    done: Words | None = None
    match callback_data.action:
        case action if action in _QUESTIONS:
            rendered = await _ask(view, _QUESTIONS[action], person, voice)
        case ChangeDateAction.SCOPE:
            rendered = await _preview_for(view, value, person, voice)
        case ChangeDateAction.CANCEL | ChangeDateAction.MOVE | ChangeDateAction.SAVE:
            done = await _change(view, value, person)
            rendered = await _render_changed(code, person, voice)
        case ChangeDateAction.RESTORE:
            await restore_instance(code, person)
            done = Words(N_("It takes place after all. Everyone gets their seat back and will be told."))
            rendered = await render_date(code, person, voice)
        case action:
            step, answer = await _read_tapped(view, action, value)
            rendered = await _preview(view, step, answer, person, voice)
    await answer_and_replace(query, voice, rendered, done)


async def _render_changed(code: str, person: Person, voice: Voice) -> RenderedMessage:
    """The date; or all dates, when a series that moved has made it anew."""
    try:
        return await render_date(code, person, voice)
    except NotFound:
        return await render_list(person, voice)


async def _read_tapped(view: InstanceView, action: ChangeDateAction, value: int) -> tuple[DateStep, Any]:
    """What a button answers, and to which question. Raises `Invalid` for a value that no button has."""
    match action:
        case ChangeDateAction.REASON if 0 <= value < len(REASONS):
            return DateStep.REASON, (await account_voice(view.account_id)).gettext(REASONS[value])
        case ChangeDateAction.LATER if value in STEPS:
            return DateStep.STARTS, _stored(wall_clock(view.starts_at, view.zone) + timedelta(minutes=value))
        case ChangeDateAction.SEATS:
            seats = value and read_answer(Step.SEATS, str(value), clock.now().date(), "en")
            return DateStep.SEATS, seats
        case ChangeDateAction.NO_PLACE:
            return DateStep.PLACE, ""
    raise Invalid(N_("Tap one of the buttons, please."))


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
        case DateStep.PLACE:
            rows = make_place_rows(view, voice)
        case _:
            rows = make_reason_rows(view.code, voice)
    return render("change_question.html", voice.or_zone(view.account_zone), rows, view=view, step=step)


async def _do(view: InstanceView, what: DateStep, value: Any, scope: Scope, person: Person) -> Words:
    """Change the date, or those of its series that the change reaches; what the organiser reads. Raises what the act does."""
    if scope is not Scope.ONLY:
        before = await _series_draft(view)
        draft = changed_draft(before, what, value, scope)
        try:
            if scope is Scope.FOLLOWING:
                await edit_following(view.code, person, draft, seen=before.version)
            else:
                await edit_series(person, view.account_id, view.series_id, draft, seen=before.version)
        except InvalidForm as form:
            refusal = Invalid()
            refusal.words = form.first
            raise refusal from form
        return Words(N_("Saved."))
    match what:
        case DateStep.STARTS:
            await move_instance(view.code, person, datetime.fromisoformat(value))
            return Words(N_("Moved. Everyone who is booked is asked whether they still come."))
        case DateStep.SEATS:
            await edit_instance(view.code, person, InstanceChanges(capacity=value or None))
        case DateStep.TITLE:
            await edit_instance(view.code, person, InstanceChanges(title=value))
        case DateStep.PLACE:
            await edit_instance(view.code, person, InstanceChanges(place=value, map_url=""))
        case _:
            await cancel_instance(view.code, person, value)
            return Words(N_("Cancelled. Everyone booked, in line or “maybe” will be told."))
    return Words(N_("Saved."))


async def _series_draft(view: InstanceView) -> SeriesDraft:
    """The date's series as it is now. Raises `NotFound`."""
    series = await series_by_id(view.account_id, view.series_id)
    if series is None:
        raise NotFound()
    return series.draft


async def _preview_for(view: InstanceView, scope: int, person: Person, voice: Voice) -> RenderedMessage:
    """The change that was asked for, for these dates instead. Raises `Invalid` when there is none, or it cannot reach them."""
    answers = (await _asked_to_confirm(view, person)).answers
    try:
        chosen = Scope(scope)
    except ValueError:
        raise Invalid(N_("Tap one of the buttons, please.")) from None
    return await _preview(view, DateStep(answers["what"]), answers["value"], person, voice, chosen)


async def _preview(
    view: InstanceView,
    what: DateStep,
    value: Any,
    person: Person,
    voice: Voice,
    scope: Scope = Scope.ONLY,
) -> RenderedMessage:
    """What the change would do, with the button that does it. Raises what the change does, and `Invalid` where it cannot reach
    those dates."""
    starts_at, starts = view.starts_at, None
    if what is DateStep.STARTS:
        starts, length = datetime.fromisoformat(value), view.ends_at - starts_at
        starts_at, _ = resolve_new_time(view.zone, length, starts, None, clock.now())
    scopes = scopes_of(await _series_draft(view), what, starts, wall_clock(view.original_start, view.zone))
    if scope not in scopes:
        raise Invalid(N_("Tap one of the buttons, please."))

    async def act() -> None:
        await _do(view, what, value, scope, person)

    voice = voice.or_zone(view.account_zone)
    try:
        found = await consequences_of(act, view.account_id, view.series_id)
        lines, unknown = list(lines_of(voice, found, is_whole=scope is Scope.ALL)), None
    except (TooMuchToPreview, Busy) as refusal:
        lines, unknown = [], refusal.words
    answers = {"code": view.code, "what": what, "value": value, "scope": scope}
    saved = await save_conversation(person, _KIND, DateStep.CONFIRM, answers)
    others = [each for each in scopes if each is not scope]
    rows = make_confirm_rows(view.code, saved.token, voice, what, others)
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
        reaches=SCOPE_NAMES[scope] if others else "",
    )


async def _asked_to_confirm(view: InstanceView, person: Person) -> Conversation:
    """The change of this date that waits for its last tap. Raises `Invalid`."""
    asked = await conversation(person, _KIND)
    if asked is None or asked.step != DateStep.CONFIRM or asked.answers["code"] != view.code:
        raise Invalid(_ENDED)
    return asked


async def _change(view: InstanceView, token: int, person: Person) -> Words:
    """Do what was asked for, once; what the organiser reads. Raises `Invalid` when something was answered since."""
    asked = await _asked_to_confirm(view, person)
    if asked.token != token:
        raise Invalid(_ENDED)
    what, value = DateStep(asked.answers["what"]), asked.answers["value"]
    with ended_with(person, asked, _ENDED):
        return await _do(view, what, value, Scope(asked.answers.get("scope", Scope.ONLY)), person)


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
    if step is DateStep.PLACE:
        return read_place(text)
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
