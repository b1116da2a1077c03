"""Seats: the buttons of cards, and /book, /leave, /take, /pass and /mybookings."""

from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import replace

from aiogram import Bot, Router
from aiogram.filters import CommandObject
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
    set_guests,
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
from backend.groups.shown_lists import NumberedList, remember_list
from backend.i18n import N_, Voice, Words
from backend.people.queries import Person
from backend.seats.refusals import Begun, Cancelled, Closed, Ended, NotOpen, TooLate
from backend.seats.requests import Outcome, OutcomeKind, Via
from bot.callback_answers import answer_callback, editable_message
from bot.callbacks import SeatAction, SeatCallback, ShowEventCallback
from bot.delivery.client import reply, try_to_replace, try_to_send
from bot.filters import command_named, from_person
from bot.handlers.events import list_bookable, render_event_list, render_personal_card
from bot.handlers.redirects import redirect_from_group
from bot.keyboards.buttons import make_numbered_rows
from bot.keyboards.events import make_event_button, make_event_rows
from bot.keyboards.links import make_home_button
from bot.lists import MAX_ITEMS, list_voice, select
from bot.rendering import RenderedMessage, render, unlinked

# Outcomes whose answer promises a later message, which the person may not have allowed the bot to send (M3).
_PROMISING_OUTCOMES = frozenset(
    {OutcomeKind.WAITING, OutcomeKind.OFFERED, OutcomeKind.OFFER_DECLINED, OutcomeKind.REPLACING}
)
_CANNOT_NOTIFY = N_("Press Start in a chat with me so I can tell you.")
# What a group reads of outcomes that everybody there may read: a sentence about the person and its plural,
# instead of one that speaks to them. Other outcomes are told to the person alone.
_ABOUT_PERSON: Mapping[str, Words] = {
    N_("You’re in. See you %(when)s."): Words(N_("%(name)s is in. See you %(when)s.")),
    N_("You’re in, with %(n)s guest. See you %(when)s."): Words(
        N_("%(name)s is in, with %(n)s guest. See you %(when)s."),
        plural=N_("%(name)s is in, with %(n)s guests. See you %(when)s."),
    ),
    N_(
        "You’re in. See you %(when)s. You can leave freely for %(minutes)s minutes; after that it counts."
    ): Words(N_("%(name)s is in. See you %(when)s. Leaving is free for %(minutes)s minutes.")),
    N_(
        "You’re in, with %(n)s guest. See you %(when)s. You can leave freely for %(minutes)s minutes; after that it counts."
    ): Words(
        N_("%(name)s is in, with %(n)s guest. See you %(when)s. Leaving is free for %(minutes)s minutes."),
        plural=N_(
            "%(name)s is in, with %(n)s guests. See you %(when)s. Leaving is free for %(minutes)s minutes."
        ),
    ),
    N_("You’re in. It has begun."): Words(N_("%(name)s is in. It has begun.")),
    N_("You’re in, with %(n)s guest. It has begun."): Words(
        N_("%(name)s is in, with %(n)s guest. It has begun."),
        plural=N_("%(name)s is in, with %(n)s guests. It has begun."),
    ),
    N_("You’ve left."): Words(N_("%(name)s has left.")),
    N_("You’ve left the line."): Words(N_("%(name)s has left the line.")),
    N_("You’ve left. Your seat went to someone who was waiting."): Words(
        N_("%(name)s has left. The seat went to the next in line.")
    ),
}
# Refusals that are the same for everybody.
_ABOUT_DATE = (NotOpen, Closed, Ended, Cancelled, Begun)
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
        await _raise_if_not_a_member(callback_data.code, message)
        raise
    except Busy:
        raise
    except Refusal as refusal:
        more = voice.gettext(_HOW_TO_FIND_REPLACEMENT) if isinstance(refusal, TooLate) and not private else ""
        await answer_callback(query, voice, refusal.words, refusal.outcome, more=more)
    else:
        more = voice.gettext(_CANNOT_NOTIFY) if _promises_unsendable_message(outcome, person) else ""
        await answer_callback(query, voice, outcome.words, outcome.kind, more=more)
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


