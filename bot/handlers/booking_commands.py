"""Commands about one's own seat: /book, /maybe, /leave, /take and /pass.

What is typed after them names an event: by a number of the list that was shown last, by a code, or by words ("yoga
tuesday +Anna"). Where the words fit several events, buttons ask which one (`choices.py`).
"""

from collections.abc import Awaitable, Callable, Sequence

from aiogram import Router
from aiogram.filters import CommandObject
from aiogram.filters.callback_data import CallbackData
from aiogram.types import CallbackQuery, Message

from backend.bookings.actions import answer, book, decline_offer, leave, set_guests, take
from backend.bookings.views import InstanceView
from backend.conversations.actions import ConversationKind, conversation, save_conversation
from backend.errors import Invalid
from backend.groups.queries import LinkedGroup
from backend.groups.shown_lists import NumberedList
from backend.i18n import N_, Voice
from backend.people.queries import Person
from backend.seats.requests import Outcome, OutcomeKind, Via
from bot.callback_answers import answer_callback, editable_message
from bot.callbacks import BookCallback, SeatAction, SeatCallback
from bot.delivery.client import try_to_replace
from bot.filters import command_named, from_person
from bot.free_text import Typed, read_typed
from bot.handlers.choices import Choice, ask_which, choose
from bot.handlers.events import list_bookable, render_personal_card, reply_with_events
from bot.handlers.outcomes import reply_with_outcome
from bot.handlers.own_bookings import (
    own_bookings,
    reply_with_bookings,
    reply_with_offers,
    select_offered,
    select_takeable,
)

_Act = Callable[[str], Awaitable[Outcome]]


async def book_command(
    message: Message, command: CommandObject, person: Person, voice: Voice, group: LinkedGroup | None
) -> None:
    """/book: the list; with an event, books a seat in it; `+1`, `+Anna` or a second number are guests."""
    if not command.args:
        await reply_with_events(message, person, voice, group, booking=True)
        return
    typed = read_typed(command.args, voice.language)

    async def bookable() -> list[InstanceView]:
        return await list_bookable(person, group)

    choice = await choose(NumberedList.EVENTS, typed, bookable, person, voice, group, nearest=True)
    guests = read_guests(typed, choice)
    if choice.code is not None:
        action = _book_party(choice.code, person, guests, typed.names, Via.COMMAND)
        await reply_with_outcome(message, choice.code, action, person, voice)
        return
    token = 0
    if typed.names:  # for which a button has no room
        names = {"names": list(typed.names)}
        token = (await save_conversation(person, ConversationKind.GUESTS, "which", names)).token

    def button(view: InstanceView) -> CallbackData:
        return BookCallback(code=view.code, guests=guests, token=token)

    await ask_which(message, choice, button, person, voice, payload="events")


def read_guests(typed: Typed, choice: Choice) -> int | None:
    """The number of guests: as written with a plus, else the second number; None where neither is there. Raises `Invalid`."""
    if len(choice.numbers) > 1 or (choice.numbers and typed.guests is not None):
        raise Invalid(N_("How many guests? Send a number like +2."))
    return choice.numbers[0] if choice.numbers else typed.guests


async def _book_party(
    code: str, person: Person, guests: int | None, names: Sequence[str], via: Via
) -> Outcome:
    """Book; a party that is in or in line already comes with these guests from now on, if any number is named."""
    outcome = await book(code, person, guests=guests or 0, names=names, via=via)
    is_renamed = bool(names) and outcome.kind is OutcomeKind.ALREADY
    if guests is None or (outcome.guests == guests and not is_renamed):
        return outcome
    return await set_guests(code, person, guests=guests, names=names or None, via=via)


async def book_tapped(
    query: CallbackQuery, callback_data: BookCallback, person: Person, voice: Voice
) -> None:
    """The event that was meant by /book; the question then shows it with the reader's seat."""
    names: Sequence[str] = ()
    if callback_data.token:
        kept = await conversation(person, ConversationKind.GUESTS)
        if kept is not None and kept.token == callback_data.token:
            names = kept.answers["names"]
    action = _book_party(callback_data.code, person, callback_data.guests, names, Via.COMMAND)
    await answer_with_card(query, callback_data.code, action, person, voice)


async def answer_with_card(
    query: CallbackQuery, code: str, action: Awaitable[Outcome], person: Person, voice: Voice
) -> None:
    outcome = await action
    await answer_callback(query, voice, outcome.words, outcome.kind)
    message = editable_message(query)
    if message is not None:
        await try_to_replace(message, await render_personal_card(code, person))


