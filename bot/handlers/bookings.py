"""Seats: the card's buttons, /book, /leave, /take, /pass and /mybookings. The same actions as in the
Mini App."""

from collections.abc import Awaitable, Sequence

from aiogram import Bot, Router
from aiogram.filters import Command, CommandObject
from aiogram.filters.callback_data import CallbackData
from aiogram.types import CallbackQuery, Message

from backend.bookings.actions import (
    add_guest,
    admit_to_event,
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
from backend.bookings.queries.event import event, instance_for_card
from backend.bookings.queries.lists import my_bookings
from backend.bookings.views import InstanceView
from backend.cards.queries import is_card
from backend.errors import Busy, Invalid, NotAMember, NotFound, Refusal
from backend.events.queries import find_instance
from backend.groups.queries import LinkedGroup
from backend.i18n import N_, Voice
from backend.people.queries import Person
from backend.seats.replies import TooLate
from backend.seats.requests import Outcome, Via
from bot.callback_answers import answer_callback, editable_message
from bot.callbacks import SeatAction, SeatCallback, ShowEventCallback
from bot.delivery.client import edit, reply
from bot.filters import from_person
from bot.handlers.events import list_bookable, render_event_list, render_personal_card
from bot.keyboards.buttons import make_numbered_rows
from bot.keyboards.events import make_event_button, make_event_rows
from bot.keyboards.links import make_home_button, make_private_chat_button
from bot.lists import MAX_ITEMS, parse_selection
from bot.rendering import render

# Answers that promise to tell somebody, who may not have let the bot write (M3).
_PROMISING_OUTCOMES = frozenset({"waiting", "offered", "offer-declined", "replacing"})
_CANNOT_NOTIFY = N_("Press Start in a chat with me, or I can’t tell you.")
_HOW_TO_FIND_REPLACEMENT = N_("To find a replacement, open the event.")


async def tap(
    query: CallbackQuery, callback_data: SeatCallback, bot: Bot, person: Person, voice: Voice
) -> None:
    """A button about one's own seat, on a card or under a message: answered from inside the transaction (`B9`).

    A private message then says how it stands, whatever the answer was: no button is left that makes no sense any more.
    """
    message = editable_message(query)
    private = message is not None and message.chat.type == "private"
    try:
        outcome = await _perform(callback_data, person)
    except NotFound:
        await _raise_if_not_a_member(callback_data.code, message)
        raise
    except Busy:
        raise
    except Refusal as no:
        more = voice.say(_HOW_TO_FIND_REPLACEMENT) if isinstance(no, TooLate) and not private else ""
        await answer_callback(query, voice, no.words, no.outcome, more=more)
    else:
        more = voice.say(_CANNOT_NOTIFY) if _promises_unsendable_message(outcome, person) else ""
        await answer_callback(query, voice, outcome.words, outcome.kind, more=more)
    # A group's card follows within seconds by the worker's hand; a private one is nobody else's.
    if message is not None and private:
        sheet = await render_personal_card(callback_data.code, person)
        await edit(bot, message.chat.id, message.message_id, sheet)


def _promises_unsendable_message(outcome: Outcome, person: Person) -> bool:
    """Whether the answer promises a message that the bot may not send (`M3`)."""
    return outcome.kind in _PROMISING_OUTCOMES and not person.reachable


async def _perform(tapped: SeatCallback, person: Person) -> Outcome:
    code, via = tapped.code, Via.CARD
    match tapped.action:
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


async def _raise_if_not_a_member(code: str, message: Message | None) -> None:
    """Who sees the card may know whose it is. Raises `NotAMember` when it is one."""
    where = await find_instance(code)
    if message is None or not await is_card(message.chat.id, message.message_id, where.id):
        return
    found = await instance_for_card(where.id)
    if found is not None:
        raise NotAMember(club=found[0].club)


async def book_command(
    message: Message,
    command: CommandObject,
    person: Person,
    voice: Voice,
    group: LinkedGroup | None,
) -> None:
    """/book: the list; with a number of it or a code, a seat; with a second number, for so many guests too."""
    wanted = parse_selection(command.args, await list_bookable(person, group) if command.args else ())
    if wanted is None:
        await reply(message, await render_event_list(message, person, voice, group, booking=True))
        return
    guests = wanted.numbers[0] if wanted.numbers else 0
    asked = book(wanted.code, person, guests=guests, via=Via.COMMAND)
    await _reply_with_outcome(message, wanted.code, asked, person, voice)


async def leave_command(
    message: Message,
    command: CommandObject,
    person: Person,
    voice: Voice,
    group: LinkedGroup | None,
) -> None:
    """/leave: one's bookings; with a number of them or a code, leaves that one."""
    wanted = parse_selection(command.args, await _own_bookings(person, group))
    if wanted is None:
        await _reply_with_bookings(message, person, voice, leaving=True)
        return
    asked = leave(wanted.code, person, via=Via.COMMAND)
    await _reply_with_outcome(message, wanted.code, asked, person, voice)


async def take_command(
    message: Message,
    command: CommandObject,
    person: Person,
    voice: Voice,
    group: LinkedGroup | None,
) -> None:
    """/take: what is held for one, then what the first tap has; with a number of them or a code, takes it (`W3`)."""
    wanted = parse_selection(
        command.args, select_takeable(await _own_bookings(person, group)) if command.args else ()
    )
    if wanted is None:
        await _reply_with_offers(message, person, voice, SeatAction.TAKE)
        return
    asked = take(wanted.code, person, via=Via.COMMAND)
    await _reply_with_outcome(message, wanted.code, asked, person, voice)


async def pass_command(
    message: Message,
    command: CommandObject,
    person: Person,
    voice: Voice,
    group: LinkedGroup | None,
) -> None:
    """/pass: what is held for one; with a number of them or a code, lets it go to the next in line (`W3`)."""
    wanted = parse_selection(
        command.args, select_offered(await _own_bookings(person, group)) if command.args else ()
    )
    if wanted is None:
        await _reply_with_offers(message, person, voice, SeatAction.DECLINE_OFFER)
        return
    asked = decline_offer(wanted.code, person, via=Via.COMMAND)
    await _reply_with_outcome(message, wanted.code, asked, person, voice)


async def index(message: Message, person: Person, voice: Voice) -> None:
    """/mybookings"""
    await _reply_with_bookings(message, person, voice)


async def _own_bookings(person: Person, group: LinkedGroup | None) -> list[InstanceView]:
    """One's own bookings, as commands count them; in a group, those of its club."""
    mine = await my_bookings(person, limit=MAX_ITEMS)
    return [view for view in mine if group is None or view.account_id == group.account_id]


def select_offered(views: Sequence[InstanceView]) -> list[InstanceView]:
    """Where seats are held for the reader, soonest over first."""
    offers = [(view.mine.offer_until, view) for view in views if view.mine and view.mine.held]
    return [view for _, view in sorted(offers, key=lambda offer: (offer[0], offer[1].id))]


def select_takeable(views: Sequence[InstanceView]) -> list[InstanceView]:
    """What is held for the reader, then where a tap may have a seat."""
    return [*select_offered(views), *(view for view in views if view.takeable)]


async def _reply_with_bookings(
    message: Message, person: Person, voice: Voice, *, leaving: bool = False
) -> None:
    if await _redirect_from_group(message, voice):
        return
    mine = await _own_bookings(person, None)
    tapped: list[CallbackData] = [
        SeatCallback(action=SeatAction.LEAVE, code=view.code)
        if leaving
        else ShowEventCallback(code=view.code)
        for view in mine
    ]
    rows = [*make_numbered_rows(tapped), [make_home_button(voice)]]
    await reply(message, render("bookings.html", voice, rows, views=mine, leaving=leaving))


async def _reply_with_offers(message: Message, person: Person, voice: Voice, action: SeatAction) -> None:
    """What can be taken, or passed on, with a button for each."""
    if await _redirect_from_group(message, voice):
        return
    mine = await _own_bookings(person, None)
    views = select_takeable(mine) if action is SeatAction.TAKE else select_offered(mine)
    rows = [
        *make_numbered_rows([SeatCallback(action=action, code=view.code) for view in views]),
        [make_home_button(voice)],
    ]
    await reply(
        message, render("offers.html", voice, rows, views=views, passing=action is SeatAction.DECLINE_OFFER)
    )


async def _redirect_from_group(message: Message, voice: Voice) -> bool:
    """One's own bookings are nobody else's business: in a group the answer is the way to the private chat."""
    if message.chat.type == "private":
        return False
    rows = [[make_private_chat_button(voice.say(N_("Ask me there")), "mine")]]
    await reply(message, render("in_private.html", voice, rows))
    return True


async def _reply_with_outcome(
    message: Message, code: str, asked: Awaitable[Outcome], person: Person, voice: Voice
) -> None:
    """Answer a command: what became of it, and in private the buttons for what can be done next."""
    private, promised = message.chat.type == "private", False
    try:
        outcome = await asked
        words, promised = outcome.words, _promises_unsendable_message(outcome, person)
    except (NotFound, Busy, Invalid):
        raise
    except Refusal as no:
        words = no.words
    await admit_to_event(code, person)
    view = await event(code, person)
    rows = [[make_event_button(view, voice, private=private)]]
    if private:
        rows = make_event_rows(view, None, voice, private=True)
    elif view.mine and view.mine.seats and not view.can_leave_freely:
        # Looking for a replacement is between the person and the bot.
        rows.append([make_private_chat_button(voice.say(N_("Ask me there")), f"e_{code}")])
    sheet = render(
        "booking_told.html",
        voice,
        rows,
        view=view,
        words=words,
        name="" if private else person.first_name,
        more=voice.say(_CANNOT_NOTIFY) if promised else "",
    )
    await reply(message, sheet)


def router() -> Router:
    made = Router(name="bookings")
    made.callback_query.register(tap, SeatCallback.filter(), from_person)
    made.message.register(book_command, Command("book"), from_person)
    made.message.register(leave_command, Command("leave"), from_person)
    made.message.register(take_command, Command("take"), from_person)
    made.message.register(pass_command, Command("pass"), from_person)
    made.message.register(index, Command("mybookings"), from_person)
    return made