async def _raise_if_not_a_member(code: str, message: Message | None) -> None:
    """Raises `NotAMember`, which names the club, for a tap on a card: its club is no secret there."""
    if message is None or not await is_card(message.chat.id, message.message_id, code):
        return
    views = await instance_for_card((await find_instance(code)).id)
    if views is not None:
        raise NotAMember(club=views[0].account_name)


async def book_command(
    message: Message,
    command: CommandObject,
    person: Person,
    voice: Voice,
    group: LinkedGroup | None,
) -> None:
    """/book: the list; with a number of it or a code, books a seat; a second number is that of guests."""
    selection = await select(
        NumberedList.EVENTS, command.args, lambda: list_bookable(person, group), person, group
    )
    if selection is None:
        await reply(message, await render_event_list(message, person, voice, group, booking=True))
        return
    action = _book_party(selection.code, person, selection.numbers[0] if selection.numbers else None)
    await _reply_with_outcome(message, selection.code, action, person, voice)


async def _book_party(code: str, person: Person, guests: int | None) -> Outcome:
    """Book; a party that is in or in line already comes with this many guests from now on, if a number is named."""
    outcome = await book(code, person, guests=guests or 0, via=Via.COMMAND)
    if guests is None or outcome.guests == guests:
        return outcome
    return await set_guests(code, person, guests=guests, via=Via.COMMAND)


async def leave_command(
    message: Message,
    command: CommandObject,
    person: Person,
    voice: Voice,
    group: LinkedGroup | None,
) -> None:
    """/leave: one's own bookings; with a number of them or a code, leaves that instance."""
    selection = await select(
        NumberedList.BOOKINGS, command.args, lambda: _own_bookings(person, group), person, None
    )
    if selection is None:
        await _reply_with_bookings(message, person, voice, leaving=True)
        return
    action = leave(selection.code, person, via=Via.COMMAND)
    await _reply_with_outcome(message, selection.code, action, person, voice)


async def take_command(
    message: Message,
    command: CommandObject,
    person: Person,
    voice: Voice,
    group: LinkedGroup | None,
) -> None:
    """/take: offers, then seats for the first tap; with a number of them or a code, takes it (`W3`)."""

    async def takeable() -> list[InstanceView]:
        return select_takeable(await _own_bookings(person, group))

    selection = await select(NumberedList.TAKEABLE, command.args, takeable, person, None)
    if selection is None:
        await _reply_with_offers(message, person, voice, SeatAction.TAKE)
        return
    action = take(selection.code, person, via=Via.COMMAND)
    await _reply_with_outcome(message, selection.code, action, person, voice)


async def pass_command(
    message: Message,
    command: CommandObject,
    person: Person,
    voice: Voice,
    group: LinkedGroup | None,
) -> None:
    """/pass: offers; with a number of them or a code, declines that offer (`W3`)."""

    async def offered() -> list[InstanceView]:
        return select_offered(await _own_bookings(person, group))

    selection = await select(NumberedList.OFFERS, command.args, offered, person, None)
    if selection is None:
        await _reply_with_offers(message, person, voice, SeatAction.DECLINE_OFFER)
        return
    action = decline_offer(selection.code, person, via=Via.COMMAND)
    await _reply_with_outcome(message, selection.code, action, person, voice)


async def index(message: Message, person: Person, voice: Voice) -> None:
    """/mybookings"""
    await _reply_with_bookings(message, person, voice)


async def _own_bookings(person: Person, group: LinkedGroup | None) -> list[InstanceView]:
    """One's own bookings in the order that gives commands their numbers; in a group, those of its club."""
    views = await my_bookings(person, limit=MAX_ITEMS)
    return [view for view in views if group is None or view.account_id == group.account_id]


def select_offered(views: Sequence[InstanceView]) -> list[InstanceView]:
    """Instances with an offer for the reader, the offer that expires first at the head."""
    offers = [(view.mine.offer_until, view) for view in views if view.mine and view.mine.held]
    return [view for _, view in sorted(offers, key=lambda offer: (offer[0], offer[1].id))]