async def maybe_command(
    message: Message, command: CommandObject, person: Person, voice: Voice, group: LinkedGroup | None
) -> None:
    """/maybe with an event: the answer that holds no seat (`B13`)."""

    async def bookable() -> list[InstanceView]:
        return await list_bookable(person, group)

    def maybe(code: str) -> Awaitable[Outcome]:
        return answer(code, person, maybe=True, via=Via.COMMAND)

    typed = read_typed(command.args, voice.language)
    choice = await choose(NumberedList.EVENTS, typed, bookable, person, voice, group, nearest=True)
    await _act_or_ask(message, choice, maybe, SeatAction.MAYBE, person, voice, payload="events")


async def leave_command(
    message: Message, command: CommandObject, person: Person, voice: Voice, group: LinkedGroup | None
) -> None:
    """/leave: one's own bookings; with one of them, leaves that event."""
    if not command.args:
        await reply_with_bookings(message, person, voice, leaving=True)
        return

    def leaving(code: str) -> Awaitable[Outcome]:
        return leave(code, person, via=Via.COMMAND)

    typed = read_typed(command.args, voice.language)
    choice = await _choose_own(NumberedList.BOOKINGS, typed, list, person, voice, group)
    await _act_or_ask(message, choice, leaving, SeatAction.LEAVE, person, voice, payload="mine")


async def take_command(
    message: Message, command: CommandObject, person: Person, voice: Voice, group: LinkedGroup | None
) -> None:
    """/take: offers, then seats for the first tap; with one of them, takes it (`W3`)."""
    if not command.args:
        await reply_with_offers(message, person, voice, SeatAction.TAKE)
        return

    def taking(code: str) -> Awaitable[Outcome]:
        return take(code, person, via=Via.COMMAND)

    typed = read_typed(command.args, voice.language)
    choice = await _choose_own(NumberedList.TAKEABLE, typed, select_takeable, person, voice, group)
    await _act_or_ask(message, choice, taking, SeatAction.TAKE, person, voice, payload="mine")


async def pass_command(
    message: Message, command: CommandObject, person: Person, voice: Voice, group: LinkedGroup | None
) -> None:
    """/pass: offers; with one of them, declines it (`W3`)."""
    if not command.args:
        await reply_with_offers(message, person, voice, SeatAction.DECLINE_OFFER)
        return

    def passing(code: str) -> Awaitable[Outcome]:
        return decline_offer(code, person, via=Via.COMMAND)

    typed = read_typed(command.args, voice.language)
    choice = await _choose_own(NumberedList.OFFERS, typed, select_offered, person, voice, group)
    await _act_or_ask(message, choice, passing, SeatAction.DECLINE_OFFER, person, voice, payload="mine")


async def _choose_own(
    name: NumberedList,
    typed: Typed,
    select: Callable[[Sequence[InstanceView]], list[InstanceView]],
    person: Person,
    voice: Voice,
    group: LinkedGroup | None,
) -> Choice:
    """Which of the person's own bookings is meant, of those that are selected."""

    async def listed() -> list[InstanceView]:
        return select(await own_bookings(person, group))

    return await choose(name, typed, listed, person, voice, None)


async def _act_or_ask(
    message: Message,
    choice: Choice,
    act: _Act,
    action: SeatAction,
    person: Person,
    voice: Voice,
    *,
    payload: str,
) -> None:
    """Do what the command says where it is clear which event is meant; else ask, with buttons that do it."""
    if choice.numbers:
        raise Invalid(N_("Send a number from the list, or a code."))
    if choice.code is not None:
        await reply_with_outcome(message, choice.code, act(choice.code), person, voice)
        return

    def button(view: InstanceView) -> CallbackData:
        return SeatCallback(action=action, code=view.code)

    await ask_which(message, choice, button, person, voice, payload=payload)


def router() -> Router:
    made = Router(name="booking commands")
    made.message.register(book_command, command_named("book"), from_person)
    made.message.register(maybe_command, command_named("maybe"), from_person)
    made.message.register(leave_command, command_named("leave"), from_person)
    made.message.register(take_command, command_named("take"), from_person)
    made.message.register(pass_command, command_named("pass"), from_person)
    made.callback_query.register(book_tapped, BookCallback.filter(), from_person)
    return made
