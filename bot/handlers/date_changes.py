"""Cancelling and moving a date from /list: what it would do first, then a tap (`S5`, `S6`)."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from aiogram import F, Router
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
from backend.events.reschedule import move_instance, resolve_new_time
from backend.i18n import N_, Voice, Words
from backend.people.queries import Person
from backend.zones import wall_clock
from bot.callback_answers import answer_and_replace
from bot.delivery.client import reply
from bot.event_drafts import Step, read_answer
from bot.filters import from_person, in_private_chat
from bot.handlers.organising import load_authorized, render_date
from bot.keyboards.date_changes import (
    REASONS,
    STEPS,
    make_confirm_rows,
    make_move_rows,
    make_reason_rows,
    shift,
)
from bot.organiser_callbacks import ChangeDateAction, ChangeDateCallback
from bot.rendering import RenderedMessage, render, render_words

_KIND = ConversationKind.CHANGE_DATE
_ENDED = N_("This was too long ago, or is done. Look again.")
_REASON, _WHEN, _CONFIRM = "reason", "when", "confirm"


async def tap(query: CallbackQuery, callback_data: ChangeDateCallback, person: Person, voice: Voice) -> None:
    """A button under a date. Raises `Forbidden`, `NotFound`, and what the acts do."""
    code, value = callback_data.code, callback_data.value
    view = await load_authorized(code, person, Permission.MANAGE_EVENTS)
    done: Words | None = None
    match callback_data.action:
        case ChangeDateAction.ASK_TO_CANCEL:
            rendered = await _ask(view, _REASON, person, voice)
        case ChangeDateAction.ASK_TO_MOVE:
            rendered = await _ask(view, _WHEN, person, voice)
        case ChangeDateAction.REASON:
            if not 0 <= value < len(REASONS):
                raise Invalid(N_("Tap one of the buttons, please."))
            reason = (await account_voice(view.account_id)).gettext(REASONS[value])
            rendered = await _preview(view, {"reason": reason}, person, voice)
        case ChangeDateAction.LATER:
            if value not in STEPS:
                raise Invalid(N_("Tap one of the buttons, please."))
            starts = wall_clock(view.starts_at, view.zone) + shift(value)
            rendered = await _preview(view, {"starts": _stored(starts)}, person, voice)
        case ChangeDateAction.CANCEL | ChangeDateAction.MOVE:
            done = await _change(view, value, person)
            rendered = await render_date(code, person, voice)
        case ChangeDateAction.RESTORE:
            await restore_instance(code, person)
            done = Words(N_("It takes place after all. Everyone gets their seat back and will be told."))
            rendered = await render_date(code, person, voice)
    await answer_and_replace(query, voice, rendered, done)


def _stored(starts: datetime) -> str:
    return starts.replace(tzinfo=None, second=0, microsecond=0).isoformat()


async def _ask(view: InstanceView, step: str, person: Person, voice: Voice) -> RenderedMessage:
    """The question why, or when; it can be answered by a text too."""
    await end_others(person, _KIND)
    await save_conversation(person, _KIND, step, {"code": view.code})
    return _render_question(view, step, voice)


def _render_question(view: InstanceView, step: str, voice: Voice) -> RenderedMessage:
    rows = make_move_rows(view.code, voice) if step == _WHEN else make_reason_rows(view.code, voice)
    return render("change_question.html", voice.or_zone(view.account_zone), rows, view=view, step=step)


async def _preview(
    view: InstanceView, change: Mapping[str, Any], person: Person, voice: Voice
) -> RenderedMessage:
    """What the change would do, with the button that does it. Raises what the change does."""
    moves = "starts" in change
    starts_at = view.starts_at
    if moves:
        starts_local = datetime.fromisoformat(change["starts"])
        starts_at, _ = resolve_new_time(
            view.zone, view.ends_at - view.starts_at, starts_local, None, clock.now()
        )

    async def act() -> None:
        if moves:
            await move_instance(view.code, person, starts_local)
        else:
            await cancel_instance(view.code, person, change["reason"])

    voice = voice.or_zone(view.account_zone)
    try:
        found = await consequences_of(act, view.account_id, view.series_id)
        lines, unknown = list(lines_of(voice, found, is_whole=False)), None
    except (TooMuchToPreview, Busy) as refusal:
        lines, unknown = [], refusal.words
    saved = await save_conversation(person, _KIND, _CONFIRM, {"code": view.code, **change})
    rows = make_confirm_rows(view.code, saved.token, voice, moves=moves)
    return render(
        "change_preview.html",
        voice,
        rows,
        view=view,
        moves=moves,
        starts_at=starts_at,
        reason=change.get("reason", ""),
        lines=lines,
        unknown=unknown,
    )


async def _change(view: InstanceView, token: int, person: Person) -> Words:
    """Do what was asked for, once; what the organiser reads. Raises `Invalid` when something was answered since."""
    asked = await conversation(person, _KIND)
    if asked is None or asked.token != token or asked.step != _CONFIRM or asked.answers["code"] != view.code:
        raise Invalid(_ENDED)
    answers = asked.answers
    if "starts" in answers:
        await move_instance(view.code, person, datetime.fromisoformat(answers["starts"]))
        done = Words(N_("Moved. Everyone who is booked is asked whether they still come."))
    else:
        await cancel_instance(view.code, person, answers["reason"])
        done = Words(N_("Cancelled. Everyone booked, in line or “maybe” will be told."))
    await end_conversation(person, _KIND, token=token)
    return done


async def is_asked_about_date(
    message: Message, person: Person | None = None
) -> dict[str, Conversation] | bool:
    """Whether the person is asked why or when, and writes no command."""
    if person is None or (message.text or "").startswith("/"):
        return False
    asked = await conversation(person, _KIND)
    return {"asked": asked} if asked is not None and asked.step != _CONFIRM else False


async def answer_typed(message: Message, person: Person, voice: Voice, asked: Conversation) -> None:
    """A reason, or a new day and time; what is none is asked for again, with why."""
    view = await load_authorized(asked.answers["code"], person, Permission.MANAGE_EVENTS)
    try:
        change = _read_typed(view, asked.step, message.text or "", voice.language)
        rendered = await _preview(view, change, person, voice)
    except Invalid as fault:
        again = _render_question(view, asked.step, voice)
        why = render_words(fault.words, voice).text
        rendered = replace(again, text=f"{why}\n\n{again.text}")
    await reply(message, rendered)


def _read_typed(view: InstanceView, step: str, text: str, language: str) -> dict[str, Any]:
    """The change that a text asks for: its last word is the time where that is one, the others are the day. Raises
    `Invalid`."""
    if step == _REASON:
        return {"reason": validate_reason(text)}
    was = wall_clock(view.starts_at, view.zone)
    today = wall_clock(clock.now(), view.zone).date()
    *day, last = text.split() or [""]
    day_text, time_text = " ".join(day), last
    if ":" not in last:
        day_text, time_text = text, f"{was:%H:%M}"
    day_read = read_answer(Step.DAY, day_text, today, language) if day_text else was.date().isoformat()
    time_read = read_answer(Step.TIME, time_text, today, language)
    return {"starts": f"{day_read}T{time_read}"}


def router() -> Router:
    made = Router(name="date changes")
    made.message.register(answer_typed, F.text, in_private_chat, from_person, is_asked_about_date)
    made.callback_query.register(tap, ChangeDateCallback.filter(), from_person)
    return made