def select_takeable(views: Sequence[InstanceView]) -> list[InstanceView]:
    """Instances with an offer for the reader, then those with seats that go to the first tap."""
    return [*select_offered(views), *(view for view in views if view.takeable)]


async def _reply_with_bookings(
    message: Message, person: Person, voice: Voice, *, leaving: bool = False
) -> None:
    if await redirect_from_group(message, voice, "mine"):
        return
    views = await _own_bookings(person, None)
    await remember_list(NumberedList.BOOKINGS, [view.code for view in views], person)
    callbacks: list[CallbackData] = [
        SeatCallback(action=SeatAction.LEAVE, code=view.code)
        if leaving
        else ShowEventCallback(code=view.code)
        for view in views
    ]
    rows = [*make_numbered_rows(callbacks), [make_home_button(voice)]]
    await reply(
        message, render("bookings.html", list_voice(voice, views), rows, views=views, leaving=leaving)
    )


async def _reply_with_offers(message: Message, person: Person, voice: Voice, action: SeatAction) -> None:
    """The instances whose seats can be taken, or whose offer can be declined, with a button for each."""
    if await redirect_from_group(message, voice, "mine"):
        return
    bookings = await _own_bookings(person, None)
    views = select_takeable(bookings) if action is SeatAction.TAKE else select_offered(bookings)
    name = NumberedList.TAKEABLE if action is SeatAction.TAKE else NumberedList.OFFERS
    await remember_list(name, [view.code for view in views], person)
    callbacks = [SeatCallback(action=action, code=view.code) for view in views]
    rows = [*make_numbered_rows(callbacks), [make_home_button(voice)]]
    declining = action is SeatAction.DECLINE_OFFER
    voice = list_voice(voice, views)
    await reply(message, render("offers.html", voice, rows, views=views, declining=declining))


async def _reply_with_outcome(
    message: Message, code: str, action: Awaitable[Outcome], person: Person, voice: Voice
) -> None:
    """Run the action of a command and reply with its outcome, with buttons for what is next. In a group everybody
    reads who comes, and what is so of the date; the rest is the person's own, and is told in private (`M7`)."""
    is_about_date = False
    try:
        words = (await action).words
    except (NotFound, Busy, Invalid):
        raise
    except Refusal as refusal:
        words, is_about_date = refusal.words, isinstance(refusal, _ABOUT_DATE)
    await admit_to_event(code, person)
    view = await event(code, person)
    if message.chat.type == "private":
        await reply(message, _render_outcome(view, words, voice))
        return
    if words.message in _ABOUT_PERSON:
        words, is_about_date = _about_person(words, person.first_name), True
    if is_about_date:
        rows = [[make_event_button(view, voice, private=False)]]
        shown = render("booking_outcome.html", voice.or_zone(view.account_zone), rows, view=view, words=words)
        await reply(message, shown)
        return
    if person.reachable and message.bot is not None:
        await try_to_send(message.bot, person.telegram_id, _render_outcome(view, words, person.voice))
    more = "" if person.reachable else voice.gettext(_CANNOT_NOTIFY)
    await redirect_from_group(message, voice, f"e_{code}", more=more)


def _render_outcome(view: InstanceView, words: Words, voice: Voice) -> RenderedMessage:
    """The outcome of a command for the person alone."""
    rows = make_event_rows(view, None, voice, private=True)
    return render("booking_outcome.html", voice.or_zone(view.account_zone), rows, view=view, words=words)


def _about_person(words: Words, name: str) -> Words:
    """The words of an outcome as a sentence about the person, for a group."""
    about = _ABOUT_PERSON[words.message]
    values = {**words.values, "name": unlinked(name)}
    return replace(words, message=about.message, plural=about.plural, values=values)


def router() -> Router:
    made = Router(name="bookings")
    made.callback_query.register(tap, SeatCallback.filter(), from_person)
    made.message.register(book_command, command_named("book"), from_person)
    made.message.register(leave_command, command_named("leave"), from_person)
    made.message.register(take_command, command_named("take"), from_person)
    made.message.register(pass_command, command_named("pass"), from_person)
    made.message.register(index, command_named("mybookings"), from_person)
    return made
