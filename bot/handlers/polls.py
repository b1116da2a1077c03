"""Polls: the options of cards, /polls and /vote (`P3`), and the actions of organisers (`P4`, `P5`)."""

from aiogram import Bot, F, Router
from aiogram.filters import CommandObject, CommandStart
from aiogram.types import CallbackQuery, Message

from backend.accounts.queries import account_voice
from backend.errors import Forbidden, Invalid, NotAMember, NotFound
from backend.groups.queries import LinkedGroup
from backend.groups.shown_lists import NumberedList, remember_list
from backend.i18n import N_, Voice
from backend.people.queries import Person
from backend.polls.actions import admit_to_poll, find_poll, tap_option, vote
from backend.polls.closing import close_poll
from backend.polls.event_creation import EventDetails
from backend.polls.non_voters import remind_non_voters
from backend.polls.queries import open_polls_of_account, poll, poll_for_card, polls_of
from backend.polls.replies import no_winning_date
from backend.polls.rules import Answer
from backend.polls.views import PollView
from backend.seats.requests import Via
from bot.callback_answers import answer_callback, editable_message, replace_message
from bot.callbacks import (
    CreateInstanceCallback,
    PollAction,
    PollActionCallback,
    ShowPollCallback,
    VoteCallback,
)
from bot.cards import render_poll_card
from bot.delivery.client import answer_callback_query, reply, try_to_replace
from bot.filters import command_named, from_person, in_private_chat
from bot.free_text import find_vote, read_typed, telling_words
from bot.handlers.groups import reply_not_linked
from bot.keyboards.buttons import make_numbered_rows
from bot.keyboards.links import make_home_button, make_poll_link, make_private_chat_button
from bot.keyboards.polls import make_capacity_rows, make_closing_rows
from bot.lists import MAX_ITEMS, is_selection, select
from bot.rendering import RenderedMessage, render, render_words

START_PREFIX = "p_"
# Marks after the number of a date. Phones turn short dashes into long ones.
_ANSWER_MARKS = {"?": Answer.IF_NEED_BE, **dict.fromkeys("-–—−", Answer.NO)}


async def tap(
    query: CallbackQuery, callback_data: VoteCallback, bot: Bot, person: Person, voice: Voice
) -> None:
    """Choose the tapped option, or take the choice back."""
    try:
        outcome = await tap_option(callback_data.code, person, callback_data.option, via=Via.CARD)
    except NotFound:
        if query.inline_message_id:  # on a shared card, which says whose poll it is
            view = await poll_for_card((await find_poll(callback_data.code)).id)
            raise NotAMember(club=view.account_name if view is not None else "") from None
        raise
    await answer_callback(query, voice, outcome.words, outcome.kind)
    message = editable_message(query)
    if message is not None and message.chat.type == "private":
        view = await poll(callback_data.code, person)
        await try_to_replace(message, render_poll_card(view, voice, private=True))


async def index(message: Message, person: Person, voice: Voice, group: LinkedGroup | None) -> None:
    """/polls: the open polls."""
    await _reply_with_polls(message, person, voice, group)


async def _reply_with_polls(
    message: Message, person: Person, voice: Voice, group: LinkedGroup | None, *, unknown: str = ""
) -> None:
    """The open polls, after words that name none of them."""
    private = message.chat.type == "private"
    if not private and group is None:
        await reply_not_linked(message, person)
        return
    if group is not None:
        voice = await account_voice(group.account_id)
    views = await _open_polls(person, group)
    await remember_list(NumberedList.POLLS, [view.code for view in views], person, group)
    rows = make_numbered_rows([ShowPollCallback(code=view.code) for view in views]) if private else []
    rendered = render(
        "polls.html",
        voice,
        [*rows, [make_home_button(voice, private=private)]],
        views=views,
        unknown=unknown,
        links={view.code: make_poll_link(view.code) for view in views},
    )
    await reply(message, rendered)


async def vote_command(
    message: Message,
    command: CommandObject,
    person: Person,
    voice: Voice,
    group: LinkedGroup | None,
) -> None:
    """/vote: the list; with a number of it or a code, that poll; with numbers of its options, votes.

    In a poll about dates, `3` is yes, `3?` is if need be, `3-` is no.
    """
    if command.args and not _is_by_number(command.args):
        await _vote_by_words(message, command.args, person, voice, group)
        return
    selection = await select(
        NumberedList.POLLS,
        command.args,
        lambda: _open_polls(person, group),
        person,
        group,
        marks="".join(_ANSWER_MARKS),
    )
    if selection is None:
        await index(message, person, voice, group)
        return
    await admit_to_poll(selection.code, person)
    view = await poll(selection.code, person)
    if group is not None and view.account_id != group.account_id:
        raise Invalid(N_("There is no such number in the list."))
    if not selection.numbers:
        await _show_poll(message, view, voice)
        return
    if not all(1 <= n <= len(view.options) for n in selection.numbers):
        raise Invalid(N_("This poll has no option with that number."))
    chosen = {
        view.options[n - 1].id: _ANSWER_MARKS.get(mark, Answer.YES)
        for n, mark in zip(selection.numbers, selection.marks, strict=True)
    }
    await _vote(message, view, chosen, person, voice)


def _is_by_number(arguments: str) -> bool:
    first = arguments.split()[0]
    return is_selection([first]) or first.strip("".join(_ANSWER_MARKS)).isdecimal()


