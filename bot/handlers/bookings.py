"""Seats: the buttons of cards and messages about one's own seat."""

from aiogram import Bot, Router
from aiogram.types import CallbackQuery

from backend.bookings.actions import (
    add_guest,
    answer,
    book,
    decline_offer,
    find_replacement,
    keep_seat,
    leave,
    stop_waiting,
    take,
    take_free,
)
from backend.bookings.queries.event import instance_for_card
from backend.cards.queries import is_card
from backend.cards.shared import is_shared_card
from backend.errors import Busy, NotAMember, NotFound, Refusal
from backend.events.queries import find_instance
from backend.i18n import N_, Voice
from backend.people.queries import Person
from backend.seats.refusals import TooLate
from backend.seats.requests import Outcome, OutcomeKind, Via
from bot.callback_answers import answer_callback, editable_message
from bot.callbacks import SeatAction, SeatCallback
from bot.delivery.client import try_to_replace
from bot.delivery.ephemeral import show_to_one
from bot.filters import from_person
from bot.handlers.events import render_personal_card
from bot.handlers.outcomes import CANNOT_NOTIFY, make_start_row
from bot.rendering import render

# Outcomes whose answer promises a later message, which the person may not have allowed the bot to send (M3).
_PROMISING_OUTCOMES = frozenset(
    {OutcomeKind.WAITING, OutcomeKind.OFFERED, OutcomeKind.OFFER_DECLINED, OutcomeKind.REPLACING}
)
_HOW_TO_FIND_REPLACEMENT = N_("To find a replacement, open the event.")


async def tap(
    query: CallbackQuery, callback_data: SeatCallback, bot: Bot, person: Person, voice: Voice
) -> None:
    """A button about one's own seat, answered by the outcome of the action (`B9`).

    A message in the private chat is then rendered anew, whatever the answer was, so that it has no outdated
    buttons.
    """
    message = editable_message(query)
    private = message is not None and message.chat.type == "private"
    try:
        outcome = await _perform(callback_data, person)
    except NotFound:
        await _raise_if_not_a_member(callback_data.code, query)
        raise
    except Busy:
        raise
    except Refusal as refusal:
        more = voice.gettext(_HOW_TO_FIND_REPLACEMENT) if isinstance(refusal, TooLate) and not private else ""
        await answer_callback(query, voice, refusal.words, refusal.outcome, more=more)
    else:
        is_promise = _promises_unsendable_message(outcome, person)
        more = voice.gettext(CANNOT_NOTIFY) if is_promise else ""
        await answer_callback(query, voice, outcome.words, outcome.kind, more=more)
        if is_promise and message is not None and not private:
            rows = [make_start_row(voice, callback_data.code)]
            rendered = render("start_needed.html", voice, rows)
            await show_to_one(message, person.telegram_id, rendered, tap_id=query.id)
    # The worker edits the group's card within seconds; the message in the private chat is edited here.
    if message is not None and private:
        card = await render_personal_card(callback_data.code, person)
        await try_to_replace(message, card)


def _promises_unsendable_message(outcome: Outcome, person: Person) -> bool:
    """Whether the answer promises a message that the bot may not send (`M3`)."""
    return outcome.kind in _PROMISING_OUTCOMES and not person.reachable


async def _perform(callback: SeatCallback, person: Person) -> Outcome:
    code, via = callback.code, Via.CARD
    match callback.action:
        case SeatAction.JOIN:
            return await book(code, person, via=via)
        case SeatAction.ADD_GUEST:
            return await add_guest(code, person, via=via)
        case SeatAction.LEAVE:
            return await leave(code, person, via=via)
        case SeatAction.STOP_WAITING:
            return await stop_waiting(code, person, via=via)
        case SeatAction.CANNOT_COME:
            return await answer(code, person, maybe=False, via=via)
        case SeatAction.MAYBE:
            return await answer(code, person, maybe=True, via=via)
        case SeatAction.TAKE:
            return await take(code, person, via=via)
        case SeatAction.TAKE_FREE:
            return await take_free(code, person, via=via)
        case SeatAction.DECLINE_OFFER:
            return await decline_offer(code, person, via=via)
        case SeatAction.FIND_REPLACEMENT:
            return await find_replacement(code, person, via=via)
        case SeatAction.KEEP_SEAT:
            return await keep_seat(code, person, via=via)


async def _raise_if_not_a_member(code: str, query: CallbackQuery) -> None:
    """Raises `NotAMember`, which names the club, for a tap on a card: its club is no secret there."""
    message = editable_message(query)
    if message is not None:
        is_on_card = await is_card(message.chat.id, message.message_id, code)
    else:
        is_on_card = await is_shared_card(query.inline_message_id or "", code)
    if not is_on_card:
        return
    views = await instance_for_card((await find_instance(code)).id)
    if views is not None:
        raise NotAMember(club=views[0].account_name)


def router() -> Router:
    made = Router(name="bookings")
    made.callback_query.register(tap, SeatCallback.filter(), from_person)
    return made
