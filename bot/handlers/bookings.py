"""Seats: the card's buttons, /book, /leave and /mybookings. The same verbs as in the Mini App (HOUSE, section 4)."""

from aiogram import Bot, Router
from aiogram.filters import Command, CommandObject
from aiogram.types import CallbackQuery, InlineKeyboardMarkup, Message

from backend.bookings.actions import add_guest, answer, book, find, leave
from backend.bookings.queries import event, instance_for_card, my_bookings
from backend.bookings.rules import Outcome, Via
from backend.cards.queries import is_card
from backend.errors import NotAMember, NotFound
from backend.groups.queries import LinkedGroup
from backend.i18n import N_, Voice
from backend.people.queries import Person
from bot.asked import by_a_person
from bot.callbacks import Do, Seat
from bot.deliver import edit, reply
from bot.handlers.events import coming, list_of, sheet_for
from bot.keyboards import ask_in_private, numbers, open_event, open_home
from bot.lists import MOST, named
from bot.sheets import write
from bot.taps import answer_tap, message_of

# A promise to tell somebody who has not let the bot write (M3).
CANNOT_TELL = N_("Press Start in a chat with me, or I can’t tell you.")


async def tap(
    query: CallbackQuery, callback_data: Seat, bot: Bot, person: Person, voice: Voice
) -> None:
    """JOIN, +1, LEAVE on a card, or "I can't come" under a message: answered from inside the transaction (`B9`)."""
    message = message_of(query)
    try:
        outcome = await _do(callback_data, person)
    except NotFound:
        await _name_the_club(callback_data.code, message)
        raise
    promised = outcome.kind == "waiting" and not person.reachable
    more = voice.say(CANNOT_TELL) if promised else ""
    await answer_tap(query, voice, outcome.words, outcome.kind, more=more)
    # A group's card follows within seconds by the worker's hand; a private one is nobody else's.
    if message is None or message.chat.type != "private":
        return
    if callback_data.do is Do.CANT:
        view = await event(callback_data.code, person)
        rows = [[open_event(view, voice, private=True)]]
        await message.edit_reply_markup(reply_markup=InlineKeyboardMarkup(inline_keyboard=rows))
        return
    await edit(
        bot, message.chat.id, message.message_id, await sheet_for(callback_data.code, person)
    )


async def _do(tapped: Seat, person: Person) -> Outcome:
    match tapped.do:
        case Do.JOIN:
            return await book(tapped.code, person, via=Via.CARD)
        case Do.MORE:
            return await add_guest(tapped.code, person, via=Via.CARD)
        case Do.LEAVE:
            return await leave(tapped.code, person, via=Via.CARD)
        case Do.CANT:
            return await answer(tapped.code, person, maybe=False, via=Via.CARD)
        case Do.MAYBE:
            return await answer(tapped.code, person, maybe=True, via=Via.CARD)


async def _name_the_club(code: str, message: Message | None) -> None:
    """Who sees the card may know whose it is. Raises `NotAMember` when it is one."""
    where = await find(code)
    if message is None or not await is_card(message.chat.id, message.message_id, where.id):
        return
    found = await instance_for_card(where.id)
    if found is not None:
        raise NotAMember(club=found[0].club)


async def book_(
    message: Message,
    command: CommandObject,
    person: Person,
    voice: Voice,
    group: LinkedGroup | None,
) -> None:
    """/book: the list; with a number of it or a code, a seat; with a second number, for so many guests too."""
    wanted = named(command.args, await coming(person, group) if command.args else ())
    if wanted is None:
        await reply(message, await list_of(message, person, voice, group, booking=True))
        return
    guests = wanted.numbers[0] if wanted.numbers else 0
    outcome = await book(wanted.code, person, guests=guests, via=Via.COMMAND)
    await _tell(message, wanted.code, outcome, person, voice)


async def leave_(
    message: Message,
    command: CommandObject,
    person: Person,
    voice: Voice,
    group: LinkedGroup | None,
) -> None:
    """/leave: one's bookings; with a number of them or a code, leaves that one."""
    mine = [
        view
        for view in await my_bookings(person, limit=MOST)
        if group is None or view.account_id == group.account_id
    ]
    wanted = named(command.args, mine)
    if wanted is None:
        await _index(message, person, voice, leaving=True)
        return
    outcome = await leave(wanted.code, person, via=Via.COMMAND)
    await _tell(message, wanted.code, outcome, person, voice)


async def index(message: Message, person: Person, voice: Voice) -> None:
    """/mybookings"""
    await _index(message, person, voice)


async def _index(message: Message, person: Person, voice: Voice, *, leaving: bool = False) -> None:
    """One's own bookings are nobody else's business: in a group the answer is the way to the private chat."""
    if message.chat.type != "private":
        rows = [[ask_in_private(voice.say(N_("Ask me there")), "mine")]]
        await reply(message, write("in_private.html", voice, rows))
        return
    mine = await my_bookings(person, limit=MOST)
    tapped = [Seat(do=Do.LEAVE, code=view.code) for view in mine if leaving]
    rows = [*numbers(tapped), [open_home(voice)]]
    await reply(message, write("bookings.html", voice, rows, views=mine, leaving=leaving))


async def _tell(
    message: Message, code: str, outcome: Outcome, person: Person, voice: Voice
) -> None:
    view = await event(code, person)
    private = message.chat.type == "private"
    promised = outcome.kind == "waiting" and not person.reachable
    sheet = write(
        "booking_told.html",
        voice,
        [[open_event(view, voice, private=private)]],
        view=view,
        words=outcome.words,
        name="" if private else person.first_name,
        more=voice.say(CANNOT_TELL) if promised else "",
    )
    await reply(message, sheet)


def router() -> Router:
    made = Router(name="bookings")
    made.callback_query.register(tap, Seat.filter(), by_a_person)
    made.message.register(book_, Command("book"), by_a_person)
    made.message.register(leave_, Command("leave"), by_a_person)
    made.message.register(index, Command("mybookings"), by_a_person)
    return made
