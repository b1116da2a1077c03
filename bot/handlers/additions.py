"""/add: an organiser puts a member, or somebody without Telegram, on the list of a date (`B10`)."""

import re
from collections.abc import Mapping
from typing import Any

from aiogram import Router
from aiogram.filters import CommandObject
from aiogram.filters.callback_data import CallbackData
from aiogram.types import CallbackQuery, Message

from backend.accounts.rules import Permission
from backend.bookings import actions as bookings
from backend.bookings.organiser import NAME_MAX, seat_by_name
from backend.bookings.roster import unlisted_members
from backend.bookings.views import InstanceView
from backend.conversations.actions import Conversation, ConversationKind, conversation, save_conversation
from backend.errors import Invalid
from backend.groups.shown_lists import NumberedList
from backend.i18n import N_, Voice, Words
from backend.people.queries import Person
from backend.seats.requests import Outcome, OutcomeKind, Via
from bot.callback_answers import answer_and_replace
from bot.delivery.client import reply
from bot.filters import command_named, from_person
from bot.free_text import Typed, read_typed
from bot.handlers.choices import ask_which, choose_organised
from bot.handlers.organising import load_authorized, load_with_account, organised
from bot.handlers.parties import load_party, seated_message
from bot.handlers.redirects import redirect_from_group
from bot.keyboards.buttons import MAX_LABEL_LENGTH, make_callback_button, make_numbered_rows
from bot.keyboards.events import make_event_button
from bot.organiser_callbacks import AddAction, AddCallback
from bot.rendering import RenderedMessage, Rows, render, shorten

_KIND = ConversationKind.ADD_PARTY
_SHOWN_MAX = 10
_USERNAME = re.compile(r"(?<!\S)@(\w{3,32})(?!\S)")
_GONE = N_("This was too long ago. Send /add again.")


async def add(message: Message, command: CommandObject, person: Person, voice: Voice) -> None:
    """/add with a date and a person: `/add yoga @alice`, or `/add yoga +Anna` for somebody without Telegram. Raises
    `Forbidden`, `Invalid`."""
    await _show(message, command.args or "", person, voice)


async def ask_to_add(message: Message, person: Person, voice: Voice) -> None:
    """/add without a date. Raises what `add` does."""
    await _show(message, "", person, voice)


async def _show(message: Message, text: str, person: Person, voice: Voice) -> None:
    if await redirect_from_group(message, voice, "add"):
        return
    views = await organised(person, Permission.MANAGE_BOOKINGS)

    username = _USERNAME.search(text)
    typed = read_typed(_USERNAME.sub("", text), voice.language)
    asked = await save_conversation(
        person, _KIND, AddAction.WHO, _who(username[1] if username else "", typed)
    )
    choice = await choose_organised(NumberedList.ORGANISED, typed, views, person, voice)
    if choice.code is not None:
        await reply(message, await _render_who(choice.code, asked, person, voice))
        return

    def button(view: InstanceView) -> CallbackData:
        return AddCallback(action=AddAction.WHO, code=view.code, token=asked.token)

    await ask_which(message, choice, button, person, voice, payload="add")


def _who(username: str, typed: Typed) -> dict[str, Any]:
    """Who was named, and their guests: the first name with a plus is the person where no username is."""
    guests, names = typed.guests or 0, typed.names
    if username or not names:
        return {"username": username, "name": "", "guests": guests}
    return {"username": "", "name": names[0][:NAME_MAX], "guests": guests - 1}


async def tap(query: CallbackQuery, callback_data: AddCallback, person: Person, voice: Voice) -> None:
    """A button of these questions. Raises `Forbidden`, `NotFound`, `Invalid`, and the refusals of seats."""
    asked = await conversation(person, _KIND)
    if asked is None or asked.token != callback_data.token:
        raise Invalid(_GONE)
    code, membership_id = callback_data.code, callback_data.membership_id
    done: Words | None = None
    match callback_data.action:
        case AddAction.WHO:
            rendered = await _render_who(code, asked, person, voice)
        case AddAction.ASK:
            rendered = await _render_question(code, membership_id, asked, person, voice)
        case AddAction.SEAT | AddAction.SEAT_OVER | AddAction.WAIT as action:
            done = await _add(code, membership_id, action, asked.answers, person)
            rendered = await _render_who(code, _forget_who(asked), person, voice)
    await answer_and_replace(query, voice, rendered, done)


def _forget_who(asked: Conversation) -> Conversation:
    """Whoever is added next is another."""
    answers = {"username": "", "name": "", "guests": 0}
    return Conversation(asked.kind, asked.step, answers, asked.token)


