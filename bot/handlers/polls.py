"""Votes: the card's options, /polls and /vote (`P3`)."""

from aiogram import Bot, F, Router
from aiogram.filters import Command, CommandObject, CommandStart
from aiogram.types import CallbackQuery, Message

from backend.errors import Forbidden, Invalid
from backend.groups.queries import LinkedGroup
from backend.i18n import N_, Voice
from backend.people.queries import Person
from backend.polls.actions import admit_to_poll, close_poll, vote
from backend.polls.actions import tap_option as tap_option
from backend.polls.event_creation import EventDetails
from backend.polls.non_voters import remind_non_voters
from backend.polls.queries import PollView, poll, polls_of
from backend.polls.replies import no_winning_date
from backend.polls.rules import Answer
from backend.seats.requests import Via
from bot.callback_answers import answer_tap, message_of
from bot.callbacks import MakeDate, Pick, Run, RunPoll, ShowPoll
from bot.cards import poll_card
from bot.delivery.client import edit, reply
from bot.filters import by_a_person, in_private
from bot.handlers.groups import say_not_linked
from bot.keyboards.buttons import make_numbered_rows
from bot.keyboards.links import make_home_button, make_poll_link, make_private_chat_button
from bot.keyboards.polls import make_capacity_rows, make_closing_rows
from bot.lists import MOST, named
from bot.rendering import RenderedMessage, plain, render

PREFIX = "p_"
# What stands behind a date's number; phones make long dashes of short ones.
SAID = {"?": Answer.IF_NEED_BE, **dict.fromkeys("-–—−", Answer.NO)}


async def tap(query: CallbackQuery, callback_data: Pick, bot: Bot, person: Person, voice: Voice) -> None:
    """An option was tapped: chosen, or taken back."""
    outcome = await tap_option(callback_data.code, person, callback_data.option, via=Via.CARD)
    await answer_tap(query, voice, outcome.words, outcome.kind)
    message = message_of(query)
    if message is not None and message.chat.type == "private":
        view = await poll(callback_data.code, person)
        await edit(bot, message.chat.id, message.message_id, poll_card(view, voice, private=True))


async def index(message: Message, person: Person, voice: Voice, group: LinkedGroup | None) -> None:
    """/polls: what can be voted on."""
    private = message.chat.type == "private"
    if not private and group is None:
        await say_not_linked(message, person)
        return
    views = await _open_polls(person, group)
    rows = make_numbered_rows([ShowPoll(code=view.code) for view in views]) if private else []
    sheet = render(
        "polls.html",
        voice,
        [*rows, [make_home_button(voice, private=private)]],
        views=views,
        links={view.code: make_poll_link(view.code) for view in views},
    )
    await reply(message, sheet)


async def vote_command(
    message: Message,
    command: CommandObject,
    person: Person,
    voice: Voice,
    group: LinkedGroup | None,
) -> None:
    """/vote: the list; with a number of it or a code, that poll; with numbers of its options, the vote.

    Of dates, `3` is yes, `3?` if need be, `3-` no.
    """
    listed = await _open_polls(person, group) if command.args else ()
    wanted = named(command.args, listed, marks="".join(SAID))
    if wanted is None:
        await index(message, person, voice, group)
        return
    await admit_to_poll(wanted.code, person)
    view = await poll(wanted.code, person)
    if group is not None and view.account_id != group.account_id:
        raise Invalid(N_("There is no such number in the list."))
    if message.chat.type != "private" and (view.anonymous or not wanted.numbers):
        # What one may see, and what one chooses, is not the group's: only its card is.
        rows = [[make_private_chat_button(voice.say(N_("Vote there")), f"{PREFIX}{view.code}")]]
        await reply(message, render("vote_in_private.html", voice, rows, view=view))
        return
    if not wanted.numbers:
        await reply(message, poll_card(view, voice, private=True))
        return
    if not all(1 <= n <= len(view.options) for n in wanted.numbers):
        raise Invalid(N_("This poll has no option with that number."))
    chosen = {
        view.options[n - 1].id: SAID.get(mark, Answer.YES)
        for n, mark in zip(wanted.numbers, wanted.marks, strict=True)
    }
    outcome = await vote(wanted.code, person, chosen, via=Via.COMMAND)
    await reply(message, plain(voice.tell(outcome.words)))


