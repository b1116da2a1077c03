"""Lists of what the person has: /mybookings, /queue, and what /leave, /take and /pass choose from."""

from collections.abc import Sequence

from aiogram import Router
from aiogram.filters import CommandObject
from aiogram.filters.callback_data import CallbackData
from aiogram.types import Message

from backend.bookings.queries.lists import my_bookings
from backend.bookings.views import InstanceView
from backend.groups.queries import LinkedGroup
from backend.groups.shown_lists import NumberedList, remember_list
from backend.i18n import Voice
from backend.people.queries import Person
from bot.callbacks import SeatAction, SeatCallback, ShowEventCallback
from bot.delivery.client import reply
from bot.filters import command_named, from_person
from bot.free_text import find_meant, read_typed, telling_words
from bot.handlers.redirects import make_redirect_rows, redirect_from_group, reply_to_sender_alone
from bot.keyboards.buttons import make_numbered_rows
from bot.keyboards.links import make_home_button
from bot.lists import MAX_ITEMS, list_voice
from bot.rendering import render


async def index(message: Message, person: Person, voice: Voice) -> None:
    """/mybookings"""
    await reply_with_bookings(message, person, voice)


async def queue_command(message: Message, command: CommandObject, person: Person, voice: Voice) -> None:
    """/queue: the lines the person stands in, with their place in each (`W5`); `/queue yoga` those that the words name."""
    await show_lines(message, person, voice, text=command.args or "")


async def show_lines(message: Message, person: Person, voice: Voice, *, text: str = "") -> None:
    """The lines, those that the words of a text name; also by a link from a group."""
    in_group = message.chat.type != "private"
    views = [
        view
        for view in await own_bookings(person, None)
        if view.mine and (view.mine.waiting or view.mine.offered)
    ]
    voice, unknown = list_voice(voice, views), ""
    if text and views:
        typed = read_typed(text, voice.language)
        found = find_meant(typed.words, views, voice)
        views = [found.meant] if found.meant is not None else list(found.candidates)
        unknown = " ".join(telling_words(typed.words)) if found.is_unknown else ""
    if in_group:
        rows = make_redirect_rows(voice, "queue") if views else []
        answer = render("waitlists.html", voice, rows, views=views, in_group=True, unknown=unknown)
        await reply_to_sender_alone(message, voice, answer, "queue")
        return
    callbacks = [ShowEventCallback(code=view.code) for view in views]
    rows = [*make_numbered_rows(callbacks), [make_home_button(voice)]]
    await reply(message, render("waitlists.html", voice, rows, views=views, in_group=False, unknown=unknown))


async def own_bookings(person: Person, group: LinkedGroup | None) -> list[InstanceView]:
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


async def reply_with_bookings(
    message: Message, person: Person, voice: Voice, *, leaving: bool = False
) -> None:
    in_group = message.chat.type != "private"
    if leaving and await redirect_from_group(message, voice, "mine"):
        return
    views = await own_bookings(person, None)
    await remember_list(NumberedList.BOOKINGS, [view.code for view in views], person)
    if in_group:
        rows = make_redirect_rows(voice, "mine") if views else []
        answer = render(
            "bookings.html", list_voice(voice, views), rows, views=views, purpose="group", unknown=""
        )
        await reply_to_sender_alone(message, voice, answer, "mine")
        return
    callbacks: list[CallbackData] = [
        SeatCallback(action=SeatAction.LEAVE, code=view.code)
        if leaving
        else ShowEventCallback(code=view.code)
        for view in views
    ]
    rows = [*make_numbered_rows(callbacks), [make_home_button(voice)]]
    await reply(
        message,
        render(
            "bookings.html",
            list_voice(voice, views),
            rows,
            views=views,
            purpose="leave" if leaving else "show",
            unknown="",
        ),
    )


async def reply_with_offers(message: Message, person: Person, voice: Voice, action: SeatAction) -> None:
    """The instances whose seats can be taken, or whose offer can be declined, with a button for each."""
    if await redirect_from_group(message, voice, "mine"):
        return
    bookings = await own_bookings(person, None)
    views = select_takeable(bookings) if action is SeatAction.TAKE else select_offered(bookings)
    name = NumberedList.TAKEABLE if action is SeatAction.TAKE else NumberedList.OFFERS
    await remember_list(name, [view.code for view in views], person)
    callbacks = [SeatCallback(action=action, code=view.code) for view in views]
    rows = [*make_numbered_rows(callbacks), [make_home_button(voice)]]
    declining = action is SeatAction.DECLINE_OFFER
    voice = list_voice(voice, views)
    await reply(message, render("offers.html", voice, rows, views=views, declining=declining))


def router() -> Router:
    made = Router(name="own bookings")
    made.message.register(index, command_named("mybookings"), from_person)
    made.message.register(queue_command, command_named("queue"), from_person)
    return made