async def _add(
    code: str, membership_id: int, action: AddAction, who: Mapping[str, Any], person: Person
) -> Words:
    """Add them; what the organiser reads."""
    waits, over, guests = action is AddAction.WAIT, action is AddAction.SEAT_OVER, who["guests"]
    if membership_id:
        view = await load_authorized(code, person, Permission.MANAGE_BOOKINGS)
        name = (await load_party(view, membership_id)).name
        if waits:
            outcome = await bookings.put_in_line(code, person, membership_id, guests=guests, via=Via.COMMAND)
        else:
            outcome = await bookings.seat(
                code, person, membership_id, guests=guests, over=over, via=Via.COMMAND
            )
    else:
        name = who["name"]
        outcome = await seat_by_name(
            code, person, name, guests=guests, line=waits, over=over, via=Via.COMMAND
        )
    return _outcome_message(name, outcome)


def _outcome_message(name: str, outcome: Outcome) -> Words:
    if outcome.kind is not OutcomeKind.WAITING:
        return seated_message(name, outcome)
    return Words(
        N_("%(name)s is in line for %(n)s seat."),
        {"name": name},
        N_("%(name)s is in line for %(n)s seats."),
        outcome.waiting,
    )


async def _render_who(code: str, asked: Conversation, person: Person, voice: Voice) -> RenderedMessage:
    """Whom the words mean: the question, or those who may be meant. Raises `Invalid` for an unknown username."""
    view = await load_authorized(code, person, Permission.MANAGE_BOOKINGS)
    who = asked.answers
    found = await unlisted_members(
        view.id,
        view.account_id,
        words=who["username"] or who["name"],
        limit=_SHOWN_MAX,
        language=voice.language,
    )
    members, more = found.entries, found.total - len(found.entries)
    if who["username"]:
        named = [each for each in members if each.username.lower() == who["username"].lower()]
        if not named:
            raise Invalid(
                N_("@%(name)s can’t be added: no member has this username, or they are on the list."),
                name=who["username"],
            )
        return await _render_question(code, named[0].membership_id, asked, person, voice)
    if who["name"] and not members:
        return await _render_question(code, 0, asked, person, voice)
    rows: Rows = make_numbered_rows(
        [
            AddCallback(action=AddAction.ASK, code=code, membership_id=each.membership_id, token=asked.token)
            for each in members
        ]
    )
    if who["name"]:
        another = AddCallback(action=AddAction.ASK, code=code, token=asked.token)
        label = voice.gettext(N_("Another %(name)s"), name=shorten(who["name"], MAX_LABEL_LENGTH))
        rows.append([make_callback_button(label, another)])
    rows.append([make_event_button(view, voice, private=True)])
    voice = voice.or_zone(view.account_zone)
    return render(
        "add_who.html",
        voice,
        rows,
        view=view,
        members=members,
        more=more,
        is_counted=found.is_counted,
        name=who["name"],
    )


async def _render_question(
    code: str, membership_id: int, asked: Conversation, person: Person, voice: Voice
) -> RenderedMessage:
    view, account = await load_with_account(code, person, Permission.MANAGE_BOOKINGS)
    guests, reachable = asked.answers["guests"], False
    name = asked.answers["name"]
    if membership_id:
        member = await load_party(view, membership_id)
        name, reachable = member.name, member.reachable
    elif not name:
        raise Invalid(_GONE)
    over = 0 if view.free is None else max(0, 1 + guests - view.free)

    def button(label: str, action: AddAction, style: str | None = None) -> Rows:
        data = AddCallback(action=action, code=code, membership_id=membership_id, token=asked.token)
        return [[make_callback_button(voice.gettext(label), data, style=style)]]

    rows: Rows = []
    if not over:
        rows += button(N_("Give a seat"), AddAction.SEAT, "primary")
    elif account.has_permission(Permission.OVERBOOK):
        rows += button(N_("Seat them over the limit"), AddAction.SEAT_OVER, "danger")
    if over and view.phase == "open":
        rows += button(N_("Put in line"), AddAction.WAIT)
    rows.append([make_event_button(view, voice, private=True)])
    voice = voice.or_zone(view.account_zone)
    return render(
        "add_question.html", voice, rows, view=view, name=name, guests=guests, over=over,
        is_member=bool(membership_id), reachable=reachable,
    )  # fmt: skip


def router() -> Router:
    made = Router(name="additions")
    made.message.register(add, command_named("add"), from_person)
    made.callback_query.register(tap, AddCallback.filter(), from_person)
    return made
