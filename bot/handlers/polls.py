"""Votes: the card's options, /polls and /vote (`P3`)."""

from aiogram import Bot, F, Router
from aiogram.filters import Command, CommandObject, CommandStart
from aiogram.types import CallbackQuery, Message

from backend.bookings.rules import Via
from backend.errors import Invalid
from backend.groups.queries import LinkedGroup
from backend.i18n import N_, Voice
from backend.people.queries import Person
from backend.polls.actions import tap as tap_option
from backend.polls.actions import vote
from backend.polls.queries import PollView, poll, polls_of
from bot.asked import by_a_person, in_private
from bot.callbacks import Pick, ShowPoll
from bot.cards import poll_sheet
from bot.deliver import edit, reply
from bot.handlers.groups import say_not_linked
from bot.keyboards import ask_in_private, numbers, open_home, poll_link
from bot.lists import MOST, named
from bot.sheets import plain, write
from bot.taps import answer_tap, message_of

PREFIX = "p_"


async def tap(
    query: CallbackQuery, callback_data: Pick, bot: Bot, person: Person, voice: Voice
) -> None:
    """An option was tapped: chosen, or taken back."""
    outcome = await tap_option(callback_data.code, person, callback_data.option, via=Via.CARD)
    await answer_tap(query, voice, outcome.words, outcome.kind)
    message = message_of(query)
    if message is not None and message.chat.type == "private":
        view = await poll(callback_data.code, person)
        await edit(bot, message.chat.id, message.message_id, poll_sheet(view, voice, private=True))


async def index(message: Message, person: Person, voice: Voice, group: LinkedGroup | None) -> None:
    """/polls: what can be voted on."""
    private = message.chat.type == "private"
    if not private and group is None:
        await say_not_linked(message, person)
        return
    views = await _open_polls(person, group)
    rows = numbers([ShowPoll(code=view.code) for view in views]) if private else []
    sheet = write(
        "polls.html",
        voice,
        [*rows, [open_home(voice, private=private)]],
        views=views,
        links={view.code: poll_link(view.code) for view in views},
    )
    await reply(message, sheet)


async def vote_(
    message: Message,
    command: CommandObject,
    person: Person,
    voice: Voice,
    group: LinkedGroup | None,
) -> None:
    """/vote: the list; with a number of it or a code, that poll; with numbers of its options, the vote."""
    wanted = named(command.args, await _open_polls(person, group) if command.args else ())
    if wanted is None:
        await index(message, person, voice, group)
        return
    view = await poll(wanted.code, person)
    if group is not None and view.account_id != group.account_id:
        raise Invalid(N_("There is no such number in the list."))
    if message.chat.type != "private" and (view.anonymous or not wanted.numbers):
        # What one may see, and what one chooses, is not the group's: only its card is.
        rows = [[ask_in_private(voice.say(N_("Vote there")), f"{PREFIX}{view.code}")]]
        await reply(message, write("vote_in_private.html", voice, rows, view=view))
        return
    if not wanted.numbers:
        await reply(message, poll_sheet(view, voice, private=True))
        return
    if not all(1 <= n <= len(view.options) for n in wanted.numbers):
        raise Invalid(N_("This poll has no option with that number."))
    chosen = [view.options[n - 1].id for n in wanted.numbers]
    outcome = await vote(wanted.code, person, chosen, via=Via.COMMAND)
    await reply(message, plain(voice.tell(outcome.words)))


async def show_linked(
    message: Message, command: CommandObject, person: Person, voice: Voice
) -> None:
    """`/start p_<code>`: the poll a link named."""
    view = await poll((command.args or "").removeprefix(PREFIX), person)
    await reply(message, poll_sheet(view, voice, private=True))


async def show(query: CallbackQuery, callback_data: ShowPoll, person: Person, voice: Voice) -> None:
    """A number of the list was tapped."""
    view = await poll(callback_data.code, person)
    message = message_of(query)
    if message is not None:
        await reply(message, poll_sheet(view, voice, private=True))
    await query.answer()


async def _open_polls(person: Person, group: LinkedGroup | None) -> list[PollView]:
    account_id = group.account_id if group else None
    return await polls_of(person, account_id=account_id, limit=MOST)


def router() -> Router:
    made = Router(name="polls")
    made.callback_query.register(tap, Pick.filter(), by_a_person)
    made.callback_query.register(show, ShowPoll.filter(), by_a_person)
    made.message.register(index, Command("polls"), by_a_person)
    made.message.register(vote_, Command("vote"), by_a_person)
    made.message.register(
        show_linked,
        CommandStart(deep_link=True, magic=F.args.startswith(PREFIX)),
        in_private,
        by_a_person,
    )
    return made