async def _vote_by_words(
    message: Message, arguments: str, person: Person, voice: Voice, group: LinkedGroup | None
) -> None:
    """`/vote picnic sunday`: votes where one option of one poll is meant, else shows the poll, or the polls."""
    words = telling_words(read_typed(arguments, voice.language).words)
    found = find_vote(words, await _open_polls(person, group), voice)
    if len(found) != 1:
        await _reply_with_polls(message, person, voice, group, unknown="" if found else " ".join(words))
        return
    [(view, options)] = found
    if len(options) == 1:
        await _vote(message, view, {options[0].id: Answer.YES}, person, voice)
    else:
        await _show_poll(message, view, voice)


async def _show_poll(message: Message, view: PollView, voice: Voice) -> None:
    """The poll with its buttons; from a group the way to the private chat: the group has its own card, and may not see what
    one person sees and chooses."""
    if message.chat.type == "private":
        await reply(message, render_poll_card(view, voice, private=True))
        return
    rows = [[make_private_chat_button(voice.gettext(N_("Vote there")), f"{START_PREFIX}{view.code}")]]
    await reply(message, render("vote_in_private.html", voice, rows, view=view))


async def _vote(
    message: Message, view: PollView, chosen: dict[int, Answer], person: Person, voice: Voice
) -> None:
    if message.chat.type != "private" and view.anonymous:
        await _show_poll(message, view, voice)
        return
    outcome = await vote(view.code, person, chosen, via=Via.COMMAND)
    await reply(message, render_words(outcome.words, voice))


async def show_linked(message: Message, command: CommandObject, person: Person, voice: Voice) -> None:
    """`/start p_<code>`: the poll of a link."""
    code = (command.args or "").removeprefix(START_PREFIX)
    await admit_to_poll(code, person)
    view = await poll(code, person)
    await reply(message, render_poll_card(view, voice, private=True))


async def show(query: CallbackQuery, callback_data: ShowPollCallback, person: Person, voice: Voice) -> None:
    """The poll of a tapped number."""
    await admit_to_poll(callback_data.code, person)
    view = await poll(callback_data.code, person)
    message = editable_message(query)
    if message is not None:
        await reply(message, render_poll_card(view, voice, private=True))
    await answer_callback_query(query)


async def organise(
    query: CallbackQuery, callback_data: PollActionCallback, person: Person, voice: Voice
) -> None:
    """An organiser's button under a poll: close it, create its instance, remind those who have not voted."""
    code, action = callback_data.code, callback_data.action
    if action is PollAction.REMIND:
        reminding = await remind_non_voters(code, person)
        await answer_callback(query, voice, reminding.words, reminding.kind)
        return
    if action is PollAction.CLOSE:
        closing = await close_poll(code, person)
        await answer_callback(query, voice, closing.words, closing.kind)
    rendered = _render_after(action, await poll(code, person), voice)
    if action is not PollAction.CLOSE:
        # After rendering, which may refuse: a tap can be answered only once.
        await answer_callback_query(query)
    await replace_message(query, rendered)


def _render_after(action: PollAction, view: PollView, voice: Voice) -> RenderedMessage:
    """The message after the action: a question, or the poll. Raises `Forbidden`, `Invalid`."""
    if action is PollAction.ASK_TO_CLOSE and view.open:
        if not view.can_manage:
            raise Forbidden()
        return render("poll_close.html", voice, make_closing_rows(view.code, voice), view=view)
    if action is PollAction.CREATE_INSTANCE and view.event_option is None:
        if not view.can_create_event:
            raise Forbidden()
        best = view.best
        if best is None and view.visible:
            raise no_winning_date()
        rows = make_capacity_rows(view.code, best.id if best else 0, voice)
        date = best.name(voice, view.zone) if best else ""
        return render("poll_make.html", voice, rows, view=view, best=best, date=date)
    return render_poll_card(view, voice, private=True)


async def create_instance(
    query: CallbackQuery, callback_data: CreateInstanceCallback, person: Person, voice: Voice
) -> None:
    """Close the poll and create its instance with that many seats; the dashboard edits the rest."""
    details = EventDetails(option_id=callback_data.option or None, capacity=callback_data.seats or None)
    closing = await close_poll(callback_data.code, person, make=details)
    await answer_callback(query, voice, closing.words, closing.kind)
    view = await poll(callback_data.code, person)
    await replace_message(query, render_poll_card(view, voice, private=True))


async def _open_polls(person: Person, group: LinkedGroup | None) -> list[PollView]:
    """The open polls of the person; in a group its club's, as they are for everybody who reads there (`M7`)."""
    if group is not None:
        return await open_polls_of_account(group.account_id, limit=MAX_ITEMS)
    return await polls_of(person, limit=MAX_ITEMS)


def router() -> Router:
    made = Router(name="polls")
    made.callback_query.register(tap, VoteCallback.filter(), from_person)
    made.callback_query.register(show, ShowPollCallback.filter(), from_person)
    made.callback_query.register(organise, PollActionCallback.filter(), from_person)
    made.callback_query.register(create_instance, CreateInstanceCallback.filter(), from_person)
    made.message.register(index, command_named("polls"), from_person)
    made.message.register(vote_command, command_named("vote"), from_person)
    made.message.register(
        show_linked,
        CommandStart(ignore_case=True, deep_link=True, magic=F.args.startswith(START_PREFIX)),
        in_private_chat,
        from_person,
    )
    return made