async def show_linked(message: Message, command: CommandObject, person: Person, voice: Voice) -> None:
    """`/start p_<code>`: the poll a link named."""
    code = (command.args or "").removeprefix(PREFIX)
    await admit_to_poll(code, person)
    view = await poll(code, person)
    await reply(message, poll_card(view, voice, private=True))


async def show(query: CallbackQuery, callback_data: ShowPoll, person: Person, voice: Voice) -> None:
    """A number of the list was tapped."""
    await admit_to_poll(callback_data.code, person)
    view = await poll(callback_data.code, person)
    message = message_of(query)
    if message is not None:
        await reply(message, poll_card(view, voice, private=True))
    await query.answer()


async def run(query: CallbackQuery, callback_data: RunPoll, bot: Bot, person: Person, voice: Voice) -> None:
    """An organiser's button under a poll: closing, making its date, reminding who is missing (`P4`, `P5`)."""
    code = callback_data.code
    match callback_data.do:
        case Run.CLOSE_NOW:
            closing = await close_poll(code, person)
            await answer_tap(query, voice, closing.words, closing.kind)
        case Run.REMIND:
            reminding = await remind_non_voters(code, person)
            await answer_tap(query, voice, reminding.words, reminding.kind)
            return
        case _:
            await query.answer()
    view = await poll(code, person)
    await _show_instead(query, bot, _asked(callback_data.do, view, voice))


def _asked(do: Run, view: PollView, voice: Voice) -> RenderedMessage:
    """What stands under the organiser's finger now: a question, or the poll. Raises `Forbidden`, `Invalid`."""
    if do is Run.CLOSE and view.open:
        if not view.managed:
            raise Forbidden()
        return render("poll_close.html", voice, make_closing_rows(view.code, voice), view=view)
    if do is Run.MAKE and view.made is None:
        if not view.to_make:
            raise Forbidden()
        best = view.best
        if best is None and view.visible:
            raise no_winning_date()
        rows = make_capacity_rows(view.code, best.id if best else 0, voice)
        date = best.name(voice, view.zone) if best else ""
        return render("poll_make.html", voice, rows, view=view, best=best, date=date)
    return poll_card(view, voice, private=True)


async def make(query: CallbackQuery, callback_data: MakeDate, bot: Bot, person: Person, voice: Voice) -> None:
    """With so many seats: the poll is closed and its date made; what else it needs is written in the dashboard."""
    making = EventDetails(option_id=callback_data.option or None, capacity=callback_data.seats or None)
    closing = await close_poll(callback_data.code, person, make=making)
    await answer_tap(query, voice, closing.words, closing.kind)
    view = await poll(callback_data.code, person)
    await _show_instead(query, bot, poll_card(view, voice, private=True))


async def _show_instead(query: CallbackQuery, bot: Bot, sheet: RenderedMessage) -> None:
    message = message_of(query)
    if message is not None:
        await edit(bot, message.chat.id, message.message_id, sheet)


async def _open_polls(person: Person, group: LinkedGroup | None) -> list[PollView]:
    account_id = group.account_id if group else None
    return await polls_of(person, account_id=account_id, limit=MOST)


def router() -> Router:
    made = Router(name="polls")
    made.callback_query.register(tap, Pick.filter(), by_a_person)
    made.callback_query.register(show, ShowPoll.filter(), by_a_person)
    made.callback_query.register(run, RunPoll.filter(), by_a_person)
    made.callback_query.register(make, MakeDate.filter(), by_a_person)
    made.message.register(index, Command("polls"), by_a_person)
    made.message.register(vote_command, Command("vote"), by_a_person)
    made.message.register(
        show_linked,
        CommandStart(deep_link=True, magic=F.args.startswith(PREFIX)),
        in_private,
        by_a_person,
    )
    return made
