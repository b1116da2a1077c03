"""/close and /reopen: the attendance list of a date that is over (`B12`). Before it is closed the organiser reads who counts
as missed."""

from datetime import timedelta

from aiogram import Router
from aiogram.filters import CommandObject
from aiogram.filters.callback_data import CallbackData
from aiogram.types import CallbackQuery, Message

from backend import clock
from backend.accounts.queries import permitted_accounts
from backend.accounts.rules import Permission
from backend.bookings.attendance import NotBegun, close_list, reopen_list
from backend.bookings.queries.lists import between
from backend.bookings.roster import RosterKind, roster, roster_counts
from backend.bookings.views import InstanceView
from backend.i18n import N_, Voice, Words
from backend.people.queries import Person
from bot.callback_answers import answer_and_replace
from bot.delivery.client import reply
from bot.filters import command_named, from_person
from bot.free_text import read_typed
from bot.handlers.choices import ask_which, choose_organised
from bot.handlers.organising import load_authorized
from bot.handlers.redirects import redirect_from_group
from bot.keyboards.buttons import make_callback_button
from bot.keyboards.events import make_event_button
from bot.organiser_callbacks import ClosureAction, ClosureCallback
from bot.rendering import RenderedMessage, plain, render

_PAST = timedelta(days=31)  # how long after its beginning a date is found by words
_NAMES_MAX = 30


async def close(message: Message, command: CommandObject, person: Person, voice: Voice) -> None:
    """/close with an event. Raises `Forbidden`, `NotBegun`, `NotFound`, `Invalid`."""
    await _show(message, command.args, person, voice, closed=False)


async def reopen(message: Message, command: CommandObject, person: Person, voice: Voice) -> None:
    """/reopen with an event. Raises what `close` does."""
    await _show(message, command.args, person, voice, closed=True)


async def ask_to_close(message: Message, person: Person, voice: Voice) -> None:
    """/close without an event."""
    await _show(message, None, person, voice, closed=False)


async def ask_to_reopen(message: Message, person: Person, voice: Voice) -> None:
    """/reopen without an event."""
    await _show(message, None, person, voice, closed=True)


async def _show(message: Message, text: str | None, person: Person, voice: Voice, *, closed: bool) -> None:
    payload = "reopen" if closed else "close"
    if await redirect_from_group(message, voice, payload):
        return
    views = await _past(person, closed=closed)

    typed = read_typed(text, voice.language)
    choice = await choose_organised(None, typed, views, person, voice)
    if choice.code is not None:
        await reply(message, await _render(choice.code, person, voice))
    elif not views:
        nothing = (
            N_("No list has been closed lately.") if closed else N_("There is no list to close right now.")
        )
        await reply(message, plain(voice.gettext(nothing)))
    else:
        await ask_which(message, choice, _show_button, person, voice, payload=payload)


async def _past(person: Person, *, closed: bool) -> list[InstanceView]:
    """The dates of the last weeks that are over and whose list is closed, or is not, latest first. Raises `Forbidden`."""
    accounts = {each.id for each in await permitted_accounts(person, Permission.MANAGE_BOOKINGS)}
    now = clock.now()
    return [
        view
        for view in reversed(await between(person, now - _PAST, now))
        if view.account_id in accounts
        and view.phase == "ended"
        and (view.list_closed_at is not None) == closed
    ]


def _show_button(view: InstanceView) -> CallbackData:
    return ClosureCallback(action=ClosureAction.SHOW, code=view.code)


async def tap(query: CallbackQuery, callback_data: ClosureCallback, person: Person, voice: Voice) -> None:
    """A button under a list. Raises `Forbidden`, `NotBegun`, `NotFound`."""
    code = callback_data.code
    done: Words | None = None
    match callback_data.action:
        case ClosureAction.CLOSE:
            await close_list(code, person)
            done = Words(N_("The list is closed."))
        case ClosureAction.REOPEN:
            await reopen_list(code, person)
            done = Words(N_("The list is open again, and nobody counts as missed."))
        case ClosureAction.SHOW:
            pass
    await answer_and_replace(query, voice, await _render(code, person, voice), done)


async def _render(code: str, person: Person, voice: Voice) -> RenderedMessage:
    view = await load_authorized(code, person, Permission.MANAGE_BOOKINGS)
    if view.phase != "ended":
        raise NotBegun()
    closed = view.list_closed_at is not None
    label = N_("Open it again") if closed else N_("Close the list")
    action = ClosureAction.REOPEN if closed else ClosureAction.CLOSE
    button = make_callback_button(voice.gettext(label), ClosureCallback(action=action, code=code))
    return render(
        "managed_closure.html",
        voice.or_zone(view.account_zone),
        [[button], [make_event_button(view, voice, private=True)]],
        view=view,
        closed=closed,
        counts=await roster_counts(view.id),
        missing=await roster(view.id, RosterKind.NO_SHOWS, limit=_NAMES_MAX, language=voice.language),
    )


def router() -> Router:
    made = Router(name="closures")
    made.message.register(close, command_named("close"), from_person)
    made.message.register(reopen, command_named("reopen"), from_person)
    made.callback_query.register(tap, ClosureCallback.filter(), from_person)
    return made
